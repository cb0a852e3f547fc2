"""Every sample is shown or refused in words; the formulas are the standard's."""

import dataclasses
from contextlib import suppress
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file, get_testdata_files

from chrislib.dicom.decode import presets, read_picture
from chrislib.dicom.errors import BrokenDicom, CannotDecode, DicomError, NoPicture
from chrislib.dicom.reading import quiet
from chrislib.dicom.render import (
    Letters,
    LookUp,
    Picture,
    Window,
    full_range,
    letters_of,
    opposite,
    render,
    usual_range,
    windowed,
)

FILES = sorted(Path(name) for name in get_testdata_files() if Path(name).is_file())


def sample(name: str) -> Path:
    return Path(str(get_testdata_file(name)))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_sample_file_is_shown_or_refused(path: Path) -> None:
    picture = None
    with suppress(DicomError):
        picture = read_picture(path)
    if picture is None:
        return
    shown = render(picture)
    assert shown.dtype == np.uint8
    assert shown.flags.c_contiguous
    assert shown.shape[:2] == (picture.rows, picture.columns)
    assert shown.ndim == (3 if picture.is_color else 2)
    assert picture.is_color or picture.windows


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize(
    "name",
    [
        "CT_small.dcm",
        "MR_small_RLE.dcm",
        "JPEG2000.dcm",
        "SC_rgb_jpeg.dcm",
        "examples_palette.dcm",
        "image_dfl.dcm",
    ],
)
def test_truncated_pictures_never_crash(
    tmp_path: Path, name: str, share: float
) -> None:
    whole = sample(name).read_bytes()
    cut = tmp_path / "cut.dcm"
    cut.write_bytes(whole[: int(len(whole) * share)])
    with suppress(DicomError):
        render(read_picture(cut))


def test_errors_say_which_kind() -> None:
    with pytest.raises(NoPicture, match="report"):
        read_picture(sample("reportsi.dcm"))
    with pytest.raises(CannotDecode, match="JPEG-LS"):
        read_picture(sample("MR_small_jpeg_ls_lossless.dcm"))
    with pytest.raises(BrokenDicom):
        read_picture(sample("MR_truncated.dcm"))
    with pytest.raises(BrokenDicom):
        read_picture(sample("CT_small.dcm"), 7)


def test_ct_values_are_hounsfield_units() -> None:
    picture = read_picture(sample("CT_small.dcm"))
    raw = pydicom.dcmread(sample("CT_small.dcm"))
    assert picture.values.dtype == np.float32
    assert np.array_equal(picture.values, raw.pixel_array.astype(np.float32) - 1024)
    assert picture.letters == Letters("R", "L", "A", "P")
    assert picture.spacing == (0.661468, 0.661468)


def test_same_pixels_in_every_storage() -> None:
    plain = read_picture(sample("MR_small.dcm"))
    assert plain.windows == (Window(600, 1600, "LINEAR"),)
    for name in (
        "MR_small_RLE.dcm",
        "MR_small_bigendian.dcm",
        "MR_small_implicit.dcm",
        "MR_small_jp2klossless.dcm",
        "MR_small_padded.dcm",
    ):
        assert np.array_equal(read_picture(sample(name)).values, plain.values), name


@pytest.mark.parametrize(
    "name",
    [
        "SC_rgb_dcmtk_+eb+cr.dcm",
        "SC_rgb_rle_16bit.dcm",
        "SC_rgb_rle_32bit.dcm",
        "SC_rgb_gdcm_KY.dcm",
        "SC_ybr_full_422_uncompressed.dcm",
    ],
)
def test_colors_are_right_in_every_storage(name: str) -> None:
    picture = read_picture(sample(name))
    assert picture.is_color
    for row, color in ((5, (255, 0, 0)), (25, (0, 255, 0)), (45, (0, 0, 255))):
        found = picture.values[row, 50].astype(int)
        assert np.abs(found - color).max() <= 5


def test_later_frames_are_reached() -> None:
    one = read_picture(sample("rtdose.dcm"), 0)
    other = read_picture(sample("rtdose.dcm"), 14)
    assert not np.array_equal(one.values, other.values)


def test_large_files_are_read_by_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read_picture(sample("rtdose.dcm"), 3)
    monkeypatch.setattr("chrislib.dicom.decode._LARGE_FILE", 10)
    assert np.array_equal(read_picture(sample("rtdose.dcm"), 3).values, whole.values)
    with pytest.raises(DicomError):
        read_picture(sample("rtplan.dcm"))


def test_linear_window_is_the_standards_formula() -> None:
    # PS3.3 C.11.2.1.2.1, the example of a width of 4096 and of a width of 1
    values = np.array([-1.0, 0.0, 2047.0, 2048.0, 4095.0, 4096.0], np.float32)
    level = windowed(values, Window(2048, 4096, "LINEAR"))
    assert level[[0, 1, 4, 5]] == pytest.approx([0, 0, 1, 1])
    assert level[2] == pytest.approx((2047 - 2047.5) / 4095 + 0.5)
    single = windowed(np.array([3.0, 4.0], np.float32), Window(4, 1, "LINEAR"))
    assert single.tolist() == [0.0, 1.0]


