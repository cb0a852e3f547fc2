"""Several runs as one thing: paused, resumed, ended; one progress, one message."""

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from chrislib import bootstrap
from chrislib.catalog.inbox import InboxQuery
from chrislib.desktop.toast import Toast
from chrislib.jobs.model import Job, Phase
from chrislib.jobs.notices.policy import Policy
from chrislib.views.navigation import ShowFeed, ShowLibrary
from tests.gui.program.conftest import texts_of
from tests.gui.program.person import Person, child_intent, feed, submit

Program = Any
Station = Any
ProgramFactory = Callable[..., Program]

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


class Recording:
    """A desktop that keeps what it was given to show."""

    def __init__(self) -> None:
        self.shown: list[Toast] = []

    async def show(self, toast: Toast) -> bool:
        """Keep it."""
        self.shown.append(toast)
        return True

    async def disturbed(self) -> bool:
        """Say that everything may be shown."""
        return False

    def close(self) -> None:
        """Nothing stays behind."""


@pytest.fixture
def desktop(monkeypatch: pytest.MonkeyPatch) -> Recording:
    """Return the desktop the program shows its messages on."""
    made = Recording()
    monkeypatch.setattr(bootstrap, "desktop_sink", lambda *_a, **_k: made)
    return made


@pytest.fixture
def person(
    desktop: Recording, program_factory: ProgramFactory, station: Station
) -> Person:
    """Return a person at a program that tells of everything."""
    program = program_factory(station)
    jobs = program.services.jobs
    program.wait(lambda: jobs.account_id)
    program.run(jobs.notices.set_policy(jobs.account_id, Policy()))
    return Person(program)


def rows_of_batch(person: Person, key: str) -> list[Any]:
    """Return what the inbox has of a batch as a whole."""
    notices = person.program.services.jobs.notices
    rows = person.program.run(notices.page(InboxQuery(batch_key=key)))
    return [row for row in rows if row.job_key is None]


def members(person: Person, key: str) -> list[Job]:
    """Return the runs of a batch."""
    return [j for j in person.program.services.jobs.jobs() if j.batch_key == key]


def begin(person: Person, count: int) -> str:
    """Write a batch down that waits to be sent."""
    program = person.program
    _, root = feed(program, "Many")
    person.wait(lambda: person.job(root.key).phase is Phase.FINISHED, "the root")
    intents = [child_intent(program, root, f"part {n}") for n in range(count)]
    batches = program.services.jobs.batches
    made: str = program.run(batches.submit(intents, "Many parts", paused=True))
    return made


def test_a_batch_is_resumed_paused_and_resumed_with_one_progress_and_message(
    person: Person, desktop: Recording
) -> None:
    key = begin(person, 10)
    batches = person.program.services.jobs.batches
    person.wait(lambda: "Paused at 0 of 10" in person.batch_state(key), "one row")
    person.press_batch(key, "Resume")
    person.wait(lambda: batches.get(key).sent >= 1, "sending")
    person.press_batch(key, "Pause")
    person.wait(lambda: "Paused at" in person.batch_state(key), "paused")
    # what is on its way when it is paused arrives
    services = person.program.services

    def none_in_flight() -> bool:
        return not any(j.phase is Phase.SUBMITTING for j in members(person, key))

    person.wait(none_in_flight, "nothing is on its way")
    view = batches.get(key)
    assert view.waiting > 0, "it was over before it could be paused"
    person.program.run(services.jobs.refresh())
    assert batches.get(key).sent == view.sent

    person.key_on_batch(key, Qt.Key.Key_R)
    # who looks at it is not told by the desktop as well
    person.program.context.navigator.go(ShowLibrary("overview"))
    person.wait(lambda: batches.get(key).state == "DONE", "all of it")
    assert batches.get(key).done == 10
    assert len({job.remote_id for job in members(person, key)}) == 10
    person.wait(lambda: len(rows_of_batch(person, key)) == 1, "one outcome")
    (row,) = rows_of_batch(person, key)
    assert (row.kind, row.title) == ("READY", "Many parts")

    def told() -> list[Toast]:
        return [t for t in desktop.shown if key in t.target]

    person.wait(told, "one message")
    assert len(told()) == 1
    keys = {job.key for job in members(person, key)}
    assert not [t for t in desktop.shown if any(k in t.target for k in keys)]
    # its row goes when nothing of it is under way
    person.jobs_list()
    person.wait(lambda: not person.batch_state(key), "no row")


