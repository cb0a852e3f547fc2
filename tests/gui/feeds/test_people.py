"""Tags and access of feeds, and what is said when a feed is closed while it is open."""

from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QCheckBox, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from chrislib.cube.errors import CubeError, Forbidden, NotFound
from chrislib.errors import ChrislibError
from chrislib.feeds.sharing import Grant
from chrislib.feeds.tags import Tag
from chrislib.views.context import ViewContext
from chrislib.views.feeds.pane import FeedsPane
from chrislib.views.feeds.share_sheet import ShareSheet
from chrislib.views.feeds.tag_sheet import TagSheet

TAGS = [
    Tag(1, "pilot", "#4ea866", "alex", mine=True),
    Tag(2, "<b>teaching</b>", "no color", "mira", mine=False),
]


def settled(qtbot: QtBot, pane: FeedsPane) -> None:
    qtbot.waitUntil(lambda: pane.feed is not None and pane.centre.shows_feed)
    qtbot.waitUntil(lambda: not pane._tasks.pending)


def press(parent: QWidget, name: str) -> None:
    button = parent.findChild(QPushButton, name)
    assert isinstance(button, QPushButton), name
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def words(sheet: QWidget, name: str) -> str:
    label = sheet.findChild(QLabel, name)
    assert isinstance(label, QLabel), name
    return label.text()


def quiet(qtbot: QtBot, sheet: Any) -> None:
    qtbot.waitUntil(lambda: not sheet._tasks.pending)


def test_tags_are_put_on_made_changed_and_deleted(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, fakes: Any
) -> None:
    feeds.talk.tags, feeds.talk.on = list(TAGS), {812: {2}}
    settled(qtbot, pane)
    head = pane.centre.head
    pane.talk.look_again()
    qtbot.waitUntil(lambda: [tag.id for tag in head.tags.tags] == [2])
    facts = head.findChild(QLabel, "feeds.head.facts")
    assert facts is not None
    assert facts.text().startswith("alex")
    qtbot.waitUntil(lambda: min(facts.width(), head.tags.width()) > 60)
    QTest.mouseClick(head.tags, Qt.MouseButton.LeftButton)
    sheet = pane.window().findChild(TagSheet)
    assert sheet is not None
    view = sheet.view
    qtbot.waitUntil(lambda: view.tags.total == 2)
    assert [view.tags.held(one) for one in (1, 2)] == ["none", "all"]
    # the box ticks, a click elsewhere highlights; Space ticks as well
    spot = view.visualRect(view.tags.place(1)).topLeft() + QPoint(16, 18)
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    qtbot.waitUntil(lambda: feeds.talk.on[812] == {1, 2})
    quiet(qtbot, sheet)
    assert words(sheet, "sheet.note") == "“pilot” is on this feed."
    view.setCurrentIndex(view.tags.place(2))
    assert not sheet.editor.save.isVisible()
    assert "mira" in words(sheet, "tags.about")
    feeds.talk.refusal = ChrislibError("Not allowed.", "It stays.")
    QTest.keyClick(view, Qt.Key.Key_Space)
    quiet(qtbot, sheet)
    assert view.tags.held(2) == "all"
    assert "Not allowed." in words(sheet, "sheet.note")
    feeds.talk.refusal = None

    press(sheet, "tags.new")
    sheet.editor.name.setText("follow-up")
    press(sheet, "tags.save")
    qtbot.waitUntil(lambda: view.tags.total == 3)
    quiet(qtbot, sheet)
    made = sheet.editor.tag
    assert made is not None
    assert made.name == "follow-up"
    sheet.editor.name.setText("follow-up 2")
    press(sheet, "tags.save")
    qtbot.waitUntil(lambda: feeds.talk.tags[-1].name == "follow-up 2")
    quiet(qtbot, sheet)
    press(sheet, "tags.delete")
    qtbot.waitUntil(lambda: fakes.dialogs.asked == ["Delete the tag “follow-up 2”?"])
    qtbot.waitUntil(lambda: view.tags.total == 2)
    quiet(qtbot, sheet)
    sheet.accept()
    qtbot.waitUntil(lambda: len(head.tags.tags) == 2)
    settled(qtbot, pane)


