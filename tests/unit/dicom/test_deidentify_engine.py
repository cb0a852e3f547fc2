"""Properties of de-identified data sets, over made-up ones with nested sequences."""

from collections.abc import Callable
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.tag import Tag
from pydicom.uid import UID

from chrislib.dicom.deidentify.engine import Engine
from chrislib.dicom.deidentify.files import copy_file
from chrislib.dicom.deidentify.profile import Option, Profile
from chrislib.dicom.deidentify.pseudonyms import Pseudonyms
from chrislib.dicom.deidentify.table import rules
from chrislib.dicom.reading import quiet

# made-up values are odd on purpose
pytestmark = pytest.mark.filterwarnings("ignore:.*(Invalid value|maximum length)")

EXPLICIT = UID("1.2.840.10008.1.2.1")
CT = UID("1.2.840.10008.5.1.4.1.1.2")
SEEDS = {
    "PatientName": "Zwiebelfisch^Hortensia",
    "PatientID": "QX7743219",
    "PatientBirthDate": "19470203",
    "AccessionNumber": "ACC998877",
    "ReferringPhysicianName": "Wattwurm^Knut",
    "InstitutionName": "Nirgendwo Klinikum",
    "PatientAddress": "Gassenweg 17",
    "OtherPatientIDs": "ZZ-4711-Q",
}
PARTS = (
    "Zwiebelfisch",
    "Hortensia",
    "QX7743219",
    "19470203",
    "ACC998877",
    "Wattwurm",
    "Nirgendwo",
    "Gassenweg",
    "ZZ-4711-Q",
)
TEXT_TAGS = (
    "StudyDescription",
    "SeriesDescription",
    "ImageComments",
    "ProtocolName",
    "PatientComments",
    "Manufacturer",
    "ManufacturerModelName",
    "BodyPartExamined",
    "SoftwareVersions",
    "OperatorsName",
    "AdditionalPatientHistory",
    "RequestingPhysician",
    "StationName",
    "ContrastBolusAgent",
    "DerivationDescription",
    "PerformedProcedureStepDescription",
    "TextValue",
    "UnformattedTextValue",
    "ReasonForStudy",
    "DeviceSerialNumber",
)
SEQUENCES = (
    "ReferencedStudySequence",
    "ReferencedImageSequence",
    "SourceImageSequence",
    "RequestAttributesSequence",
    "ContentSequence",
    "DerivationImageSequence",
    "ProcedureCodeSequence",
    "AnatomicRegionSequence",
    "OtherPatientIDsSequence",
    "RelatedSeriesSequence",
)
UIDS = ("1.2.3.4.5", "1.2.3.4.6", "1.2.3.4.7.8")

seeded_text = st.one_of(
    st.sampled_from(PARTS),
    st.builds(
        "{} {}".format,
        st.sampled_from(("T1", "axial", "for", "x")),
        st.sampled_from(PARTS),
    ),
    st.builds("{}_{}".format, st.sampled_from(PARTS), st.sampled_from(("a1", "scan"))),
    st.sampled_from(("T2 FLAIR sag 3mm", "HEAD", "")),
)


@st.composite
def data_sets(draw: st.DrawFn, depth: int = 0) -> Dataset:
    """Return a data set with seeds wherever somebody may have typed them."""
    made = Dataset()
    for keyword in draw(st.lists(st.sampled_from(TEXT_TAGS), unique=True, max_size=6)):
        setattr(made, keyword, draw(seeded_text)[:60])
    if draw(st.booleans()):
        made.ReferencedSOPInstanceUID = draw(st.sampled_from(UIDS))
        made.ReferencedSOPClassUID = CT
    if draw(st.booleans()):
        made.add_new(0x00091001, "LO", draw(seeded_text))
        made.add_new(0x00090010, "LO", "SOMEBODY")
    if depth < 3:
        for keyword in draw(
            st.lists(st.sampled_from(SEQUENCES), unique=True, max_size=2)
        ):
            items = draw(st.lists(data_sets(depth + 1), max_size=2))
            setattr(made, keyword, items)
    if depth == 0:
        for keyword, value in SEEDS.items():
            setattr(made, keyword, value)
        made.SOPClassUID = CT
        made.SOPInstanceUID = draw(st.sampled_from(UIDS))
        made.StudyInstanceUID, made.SeriesInstanceUID = UIDS[0], UIDS[1]
        made.Modality = "CT"
        made.StudyDate = draw(days).strftime("%Y%m%d")
        made.AcquisitionDateTime = draw(days).strftime("%Y%m%d") + "101500.5"
    return made


