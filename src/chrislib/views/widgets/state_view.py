"""The one page for empty, missing and failed: glyph, title, words, ways out."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from chrislib.errors import ChrislibError
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.emptied import empty
from chrislib.views.widgets.text import Label

Actions = Sequence[tuple[str, Callable[[], object]]]


class StateView(QWidget):
    """What a pane shows when it has nothing (yet) to show.

    Parameters
    ----------
    icon : str
        Name of an icon, drawn at 32 px.
    title, text : str
        What is the case, and what it means.
    actions : sequence of (label, callback)
        Ways out; the first is the primary one.
    """

    def __init__(
        self,
        theme: Theme,
        icon: str,
        title: str,
        text: str = "",
        actions: Actions = (),
        *,
        parent: QWidget | None = None,
        primary: bool = True,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icon = icon
        self._primary = primary
        self._picture = QLabel()
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._title = Label(theme, style="section", name="state.title")
        self._text = Label(theme, token="text.secondary", wrap=True, name="state.text")
        for label in (self._title, self._text):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._row = QHBoxLayout()
        self._row.setSpacing(8)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.addStretch(2)
        column.addWidget(self._picture)
        column.addSpacing(12)
        column.addWidget(self._title, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(4)
        column.addWidget(self._text, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(12)
        column.addLayout(self._row)
        column.addStretch(3)
        theme.changed.connect(self._dress)
        self.show_state(icon, title, text, actions)

    def show_state(
        self, icon: str, title: str, text: str = "", actions: Actions = ()
    ) -> None:
        """Show other words and ways out."""
        self._icon = icon
        self._title.setText(title)
        self._text.setText(text)
        self._text.setVisible(bool(text))
        empty(self._row)
        self._row.addStretch(1)
        for index, (label, callback) in enumerate(actions):
            kind = "primary" if index == 0 and self._primary else "secondary"
            made = button(
                self._theme, label, kind=kind, name=f"state.action.{index + 1}"
            )
            made.clicked.connect(lambda _on=False, callback=callback: callback())
            self._row.addWidget(made)
        self._row.addStretch(1)
        self.setAccessibleName(title)
        self._dress()

    def show_error(self, error: BaseException, retry: Callable[[], object]) -> None:
        """Show what went wrong in words, with Try again."""
        if isinstance(error, ChrislibError):
            words = " ".join(part for part in (error.detail, error.hint) if part)
            self.show_state(
                "triangle-alert", error.title, words, [("Try again", retry)]
            )
            return
        self.show_state(
            "triangle-alert",
            "Something went wrong in chrislib",
            "Nothing was changed. The log holds the details.",
            [("Try again", retry)],
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Wrap the words to the room there is, at most 344 px."""
        super().resizeEvent(event)
        self._fit()

    def sizeHint(self) -> QSize:
        """Return room for everything."""
        self._fit()
        return super().sizeHint()

    def _fit(self) -> None:
        # a wrapping label asks for too little height until its width is known
        width = max(120, min(344, self.width() - 32))
        self._text.setFixedSize(width, max(0, self._text.heightForWidth(width)))

    def _dress(self) -> None:
        self._fit()
        ratio = self.devicePixelRatioF()
        self._picture.setPixmap(self._theme.pixmap(self._icon, size=32, dpr=ratio))
