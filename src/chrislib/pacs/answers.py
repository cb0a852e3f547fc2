"""What a PACS said, made into patients, studies and series. Pure, no I/O."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from chrislib.pacs.types import FoundPatient, FoundSeries, FoundStudy

_MISSING = "no value provided for"
_DAYS = {"D": 1.0, "W": 7.0, "M": 365.25 / 12, "Y": 365.25}


def text_of(thing: Mapping[str, object], key: str) -> str:
    """Return the value of a DICOM keyword, "" when there is none.

    Each value comes as ``{"tag", "value", "label"}``, and a missing one as the text
    "no value provided for 0018,9423".
    """
    entry = thing.get(key)
    value = entry.get("value") if isinstance(entry, Mapping) else entry
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    text = str(value).strip().strip("\0").strip()
    return "" if text.lower().startswith(_MISSING) else text


def day_of(text: str) -> date | None:
    """Read a DICOM date (PS3.5 6.2, DA), also with dots or dashes.

    None when it is missing or only in part there: a day is not made up.
    """
    found = re.fullmatch(r"(\d{4})([.-]?)(\d\d)\2(\d\d)", text.strip())
    if found is None:
        return None
    try:
        return date(int(found[1]), int(found[3]), int(found[4]))
    except ValueError:
        return None


def days_of_age(text: str) -> int | None:
    """Read a DICOM age (PS3.5 6.2, AS: "006Y") as days, None when it is none."""
    found = re.fullmatch(r"(\d{1,3})([DWMY])", text.strip().upper())
    return int(int(found[1]) * _DAYS[found[2]]) if found else None


def number_of(text: str) -> int | None:
    """Read a count, None when it is none."""
    return int(text) if text.isascii() and text.isdecimal() else None


@dataclass
class _Study:
    head: FoundStudy
    series: dict[str, FoundSeries] = field(default_factory=dict)


@dataclass
class _Patient:
    head: FoundPatient
    studies: dict[tuple[str, str], _Study] = field(default_factory=dict)
    made: FoundPatient | None = None
    """As it was handed out last; None after a change."""


class Gathering:
    """Merges answers as they come: each patient, study and series once.

    One patient ID under two names is two patients: merging them could mix up two
    people. Names that differ only in trailing carets and spaces are the same
    (PS3.5 6.2.1).
    """

    def __init__(self) -> None:
        self._patients: dict[tuple[str, str], _Patient] = {}
        self._changed: dict[tuple[str, str], _Patient] = {}

    def add(self, pacs: str, studies: Iterable[Mapping[str, object]]) -> None:
        """Take in one answer of one PACS, or a part of it."""
        for study in studies:
            self._add_study(pacs, study)

    def patients(self) -> tuple[FoundPatient, ...]:
        """Return what is there so far, by name; newest study first."""
        return _by_name(map(_finished, self._patients.values()))

    @property
    def pending(self) -> int:
        """Number of patients that `changed` would return."""
        return len(self._changed)

    def changed(self) -> tuple[FoundPatient, ...]:
        """Return the patients that are new or others since this was last asked."""
        changed, self._changed = self._changed, {}
        return _by_name(map(_finished, changed.values()))

    def _add_study(self, pacs: str, study: Mapping[str, object]) -> None:
        listed = study.get("series")
        rows = (
            [row for row in listed if isinstance(row, Mapping)]
            if (isinstance(listed, list))
            else []
        )
        # a study level answer may lack what each of its series has
        sources = [study, *rows]

        def first(key: str) -> str:
            return next(filter(None, (text_of(one, key) for one in sources)), "")

        study_uid = first("StudyInstanceUID")
        if not study_uid:
            return
        name = first("PatientName").rstrip("^ ")
        patient_id = first("PatientID")
        born, day = day_of(first("PatientBirthDate")), day_of(first("StudyDate"))
        sex = first("PatientSex").upper()
        patient = self._patients.setdefault(
            (patient_id, name),
            _Patient(
                FoundPatient(
                    patient_id=patient_id,
                    name=name,
                    birth_date=born,
                    sex=sex if sex in ("M", "F", "O") else "",
                    studies=(),
                )
            ),
        )
        patient.made = None
        self._changed[patient_id, name] = patient
        if patient.head.birth_date is None and born is not None:
            patient.head = replace(patient.head, birth_date=born)
        age = days_of_age(first("PatientAge"))
        if born is not None and day is not None and day >= born:
            age = (day - born).days
        known = patient.studies.setdefault(
            (pacs, study_uid),
            _Study(
                FoundStudy(
                    pacs=pacs,
                    study_uid=study_uid,
                    date=day,
                    description=text_of(study, "StudyDescription"),
                    accession_number=first("AccessionNumber"),
                    modalities=_modalities(sources),
                    station=first("PerformedStationAETitle"),
                    age_at_scan_days=age,
                    series=(),
                )
            ),
        )
        known.head = replace(
            known.head,
            modalities=tuple(sorted({*known.head.modalities, *_modalities(sources)})),
        )
        for row in rows:
            series = _series(pacs, study_uid, row)
            if series.series_uid:
                known.series.setdefault(series.series_uid, series)


def _series(pacs: str, study_uid: str, row: Mapping[str, object]) -> FoundSeries:
    return FoundSeries(
        pacs=pacs,
        series_uid=text_of(row, "SeriesInstanceUID"),
        study_uid=study_uid,
        number=text_of(row, "SeriesNumber"),
        description=text_of(row, "SeriesDescription"),
        modality=text_of(row, "Modality"),
        images=number_of(text_of(row, "NumberOfSeriesRelatedInstances")),
        body_part=text_of(row, "BodyPartExamined"),
        protocol=text_of(row, "ProtocolName"),
        station=text_of(row, "PerformedStationAETitle"),
    )


def _modalities(sources: Iterable[Mapping[str, object]]) -> tuple[str, ...]:
    found: set[str] = set()
    for key in ("ModalitiesInStudy", "Modality"):
        for source in sources:
            found.update(re.split(r"[\\/,\s]+", text_of(source, key)))
    return tuple(sorted(found - {""}))


def _by_name(patients: Iterable[FoundPatient]) -> tuple[FoundPatient, ...]:
    return tuple(
        sorted(patients, key=lambda one: (one.name.casefold(), one.patient_id))
    )


def _finished(patient: _Patient) -> FoundPatient:
    if patient.made is None:
        patient.made = _made(patient)
    return patient.made


def _made(patient: _Patient) -> FoundPatient:
    studies = [
        replace(
            study.head,
            series=tuple(
                sorted(
                    study.series.values(),
                    key=lambda one: (
                        number_of(one.number) or 0,
                        one.description.casefold(),
                        one.series_uid,
                    ),
                )
            ),
        )
        for study in patient.studies.values()
    ]
    studies.sort(key=lambda one: one.study_uid)
    studies.sort(key=lambda one: one.date or date.min, reverse=True)
    return replace(patient.head, studies=tuple(studies))
