"""What a PACS said of a row, as one text for the catalog."""

import json
from collections.abc import Sequence
from datetime import date

from chrislib.pacs.types import FoundPatient, FoundSeries, FoundStudy


def pack(patients: Sequence[FoundPatient]) -> str:
    """Return found patients as a text; `unpack` gives them back."""
    if not patients:
        return ""
    rows = [
        [
            patient.patient_id,
            patient.name,
            _text(patient.birth_date),
            patient.sex,
            [_study(study) for study in patient.studies],
        ]
        for patient in patients
    ]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def unpack(text: str) -> tuple[FoundPatient, ...]:
    """Return packed patients; none where the text cannot be read."""
    if not text:
        return ()
    try:
        return tuple(
            FoundPatient(
                patient_id=str(patient_id),
                name=str(name),
                birth_date=_day(birth),
                sex=str(sex),
                studies=tuple(_unpacked(study) for study in studies),
            )
            for patient_id, name, birth, sex, studies in json.loads(text)
        )
    except (ValueError, TypeError, KeyError):
        return ()


def _study(study: FoundStudy) -> list[object]:
    return [
        study.pacs,
        study.study_uid,
        _text(study.date),
        study.description,
        study.accession_number,
        list(study.modalities),
        study.station,
        study.age_at_scan_days,
        [
            [
                *(one.series_uid, one.number, one.description, one.modality),
                *(one.images, one.body_part, one.protocol, one.station),
            ]
            for one in study.series
        ],
    ]


def _unpacked(row: Sequence[object]) -> FoundStudy:
    pacs, uid, day, description, accession, modalities, station, age, series = row
    if not isinstance(modalities, list) or not isinstance(series, list):
        raise TypeError("not a packed study")
    return FoundStudy(
        pacs=str(pacs),
        study_uid=str(uid),
        date=_day(str(day)),
        description=str(description),
        accession_number=str(accession),
        modalities=tuple(map(str, modalities)),
        station=str(station),
        age_at_scan_days=age if isinstance(age, int) else None,
        series=tuple(
            FoundSeries(
                pacs=str(pacs),
                series_uid=str(one[0]),
                study_uid=str(uid),
                number=str(one[1]),
                description=str(one[2]),
                modality=str(one[3]),
                images=one[4] if isinstance(one[4], int) else None,
                body_part=str(one[5]),
                protocol=str(one[6]),
                station=str(one[7]),
            )
            for one in series
        ),
    )


def _text(day: date | None) -> str:
    return day.isoformat() if day is not None else ""


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