def test_other_functions() -> None:
    values = np.array([0.0, 0.25, 0.5, 1.0], np.float32)
    exact = windowed(values, Window(0.5, 1.0, "LINEAR_EXACT"))
    assert exact == pytest.approx([0, 0.25, 0.5, 1])
    bent = windowed(np.array([-1e9, 10.0, 1e9], np.float32), Window(10, 4, "SIGMOID"))
    assert bent == pytest.approx([0, 0.5, 1])


def test_monochrome1_and_invert_swap() -> None:
    values = np.array([[0.0, 1.0]], np.float32)
    plain = Picture(values, (Window(0.5, 1),))
    first = dataclasses.replace(plain, inverted=True)
    assert render(plain).tolist() == [[0, 255]]
    assert render(first).tolist() == [[255, 0]]
    assert render(first, invert=True).tolist() == [[0, 255]]


def test_look_up_table_goes_first_and_a_window_replaces_it() -> None:
    table = LookUp(10, np.array([0, 128, 255], np.uint16), 8)
    picture = Picture(
        np.array([[9.0, 10.0, 11.0, 12.0, 40.0]], np.float32),
        (Window(11, 2),),
        lookup=table,
    )
    assert render(picture).tolist() == [[0, 0, 128, 255, 255]]
    assert render(picture, Window(25, 30)).tolist() != render(picture).tolist()


def test_default_windows() -> None:
    many = np.concatenate([np.zeros(5), np.linspace(100, 200, 2000), [9e9]])
    window = usual_range(many.astype(np.float32).reshape(1, -1))
    assert 140 < window.center < 160
    assert window.width < 110
    padded = np.array([[-2000.0] * 50 + [10.0] * 25 + [20.0] * 25], np.float32)
    assert usual_range(padded, padding=(-2000, -2000)) == Window(15, 10)
    nothing = np.full((2, 2), np.nan, np.float32)
    assert usual_range(nothing).width > 0
    assert full_range(np.zeros((2, 2), np.float32)).width > 0
    assert render(Picture(np.full((2, 2), 7.0, np.float32), ())).shape == (2, 2)


def test_letters() -> None:
    assert letters_of((1, 0, 0, 0, 0, -1)) == Letters("R", "L", "S", "I")
    assert letters_of((0, 1, 0, 0, 0, -1)) == Letters("A", "P", "S", "I")
    tilted = letters_of((1, 0, 0, 0, 0.8, -0.6))
    assert (tilted.top, tilted.bottom) == ("AS", "PI")
    assert letters_of(None, ("L", "FA")) == Letters("R", "L", "SP", "IA")
    assert letters_of(None, ("?", "F")) == Letters("", "", "S", "I")
    assert letters_of(None) == Letters()
    assert letters_of((0, 0, 0, 0, 0, 0)) == Letters()
    assert opposite("LPS") == "RAI"


def test_enhanced_frames_have_their_own_values(tmp_path: Path) -> None:
    dataset = pydicom.dcmread(sample("MR_small.dcm"))
    with quiet():
        for name in ("WindowCenter", "WindowWidth", "PixelSpacing"):
            delattr(dataset, name)
        transformation = pydicom.Dataset()
        transformation.RescaleSlope = 2
        transformation.RescaleIntercept = -5
        measures = pydicom.Dataset()
        measures.PixelSpacing = [2, 1]
        frame = pydicom.Dataset()
        frame.PixelValueTransformationSequence = [transformation]
        shared = pydicom.Dataset()
        shared.PixelMeasuresSequence = [measures]
        dataset.PerFrameFunctionalGroupsSequence = [frame]
        dataset.SharedFunctionalGroupsSequence = [shared]
        path = tmp_path / "enhanced.dcm"
        dataset.save_as(path)
    picture = read_picture(path)
    plain = read_picture(sample("MR_small.dcm"))
    assert np.array_equal(picture.values, plain.values * 2 - 5)
    assert picture.aspect == 2


def test_file_without_meta_information_is_shown(tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    dataset = pydicom.dcmread(sample("MR_small_implicit.dcm"))
    with quiet():
        dataset.save_as(bare, implicit_vr=True, little_endian=True)
    start = bare.read_bytes().index(b"\x08\x00\x08\x00")
    bare.write_bytes(bare.read_bytes()[start:])
    assert render(read_picture(bare)).shape == (64, 64)


def test_only_ct_has_presets() -> None:
    assert [one.name for one in presets("CT")][:2] == ["Soft tissue", "Lung"]
    assert presets("MR") == ()