days = st.dates(min_value=date(1990, 1, 1), max_value=date(2030, 1, 1))
options = st.frozensets(
    st.sampled_from([o for o in Option if o not in (Option.UIDS, Option.INSTITUTION)])
)
SLOW = settings(deadline=None, max_examples=30, suppress_health_check=list(HealthCheck))


def engine(
    chosen: frozenset[Option] = frozenset(), key: bytes = b"k" * 32, code: str = "CHI"
) -> Engine:
    """Return an engine of a project."""
    return Engine(Profile(chosen), Pseudonyms(key, code))


def encoded(dataset: Dataset) -> bytes:
    """Return a data set's bytes."""
    out = BytesIO()
    pydicom.dcmwrite(out, dataset, implicit_vr=False, little_endian=True)
    return out.getvalue()


def read(data: bytes) -> Dataset:
    """Return the data set of bytes."""
    found: Dataset = pydicom.dcmread(BytesIO(data), force=True)
    return found


def clean(dataset: Dataset, by: Engine) -> Dataset:
    """Return a data set de-identified as a file is."""
    with quiet():
        found = read(encoded(dataset))
        by.apply(found)
        return read(encoded(found))


def references(dataset: Dataset) -> list[str]:
    """Return all referenced instances, in order."""
    found = []
    for element in dataset.iterall():
        if element.keyword == "ReferencedSOPInstanceUID":
            found.append(str(element.value))
    return found


@SLOW
@given(data_sets(), options)
def test_no_seed_survives(dataset: Dataset, chosen: frozenset[Option]) -> None:
    cleaned = encoded(clean(dataset, engine(chosen)))
    folded = cleaned.lower()
    assert [part for part in PARTS if part.lower().encode() in folded] == []


@SLOW
@given(data_sets(), options)
def test_the_same_in_is_the_same_out(dataset: Dataset, chosen: Any) -> None:
    assert encoded(clean(dataset, engine(chosen))) == encoded(
        clean(dataset, engine(chosen))
    )


@SLOW
@given(data_sets())
def test_references_lead_to_the_same_instances(dataset: Dataset) -> None:
    names = Pseudonyms(b"k" * 32, "CHI")
    cleaned = clean(dataset, engine())
    kept = references(cleaned)
    known = {names.uid(uid) for uid in UIDS}
    assert set(kept) <= known
    assert cleaned.SOPInstanceUID == names.uid(str(dataset.SOPInstanceUID))
    assert not any(uid in kept for uid in UIDS)
    assert all(uid.startswith("2.25.") and len(uid) <= 64 for uid in known)


@SLOW
@given(data_sets(), days, days)
def test_differences_of_dates_stay(dataset: Dataset, one: date, other: date) -> None:
    moved = []
    for day in (one, other):
        dataset.StudyDate = day.strftime("%Y%m%d")
        dataset.SeriesDate = day.strftime("%Y%m%d")
        cleaned = clean(dataset, engine(frozenset({Option.DATES})))
        text = str(cleaned.StudyDate)
        assert cleaned.SeriesDate == cleaned.StudyDate
        moved.append(date(int(text[:4]), int(text[4:6]), int(text[6:])))
        assert moved[-1] < day
    assert moved[1] - moved[0] == other - one


