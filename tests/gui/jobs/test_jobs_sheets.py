"""Sheets and details of Jobs: tracking, which run, what changed, removing, past."""

import json
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QLabel,
    QMainWindow,
    QPlainTextEdit,
    QPushButton,
    QRadioButton,
)
from pytestqt.qtbot import QtBot

from chrislib.errors import ChrislibError
from chrislib.jobs.adopting.links import ForeignLink
from chrislib.jobs.history.past import FileFact, Happening, Past
from chrislib.jobs.model import JobKey, Phase
from chrislib.jobs.outputs.fingerprint import Comparison, Difference
from chrislib.jobs.submission.reconcile import Choice
from chrislib.views.context import ViewContext
from chrislib.views.dialogs.confirm import ConfirmSheet
from chrislib.views.jobs.changed_sheet import ChangedSheet
from chrislib.views.jobs.detail import JobDetail
from chrislib.views.jobs.facts import facts_of, files_of, history_of, phase_times
from chrislib.views.jobs.jobs_pane import JobsPane
from chrislib.views.jobs.track_sheet import TrackSheet
from chrislib.views.jobs.which_sheet import WhichSheet
from chrislib.views.messages import Message
from chrislib.views.navigation import ShowJobs
from tests.gui.jobs.conftest import child, outcome, run

Fakes = Any


@pytest.fixture
def window(qtbot: QtBot, theme: Any) -> QMainWindow:
    made = QMainWindow()
    made.resize(1200, 760)
    qtbot.addWidget(made)
    made.show()
    return made


def test_an_address_is_tracked_and_shown(
    window: QMainWindow,
    ctx: ViewContext,
    fakes: Fakes,
    qtbot: QtBot,
    posted: list[Message],
) -> None:
    gone: list[object] = []
    ctx.navigator.requested.connect(gone.append)
    fakes.jobs.adoption.job = run("found", Phase.RUNNING)
    sheet = TrackSheet(window, ctx)
    sheet.open()
    sheet.field.setText("  chris:feed/12/node/34 ")
    sheet.next_button.click()
    qtbot.waitUntil(lambda: gone == [ShowJobs("found")], timeout=2000)
    assert ("track_url", "chris:feed/12/node/34", "") in fakes.jobs.calls
    assert posted[-1].title == "Run found is tracked."


def test_an_address_that_cannot_be_read_is_explained_under_the_field(
    window: QMainWindow, ctx: ViewContext, fakes: Fakes, qtbot: QtBot
) -> None:
    fakes.jobs.adoption.refuse = ChrislibError(
        "This is no address.", "Nothing was sent.", hint="Paste another."
    )
    sheet = TrackSheet(window, ctx)
    sheet.open()
    refused = child(sheet, QLabel, "track.refused")
    sheet.field.clear()
    sheet.next_button.click()
    assert refused.text() == "There is no address yet. Paste one."
    sheet.field.setText("nonsense")
    sheet.next_button.click()
    words = "This is no address. Nothing was sent. Paste another."
    qtbot.waitUntil(lambda: refused.text() == words, timeout=2000)
    assert sheet.isVisible()
    assert sheet.next_button.isEnabled()
    sheet.reject()


def test_web_pages_of_a_server_may_have_an_address_of_their_own(
    window: QMainWindow, ctx: ViewContext, fakes: Fakes, qtbot: QtBot
) -> None:
    fakes.jobs.adoption.refuse = ForeignLink(
        "It leads to app.example.org.",
        "Nothing was sent.",
        context={"host": "app.example.org", "web": "yes"},
    )
    sheet = TrackSheet(window, ctx)
    sheet.open()
    sheet.field.setText("https://app.example.org/feeds/12")
    sheet.next_button.click()
    qtbot.waitUntil(sheet.back_button.isVisible, timeout=2000)
    assert sheet.back_button.text() == "app.example.org shows chris.example.org"
    fakes.jobs.adoption.job = run("found", Phase.RUNNING)
    sheet.back_button.click()
    asked = ("track_url", "https://app.example.org/feeds/12", "app.example.org")
    qtbot.waitUntil(lambda: asked in fakes.jobs.calls, timeout=2000)


def test_one_of_several_runs_is_chosen_or_none(
    window: QMainWindow, ctx: ViewContext, fakes: Fakes, qtbot: QtBot
) -> None:
    job = run("lost", Phase.SUBMIT_UNCERTAIN, error_code="AMBIGUOUS")
    choices = [Choice(35, 12, "", "started", "2026-11-22T08:00:00+00:00")]
    sheet = WhichSheet(window, ctx, job=job, choices=choices)
    sheet.open()
    sheet.next_button.click()
    note = child(sheet, QLabel, "sheet.note")
    assert note.text() == "Choose one of them first."
    child(sheet, QRadioButton, "which.none").click()
    assert sheet.next_button.text() == "None of them"
    one = child(sheet, QRadioButton, "which.35")
    assert one.text().startswith("Feed 12, node 35, running, since 2026-11-2")
    one.click()
    sheet.next_button.click()
    chosen = ("choose", "lost", "35")
    qtbot.waitUntil(lambda: chosen in fakes.jobs.calls, timeout=2000)


