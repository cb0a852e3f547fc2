"""Several feeds of the list: highlighted, renamed, tagged, merged, deleted."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QMenu, QPushButton
from pytestqt.qtbot import QtBot

from chrislib.errors import ChrislibError
from chrislib.feeds.measures import Measure
from chrislib.feeds.tags import Tag
from chrislib.views.feeds.bulk_sheet import BulkSheet
from chrislib.views.feeds.bulk_sheets import MergeSheet, RenameSheet
from chrislib.views.feeds.list_note import ListNote
from chrislib.views.feeds.pane import FeedsPane
from chrislib.views.feeds.share_sheet import ShareSheet
from chrislib.views.feeds.tag_sheet import TagSheet
from chrislib.views.messages import Message
from chrislib.views.widgets.buttons import Field
from chrislib.views.widgets.sheet import Sheet

_S = TypeVar("_S", bound=Sheet)
_CTRL, _SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
_NONE = Qt.KeyboardModifier.NoModifier


def wait(qtbot: QtBot, condition: Callable[[], object]) -> None:
    qtbot.waitUntil(lambda: bool(condition()), timeout=60_000)


@pytest.fixture
def here(fakes: Any) -> None:
    """A server whose feeds can be remembered."""
    fakes.session.client = SimpleNamespace(
        server=SimpleNamespace(uuid="one"), username="alex"
    )


@pytest.fixture
def loaded(qtbot: QtBot, here: None, pane: FeedsPane) -> FeedsPane:
    wait(qtbot, lambda: pane.list.loaded and pane.centre.shows_feed)
    wait(qtbot, lambda: not pane._tasks.pending)
    return pane


def shown(pane: FeedsPane) -> list[int]:
    model = pane.list.model
    rows = [model.feed_at(model.index(row)) for row in range(model.rowCount())]
    return [int(row.id) for row in rows if row is not None]


def click(pane: FeedsPane, feed_id: int, keys: Qt.KeyboardModifier = _NONE) -> None:
    view = pane.list.view
    at = view.visualRect(pane.list.model.index(pane.list.model.row_of(feed_id)))
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, keys, at.center())


def highlighted(pane: FeedsPane) -> list[int]:
    return [int(row.id) for row in pane.list.highlighted]


def sheet(qtbot: QtBot, pane: FeedsPane, kind: type[_S]) -> _S:
    def found() -> list[_S]:
        sheets = pane.window().findChildren(kind)
        return [one for one in sheets if one.isVisible()]

    wait(qtbot, lambda: bool(found()))
    return found()[-1]


def entries(menu: QMenu) -> dict[str, Callable[[], None]]:
    return {
        action.text().partition("\t")[0]: action.trigger for action in menu.actions()
    }


def test_ctrl_and_shift_highlight_and_open_nothing(
    qtbot: QtBot, loaded: FeedsPane
) -> None:
    pane, order = loaded, shown(loaded)
    click(pane, order[0])
    opened = pane.here
    click(pane, order[2], _CTRL)
    assert highlighted(pane) == [order[0], order[2]]
    click(pane, order[3], _SHIFT)
    chosen = [order[0], *order[2:4]]
    assert highlighted(pane) == chosen
    assert pane.here == opened
    # a fresher list changes nothing of it
    pane.refresh()
    wait(qtbot, lambda: not pane._tasks.pending)
    assert highlighted(pane) == chosen
    QTest.keyClick(pane.list.view, Qt.Key.Key_A, _CTRL)
    assert highlighted(pane) == order
    assert pane.list.head.currentIndex() == 1
    QTest.keyClick(pane.list.view, Qt.Key.Key_Escape)
    assert highlighted(pane) == [opened.feed_id]
    assert pane.list.head.currentIndex() == 0
    assert pane.here == opened
    # a plain click opens, also on the row the keys are at
    click(pane, order[1], _CTRL)
    click(pane, order[1])
    wait(qtbot, lambda: pane.here.feed_id == order[1])


def test_a_pattern_is_seen_before_anything_is_renamed(
    qtbot: QtBot, loaded: FeedsPane, feeds: Any
) -> None:
    pane, order = loaded, shown(loaded)
    click(pane, order[0])
    click(pane, order[1], _CTRL)
    QTest.keyClick(pane.list.view, Qt.Key.Key_F2)
    page = sheet(qtbot, pane, RenameSheet)
    pattern = page.findChild(Field, "feeds.rename.pattern")
    assert pattern is not None
    # nothing would change
    said = page.findChild(QLabel, "sheet.note")
    assert said is not None
    wait(qtbot, lambda: said.text() == "The titles stay as they are.")
    assert not page.next_button.isEnabled()
    pattern.setText("")
    wait(qtbot, lambda: said.text() == "The new title is empty.")
    assert not page.next_button.isEnabled()
    pattern.setText("{n:2} of {name}")
    wait(qtbot, page.next_button.isEnabled)
    title = pane.list.highlighted[1].title
    assert page.model.index(1, 1).data() == f"02 of {title}"
    # what is refused stays in the sheet with its reason; the rest is done
    feeds.bulk.refused[order[0]] = ChrislibError("It is not yours.", hint="Ask.")
    page.next_button.click()
    wait(qtbot, lambda: page.model.rowCount() == 1)
    assert page.model.index(0, 1).data() == "It is not yours."
    assert page.next_button.text() == "Retry 1"
    feeds.bulk.refused.clear()
    page.next_button.click()
    wait(qtbot, lambda: len(feeds.bulk.calls) == 2)
    wait(qtbot, lambda: not pane._tasks.pending)
    names = [(ids, titles[0]) for act, ids, titles in feeds.bulk.calls]
    first = names[0][1]
    assert names == [(tuple(order[:2]), first), ((order[0],), first)]


def test_a_deletion_says_what_goes_along_and_takes_the_rows_away(
    qtbot: QtBot, loaded: FeedsPane, feeds: Any, ctx: Any
) -> None:
    pane, order = loaded, shown(loaded)
    feeds.bulk.weight = replace(feeds.bulk.weight, states={order[0]: {"ready": 3}})
    click(pane, order[0])
    wait(qtbot, lambda: pane.here.feed_id == order[0])
    click(pane, order[1], _SHIFT)
    QTest.keyClick(pane.list.view, Qt.Key.Key_Delete)
    page = sheet(qtbot, pane, BulkSheet)
    told: list[Message] = []
    ctx.messages.posted.connect(told.append)
    facts = page.findChild(QLabel, "feeds.delete.facts")
    wait(qtbot, page.next_button.isEnabled)
    assert facts is not None
    assert facts.text() == "27 nodes · 1,204 files · 2.1 GB"
    # by the count of the server for one feed, not by that of its list
    words = {str(page.model.index(row, 1).data()) for row in range(2)}
    assert "3 nodes · ready" in words
    feeds.scopes["mine"] = [r for r in feeds.scopes["mine"] if r.id not in order[:2]]
    page.next_button.click()
    wait(qtbot, lambda: shown(pane) == order[2:])
    assert [message.title for message in told] == ["2 feeds are deleted."]
    # the open one gives way to another
    wait(qtbot, lambda: pane.here.feed_id == order[2])
    assert [call[:2] for call in feeds.bulk.calls] == [("delete", tuple(order[:2]))]
    wait(qtbot, lambda: not pane._tasks.pending)


def test_a_deletion_is_not_dropped_in_passing_and_a_stop_is_told(
    qtbot: QtBot, loaded: FeedsPane, feeds: Any, ctx: Any
) -> None:
    pane, order = loaded, shown(loaded)
    begun: list[int] = []

    async def delete(rows: Any, *, told: Callable[[int, int], None]) -> None:
        told(1, len(rows))
        begun.append(len(rows))
        await asyncio.Event().wait()

    feeds.bulk.delete = delete
    click(pane, order[0])
    wait(qtbot, lambda: pane.here.feed_id == order[0])
    click(pane, order[2], _SHIFT)
    QTest.keyClick(pane.list.view, Qt.Key.Key_Delete)
    page = sheet(qtbot, pane, BulkSheet)
    wait(qtbot, page.next_button.isEnabled)
    told: list[Message] = []
    ctx.messages.posted.connect(told.append)
    page.next_button.click()
    wait(qtbot, lambda: begun)
    said = page.findChild(QLabel, "sheet.note")
    assert said is not None
    assert said.text() == "1 of 3 feeds"
    # Esc while it goes on asks first
    QTest.keyClick(page, Qt.Key.Key_Escape)
    assert page.isVisible()
    assert page.running
    assert "Close again to stop" in said.text()
    assert told == []
    page.cancel_button.click()
    wait(qtbot, lambda: told)
    assert told[0].title == "Delete was stopped before the end."
    assert "1 of 3 feeds were seen to, and up to 2 more were begun." in told[0].detail
    wait(qtbot, lambda: not pane._tasks.pending)


def test_feeds_of_others_are_deleted_after_asking_twice(
    qtbot: QtBot, loaded: FeedsPane, feeds: Any
) -> None:
    pane, order = loaded, shown(loaded)
    rows = feeds.scopes["mine"]
    place = next(n for n, row in enumerate(rows) if row.id == order[1])
    rows[place] = replace(rows[place], owner="kim")
    pane.refresh()
    wait(qtbot, lambda: "kim" in {row.owner for row in pane.list.rows()})
    click(pane, order[0])
    click(pane, order[1], _CTRL)
    QTest.keyClick(pane.list.view, Qt.Key.Key_Delete)
    page = sheet(qtbot, pane, BulkSheet)
    wait(qtbot, page.next_button.isEnabled)
    page.next_button.click()
    said = page.findChild(QLabel, "sheet.note")
    assert said is not None
    assert said.text().startswith("1 feed belongs to kim.")
    assert feeds.bulk.calls == []
    page.next_button.click()
    wait(qtbot, lambda: len(feeds.bulk.calls) == 1)
    wait(qtbot, lambda: not pane._tasks.pending)


def test_two_feeds_become_one_under_a_title(
    qtbot: QtBot, loaded: FeedsPane, feeds: Any, make: Any
) -> None:
    pane, order = loaded, shown(loaded)
    feeds.bulk.job = make.job(812, 1)
    click(pane, order[1])
    click(pane, order[2], _CTRL)
    menu = pane.listing.menu()
    entries(menu)["Merge …"]()
    page = sheet(qtbot, pane, MergeSheet)
    page.next_button.click()
    wait(qtbot, lambda: pane.here.feed_id == 812)
    assert feeds.bulk.calls[0][0] == "merge"
    assert " and " in feeds.bulk.calls[0][2]
    wait(qtbot, lambda: not pane._tasks.pending)


def test_pinned_feeds_stand_on_top_and_are_remembered(
    qtbot: QtBot, loaded: FeedsPane, ctx: Any
) -> None:
    pane, order = loaded, shown(loaded)
    click(pane, order[-1])
    wait(qtbot, lambda: pane.here.feed_id == order[-1])
    entries(pane.listing.menu())["Pin on top"]()
    assert shown(pane)[0] == order[-1]
    pane.list.arrange("order", "old")
    assert shown(pane)[0] == order[-1]
    assert ctx.layout.get("feeds.pinned") == {"one alex": [order[-1]]}
    assert ctx.layout.get("feeds.recent")["one alex"][0] == order[-1]
    pane.list.arrange("marked", "pinned")
    assert shown(pane) == [order[-1]]
    pane.list.show_all()
    entries(pane.listing.menu())["Take the pin off"]()
    assert shown(pane) == order[::-1]


def test_tags_and_days_leave_feeds_out(
    qtbot: QtBot, loaded: FeedsPane, feeds: Any
) -> None:
    pane, order = loaded, shown(loaded)
    feeds.talk.tags = [
        Tag(number, name, "#3f8fd2", owner="alex", mine=True)
        for number, name in enumerate(("teaching", "brain"))
    ]
    feeds.talk.on = {order[1]: {1}, order[2]: {0, 1}}
    pane.list.arrange("tag", "brain")
    wait(qtbot, lambda: shown(pane) == order[1:3])
    pane.list.arrange("tag", "")
    pane.list.arrange("order", "tag")
    wait(qtbot, lambda: shown(pane) == [order[1], order[2], order[0], *order[3:]])
    pane.list.search.setText("teaching")
    wait(qtbot, lambda: shown(pane) == [order[2]])
    pane.list.show_all()
    pane.list.arrange("days", "today")
    assert set(shown(pane)) < set(order)
    pane.list.arrange("owner", "nobody else")
    assert shown(pane) == []
    pane.list.show_all()
    assert set(shown(pane)) == set(order)


def test_words_are_looked_for_in_tags_that_nobody_asked_about_before(
    qtbot: QtBot, loaded: FeedsPane, feeds: Any
) -> None:
    pane, order, talk = loaded, shown(loaded), feeds.talk
    talk.tags = [
        Tag(number, name, "#3f8fd2", owner="alex", mine=True)
        for number, name in enumerate(("teaching", "glioma"))
    ]
    talk.on = {order[1]: {1}, order[2]: {0}}
    asked: list[int] = []
    answer, gate = talk.feeds_of, asyncio.Event()

    async def feeds_of(tag_id: int) -> set[int]:
        asked.append(tag_id)
        await gate.wait()
        found: set[int] = await answer(tag_id)
        return found

    feeds.tags.feeds_of = feeds_of
    note = pane.list.findChild(ListNote, "feeds.list.note")
    assert note is not None
    pane.list.search.setText("teach")
    wait(qtbot, lambda: asked)
    assert shown(pane) == []
    assert note.accessibleName().startswith("Looking at tags")
    gate.set()
    wait(qtbot, lambda: shown(pane) == [order[2]])
    # no other tag can add a feed, and what is known is not asked for again
    assert asked == [0]
    pane.list.search.setText("teachin")
    wait(qtbot, lambda: not pane._tasks.pending)
    assert shown(pane) == [order[2]]
    pane.list.search.setText("nothing like it")
    wait(qtbot, lambda: note.accessibleName().startswith("No feed has these words"))
    assert asked == [0]
    # a filter makes one tag known: the others are still to be asked for
    pane.list.show_all()
    pane.list.tags_changed.emit()
    pane.list.arrange("tag", "teaching")
    wait(qtbot, lambda: shown(pane) == [order[2]])
    pane.list.show_all()
    pane.list.search.setText("glio")
    wait(qtbot, lambda: shown(pane) == [order[1]])
    assert asked == [0, 0, 1]


def test_a_search_says_when_tags_could_not_be_read(
    qtbot: QtBot, loaded: FeedsPane, feeds: Any
) -> None:
    pane, shown_before = loaded, shown(loaded)
    feeds.talk.tags = [Tag(0, "teaching", "", owner="alex", mine=True)]

    async def feeds_of(_tag_id: int) -> set[int]:
        raise ChrislibError("No answer.")

    feeds.tags.feeds_of = feeds_of
    note = pane.list.findChild(ListNote, "feeds.list.note")
    assert note is not None
    pane.list.search.setText("teach")
    wait(qtbot, lambda: "did not say which" in note.accessibleName())
    count = pane.list.findChild(QLabel, "feeds.list.count")
    assert count is not None
    assert count.text() == "0 of 4 without tags"
    again = pane.list.findChild(QPushButton, "feeds.list.note.second")
    assert again is not None
    assert again.text() == "Try again"
    feeds.tags.feeds_of = feeds.talk.feeds_of
    feeds.talk.on = {shown_before[1]: {0}}
    again.click()
    wait(qtbot, lambda: shown(pane) == [shown_before[1]])
    assert count.text() == "1 of 4"


def test_tags_and_access_of_several_are_one_sheet(
    qtbot: QtBot, loaded: FeedsPane, feeds: Any
) -> None:
    pane, order = loaded, shown(loaded)
    click(pane, order[0])
    click(pane, order[1], _CTRL)
    entries(pane.listing.menu())["Tags …"]()
    tags = sheet(qtbot, pane, TagSheet)
    assert tags.title.text() == "Tags of 2 feeds"
    tags.reject()
    entries(pane.listing.menu())["Share …"]()
    share = sheet(qtbot, pane, ShareSheet)
    assert share.title.text() == "Share 2 feeds"
    share.reject()
    # somebody has changed tags: what the list knew of them is asked for anew
    feeds.talk.tags = [Tag(0, "brain", "", owner="alex", mine=True)]
    feeds.talk.on = {order[1]: {0}}
    pane.list.arrange("tag", "brain")
    wait(qtbot, lambda: shown(pane) == [order[1]])
    feeds.talk.on = {order[2]: {0}}
    pane.list.tags_changed.emit()
    wait(qtbot, lambda: shown(pane) == [order[2]])
    wait(qtbot, lambda: not pane._tasks.pending)


def test_rows_say_how_long_a_feed_ran_and_what_it_takes(
    qtbot: QtBot, loaded: FeedsPane, feeds: Any
) -> None:
    pane = loaded
    feeds.measures.known[771] = Measure(seconds=2280, size=1_200_000_000)
    pane.list.in_sight.emit()
    index = pane.list.model.index(pane.list.model.row_of(771))
    said = Qt.ItemDataRole.AccessibleTextRole
    wait(qtbot, lambda: "38 min, 1.2 GB" in str(index.data(said)))
