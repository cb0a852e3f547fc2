"""The sample archive: who is in it, and that its images are good DICOM."""

import collections
import io
import re
from functools import cache

import numpy as np
import pytest
from pydicom import config, dcmread
from pydicom.dataset import FileDataset

from chrislib.station.pacs_archive import Series, Study
from chrislib.station.samples.archive import SampleArchive, age_text
from chrislib.station.samples.real import PublishedImage, own_dicom
from chrislib.station.samples.recipes import Frame

ARCHIVE = SampleArchive()


@cache
def everything() -> list[Study]:
    return ARCHIVE.find({})


def of(patient: str) -> list[Study]:
    return [s for s in everything() if s.tags.get("PatientID") == patient]


def series_named(patient: str, description: str) -> Series:
    return next(
        series
        for study in of(patient)
        for series in study.series
        if series.tags["SeriesDescription"] == description
    )


@cache
def datasets(series_uid: str, most: int = 1000) -> list[FileDataset]:
    found: list[FileDataset] = []
    for _, content in ARCHIVE.images(series_uid):
        found.append(dcmread(io.BytesIO(content)))
        if len(found) == most:
            break
    return found


def test_there_is_enough_to_look_for() -> None:
    people = {(s.tags["PatientID"], s.tags["PatientName"]) for s in everything()}
    assert len(people) >= 12
    # With the real images there are five studies and a dozen series more.
    assert len(everything()) >= 28
    assert sum(len(s.series) for s in everything()) >= 75
    kinds = collections.Counter(
        series.tags["Modality"] for s in everything() for series in s.series
    )
    assert {"MR", "CT", "US", "XA", "DX"} <= set(kinds)


def test_uids_are_unique_and_valid() -> None:
    uids = [s.uid for s in everything()]
    uids += [series.uid for s in everything() for series in s.series]
    assert len(uids) == len(set(uids))
    assert all(re.fullmatch(r"2\.25\.[1-9]\d{20,38}", uid) for uid in uids)


def test_awkward_patients_are_there() -> None:
    ids = collections.defaultdict(set)
    for study in everything():
        ids[study.tags["PatientID"]].add(study.tags["PatientName"])
    assert any(len(names) > 1 for names in ids.values()), "one ID, two names"
    assert any("PatientBirthDate" not in s.tags for s in everything())
    assert any(len(s.tags.get("PatientBirthDate", "x" * 8)) < 8 for s in everything())
    assert any("StudyDate" not in s.tags for s in everything())
    assert any(len(s.tags.get("StudyDate", "x" * 8)) == 6 for s in everything())
    ages = {s.tags.get("PatientAge", "")[-1:] for s in everything()}
    assert {"Y", "M", "D", ""} <= ages


def test_many_character_sets() -> None:
    sets = {s.tags["SpecificCharacterSet"] for s in everything()}
    assert sets >= {
        "ISO_IR 100",
        "ISO_IR 192",
        "\\ISO 2022 IR 87",
        "\\ISO 2022 IR 149",
        "ISO_IR 144",
        "ISO_IR 126",
        "ISO_IR 127",
        "ISO_IR 138",
        "GB18030",
    }


@pytest.mark.parametrize("study", everything(), ids=lambda s: s.tags["PatientID"])
def test_files_say_what_the_lookup_said(study: Study) -> None:
    for series in study.series:
        (dataset,) = datasets(series.uid, 1)
        assert str(dataset.PatientName) == study.tags["PatientName"]
        assert dataset.PatientID == study.tags["PatientID"]
        assert dataset.StudyInstanceUID == study.uid
        assert dataset.SeriesInstanceUID == series.uid
        assert dataset.Modality == series.tags["Modality"]
        assert dataset.get("StudyDescription") == study.tags.get("StudyDescription")
        assert dataset.SeriesDescription == series.tags["SeriesDescription"]
        assert dataset.get("StudyDate", "") == study.tags.get("StudyDate", "")