def test_the_question_is_asked_from_the_row(
    pane: JobsPane, fakes: Fakes, qtbot: QtBot
) -> None:
    fakes.jobs.submissions.found = [Choice(35, 12, "", "started", "x")]
    fakes.jobs.put(run("lost", Phase.SUBMIT_UNCERTAIN, error_code="AMBIGUOUS"))
    qtbot.waitUntil(lambda: pane.model.index_of(JobKey("lost")).isValid(), timeout=2000)
    pane._do("which", fakes.jobs.rows[JobKey("lost")])
    qtbot.waitUntil(lambda: pane.findChild(WhichSheet) is not None, timeout=2000)
    sheet = child(pane, WhichSheet, "which.sheet")
    sheet.reject()


def test_what_has_changed_is_a_table_with_three_ways_out(
    window: QMainWindow, ctx: ViewContext, fakes: Fakes, qtbot: QtBot
) -> None:
    found = Comparison(
        True,
        (
            Difference("parameter", "threads", "8", "16"),
            Difference("input file", "T1.nii.gz", "31 MB", ""),
        ),
        True,
    )
    sheet = ChangedSheet(window, ctx, job=run("r", Phase.FINISHED), found=found)
    sheet.open()
    texts = [
        [str(sheet.table.model().index(row, column).data()) for column in range(4)]
        for row in range(2)
    ]
    assert texts == [
        ["Parameter", "threads", "8", "16"],
        ["Input file", "T1.nii.gz", "31 MB", "not there"],
    ]
    sheet.replace_button.click()
    settled = ("settle", "r", "replace")
    qtbot.waitUntil(lambda: settled in fakes.jobs.calls, timeout=2000)
    same = ChangedSheet(
        window, ctx, job=run("r", Phase.FINISHED), found=Comparison(True, (), False)
    )
    same.open()
    assert same.next_button.isHidden()
    assert same.cancel_button.text() == "Close"
    same.reject()


def test_removing_from_the_server_says_how_many_go(
    pane: JobsPane, fakes: Fakes, qtbot: QtBot
) -> None:
    ready = fakes.jobs.rows[JobKey("ready")]
    fakes.dialogs.answer = False
    pane._do("purge", ready)
    qtbot.waitUntil(
        lambda: "Remove 3 nodes from the server?" in fakes.dialogs.asked, timeout=2000
    )
    qtbot.waitUntil(lambda: pane._tasks.pending == 0, timeout=2000)
    assert not any(call[0] == "purge" for call in fakes.jobs.calls)
    fakes.dialogs.answer = True
    pane._do("purge", ready)
    gone = ("purge", "ready", "confirmed")
    qtbot.waitUntil(lambda: gone in fakes.jobs.calls, timeout=2000)


def test_provenance_is_written_beside_what_is_there(
    pane: JobsPane, fakes: Fakes, qtbot: QtBot, tmp_path: Path, posted: list[Message]
) -> None:
    fakes.dialogs.folder = tmp_path
    ready = fakes.jobs.rows[JobKey("ready")]
    for name in ("provenance-run-34.json", "provenance-run-34-2.json"):
        pane._do("provenance", ready)
        path = tmp_path / name
        qtbot.waitUntil(path.exists, timeout=2000)
        assert json.loads(path.read_text(encoding="utf-8")) == {"jobs": ["ready"]}
    fakes.dialogs.folder = tmp_path / "nowhere"
    pane._do("provenance", ready)
    qtbot.waitUntil(
        lambda: posted[-1].title == "The provenance was not written.", timeout=2000
    )


PAST = Past(
    (
        Happening("created", None, Phase.DRAFT, "user", 1000.0),
        Happening("observed", Phase.DRAFT, Phase.RUNNING, "active", 1060.0),
        Happening("result", Phase.RUNNING, Phase.RUNNING, "user", 1070.0),
        Happening("observed", Phase.RUNNING, Phase.FINISHED, "window", 1660.0),
        Happening(
            "result",
            Phase.FINISHED,
            Phase.FINISHED,
            "user",
            1700.0,
            "",
            {"result": "DISCARDED"},
        ),
    ),
    "line 1\nline 2",
    (FileFact("out/a.txt", 12, "DONE", "here/a.txt"), FileFact("b", 1, "WAITING")),
)


