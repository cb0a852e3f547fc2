"""Series made of real images: a brain template and published DICOM samples."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.data import data_manager
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut

from chrislib.station.samples.data import SampleData
from chrislib.station.samples.dicomfile import decimal
from chrislib.station.samples.recipes import Frame, Tags, mr_tags
from chrislib.station.samples.stack import Plane, Stack

# What there is to see in the template, in voxels, with a margin around it.
_FIRST = (18, 20, 0)
_SIZE = (161, 195, 163)
# Where voxel 0 of the template lies, mm, right-anterior-superior.
_ORIGIN = (-98.0, -134.0, -72.0)


def own_dicom(name: str) -> Path:
    """Return one of the test files that come with pydicom itself."""
    return Path(data_manager.DATA_ROOT) / "test_files" / name


@dataclass(frozen=True, slots=True)
class TemplateBrain:
    """The MNI152 template as an MR series in one orientation.

    Attributes
    ----------
    data : SampleData
        Where the template is.
    plane : str
        Orientation of the slices.
    step : int
        Every how many millimeters there is a slice.
    """

    data: SampleData
    plane: Plane
    step: int = 1
    varying: tuple[str, ...] = ("ImagePositionPatient", "SliceLocation")
    modality: str = "MR"

    @property
    def count(self) -> int:
        """As many slices as the head is wide, long or high."""
        extent = _SIZE[("sagittal", "coronal", "axial").index(self.plane)]
        return (extent + self.step - 1) // self.step

    @property
    def _stack(self) -> Stack:
        across, along, up = _SIZE
        rows, columns = {
            "axial": (along, across),
            "sagittal": (up, along),
            "coronal": (up, across),
        }[self.plane]
        # LPS: x and y of the template point the other way.
        low = [_ORIGIN[axis] + _FIRST[axis] for axis in range(3)]
        middle = [low[axis] + (_SIZE[axis] - 1) / 2 for axis in range(3)]
        center = (-middle[0], -middle[1], middle[2])
        return Stack(self.plane, self.count, self.step, rows, columns, 1.0, center)

    @property
    def tags(self) -> Tags:
        """Geometry and display; an average of many people has no scanner."""
        return {
            **mr_tags(self._stack, "t1"),
            "ImageType": ["DERIVED", "SECONDARY", "MPR"],
            "WindowCenter": decimal(1500),
            "WindowWidth": decimal(2800),
        }

    def frames(self, seed: int) -> Iterator[Frame]:
        """Yield the slices (reads disk)."""
        del seed
        volume = self._volume()
        stack = self._stack
        for index in range(self.count):
            image = volume[:, :, index]
            yield Frame(np.ascontiguousarray(image), stack.slice_tags(index))

    def _volume(self) -> NDArray[np.uint16]:
        """Return rows x columns x slices in the order in which they are stacked."""
        import nibabel

        image: Any = nibabel.load(self.data.brain)
        whole = np.asanyarray(image.dataobj)
        window = tuple(
            slice(first, first + size)
            for first, size in zip(_FIRST, _SIZE, strict=True)
        )
        part = whole[window].astype("<u2") * 12
        # Axes now run to the right, anterior and superior of the patient.
        if self.plane == "axial":
            turned = part[::-1, ::-1, :].transpose(1, 0, 2)
        elif self.plane == "sagittal":
            turned = part[:, ::-1, ::-1].transpose(2, 1, 0)
        else:
            turned = part[::-1, ::-1, ::-1].transpose(2, 0, 1)
        kept = turned[:, :, :: self.step]
        # The middle of the stack stays the middle when the last slices fall away.
        return np.ascontiguousarray(kept)


_KEPT = (
    *("WindowCenter", "WindowWidth", "RescaleSlope", "RescaleIntercept"),
    *("RescaleType", "SliceThickness", "KVP", "RepetitionTime", "EchoTime"),
    *("MagneticFieldStrength", "ScanningSequence", "SequenceVariant", "FlipAngle"),
    *("ImageOrientationPatient", "ImagePositionPatient", "PixelSpacing"),
    *("BitsStored", "HighBit", "PixelRepresentation", "PhotometricInterpretation"),
)


@dataclass(frozen=True, slots=True)
class PublishedImage:
    """One published DICOM image: its pixels and geometry, nothing else of it.

    Attributes
    ----------
    path : Path
        The file.
    modality : str
        Of the series it becomes.
    crop : tuple of int or None
        First and last row, first and last column to keep: the writing that a
        scanner burned into the picture is left outside.
    """

    path: Path
    modality: str
    crop: tuple[int, int, int, int] | None = None
    count: int = 1
    varying: tuple[str, ...] = ()

    @property
    def tags(self) -> Tags:
        """What is needed to show and to place the pixels (reads disk)."""
        dataset = dcmread(self.path)
        kept: dict[str, object] = {"ImageType": ["DERIVED", "PRIMARY"]}
        for keyword in _KEPT:
            value = dataset.get(keyword)
            if value is not None and value != "":
                kept[keyword] = value
        if not any(float(part) for part in dataset.get("PixelSpacing") or [0]):
            kept.pop("PixelSpacing", None)
        pixels = self._pixels(dataset)
        kept["Rows"], kept["Columns"] = int(pixels.shape[0]), int(pixels.shape[1])
        kept["BitsAllocated"] = int(pixels.dtype.itemsize * 8)
        kept["SamplesPerPixel"] = 3 if pixels.ndim == 3 else 1
        if pixels.ndim == 3:
            kept.update(
                PhotometricInterpretation="RGB",
                PlanarConfiguration=0,
                BitsStored=8,
                HighBit=7,
                PixelRepresentation=0,
            )
        return kept

    def frames(self, seed: int) -> Iterator[Frame]:
        """Yield the one image (reads disk)."""
        del seed
        pixels = self._pixels(dcmread(self.path))
        yield Frame(pixels.astype(pixels.dtype.newbyteorder("<"), copy=False))

    def _pixels(self, dataset: Dataset) -> NDArray[Any]:
        pixels = dataset.pixel_array
        if dataset.PhotometricInterpretation == "PALETTE COLOR":
            colors = apply_color_lut(pixels, dataset)
            deep = colors.dtype.itemsize > 1
            pixels = (colors >> 8 if deep else colors).astype(np.uint8)
        if self.crop:
            top, bottom, left, right = self.crop
            pixels = pixels[top:bottom, left:right]
        return np.ascontiguousarray(pixels)