def test_access_is_listed_given_taken_back_and_published(
    qtbot: QtBot, pane: FeedsPane, feeds: Any
) -> None:
    feeds.talk.grants = [Grant(1, "mira", is_group=False)]
    settled(qtbot, pane)
    pane.talk.look_again()
    settled(qtbot, pane)
    press(pane, "feeds.head.share")
    sheet = pane.window().findChild(ShareSheet)
    assert sheet is not None
    qtbot.waitUntil(
        lambda: sheet.findChild(QPushButton, "share.revoke.mira") is not None
    )
    quiet(qtbot, sheet)
    no_one = ChrislibError("This server has no person called “nobody”.", "Nothing.")
    feeds.talk.refusal = no_one
    sheet.name.setText("nobody")
    press(sheet, "share.add")
    quiet(qtbot, sheet)
    assert "no person called" in words(sheet, "sheet.note")
    assert sheet.name.text() == "nobody"
    feeds.talk.refusal = None
    group = sheet.findChild(QAbstractButton, "share.kind.group")
    assert group is not None
    group.click()
    assert sheet.group.isVisible()
    press(sheet, "share.add")
    qtbot.waitUntil(lambda: ("share", 812, "all_users", True) in feeds.talk.calls)
    quiet(qtbot, sheet)
    press(sheet, "share.revoke.mira")
    qtbot.waitUntil(lambda: [one.name for one in feeds.talk.grants] == ["all_users"])
    quiet(qtbot, sheet)

    box = sheet.findChild(QCheckBox, "share.public")
    assert box is not None
    box.click()
    qtbot.waitUntil(lambda: "214 files" in words(sheet, "share.what"))
    assert "2.1 GB" in words(sheet, "share.what")
    assert not feeds.talk.public
    press(sheet, "share.keep")
    assert not box.isChecked()
    box.click()
    qtbot.waitUntil(sheet.public.do.isEnabled)
    press(sheet, "share.publish")
    qtbot.waitUntil(lambda: feeds.talk.public)
    quiet(qtbot, sheet)
    box.click()
    qtbot.waitUntil(lambda: not feeds.talk.public)
    quiet(qtbot, sheet)
    sheet.accept()
    settled(qtbot, pane)


def test_who_does_not_own_a_feed_is_told_who_does(
    qtbot: QtBot, pane: FeedsPane, feeds: Any
) -> None:
    feeds.talk.owner, feeds.talk.grants = "mira", None
    settled(qtbot, pane)
    pane.talk.open_share()
    sheet = pane.window().findChild(ShareSheet)
    assert sheet is not None
    qtbot.waitUntil(lambda: "Only mira" in words(sheet, "share.only"))
    quiet(qtbot, sheet)
    assert not sheet.add.isVisible()
    assert not sheet.public.box.isEnabled()
    sheet.accept()


def test_many_feeds_are_shared_at_once(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, ctx: ViewContext
) -> None:
    settled(qtbot, pane)
    sheet = ShareSheet(pane.window(), ctx, feed_ids=(812, 790))
    sheet.open()
    told: list[Any] = []
    sheet.changed.connect(told.append)
    sheet.name.setText("mira")
    press(sheet, "share.add")
    qtbot.waitUntil(lambda: told == [(812, 790)])
    quiet(qtbot, sheet)
    assert words(sheet, "sheet.note") == "mira can open all 2 now."
    sheet.accept()


@pytest.mark.parametrize(
    ("error", "title"),
    [
        (Forbidden("No."), "This feed is not open to you any more."),
        (NotFound("No."), "This feed is gone."),
    ],
)
def test_a_feed_that_is_closed_while_it_is_open(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, error: CubeError, title: str
) -> None:
    settled(qtbot, pane)
    whole = len(feeds.called("all"))
    real, feeds.open = feeds.open, None

    async def refused(_feed_id: int) -> None:
        raise error

    feeds.open = refused
    pane._open_feed.look()
    qtbot.waitUntil(lambda: words(pane.centre._state, "state.title") == title)
    qtbot.waitUntil(lambda: not pane.centre.shows_feed)
    assert pane.feed is None
    assert pane.node is None
    assert feeds.talk.calls[-1] == ("lose", 812)
    qtbot.waitUntil(lambda: len(feeds.called("all")) > whole)
    # opened again to us, it comes back
    feeds.open = real
    press(pane.centre._state, "state.action.1")
    settled(qtbot, pane)
