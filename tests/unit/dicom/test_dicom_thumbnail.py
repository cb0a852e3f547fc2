"""Small pictures look like the large ones, whatever the file, or there is none."""

import io
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom.data import get_testdata_file, get_testdata_files

from chrislib.dicom import thumbnail
from chrislib.dicom.decode import read_picture
from chrislib.dicom.errors import DicomError
from chrislib.dicom.glance import glance
from chrislib.dicom.reading import integer, numbers, quiet, text
from chrislib.dicom.render import render
from chrislib.dicom.thumbnail import read_thumbnail

FILES = sorted(Path(name) for name in get_testdata_files() if Path(name).is_file())
EXPLICIT, IMPLICIT, BIG = (
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.2",
)


def sample(name: str) -> Path:
    return Path(str(get_testdata_file(name)))


def shown(jpeg: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB"), dtype=float)


def slowly(path: Path, side: int, frame: int = 0) -> Any:
    """Return the picture as the viewer renders it, averaged down."""
    picture = read_picture(path, frame)
    image = Image.fromarray(render(picture)).convert("RGB")
    wide, high = float(picture.columns), picture.rows * picture.aspect
    if picture.aspect < 1:
        wide, high = picture.columns / picture.aspect, picture.rows
    scale = min(1, side / wide, side / high)
    size = (max(round(wide * scale), 1), max(round(high * scale), 1))
    return np.asarray(image.resize(size, Image.Resampling.BICUBIC), dtype=float)


def test_every_sample_file_gives_a_small_picture_or_none(tmp_path: Path) -> None:
    made = 0
    for number, path in enumerate(FILES):
        with suppress(DicomError):
            found = read_thumbnail(path, side=64)
            made += 1
            assert max(found.width, found.height) <= 64
            assert shown(found.jpeg).shape[:2] == (found.height, found.width)
        if number % 3:
            continue
        cut = tmp_path / "cut.dcm"
        cut.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
        with suppress(DicomError):
            read_thumbnail(cut, side=64)
    assert made > 60


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("CT_small.dcm", 5),
        ("MR_small_bigendian.dcm", 5),
        ("MR_small_implicit.dcm", 5),
        ("MR_small_RLE.dcm", 5),
        ("MR_small_jp2klossless.dcm", 10),  # a wavelet averages otherwise
        ("examples_ybr_color.dcm", 5),
        ("examples_palette.dcm", 5),
        ("examples_rgb_color.dcm", 8),
        ("examples_jpeg2k.dcm", 8),
        ("SC_rgb_rle_2frame.dcm", 5),
    ],
)
def test_it_looks_as_in_the_viewer(name: str, near: float) -> None:
    path = sample(name)
    frames = int(pydicom.dcmread(path).get("NumberOfFrames", 1))
    found = shown(read_thumbnail(path, side=48).jpeg)
    large = slowly(path, 48, frames // 2)
    assert found.shape == large.shape
    assert np.abs(found - large).mean() < near


@st.composite
def stored(draw: st.DrawFn) -> dict[str, Any]:
    bits = draw(st.sampled_from([8, 16]))
    used = draw(st.integers(6, bits))
    return {
        "rows": draw(st.integers(1, 70)),
        "columns": draw(st.integers(1, 70)),
        "bits": bits,
        "used": used,
        "signed": draw(st.booleans()),
        "frames": draw(st.integers(1, 3)),
        "syntax": draw(st.sampled_from([EXPLICIT, IMPLICIT, BIG])),
        "inverted": draw(st.booleans()),
        "slope": draw(st.sampled_from([None, 1, 2.5, -1])),
        "intercept": draw(st.sampled_from([None, 0, -1024])),
        "window": draw(st.sampled_from([None, (40, 400), (500, 1), (10, 0)])),
        "function": draw(st.sampled_from(["", "LINEAR_EXACT", "SIGMOID"])),
        "seed": draw(st.integers(0, 1000)),
    }


def written(path: Path, how: dict[str, Any]) -> None:
    dataset = pydicom.Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "1.2"
    dataset.SamplesPerPixel = 1
    dataset.Rows, dataset.Columns = how["rows"], how["columns"]
    dataset.BitsAllocated, dataset.BitsStored = how["bits"], how["used"]
    dataset.HighBit = how["used"] - 1
    dataset.PixelRepresentation = int(how["signed"])
    dataset.NumberOfFrames = how["frames"]
    dataset.PhotometricInterpretation = f"MONOCHROME{1 if how['inverted'] else 2}"
    if how["slope"] is not None:
        dataset.RescaleSlope = how["slope"]
    if how["intercept"] is not None:
        dataset.RescaleIntercept = how["intercept"]
    if how["window"] is not None:
        dataset.WindowCenter, dataset.WindowWidth = how["window"]
    if how["function"]:
        dataset.VOILUTFunction = how["function"]
    low = -(1 << how["used"] - 1) if how["signed"] else 0
    kind = ("i" if how["signed"] else "u") + str(how["bits"] // 8)
    order = ">" if how["syntax"] == BIG else "<"
    # neighbors are alike, as in pictures
    steps = np.random.default_rng(how["seed"]).integers(
        low, low + (1 << how["used"]), (how["frames"], 4, 4)
    )
    shape = (how["frames"], how["rows"], how["columns"])
    values = np.repeat(np.repeat(steps, 18, axis=1), 18, axis=2)
    values = values[:, : shape[1], : shape[2]].astype(f"{order}{kind}")
    dataset.file_meta.TransferSyntaxUID = how["syntax"]
    raw = values.tobytes()
    dataset.PixelData = raw + b"\0" * (len(raw) % 2)
    little = how["syntax"] != BIG
    with quiet():
        pydicom.dcmwrite(
            path,
            dataset,
            implicit_vr=how["syntax"] == IMPLICIT,
            little_endian=little,
            enforce_file_format=True,
        )


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(how=stored())
def test_however_values_are_stored(tmp_path: Path, how: dict[str, Any]) -> None:
    path = tmp_path / "one.dcm"
    written(path, how)
    found = shown(read_thumbnail(path, side=70).jpeg)
    large = slowly(path, 70, how["frames"] // 2)
    assert found.shape == large.shape
    assert np.abs(found - large).mean() < 8  # JPEG blurs the edges of the steps


def test_most_are_made_without_the_slow_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_values: object) -> None:
        raise AssertionError("decoded in full")

    monkeypatch.setattr(thumbnail, "read_picture", never)
    for name in (
        "CT_small.dcm",
        "MR_small_jp2klossless.dcm",
        "MR_small_bigendian.dcm",
        "examples_rgb_color.dcm",
    ):
        assert read_thumbnail(sample(name), side=32).jpeg


def test_frames_are_chosen_by_their_share() -> None:
    path = sample("SC_rgb_rle_2frame.dcm")
    first = shown(read_thumbnail(path, side=32, share=0).jpeg)
    last = shown(read_thumbnail(path, side=32, share=1).jpeg)
    middle = shown(read_thumbnail(path, side=32).jpeg)
    assert np.abs(first - last).mean() > 10
    assert np.abs(middle - last).mean() == 0


def test_picture_files(tmp_path: Path) -> None:
    path = tmp_path / "one.png"
    clear = Image.new("RGBA", (300, 100), (0, 0, 0, 0))
    clear.paste((250, 10, 10, 255), (0, 0, 150, 100))
    clear.save(path)
    found = read_thumbnail(path, side=60)
    assert (found.width, found.height) == (60, 20)
    pixels = shown(found.jpeg)
    assert pixels[10, 10, 0] > 230
    assert pixels[10, 50].max() < 15  # what is clear is black
    Image.fromarray(np.full((8, 8), 4000, np.uint16)).save(path)
    assert read_thumbnail(path, side=60).width == 8
    path.write_bytes(b"\x89PNG and no more")
    with pytest.raises(DicomError):
        read_thumbnail(path, side=60)
    with pytest.raises(DicomError, match="cannot be read"):
        read_thumbnail(tmp_path / "gone.dcm", side=60)


def test_a_glance_sees_what_pydicom_reads() -> None:
    names = ("Rows", "Columns", "BitsStored", "NumberOfFrames", "PixelPaddingValue")
    several = ("WindowCenter", "RescaleIntercept", "PixelSpacing", "PixelAspectRatio")
    seen = 0
    for path in FILES:
        with path.open("rb") as stream:
            found = glance(stream)
        if found is None:
            continue
        with quiet():
            whole = pydicom.dcmread(path)
            if "PixelData" not in whole:
                continue  # cut short: pydicom gives up on all of it
            seen += 1
            for name in names:
                assert integer(found, name) == integer(whole, name), (path.name, name)
            for name in several:
                assert numbers(found, name) == numbers(whole, name), (path.name, name)
            for name in ("PhotometricInterpretation", "Modality"):
                assert text(found, name) == text(whole, name), (path.name, name)
            if found.length != 0xFFFFFFFF:
                raw = path.read_bytes()[found.at : found.at + found.length]
                assert raw == whole.PixelData, path.name
    assert seen > 40