def test_the_past_is_told_in_words_and_local_times() -> None:
    assert [row[0] for row in phase_times(PAST, 2000.0)] == [
        "Not sent yet",
        "Running",
        "Ready",
    ]
    assert [row[1] for row in phase_times(PAST, 2000.0)][:2] == ["1 min", "10 min"]
    text = history_of(PAST, 2000.0)
    assert "Discarded  (you)" in text
    assert "active" not in text
    assert history_of(Past(), 0.0) == "Nothing is kept of its past."
    assert files_of(PAST).splitlines() == ["out/a.txt: here as here/a.txt", "b: waits"]
    live = Past(PAST.events[:2])
    assert phase_times(live, 1100.0)[-1] == ("Running", "40 s so far")


def test_details_turn_their_pages_and_offer_what_can_be_done(
    pane: JobsPane, fakes: Fakes, qtbot: QtBot
) -> None:
    fakes.jobs.history.pasts[JobKey("ready")] = PAST
    pane.show_job("ready")
    detail = child(pane, JobDetail, "jobs.detail")
    facts = child(detail, QPlainTextEdit, "jobs.detail.facts")
    assert "Its files can be opened." in facts.toPlainText()
    detail.show_page("log")
    qtbot.waitUntil(lambda: facts.toPlainText() == "line 1\nline 2", timeout=2000)
    detail.show_page("parameters")
    assert facts.toPlainText() == "Plugin: pl-a 1\nlevel: 3"
    asked: list[str] = []
    detail.asked.disconnect()
    detail.asked.connect(lambda name, _job: asked.append(name))
    for name in ("get", "discard", "untrack", "compare", "purge", "provenance"):
        child(detail, QPushButton, f"jobs.detail.{name}").click()
    assert asked == ["get", "discard", "untrack", "compare", "purge", "provenance"]
    pane.view.clearSelection()
    pane.view.setCurrentIndex(pane.model.index(-1, -1))
    assert detail.isHidden()


def test_a_stopped_run_says_why_and_what_to_do() -> None:
    job = run("r", Phase.FAILED, detail="Out of memory.", hint="Ask for more.")
    lines = facts_of(job, 1000.0).splitlines()
    assert lines[1:3] == ["Out of memory.", "Ask for more."]
    again = run("q", Phase.QUEUED, created_at=100.0)
    assert facts_of(again, 200.0).splitlines()[0] == "Preparing"


def test_a_cancel_that_the_server_ignored_asks_again(
    pane: JobsPane, fakes: Fakes, qtbot: QtBot
) -> None:
    stuck = run(
        "stuck", Phase.RUNNING, cancel_requested_at=fakes.now - 200, cancel_sends=2
    )
    fakes.jobs.put(stuck)
    qtbot.waitUntil(
        lambda: pane.model.index_of(JobKey("stuck")).isValid(), timeout=2000
    )
    pane.show_job("stuck")
    detail = child(pane, JobDetail, "jobs.detail")
    child(detail, QPushButton, "jobs.detail.let-run").click()
    qtbot.waitUntil(lambda: ("let_run", "stuck") in fakes.jobs.calls, timeout=2000)


def test_later_has_three_ends(pane: JobsPane, fakes: Fakes, qtbot: QtBot) -> None:
    from datetime import datetime

    from chrislib.views.jobs.doing import later_until

    now = datetime(2026, 11, 22, 14, 0).astimezone().timestamp()
    evening = datetime.fromtimestamp(later_until("later-evening", now)).astimezone()
    morning = datetime.fromtimestamp(later_until("later-tomorrow", now)).astimezone()
    assert later_until("later", now) == now + 3600
    assert (evening.hour, evening.day) == (18, 22)
    assert (morning.hour, morning.day) == (8, 23)
    pane.show_job("ready")
    key = "ready:READY:0"
    fakes.jobs.inbox_rows = [outcome(key, "ready")]
    QTest.keyClick(pane.view, Qt.Key.Key_M)
    qtbot.waitUntil(lambda: ("mark", key, "seen") in fakes.jobs.calls, timeout=2000)
    fakes.jobs.inbox_rows = [outcome(key, "ready", seen=5.0)]
    QTest.keyClick(pane.view, Qt.Key.Key_M)
    qtbot.waitUntil(lambda: ("mark", key, "unseen") in fakes.jobs.calls, timeout=2000)


def test_the_first_key_never_does_what_cannot_be_taken_back(
    window: QMainWindow, theme: Any, qtbot: QtBot
) -> None:
    ended: list[int] = []
    for danger in (True, False):
        sheet = ConfirmSheet(
            window, theme, "Sure?", "It goes.", action="Do it", danger=danger
        )
        sheet.finished.connect(ended.append)
        sheet.open()
        focused = sheet.focusWidget()
        assert focused is not None
        QTest.keyClick(focused, Qt.Key.Key_Space)
        qtbot.waitUntil(lambda: not sheet.isVisible(), timeout=2000)  # noqa: B023
    assert ended == [0, 1]
