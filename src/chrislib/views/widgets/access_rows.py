"""Who may open something: names, what they may do, and Revoke beside each."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.emptied import empty
from chrislib.views.widgets.text import ElidedLabel, Label

Row = tuple[str, str, object | None]
"""Name, what they may do, and what stands for it; None cannot be revoked."""


class AccessRows(QScrollArea):
    """A list that is short enough to be read at a glance."""

    revoke = Signal(object)
    """What stands for the row whose button was pressed."""

    def __init__(self, theme: Theme, *, name: str) -> None:
        super().__init__()
        self._theme = theme
        self._name = name
        self.setObjectName(f"{name}.list")
        self.setAccessibleName("Who may open it")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self._rows = QVBoxLayout()
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(0)
        listed = QWidget()
        inner = QVBoxLayout(listed)
        inner.setContentsMargins(0, 0, 8, 0)
        inner.addLayout(self._rows)
        inner.addStretch(1)
        self.setWidget(listed)
        self.viewport().setAutoFillBackground(False)
        listed.setAutoFillBackground(False)

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show other rows."""
        empty(self._rows)
        for row in rows:
            self._rows.addWidget(self._made(*row))

    def _made(self, name: str, words: str, key: object | None) -> QWidget:
        theme = self._theme
        made = QWidget()
        row = QHBoxLayout(made)
        row.setContentsMargins(0, 4, 0, 4)
        row.setSpacing(8)
        row.addWidget(ElidedLabel(theme, name), 1)
        row.addWidget(Label(theme, words, style="small", token="text.secondary"))
        if key is not None:
            press = button(
                theme,
                "Revoke",
                name=f"{self._name}.revoke.{name}",
                small=True,
                tooltip=f"{name} cannot open it any more",
            )
            press.clicked.connect(lambda: self.revoke.emit(key))
            row.addWidget(press, 0, Qt.AlignmentFlag.AlignRight)
        return made
