"""What PACS say becomes patients, studies and series, each once."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chrislib.pacs.answers import Gathering, day_of, days_of_age, text_of

DATA = Path(__file__).parents[2] / "data"


def tag(value: object) -> dict[str, object]:
    return {"tag": "0000,0000", "value": value, "label": ""}


def study(uid: str, series: list[str], **values: str) -> dict[str, Any]:
    return {
        "StudyInstanceUID": tag(uid),
        **{key: tag(value) for key, value in values.items()},
        "series": [
            {"SeriesInstanceUID": tag(s), "Modality": tag("MR")} for s in series
        ],
    }


@pytest.mark.parametrize("folder", ["recordings", "recordings-6.11"])
def test_the_recorded_result(folder: str) -> None:
    path = DATA / folder / "pacsquery-result-decoded.json"
    gathering = Gathering()
    gathering.add("ORTHANC", json.loads(path.read_text())["decoded"])
    (patient,) = gathering.patients()
    assert (patient.patient_id, patient.name) == ("1449c1d", "DOE^JANE")
    assert patient.birth_date == date(2009, 7, 1)
    assert patient.sex == "F"
    newest, older = patient.studies
    assert (newest.date, older.date) == (date(2019, 2, 12), date(2013, 3, 8))
    assert older.description == "MR-Brain w/o Contrast"
    assert older.modalities == ("MR",)
    assert older.station == "SYNTH"
    # from the dates, not from "006Y"
    assert older.age_at_scan_days == (date(2013, 3, 8) - date(2009, 7, 1)).days
    assert len(older.series) == 3
    by_name = {one.description: one for one in older.series}
    assert by_name["DWI"].images == 4
    assert by_name["DWI"].pacs == "ORTHANC"
    assert by_name["DWI"].number == ""


def test_missing_values_are_empty() -> None:
    thing = {
        "A": tag("no value provided for 0018,9423"),
        "B": tag(" x \0"),
        "C": tag(12),
        "D": tag(None),
        "E": "plain",
        "F": tag(True),
    }
    got = [text_of(thing, key) for key in "ABCDEFG"]
    assert got == ["", "x", "12", "", "plain", "", ""]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("20130308", date(2013, 3, 8)),
        ("2013-03-08", date(2013, 3, 8)),
        ("2013.03.08", date(2013, 3, 8)),
        (" 20130308 ", date(2013, 3, 8)),
        ("2013", None),
        ("201303", None),
        ("20130000", None),
        ("20130230", None),
        ("", None),
        ("yesterday", None),
        ("20130308-20130309", None),
    ],
)
def test_dates(text: str, day: date | None) -> None:
    assert day_of(text) == day


@pytest.mark.parametrize(
    ("text", "days"),
    [("006Y", 2191), ("003D", 3), ("002W", 14), ("012M", 365), ("6", None), ("", None)],
)
def test_ages(text: str, days: int | None) -> None:
    assert days_of_age(text) == days


@given(st.text())
def test_no_text_breaks_a_reader(text: str) -> None:
    day_of(text)
    days_of_age(text)
    text_of({"a": text}, "a")


def test_one_id_under_two_names_is_two_patients() -> None:
    gathering = Gathering()
    gathering.add("P", [study("1", ["1.1"], PatientID="7", PatientName="DOE^JANE")])
    gathering.add("P", [study("2", ["2.1"], PatientID="7", PatientName="ROE^RICHARD")])
    assert [p.name for p in gathering.patients()] == ["DOE^JANE", "ROE^RICHARD"]


def test_trailing_carets_are_no_other_name() -> None:
    gathering = Gathering()
    gathering.add("P", [study("1", ["1.1"], PatientID="7", PatientName="DOE^JANE")])
    gathering.add("P", [study("2", ["2.1"], PatientID="7", PatientName="DOE^JANE^^ ")])
    (patient,) = gathering.patients()
    assert len(patient.studies) == 2


def test_the_same_answer_twice_changes_nothing_and_more_series_are_merged() -> None:
    gathering = Gathering()
    first = study("1", ["1.1"], PatientID="7", ModalitiesInStudy="MR\\SR")
    gathering.add("P", [first])
    once = gathering.patients()
    gathering.add("P", [first])
    assert gathering.patients() == once
    gathering.add("P", [study("1", ["1.2", "1.1"], PatientID="7")])
    (patient,) = gathering.patients()
    assert [s.series_uid for s in patient.studies[0].series] == ["1.1", "1.2"]
    assert patient.studies[0].modalities == ("MR", "SR")


def test_two_pacs_with_the_same_study_are_two_studies() -> None:
    gathering = Gathering()
    for pacs in ("A", "B"):
        gathering.add(pacs, [study("1", ["1.1"], PatientID="7")])
    (patient,) = gathering.patients()
    assert [s.pacs for s in patient.studies] == ["A", "B"]


def test_what_cannot_be_used_is_left_out() -> None:
    gathering = Gathering()
    gathering.add(
        "P",
        [
            {},
            {"StudyInstanceUID": tag("no value provided for 0020,000d")},
            {"StudyInstanceUID": tag("1"), "series": "none"},
            {"StudyInstanceUID": tag("2"), "series": [None, {}, {"Modality": "MR"}]},
        ],
    )
    (patient,) = gathering.patients()
    assert (patient.patient_id, patient.name, patient.sex) == ("", "", "")
    assert [s.series for s in patient.studies] == [(), ()]


def test_what_only_the_series_say_is_taken_from_them() -> None:
    gathering = Gathering()
    row = {
        "SeriesInstanceUID": tag("1.1"),
        "PatientID": tag("7"),
        "PatientName": tag("山田^太郎"),
        "StudyDate": tag("20200101"),
    }
    gathering.add("P", [{"StudyInstanceUID": tag("1"), "series": [row]}])
    (patient,) = gathering.patients()
    assert (patient.patient_id, patient.name) == ("7", "山田^太郎")
    assert patient.studies[0].date == date(2020, 1, 1)