@given(st.text(min_size=1), st.binary(min_size=16, max_size=32))
def test_pseudonyms_are_of_one_project(patient: str, key: bytes) -> None:
    here = Pseudonyms(key, "AAA").subject(f"id:{patient}")
    again = Pseudonyms(key, "AAA").subject(f"id:{patient}")
    there = Pseudonyms(key + b"x", "AAA").subject(f"id:{patient}")
    assert here == again
    assert here.pseudonym != there.pseudonym
    assert -3650 <= here.days <= -1


def test_every_row_of_the_table_is_followed() -> None:
    """The attributes themselves, one by one, filled with what could name somebody."""
    made = Dataset()
    for tag, rule in rules().items():
        new = not pydicom.datadict.dictionary_has_tag(tag)
        if new or tag >> 16 in (0x0000, 0x0002, 0x0004):
            continue
        vr = pydicom.datadict.dictionary_VR(tag)
        value: Any = {"SQ": [], "DA": "20200101", "TM": "101010"}.get(vr)
        if vr in ("LO", "SH", "PN", "LT", "ST", "UT", "UC", "CS", "AE"):
            value = "SECRETVALUE"
        elif vr == "DT":
            value = "20200101101010"
        elif vr == "UI":
            value = "1.2.3.99"
        elif vr == "AS":
            value = "033Y"
        elif vr in ("OB", "UN", "OW"):
            value = b"SECRETVALUE "
        if value is not None:
            made.add_new(tag, vr, value)
        assert rule.basic
    made.SOPClassUID, made.Rows = CT, 1
    cleaned = clean(made, engine())
    data = encoded(cleaned)
    assert b"SECRETVALUE" not in data
    assert b"1.2.3.99" not in data
    assert b"20200101" not in data
    assert cleaned.PatientIdentityRemoved == "YES"
    for tag, rule in rules().items():
        if rule.basic == "X":
            assert Tag(tag) not in cleaned, hex(tag)


@pytest.mark.parametrize(
    ("option", "keyword", "value", "kept"),
    [
        (Option.PATIENT, "PatientAge", "033Y", "033Y"),
        (Option.PATIENT, "PatientAge", "093Y", "090Y"),
        (Option.PATIENT, "PatientSex", "F", "F"),
        (Option.DEVICE, "DeviceSerialNumber", "SN-1234", "SN-1234"),
        (Option.DEVICE, "StationName", "CT1", "CT1"),
        (Option.INSTITUTION, "InstitutionName", "Nirgendwo", "Nirgendwo"),
        (Option.DESCRIPTORS, "SeriesDescription", "AX T2 FLAIR Hanna", "AX T2 FLAIR"),
        (Option.UIDS, "SeriesInstanceUID", "1.2.3", "1.2.3"),
    ],
)
def test_an_option_keeps_what_it_says(
    option: Option, keyword: str, value: str, kept: str
) -> None:
    made = Dataset()
    made.SOPClassUID, made.PatientID, made.Rows = CT, "1", 1
    setattr(made, keyword, value)
    assert str(clean(made, engine(frozenset({option}))).get(keyword)) == kept
    without = str(clean(made, engine()).get(keyword, ""))
    assert without != kept or keyword == "SeriesInstanceUID"


def test_what_was_done_is_written_into_the_file() -> None:
    made = Dataset()
    made.SOPClassUID, made.PatientID = CT, "1"
    cleaned = clean(made, engine(frozenset({Option.DATES, Option.DESCRIPTORS})))
    assert cleaned.PatientIdentityRemoved == "YES"
    assert cleaned.LongitudinalTemporalInformationModified == "MODIFIED"
    codes = [item.CodeValue for item in cleaned.DeidentificationMethodCodeSequence]
    assert codes == ["113100", "113107", "113105"]
    assert clean(made, engine()).LongitudinalTemporalInformationModified == "REMOVED"


