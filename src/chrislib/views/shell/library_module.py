"""The Library: places at the left, the pane in the middle, the tray below."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from chrislib.views.shell.places import PlacesPanel
from chrislib.views.shell.tray import TrayPanel
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.text import line


class LibraryPage(QWidget):
    """Puts the Library's pane between places and tray, what it has beside it right."""

    fold_changed = Signal()

    def __init__(
        self, theme: Theme, pane: QWidget, *, sections: tuple[str, ...]
    ) -> None:
        super().__init__()
        self.setObjectName("library.page")
        self.pane = pane
        self.places = PlacesPanel(theme, sections)
        self.places.setMinimumWidth(184)
        self.places.setMaximumWidth(360)
        self.tray = TrayPanel(theme)
        right = QWidget()
        right.setObjectName("centre")
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(pane, 1)
        column.addWidget(line())
        column.addWidget(self.tray)
        inner = QSplitter(Qt.Orientation.Horizontal)
        inner.setObjectName("library.inner")
        inner.setChildrenCollapsible(False)
        inner.setHandleWidth(1)
        inner.addWidget(right)
        side = getattr(pane, "side", None)
        if isinstance(side, QWidget):
            inner.addWidget(side)
        inner.setStretchFactor(0, 1)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setObjectName("library.splitter")
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(1)
        self.splitter.addWidget(self.places)
        self.splitter.addWidget(inner)
        self.splitter.setStretchFactor(0, 0)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([224, 1216])
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.splitter)

    def begin(self) -> None:
        """Let the pane fill its part of the places, once the window was painted."""
        use = getattr(self.pane, "use_places", None)
        if use is not None:
            use(self.places)

    def folded(self, side: str) -> bool:
        """Return whether "left" or "tray" is folded."""
        if side == "tray":
            return self.tray.folded
        return side == "left" and self.places.isHidden()

    def fold(self, side: str, folded: bool) -> None:
        """Fold or show "left" or "tray"."""
        if side == "tray":
            self.tray.set_folded(folded)
        elif side == "left":
            self.places.setVisible(not folded)
        self.fold_changed.emit()
