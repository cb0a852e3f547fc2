"""Stacks in the order of space, NIfTI volumes the way radiologists look at them."""

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from pydicom.data import get_testdata_file

from chrislib.dicom.errors import NotAVolume, NotDicom
from chrislib.dicom.group import FileSeries
from chrislib.dicom.header import DicomHeader, read_header
from chrislib.dicom.nifti import is_volume, read_volume
from chrislib.dicom.render import render
from chrislib.dicom.volume import open_stacks, stack_of

nib: Any = nibabel


@pytest.fixture(scope="module")
def mr() -> DicomHeader:
    return read_header(Path(str(get_testdata_file("MR_small.dcm"))))


def series(*headers: DicomHeader) -> FileSeries:
    return FileSeries("1", "2", "3", headers, (), ())


def at(header: DicomHeader, number: int, place: float, **more: object) -> DicomHeader:
    return replace(
        header,
        instance_number=number,
        position=(0.0, 0.0, place),
        orientation=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
        path=Path(f"/x/{number}"),
        **more,  # type: ignore[arg-type]
    )


def test_stack_follows_space_in_the_direction_of_the_numbers(mr: DicomHeader) -> None:
    stack = stack_of(series(at(mr, 1, 10.0), at(mr, 2, 30.0), at(mr, 3, 20.0)))
    assert [one.place for one in stack.slices] == [10.0, 20.0, 30.0]
    down = stack_of(series(at(mr, 1, 30.0), at(mr, 3, 10.0), at(mr, 2, 20.0)))
    assert [one.place for one in down.slices] == [30.0, 20.0, 10.0]


def test_time_points_keep_the_order_of_the_numbers(mr: DicomHeader) -> None:
    stack = stack_of(series(*(at(mr, n, float(n % 2)) for n in (3, 1, 2, 4))))
    assert [one.header.instance_number for one in stack.slices] == [1, 2, 3, 4]


def test_frames_are_slices_of_their_own(mr: DicomHeader) -> None:
    stack = stack_of(series(replace(mr, frames=3)))
    assert [one.frame for one in stack.slices] == [0, 1, 2]


def test_files_are_opened_as_stacks(tmp_path: Path) -> None:
    folder = Path(str(get_testdata_file("MR_small.dcm"))).parent / "dicomdirtests"
    other = tmp_path / "notes.txt"
    other.write_text("no image")
    paths = [*sorted((folder / "98892003" / "MR700").iterdir()), other]
    seen: list[tuple[int, int]] = []
    opened = open_stacks(paths, progress=lambda done, total: seen.append((done, total)))
    (stack,) = opened.stacks
    assert len(stack.slices) == 7
    assert isinstance(opened.failed[0][1], NotDicom)
    assert seen[-1] == (8, 8)


def marked(shape: tuple[int, int, int] = (5, 6, 7)) -> "np.ndarray[Any, Any]":
    """A volume in RAS order whose values say where they are: 100x + 10y + z."""
    x, y, z = np.indices(shape)
    return np.asarray(100 * x + 10 * y + z, dtype=np.int16)


def saved(path: Path, data: "np.ndarray[Any, Any]", affine: Any) -> Path:
    nib.save(nib.Nifti1Image(data, affine), path)
    return path


def test_planes_are_radiological(tmp_path: Path) -> None:
    path = saved(tmp_path / "v.nii.gz", marked(), np.diag([2.0, 3.0, 4.0, 1]))
    volume = read_volume(path)
    assert volume.shape == (5, 6, 7)
    assert volume.voxel == (2.0, 3.0, 4.0)
    axial = volume.picture("axial", 3)
    # top left is the patient's right and front
    assert axial.values[0, 0] == 100 * 4 + 10 * 5 + 3
    assert axial.values.shape == (6, 5)
    assert axial.letters.left == "R"
    assert axial.aspect == pytest.approx(1.5)
    coronal = volume.picture("coronal", 2)
    assert coronal.values[0, 0] == 100 * 4 + 10 * 2 + 6
    assert coronal.aspect == pytest.approx(2)
    sagittal = volume.picture("sagittal", 1)
    assert sagittal.values[0, 0] == 100 * 1 + 10 * 0 + 6
    assert sagittal.letters.left == "P"
    assert [volume.count(p) for p in ("sagittal", "coronal", "axial")] == [5, 6, 7]
    assert render(sagittal).shape == (7, 6)


