"""Work lists: asked row by row, stopped, taken up again, pulled and reported."""

import asyncio
import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chrislib.cube.errors import Forbidden
from chrislib.errors import ChrislibError
from chrislib.jobs.model import Phase
from chrislib.library.service import LibraryService
from chrislib.library.worklist.columns import guess
from chrislib.library.worklist.model import ListHead, RowState, RunState
from chrislib.pacs.types import Criteria, FoundPatient, LookupResult
from chrislib.tables import read_text
from tests.unit.library.conftest import (
    Neighbours,
    a_series,
    a_study,
    some_patients,
    until,
)

TABLE = """MRN;Name;Study date
4543673;Doe, Jonathan;
2210045;;
9999999;Nobody;
<b>x</b>;;
;;
2210045;;2026-02-30
"""


class Archive:
    """Answers by patient ID."""

    def __init__(self) -> None:
        self.asked: list[Criteria] = []
        self.patients = some_patients()
        self.error: ChrislibError | None = None
        self.silent = False

    async def lookup(
        self, criteria: Criteria, *, found: object = None, passing: bool = False
    ) -> LookupResult:
        assert passing
        self.asked.append(criteria)
        await asyncio.sleep(0.001 * (len(self.asked) % 3))  # answers overtake others
        if self.error is not None:
            raise self.error
        if self.silent:
            return LookupResult(criteria, (), 0.1, ("Main PACS",))
        wanted = criteria.values.get("PatientID", ("",))[0]
        patients = tuple(p for p in self.patients if p.patient_id == wanted)
        return LookupResult(criteria, patients, 0.1)


@pytest.fixture
def archive(neighbours: Neighbours) -> Archive:
    """The PACS behind the session."""
    made = Archive()
    neighbours.session.pacs = made
    return made


async def a_list(library: LibraryService, text: str = TABLE) -> ListHead:
    """Make a list of a table."""
    table = read_text(text, title="patients.csv")
    return await library.work_lists.make(table, guess(table))


async def asked(library: LibraryService, head: ListHead) -> None:
    """Ask all of it and wait for the end."""
    lists = library.work_lists
    await lists.start(head.list_id)
    await until(lambda: state_of(library, head) is not RunState.ASKING)


def state_of(library: LibraryService, head: ListHead) -> RunState:
    """Return what a list does."""
    found = library.work_lists.head(head.list_id)
    assert found is not None
    return found.state


async def states(library: LibraryService, head: ListHead) -> list[RowState]:
    """Return the states of the rows, as the catalog has them."""
    rows = await library.work_lists.rows(head.list_id, range(head.total))
    return [row.state for row in rows]


async def test_every_row_gets_its_answer(
    library: LibraryService, archive: Archive
) -> None:
    head = await a_list(library)
    assert head.total == 5  # a line without any cell is no row
    await asked(library, head)
    known = await library.work_lists.open(head.list_id)
    # what is in memory is on disk as well
    assert known.states == await states(library, head)
    assert state_of(library, head) is RunState.ASKED
    assert await states(library, head) == [
        RowState.AMBIGUOUS,  # one ID, two names: two patients
        RowState.FOUND,
        RowState.MISSING,
        RowState.MISSING,
        RowState.REFUSED,
    ]
    rows = await library.work_lists.rows(head.list_id, [0, 4])
    assert rows[0].reason == "2 patients fit"
    assert "2026-02-30" in rows[1].reason
    assert rows[1].line == 7
    assert len(archive.asked) == 4  # a refused row is never asked


async def test_an_ambiguous_row_is_chosen(
    library: LibraryService, archive: Archive
) -> None:
    head = await a_list(library)
    await asked(library, head)
    lists = library.work_lists
    known = await lists.open(head.list_id)
    row = (await lists.rows(head.list_id, [0]))[0]
    choices = known.choices(row)
    assert [one.words[0] for one in choices] == ["Doe, Jonathan", "Doe, Johnathan"]
    await lists.choose(head.list_id, 0, choices[1].key)
    assert known.states[0] is RowState.FOUND
    assert known.series(0) == ("1.2.5.1",)
    with pytest.raises(ChrislibError, match="changed"):
        await lists.choose(head.list_id, 0, "patient:none")


async def test_the_same_question_is_asked_once(
    library: LibraryService, archive: Archive
) -> None:
    head = await a_list(library, "MRN\n" + "2210045\n" * 9 + "4543673\n")
    await asked(library, head)
    # four workers may ask before the first has its answer
    assert len(archive.asked) <= 5
    assert (await states(library, head)).count(RowState.FOUND) == 9


async def test_rows_follow_their_pulls(
    library: LibraryService, neighbours: Neighbours, archive: Archive
) -> None:
    head = await a_list(library)
    await asked(library, head)
    lists, jobs = library.work_lists, neighbours.jobs
    assert await lists.pull(head.list_id) == 1
    known = await lists.open(head.list_id)
    assert (await states(library, head))[1] is RowState.PULLING
    (key,) = jobs.rows
    jobs.move(key, Phase.FAILED, done=3, total=20, detail="The PACS went away.")
    assert (await states(library, head))[1] is RowState.STOPPED
    assert "went away" in (await lists.rows(head.list_id, [1]))[0].reason
    assert await lists.pull(head.list_id) == 1  # only what is missing
    assert len(jobs.rows) == 1
    neighbours.session.fake.pacs.register("1.2.6.1", images=20)
    jobs.move(key, Phase.FINISHED, done=20, total=20)
    await until(lambda: known.states[1] is RowState.PULLED)
    assert await lists.pull(head.list_id) == 0
    again = await a_list(library, "MRN\n2210045\n")
    await asked(library, again)
    assert await states(library, again) == [RowState.PULLED]


