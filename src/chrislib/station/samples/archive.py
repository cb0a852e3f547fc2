"""The archive of sample studies."""

import datetime
import logging
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pydicom import config
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from chrislib.station.pacs_archive import Series, Study
from chrislib.station.pacs_matching import matching
from chrislib.station.samples.data import SampleData
from chrislib.station.samples.dicomfile import SeriesEncoder, uid_of
from chrislib.station.samples.plans import SeriesPlan, StudyPlan, ordered
from chrislib.station.samples.recipes import sop_class
from chrislib.station.samples.studies import sample_studies

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Held:
    study: StudyPlan
    plan: SeriesPlan
    number: int
    study_uid: str
    frame_of_reference: str


class SampleArchive:
    """Invented patients whose images are rendered when they are pulled.

    Parameters
    ----------
    data : callable
        Returns the real images, or None while they are not on this disk; asked
        again at each query, so that they appear as soon as they are there.
    """

    def __init__(self, data: Callable[[], SampleData | None] = lambda: None) -> None:
        self._data = data
        self._lock = threading.Lock()
        self._with: SampleData | None = None
        self._studies: list[Study] | None = None
        self._held: dict[str, _Held] = {}

    def find(self, query: Mapping[str, str]) -> list[Study]:
        """Return the matching studies."""
        return matching(self._all(), query)

    def images(self, series_uid: str) -> Iterator[tuple[str, bytes]]:
        """Yield the images of a series, rendered now (reads disk for real ones)."""
        self._all()
        held = self._held.get(series_uid)
        if held is None:
            return
        recipe = held.plan.recipe
        constant = _constant(held, series_uid)
        encoder = SeriesEncoder(constant, ("InstanceNumber", *recipe.varying))
        seed = zlib.crc32(series_uid.encode())
        for number, frame in enumerate(recipe.frames(seed), start=1):
            sop_uid = uid_of(series_uid, number)
            tags = {**frame.tags, "InstanceNumber": str(number)}
            yield sop_uid, encoder.encode(sop_uid, tags, pixels=frame.pixels.tobytes())

    def _all(self) -> list[Study]:
        with self._lock:
            data = self._data()
            if self._studies is None or data != self._with:
                self._with = data
                self._studies = self._listed(data)
            return self._studies

    def _listed(self, data: SampleData | None) -> list[Study]:
        if data is None:
            log.warning("The real sample images are not here: phantoms only.")
        studies: list[Study] = []
        for plan in ordered(sample_studies(data)):
            study_uid = uid_of(
                plan.person.id, plan.person.name, plan.description, plan.date
            )
            series = tuple(
                self._series(plan, part, number=number, study_uid=study_uid)
                for number, part in enumerate(plan.series, start=1)
            )
            studies.append(Study(study_uid, _study_tags(plan, study_uid), series))
        return studies

    def _series(
        self, study: StudyPlan, plan: SeriesPlan, *, number: int, study_uid: str
    ) -> Series:
        uid = uid_of(study_uid, number, plan.description)
        reference = uid_of(study_uid, "frame of reference")
        self._held[uid] = _Held(study, plan, number, study_uid, reference)
        tags = {
            "Modality": plan.recipe.modality,
            "SeriesInstanceUID": uid,
            "SeriesNumber": str(number),
            "SeriesDescription": plan.description,
            "SeriesDate": study.date,
            "ProtocolName": plan.protocol,
            "BodyPartExamined": plan.body_part,
            "PerformedStationAETitle": study.station,
        }
        return Series(uid, _filled(tags), plan.recipe.count)


def _filled(tags: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in tags.items() if value}


def _study_tags(plan: StudyPlan, uid: str) -> dict[str, str]:
    person = plan.person
    return _filled(
        {
            "SpecificCharacterSet": "\\".join(person.charset),
            "PatientID": person.id,
            "PatientName": person.name,
            "PatientBirthDate": person.birth,
            "PatientSex": person.sex,
            "PatientAge": age_text(person.birth, plan.date),
            "StudyInstanceUID": uid,
            "StudyDate": plan.date,
            "StudyTime": plan.time,
            "StudyDescription": plan.description,
            "AccessionNumber": plan.accession,
        }
    )


def age_text(birth: str, at: str) -> str:
    """Return an age as DICOM writes it (``045Y``), or nothing if it is unknown.

    Source: DICOM PS3.5, 6.2, value representation AS.
    """
    if len(birth) != 8 or len(at) != 8:
        if len(birth) >= 4 and len(at) >= 4:
            return f"{int(at[:4]) - int(birth[:4]):03d}Y"
        return ""
    born = datetime.date(int(birth[:4]), int(birth[4:6]), int(birth[6:]))
    then = datetime.date(int(at[:4]), int(at[4:6]), int(at[6:]))
    days = (then - born).days
    if days < 28:
        return f"{days:03d}D"
    if days < 730:
        return f"{days * 12 // 365:03d}M"
    years = then.year - born.year - ((then.month, then.day) < (born.month, born.day))
    return f"{years:03d}Y"


def _constant(held: _Held, series_uid: str) -> Dataset:
    """Return what all images of a series share, ready to be encoded."""
    study, plan, recipe = held.study, held.plan, held.plan.recipe
    dataset = Dataset()
    dataset.SpecificCharacterSet = list(study.person.charset)
    values: dict[str, object] = {
        **_study_tags(study, held.study_uid),
        "SOPClassUID": sop_class(recipe.modality),
        "Modality": recipe.modality,
        "SeriesInstanceUID": series_uid,
        "SeriesNumber": str(held.number),
        "SeriesDescription": plan.description,
        "SeriesDate": study.date,
        "SeriesTime": study.time,
        "ContentDate": study.date,
        "ContentTime": study.time,
        "AcquisitionDate": study.date,
        "AcquisitionTime": study.time,
        "ProtocolName": plan.protocol,
        "BodyPartExamined": plan.body_part,
        "PerformedStationAETitle": study.station,
        "StationName": study.station,
        "StudyID": study.accession[-5:],
        "Manufacturer": "Sample Imaging",
        "ManufacturerModelName": f"Formula {recipe.modality}",
        "InstitutionName": "Sample Archive",
        "ReferringPhysicianName": "",
        "PatientComments": study.person.comment,
        "PatientIdentityRemoved": "YES",
        "DeidentificationMethod": "Invented patient",
        "DeviceSerialNumber": "0001",
        "SoftwareVersions": "1",
        "AcquisitionNumber": "1",
        "PatientPosition": "HFS",
        "PositionReferenceIndicator": "",
        **recipe.tags,
    }
    if "ImageOrientationPatient" in values or recipe.modality in {"MR", "CT"}:
        values["FrameOfReferenceUID"] = held.frame_of_reference
    for keyword in recipe.varying:
        values.pop(keyword, None)
    for keyword, value in values.items():
        if keyword != "SpecificCharacterSet":
            # Partial dates are not valid DICOM; real archives hold them all the same.
            tag = tag_for_keyword(keyword) or 0
            dataset.add(
                DataElement(
                    tag, dictionary_VR(tag), value, validation_mode=config.IGNORE
                )
            )
    # Type 2 attributes are there even when nothing is known.
    for keyword in (
        *("PatientName", "PatientID", "PatientBirthDate", "PatientSex"),
        *("StudyDate", "StudyTime", "AccessionNumber", "StudyID"),
    ):
        if keyword not in dataset:
            setattr(dataset, keyword, "")
    return dataset
