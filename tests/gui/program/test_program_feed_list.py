"""The list of feeds in the program: several at once, over a real station."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from chrislib.cube.errors import NotFound
from chrislib.views.feeds.pane import FeedsPane
from chrislib.views.navigation import ShowFeed
from chrislib.views.widgets.buttons import Field
from tests.gui.program.person import Person, feed

Station = Any
ProgramFactory = Callable[..., Any]

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def titles(pane: FeedsPane) -> list[str]:
    model = pane.list.model
    return [str(model.index(row).data()) for row in range(model.rowCount())]


def test_two_feeds_are_renamed_and_deleted_together(
    program_factory: ProgramFactory, station: Station
) -> None:
    person = Person(program_factory(station))
    program = person.program
    word = uuid.uuid4().hex[:10]
    ids = [feed(program, f"{word} {name}")[1].feed_id for name in ("head", "spine")]
    tags = program.services.session.client.tags
    tag = program.run(tags.create(f"tag {word[::-1]}", "#3f8fd2"))
    program.run(tags.put(ids[1], tag.id))
    program.context.navigator.go(ShowFeed(ids[0]))
    person.wait(lambda: person.window.findChild(FeedsPane), "the Feeds module")
    pane = person.window.findChild(FeedsPane)
    # words are looked for in tags, which a list does not tell
    pane.list.search.setText(word[::-1])
    person.wait(lambda: titles(pane) == [f"{word} spine"], "the one with the tag")
    program.run(tags.delete(tag.id))
    pane.list.search.setText(word)
    person.wait(lambda: len(titles(pane)) == 2, "both feeds")

    # all that is shown, and only that, is highlighted and renamed
    view = pane.list.view
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(view, Qt.Key.Key_F2)
    sheet = person.sheet("feeds.rename")
    pattern = sheet.findChild(Field, "feeds.rename.pattern")
    assert pattern is not None
    pattern.setText("{n:2} {name}")
    person.press("Rename 2 feeds", within=sheet)
    person.no_sheet("feeds.rename")
    wanted = [f"01 {word} spine", f"02 {word} head"]
    person.wait(lambda: titles(pane) == wanted, "the new titles")
    # one of them is deleted elsewhere while both are highlighted
    program.run(program.services.session.client.feeds.delete(ids[1]))
    QTest.keyClick(view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    person.wait(lambda: len(pane.list.highlighted) >= 1, "the highlight")
    QTest.keyClick(view, Qt.Key.Key_Delete)
    sheet = person.sheet("feeds.delete")
    person.wait(sheet.next_button.isEnabled, "what goes along")
    person.click(sheet.next_button)
    person.no_sheet("feeds.delete")
    person.wait(lambda: titles(pane) == [], "both are gone")
    for one in ids:
        with pytest.raises(NotFound):
            program.run(program.services.session.client.feeds.get(one))
    # another feed, or words, stand in its place: never one that is gone
    assert pane.here.feed_id not in ids
