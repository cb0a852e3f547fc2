"""The header walker understands every file as pydicom does, or lets pydicom read it."""

import random
from pathlib import Path

import pydicom
import pydicom.data
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.charset import convert_encodings, encode_string
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

from chrislib.dicom.errors import DicomError
from chrislib.dicom.facts import FactReader
from chrislib.dicom.wanted import (
    CUT_SHORT,
    META,
    UNCHECKED,
    WANTED,
    WHOLE,
    Facts,
)
from tests.data.dicom_bytes import element, marked
from tests.data.dicom_files import differences, expected, known_files, outcome
from tests.unit.dicom.walker_samples import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    picture,
    write,
)


def test_the_list_of_what_is_read_names_the_fields_in_order() -> None:
    names = [wanted.field for wanted in (*WANTED, *META)]
    assert names == list(Facts._fields[: len(names)])
    for wanted in WANTED:
        keyword = pydicom.datadict.keyword_for_tag(wanted.tag)
        assert keyword == wanted.keyword
        assert pydicom.datadict.dictionary_VR(wanted.tag).encode() == wanted.vr
    tags = [wanted.tag for wanted in WANTED]
    assert tags == sorted(set(tags))


def test_every_known_file_is_read_as_pydicom_reads_it() -> None:
    reader = FactReader()
    known = known_files()
    assert len(known) > 250
    wrong = {}
    for path in known:
        found = differences(outcome(reader, path), expected(path))
        if found:
            wrong[path.name] = found
    assert wrong == {}
    assert reader.fallbacks < 15


def test_files_cut_off_anywhere_are_read_as_pydicom_reads_them(
    tmp_path: Path,
) -> None:
    rng = random.Random(20_261_122)
    reader = FactReader()
    cut = tmp_path / "cut"
    wrong = []
    for path in known_files():
        with path.open("rb") as stream:
            head = stream.read(8000)
        for length in (*(rng.randrange(len(head) + 1) for _ in range(3)), len(head)):
            cut.write_bytes(head[:length])
            found = differences(outcome(reader, cut), expected(cut))
            if found:
                wrong.append((path.name, length, found))
    assert wrong == []


def test_a_refusal_says_why_in_plain_words(tmp_path: Path) -> None:
    reader = FactReader()
    cut = tmp_path / "cut"
    for path in known_files()[::3]:
        with path.open("rb") as stream:
            head = stream.read(600)
        for length in (0, 3, 131, 140, 250, 600):
            cut.write_bytes(head[:length])
            refusal = None
            try:
                reader.read(cut)
            except DicomError as error:
                refusal = f"{error.title} {error.detail}".strip()
            if refusal is not None:
                assert refusal.endswith(".")
                assert "0x" not in refusal
                assert "Error" not in refusal


