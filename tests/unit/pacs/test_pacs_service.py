"""Lookups and pulls against a PACS that behaves well and badly."""

import asyncio
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, Self, cast

import pytest

from chrislib.cube.client import CubeClient
from chrislib.cube.errors import (
    CubeError,
    Forbidden,
    Refused,
    ServerFault,
    ServerUnreachable,
    TokenRejected,
)
from chrislib.cube.pacs import check_query
from chrislib.cube.socket import Count, Done, Event, Problem
from chrislib.cube.types import (
    Pacs,
    PacsId,
    PacsQuery,
    PacsRetrieve,
    PacsSeries,
    QueryId,
    StoragePath,
)
from chrislib.pacs.errors import PullStopped
from chrislib.pacs.through_cube import PacsService
from chrislib.pacs.types import (
    Criteria,
    FoundPatient,
    PullProgress,
    PullStage,
    join_pacs,
)

UID = "1.2.3"


class FakeSocket:
    """Hands out the archive's script of news."""

    def __init__(self, archive: "Archive") -> None:
        self._archive = archive

    async def __aenter__(self) -> Self:
        self._archive.opened += 1
        refusal = self._archive.socket_refusals
        if refusal:
            raise refusal.pop(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._archive.closed += 1

    async def subscribe(self, pacs: str, series_uid: str) -> None:
        self._archive.log.append("subscribe")

    async def next_event(self) -> Event:
        event = await self._archive.news.get()
        if isinstance(event, Exception):
            raise event
        return event


class Archive:
    """In place of `PacsApi`: one PACS, and what it does."""

    def __init__(self, images: int = 3) -> None:
        self.images = images
        self.identifiers = ["ARCHIVE"]
        self.log: list[str] = []
        self.news: asyncio.Queue[Event | Exception] = asyncio.Queue()
        self.socket_refusals: list[CubeError] = []
        self.opened = self.closed = 0
        self.registered: PacsSeries | None = None
        self.count = 0
        self.register_after_looks: int | None = 0
        self.looks_after_done = 0
        self.asked: list[tuple[str, Mapping[str, str]]] = []
        self.titles: list[str] = []
        self.deleted: list[int] = []
        self.query_status: dict[str, str] = {}
        self.answers: dict[str, list[dict[str, Any]]] = {}
        self.query_error: CubeError | None = None
        self.retrieve_error: CubeError | None = None
        self.retrieve_status = "sent"
        self.script: list[Event | Exception] = []
        self.look_errors: list[CubeError] = []
        self.has_series = True
        self.sent_before: tuple[PacsSeries, ...] = ()

    @property
    def service(self) -> PacsService:
        return PacsService(cast(CubeClient, SimpleNamespace(pacs=self)))

    async def list(self) -> tuple[Pacs, ...]:
        return tuple(
            Pacs(id=PacsId(n), identifier=name, active=True)
            for n, name in enumerate(self.identifiers)
        )

    async def refresh(self) -> tuple[Pacs, ...]:
        return await self.list()

    async def query(
        self,
        pacs: Pacs,
        values: Mapping[str, str],
        *,
        title: str = "",
        description: str = "",
    ) -> PacsQuery:
        check_query(values)
        self.log.append("query")
        self.asked.append((pacs.identifier, dict(values)))
        assert title not in self.titles
        self.titles.append(title)
        assert len(description) <= 700
        if self.query_error is not None:
            raise self.query_error
        await asyncio.sleep(0)
        value = next(iter(values.values()))
        found = self.answers.get(value, [])
        if "SeriesInstanceUID" in values and self.has_series:
            found = [
                {
                    "StudyInstanceUID": values["StudyInstanceUID"],
                    "series": [
                        {
                            "SeriesInstanceUID": UID,
                            "NumberOfSeriesRelatedInstances": str(self.images),
                        }
                    ],
                }
            ]
        return PacsQuery(
            id=QueryId(len(self.asked)),
            title=title,
            status=self.query_status.get(pacs.identifier, "succeeded"),
            pacs_identifier=pacs.identifier,
            query=values,
            creation_date=None,
            studies=tuple(found),
        )

    async def retrieve(self, query_id: QueryId) -> PacsRetrieve:
        self.log.append("retrieve")
        for event in self.script:
            self.news.put_nowait(event)
        if self.retrieve_error is not None:
            raise self.retrieve_error
        return PacsRetrieve(id=1, query_id=query_id, status=self.retrieve_status)

    async def delete_query(self, query_id: int) -> None:
        self.deleted.append(query_id)

    async def series(self, series_uid: str, *, pacs: str = "") -> PacsSeries | None:
        if self.look_errors:
            raise self.look_errors.pop(0)
        if self.registered is None and "retrieve" in self.log:
            self.looks_after_done += 1
            after = self.register_after_looks
            if after is not None and self.looks_after_done > after:
                self.registered = a_series()
                self.count = self.images
        return self.registered

    async def series_file_count(self, series: PacsSeries) -> int:
        return self.count

    async def known_series(self, pacs: Pacs) -> tuple[PacsSeries, ...]:
        return self.sent_before

    def progress_socket(self) -> FakeSocket:
        return FakeSocket(self)


def a_series() -> PacsSeries:
    return PacsSeries(
        id=1,
        folder_path=StoragePath("SERVICES/PACS/ARCHIVE/x"),
        folder_id=None,
        patient_id="7",
        patient_name="DOE^JANE",
        patient_birth_date=None,
        patient_sex="",
        study_date=None,
        accession_number="",
        modality="MR",
        study_uid="1.2",
        study_description="",
        series_uid=UID,
        series_description="",
        pacs_identifier="ARCHIVE",
        creation_date=None,
    )


async def pull(
    archive: Archive,
    *,
    expected: int | None = 3,
    stall: float = 5.0,
    sent: bool = False,
) -> tuple[PacsSeries, list[PullProgress]]:
    told: list[PullProgress] = []
    series = await archive.service.pull(
        pacs="ARCHIVE",
        study_uid="1.2",
        series_uid=UID,
        expected=expected,
        progress=told.append,
        stall_seconds=stall,
        sent=sent,
    )
    return series, told


def full_script(images: int = 3) -> list[Event | Exception]:
    return [*(Count(UID, n + 1) for n in range(images)), Done(UID)]


async def test_a_pull_from_start_to_end() -> None:
    archive = Archive()
    archive.script = full_script()
    archive.register_after_looks = 2  # "done" is not "registered" (trap 5)
    series, told = await pull(archive)
    assert series.series_uid == UID
    assert archive.log == ["subscribe", "query", "retrieve"]
    assert [(p.stage, p.received, p.total) for p in told] == [
        (PullStage.WAITING, 0, 3),
        (PullStage.RECEIVING, 1, 3),
        (PullStage.RECEIVING, 2, 3),
        (PullStage.RECEIVING, 3, 3),
        (PullStage.REGISTERING, 3, 3),
        (PullStage.READY, 3, 3),
    ]
    assert archive.asked == [
        ("ARCHIVE", {"StudyInstanceUID": "1.2", "SeriesInstanceUID": UID})
    ]
    # the helper query goes, the socket is closed
    assert archive.deleted == [1]
    assert archive.opened == archive.closed == 1


async def test_what_is_registered_is_not_sent_again() -> None:
    archive = Archive()
    archive.registered, archive.count = a_series(), 3
    _, told = await pull(archive)
    assert archive.log == []
    assert told == [PullProgress(PullStage.READY, 3, 3)]


async def test_the_number_of_images_is_taken_from_the_pacs() -> None:
    archive = Archive(images=5)
    archive.script = full_script(5)
    _, told = await pull(archive, expected=None)
    assert told[0].total == told[-1].total == 5


async def test_registering_waits_for_every_image() -> None:
    archive = Archive()
    archive.script = full_script()

    async def slowly(series: PacsSeries) -> int:
        archive.count += 1
        return archive.count

    archive.count = 0
    archive.series_file_count = slowly  # type: ignore[method-assign]
    archive.registered = None
    archive.images = 0
    _, told = await pull(archive)
    assert told[-1] == PullProgress(PullStage.READY, 3, 3)


async def test_a_pull_that_stops_half_way_says_what_is_safe() -> None:
    archive = Archive()
    archive.script = [Count(UID, 1), Count(UID, 2)]
    archive.register_after_looks = None
    with pytest.raises(PullStopped) as caught:
        await pull(archive, stall=0.2)
    assert (caught.value.received, caught.value.expected) == (2, 3)
    assert caught.value.detail == "2 of 3 images are safe on the server."
    assert caught.value.retryable
    assert archive.deleted == [1]
    assert archive.opened == archive.closed


async def test_a_pull_that_never_starts() -> None:
    archive = Archive()
    archive.register_after_looks = None
    with pytest.raises(PullStopped) as caught:
        await pull(archive, stall=0.2)
    assert caught.value.detail == "No image has arrived on the server."


async def test_images_that_are_never_registered() -> None:
    archive = Archive()
    archive.script = full_script()
    archive.register_after_looks = None
    with pytest.raises(PullStopped) as caught:
        await pull(archive, stall=0.2)
    assert "registered" in caught.value.title
    assert caught.value.received == 3


async def test_fewer_images_than_promised() -> None:
    archive = Archive(images=2)
    archive.script = full_script(2)
    with pytest.raises(PullStopped) as caught:
        await pull(archive, expected=3)
    assert caught.value.series is not None
    assert (caught.value.received, caught.value.expected) == (2, 3)
    assert "fewer" in caught.value.title


@pytest.mark.logs("could not be stored")
async def test_images_the_server_could_not_store() -> None:
    archive = Archive(images=2)
    archive.script = [Count(UID, 1), Problem(UID, "disk full"), *full_script(2)]
    with pytest.raises(PullStopped) as caught:
        await pull(archive, expected=3)
    assert "could not store 1" in caught.value.title


async def test_a_dropped_socket_is_opened_again() -> None:
    archive = Archive()
    gone = ServerUnreachable("gone")
    archive.script = [Count(UID, 1), gone, Count(UID, 3), Done(UID)]
    archive.register_after_looks = 3
    _, told = await pull(archive, stall=1.0)
    assert archive.opened == 2
    assert told[-1].stage is PullStage.READY
    # a look of the file count and the socket's count never go backwards
    received = [p.received for p in told]
    assert received == sorted(received)


async def test_news_lost_while_the_socket_was_down_are_made_up_by_a_look() -> None:
    archive = Archive()
    archive.script = [Count(UID, 1), ServerUnreachable("gone")]
    archive.register_after_looks = 1
    _, told = await pull(archive, stall=0.6)
    assert told[-1] == PullProgress(PullStage.READY, 3, 3)


async def test_without_a_socket_the_series_is_looked_for() -> None:
    archive = Archive()
    archive.socket_refusals = [Forbidden("no")]
    archive.register_after_looks = 3
    _, told = await pull(archive, stall=0.6)
    assert [p.stage for p in told] == [
        PullStage.WAITING,
        PullStage.REGISTERING,
        PullStage.READY,
    ]
    # refused is refused: it is not tried again
    assert archive.opened == 1


async def test_a_server_that_is_away_for_a_moment_is_waited_for() -> None:
    archive = Archive()
    archive.script = full_script()
    _, told = await _with_look_errors(
        archive, [ServerUnreachable("x"), ServerFault("y")]
    )
    assert told[-1].stage is PullStage.READY


async def _with_look_errors(
    archive: Archive, errors: list[CubeError], stall: float = 5.0
) -> tuple[PacsSeries, list[PullProgress]]:
    real = archive.retrieve

    async def retrieve(query_id: QueryId) -> PacsRetrieve:
        archive.look_errors = errors
        return await real(query_id)

    archive.retrieve = retrieve  # type: ignore[method-assign]
    return await pull(archive, stall=stall)


async def test_a_server_that_stays_away_is_named_as_the_reason() -> None:
    archive = Archive()
    archive.script = full_script()
    with pytest.raises(ServerUnreachable):
        await _with_look_errors(archive, [ServerUnreachable("x")] * 1000, 0.3)


async def test_a_server_that_goes_while_images_arrive_is_not_waited_for_blindly() -> (
    None
):
    archive = Archive(images=1000)
    archive.script = [Count(UID, 1), ServerUnreachable("gone")]
    archive.socket_refusals = []
    real = archive.progress_socket

    def socket() -> FakeSocket:
        if archive.opened:
            archive.socket_refusals.append(ServerUnreachable("gone"))
        return real()

    archive.progress_socket = socket  # type: ignore[method-assign]
    with pytest.raises(ServerUnreachable):
        async with asyncio.timeout(10):
            await _with_look_errors(archive, [ServerUnreachable("x")] * 1000, 0.3)


async def test_a_token_that_is_revoked_half_way_ends_it_at_once() -> None:
    archive = Archive()
    archive.script = full_script()
    with pytest.raises(TokenRejected):
        await _with_look_errors(archive, [TokenRejected("x")])
    assert archive.deleted == [1]


async def test_a_pacs_that_cannot_be_reached() -> None:
    archive = Archive()
    archive.query_status["ARCHIVE"] = "errored"
    with pytest.raises(PullStopped) as caught:
        await pull(archive)
    assert "cannot be reached" in caught.value.title
    assert archive.log == ["subscribe", "query"]
    assert archive.deleted == [1]


async def test_a_series_the_pacs_does_not_answer_with() -> None:
    archive = Archive()
    archive.has_series = False
    with pytest.raises(PullStopped):
        await pull(archive)
    assert "retrieve" not in archive.log


async def test_a_pacs_the_server_does_not_know() -> None:
    archive = Archive()
    archive.identifiers = []
    with pytest.raises(PullStopped):
        await pull(archive)


async def test_a_refused_retrieve() -> None:
    archive = Archive()
    archive.retrieve_status = "errored"
    with pytest.raises(PullStopped):
        await pull(archive)


async def test_a_retrieve_with_an_unknown_outcome_is_watched() -> None:
    archive = Archive()
    archive.script = full_script()
    archive.retrieve_error = ServerUnreachable("x", context={"sent": "yes"})
    _, told = await pull(archive)
    assert told[-1].stage is PullStage.READY


async def test_after_a_restart_what_was_asked_is_watched_first() -> None:
    archive = Archive()
    archive.log.append("retrieve")  # by the program before
    archive.register_after_looks = 3
    for event in full_script():
        archive.news.put_nowait(event)
    _, told = await pull(archive, sent=True)
    assert archive.log == ["retrieve", "subscribe"]
    assert told[-1].stage is PullStage.READY


async def test_after_a_restart_silence_makes_it_ask_again() -> None:
    archive = Archive()
    archive.script = full_script()
    await pull(archive, sent=True, stall=0.6)
    assert archive.log == ["subscribe", "query", "retrieve"]


async def test_a_cancelled_pull_cleans_up() -> None:
    archive = Archive()
    archive.register_after_looks = None
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await pull(archive, stall=60)
    assert archive.deleted == [1]
    assert archive.opened == archive.closed == 1


def found(patient_id: str, study_uid: str) -> dict[str, Any]:
    return {
        "StudyInstanceUID": study_uid,
        "PatientID": patient_id,
        "PatientName": f"DOE^{patient_id}",
        "series": [{"SeriesInstanceUID": f"{study_uid}.1"}],
    }


async def test_a_lookup_asks_every_combination_of_every_pacs() -> None:
    archive = Archive()
    archive.identifiers = ["A", "B"]
    archive.answers = {"1": [found("1", "1.1")], "2": [found("2", "2.1")]}
    steps: list[tuple[FoundPatient, ...]] = []
    result = await archive.service.lookup(
        Criteria(values={"PatientID": ("1", "2", " 1 ", ""), "Modality": ("MR",)}),
        found=steps.append,
    )
    wanted = [
        (pacs, {"PatientID": one, "Modality": "MR"}) for one in "12" for pacs in "AB"
    ]
    assert sorted(archive.asked, key=str) == sorted(wanted, key=str)
    assert [p.patient_id for p in result.patients] == ["1", "2"]
    assert result.unreachable == ()
    assert result.seconds >= 0
    # each step tells who is new or has more than before; together that is everybody
    last = {patient.patient_id: patient for step in steps for patient in step}
    assert tuple(last[key] for key in sorted(last)) == result.patients
    # History on the server keeps lookups
    assert archive.deleted == []
    assert all(title.startswith("chrislib lookup ") for title in archive.titles)


async def test_one_silent_pacs_does_not_spoil_the_others() -> None:
    archive = Archive()
    archive.identifiers = ["GOOD", "SILENT"]
    archive.query_status["SILENT"] = "errored"
    archive.answers = {str(n): [found(str(n), f"{n}.1")] for n in range(9)}
    result = await archive.service.lookup(
        Criteria(values={"PatientID": tuple(map(str, range(9)))})
    )
    assert len(result.patients) == 9
    assert result.unreachable == ("SILENT",)


async def test_a_lookup_service_that_is_down_is_told_apart() -> None:
    archive = Archive()
    archive.query_status["ARCHIVE"] = "errored"
    result = await archive.service.lookup(Criteria(values={"PatientID": ("1",)}))
    assert result.service_down
    assert result.unreachable == ("ARCHIVE",)


async def test_nothing_found_is_proved_by_what_was_sent_before() -> None:
    archive = Archive()
    archive.sent_before = (a_series(),)
    wanted = Criteria(values={"PatientID": ("1",)})
    result = await archive.service.lookup(wanted)
    assert (result.patients, result.unreachable, result.unproven) == ((), (), ())
    assert archive.asked[-1][1] == {"StudyInstanceUID": "1.2", "SeriesInstanceUID": UID}
    assert archive.deleted == [2]  # the proof leaves no trace
    service = archive.service
    await service.lookup(wanted)
    before = len(archive.asked)
    await service.lookup(wanted)
    assert len(archive.asked) == before + 1  # it is proved once for a while


async def test_a_pacs_that_lost_what_it_sent_is_unreachable() -> None:
    archive = Archive()
    archive.sent_before = (a_series(),)
    archive.has_series = False
    result = await archive.service.lookup(Criteria(values={"PatientID": ("1",)}))
    assert result.unreachable == ("ARCHIVE",)
    assert not result.service_down


async def test_a_pacs_that_never_sent_anything_proves_nothing() -> None:
    archive = Archive()
    result = await archive.service.lookup(Criteria(values={"PatientID": ("1",)}))
    assert result.unproven == ("ARCHIVE",)
    assert result.unreachable == ()


async def test_steps_of_something_larger_leave_no_query() -> None:
    archive = Archive()
    archive.answers = {"1": [found("1", "1.1")]}
    await archive.service.lookup(Criteria(values={"PatientID": ("1",)}), passing=True)
    assert archive.deleted == [1]


async def test_who_may_not_use_the_pacs_is_told_so() -> None:
    archive = Archive()
    archive.query_error = Forbidden("x")
    with pytest.raises(Forbidden) as refused:
        await archive.service.lookup(Criteria(values={"PatientID": ("1",)}))
    assert "pacs_users" in refused.value.hint
    assert "not “nothing found”" in refused.value.detail


async def test_a_large_answer_comes_in_pieces_while_others_go_on() -> None:
    archive = Archive()
    archive.answers = {"1": [found(str(n), f"{n}.1") for n in range(3000)]}
    steps: list[int] = []
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.ensure_future(others())
    result = await archive.service.lookup(
        Criteria(values={"PatientID": ("1",)}),
        found=lambda patients: steps.append(len(patients)),
    )
    beside.cancel()
    assert len(result.patients) == sum(steps) == 3000
    assert turns > 5


async def test_only_the_chosen_pacs_is_asked() -> None:
    archive = Archive()
    archive.identifiers = ["A", "B"]
    await archive.service.lookup(Criteria(values={"PatientID": ("1",)}, pacs="B"))
    assert [pacs for pacs, _ in archive.asked] == ["B"]
    with pytest.raises(Refused):
        await archive.service.lookup(Criteria(values={"PatientID": ("1",)}, pacs="C"))


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"PatientID": ()},
        {"PatientID": ("", "  ")},
        {"PatientName": ("*",)},
        {"PatientName": ("??*",), "PatientID": ("*",)},
        {"PatientNam": ("DOE",)},
        {"PatientID": tuple(map(str, range(501)))},
    ],
)
async def test_lookups_that_would_ask_for_everything_are_refused(
    values: dict[str, tuple[str, ...]],
) -> None:
    archive = Archive()
    with pytest.raises(Refused):
        await archive.service.lookup(Criteria(values=values))
    assert archive.asked == []


@pytest.mark.parametrize(
    "error", [TokenRejected("x"), ServerUnreachable("x"), Forbidden("x")]
)
async def test_what_is_wrong_with_the_server_ends_a_lookup(error: CubeError) -> None:
    archive = Archive()
    archive.query_error = error
    with pytest.raises(type(error)):
        await archive.service.lookup(Criteria(values={"PatientID": ("1", "2")}))


async def test_archives() -> None:
    archive = Archive()
    assert await archive.service.archives() == ("ARCHIVE",)


async def test_some_of_several_archives_are_asked() -> None:
    archive = Archive()
    archive.identifiers = ["ONE", "TWO", "THREE"]
    values = {"PatientID": ("1",)}
    some = Criteria(values=values, pacs=join_pacs(["ONE", "THREE", "ONE"]))
    assert (some.archives, some.where) == (("ONE", "THREE"), "ONE and THREE")
    await archive.service.lookup(some)
    assert {pacs for pacs, _ in archive.asked} == {"ONE", "THREE"}
    with pytest.raises(Refused, match="FOUR"):
        await archive.service.lookup(
            Criteria(values=values, pacs=join_pacs(["ONE", "FOUR"]))
        )
