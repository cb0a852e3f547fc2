"""Areas made black: only what was chosen, in every frame, and nothing else."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.data import get_testdata_file

from chrislib.dicom.deidentify.blackout import (
    Area,
    CannotBlackOut,
    areas_of,
    blackout_of,
)
from chrislib.dicom.deidentify.engine import Engine
from chrislib.dicom.deidentify.files import blackout_reason, copy_file
from chrislib.dicom.deidentify.profile import Profile
from chrislib.dicom.deidentify.pseudonyms import Pseudonyms

AREA = Area(3, 2, 20, 5)


@pytest.fixture
def engine() -> Engine:
    """The profile with a key."""
    return Engine(Profile(), Pseudonyms(b"k" * 32, "CHI"))


def sample(name: str) -> Path:
    """Return a file of pydicom's."""
    found = get_testdata_file(name)
    assert found
    return Path(str(found))


@pytest.mark.parametrize(
    ("name", "black"),
    [
        ("MR_small.dcm", -32768),
        ("CT_small.dcm", -32768),
        ("SC_rgb_small_odd.dcm", 0),
        ("examples_overlay.dcm", 0),
        ("SC_rgb.dcm", 0),
        ("SC_rgb_2frame.dcm", 0),
        ("image_dfl.dcm", None),
    ],
)
def test_only_the_area_becomes_black(
    name: str, black: int | None, engine: Engine, tmp_path: Path
) -> None:
    source = sample(name)
    before = dcmread(source)
    area = AREA if before.Rows > 10 else Area(0, 0, 2, 1)
    target = tmp_path / "copy"
    copy_file(source, target, engine, black={before.SeriesInstanceUID: [area]})
    after = dcmread(target)
    old, new = before.pixel_array, after.pixel_array
    mask = np.zeros(old.shape, dtype=bool)
    frames = int(before.get("NumberOfFrames", 1))
    where = (
        slice(area.top, area.top + area.height),
        slice(area.left, area.left + area.width),
    )
    mask[(slice(None), *where) if frames > 1 else where] = True
    assert (new[~mask] == old[~mask]).all()
    assert len(set(new[mask].ravel().tolist())) == 1
    if black is not None:
        assert set(new[mask].ravel().tolist()) == {black}
    assert after.BurnedInAnnotation == "NO"
    codes = [item.CodeValue for item in after.DeidentificationMethodCodeSequence]
    assert codes[-1] == "113101"
    other = tmp_path / "other"
    copy_file(source, other, engine, text_agreed=True, black={"9.9": [area]})
    assert (dcmread(other).pixel_array == old).all()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("JPEG2000.dcm", "compressed"),
        ("MR_small_RLE.dcm", "compressed"),
        ("MR_small_bigendian.dcm", "order"),
        ("examples_palette.dcm", "colors"),
        ("liver_1frame.dcm", "size or depth"),
    ],
)
def test_what_cannot_be_changed_safely_is_refused(
    name: str, words: str, engine: Engine, tmp_path: Path
) -> None:
    source = sample(name)
    assert words in blackout_reason(source)
    target = tmp_path / "copy"
    uid = dcmread(source, stop_before_pixels=True).SeriesInstanceUID
    with pytest.raises(CannotBlackOut, match="blacked out"):
        copy_file(source, target, engine, black={uid: [AREA]})
    assert not target.exists()


AREAS = st.lists(
    st.builds(
        Area,
        st.integers(-3, 12),
        st.integers(-3, 12),
        st.integers(-1, 20),
        st.integers(-1, 20),
    ),
    max_size=4,
)


@given(
    AREAS,
    st.sampled_from([("MONOCHROME1", 1, 0), ("MONOCHROME2", 1, 0), ("RGB", 3, 0)]),
    st.integers(0, 1),
    st.integers(1, 3),
    st.integers(1, 37),
)
def test_pieces_of_any_size_give_what_the_whole_gives(
    areas: list[Area], kind: tuple[str, int, int], planar: int, frames: int, piece: int
) -> None:
    photometric, samples, _ = kind
    header = dcmread(sample("SC_rgb.dcm"), stop_before_pixels=True)
    header.PhotometricInterpretation = photometric
    header.SamplesPerPixel, header.PlanarConfiguration = samples, planar
    header.Rows, header.Columns, header.NumberOfFrames = 7, 9, frames
    data = bytes(range(1, 254)) * 3
    data = data[: 7 * 9 * samples * frames]
    made = blackout_of(header, areas)
    whole = bytearray(data)
    made.cover(whole, 0)
    pieces = io.BytesIO()
    for at in range(0, len(data), piece):
        part = bytearray(data[at : at + piece])
        made.cover(part, at)
        pieces.write(part)
    assert pieces.getvalue() == bytes(whole)
    shape = (
        (frames, samples, 7, 9) if planar and samples > 1 else (frames, 7, 9, samples)
    )
    old, new = (np.frombuffer(b, np.uint8).reshape(shape) for b in (data, bytes(whole)))
    if planar and samples > 1:
        old, new = old.transpose(0, 2, 3, 1), new.transpose(0, 2, 3, 1)
    mask = np.zeros((7, 9), dtype=bool)
    for one in areas:
        if one.width > 0 and one.height > 0:
            mask[
                max(0, one.top) : max(0, one.top + one.height),
                max(0, one.left) : max(0, one.left + one.width),
            ] = True
    assert (new[:, ~mask] == old[:, ~mask]).all()
    assert (new[:, mask] == (255 if photometric == "MONOCHROME1" else 0)).all()


def test_areas_are_kept_as_numbers() -> None:
    raw: list[Any] = [[1, 2, 3, 4], (5.0, 6, 7, 8)]
    assert areas_of(raw) == (Area(1, 2, 3, 4), Area(5, 6, 7, 8))
