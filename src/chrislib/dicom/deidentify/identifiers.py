"""What identifies somebody in one data set, collected before anything is changed."""

from collections.abc import Iterator
from typing import Any

from chrislib.dicom.deidentify import values
from chrislib.dicom.deidentify.profile import Option, Profile
from chrislib.dicom.deidentify.table import imaging_words
from chrislib.dicom.deidentify.wording import Identifiers

_NUMBERS = frozenset(
    {
        "PatientID",
        "OtherPatientIDs",
        "AccessionNumber",
        "StudyID",
        "AdmissionID",
        "ServiceEpisodeID",
        "MedicalRecordLocator",
        "PatientBirthDate",
        "PatientTelephoneNumbers",
        "RequestedProcedureID",
        "ScheduledProcedureStepID",
        "PlacerOrderNumberImagingServiceRequest",
        "FillerOrderNumberImagingServiceRequest",
        "InsurancePlanIdentification",
        "MilitaryRank",
    }
)
_NAMES = frozenset({"PatientAddress", "OtherPatientNames", "PatientBirthName"})
_INSTITUTION = frozenset({"InstitutionName", "InstitutionAddress"})
_DEEPEST = 12


def collect(dataset: Any, profile: Profile) -> Identifiers:
    """Return the names and numbers of a data set; what the options keep is none."""
    names: list[str] = []
    numbers: list[str] = []
    keeps_place = Option.INSTITUTION in profile
    for element in walk(dataset):
        keyword = str(element.keyword)
        if (
            element.VR == "PN"
            or keyword in _NAMES
            or (keyword in _INSTITUTION and not keeps_place)
        ):
            names += values.texts(element.value)
        elif keyword in _NUMBERS:
            numbers += values.texts(element.value)
    return Identifiers(names, numbers, common=imaging_words())


def walk(dataset: Any, depth: int = 0) -> Iterator[Any]:
    """Yield all public elements that can be read, those inside of sequences too."""
    for tag in list(dataset.keys()):
        if int(tag) >> 16 & 1:
            continue  # private groups go, or hold numbers only
        try:
            element = dataset[tag]
        except Exception:  # noqa: BLE001 - anything may come; it is dropped later
            continue
        yield element
        if element.VR == "SQ" and depth < _DEEPEST:
            for item in element.value:
                yield from walk(item, depth + 1)