async def test_a_list_is_taken_up_after_a_restart(
    tmp_path: Path, neighbours: Neighbours, archive: Archive
) -> None:
    first = neighbours.service()
    await first.start()
    head = await a_list(first, "MRN\n" + "\n".join(str(n) for n in range(400)))
    await first.work_lists.start(head.list_id)
    await until(lambda: len(archive.asked) > 40)
    await first.stop()  # as quitting does
    done = len(archive.asked)
    assert done < 400
    second = neighbours.service()
    await second.start()
    kept = second.work_lists.head(head.list_id)
    assert kept is not None
    assert kept.state is RunState.PAUSED
    known = await second.work_lists.open(head.list_id)
    missing = known.states.count(RowState.MISSING)
    assert done - 8 <= missing <= done
    await asked(second, head)
    assert await states(second, head) == [RowState.MISSING] * 400
    assert len(archive.asked) <= 400 + 8  # what was answered is not asked again
    await second.stop()


async def test_a_refusal_pauses_and_marks_nothing(
    library: LibraryService, archive: Archive
) -> None:
    archive.error = Forbidden("You may not ask this PACS.", hint="Ask for access.")
    head = await a_list(library)
    await asked(library, head)
    kept = library.work_lists.head(head.list_id)
    assert kept is not None
    assert kept.state is RunState.PAUSED
    assert kept.reason == "You may not ask this PACS. Ask for access."
    assert RowState.MISSING not in await states(library, head)


async def test_silence_is_not_missing(
    library: LibraryService, archive: Archive
) -> None:
    archive.silent = True
    head = await a_list(library, "MRN\n" + "\n".join(str(n) for n in range(300)))
    await asked(library, head)
    kept = library.work_lists.head(head.list_id)
    assert kept is not None
    assert kept.state is RunState.PAUSED
    assert kept.reason.startswith("No answer from Main PACS")
    assert len(archive.asked) < 20  # it is not asked 300 times
    assert set(await states(library, head)) == {RowState.WAITING}
    archive.silent = False
    await asked(library, head)
    assert set(await states(library, head)) == {RowState.MISSING}


async def test_one_study_is_meant_where_a_date_stands(
    library: LibraryService, archive: Archive
) -> None:
    head = await a_list(library, "MRN;Date\n4543673;2026-03-04\n2210045;2025-05-01\n")
    archive.patients = archive.patients[:1] + archive.patients[2:]
    await asked(library, head)
    assert await states(library, head) == [RowState.AMBIGUOUS, RowState.FOUND]
    rows = await library.work_lists.rows(head.list_id, [0])
    assert rows[0].reason == "2 studies fit"


async def test_one_study_in_two_archives_is_one(
    library: LibraryService, archive: Archive
) -> None:
    study = a_study("1.2.9", "MR", None, [a_series("1.2.9.1", "T1")])
    other = replace(study, pacs="Archive")
    archive.patients = (FoundPatient("77", "Roe", None, "", (study, other)),)
    head = await a_list(library, "Accession;MRN\nA1;77\n")
    await asked(library, head)
    assert await states(library, head) == [RowState.FOUND]


async def test_the_report_says_what_became_of_each_row(
    library: LibraryService, archive: Archive, tmp_path: Path
) -> None:
    archive.patients = (
        *archive.patients,
        FoundPatient("66", "@SUM(A1)^X", None, "", archive.patients[2].studies),
    )
    head = await a_list(library, TABLE + "66;;\n")
    await asked(library, head)
    path = await library.work_lists.report(head.list_id, tmp_path)
    again = await library.work_lists.report(head.list_id, tmp_path)
    assert (path.name, again.name) == (
        "patients report.csv",
        "patients report (2).csv",
    )
    assert path.stat().st_mode & 0o077 == 0
    with path.open(encoding="utf-8-sig", newline="") as stream:
        heads, *rows = csv.reader(stream)
    assert heads[:5] == ["MRN", "Name", "Study date", "Line", "Result"]
    results = [row[4] for row in rows]
    assert results == ["Ambiguous", "Found", "Missing", "Missing", "Refused", "Found"]
    assert rows[5][7] == "'@SUM(A1), X"
    assert rows[1][7] == "山田 太郎"
    with pytest.raises(ChrislibError, match="was not written"):
        await library.work_lists.report(head.list_id, tmp_path / "none")


async def test_a_list_can_be_forgotten(
    library: LibraryService, archive: Archive, neighbours: Neighbours
) -> None:
    head = await a_list(library)
    told: list[Any] = []
    stop: Callable[[], None] = library.work_lists.subscribe(told.append)
    await library.work_lists.delete(head.list_id)
    assert told
    stop()
    assert library.work_lists.heads() == []
    assert await neighbours.catalog.work_lists.lists() == []
    with pytest.raises(ChrislibError, match="gone"):
        await library.work_lists.open(head.list_id)


async def test_a_large_list_is_kept_and_opened(
    library: LibraryService, archive: Archive
) -> None:
    text = "MRN\n" + "\n".join(str(number) for number in range(100_000))
    head = await a_list(library, text)
    known = await library.work_lists.open(head.list_id)
    assert known.counts == {RowState.WAITING: 100_000}
    rows = await library.work_lists.rows(head.list_id, [99_999])
    assert rows[0].cells == ("99999",)
