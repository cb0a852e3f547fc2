"""NIfTI volumes (and what else nibabel reads) as slices in three planes."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from chrislib.dicom.errors import NotAVolume
from chrislib.dicom.reading import quiet
from chrislib.dicom.render import (
    Letters,
    Picture,
    Window,
    label_colors,
    usual_range,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

Plane = Literal["axial", "coronal", "sagittal"]
PLANES: tuple[Plane, ...] = ("sagittal", "coronal", "axial")
SUFFIXES = (".nii", ".nii.gz", ".mgz", ".mgh")

_ACROSS: dict[Plane, int] = {"sagittal": 0, "coronal": 1, "axial": 2}
_LETTERS: dict[Plane, Letters] = {
    "axial": Letters("R", "L", "A", "P"),
    "coronal": Letters("R", "L", "S", "I"),
    "sagittal": Letters("P", "A", "S", "I"),
}
_LARGEST = 1 << 30
"""Values above which a volume is not loaded."""


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """A volume in canonical orientation.

    Attributes
    ----------
    values : array
        float32 (x, y, z), axes running to the right, anterior and superior; or uint8
        (x, y, z, 3) red, green, blue.
    voxel : three floats
        Size along x, y and z in millimeters.
    points : int
        Number of volumes in the file (time points, directions).
    labels : bool
        The values are few whole numbers: regions, not intensities.
    stored : str
        The data type in the file.
    affine : array
        (4, 4) from voxel numbers of `values` to millimeters.
    """

    values: "NDArray[Any]"
    voxel: tuple[float, float, float]
    points: int
    window: Window
    labels: bool
    stored: str
    affine: "NDArray[Any]"

    def world(self, x: int, y: int, z: int) -> tuple[float, float, float]:
        """Return where a voxel is, in millimeters to the right, front and top."""
        at = self.affine @ (x, y, z, 1)
        return float(at[0]), float(at[1]), float(at[2])

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along x, y and z."""
        x, y, z = self.values.shape[:3]
        return int(x), int(y), int(z)

    def count(self, plane: Plane) -> int:
        """Return the number of slices of a plane."""
        return self.shape[_ACROSS[plane]]

    def picture(self, plane: Plane, index: int) -> Picture:
        """Return a slice as radiologists look at it: the right side on the left.

        Slices run from right to left, back to front, feet to head; row 0 is anterior
        (axial) or superior. Regions are shown in a color each.
        """
        sx, sy, sz = self.voxel
        if plane == "axial":
            flat, spacing = self.values[::-1, ::-1, index], (sy, sx)
        elif plane == "coronal":
            flat, spacing = self.values[::-1, index, ::-1], (sz, sx)
        else:
            flat, spacing = self.values[index, :, ::-1], (sz, sy)
        flat = flat.swapaxes(0, 1)
        if self.labels:
            flat = label_colors(flat)
        return Picture(
            flat,
            () if flat.ndim == 3 else (self.window,),
            aspect=spacing[0] / spacing[1],
            spacing=spacing,
            letters=_LETTERS[plane],
        )


def is_volume(path: Path) -> bool:
    """Whether the name is that of a file `read_volume` understands."""
    return path.name.lower().endswith(SUFFIXES)


def read_volume(path: Path, point: int = 0) -> Volume:
    """Read one volume from disk.

    Parameters
    ----------
    path : Path
        A NIfTI-1 or NIfTI-2 file, compressed or not, or a FreeSurfer volume.
    point : int
        Which volume of a series of volumes, from 0.

    Raises
    ------
    NotAVolume
        With the reason in words.
    """
    with quiet():
        try:
            return _read(path, point)
        except NotAVolume:
            raise
        except MemoryError as error:
            raise NotAVolume(
                "This volume is too large to be shown here.",
                "The file itself was not changed.",
            ) from error
        except OSError as error:
            reason = error.strerror or "It ends too early or is not what it says."
            raise _damaged(reason) from error
        except Exception as error:
            raise _damaged("It ends too early or is not what it says.") from error


