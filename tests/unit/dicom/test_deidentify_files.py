"""Every test file of pydicom, whole and cut short: pixels as they were, no names."""

import gzip
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest

from chrislib.dicom.deidentify.burnt_in import PictureFacts, may_show_text
from chrislib.dicom.deidentify.engine import Engine
from chrislib.dicom.deidentify.files import copy_file, preview
from chrislib.dicom.deidentify.profile import Option, Profile
from chrislib.dicom.deidentify.pseudonyms import Pseudonyms
from chrislib.dicom.deidentify.table import imaging_words
from chrislib.dicom.deidentify.wording import Identifiers, cleaned
from chrislib.dicom.errors import DicomError, NotDicom
from chrislib.dicom.reading import quiet

FILES = sorted(
    path
    for path in (Path(pydicom.__file__).parent / "data").rglob("*")
    if path.is_file() and path.suffix not in {".py", ".pyc"}
)
TOLD = ("PatientID", "PatientName", "StudyInstanceUID", "SOPInstanceUID", "StudyID")
ALL = Profile(frozenset(set(Option) - {Option.UIDS}))


@pytest.fixture
def engine() -> Engine:
    """Return an engine with every option but that of UIDs."""
    return Engine(ALL, Pseudonyms(b"k" * 32, "CHI"))


def values(dataset: Any) -> Iterator[str]:
    """Yield what identifies the patient, where it is long enough to be looked for."""
    for keyword in TOLD:
        for text in str(dataset.get(keyword, "") or "").replace("=", "^").split("^"):
            well_known = text.startswith("1.2.840.10008.")
            if len(text) > 5 and text.isascii() and not well_known:
                yield text


@pytest.mark.parametrize("source", FILES, ids=lambda path: path.name)
def test_a_file_passes_or_is_refused_in_words(
    source: Path, engine: Engine, tmp_path: Path
) -> None:
    target = tmp_path / "out.dcm"
    try:
        done = copy_file(source, target, engine, text_agreed=True)
    except DicomError:
        assert not target.exists()
        return
    with quiet():
        before, after = pydicom.dcmread(source, force=True), pydicom.dcmread(target)
        for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData"):
            assert before.get(name) == after.get(name)
        data = target.read_bytes()
        assert [text for text in values(before) if text.encode() in data] == []
        assert after.PatientIdentityRemoved == "YES"
        if "PatientName" in before:
            assert after.PatientName == done.pseudonym
        assert before.file_meta.get("TransferSyntaxUID", "") in (
            "",
            after.file_meta.TransferSyntaxUID,
        )
    assert done.size == len(data)
    again = copy_file(source, tmp_path / "again.dcm", engine, text_agreed=True)
    assert again.sha256 == done.sha256
    assert preview(source, engine).pseudonym == done.pseudonym


@pytest.mark.parametrize("part", [0.2, 0.5, 0.8, 0.99])
def test_files_cut_short_pass_or_are_refused_in_words(
    part: float, engine: Engine, tmp_path: Path
) -> None:
    source, target = tmp_path / "in.dcm", tmp_path / "out.dcm"
    passed = 0
    for path in FILES[::3]:
        data = path.read_bytes()
        source.write_bytes(data[: int(len(data) * part)])
        try:
            copy_file(source, target, engine, text_agreed=True)
        except DicomError:
            assert not target.exists()
            continue
        passed += 1
        target.unlink()
    assert passed > 10


def test_files_with_flipped_bytes_pass_or_are_refused_in_words(
    engine: Engine, tmp_path: Path
) -> None:
    chance = random.Random(7)
    small = [path for path in FILES if 0 < path.stat().st_size < 100_000]
    source, target = tmp_path / "in.dcm", tmp_path / "out.dcm"
    for _ in range(150):
        data = bytearray(chance.choice(small).read_bytes())
        for _ in range(chance.choice((1, 3, 20))):
            data[chance.randrange(min(len(data), 4000))] = chance.randrange(256)
        source.write_bytes(data)
        try:
            copy_file(source, target, engine, text_agreed=True)
        except DicomError:
            assert not target.exists()
            continue
        target.unlink()


def test_a_dicomdir_is_never_sent(engine: Engine, tmp_path: Path) -> None:
    (source,) = [path for path in FILES if path.name == "DICOMDIR-implicit"]
    with pytest.raises(NotDicom, match="DICOM"):
        copy_file(source, tmp_path / "out.dcm", engine)


