"""What the job list does not do: draw and make what nobody sees."""

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QPaintEvent
from pytestqt.qtbot import QtBot

from chrislib.jobs.model import JobKey
from chrislib.views.jobs.job_view import JobView
from chrislib.views.jobs.jobs_pane import JobsPane

Fakes = Any


class Drawn(QObject):
    """Notes which rows a view was asked to draw."""

    def __init__(self, view: JobView) -> None:
        super().__init__(view)
        self._view = view
        self.rows: set[int] = set()
        view.viewport().installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Look at what is painted, and let it be painted."""
        if isinstance(event, QPaintEvent):
            for row in range(self._view.jobs.rowCount()):
                place = self._view.visualRect(self._view.jobs.index(row, 0))
                if event.region().intersects(place):
                    self.rows.add(row)
        return False


def test_as_time_passes_only_rows_with_other_words_are_drawn(
    pane: JobsPane, fakes: Fakes, qtbot: QtBot
) -> None:
    pane._tick.stop()
    drawn = Drawn(pane.view)
    rows = {key: pane.model.index_of(JobKey(key)).row() for key in ("moving", "ready")}

    def seen_after(seconds: float) -> set[int]:
        """Return which rows are drawn for a look that much later."""
        fakes.now += seconds
        drawn.rows.clear()
        pane._second()
        # the heads always are
        qtbot.waitUntil(lambda: bool(drawn.rows), timeout=10_000)
        pane._tick.stop()
        return drawn.rows & set(rows.values())

    ended = replace(fakes.jobs.rows[JobKey("ready")], terminal_at=fakes.now)
    fakes.jobs.put(ended)
    feed = pane._context.job_feed
    qtbot.waitUntil(lambda: not feed.waiting and pane._arranger.idle, timeout=30_000)

    def left_alone() -> bool:
        # a window that comes up late is drawn as a whole now and then
        return any(not seen_after(0.0) for _ in range(20))

    assert left_alone()
    # it ended "Yesterday" by now
    assert rows["ready"] in seen_after(86_400.0)
    assert left_alone()


def test_a_page_that_says_there_is_nothing_waits_for_the_list(
    pane: JobsPane, fakes: Fakes, qtbot: QtBot
) -> None:
    assert pane._stack.currentWidget() is pane.splitter
    assert not pane._pages
    pane.head.filter.setText("no job has these words")
    qtbot.waitUntil(lambda: "none" in pane._pages, timeout=10_000)
    assert pane._stack.currentWidget() is pane._pages["none"]
    pane._clear_filter()
    assert pane._stack.currentWidget() is pane.splitter
