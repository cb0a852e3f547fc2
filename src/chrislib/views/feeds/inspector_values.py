"""What a node was given, and what it had by itself: values that can be copied."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu, QPlainTextEdit, QVBoxLayout, QWidget

from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.section import Facts
from chrislib.views.widgets.text import ElidedLabel, Label


class CopyFacts(Facts):
    """Labels and values; each value can be copied from its menu."""

    copied = Signal()

    def __init__(self, theme: Theme, *, mono: bool = False, share: int = 92) -> None:
        super().__init__(theme, mono=mono, share=share)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)

    def value_at(self, at: QPoint) -> str:
        """Return the value at a point, "" where none is."""
        found = self.childAt(at)
        return found.text() if isinstance(found, ElidedLabel) else ""

    def _menu(self, at: QPoint) -> None:
        value = self.value_at(at)
        if not value:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Copy value").triggered.connect(lambda: self._copy(value))
        menu.popup(self.mapToGlobal(at))

    def _copy(self, value: str) -> None:
        QGuiApplication.clipboard().setText(value)
        self.copied.emit()


class Values(QWidget):
    """The parameters: those that were given, and behind a button the defaults."""

    copied = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._given: tuple[tuple[str, str], ...] = ()
        self._defaults: tuple[tuple[str, str], ...] = ()
        self._facts = CopyFacts(theme, mono=True)
        self._facts.setObjectName("inspector.given")
        self._none = Label(
            theme, "No value was given.", style="small", token="text.muted", wrap=True
        )
        self.more = button(
            theme, "", kind="quiet", name="inspector.defaults.show", small=True
        )
        self._rest = CopyFacts(theme, mono=True)
        self._rest.setObjectName("inspector.defaults")
        self._rest.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self._facts)
        column.addWidget(self._none)
        column.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._rest)
        self.more.clicked.connect(self._turn)
        self._facts.copied.connect(self.copied)
        self._rest.copied.connect(self.copied)
        self.show_values((), ())

    def show_values(
        self,
        given: Sequence[tuple[str, str]],
        defaults: Sequence[tuple[str, str]],
    ) -> None:
        """Show values as (flag, value)."""
        self._given, self._defaults = tuple(given), tuple(defaults)
        self._facts.show_facts(given)
        self._rest.show_facts(defaults)
        self._facts.setVisible(bool(given))
        self._none.setVisible(not given)
        if not defaults:
            self._rest.hide()
        self._say()

    def text(self) -> str:
        """Return all values as lines, the program's own marked as such."""
        lines = [f"{flag} {value}".rstrip() for flag, value in self._given]
        lines += [f"{flag} {value}  (default)" for flag, value in self._defaults]
        return "\n".join(lines)

    def _turn(self) -> None:
        self._rest.setVisible(self._rest.isHidden())
        self._say()

    def _say(self) -> None:
        count = len(self._defaults)
        what = "1 value" if count == 1 else f"{count} values"
        words = f"{what} left at the default"
        verb = "Show" if self._rest.isHidden() else "Hide"
        self.more.setText(f"{verb} {words}")
        self.more.setVisible(count > 0)


def set_text(box: QPlainTextEdit, text: str) -> None:
    """Show a text; the same one is left alone, with its selection."""
    if box.toPlainText() != text:
        box.setPlainText(text)


def text_box(theme: Theme, name: str, label: str, *, lines: int) -> QPlainTextEdit:
    """Return a read-only box; plain text only, whatever it is given.

    Parameters
    ----------
    lines : int
        Its height; 0 takes the height there is.
    """
    box = QPlainTextEdit()
    box.setObjectName(name)
    box.setAccessibleName(label)
    box.setReadOnly(True)
    box.setTabChangesFocus(True)

    def dress() -> None:
        box.setFont(theme.font("mono"))
        if lines:
            box.setFixedHeight(box.fontMetrics().lineSpacing() * lines + 14)

    theme.follow(box, dress)
    return box
