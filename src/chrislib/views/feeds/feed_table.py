"""The view of the list of feeds: one click opens, Ctrl and Shift only highlight."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QListView

from chrislib.views.models.selected import rows_of

_MORE = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


class FeedTable(QListView):
    """Rows of which several can be highlighted.

    Attributes
    ----------
    extending : bool
        Whether what goes on just now changes the highlight and opens nothing.
    """

    delete_pressed = Signal()
    rename_pressed = Signal()
    one_wanted = Signal()
    """Esc while several are highlighted."""
    chosen_again = Signal()
    """A plain click on the row that is the current one already."""

    def __init__(self) -> None:
        super().__init__()
        self.extending = False
        self.setObjectName("feeds.list")
        self.setAccessibleName("Feeds")
        self.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)

    @property
    def highlighted(self) -> list[int]:
        """The highlighted rows, from top to bottom."""
        return rows_of(self.selectionModel())

    @property
    def several(self) -> bool:
        """Whether more than one feed is highlighted."""
        parts = self.selectionModel().selection()
        return parts.count() > 1 or (parts.count() == 1 and parts.at(0).height() > 1)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Open the menu of the keyboard at the row the keys are at."""
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            place = self.visualRect(self.currentIndex()).center()
            self.customContextMenuRequested.emit(place)
            event.accept()
            return
        super().contextMenuEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Highlight more with Ctrl and Shift; the right button keeps several."""
        kept = event.button() == Qt.MouseButton.RightButton and self.several
        inside = self.selectionModel().isSelected(
            self.indexAt(event.position().toPoint())
        )
        self.extending = bool(event.modifiers() & _MORE) or (kept and inside)
        plain, before = not self.extending, self.currentIndex()
        try:
            super().mousePressEvent(event)
        finally:
            self.extending = False
        if plain and before.isValid() and before == self.currentIndex():
            self.chosen_again.emit()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Highlight what the pointer is drawn over."""
        self.extending = bool(event.buttons())
        try:
            super().mouseMoveEvent(event)
        finally:
            self.extending = False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Del deletes, F2 renames, Esc ends a highlight of several."""
        match event.key():
            case Qt.Key.Key_Delete:
                self.delete_pressed.emit()
                return
            case Qt.Key.Key_F2:
                self.rename_pressed.emit()
                return
            case Qt.Key.Key_Escape if self.several:
                self.one_wanted.emit()
                return
        self.extending = bool(event.modifiers() & _MORE)
        try:
            super().keyPressEvent(event)
        finally:
            self.extending = False
