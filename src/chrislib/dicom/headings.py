"""Words above the columns of people's tables, by the DICOM attribute they mean."""

import unicodedata
from collections.abc import Mapping, Sequence

GIVEN = "GivenName"
"""A column of given names, joined to the one of family names."""

# from the surest word to the least sure
_HEADS: Mapping[str, tuple[str, ...]] = {
    "StudyInstanceUID": ("studyinstanceuid", "studyuid", "studyiuid"),
    "SeriesInstanceUID": ("seriesinstanceuid", "seriesuid", "seriesiuid"),
    "PatientID": (
        *("patientid", "patid", "mrn", "medicalrecordnumber", "pid", "subjectid"),
        *("patientnumber", "patientnr", "patientennummer", "patienten id", "ipp"),
        *("fallnummer", "subject", "patient", "id"),
    ),
    "AccessionNumber": (
        *("accessionnumber", "accession", "accessionno", "accno", "acc", "accnum"),
        *("auftragsnummer", "ordernumber", "examnumber"),
    ),
    "PatientBirthDate": (
        *("patientbirthdate", "birthdate", "dateofbirth", "dob", "birthday", "born"),
        *("geburtsdatum", "gebdatum", "gebdat", "datedenaissance", "naissance"),
    ),
    "StudyDate": (
        *("studydate", "examdate", "dateofstudy", "dateofexam", "scandate"),
        *("acquisitiondate", "visitdate", "untersuchungsdatum", "studiendatum"),
        *("dateexamen", "datum", "date"),
    ),
    "PatientSex": ("patientsex", "sex", "gender", "geschlecht", "sexe"),
    "Modality": ("modality", "modalities", "modalitiesinstudy", "modalität", "mod"),
    "PerformedStationAETitle": (
        *("performedstationaetitle", "stationaetitle", "station", "stationname"),
        *("scanner", "gerät"),
    ),
    "StudyDescription": (
        *("studydescription", "studydesc", "exam", "procedure", "study"),
    ),
    "SeriesDescription": ("seriesdescription", "seriesdesc", "sequence", "series"),
    "PatientName": (
        *("patientname", "patientsname", "fullname", "lastname", "familyname"),
        *("surname", "patientenname", "nachname", "name", "nom"),
    ),
    GIVEN: ("firstname", "givenname", "vorname", "prenom"),
}


def named(heads: Sequence[str]) -> dict[int, str]:
    """Return what the columns with known heads hold, each attribute once.

    Parameters
    ----------
    heads : sequence of str
        The first row of a table.
    """
    words = [plain_word(head) for head in heads]
    found: dict[int, str] = {}
    for kind, known in _HEADS.items():
        for word in known:
            at = next((i for i, one in enumerate(words) if one == plain_word(word)), -1)
            if at >= 0 and at not in found:
                found[at] = kind
                break
    if GIVEN in found.values() and "PatientName" not in found.values():
        found = {at: kind for at, kind in found.items() if kind != GIVEN}
    return found


def plain_word(head: str) -> str:
    """Return a head without case, accents, blanks and marks: "Patient-ID" is one."""
    plain = unicodedata.normalize("NFKD", head).casefold()
    return "".join(char for char in plain if char.isalnum())