def _damaged(reason: str) -> NotAVolume:
    return NotAVolume(
        "This volume cannot be read.", reason, hint="Fetch it again, or run it again."
    )


def _read(path: Path, point: int) -> Volume:
    import nibabel
    import numpy as np

    nib: Any = nibabel
    image = nib.load(path)
    if not hasattr(image, "affine") or not hasattr(image, "dataobj"):
        raise _damaged("It holds no picture.")
    shape = tuple(int(size) for size in image.shape)
    if not shape or min(shape) < 1:
        raise _damaged("It holds no picture.")
    points = int(np.prod(shape[3:], dtype=np.int64)) if len(shape) > 3 else 1
    if int(np.prod(shape[:3], dtype=np.int64)) > _LARGEST:
        raise MemoryError
    affine = image.affine if image.affine is not None else np.eye(4)
    picked = np.unravel_index(min(point, points - 1), shape[3:]) if points > 1 else ()
    block = np.asarray(image.dataobj[(..., *picked)] if picked else image.dataobj)
    block = block.reshape(*shape[:3], *([1] * (3 - len(shape[:3]))))
    stored = str(image.get_data_dtype())
    if block.dtype.fields:
        block = np.stack([block[name] for name in ("R", "G", "B")], axis=-1)
    orientation = nib.orientations.io_orientation(affine)
    if np.isnan(orientation).any():
        orientation = np.array([[0, 1], [1, 1], [2, 1]])
        affine = np.eye(4)
        voxel = [1.0, 1.0, 1.0]
    else:
        sizes = nib.affines.voxel_sizes(affine)
        voxel = [1.0, 1.0, 1.0]
        for axis in range(3):
            voxel[int(orientation[axis, 0])] = float(sizes[axis]) or 1.0
    canonical = nib.orientations.apply_orientation(block, orientation)
    affine = affine @ nib.orientations.inv_ornt_aff(orientation, block.shape[:3])
    if canonical.ndim == 4:
        return Volume(
            canonical.astype(np.uint8),
            (voxel[0], voxel[1], voxel[2]),
            points,
            Window(127.5, 255),
            False,
            stored,
            affine,
        )
    if np.iscomplexobj(canonical):
        canonical = np.abs(canonical)
    values = np.nan_to_num(canonical.astype(np.float32), posinf=0.0, neginf=0.0)
    window, labels = _window(values)
    return Volume(
        values,
        (voxel[0], voxel[1], voxel[2]),
        points,
        window,
        labels,
        stored,
        affine,
    )


def _window(values: "NDArray[Any]") -> tuple[Window, bool]:
    """Return a window from what is not background, and whether values are labels."""
    step = max(1, round((values.size / 500_000) ** (1 / 3)))
    some = values[::step, ::step, ::step]
    inside = some[some != 0]
    if inside.size == 0:
        return usual_range(some), False
    usual = usual_range(inside)
    top = usual.center + usual.width / 2
    low = min(0.0, usual.center - usual.width / 2)
    return Window((low + top) / 2, max(top - low, 1e-6)), _are_labels(values)


def _are_labels(values: "NDArray[Any]") -> bool:
    """Whether values name regions: whole, positive, and mostly equal to the next one.

    An 8-bit picture has few values too, but its neighbors differ.
    """
    import numpy as np

    step = max(1, round((values.size / 500_000) ** 0.5))
    lines = values[:, ::step, ::step]
    inside = lines[lines != 0]
    if inside.size == 0 or float(inside.min()) < 0:
        return False
    distinct = np.unique(inside)
    if distinct.size < 2 or not np.array_equal(distinct, np.rint(distinct)):
        return False
    one, other = lines[:-1], lines[1:]
    both = (one != 0) & (other != 0)
    count = int(both.sum())
    return count > 0 and float((one == other)[both].sum()) / count > 0.7