@pytest.mark.parametrize(
    ("patient", "description"),
    [
        ("CL-1001", "Ax T2 TSE"),
        ("CL-1002", "Head 5.0 soft tissue"),
        ("CL-1002", "Kopf 5.0 gekippt"),
        ("CL-1003", "Sag T1 MPRAGE"),
        ("CL-1014", "Cor T2"),
        ("CL-1012", "Sag STIR"),
        ("CL-2001", "Chest 5.0 lung"),
        ("CL-2001", "Cor STIR"),
    ],
)
def test_slices_stack(patient: str, description: str) -> None:
    series = series_named(patient, description)
    slices = datasets(series.uid)
    assert len(slices) == series.count
    assert [s.InstanceNumber for s in slices] == list(range(1, series.count + 1))
    assert len({s.SOPInstanceUID for s in slices}) == series.count
    first = slices[0]
    row, column = (np.asarray(first.ImageOrientationPatient[i : i + 3]) for i in (0, 3))
    normal = np.cross(row, column)
    assert row @ column == pytest.approx(0, abs=1e-5)
    along = [float(np.asarray(s.ImagePositionPatient) @ normal) for s in slices]
    steps = np.diff(along)
    assert steps == pytest.approx(float(first.SpacingBetweenSlices), abs=1e-3)
    for dataset in slices:
        assert dataset.ImageOrientationPatient == first.ImageOrientationPatient
        across = np.asarray(dataset.ImagePositionPatient) - np.asarray(
            first.ImagePositionPatient
        )
        assert across - (across @ normal) * normal == pytest.approx(0, abs=1e-3)
        assert dataset.pixel_array.shape == (dataset.Rows, dataset.Columns)
    middle = slices[len(slices) // 2].pixel_array
    assert middle.std() > 10, "there is something to see"


def test_ct_is_in_hounsfield_units() -> None:
    series = series_named("CL-1002", "Head 5.0 soft tissue")
    dataset = datasets(series.uid)[series.count // 2]
    values = dataset.pixel_array * float(dataset.RescaleSlope) + float(
        dataset.RescaleIntercept
    )
    assert np.percentile(values, 1) < -900, "air"
    assert np.percentile(values, 99.5) > 400, "bone"
    brain = values[100:150, 100:150]
    assert 0 < np.median(brain) < 60
    assert float(dataset.WindowWidth) < 200


def test_contrasts_differ() -> None:
    fluid: dict[str, float] = {}
    for name in ("Ax T2 TSE", "Ax FLAIR"):
        series = series_named("CL-1002", name)
        fluid[name] = float(np.percentile(datasets(series.uid)[16].pixel_array, 99))
    assert fluid["Ax T2 TSE"] > 1.2 * fluid["Ax FLAIR"]


def test_localizer_has_three_planes() -> None:
    series = series_named("CL-1001", "Localizer 3 planes")
    planes = {tuple(d.ImageOrientationPatient) for d in datasets(series.uid)}
    assert len(planes) == 3


def test_diffusion_volumes_are_complete() -> None:
    series = series_named("CL-1002", "DTI 12 directions b1000")
    images = datasets(series.uid)
    volumes = collections.Counter(int(d.AcquisitionNumber) for d in images)
    assert len(volumes) == 13
    assert set(volumes.values()) == {24}
    for dataset in images:
        vector = np.asarray(dataset.DiffusionGradientOrientation)
        length = 1 if dataset.DiffusionBValue else 0
        assert np.linalg.norm(vector) == pytest.approx(length, abs=1e-3)


def test_the_large_series() -> None:
    series = series_named("CL-9001", "AXIAL 300")
    assert series.count == 300
    dataset = datasets(series.uid, 20)[-1]
    assert (dataset.Rows, dataset.Columns, dataset.BitsAllocated) == (512, 512, 16)
    assert dataset.PixelRepresentation == 1
    large = [item for s in everything() for item in s.series if item.count >= 300]
    assert [s.tags["SeriesDescription"] for s in large].count("AXIAL 300") == 1


@pytest.mark.logs("phantoms only")
@pytest.mark.parametrize(
    ("patient", "description"),
    [("CL-1004", "Ax FLAIR"), ("CL-1006", "Liver sweep"), ("CL-2001", "Run 1")],
)
def test_always_the_same_bytes(patient: str, description: str) -> None:
    uid = series_named(patient, description).uid
    again = SampleArchive()
    assert list(ARCHIVE.images(uid)) == list(again.images(uid))


def test_files_are_valid_and_whole() -> None:
    uid = series_named("CL-1003", "Ax FLAIR").uid
    sop_uid, content = next(ARCHIVE.images(uid))
    assert content[128:132] == b"DICM"
    strict = dcmread(io.BytesIO(content))
    meta = strict.file_meta
    assert meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert meta.MediaStorageSOPInstanceUID == strict.SOPInstanceUID == sop_uid
    assert meta.MediaStorageSOPClassUID == strict.SOPClassUID
    rewritten = io.BytesIO()
    config.settings.writing_validation_mode, before = (
        config.RAISE,
        config.settings.writing_validation_mode,
    )
    try:
        strict.save_as(rewritten, enforce_file_format=True)
    finally:
        config.settings.writing_validation_mode = before
    length = meta.FileMetaInformationGroupLength
    tags = [element.tag for element in strict]
    assert tags == sorted(tags)
    assert length > 0


def test_an_unknown_series_has_no_images() -> None:
    assert list(ARCHIVE.images("1.2.3")) == []


def test_published_images_lose_what_identifies() -> None:
    recipe = PublishedImage(own_dicom("CT_small.dcm"), "CT")
    original = dcmread(own_dicom("CT_small.dcm"))
    assert not {"PatientName", "PatientID", "StudyInstanceUID"} & set(recipe.tags)
    (frame,) = recipe.frames(0)
    assert isinstance(frame, Frame)
    assert np.array_equal(frame.pixels, original.pixel_array)


@pytest.mark.parametrize(
    ("birth", "at", "expected"),
    [
        ("20000101", "20000105", "004D"),
        ("20000101", "20000501", "003M"),
        ("20000615", "20200614", "019Y"),
        ("20000615", "20200615", "020Y"),
        ("20000229", "20200228", "019Y"),
        ("1961", "20170909", "056Y"),
        ("", "20170909", ""),
        ("19610101", "", ""),
    ],
)
def test_ages(birth: str, at: str, expected: str) -> None:
    assert age_text(birth, at) == expected
