"""The inbox beside the job list."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QItemSelectionModel, QObject, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QMenu, QPushButton
from pytestqt.qtbot import QtBot

from chrislib.errors import ChrislibError
from chrislib.jobs.model import InboxRow, JobKey, Phase, Progress, ResultState
from chrislib.views.context import ViewContext
from chrislib.views.jobs.inbox_model import HEAD_ROLE, InboxModel, day_words
from chrislib.views.jobs.inbox_pane import InboxPane
from chrislib.views.messages import Message
from chrislib.views.navigation import ShowFeed, ShowInbox
from tests.gui.jobs.conftest import end, outcome, pull, run

OFFSCREEN = pytest.mark.qt_log_ignore("grabbing the keyboard", "does not support raise")
"""What Qt says when a menu opens without a window manager."""

Fakes = Any
SELECT = QItemSelectionModel.SelectionFlag


def row(number: int, at: float, **more: Any) -> InboxRow:
    """Return an outcome of no job."""
    return InboxRow(
        dedupe_key=f"key-{number:05}",
        kind=more.pop("kind", "READY"),
        job_key=None,
        feed_id=more.pop("feed", 12),
        instance_id=34,
        title=f"Outcome {number}",
        text="64 files.",
        created_at=at,
        seen_at=more.pop("seen", None),
        acted_at=None,
        **more,
    )


@pytest.fixture
def inbox(ctx: ViewContext, fakes: Fakes, qtbot: QtBot) -> Iterator[InboxPane]:
    ready = run("ready", Phase.FINISHED, result=ResultState.READY)
    failed = run("failed", Phase.FAILED)
    fakes.jobs.rows = {ready.key: ready, failed.key: failed}
    fakes.jobs.inbox_rows = [
        replace(outcome("f", "failed", "FAILED"), created_at=fakes.now - 60),
        replace(outcome("r", "ready", seen=50.0), created_at=fakes.now - 120),
    ]
    made = InboxPane(ctx)
    made.resize(376, 850)
    made.show()
    qtbot.waitUntil(lambda: len(made.model.rows) == 2, timeout=2000)
    yield made
    end(made)


def child(inbox: InboxPane, kind: type[Any], name: str) -> Any:
    found = inbox.findChild(kind, name)
    assert isinstance(found, kind), name
    return found


def called(fakes: Fakes, qtbot: QtBot, *call: str) -> None:
    qtbot.waitUntil(lambda: call in fakes.jobs.calls, timeout=2000)


def shows(inbox: InboxPane, keys: list[str]) -> bool:
    """Whether exactly these outcomes are listed."""
    return [row.dedupe_key for row in inbox.model.rows] == keys


def focus(inbox: InboxPane, *keys: str) -> None:
    """Highlight outcomes, the last one with the focus."""
    selection = inbox.view.selectionModel()
    selection.clearSelection()
    for key in keys:
        place = inbox.model.place_of(key)
        assert place.isValid()
        selection.select(place, SELECT.Select | SELECT.Rows)
        selection.setCurrentIndex(place, SELECT.NoUpdate)


def press(inbox: InboxPane, key: str, word: str) -> None:
    """Click a painted button."""
    place = inbox.model.place_of(key)
    entry = inbox.model.entry(place.row())
    assert isinstance(entry, InboxRow)
    buttons = inbox.view._delegate.buttons(entry, inbox.view.visualRect(place))
    (box,) = [box for verb, box in buttons if verb.word == word]
    QTest.mouseClick(inbox.view.viewport(), Qt.MouseButton.LeftButton, pos=box.center())


def choose(inbox: InboxPane, menu_name: str, *words: str) -> None:
    """Choose an entry of an open menu by its words."""
    menu = child(inbox, QMenu, menu_name)
    for word in words:
        (action,) = [a for a in menu.actions() if a.text().partition("\t")[0] == word]
        if action.menu() is not None:
            menu = action.menu()
        else:
            action.trigger()
    menu.close()


def test_the_inbox_counts_what_was_not_seen(
    inbox: InboxPane, fakes: Fakes, qtbot: QtBot
) -> None:
    unread = child(inbox, QLabel, "inbox.unread")
    assert unread.text() == "1 unread"
    child(inbox, QPushButton, "inbox.all-read").click()
    called(fakes, qtbot, "mark_all", "all")
    fakes.jobs.put_inbox(outcome("f", "failed", "FAILED", seen=60.0))
    qtbot.waitUntil(lambda: unread.text() == "", timeout=2000)


@OFFSCREEN
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
    press(inbox, "r", "Later")
    choose(inbox, "inbox.later", "In 1 hour")
    called(fakes, qtbot, "later", "ready", str(fakes.now + 3600))


@OFFSCREEN
def test_later_by_key_until_tomorrow(
    inbox: InboxPane, fakes: Fakes, qtbot: QtBot
) -> None:
    focus(inbox, "r")
    QTest.keyClick(inbox.view, Qt.Key.Key_L)
    choose(inbox, "inbox.later", "Tomorrow")
    morning = datetime.fromtimestamp(fakes.now) + timedelta(days=1)
    until = morning.replace(hour=8, minute=0, second=0, microsecond=0).timestamp()
    called(fakes, qtbot, "later", "ready", str(until))


def test_a_snoozed_outcome_says_until_when(inbox: InboxPane, fakes: Fakes) -> None:
    ready = inbox.model.rows[1]
    assert inbox.model.second_line(ready) == "64 files."
    until = fakes.now + 60
    job = replace(
        fakes.jobs.rows[JobKey("ready")],
        result=ResultState.SNOOZED,
        snooze_until=until,
    )
    fakes.jobs.put(job)
    clock = f"{datetime.fromtimestamp(until):%H:%M}"
    assert inbox.model.second_line(ready) == f"Snoozed until {clock}."


def test_an_outcome_is_said_in_words_with_what_is_known(
    inbox: InboxPane, fakes: Fakes
) -> None:
    failed, ready = inbox.model.rows
    assert inbox.model.said(failed) == "failed"
    assert inbox.model.said(ready) == "is ready"
    assert "Outcome r" in inbox.model.first_line(ready)
    silent = replace(ready, text="")
    assert inbox.model.second_line(silent) == "Feed 12"
    sign_in = replace(ready, kind="AUTH", job_key=None, feed_id=None)
    assert inbox.model.said(sign_in) == ""
    brought = pull("p", Phase.FINISHED, progress=Progress(3, 3, "images"))
    fakes.jobs.rows[brought.key] = brought
    images = replace(ready, job_key=brought.key, feed_id=None, text="")
    assert inbox.model.said(images) == "is in your library"
    assert inbox.model.second_line(images) == "3 images"


def test_return_shows_exactly_that_node_and_marks_it_read(
    inbox: InboxPane, fakes: Fakes, qtbot: QtBot, ctx: ViewContext
) -> None:
    gone: list[object] = []
    ctx.navigator.requested.connect(gone.append)
    focus(inbox, "f")
    QTest.keyClick(inbox.view, Qt.Key.Key_Return)
    assert gone == [ShowFeed(12, 34)]
    called(fakes, qtbot, "act", "f", "seen")


def test_discard_is_undone_within_eight_seconds(
    inbox: InboxPane, fakes: Fakes, qtbot: QtBot, posted: list[Message]
) -> None:
    focus(inbox, "f", "r")
    QTest.keyClick(inbox.view, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: bool(posted), timeout=2000)
    called(fakes, qtbot, "act", "f", "discard")
    called(fakes, qtbot, "act", "r", "discard")
    (message,) = posted
    assert message.seconds == 8
    assert message.title == "2 discarded"
    assert message.action is not None
    message.action[1]()
    called(fakes, qtbot, "act", "f", "undo")
    called(fakes, qtbot, "act", "r", "undo")


def test_read_and_unread_by_key_for_all_highlighted(
    inbox: InboxPane, fakes: Fakes, qtbot: QtBot
) -> None:
    focus(inbox, "f", "r")
    QTest.keyClick(inbox.view, Qt.Key.Key_M)
    called(fakes, qtbot, "mark", "f", "r", "seen")
    focus(inbox, "r")
    QTest.keyClick(inbox.view, Qt.Key.Key_M)
    called(fakes, qtbot, "mark", "r", "unseen")


def test_a_feed_is_muted_from_the_menu_and_back(
    inbox: InboxPane, fakes: Fakes, qtbot: QtBot, posted: list[Message]
) -> None:
    focus(inbox, "f")
    inbox.view.menu_of(inbox.view.highlighted())
    words = "Of feed 12, until I want them again"
    choose(inbox, "inbox.menu", "No desktop messages", words)
    qtbot.waitUntil(lambda: bool(fakes.jobs.notices.muted), timeout=2000)
    (mute,) = fakes.jobs.notices.muted
    assert (mute.scope, mute.ref, mute.until) == ("feed", "12", None)
    qtbot.waitUntil(lambda: bool(posted), timeout=2000)
    assert posted[0].action is not None
    posted[0].action[1]()
    qtbot.waitUntil(lambda: not fakes.jobs.notices.muted, timeout=2000)


def test_only_one_feed_and_all_again(
    inbox: InboxPane, fakes: Fakes, qtbot: QtBot
) -> None:
    other = replace(outcome("o", "ready"), feed_id=13, created_at=fakes.now)
    fakes.jobs.put_inbox(*fakes.jobs.inbox_rows, other)
    qtbot.waitUntil(lambda: len(inbox.model.rows) == 3, timeout=2000)
    focus(inbox, "o")
    inbox.view.menu_of(inbox.view.highlighted())
    choose(inbox, "inbox.menu", "Only feed 13")
    qtbot.waitUntil(lambda: len(inbox.model.rows) == 1, timeout=2000)
    only = child(inbox, QPushButton, "inbox.only")
    assert only.isVisible()
    assert only.text() == "Feed 13"
    only.click()
    qtbot.waitUntil(lambda: len(inbox.model.rows) == 3, timeout=2000)
    assert not only.isVisible()


def test_choices_and_words_narrow_the_list(inbox: InboxPane, qtbot: QtBot) -> None:
    choices = inbox.filters.choice
    for choice, keys in (
        ("unread", ["f"]),
        ("ready", ["r"]),
        ("problems", ["f"]),
        ("all", ["f", "r"]),
    ):
        choices.choose(choice)
        choices.chosen.emit(choice)
        qtbot.waitUntil(partial(shows, inbox, keys), timeout=2000)
    field = child(inbox, QLineEdit, "inbox.filter")
    inbox.focus_filter()
    QTest.keyClicks(field, "OUTCOME r")
    qtbot.waitUntil(
        lambda: [r.dedupe_key for r in inbox.model.rows] == ["r"], timeout=2000
    )
    QTest.keyClick(field, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: len(inbox.model.rows) == 2, timeout=2000)
    assert field.text() == ""


def test_a_filter_without_matches_offers_all_again(
    inbox: InboxPane, qtbot: QtBot
) -> None:
    child(inbox, QLineEdit, "inbox.filter").setText("nothing like this")
    qtbot.waitUntil(lambda: inbox._stack.currentIndex() == 1, timeout=2000)
    assert inbox._state.accessibleName() == "Nothing here fits"
    child(inbox, QPushButton, "state.action.1").click()
    qtbot.waitUntil(lambda: len(inbox.model.rows) == 2, timeout=2000)
    assert inbox._stack.currentIndex() == 0


def test_an_empty_inbox_says_so(inbox: InboxPane, fakes: Fakes, qtbot: QtBot) -> None:
    fakes.jobs.put_inbox()
    qtbot.waitUntil(lambda: inbox._stack.currentIndex() == 1, timeout=2000)
    assert inbox._state.accessibleName() == "Nothing waits for you"


def test_an_inbox_that_cannot_be_read_says_why_and_tries_again(
    ctx: ViewContext, fakes: Fakes, qtbot: QtBot
) -> None:
    fakes.jobs.notices.error = ChrislibError("The catalog cannot be read.", "Held.")
    fakes.jobs.inbox_rows = [row(1, fakes.now)]
    made = InboxPane(ctx)
    made.show()
    qtbot.waitUntil(
        lambda: made._state.accessibleName() == "The catalog cannot be read.",
        timeout=2000,
    )
    fakes.jobs.notices.error = None
    child(made, QPushButton, "state.action.1").click()
    qtbot.waitUntil(lambda: len(made.model.rows) == 1, timeout=2000)
    end(made)


def test_days_have_heads_that_keys_step_over(
    inbox: InboxPane, fakes: Fakes, qtbot: QtBot
) -> None:
    day = 86400.0
    fakes.jobs.put_inbox(
        row(1, fakes.now), row(2, fakes.now - day), row(3, fakes.now - 30 * day)
    )
    qtbot.waitUntil(lambda: len(inbox.model.rows) == 3, timeout=2000)
    model = inbox.model
    heads = [
        head
        for number in range(model.rowCount())
        if (head := model.index(number, 0).data(HEAD_ROLE))
    ]
    then = datetime.fromtimestamp(fakes.now - 30 * day)
    assert heads == ["Today", "Yesterday", f"{then:%Y-%m-%d}"]
    focus(inbox, "key-00001")
    QTest.keyClick(inbox.view, Qt.Key.Key_Down)
    current = inbox.view.current_row()
    assert current is not None
    assert current.dedupe_key == "key-00002"
    assert inbox.view.rowHeight(0) < inbox.view.rowHeight(1)


def test_day_words() -> None:
    now = datetime(2026, 11, 22, 0, 30).timestamp()
    assert day_words(now - 60, now) == "Today"
    assert day_words(now - 3600, now) == "Yesterday"
    assert day_words(now - 3 * 86400, now) == "Thu 19"
    assert day_words(now - 7 * 86400, now) == "2026-11-15"
    assert day_words(now + 3 * 86400, now) == "2026-11-25"


def test_a_link_narrows_to_its_message_or_highlights_its_outcome(
    inbox: InboxPane, fakes: Fakes, qtbot: QtBot
) -> None:
    inbox.show_place(ShowInbox(item="r"))
    qtbot.waitUntil(lambda: inbox.view.current_row() is not None, timeout=2000)
    current = inbox.view.current_row()
    assert current is not None
    assert current.dedupe_key == "r"
    inbox.show_place(ShowInbox(toast="abc"))
    assert inbox.filters.query.toast == "abc"
    inbox.show_place(ShowInbox(item="r", verb="later"))
    called(fakes, qtbot, "later", "ready", str(fakes.now + 3600))
    assert not inbox.filters.query.toast


def test_new_rows_are_announced_while_somebody_reads_further_down(
    inbox: InboxPane, fakes: Fakes, qtbot: QtBot
) -> None:
    rows = [row(n, fakes.now - n) for n in range(50)]
    fakes.jobs.put_inbox(*rows)
    qtbot.waitUntil(lambda: len(inbox.model.rows) == 50, timeout=2000)
    bar = inbox.view.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    before = bar.value()
    shown = inbox.view.indexAt(QPoint(60, 60)).row()
    fakes.jobs.put_inbox(*rows, row(100, fakes.now + 1), row(101, fakes.now + 2))
    news = child(inbox, QPushButton, "inbox.news")
    qtbot.waitUntil(news.isVisible, timeout=2000)
    assert news.text() == "2 new, show"
    assert bar.value() == before
    assert inbox.view.indexAt(QPoint(60, 60)).row() == shown
    news.click()
    qtbot.waitUntil(lambda: len(inbox.model.rows) == 52, timeout=2000)
    assert inbox.view.at_top
    assert not news.isVisible()


def test_what_is_highlighted_stays_when_rows_come(
    inbox: InboxPane, fakes: Fakes, qtbot: QtBot
) -> None:
    focus(inbox, "r")
    newer = replace(outcome("n", "ready"), created_at=fakes.now)
    fakes.jobs.put_inbox(*fakes.jobs.inbox_rows, newer)
    qtbot.waitUntil(lambda: len(inbox.model.rows) == 3, timeout=2000)
    current = inbox.view.current_row()
    assert current is not None
    assert current.dedupe_key == "r"
    assert [r.dedupe_key for r in inbox.view.highlighted()] == ["r"]


class Longest(QObject):
    """Measures the longest time the window worked on one event.

    Processor time of this thread: other programs of a busy machine do not count.
    """

    def __init__(self) -> None:
        super().__init__()
        self.worst = 0.0

    def run(self, work: Any) -> None:
        """Do something and note how long it held the thread."""
        began = time.thread_time()
        work()
        QApplication.processEvents()
        self.worst = max(self.worst, time.thread_time() - began)


def test_ten_thousand_rows_come_page_by_page_without_a_hitch(
    inbox: InboxPane, fakes: Fakes, qtbot: QtBot
) -> None:
    rows = [row(n, fakes.now - n * 60) for n in range(10_000)]
    fakes.jobs.inbox_rows = []
    # the catalog does this on a thread of its own; here it must not be measured
    ordered = sorted(rows, key=lambda r: (r.created_at, r.dedupe_key), reverse=True)
    places = {(r.created_at, r.dedupe_key): n for n, r in enumerate(ordered)}

    async def page(_query: Any, *, after: Any = None, limit: int = 100) -> Any:
        first = places[after] + 1 if after is not None else 0
        return tuple(ordered[first : first + limit])

    fakes.jobs.notices.page = page
    inbox.refresh()
    qtbot.waitUntil(lambda: len(inbox.model.rows) == 200, timeout=2000)
    bar, longest = inbox.view.verticalScrollBar(), Longest()
    deadline = time.monotonic() + 60
    while len(inbox.model.rows) < 10_000:
        assert time.monotonic() < deadline
        longest.run(lambda: bar.setValue(bar.maximum()))
        qtbot.wait(1)
    assert [r.dedupe_key for r in inbox.model.rows] == [r.dedupe_key for r in ordered]
    longest.run(inbox.view.scrollToTop)
    longest.run(lambda: inbox.view.verticalScrollBar().setValue(bar.maximum()))
    assert longest.worst < 0.25, longest.worst


def test_a_model_page_continues_the_day(ctx: ViewContext, fakes: Fakes) -> None:
    parent = QObject()
    model = InboxModel(parent, ctx)
    model.show_rows([row(1, fakes.now), row(2, fakes.now - 1)], more=True)
    assert model.canFetchMore(model.index(-1, 0))
    model.fetchMore(model.index(-1, 0))
    assert not model.canFetchMore(model.index(-1, 0)), "asked for once"
    model.add_older([row(2, fakes.now - 1), row(3, fakes.now - 2)], more=False)
    assert model.rowCount() == 4, "one head, and no row twice"
    model.update_newest([row(1, fakes.now), row(3, fakes.now - 2)], more=False)
    assert [r.dedupe_key for r in model.rows] == ["key-00001", "key-00003"]


def test_pointer_lights_buttons_and_leaves_them(inbox: InboxPane) -> None:
    place = inbox.view.visualRect(inbox.model.place_of("f")).center()
    QTest.mouseMove(inbox.view.viewport(), place)
    assert inbox.view.pointer == place
    QApplication.sendEvent(inbox.view, QEvent(QEvent.Type.Leave))
    assert inbox.view.pointer == QPoint(-1, -1)
