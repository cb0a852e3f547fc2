"""The parts of the station's PACS that need no station."""

import asyncio
import base64
import json
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chrislib.station.pacs_answers import query_result
from chrislib.station.pacs_archive import EmptyArchive, LateArchive, Series, Study
from chrislib.station.pacs_desk import wanted
from chrislib.station.pacs_faults import Faults, faults_now, parse_faults
from chrislib.station.pacs_progress import Counter, Listener, ProgressHub
from chrislib.station.pacs_receiver import (
    age_in_days,
    clean,
    iso_date,
    series_folder,
)


@given(st.text(max_size=200))
def test_a_part_of_a_path_is_harmless(text: str) -> None:
    part = clean(text)
    assert not set(part) & set('/\\,:*?"<>|= \0\n')
    assert not part.startswith(".")
    assert not part.endswith(".")
    assert len(part) <= 40
    assert part or not text


@given(*(st.text(max_size=80) for _ in range(4)))
def test_a_folder_is_always_six_deep(
    patient: str, name: str, study: str, series: str
) -> None:
    head = {"PatientID": patient, "PatientName": name, "StudyDescription": study}
    path = series_folder(
        "SAMPLES", Study("1.2", head), Series("1.2.3", {"SeriesDescription": series}, 1)
    )
    parts = path.split("/")
    assert len(parts) == 6
    assert all(parts)
    assert ".." not in parts


def test_two_series_never_share_a_folder() -> None:
    twins = {"SeriesDescription": "AX T2", "SeriesNumber": "3"}
    folders = {
        series_folder("SAMPLES", Study("1.2", {}), Series(uid, twins, 1))
        for uid in ("1.2.3", "1.2.4")
    }
    assert len(folders) == 2
    # As it was seen: number, description, and eight hexadecimal digits.
    assert all(path.rpartition("/")[2].startswith("00003-AX_T2-") for path in folders)


def test_the_recorded_folder_name() -> None:
    uid = "1.2.826.0.1.3680043.8.498.18450084786392050162808978861237005227"
    study = Study(
        "1.2",
        {
            "PatientID": "1449c1d",
            "PatientName": "DOE^JANE",
            "PatientBirthDate": "20090701",
            "StudyDescription": "MR-Brain w/o Contrast",
            "AccessionNumber": "98edede8b2",
            "StudyDate": "20130308",
        },
    )
    series = Series(uid, {"SeriesNumber": "3", "SeriesDescription": "DWI"}, 4)
    assert series_folder("MINICHRISORTHANC", study, series) == (
        "SERVICES/PACS/MINICHRISORTHANC/1449c1d-DOE^JANE-20090701/"
        "MR-Brain_w_o_Contrast-98edede8b2-20130308/00003-DWI-7a152d51"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20130308", "2013-03-08"),
        ("201303", None),
        ("", None),
        ("20131308", None),
        ("2013-03-", None),
        ("٢٠١٣٠٣٠٨", None),
    ],
)
def test_dates(text: str, expected: str | None) -> None:
    assert iso_date(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("006Y", 2191), ("033Y", 12052), ("010D", 10), ("002W", 14), ("", None),
     ("old", None)],
)  # fmt: skip
def test_ages_in_days(text: str, expected: int | None) -> None:
    assert age_in_days(text) == expected


def test_counts_are_told_twice_a_second_and_at_the_end() -> None:
    now = [0.0]
    told: list[Any] = []
    counter = Counter(told.append, clock=lambda: now[0])
    for _ in range(23):
        counter.one_more()
        now[0] += 0.125
    counter.failed("no room")
    counter.done()
    assert told == [
        {"ndicom": 1},
        {"ndicom": 5},
        {"ndicom": 9},
        {"ndicom": 13},
        {"ndicom": 17},
        {"ndicom": 21},
        {"error": "no room"},
        {"ndicom": 23},
        {"done": True},
    ]


def test_an_empty_series_ends_at_once() -> None:
    told: list[Any] = []
    Counter(told.append).done()
    assert told == [{"done": True}]


async def test_news_reach_those_who_asked_for_them() -> None:
    hub = ProgressHub()
    mine, other = Listener(hub), Listener(hub)
    mine.subscribe("A", "1")
    other.subscribe("B", "1")
    await asyncio.to_thread(hub.publish, "A", "1", {"ndicom": 3})
    async with asyncio.timeout(5):
        ack, news = await mine.queue.get(), await mine.queue.get()
    assert ack["message"] == {"subscribed": True}
    expected = {"pacs_name": "A", "SeriesInstanceUID": "1", "message": {"ndicom": 3}}
    assert news == expected
    mine.unsubscribe()
    assert (await mine.queue.get()) == {"message": {"subscribed": False}}
    await asyncio.to_thread(hub.publish, "A", "1", {"ndicom": 4})
    await asyncio.sleep(0)
    assert mine.queue.empty()
    assert other.queue.qsize() == 1


def test_a_listener_whose_loop_ended_is_forgotten() -> None:
    hub = ProgressHub()

    async def listen() -> None:
        Listener(hub).follow("A", ["1", "2"])

    asyncio.run(listen())
    hub.publish("A", "1", {"ndicom": 1})
    hub.publish("A", "2", {"ndicom": 1})


@pytest.mark.logs("an unknown fault")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Faults()),
        ("down", Faults(lookup_down=True)),
        ("stop:5", Faults(stop_after=5)),
        ("stop:0, error:3", Faults(stop_after=0, error_at=3)),
        ("down\nstop:7\n", Faults(lookup_down=True, stop_after=7)),
        ("stop:many,nonsense", Faults()),
    ],
)
def test_faults(text: str, expected: Faults) -> None:
    assert parse_faults(text) == expected


def test_the_fault_file_comes_before_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHRISLIB_STATION_PACS_FAULT", "stop:2")
    assert faults_now(tmp_path) == Faults(stop_after=2)
    (tmp_path / "pacs-fault").write_text("", encoding="utf-8")
    assert faults_now(tmp_path) == Faults()


def test_nothing_found_is_an_empty_text() -> None:
    assert query_result([], identifier="X") == ""


def test_missing_values_are_texts() -> None:
    study = Study("1.2", {"PatientID": "7"}, (Series("1.2.3", {"Modality": "MR"}, 4),))
    packed = query_result([study], identifier="X")
    (answer,) = json.loads(zlib.decompress(base64.b64decode(packed)))
    assert answer["StudyDate"]["value"] == "no value provided for 0008,0020"
    assert answer["RetrieveAETitle"]["value"] == "X"
    (series,) = answer["series"]
    assert series["NumberOfSeriesRelatedInstances"]["value"] == "4"
    assert series["ModalitiesInStudy"]["value"] == "no value provided for 0008,0061"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('{"PatientID": "7", "then": true, "x": null}', {"PatientID": "7"}),
        ('{"PatientID": 7}', {"PatientID": "7"}),
        ('["a"]', {}),
        ("rubbish", {}),
        ('"text"', {}),
    ],
)
def test_what_a_query_asks_for(query: str, expected: dict[str, str]) -> None:
    assert wanted(query) == expected


def test_an_archive_is_made_once_and_late() -> None:
    made: list[int] = []

    def make() -> EmptyArchive:
        made.append(1)
        return EmptyArchive()

    archive = LateArchive(make)
    assert made == []
    assert archive.find({}) == []
    assert list(archive.images("1")) == []
    assert made == [1]
