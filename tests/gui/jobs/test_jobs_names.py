"""Titles of runs as a server gave them: one plain line each in Jobs and Inbox."""

from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from chrislib.jobs.model import JobKey, Phase
from chrislib.views.context import ViewContext
from chrislib.views.jobs.facts import parameters_of
from chrislib.views.jobs.inbox_model import InboxModel
from chrislib.views.jobs.jobs_pane import JobsPane
from tests.gui.jobs.conftest import RUN, end, outcome, run

BAD = "T1\u202egnp\x07\x1b[1m <i>\nnext"
GOOD = "T1gnp <i> next"
TURNS = {"\u202e", "\x07", "\x1b"}


def test_titles_turn_no_line_round(ctx: ViewContext, fakes: Any, qtbot: QtBot) -> None:
    intent = replace(RUN, plugin_name=BAD)
    job = run("odd", Phase.RUNNING, title=BAD, intent=intent)
    fakes.jobs.rows = {job.key: job}
    pane = JobsPane(ctx)
    pane.resize(1064, 850)
    pane.show()
    qtbot.waitUntil(lambda: pane._arranger._problems is not None, timeout=60_000)
    qtbot.waitUntil(lambda: pane.model.row_of(JobKey("odd")) >= 0, timeout=60_000)
    index = pane.model.index(pane.model.row_of(JobKey("odd")), 0)
    assert str(index.data(Qt.ItemDataRole.AccessibleTextRole)).startswith(GOOD)
    assert not TURNS & set(str(index.data(Qt.ItemDataRole.ToolTipRole)))
    pane.view.setCurrentIndex(index)
    qtbot.waitUntil(
        lambda: any(label.text() == GOOD for label in pane.findChildren(QLabel)),
        timeout=60_000,
    )
    pane.view.copy()
    assert QGuiApplication.clipboard().text().startswith(GOOD)
    for label in pane.findChildren(QLabel):
        assert not TURNS & set(label.text() + label.toolTip())
    assert f"Plugin {GOOD}" in parameters_of(job)[:40].replace(": ", " ")
    inbox = InboxModel(pane, ctx)
    told = inbox.first_line(replace(outcome("o", "odd"), title=BAD))
    assert GOOD in told
    assert not TURNS & set(told)
    end(pane)
