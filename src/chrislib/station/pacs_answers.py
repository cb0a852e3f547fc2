"""The texts that a lookup service wraps around what a PACS answers."""

import base64
import datetime
import json
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from chrislib.station.pacs_archive import Series, Study

_TAGS = {
    "SpecificCharacterSet": "0008,0005",
    "StudyDate": "0008,0020",
    "SeriesDate": "0008,0021",
    "AccessionNumber": "0008,0050",
    "QueryRetrieveLevel": "0008,0052",
    "RetrieveAETitle": "0008,0054",
    "Modality": "0008,0060",
    "ModalitiesInStudy": "0008,0061",
    "StudyDescription": "0008,1030",
    "SeriesDescription": "0008,103e",
    "PatientName": "0010,0010",
    "PatientID": "0010,0020",
    "PatientBirthDate": "0010,0030",
    "PatientSex": "0010,0040",
    "PatientAge": "0010,1010",
    "ProtocolName": "0018,1030",
    "AcquisitionProtocolName": "0018,9423",
    "AcquisitionProtocolDescription": "0018,9424",
    "StudyInstanceUID": "0020,000d",
    "SeriesInstanceUID": "0020,000e",
    "InstanceNumber": "0020,0013",
    "NumberOfPatientRelatedStudies": "0020,1200",
    "NumberOfPatientRelatedSeries": "0020,1202",
    "NumberOfPatientRelatedInstances": "0020,1204",
    "NumberOfStudyRelatedSeries": "0020,1206",
    "NumberOfStudyRelatedInstances": "0020,1208",
    "NumberOfSeriesRelatedInstances": "0020,1209",
    "PerformedStationAETitle": "0040,0241",
}
_DIRECTIVE = (
    *("AccessionNumber", "PatientID", "PatientName", "PatientBirthDate", "PatientAge"),
    *("PatientSex", "StudyDate", "StudyDescription", "StudyInstanceUID", "Modality"),
    *("ModalitiesInStudy", "PerformedStationAETitle"),
    *("NumberOfSeriesRelatedInstances", "InstanceNumber", "SeriesDate"),
    *("SeriesDescription", "SeriesInstanceUID", "ProtocolName"),
    *("AcquisitionProtocolDescription", "AcquisitionProtocolName"),
)


def packed(value: Any) -> str:
    """Return base64(zlib(JSON)) of a value."""
    text = json.dumps(value)
    return base64.b64encode(zlib.compress(text.encode())).decode("ascii")


def query_result(studies: Iterable[Study], *, identifier: str) -> str:
    """Return the ``result`` of a query: "" when nothing matched.

    Parameters
    ----------
    studies : iterable of Study
        What the archive found.
    identifier : str
        Of the PACS.
    """
    answers = [
        _study_answer(study, number, identifier=identifier)
        for number, study in enumerate(studies)
    ]
    return packed(answers) if answers else ""


def retrieve_result(query: Mapping[str, str], *, identifier: str, job: str) -> str:
    """Return the ``result`` of a retrieve: that a process was started, no more."""
    asked = " ".join(f"--{key} {value}" for key, value in query.items() if value)
    command = f"px-find --aec {identifier} {asked} --withFeedBack --then retrieve &"
    directive: dict[str, Any] = {key: query.get(key, "") for key in _DIRECTIVE}
    directive.update(
        QueryReturnTags="",
        StudyOnly=False,
        withFeedBack=True,
        then="retrieve",
        thenArgs="",
        dblogbasepath="",
        json_response=True,
    )
    return packed(
        {
            "directiveType": "shell",
            "response": {
                "job": {
                    "status": True,
                    "message": "CLI px-find spawned",
                    "exec": {"uid": "0", "cmd": command, "cwd": "/", "script": job},
                },
                "note": 'POST the same payload with a "status" verb to track.',
            },
            "timestamp": datetime.datetime.now(datetime.UTC).isoformat(),
            "PACSdirective": directive,
        }
    )


def _study_answer(study: Study, number: int, *, identifier: str) -> dict[str, Any]:
    modalities = list(
        dict.fromkeys(
            series.tags["Modality"]
            for series in study.series
            if series.tags.get("Modality")
        )
    )
    # A PACS answers series attributes at study level with those of one series.
    first = study.series[0].tags if study.series else {}
    answer = _answer(
        {**first, **study.tags},
        number,
        identifier=identifier,
        level="STUDY",
        more={
            "ModalitiesInStudy": "\\".join(modalities),
            "NumberOfStudyRelatedSeries": str(len(study.series)),
            "NumberOfStudyRelatedInstances": str(sum(s.count for s in study.series)),
        },
    )
    answer["series"] = [
        _series_answer(study, series, position, identifier=identifier)
        for position, series in enumerate(study.series)
    ]
    return answer


def _series_answer(
    study: Study, series: Series, number: int, *, identifier: str
) -> dict[str, Any]:
    answer = _answer(
        {**study.tags, **series.tags},
        number,
        identifier=identifier,
        level="SERIES",
        more={"NumberOfSeriesRelatedInstances": str(series.count)},
    )
    for label, value in (
        ("label", "SERIES"),
        ("command", "findscu -S -k QueryRetrieveLevel=SERIES"),
        ("status", "success"),
    ):
        answer[label] = {"tag": 0, "value": value, "label": label}
    return answer


def _answer(
    tags: Mapping[str, str],
    number: int,
    *,
    identifier: str,
    level: str,
    more: Mapping[str, str],
) -> dict[str, Any]:
    values = {
        **tags,
        "SpecificCharacterSet": "ISO_IR 192",
        "QueryRetrieveLevel": level,
        "RetrieveAETitle": identifier,
        "InstanceNumber": "1",
        **more,
    }
    answer: dict[str, Any] = {"uid": {"tag": 0, "value": number, "label": "uid"}}
    for label, tag in _TAGS.items():
        value = values.get(label) or f"no value provided for {tag}"
        answer[label] = {"tag": tag, "value": value, "label": label}
    return answer