def test_what_is_packed_otherwise_is_refused(engine: Engine, tmp_path: Path) -> None:
    (packed,) = [path for path in FILES if path.name == "zipMR.gz"]
    with pytest.raises(NotDicom):
        copy_file(packed, tmp_path / "out.dcm", engine)
    unpacked = tmp_path / "mr.dcm"
    with gzip.open(packed) as inside, unpacked.open("wb") as out:
        shutil.copyfileobj(inside, out)
    assert copy_file(unpacked, tmp_path / "out.dcm", engine).size > 1000


def test_a_large_file_is_not_held_in_memory(engine: Engine, tmp_path: Path) -> None:
    import tracemalloc

    with quiet():
        image = pydicom.dcmread(
            next(path for path in FILES if path.name == "MR_small.dcm")
        )
        image.Rows, image.Columns, image.NumberOfFrames = 512, 512, 100
        image.PixelData = bytes(512 * 512 * 2 * 100)
        image.save_as(tmp_path / "in.dcm")
    del image
    copy_file(tmp_path / "in.dcm", tmp_path / "out.dcm", engine)
    tracemalloc.start()
    try:
        done = copy_file(tmp_path / "in.dcm", tmp_path / "out.dcm", engine)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert done.size > 52_000_000
    assert peak < 8_000_000


@pytest.mark.parametrize(
    ("modality", "sop_class", "image_type", "burnt_in", "told"),
    [
        ("CT", "1.2.840.10008.5.1.4.1.1.2", ("ORIGINAL", "PRIMARY"), "", False),
        ("CT", "1.2.840.10008.5.1.4.1.1.2", ("ORIGINAL", "PRIMARY"), "YES", True),
        ("US", "1.2.840.10008.5.1.4.1.1.6.1", ("ORIGINAL", "PRIMARY"), "", True),
        ("US", "1.2.840.10008.5.1.4.1.1.6.1", ("ORIGINAL", "PRIMARY"), "NO", False),
        ("CT", "1.2.840.10008.5.1.4.1.1.7", ("DERIVED", "SECONDARY"), "", True),
        ("MR", "1.2.840.10008.5.1.4.1.1.4", ("DERIVED", "SCREEN SAVE"), "", True),
        ("XA", "1.2.840.10008.5.1.4.1.1.12.1", ("ORIGINAL",), "", True),
        ("DOC", "1.2.840.10008.5.1.4.1.1.104.1", (), "NO", True),
        ("ES", "1.2.840.10008.5.1.4.1.1.77.1.1", (), "", True),
        ("MR", "1.2.840.10008.5.1.4.1.1.4", ("DERIVED", "SECONDARY"), "", False),
    ],
)
def test_text_in_pictures_by_rule(
    modality: str, sop_class: str, image_type: Any, burnt_in: str, told: bool
) -> None:
    facts = PictureFacts(modality, sop_class, image_type, burnt_in)
    assert bool(may_show_text(facts)) is told


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("AX T2 FLAIR FS 3mm", "AX T2 FLAIR FS 3mm"),
        ("T1 MPRAGE sag for Prof. Wattwurm", "T1 MPRAGE sag for"),
        ("Hortensia's knee", "knee"),
        ("HEAD Zwiebelfisch, H. axial", "HEAD axial"),
        ("ep2d_diff b1000 #447", "b1000 447"),
        ("room 12 patient 4477121", "12"),
        ("T1 (Wattwurm) axial + c", "T1 axial + c"),
        ("", ""),
    ],
)
def test_a_description_keeps_words_of_imaging(text: str, kept: str) -> None:
    known = Identifiers(
        ["Zwiebelfisch^Hortensia", "Wattwurm"], ["4477121"], common=imaging_words()
    )
    assert cleaned(text, known, vocabulary=imaging_words()) == kept


def test_names_are_found_however_they_are_written() -> None:
    known = Identifiers(
        ["Müller^Ann-Sophie", "Head^Kim", "山田^太郎"],
        ["AB-12 34"],
        common=imaging_words(),
    )
    for text in (
        "MULLER",
        "scan of müllers",
        "sophie",
        "山田さん",
        "ab-12 34",
        "ab1234",
    ):
        assert known.names_somebody(text), text
    for text in ("HEAD", "annex", "T1", "ab"):
        assert not known.names_somebody(text), text
