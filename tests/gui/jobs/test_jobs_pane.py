"""Jobs: groups, verbs, filter, undo, words."""

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPlainTextEdit, QToolButton
from pytestqt.qtbot import QtBot

from chrislib.errors import ChrislibError
from chrislib.jobs.model import FailedFile, Job, JobKey, Phase, ResultState
from chrislib.views.context import ViewContext
from chrislib.views.jobs.job_rows import ACTIONS, STATE
from chrislib.views.jobs.jobs_pane import JobsPane
from chrislib.views.messages import Message
from chrislib.views.navigation import ShowFeed, ShowLibrary
from tests.gui.jobs.conftest import end, press, pull, run, titles

Fakes = Any


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
    qtbot.waitUntil(lambda: bool(pane.model._held), timeout=2000)
    index = pane.model.index_of(JobKey("moving"))
    assert index.siblingAtColumn(STATE).data() == "In your library"
    assert titles(pane)["running"] == ["moving"]
    pane.view._hover("")
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
    until = ("later", "ready", str(fakes.now + 3600))
    qtbot.waitUntil(lambda: until in fakes.jobs.calls, timeout=2000)
    QTest.keyClick(pane.view, Qt.Key.Key_Delete)
    done = ("act", "ready:READY:0", "discard")
    qtbot.waitUntil(lambda: done in fakes.jobs.calls, timeout=2000)
    assert posted[-1].detail == "Nothing is deleted on the server."
    assert posted[-1].seconds == 8
    assert posted[-1].action is not None
    posted[-1].action[1]()
    undone = ("act", "ready:READY:0", "undo")
    qtbot.waitUntil(lambda: undone in fakes.jobs.calls, timeout=2000)


def test_get_asks_for_a_folder_and_downloads(
    pane: JobsPane, fakes: Fakes, qtbot: QtBot, tmp_path: Any
) -> None:
    press(pane, "ready", "Get")
    qtbot.waitUntil(lambda: bool(fakes.dialogs.asked), timeout=2000)
    qtbot.waitUntil(lambda: pane._tasks.pending == 0, timeout=2000)
    assert not any(call[0] == "get" for call in fakes.jobs.calls)
    fakes.dialogs.folder = tmp_path
    press(pane, "ready", "Get")
    got = ("get", "ready", str(tmp_path))
    qtbot.waitUntil(lambda: got in fakes.jobs.calls, timeout=2000)


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
    pane.head.filter.setText("nothing like it")
    qtbot.waitUntil(lambda: "none" in pane._pages, timeout=30_000)
    assert pane._stack.currentWidget() is pane._pages["none"]
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
    qtbot.waitUntil(lambda: pane.model.count_of("finished") == 2, timeout=2000)
    asked: list[list[Job]] = []
    pane.view.get_all_asked.disconnect()
    pane.view.get_all_asked.connect(asked.append)
    rect = pane.view._whole(pane.model.row_of("head:finished"))
    words, place = pane.view._delegate.head_link(rect)
    assert words == "Get all ready (2)"
    QTest.mouseClick(
        pane.view.viewport(), Qt.MouseButton.LeftButton, pos=place.center()
    )
    assert [len(jobs) for jobs in asked] == [2]


def test_a_head_folds_its_group(pane: JobsPane) -> None:
    rows = pane.model.rowCount()
    spot = pane.view.visualRect(pane.model.index(0, 0)).topLeft() + QPoint(40, 10)
    QTest.mouseClick(pane.view.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert not pane.model.is_open(0)
    assert pane.model.rowCount() == rows - 1
    assert pane.model.row_of("failed") == -1
    pane.show_job("failed")
    assert pane.model.is_open(0)
    assert pane.view.current_job() is not None


def test_an_empty_list_says_what_will_be_here(ctx: ViewContext, qtbot: QtBot) -> None:
    pane = JobsPane(ctx)
    qtbot.waitUntil(lambda: pane._tasks.pending == 0, timeout=2000)
    assert pane._stack.currentWidget() is pane._pages["empty"]
    end(pane)
