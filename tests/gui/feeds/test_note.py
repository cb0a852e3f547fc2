"""Note and comments of a feed: written, refused, and written by two at once."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from chrislib.errors import ChrislibError
from chrislib.feeds.comments import PAGE, Said
from chrislib.feeds.markdown import blocks
from chrislib.feeds.unsent import Draft
from chrislib.library.dates import show_day, show_time
from chrislib.views.context import ViewContext
from chrislib.views.feeds.note_sheet import NoteSheet
from chrislib.views.feeds.pane import FeedsPane
from chrislib.views.widgets.markdown_view import MarkdownView

HOSTILE = """# <b>Title</b>
<img src="http://evil.example/x.png"> <script>x</script>
![p](http://evil.example/p.png) [click](https://a.org/x) [no](javascript:alert(1))
&lt;i&gt; \u202eabc \ufffc \ufdd0
"""


def open_sheet(qtbot: QtBot, pane: FeedsPane) -> NoteSheet:
    qtbot.waitUntil(lambda: pane.feed is not None and pane.centre.shows_feed)
    qtbot.waitUntil(lambda: not pane._tasks.pending)
    QTest.mouseClick(pane.centre.head.note_button, Qt.MouseButton.LeftButton)
    found = pane.window().findChildren(NoteSheet)
    assert found
    qtbot.waitUntil(lambda: found[-1].complete)
    # what was typed the last time comes before anything else
    qtbot.waitUntil(lambda: not found[-1].note.box.isReadOnly())
    quiet(qtbot, found[-1])
    return found[-1]


def quiet(qtbot: QtBot, sheet: NoteSheet) -> None:
    qtbot.waitUntil(lambda: not sheet._tasks.pending)


def press(parent: QWidget, name: str) -> None:
    button = parent.findChild(QPushButton, name)
    assert isinstance(button, QPushButton), name
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_a_note_is_written_refused_and_kept(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, fakes: Any
) -> None:
    sheet = open_sheet(qtbot, pane)
    assert not sheet.next_button.isEnabled()
    sheet.note.write()
    QTest.keyClicks(sheet.note.box, "# second visit")
    feeds.talk.refusal = ChrislibError("The server refused it.", "It was not saved.")
    QTest.mouseClick(sheet.next_button, Qt.MouseButton.LeftButton)
    quiet(qtbot, sheet)
    assert sheet.note.box.toPlainText() == "# second visit"
    assert sheet.next_button.isEnabled()
    # kept while it is written; closed without saving, it is there the next time
    qtbot.waitUntil(lambda: 812 in feeds.talk.drafts, timeout=60_000)
    QTest.keyClicks(sheet.note.box, "!")
    sheet.reject()
    kept = feeds.talk.drafts[812]
    assert (kept.text, kept.base) == ("# second visit!", "")
    feeds.talk.refusal = None
    feeds.talk.drafts[812] = replace(kept, text="# second visit")
    sheet = open_sheet(qtbot, pane)
    assert sheet.note.box.toPlainText() == "# second visit"
    said = f"Your draft of {show_time(kept.at)} was not saved"
    assert said in sheet.note._banner.text
    QTest.mouseClick(sheet.next_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: feeds.note == "# second visit")
    quiet(qtbot, sheet)
    assert sheet.note._view.toPlainText() == "second visit"
    sheet.reject()
    assert feeds.talk.drafts == {}
    qtbot.waitUntil(lambda: pane.centre.head.note_button.text() == "Note")
    qtbot.waitUntil(lambda: not pane._tasks.pending)


def test_a_draft_is_thrown_away_or_found_saved(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, ctx: ViewContext
) -> None:
    feeds.note = "old"
    at = ctx.now() - 3 * 86_400
    feeds.talk.drafts[812] = Draft("mine", "old", at)
    sheet = open_sheet(qtbot, pane)
    when = f"{show_day(at, now=ctx.now())}, {show_time(at)}"
    assert f"Your draft of {when} was not saved" in sheet.note._banner.text
    assert sheet.note.dirty
    press(sheet.note._banner, "banner.action")
    assert (sheet.note.box.toPlainText(), feeds.talk.drafts) == ("old", {})
    sheet.reject()
    # the server has what was written: the answer was not heard before the end
    feeds.note = "mine"
    feeds.talk.drafts[812] = Draft("mine", "old", ctx.now())
    sheet = open_sheet(qtbot, pane)
    qtbot.waitUntil(lambda: not feeds.talk.drafts, timeout=60_000)
    assert not sheet.note.dirty
    sheet.reject()
    # somebody else wrote since it was begun: both are shown
    feeds.note = "theirs"
    feeds.talk.drafts[812] = Draft("mine", "old", ctx.now())
    sheet = open_sheet(qtbot, pane)
    qtbot.waitUntil(sheet.note._their_side.isVisible, timeout=60_000)
    assert sheet.note.box.toPlainText() == "mine"
    sheet.reject()
    qtbot.waitUntil(lambda: not pane._tasks.pending)


def test_both_are_shown_when_two_write(
    qtbot: QtBot, pane: FeedsPane, feeds: Any
) -> None:
    feeds.note = "base"
    sheet = open_sheet(qtbot, pane)
    sheet.note.write()
    sheet.note.box.setPlainText("mine")
    feeds.note = "theirs"
    QTest.mouseClick(sheet.next_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(sheet.note._their_side.isVisible)
    assert sheet.note._their_box.toPlainText() == "theirs"
    assert (sheet.note.box.toPlainText(), feeds.note) == ("mine", "theirs")
    press(sheet, "note.take")
    assert sheet.note.box.toPlainText() == "theirs"
    assert not sheet.note.dirty
    sheet.note.box.undo()
    assert sheet.note.box.toPlainText() == "mine"
    QTest.mouseClick(sheet.next_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: feeds.note == "mine")
    quiet(qtbot, sheet)
    sheet.reject()
    qtbot.waitUntil(lambda: not pane._tasks.pending)


def test_comments_are_paged_written_changed_and_deleted(
    qtbot: QtBot, pane: FeedsPane, feeds: Any, fakes: Any
) -> None:
    feeds.talk.said = [
        Said(number, f"<b>comment {number}</b>", "mira", may_change=number == 60)
        for number in range(60, 0, -1)
    ]
    sheet = open_sheet(qtbot, pane)
    comments = sheet.comments
    assert len(comments.rows()) == PAGE
    press(comments, "comments.older")
    qtbot.waitUntil(lambda: len(comments.rows()) == 60)
    assert comments.findChild(QPushButton, "comment.edit.59") is None
    comments.box.setPlainText("looks good")
    press(comments, "comments.send")
    qtbot.waitUntil(lambda: len(comments.rows()) == 61)
    press(comments, "comment.edit.61")
    comments.box.setPlainText("looks very good")
    feeds.talk.refusal = ChrislibError("Not allowed.", "It stays here.")
    press(comments, "comments.send")
    quiet(qtbot, sheet)
    assert comments.box.toPlainText() == "looks very good"
    feeds.talk.refusal = None
    press(comments, "comments.send")
    qtbot.waitUntil(lambda: feeds.talk.said[0].text == "looks very good")
    quiet(qtbot, sheet)
    assert [row.said.text for row in comments.rows()][:2] == [
        "looks very good",
        "<b>comment 60</b>",
    ]
    fakes.dialogs.answer = False
    press(comments, "comment.delete.61")
    qtbot.waitUntil(lambda: fakes.dialogs.asked == ["Delete alex’s comment?"])
    quiet(qtbot, sheet)
    assert len(feeds.talk.said) == 61
    fakes.dialogs.answer = True
    press(comments, "comment.delete.61")
    qtbot.waitUntil(lambda: len(feeds.talk.said) == 60)
    quiet(qtbot, sheet)
    assert len(comments.rows()) == 60
    # closed before it was sent, it is there the next time
    comments.box.setPlainText("half a")
    sheet.reject()
    sheet = open_sheet(qtbot, pane)
    qtbot.waitUntil(lambda: sheet.comments.box.toPlainText() == "half a")
    sheet.comments.box.clear()
    sheet.reject()
    assert feeds.talk.unsent == {}
    qtbot.waitUntil(lambda: "60" in pane.centre.head.note_button.text())
    qtbot.waitUntil(lambda: not pane._tasks.pending)


def anchors_of(view: MarkdownView) -> set[str]:
    """Return what links of a document lead to; there are no pictures in it."""
    found = set()
    block = view.document().begin()
    while block.isValid():
        pieces = block.begin()
        while not pieces.atEnd():
            look = pieces.fragment().charFormat()
            assert not look.isImageFormat()
            if look.isAnchor():
                found.add(look.anchorHref())
            pieces += 1
        block = block.next()
    return found


def test_a_document_is_what_was_read(qtbot: QtBot, theme: Any) -> None:
    view = MarkdownView(theme, name="view", label="Note")
    qtbot.addWidget(view)
    pieces = ["<img src=http://a.org/b>", "[x](http://a.org)", "![y](file:///z)", "\n",
              "&lt;", "**", "`", "# ", "- ", "> ", "\ufffc", "\u2029", "\ud800", "\0",
              "<a href=javascript:x>", "https://b.org", "word "]  # fmt: skip

    @given(st.lists(st.sampled_from(pieces), max_size=25).map("".join))
    @settings(max_examples=40, deadline=None)
    def check(text: str) -> None:
        view.show_text(text)
        qtbot.waitUntil(lambda: not view._turn.isActive())
        read = blocks(text)
        spans = [span for block in read for span in block.spans]
        assert anchors_of(view) == {span.link for span in spans if span.link}
        shown = "".join(view.toPlainText().split())
        for span in spans:
            assert "".join(span.text.split()) in shown
        copied = view.document().toRawText()
        assert "\ufffc" not in copied

    check()


def test_a_long_text_comes_without_moving_the_view(qtbot: QtBot, theme: Any) -> None:
    view = MarkdownView(theme, name="view", label="Note")
    qtbot.addWidget(view)
    view.resize(500, 300)
    view.show()
    view.show_text("\n\n".join(f"paragraph {number}" for number in range(200)))
    assert view.toPlainText().startswith("paragraph 0\n")
    qtbot.waitUntil(lambda: view.toPlainText().endswith("paragraph 199"))
    assert view.document().blockCount() == 200
    bar = view.verticalScrollBar()
    assert bar.value() == 0
    assert not view.textCursor().hasSelection()
    # another theme shows it anew, where it was read
    qtbot.waitUntil(lambda: bar.maximum() > 900)
    bar.setValue(900)
    theme.choose("light")
    qtbot.waitUntil(lambda: not view._turn.isActive())
    assert bar.value() == 900
    assert not view.textCursor().hasSelection()


def test_hostile_markdown_is_text(qtbot: QtBot, theme: Any, monkeypatch: Any) -> None:
    opened: list[str] = []
    monkeypatch.setattr(
        QDesktopServices, "openUrl", lambda url: opened.append(url.toString())
    )
    view = MarkdownView(theme, name="view", label="Note")
    qtbot.addWidget(view)
    view.show_text(HOSTILE)
    shown = view.toPlainText()
    for words in ("<b>Title</b>", "<img src=", "<script>", "&lt;i&gt;"):
        assert words in shown
    assert "(https://a.org/x)" in shown
    assert "[no](javascript:alert(1))" in shown
    anchors = anchors_of(view)
    evil = {f"http://evil.example/{name}.png" for name in "xp"}
    assert anchors == {"https://a.org/x", *evil}
    for bad in ("javascript:alert(1)", "file:///etc/passwd", "data:text/html,x"):
        view.follow(QUrl(bad))
    assert opened == []
    view.follow(QUrl("https://a.org/x"))
    assert opened == ["https://a.org/x"]