def test_the_rest_of_a_batch_is_not_sent(person: Person) -> None:
    key = begin(person, 5)
    batches = person.program.services.jobs.batches
    person.press_batch(key, "Resume")
    person.wait(lambda: batches.get(key).sent >= 1, "sending")
    person.press_batch(key, "Pause")
    person.wait(lambda: "Paused at" in person.batch_state(key), "paused")
    person.press_batch(key, "Cancel the rest")
    asked = person.sheet("confirm")
    assert asked.title.text() == "Cancel the rest of Many parts?"
    assert "are not sent any more. What was sent goes on." in texts_of(asked)
    person.press("Cancel the rest", within=asked)
    person.wait(lambda: batches.get(key).ended_at is not None, "over")
    view = batches.get(key)
    assert view.state == "CANCELLED"
    assert view.done == view.sent
    assert view.done + view.cancelled == 5
    (row,) = rows_of_batch(person, key)
    assert row.title == "Many parts"


def test_a_batch_is_looked_into_and_left_again(person: Person) -> None:
    key = begin(person, 3)
    batches = person.program.services.jobs.batches
    mine = {job.key for job in members(person, key)}
    view, shell = person.jobs_list(), person.window.shell
    person.wait(lambda: mine < set(view.jobs.shown_keys()), "all jobs")
    everything = set(view.jobs.shown_keys())

    def only_mine() -> bool:
        return view.isVisible() and set(view.jobs.shown_keys()) == mine

    def everything_again() -> bool:
        return everything <= set(view.jobs.shown_keys())

    # with the keyboard: in, to the feed of one of them, back, and out
    person.key_on_batch(key, Qt.Key.Key_Return)
    person.wait(only_mine, "its jobs alone")
    strip = person.window.findChild(QWidget, "jobs.batch")
    person.program.wait_to_read("Many parts", "0 of 3 sent", "By subject …")
    person.press("Resume", within=strip)
    person.wait(lambda: batches.get(key).sent == 3, "sent")
    person.wait(lambda: all(job.remote_id for job in members(person, key)), "there")
    current = view.current_job()
    assert current is not None
    assert current.key in mine
    QTest.keyClick(view, Qt.Key.Key_Return)
    there = ShowFeed(current.feed_id, current.remote_id)
    person.wait(lambda: shell._here == there, "the feed")
    shell.back()
    person.wait(only_mine, "the batch again")
    QTest.keyClick(view, Qt.Key.Key_Escape)
    person.wait(everything_again, "all jobs")
    assert not strip.isVisible()

    # when nothing of it is under way its row is among the finished, by batch
    person.wait(lambda: batches.get(key).ended_at is not None, "over")
    person.click(person.window.findChild(QWidget, "jobs.groups.batch"))
    name, jobs = f"head:batch:{key}", view.jobs
    person.wait(lambda: jobs.row_of(name) > jobs.row_of("head:finished"), "its row")
    person.press_batch(key, "Show")
    person.wait(only_mine, "its jobs alone")
    person.press("By subject …", within=strip)
    person.press("Close", within=person.sheet("many.runs"))
    shell.back()
    person.wait(only_mine, "the batch again")
    person.press("All jobs", within=strip)
    person.wait(everything_again, "all jobs")
    person.wait(lambda: jobs.name_at(view.currentIndex().row()) == name, "its row")


def test_runs_that_were_stopped_are_run_again_as_one_batch(person: Person) -> None:
    program = person.program
    _, root = feed(program, "Again")
    person.wait(lambda: person.job(root.key).phase is Phase.FINISHED, "the root")
    made = [
        submit(program, child_intent(program, root, f"stopped {n}", sleepLength="900"))
        for n in range(2)
    ]
    view = person.jobs_list()

    def select() -> None:
        person.wait(
            lambda: all(view.jobs.row_of(job.key) >= 0 for job in made), "both rows"
        )
        view.show_job(made[0].key)
        for job in made[1:]:
            place = view.visualRect(view.jobs.index(view.jobs.row_of(job.key), 0))
            QTest.mouseClick(
                view.viewport(),
                Qt.MouseButton.LeftButton,
                Qt.KeyboardModifier.ControlModifier,
                place.center(),
            )
        assert {job.key for job in view.selected_jobs()} == {job.key for job in made}

    select()
    QTest.keyClick(view, Qt.Key.Key_X)
    person.press("Cancel 2 jobs", within=person.sheet("confirm"))
    person.wait(
        lambda: all(person.job(job.key).phase is Phase.CANCELLED for job in made),
        "stopped",
    )
    select()
    QTest.keyClick(view, Qt.Key.Key_R)
    batches = program.services.jobs.batches

    def found() -> list[Any]:
        return [b for b in batches.batches() if b.title == "2 runs once more"]

    person.wait(found, "a batch")
    (batch,) = found()
    person.wait(lambda: len(members(person, batch.key)) == 2, "both again")
    person.wait(lambda: batches.get(batch.key).sent == 2, "sent")
    person.wait(
        lambda: "All sent, 0 of 2 over" in person.batch_state(batch.key), "its words"
    )
    for job in members(person, batch.key):
        program.run(program.services.jobs.cancel(job.key))
    person.wait(lambda: batches.get(batch.key).ended_at is not None, "over")
