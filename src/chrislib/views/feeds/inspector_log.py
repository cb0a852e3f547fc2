"""The log of a node: followed, searched and copied, however long it is."""

import asyncio
from bisect import bisect_left

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import (
    QGuiApplication,
    QTextCursor,
    QTextOption,
)
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from chrislib.feeds.logs import PIECE, Hits, LogWindow, search
from chrislib.views.feeds.inspector_values import text_box
from chrislib.views.feeds.log_field import SearchField
from chrislib.views.feeds.log_places import all_units, in_sight, units
from chrislib.views.messages import Messages
from chrislib.views.models.timers import soon
from chrislib.views.tasks import PaneTasks
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button, icon_button
from chrislib.views.widgets.text import Label

_TYPING_MS = 150
_MARKED = 80
"""Hits that are marked at once, of those in sight."""
_GROWN = 16 * 1024
"""Characters that are put behind the others; with more the text is set anew."""
_WHOLE = 8_000_000
"""Characters that are put on the clipboard; of more, what is shown."""


class LogView(QWidget):
    """A log in a window of some hundred kilobytes; plain text only.

    Parameters
    ----------
    lines : int
        Height of the box; 0 takes the height there is.
    """

    enlarge = Signal()

    def __init__(
        self,
        theme: Theme,
        tasks: PaneTasks,
        messages: Messages,
        *,
        name: str = "inspector.log",
        lines: int = 12,
    ) -> None:
        super().__init__()
        self._theme = theme
        self._tasks = tasks
        self._messages = messages
        self._window = LogWindow()
        self._hits = Hits("")
        self._hit = -1
        self._round = 0
        self._live = False
        self._drawn = ""
        self._held = False
        self.box = text_box(theme, name, "Log", lines=lines)
        self.box.setUndoRedoEnabled(False)
        self.box.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.words = SearchField(theme, "Search the log", name=f"{name}.search")
        self.count = Label(theme, style="caption", token="text.muted")
        self.count.setObjectName(f"{name}.count")
        self.before = icon_button(
            theme,
            "chevron-up",
            name=f"{name}.previous",
            tooltip="Previous hit (Shift+Return)",
            size=24,
        )
        self.after = icon_button(
            theme,
            "chevron-down",
            name=f"{name}.next",
            tooltip="Next hit (Return)",
            size=24,
        )
        self.follow = QCheckBox("Follow")
        self.follow.setObjectName(f"{name}.follow")
        self.follow.setToolTip("Keep the newest lines in sight")
        self.follow.setChecked(True)
        self.copy = icon_button(
            theme,
            "copy",
            name=f"{name}.copy",
            tooltip="Copy the log, or the marked part of it",
            size=24,
        )
        self.larger = icon_button(
            theme, "maximize", name=f"{name}.larger", tooltip="Larger", size=24
        )
        self.note = Label(
            theme, style="caption", token="text.muted", wrap=True, name=f"{name}.note"
        )
        self.earlier = button(
            theme,
            "Show earlier lines",
            kind="quiet",
            name=f"{name}.earlier",
            small=True,
        )
        self.later = button(
            theme, "Show later lines", kind="quiet", name=f"{name}.later", small=True
        )
        self._build()
        self._typing = soon(self, _TYPING_MS, self._search)
        self.words.textChanged.connect(lambda _text: self._typing.start())
        self.words.walked.connect(self.walk)
        self.before.clicked.connect(lambda: self.walk(-1))
        self.after.clicked.connect(lambda: self.walk(1))
        self.copy.clicked.connect(self.copy_text)
        self.larger.clicked.connect(self.enlarge)
        self.earlier.clicked.connect(self._go_earlier)
        self.later.clicked.connect(self._go_later)
        self.follow.toggled.connect(self._follow_changed)
        self.box.verticalScrollBar().actionTriggered.connect(self._scrolled)
        self.box.selectionChanged.connect(self._selection_changed)
        theme.changed.connect(self._mark)
        # each in a turn of its own: some scripts take long to lay out
        self._moving = soon(self, 0, self._move)
        self._marking = soon(self, 0, self._mark)
        bar = self.box.verticalScrollBar()
        bar.valueChanged.connect(lambda _value: self._marking.start())
        bar.rangeChanged.connect(lambda _low, _high: self._marking.start())
        self.show_log("", live=False)

    @property
    def text(self) -> str:
        """The whole log."""
        return self._window.text

    def show_log(self, text: str, *, live: bool, kept: bool = False) -> None:
        """Show a log, or a newer look at it; the place one reads stays.

        Parameters
        ----------
        live : bool
            More of it may come.
        kept : bool
            It is the one kept here; the server has it no more.
        """
        self._live = live
        self.follow.setVisible(live)
        words = "Kept here: the server has this log no more." if kept else ""
        if not text:
            words = "Nothing was said yet." if live else "No log is known of this run."
        self.note.setText(words)
        self.note.setVisible(bool(words))
        self.setEnabled(True)
        if text is self._window.text or text == self._drawn == self._window.text:
            return
        self._window.follow(text)
        if self._follows:
            self._window.to_end()
        self._draw()
        if self.words.text():
            self._search()

    def clear(self) -> None:
        """Show nothing: another node is looked at."""
        self._window = LogWindow()
        self.words.clear()
        self.follow.setChecked(True)
        self._hits, self._hit = Hits(""), -1
        self._draw()
        self._say_hits()

    def go_to_end(self) -> None:
        """Show the last lines and follow what comes."""
        self.follow.setChecked(True)
        self._window.to_end()
        self._release()  # else what is marked elsewhere would keep its place
        self._draw()
        self._to_bottom()
        self.box.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def walk(self, step: int) -> None:
        """Go to the next hit (1) or the one before (-1), round the ends."""
        if self._typing.isActive():
            self._typing.stop()
            self._search()
        places = self._hits.places
        if places:
            self._go_to((self._hit + step) % len(places))

    def copy_text(self) -> None:
        """Put the marked part on the clipboard, or the whole log."""
        marked = self.box.textCursor().selectedText().replace("\u2029", "\n")
        whole = len(self._window.text) <= _WHOLE
        text = marked or (self._window.text if whole else self._window.shown)
        if not text:
            self._messages.info("There is no log to copy.")
            return
        QGuiApplication.clipboard().setText(text)
        if marked:
            self._messages.info("The marked part is on the clipboard.")
        elif whole:
            self._messages.info("The log is on the clipboard.")
        else:
            self._messages.info(
                "The lines that are shown are on the clipboard.",
                "The whole log is too long for that.",
            )

    # Inside.

    @property
    def _follows(self) -> bool:
        return not self._live or self.follow.isChecked()

    def _draw(self, *, stay: bool = True) -> None:
        """Bring what is shown into the box; what only grew is put behind.

        Parameters
        ----------
        stay : bool
            The place one reads stays; else it is moved next.
        """
        text, drawn = self._window.shown, self._drawn
        grew = 0 < len(drawn) >= len(text) - _GROWN and text.startswith(drawn)
        if not grew and self.box.textCursor().hasSelection() and drawn:
            # somebody marks something: it must not vanish under the pointer
            self._held = True
            return
        self._held = False
        if text != drawn:
            bar = self.box.verticalScrollBar()
            place = bar.value()
            if grew:
                cursor = QTextCursor(self.box.document())
                cursor.movePosition(QTextCursor.MoveOperation.End)
                cursor.insertText(text[len(drawn) :])
            else:
                self.box.setPlainText(text)
            self._drawn = text
            if stay and self._follows and self._window.at_end:
                self._to_bottom()
            elif stay:
                bar.setValue(place)
        self.earlier.setVisible(not self._window.at_start)
        self.later.setVisible(not self._window.at_end)
        self._marking.start()

    def _to_bottom(self) -> None:
        bar = self.box.verticalScrollBar()
        bar.setValue(bar.maximum())

    def _go_earlier(self) -> None:
        """Show a block more at the top; the line one reads stays in its place."""
        first = self._drawn[:200]
        self.follow.setChecked(False)
        came = self._window.earlier()
        self._release()
        self._draw()
        if first:
            self._scroll_to(came)

    def _go_later(self) -> None:
        last = self._window.end
        self._window.later()
        self._release()
        self._draw()
        self._scroll_to(max(0, last - self._window.start), top=False)

    def _scroll_to(self, place: int, *, top: bool = True) -> None:
        cursor = self._cursor(place, place)
        line = cursor.blockNumber()
        bar = self.box.verticalScrollBar()
        bar.setValue(line if top else max(0, line - 8))

    def _scrolled(self, _action: int) -> None:
        """Follow no more once somebody scrolls up; again at the very end."""
        bar = self.box.verticalScrollBar()
        if self._live:
            at_end = bar.sliderPosition() >= bar.maximum() - 1
            self.follow.setChecked(at_end and self._window.at_end)

    def _follow_changed(self, on: bool) -> None:
        if on and self._live and not self._window.at_end:
            self._window.to_end()
            self._draw()
        if on:
            self._to_bottom()

    def _selection_changed(self) -> None:
        if self._held and not self.box.textCursor().hasSelection():
            self._draw()

    def _release(self) -> None:
        cursor = self.box.textCursor()
        cursor.clearSelection()
        self.box.setTextCursor(cursor)

    # Searching.

    def _search(self) -> None:
        words, text = self.words.text(), self._window.text
        self._round += 1
        turn = self._round

        def found(hits: Hits) -> None:
            if turn == self._round:
                self._found(hits)

        if len(text) <= PIECE or not words:
            found(search(text, words))
            return
        self.count.setText("…")
        work = asyncio.to_thread(search, text, words)
        self._tasks.start(work, name="search log", done=found)

    def _found(self, hits: Hits) -> None:
        """Show where the words are: at first the hit nearest to the end one reads."""
        same = hits.words == self._hits.words
        before = self._hits.places[self._hit] if self._hit >= 0 and same else -1
        self._hits = hits
        places = hits.places
        at = bisect_left(places, before)
        if before >= 0 and places[at : at + 1] == (before,):
            self._hit = at
        else:
            self._hit = -1
            if places and not same:
                near = bisect_left(places, self._window.start)
                self._go_to(min(near, len(places) - 1))
        self._say_hits()
        self._marking.start()

    def _go_to(self, number: int) -> None:
        self._hit = number
        if self._live:
            self.follow.setChecked(False)
        self._window.show(self._hits.places[number])
        self._release()
        # what is at the top of the text is not to be seen on the way
        self.box.setUpdatesEnabled(False)
        self._draw(stay=False)
        self._moving.start()
        self._say_hits()

    def _move(self) -> None:
        """Bring the hit that was gone to into the middle."""
        self.box.setUpdatesEnabled(True)
        if self._hit < 0:
            return
        at = self._hits.places[self._hit] - self._window.start
        self.box.setTextCursor(self._cursor(at, at))
        self.box.centerCursor()
        self._marking.start()

    def _say_hits(self) -> None:
        total = len(self._hits.places)
        if not self._hits.words:
            words = ""
        elif not total:
            words = "none"
        else:
            more = "+" if self._hits.more else ""
            words = f"{self._hit + 1:,} of {total:,}{more}"
        self.count.setText(words)
        self.count.setAccessibleName(f"Hits: {words}" if words else "")
        for piece in (self.before, self.after):
            piece.setEnabled(total > 0)

    def _mark(self) -> None:
        """Color the hits in sight, the one that was gone to strongly."""
        if self._moving.isActive():
            return  # they are others then
        places, length = self._hits.places, len(self._hits.words)
        start = self._window.start
        low, high = in_sight(self.box, self._drawn) if places else (0, 0)
        first = bisect_left(places, start + low - length)
        inside = range(first, bisect_left(places, start + high, first))
        if len(inside) > _MARKED and self._hit in inside:
            inside = inside[max(0, self._hit - first - _MARKED // 2) :]
        numbers = [n for n in inside[:_MARKED] if places[n] >= start]
        begins = [places[number] - start for number in numbers]
        marks = []
        for number, at, begin in zip(
            numbers, begins, all_units(self._drawn, begins), strict=True
        ):
            mark = QTextEdit.ExtraSelection()
            here = number == self._hit
            ground = "accent.fill" if here else "tint.warn"
            ink = "text.on-accent" if here else "text.primary"
            mark.format.setBackground(self._theme.color(ground))
            mark.format.setForeground(self._theme.color(ink))
            wide = units(self._drawn[at : at + length], length)
            mark.cursor = self._cursor_at(begin, begin + wide)
            marks.append(mark)
        if marks or self.box.extraSelections():
            self.box.setExtraSelections(marks)

    def _cursor(self, start: int, end: int) -> QTextCursor:
        """Return a cursor from one character of what is drawn to another."""
        return self._cursor_at(*(units(self._drawn, at) for at in (start, end)))

    def _cursor_at(self, start: int, end: int) -> QTextCursor:
        """Return a cursor from one place to another, as Qt counts them."""
        cursor = QTextCursor(self.box.document())
        last = max(0, self.box.document().characterCount() - 1)
        cursor.setPosition(min(last, start))
        cursor.setPosition(min(last, end), QTextCursor.MoveMode.KeepAnchor)
        return cursor

    def _build(self) -> None:
        find = QHBoxLayout()
        find.setSpacing(4)
        find.addWidget(self.words, 1)
        find.addWidget(self.count)
        find.addWidget(self.before)
        find.addWidget(self.after)
        tools = QHBoxLayout()
        tools.setSpacing(4)
        tools.addWidget(self.follow)
        tools.addWidget(self.earlier)
        tools.addStretch(1)
        tools.addWidget(self.copy)
        tools.addWidget(self.larger)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(find)
        column.addWidget(self.note)
        column.addLayout(tools)
        column.addWidget(self.box, 1)
        column.addWidget(self.later, 0, Qt.AlignmentFlag.AlignLeft)
