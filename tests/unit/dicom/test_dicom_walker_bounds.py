"""Whether pixels are all there, and how little is read to find out."""

import os
import random
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from chrislib.dicom.errors import BrokenDicom, DicomError, NotDicom
from chrislib.dicom.facts import FactReader
from chrislib.dicom.wanted import CUT_SHORT, NO_PIXELS, UNCHECKED, WHOLE
from tests.unit.dicom.walker_samples import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    picture,
    write,
)


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED])
def test_it_is_known_whether_the_pixels_are_all_there(
    syntax: str, tmp_path: Path
) -> None:
    path = tmp_path / "one.dcm"
    reader = FactReader()
    whole = write(picture(), syntax, path)
    assert reader.read(path).pixels == WHOLE
    write(picture(0), syntax, path)
    assert reader.read(path).pixels == NO_PIXELS
    if syntax != DEFLATED:
        path.write_bytes(whole[:-1])
        assert reader.read(path).pixels == CUT_SHORT


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("JPEG2000.dcm", WHOLE),
        ("SC_rgb_rle_2frame.dcm", WHOLE),
        ("MR_truncated.dcm", CUT_SHORT),
        ("MR_small_padded.dcm", WHOLE),
        ("rtplan_truncated.dcm", CUT_SHORT),
        ("test-SR.dcm", NO_PIXELS),
    ],
)
def test_pixels_of_known_files(name: str, state: int) -> None:
    assert FactReader().read(Path(str(get_testdata_file(name)))).pixels == state


def test_compressed_pixels_cut_off_are_noticed(tmp_path: Path) -> None:
    data = Path(str(get_testdata_file("SC_rgb_rle_2frame.dcm"))).read_bytes()
    path = tmp_path / "cut.dcm"
    for length in (len(data) - 1, len(data) - 9, len(data) - 600):
        path.write_bytes(data[:length])
        assert FactReader().read(path).pixels == CUT_SHORT


def test_files_pydicom_reads_know_their_pixels_too() -> None:
    reader = FactReader()
    facts = reader.read(Path(str(get_testdata_file("UN_sequence.dcm"))))
    assert reader.fallbacks == 1
    assert facts.pixels == NO_PIXELS


# Bounds.


class Counted:
    """Counts the bytes that are read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bytes = 0
        real = os.read

        def read(descriptor: int, count: int) -> bytes:
            data = real(descriptor, count)
            self.bytes += len(data)
            return data

        monkeypatch.setattr(os, "read", read)


def test_a_large_file_costs_a_few_kilobytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "large.dcm"
    data = write(picture(64), EXPLICIT, path)
    with path.open("r+b") as stream:
        stream.seek(len(data) - 68)
        stream.write((200_000_000).to_bytes(4, "little"))
        stream.truncate(len(data) - 64 + 200_000_000)
    counted = Counted(monkeypatch)
    assert FactReader().read(path).pixels == WHOLE
    assert counted.bytes < 20_000


def frames(count: int) -> bytes:
    item = b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + b"\xfe\xff\x0d\xe0\0\0\0\0"
    end = b"\xfe\xff\xdd\xe0\0\0\0\0"
    head = b"\x00\x52\x30\x92SQ\0\0\xff\xff\xff\xff"
    return head + item * count + end


def test_functional_groups_of_very_many_frames_are_not_all_walked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "frames.dcm"
    data = write(picture(0), EXPLICIT, path)
    counted = Counted(monkeypatch)
    for count, state in ((1000, NO_PIXELS), (400_000, UNCHECKED)):
        path.write_bytes(data + frames(count))
        counted.bytes = 0
        reader = FactReader()
        facts = reader.read(path)
        assert facts.modality == "OT"
        assert facts.pixels == state
        assert reader.fallbacks == 0
        assert counted.bytes < 2_000_000


def test_lengths_beyond_the_file_are_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "long.dcm"
    data = write(picture(0), IMPLICIT, path)
    path.write_bytes(data + b"\x10\0\x10\0\xf0\xff\xff\x7f" + b"Doe^Jane")
    assert FactReader().read(path).patient_name == "Doe^Jane"


def test_deflated_content_that_unpacks_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chrislib.dicom.walker._LARGEST_UNPACKED", 1 << 20)
    path = tmp_path / "bomb.dcm"
    data = write(picture(0), DEFLATED, path)
    meta = 132 + 12 + int.from_bytes(data[140:144], "little")
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    bomb = packer.compress(bytes(5 << 20)) + packer.flush()
    path.write_bytes(data[:meta] + bomb)
    with pytest.raises(BrokenDicom, match="far more"):
        FactReader().read(path)


def test_what_is_no_ordinary_file_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(NotDicom, match="ordinary"):
        FactReader().read(pipe)
    with pytest.raises(NotDicom):
        FactReader().read(tmp_path)


def lines(seed: int) -> Iterator[bytes]:
    rng = random.Random(seed)
    while True:
        yield rng.randbytes(rng.randrange(40))


def test_junk_with_the_right_name_is_no_dicom(tmp_path: Path) -> None:
    path = tmp_path / "junk.dcm"
    junk = lines(5)
    for _ in range(200):
        path.write_bytes(b"\n".join(next(junk) for _ in range(20)))
        with pytest.raises(DicomError):
            FactReader().read(path)
