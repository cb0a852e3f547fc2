"""Jobs and inbox: groups, verbs, filter, undo, words."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import shiboken6
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from chrislib.errors import ChrislibError
from chrislib.jobs.model import (
    FailedFile,
    InboxRow,
    Job,
    JobChange,
    JobKey,
    Kind,
    Phase,
    Progress,
    PullIntent,
    ResultState,
    RunIntent,
)
from chrislib.views.context import ViewContext
from chrislib.views.jobs.inbox_pane import InboxPane
from chrislib.views.jobs.job_model import ACTIONS, STATE
from chrislib.views.jobs.jobs_pane import JobsPane
from chrislib.views.messages import Message
from chrislib.views.navigation import ShowFeed, ShowLibrary

Fakes = Any
RUN = RunIntent(1, "pl-a", "1", "ds", {})
PULL = PullIntent("P", "1", "2", 192, "t", "item-1")


def run(key: str, phase: Phase, **more: Any) -> Job:
    return Job(
        JobKey(key),
        Kind.RUN,
        phase,
        RUN,
        f"Run {key}",
        feed_id=12,
        remote_id=34,
        created_at=more.pop("created_at", 100.0),
        **more,
    )


def pull(key: str, phase: Phase, **more: Any) -> Job:
    return Job(JobKey(key), Kind.PULL, phase, PULL, f"Pull {key}", **more)


def outcome(key: str, job: str, kind: str = "READY", **more: Any) -> InboxRow:
    return InboxRow(
        key,
        kind,
        JobKey(job),
        12,
        34,
        f"Outcome {key}",
        "64 files.",
        100.0,
        more.get("seen"),
        more.get("acted"),
    )


def end(pane: JobsPane | InboxPane) -> None:
    """Shut a pane down, then delete it (qtbot would delete it first)."""
    pane.shutdown()
    pane.hide()
    shiboken6.delete(pane)


@pytest.fixture
def pane(ctx: ViewContext, fakes: Fakes, qtbot: QtBot) -> Iterator[JobsPane]:
    fakes.jobs.checked_at = fakes.now - 12
    for job in (
        run("failed", Phase.FAILED, detail="Out of memory.", hint="Ask for more."),
        run("ready", Phase.FINISHED, result=ResultState.READY, terminal_at=200.0),
        pull("moving", Phase.RUNNING, progress=Progress(132, 192, "images")),
    ):
        fakes.jobs.rows[job.key] = job
    fakes.jobs.inbox_rows = [
        outcome("f", "failed", "FAILED"),
        outcome("r", "ready"),
    ]
    made = JobsPane(ctx)
    made.resize(1064, 850)
    made.show()
    qtbot.waitUntil(lambda: made._inbox is not None, timeout=2000)
    yield made
    end(made)


def titles(pane: JobsPane) -> dict[str, list[str]]:
    found = {}
    for group in ("attention", "running", "finished"):
        found[group] = [str(job.key) for job in pane.model.jobs_of(group)]
    return found


def press(pane: JobsPane, key: str, word: str) -> None:
    """Click the painted button `word` of a row, where it is."""
    index = pane.model.index_of(JobKey(key)).siblingAtColumn(ACTIONS)
    rect = pane.view.visualRect(index)
    job = pane.model.jobs_of("attention") + pane.model.jobs_of("running")
    job += pane.model.jobs_of("finished")
    chosen = next(one for one in job if one.key == key)
    for verb, box in pane.view._delegate.buttons(chosen, rect):
        if verb.word == word:
            QTest.mouseClick(
                pane.view.viewport(), Qt.MouseButton.LeftButton, pos=box.center()
            )
            return
    raise AssertionError(word)


def test_jobs_stand_in_three_groups(pane: JobsPane) -> None:
    assert titles(pane) == {
        "attention": ["failed"],
        "running": ["moving"],
        "finished": ["ready"],
    }
    index = pane.model.index_of(JobKey("moving"))
    assert index.siblingAtColumn(STATE).data() == "132 of 192 images"
    words = index.siblingAtColumn(ACTIONS).data(Qt.ItemDataRole.AccessibleTextRole)
    assert words == "Cancel, Show"


def test_a_change_moves_a_row_unless_the_pointer_is_on_it(
    pane: JobsPane, fakes: Fakes, qtbot: QtBot
) -> None:
    moving = fakes.jobs.rows[JobKey("moving")]
    pane.view._hover(JobKey("moving"))
    fakes.jobs.put(replace(moving, phase=Phase.FINISHED, terminal_at=300.0))
    index = pane.model.index_of
    qtbot.waitUntil(
        lambda: (
            index(JobKey("moving")).siblingAtColumn(STATE).data() == "In your library"
        ),
        timeout=2000,
    )
    assert titles(pane)["running"] == ["moving"]
    pane.view._hover(None)
    assert titles(pane)["running"] == []
    assert "moving" in titles(pane)["finished"]


def test_painted_buttons_are_pressed_where_they_are_drawn(
    pane: JobsPane, fakes: Fakes, qtbot: QtBot, ctx: ViewContext
) -> None:
    gone: list[object] = []
    ctx.navigator.requested.connect(gone.append)
    press(pane, "failed", "Show")
    assert gone == [ShowFeed(12, 34)]
    press(pane, "failed", "Run again")
    qtbot.waitUntil(lambda: ("retry", "failed") in fakes.jobs.calls, timeout=2000)
    press(pane, "moving", "Show")
    assert gone[-1] == ShowLibrary("all", "item-1")


def test_cancel_asks_first(pane: JobsPane, fakes: Fakes, qtbot: QtBot) -> None:
    fakes.dialogs.answer = False
    press(pane, "moving", "Cancel")
    qtbot.waitUntil(lambda: bool(fakes.dialogs.asked), timeout=2000)
    qtbot.waitUntil(lambda: pane._tasks.pending == 0, timeout=2000)
    assert not any(call[0] == "cancel" for call in fakes.jobs.calls)
    fakes.dialogs.answer = True
    press(pane, "moving", "Cancel")
    qtbot.waitUntil(lambda: ("cancel", "moving") in fakes.jobs.calls, timeout=2000)


def test_keys_do_what_the_buttons_say(
    pane: JobsPane, fakes: Fakes, qtbot: QtBot, posted: list[Message]
) -> None:
    pane.show_job("ready")
    QTest.keyClick(pane.view, Qt.Key.Key_L)
    qtbot.waitUntil(lambda: ("act", "r", "later") in fakes.jobs.calls, timeout=2000)
    QTest.keyClick(pane.view, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: ("act", "r", "discard") in fakes.jobs.calls, timeout=2000)
    assert posted[-1].detail == "Nothing is deleted on the server."
    assert posted[-1].seconds == 8
    assert posted[-1].action is not None
    posted[-1].action[1]()
    qtbot.waitUntil(lambda: ("act", "r", "undo") in fakes.jobs.calls, timeout=2000)


def test_get_asks_for_a_folder_and_downloads(
    pane: JobsPane, fakes: Fakes, qtbot: QtBot, tmp_path: Any
) -> None:
    class Node:
        id = 34

    class View:
        nodes = (Node(),)

    saved: list[tuple[object, object]] = []

    async def open_feed(feed_id: int) -> View:
        return View()

    async def download(node: object, folder: object) -> None:
        saved.append((node, folder))

    fakes.feeds.open = open_feed
    fakes.feeds.download = download
    press(pane, "ready", "Get")
    qtbot.waitUntil(lambda: bool(fakes.dialogs.asked), timeout=2000)
    qtbot.waitUntil(lambda: pane._tasks.pending == 0, timeout=2000)
    assert saved == []
    fakes.dialogs.folder = tmp_path
    press(pane, "ready", "Get")
    qtbot.waitUntil(lambda: ("act", "r", "get") in fakes.jobs.calls, timeout=2000)
    assert saved == [(View.nodes[0], tmp_path)]


def test_a_verb_that_fails_is_told_in_words(
    pane: JobsPane, fakes: Fakes, qtbot: QtBot, posted: list[Message]
) -> None:
    async def retry(_key: JobKey) -> JobKey:
        raise ChrislibError("No answer.", "The job is kept.", hint="Try later.")

    fakes.jobs.retry = retry
    press(pane, "failed", "Run again")
    qtbot.waitUntil(lambda: bool(posted), timeout=2000)
    assert (posted[0].kind, posted[0].title) == ("error", "No answer.")


def test_kinds_and_filter_narrow_the_list(pane: JobsPane, qtbot: QtBot) -> None:
    pulls = pane.findChild(QToolButton, "jobs.kinds.pull")
    assert isinstance(pulls, QToolButton)
    pulls.click()
    assert titles(pane) == {"attention": [], "running": ["moving"], "finished": []}
    pane._filter.setText("nothing like it")
    assert pane._stack.currentIndex() == 2
    assert pane.escape()
    assert titles(pane)["attention"] == ["failed"]
    assert not pane.escape()


def test_the_facts_name_every_file_that_did_not_make_it(
    pane: JobsPane, fakes: Fakes, qtbot: QtBot
) -> None:
    broken = pull(
        "broken",
        Phase.FINISHED_WITH_ERRORS,
        failed_files=(FailedFile("a/b.dcm", "not DICOM"),),
        hint="Retry sends them again.",
    )
    fakes.jobs.put(broken)
    qtbot.waitUntil(
        lambda: pane.model.index_of(JobKey("broken")).isValid(), timeout=2000
    )
    pane.show_job("broken")
    facts = pane.findChild(QPlainTextEdit, "jobs.detail.facts")
    assert isinstance(facts, QPlainTextEdit)
    assert "a/b.dcm: not DICOM" in facts.toPlainText()
    assert "Retry sends them again." in facts.toPlainText()


def test_get_all_takes_everything_that_is_ready(
    pane: JobsPane, fakes: Fakes, qtbot: QtBot
) -> None:
    other = run("other", Phase.FINISHED, result=ResultState.READY, terminal_at=201.0)
    fakes.jobs.put(other)
    qtbot.waitUntil(lambda: len(pane.model.jobs_of("finished")) == 2, timeout=2000)
    asked: list[list[Job]] = []
    pane.view.get_all_asked.disconnect()
    pane.view.get_all_asked.connect(asked.append)
    head = pane.model.index(2, 0)
    rect = pane.view.visualRect(head)
    words, place = pane.view._delegate.head_link(rect)
    assert words == "Get all ready (2)"
    QTest.mouseClick(
        pane.view.viewport(), Qt.MouseButton.LeftButton, pos=place.center()
    )
    assert [len(jobs) for jobs in asked] == [2]


def test_a_head_folds_its_group(pane: JobsPane) -> None:
    head = pane.model.index(0, 0)
    spot = pane.view.visualRect(head).topLeft() + QPoint(40, 10)
    QTest.mouseClick(pane.view.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert not pane.view.isExpanded(head)


def test_an_empty_list_says_what_will_be_here(ctx: ViewContext, qtbot: QtBot) -> None:
    pane = JobsPane(ctx)
    assert pane._stack.currentIndex() == 1
    qtbot.waitUntil(lambda: pane._tasks.pending == 0, timeout=2000)
    end(pane)


def test_five_thousand_jobs_are_shown_and_changed_quickly(
    ctx: ViewContext, fakes: Fakes, qtbot: QtBot
) -> None:
    import time

    for number in range(5000):
        job = run(f"j{number}", Phase.FINISHED, terminal_at=float(number))
        fakes.jobs.rows[job.key] = job
    pane = JobsPane(ctx)
    pane.resize(1064, 850)
    pane.show()
    qtbot.waitUntil(lambda: pane._tasks.pending == 0, timeout=5000)
    began = time.perf_counter()
    fakes.jobs.put(run("new", Phase.RUNNING))
    qtbot.waitUntil(lambda: bool(pane.model.jobs_of("running")), timeout=2000)
    assert time.perf_counter() - began < 1
    head = pane.model.index(2, 0)
    assert pane.model.rowCount(head) == 200
    assert pane.model.count_of("finished") == 5000
    pane.show_job("j1")
    current = pane.view.current_job()
    assert current is not None
    assert current.key == "j1"
    end(pane)


def test_rows_behind_the_page_come_and_go_with_the_rest(
    ctx: ViewContext, fakes: Fakes, qtbot: QtBot, qtmodeltester: Any
) -> None:
    for number in range(450):
        job = run(f"j{number}", Phase.FINISHED, terminal_at=float(number))
        fakes.jobs.rows[job.key] = job
    pane = JobsPane(ctx)
    qtbot.waitUntil(lambda: pane._tasks.pending == 0, timeout=5000)
    qtmodeltester.check(pane.model)
    head = pane.model.index(2, 0)
    model = pane.model
    model.apply((JobChange(None, run("old", Phase.FINISHED, terminal_at=-5.0)),))
    assert model.rowCount(head) == 200
    model.apply((JobChange(None, run("new", Phase.FINISHED, terminal_at=999.0)),))
    assert model.rowCount(head) == 201
    again = run("new", Phase.RUNNING)
    model.apply((JobChange(None, again),))
    assert model.rowCount(head) == 200
    model.show_more()
    model.show_more()
    assert model.rowCount(head) == 451
    qtmodeltester.check(pane.model)
    end(pane)


# -- inbox -----------------------------------------------------------------------


@pytest.fixture
def inbox(ctx: ViewContext, fakes: Fakes, qtbot: QtBot) -> Iterator[InboxPane]:
    ready = run("ready", Phase.FINISHED, result=ResultState.READY)
    failed = run("failed", Phase.FAILED)
    fakes.jobs.rows = {ready.key: ready, failed.key: failed}
    fakes.jobs.inbox_rows = [
        outcome("f", "failed", "FAILED"),
        outcome("r", "ready", seen=50.0),
    ]
    made = InboxPane(ctx)
    made.resize(376, 850)
    made.show()
    qtbot.waitUntil(lambda: len(made.model.rows) == 2, timeout=2000)
    yield made
    end(made)


def test_the_inbox_counts_what_was_not_seen(
    inbox: InboxPane, fakes: Fakes, qtbot: QtBot
) -> None:
    unread = inbox.findChild(QLabel, "inbox.unread")
    assert isinstance(unread, QLabel)
    assert unread.text() == "1 unread"
    everything = inbox.findChild(QPushButton, "inbox.all-read")
    assert isinstance(everything, QPushButton)
    everything.click()
    qtbot.waitUntil(lambda: ("act", "f", "seen") in fakes.jobs.calls, timeout=2000)
    fakes.jobs.put_inbox(outcome("f", "failed", "FAILED", seen=60.0))
    qtbot.waitUntil(lambda: unread.text() == "", timeout=2000)


def test_outcomes_offer_get_later_discard_or_run_again(
    inbox: InboxPane, fakes: Fakes, qtbot: QtBot
) -> None:
    failed, ready = inbox.model.rows
    assert [v.word for v in inbox.model.verbs(ready)] == ["Get", "Later", "Discard"]
    assert [v.word for v in inbox.model.verbs(failed)] == [
        "Run again",
        "Show",
        "Discard",
    ]
    view = inbox.view
    rect = view.visualRect(inbox.model.index(1))
    later = view._delegate.buttons(ready, rect)[1][1]
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=later.center())
    qtbot.waitUntil(lambda: ("act", "r", "later") in fakes.jobs.calls, timeout=2000)


def test_return_shows_exactly_that_node_and_marks_it_read(
    inbox: InboxPane, fakes: Fakes, qtbot: QtBot, ctx: ViewContext
) -> None:
    gone: list[object] = []
    ctx.navigator.requested.connect(gone.append)
    inbox.view.setCurrentIndex(inbox.model.index(0))
    QTest.keyClick(inbox.view, Qt.Key.Key_Return)
    assert gone == [ShowFeed(12, 34)]
    qtbot.waitUntil(lambda: ("act", "f", "seen") in fakes.jobs.calls, timeout=2000)


def test_an_empty_inbox_says_so(inbox: InboxPane, fakes: Fakes, qtbot: QtBot) -> None:
    fakes.jobs.put_inbox()
    qtbot.waitUntil(lambda: inbox._stack.currentIndex() == 1, timeout=2000)
