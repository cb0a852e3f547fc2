"""A column beside a form, to choose in it what fills a field."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button, icon_button
from chrislib.views.widgets.text import Label

_WIDTH = 288


class BesideForm(QWidget):
    """A head, a way to put it away, what who inherits lays out, and a button.

    Parameters
    ----------
    name : str
        Begins the object names.
    verb : str
        What the button does; it is to be allowed first.
    """

    closed = Signal()

    def __init__(self, theme: Theme, *, name: str, head: str, verb: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setFixedWidth(_WIDTH)
        self._head = Label(theme, head, style="small-strong", wrap=True)
        close = icon_button(theme, "x", name=f"{name}.close", tooltip="Put it away")
        close.clicked.connect(self.closed)
        self._use = button(theme, verb, name=f"{name}.use")
        self._use.setEnabled(False)
        top = QHBoxLayout()
        top.addWidget(self._head, 1)
        top.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(16, 12, 12, 16)
        self._column.setSpacing(8)
        self._column.addLayout(top)

    def _lay_out(self, above: QWidget, wide: QWidget) -> None:
        """Put a widget below the head, and one that takes the room there is."""
        self._column.addWidget(above)
        self._column.addWidget(wide, 1)
        self._column.addWidget(self._use)
