"""Headers that are cut off, lie or make no sense: read as pydicom reads them, or told.

`make soak` reads every known file in many lengths; `make test` a sample of them.
"""

import os
import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.charset import convert_encodings
from pydicom.values import convert_PN, convert_text

from chrislib.dicom import walker
from chrislib.dicom.errors import BrokenDicom
from chrislib.dicom.extensions import decoder
from chrislib.dicom.facts import FactReader
from chrislib.dicom.reading import quiet, words
from chrislib.dicom.wanted import Facts
from chrislib.library.process import WorkerProcess
from tests.data import bad_dicom
from tests.data.dicom_bytes import EXPLICIT, marked
from tests.data.dicom_files import (
    differences,
    expected,
    known_files,
    lengths,
    outcome,
)

SOAK = bool(os.environ.get("CHRISLIB_SOAK"))
CASES = dict(bad_dicom.cases())


def sample() -> list[Path]:
    """Every known file in a soak, every sixth otherwise."""
    return known_files()[:: 1 if SOAK else 6]


def test_hand_made_files_are_read_as_pydicom_reads_them(tmp_path: Path) -> None:
    reader = FactReader()
    path = tmp_path / "case"
    wrong = {}
    refused = 0
    for name, data in CASES.items():
        path.write_bytes(data)
        found = outcome(reader, path)
        refused += isinstance(found, str)
        different = differences(found, expected(path))
        if different:
            wrong[name] = different
    assert wrong == {}
    assert len(CASES) > 180
    assert 20 < refused < len(CASES) / 2


def test_what_stands_in_odd_values_is_kept_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "case"
    reader = FactReader()

    def read(name: str) -> Facts:
        path.write_bytes(CASES[name])
        return reader.read(path)

    assert read("values-markup").patient_name == bad_dicom.MARKUP
    assert read("values-65 uid").series_uid == bad_dicom.LONG_UID
    assert read("values-path in id").patient_id == "../../../../etc/passwd"
    assert read("values-year").study_date == "2019"
    assert read("values-rows of one byte").rows is None
    assert read("structures-huge private before").patient_name == "Doe^Jane"
    assert read("structures-ten thousand frames").series_uid == "1.2.3.2"
    assert read("structures-nested 15 explicit").series_uid == "1.2.3.2"
    assert read("layouts-bare implicit").patient_name == "Doe^Jane"
    assert read("layouts-plain deflated").patient_name == "Doe^Jane"


def test_known_files_cut_off_anywhere_are_read_as_pydicom_reads_them(
    tmp_path: Path,
) -> None:
    rng = random.Random(0 if SOAK else 20_261_122)
    reader = FactReader()
    cut = tmp_path / "cut"
    wrong = []
    for path in sample():
        data = path.read_bytes()
        for length in lengths(len(data), rng, 12 if SOAK else 2):
            cut.write_bytes(data[:length])
            found = differences(outcome(reader, cut), expected(cut))
            if found:
                wrong.append((path.name, length, found))
    assert wrong == []


@pytest.mark.parametrize("megabytes", [32, *([2300] if SOAK else [])])
def test_what_unpacks_without_end_is_refused(
    megabytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if megabytes < 2000:
        monkeypatch.setattr(walker, "_LARGEST_UNPACKED", 16 << 20)
    path = tmp_path / "bomb"
    path.write_bytes(bad_dicom.bomb(megabytes))
    assert path.stat().st_size < megabytes * 1100
    with pytest.raises(BrokenDicom, match="unpacks to far more"):
        FactReader().read(path)


def test_small_pictures_of_bad_files_are_made_or_refused_in_words(
    tmp_path: Path,
) -> None:
    rng = random.Random(20_261_123)
    cut = tmp_path / "cut"
    process = WorkerProcess("chrislib.library.thumbnails.worker", patience=60)
    made = refused = 0
    died, wordless = [], []

    def ask(path: Path, name: str) -> None:
        nonlocal made, refused, process
        answer = process.ask((os.fsencode(path), 128, 0.5))
        if answer is None:
            died.append(name)
            process.close()
            process = WorkerProcess("chrislib.library.thumbnails.worker", patience=60)
        elif answer[0]:
            made += 1
        else:
            refused += 1
            if not re.search(r"[a-z]\.$", answer[1]) or "Error" in answer[1]:
                wordless.append((name, answer[1]))

    try:
        for path in sample():
            ask(path, path.name)
            data = path.read_bytes()
            for length in lengths(len(data), rng, 6 if SOAK else 0):
                cut.write_bytes(data[:length])
                ask(cut, f"{path.name} {length}")
        for name, data in list(CASES.items())[:: 1 if SOAK else 5]:
            cut.write_bytes(data)
            ask(cut, name)
    finally:
        process.close()
    assert died == []
    assert wordless == []
    assert made > 20
    assert refused > 20


SETS = (
    *("\\ISO 2022 IR 149", "\\ISO 2022 IR 87", "ISO 2022 IR 100\\ISO 2022 IR 144"),
    *("ISO 2022 IR 13\\ISO 2022 IR 87", "\\ISO 2022 IR 126\\ISO 2022 IR 159"),
    *("ISO_IR 100\\ISO 2022 IR 149", "ISO 2022 IR 166", "ISO_IR 13"),
)
pieces = st.sampled_from(
    [
        *(b"Doe", b"^", b"=", b"\\", b" ", b"\0", b"\r\n", b"\t", b"\xfc", b"\xb1\xe8"),
        *(b"\x1b$)C", b"\x1b$B", b"\x1b(B", b"\x1b(J", b"\x1b)I", b"\x1b-A", b"\x1b-L"),
        *(b";3ED", b"\x1b$(D", b"\x1b-F", b"\x1b-T", b"\x1b", b"\x1b$)A", b"\xd4\xcf"),
    ]
)


@settings(deadline=None, max_examples=1500 if SOAK else 150)
@given(st.sampled_from(SETS), st.lists(pieces, max_size=9).map(b"".join))
def test_text_in_several_character_sets_is_decoded_as_pydicom_does(
    stated: str, raw: bytes
) -> None:
    decode = decoder(stated.encode())
    assert decode is not None
    text = decode(raw)
    encodings = convert_encodings(stated.split("\\"))
    with quiet():
        if text is not None:
            theirs = convert_text(raw, encodings)
            mine = "\\".join(part.strip("\0 ") for part in text.split("\\"))
            assert mine.strip("\0 ") == words(theirs).strip("\0 ")
        name = decode(raw.rstrip(b"\0 "))
        if name is not None and not set(name) & {"\\", "\0"}:
            person = convert_PN(raw, encodings)
            assert name.rstrip("=").strip(" \0") == words(person)


def test_most_text_in_several_character_sets_needs_no_pydicom(tmp_path: Path) -> None:
    for stated, name in (
        (b"\\ISO 2022 IR 149", "Hong^Gildong=\x1b$)C洪^\x1b$)C吉洞".encode("euc_kr")),
        (b"\\ISO 2022 IR 87", b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B"),
    ):
        path = tmp_path / "name.dcm"
        data = bad_dicom.header({0x00080005: stated, 0x00100010: name})
        path.write_bytes(marked(data, EXPLICIT))
        reader = FactReader()
        assert "=" in reader.read(path).patient_name
        assert reader.fallbacks == 0
        decode = decoder(stated)
        assert decode is not None
        assert decode(name) is not None
