"""Parts of the de-identification panel: before and after, and texts in pictures."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from PySide6.QtCore import Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from chrislib.dicom.deidentify.engine import Change, Done
from chrislib.dicom.deidentify.files import Preview
from chrislib.library.dates import show_partial
from chrislib.library.deidentify.model import TextWarning
from chrislib.library.names import show_name
from chrislib.library.words import count
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.emptied import empty
from chrislib.views.widgets.text import ElidedLabel, Label, plain_tooltip

_SHOWN = (
    ("Name", 0x00100010),
    ("Patient ID", 0x00100020),
    ("Birth date", 0x00100030),
    ("Study date", 0x00080020),
    ("Age", 0x00101010),
    ("Accession", 0x00080050),
    ("Institution", 0x00080080),
    ("Study", 0x00081030),
    ("Series", 0x0008103E),
    ("Study UID", 0x0020000D),
)
_NAMING = frozenset({0x00100010, 0x00100020, 0x00100030, 0x00080050})
_DATES = frozenset({0x00100030, 0x00080020})
_LISTED = 4
_NOTHING: Mapping[int, str] = MappingProxyType({})


class BeforeAfter(QWidget):
    """The attributes people ask for first, on this computer and as sent."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setObjectName("deidentify.changes")
        self.setAccessibleName("Before and after")
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnMinimumWidth(0, theme.px(72))
        self._grid.setColumnStretch(1, 1)
        self._grid.setColumnStretch(2, 1)

    def show_words(self, words: str) -> None:
        """Show a sentence in place of the values."""
        self._clear()
        text = Label(self._theme, words, style="small", token="text.muted", wrap=True)
        self._grid.addWidget(text, 0, 0, 1, 3)
        self.setAccessibleDescription(words)

    def show_preview(self, found: Preview, *, hidden: bool) -> None:
        """Show what would be changed in a file."""
        self._clear()
        self._row(0, "Tag", "On this computer", "As sent", token="text.muted")
        top = {change.tag: change for change in found.changes if change.depth == 0}
        said: list[str] = []
        row = 1
        for words, tag in _SHOWN:
            change = top.get(tag)
            if change is None or not (change.before or change.after):
                continue
            before = (
                "hidden" if hidden and tag in _NAMING else _told(change.before, tag)
            )
            after, strong = _after(change)
            self._row(row, words, before, after, strong=strong)
            said.append(f"{words}: {before}, as sent {after}")
            row += 1
        private = sum(
            change.done == Done.REMOVED and change.tag >> 16 & 1 == 1
            for change in found.changes
        )
        if private:
            self._row(row, "Private tags", f"{private:,}", "removed")
            said.append(f"{private:,} private tags are removed")
        self.setAccessibleDescription("; ".join(said))

    def _row(
        self,
        row: int,
        words: str,
        before: str,
        after: str,
        *,
        strong: bool = False,
        token: str = "text.secondary",
    ) -> None:
        theme = self._theme
        head = Label(theme, words, style="small", token="text.muted")
        old = ElidedLabel(theme, before, style="small", token=token)
        style = "small-strong" if strong else "small"
        new = ElidedLabel(
            theme, after, style=style, token="text.primary" if strong else token
        )
        for column, label in enumerate((head, old, new)):
            self._grid.addWidget(label, row, column)

    def _clear(self) -> None:
        empty(self._grid)


def _after(change: Change) -> tuple[str, bool]:
    if change.done == Done.KEPT:
        return _told(change.after, change.tag), False
    if not change.after:
        return ("removed" if change.done == Done.REMOVED else "empty"), False
    return _told(change.after, change.tag), True


def _told(text: str, tag: int) -> str:
    """Return a value as people write it."""
    if tag in _DATES:
        return show_partial(text) or text
    return show_name(text) if tag == _SHOWN[0][1] and "^" in text else text