def test_other_orientations_look_the_same(tmp_path: Path) -> None:
    plain = read_volume(saved(tmp_path / "a.nii", marked(), np.diag([2.0, 3, 4, 1])))
    flipped = nib.as_closest_canonical(
        nib.Nifti1Image(marked(), np.diag([2.0, 3, 4, 1]))
    )
    las = nib.orientations.apply_orientation(
        np.asarray(flipped.dataobj).transpose(2, 0, 1),
        np.array([[0, 1], [1, -1], [2, 1]]),
    )
    affine = np.array([[0.0, -2, 0, 8], [0, 0, 3, 0], [4, 0, 0, 0], [0, 0, 0, 1]])
    turned = read_volume(saved(tmp_path / "b.nii", las, affine))
    assert np.array_equal(turned.values, plain.values)
    assert turned.voxel == pytest.approx(plain.voxel)
    assert turned.world(1, 2, 3) == (2, 6, 12)
    assert plain.world(1, 2, 3) == (2, 6, 12)


def test_fourth_axis_and_nifti2_and_color(tmp_path: Path) -> None:
    four = np.stack([marked(), marked() * 2], axis=-1)
    volume = read_volume(saved(tmp_path / "four.nii.gz", four, np.eye(4)), 1)
    assert volume.points == 2
    assert volume.values[1, 1, 1] == 222
    nib.save(nib.Nifti2Image(marked(), np.eye(4)), tmp_path / "two.nii")
    assert read_volume(tmp_path / "two.nii").shape == (5, 6, 7)
    color = np.zeros((4, 4, 4), [("R", "u1"), ("G", "u1"), ("B", "u1")])
    color["G"] = 200
    picture = read_volume(saved(tmp_path / "rgb.nii", color, np.eye(4))).picture(
        "axial", 0
    )
    assert render(picture)[0, 0].tolist() == [0, 200, 0]


def test_flat_and_empty_volumes(tmp_path: Path) -> None:
    flat = read_volume(saved(tmp_path / "f.nii", marked((5, 6, 1))[..., 0], np.eye(4)))
    assert flat.shape == (5, 6, 1)
    zero = read_volume(saved(tmp_path / "z.nii", marked() * 0, np.eye(4)))
    assert render(zero.picture("axial", 0)).max() <= 255
    broken = marked().astype(np.float32)
    broken[0] = np.nan
    holes = read_volume(saved(tmp_path / "n.nii", broken, np.eye(4)))
    assert np.isfinite(holes.values).all()


def test_labels_are_told_from_intensities(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    head = rng.normal(500, 80, (20, 20, 20)).astype(np.float32)
    assert not read_volume(saved(tmp_path / "head.nii", head, np.eye(4))).labels
    regions = np.zeros((20, 20, 20), np.int16)
    regions[2:9] = 17
    regions[9:15] = 53
    assert read_volume(saved(tmp_path / "seg.nii", regions, np.eye(4))).labels


def test_damaged_volumes_are_refused_in_words(tmp_path: Path) -> None:
    good = saved(tmp_path / "v.nii.gz", marked((30, 30, 30)), np.eye(4)).read_bytes()
    plain = gzip.decompress(good)
    cases = {
        "cut.nii.gz": good[: len(good) // 2],
        "head.nii": plain[:200],
        "short.nii": plain[:4000],
        "text.nii": b"hello",
        "empty.nii": b"",
        "zip.nii.gz": b"hello",
    }
    for name, content in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(NotAVolume, match="cannot be read"):
            read_volume(tmp_path / name)
    with pytest.raises(NotAVolume):
        read_volume(tmp_path / "gone.nii")
    huge = bytearray(plain)
    huge[40:48] = np.array([3, 32000, 32000, 32000], "<i2").tobytes()
    (tmp_path / "huge.nii").write_bytes(huge)
    with pytest.raises(NotAVolume, match="too large"):
        read_volume(tmp_path / "huge.nii")


def test_names_of_volumes() -> None:
    assert is_volume(Path("T1.NII.GZ"))
    assert is_volume(Path("aparc+aseg.mgz"))
    assert not is_volume(Path("T1.json"))