@settings(deadline=None)
@given(seed=st.integers(0, 1 << 30), changes=st.integers(1, 4))
def test_files_with_wrong_bytes_are_read_as_pydicom_reads_them(
    seed: int, changes: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rng = random.Random(seed)
    path = rng.choice(SMALL)
    data = bytearray(path.read_bytes())
    for _ in range(changes):
        at = rng.randrange(min(len(data), rng.choice((300, 1500, 4000))))
        data[at] = rng.choice((0, 255, 0x5C, 0x20, 0x41, rng.randrange(256)))
    changed = tmp_path_factory.getbasetemp() / "changed"
    changed.write_bytes(data)
    reader = FactReader()
    outcome(reader, path)  # a header laid out alike is read another way
    assert differences(outcome(reader, changed), expected(changed)) == []


SMALL = [
    Path(str(get_testdata_file(name)))
    for name in (
        *("CT_small.dcm", "MR_small.dcm", "MR_small_bigendian.dcm", "rtplan.dcm"),
        *("MR_small_implicit.dcm", "ExplVR_BigEndNoMeta.dcm", "nested_priv_SQ.dcm"),
        *("no_meta_group_length.dcm", "test-SR.dcm", "JPEG2000.dcm"),
    )
]

SETS = {
    "": "Doe^Jane",
    "ISO_IR 100": "Müller^Jürgen",
    "ISO_IR 144": "Люкceмбypг^Ирина",
    "ISO_IR 192": "Yamada^Tarou=山田^太郎=やまだ^たろう",
    "GB18030": "Wang^XiaoDong=王^小东",
    "\\ISO 2022 IR 87": "Yamada^Tarou=山田^太郎=やまだ^たろう",
    "\\ISO 2022 IR 149": "Hong^Gildong=洪^吉洞=홍^길동",
}

words = st.text(st.sampled_from("abcXYZ 0123456789.-_^=\\é"), max_size=20)
numbers = st.one_of(
    st.integers(-(10**9), 10**9).map(str),
    st.floats(-1e6, 1e6).map(lambda one: f"{one:.6g}"[:16]),
    st.sampled_from(["", " ", "1.0", "1e400", "nan", "1_0", "-", "1.5.2", "+4", "٣"]),
)


def sequence(syntax: str, *, open_end: bool, open_items: bool) -> bytes:
    """A sequence of two items, of known or undefined length."""
    inner = element(0x00081155, b"UI", b"1.2.3\0", syntax)
    end_item = element(0xFFFEE00D, b"", b"", syntax)
    items = b""
    for content in (inner, b""):
        if open_items:
            items += element(0xFFFEE000, b"", content + end_item, syntax, 0xFFFFFFFF)
        else:
            items += element(0xFFFEE000, b"", content, syntax)
    if not open_end:
        return element(0x00081140, b"SQ", items, syntax)
    items += element(0xFFFEE0DD, b"", b"", syntax)
    return element(0x00081140, b"SQ", items, syntax, 0xFFFFFFFF)


@st.composite
def contents(draw: st.DrawFn) -> bytes:
    """A whole file with odd values, in any of the four layouts."""
    syntax = draw(st.sampled_from([IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED]))
    character_set = draw(st.sampled_from(sorted(SETS)))
    parts = []
    for wanted in WANTED:
        if wanted.keyword == "SpecificCharacterSet":
            raw = character_set.encode()
        elif wanted.keyword == "SOPClassUID":
            raw = b"1.2.840.10008.5.1.4.1.1.2"
        elif wanted.keyword == "PatientName":
            raw = encode_string(SETS[character_set], encodings(character_set))
        elif draw(st.booleans()):
            continue
        elif wanted.vr == b"US":
            raw = draw(st.binary(max_size=4))
        elif wanted.vr in (b"DS", b"IS"):
            raw = "\\".join(draw(st.lists(numbers, min_size=1, max_size=6))).encode()
        else:
            raw = draw(words).encode(draw(st.sampled_from(("utf-8", "latin-1"))))
        parts.append(element(wanted.tag, wanted.vr, raw, syntax))
        if wanted.keyword == "SOPInstanceUID" and draw(st.booleans()):
            opened = draw(st.booleans()), draw(st.booleans())
            parts.append(sequence(syntax, open_end=opened[0], open_items=opened[1]))
    if draw(st.booleans()):
        count = draw(st.sampled_from((0, 2, 9000)))
        parts.append(element(0x7FE00010, b"OW", bytes(count), syntax))
    return marked(b"".join(parts), syntax)


def encodings(character_set: str) -> list[str]:
    return convert_encodings(character_set.split("\\"))


@settings(deadline=None, max_examples=50)
@given(data=contents(), cut=st.one_of(st.none(), st.integers(132, 2000)))
def test_any_data_set_is_read_as_pydicom_reads_it(
    data: bytes, cut: int | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.dcm"
    path.write_bytes(data[:cut])
    assert differences(outcome(FactReader(), path), expected(path)) == []


@pytest.mark.parametrize("character_set", sorted(SETS))
def test_names_of_every_script_keep_their_groups(
    character_set: str, tmp_path: Path
) -> None:
    dataset = Dataset()
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    if character_set:
        dataset.SpecificCharacterSet = character_set.split("\\")
    dataset.PatientName = SETS[character_set]
    path = tmp_path / "name.dcm"
    write(dataset, EXPLICIT, path)
    reader = FactReader()
    assert reader.read(path).patient_name == SETS[character_set]
    assert reader.fallbacks == 0


def test_headers_laid_out_alike_keep_their_own_values(tmp_path: Path) -> None:
    path = tmp_path / "one.dcm"
    reader, seen = FactReader(), []
    for syntax in (EXPLICIT, IMPLICIT):
        for number in (*range(1, 30), 1234):
            dataset = picture()
            dataset.SOPInstanceUID = f"1.2.{number % 7}.{number}"
            dataset.InstanceNumber = number
            dataset.PatientName = f"Doe^{number}"
            dataset.PatientComments = f"private {number:04}"
            write(dataset, syntax, path)
            facts = reader.read(path)
            seen.append(facts.instance_number)
            assert differences(facts._replace(pixels=UNCHECKED), expected(path)) == []
            assert facts.pixels == WHOLE
            path.write_bytes(path.read_bytes()[:-1])
            assert reader.read(path).pixels == CUT_SHORT
    assert seen == [*range(1, 30), 1234] * 2
    assert reader.fallbacks == 0