def test_private_groups_overlays_and_curves_go() -> None:
    made = Dataset()
    made.SOPClassUID, made.PatientID = CT, "1"
    made.add_new(0x60000010, "US", 4)
    made.add_new(0x60003000, "OW", b"\1\0")
    made.add_new(0x50003000, "OW", b"\1\0")
    made.add_new(0x00190010, "LO", "SIEMENS MR HEADER")
    made.add_new(0x0019100C, "IS", "1000")
    made.add_new(0x00191099, "LO", "whatever")
    made.add_new(0x00081195, "UI", "1.2.3.4")
    cleaned = clean(made, engine())
    assert not [tag for tag in cleaned if tag.tag.group in (0x6000, 0x5000, 0x19)]
    kept = clean(made, engine(frozenset({Option.SAFE_PRIVATE})))
    assert kept[0x0019100C].value == 1000
    assert 0x00191099 not in kept


def written(folder: Path, fill: Callable[[Dataset], None] = lambda _made: None) -> Path:
    """Write a small file."""
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = EXPLICIT
    made.file_meta.MediaStorageSOPClassUID = CT
    made.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3.9")
    made.file_meta.SourceApplicationEntityTitle = "WATTWURM"
    made.SOPClassUID, made.SOPInstanceUID = CT, "1.2.3.9"
    made.PatientName, made.PatientID = "Zwiebelfisch", "QX7743219"
    made.Modality = "CT"
    fill(made)
    path = folder / "in.dcm"
    made.preamble = b"Zwiebelfisch".ljust(128, b"\0")
    made.save_as(path, implicit_vr=False, little_endian=True)
    return path


def test_preamble_and_file_meta_say_nothing(tmp_path: Path) -> None:
    source = written(tmp_path)
    target = tmp_path / "out.dcm"
    done = copy_file(source, target, engine())
    data = target.read_bytes()
    assert b"Zwiebelfisch" not in data
    assert b"WATTWURM" not in data
    found = pydicom.dcmread(target)
    assert found.file_meta.MediaStorageSOPInstanceUID == found.SOPInstanceUID
    assert found.PatientName == found.PatientID == done.pseudonym
    assert done.size == len(data)


def test_what_stands_after_the_pixels_is_left_out(tmp_path: Path) -> None:
    def fill(made: Dataset) -> None:
        made.Rows = made.Columns = 4
        made.add_new(0x7FE00010, "OW", bytes(range(32)))
        made.add_new(0x7FE10010, "LO", "MAKER")
        made.add_new(0x7FE11001, "LO", "Zwiebelfisch")
        made.add_new(0xFFFCFFFC, "OB", b"Zwiebelfisch")

    target = tmp_path / "out.dcm"
    copy_file(written(tmp_path, fill), target, engine())
    assert b"Zwiebelfisch" not in target.read_bytes()
    found = pydicom.dcmread(target)
    assert found.PixelData == bytes(range(32))
    assert 0x7FE11001 not in found


def test_a_moved_date_never_leaves_the_calendar() -> None:
    made = Dataset()
    made.SOPClassUID, made.PatientID = CT, "1"
    made.StudyDate, made.SeriesDate = "00010101", "2019"
    made.AcquisitionDate = "20190230"
    cleaned = clean(made, engine(frozenset({Option.DATES})))
    for keyword in ("StudyDate", "SeriesDate", "AcquisitionDate"):
        assert str(cleaned.get(keyword, "")) == ""


def test_moved_is_by_days_only() -> None:
    made = Dataset()
    made.SOPClassUID, made.PatientID = CT, "1"
    made.StudyDate, made.StudyTime = "20200301", "101500"
    made.AcquisitionDateTime = "20200301101500.25+0100"
    by = engine(frozenset({Option.DATES}))
    with quiet():
        shift = by.subject_of(made).days
    cleaned = clean(made, by)
    day = date(2020, 3, 1) + timedelta(shift)
    assert cleaned.StudyDate == day.strftime("%Y%m%d")
    assert cleaned.StudyTime == "101500"
    assert str(cleaned.AcquisitionDateTime) == f"{day:%Y%m%d}101500.25+0100"