class TextsInPictures(QFrame):
    """The series whose pictures may show text, and the three ways to decide.

    Signals
    -------
    black_out : int
        Place of a series some of whose pictures are to be black.
    left_out : list of int
        Places of the series that are to be left out.
    agreed : bool
        Whether they are sent all the same.
    """

    black_out = Signal(int)
    left_out = Signal(list)
    agreed = Signal(bool)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._places: list[int] = []
        self._done: dict[int, str] = {}
        self.setObjectName("deidentify.texts")
        self._title = Label(theme, style="strong", name="deidentify.texts.title")
        self._words = Label(
            theme,
            "Changing tags cannot remove a name that is part of the picture. "
            "Look at them first.",
            style="small",
            token="text.secondary",
            wrap=True,
        )
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        self._box = QCheckBox("I have looked: send them")
        self._box.setObjectName("deidentify.texts.agree")
        self._box.toggled.connect(self.agreed)
        self._leave = button(
            theme, "Leave out", name="deidentify.texts.leave", small=True
        )
        self._leave.clicked.connect(lambda: self.left_out.emit(list(self._places)))
        self._black = button(
            theme, "Black out …", name="deidentify.texts.black", small=True
        )
        self._black.clicked.connect(lambda: self.black_out.emit(self._places[0]))
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(self._black)
        foot.addWidget(self._leave)
        self._blacked = QVBoxLayout()
        self._blacked.setSpacing(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(6)
        column.addWidget(self._title)
        column.addWidget(self._words)
        column.addLayout(self._list)
        column.addWidget(self._box)
        column.addLayout(foot)
        column.addLayout(self._blacked)
        theme.changed.connect(self.update)
        self.hide()

    def show_warnings(
        self, warnings: Sequence[TextWarning], done: Mapping[int, str] = _NOTHING
    ) -> None:
        """Show series; none hides the box and takes back the agreement.

        Parameters
        ----------
        warnings : sequence of TextWarning
            What is open.
        done : mapping of int to str
            Places of series with black areas, and what is said of them.
        """
        places = [one.at for one in warnings]
        if places == self._places and done == self._done:
            return
        self._show_done(done)
        new = set(places) - set(self._places)
        self._places = places
        if new or not places:
            self._box.setChecked(False)
        empty(self._list)
        images = sum(one.images for one in warnings)
        self._title.setText(f"{count(images, 'picture')} may show text")
        for one in warnings[:_LISTED]:
            line = ElidedLabel(
                self._theme,
                f"{one.title} · {count(one.images, 'image')}",
                style="small",
            )
            line.setToolTip(plain_tooltip(f"{one.title}\n{one.reason}"))
            self._list.addWidget(line)
            reason = ElidedLabel(
                self._theme, one.reason, style="caption", token="text.secondary"
            )
            self._list.addWidget(reason)
        if len(warnings) > _LISTED:
            more = f"and {len(warnings) - _LISTED:,} more series"
            self._list.addWidget(Label(self._theme, more, style="small"))
        for widget in (self._words, self._box, self._black, self._leave):
            widget.setVisible(bool(places))
        if not places:
            self._title.setText("Blacked out")
        self.setAccessibleName(self._title.text())
        self.setVisible(bool(places or done))

    def _show_done(self, done: Mapping[int, str]) -> None:
        self._done = dict(done)
        empty(self._blacked)
        for place, words in done.items():
            row = QWidget()
            inner = QHBoxLayout(row)
            inner.setContentsMargins(0, 0, 0, 0)
            inner.addWidget(ElidedLabel(self._theme, words, style="small"), 1)
            change = button(
                self._theme,
                "Change …",
                kind="quiet",
                name="deidentify.texts.change",
                small=True,
            )
            change.setAccessibleDescription(words)
            change.clicked.connect(
                lambda _on=False, place=place: self.black_out.emit(place)
            )
            inner.addWidget(change)
            self._blacked.addWidget(row)

    @property
    def is_agreed(self) -> bool:
        """Whether the person agreed to send them."""
        return self._box.isChecked()

    def ask(self) -> None:
        """Put the focus on the question."""
        self._box.setFocus()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Fill with the tint of warnings."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._theme.color("border.subtle"))
        painter.setBrush(self._theme.color("tint.warn"))
        painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 4, 4)
        painter.end()
