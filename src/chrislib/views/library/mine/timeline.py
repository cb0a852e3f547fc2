"""Patients with their studies on a line of time: year, month and age at the scan."""

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from chrislib.library.mine.model import Level, Query, Row, RowId
from chrislib.library.words import join
from chrislib.views.context import ViewContext
from chrislib.views.library.mine import words
from chrislib.views.library.mine.keys import key_of
from chrislib.views.library.mine.shows import Shows
from chrislib.views.library.mine.timeline_model import Key, PatientsModel
from chrislib.views.library.mine.timeline_rows import (
    TALL,
    Pictures,
    TimelineDelegate,
    level_of,
    moment,
    places_in,
)
from chrislib.views.library.rowview import RowView
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paint import draw_text

_LOOK_MS = 60
_HEAD = 28
_MANY = 500


class PatientsTree(QWidget):
    """Patients → studies on their line of time → series, below one head.

    Signals
    -------
    highlight_changed
        Other rows are highlighted, or another one is the current one.
    opened : Row
        Return or a double click.
    ticked : Row
        The box of a row was clicked.
    key_pressed : str
        Another key: "T", "Shift+T", "4", "Space", "Del".
    menu_asked : QPoint
        A menu is wanted at this global place.
    listed
        Other patients are shown.
    failed : exception
        They could not be had; those before are still there.
    """

    highlight_changed = Signal()
    opened = Signal(object)
    ticked = Signal(object)
    key_pressed = Signal(str)
    menu_asked = Signal(QPoint)
    listed = Signal()
    failed = Signal(object)

    def __init__(
        self,
        ctx: ViewContext,
        pictures: Pictures,
        *,
        ticked: Callable[[Row], Qt.CheckState],
    ) -> None:
        super().__init__()
        self._ctx = ctx
        self._pictures = pictures
        self._ticked = ticked
        self.model = PatientsModel(ctx.my_library, words=self._spoken, parent=self)
        self.view = TimelineView(ctx.theme)
        self.view.setModel(self.model)
        self.view.setItemDelegate(
            TimelineDelegate(
                ctx.theme,
                self.view,
                shows=Shows(self.model.row, ticked, self._hidden),
                pictures=pictures,
            )
        )
        self._head = _Head(ctx.theme, self.view)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._head)
        column.addWidget(self.view, 1)
        self.setFocusProxy(self.view)
        self._look = QTimer(self)
        self._look.setSingleShot(True)
        self._look.setInterval(_LOOK_MS)
        self._look.timeout.connect(self._look_at)
        self._connect()

    # --- for the page ---------------------------------------------------------

    def show_query(self, query: Query) -> None:
        """Show other patients; they come in the background."""
        self.model.show(query)

    def set_oldest_first(self, oldest_first: bool) -> None:
        """Turn the order of each patient's studies."""
        self.model.set_oldest_first(oldest_first)

    def highlighted(self) -> tuple[Level, list[RowId]]:
        """Return the level of the current row, and what is highlighted of it."""
        keys = self._keys()
        current = self.model.key_at(self.view.currentIndex())
        level = current[0] if current in keys and current else Level.PATIENT
        if keys and (current is None or current not in keys):
            level = keys[0][0]
        return level, [row_id for at, row_id in keys if at is level]

    def rows(self, most: int = _MANY) -> list[Row]:
        """Return the highlighted rows that are known."""
        level, ids = self.highlighted()
        found = [self.model.row(self.model.index_of((level, one))) for one in ids]
        return [row for row in found[:most] if row is not None]

    def current_row(self) -> Row | None:
        """Return the current row, None while it is not known."""
        return self.model.row(self.view.currentIndex())

    def highlight_first(self) -> None:
        """Highlight the first patient where nothing is."""
        if self.model.rowCount() and not self.view.currentIndex().isValid():
            self.view.setCurrentIndex(self.model.index(0, 0))

    def repaint_rows(self) -> None:
        """Draw again what is in sight."""
        self.view.viewport().update()

    def shutdown(self) -> None:
        """Stop asking."""
        self._look.stop()
        self.model.shutdown()

    # --- inside ---------------------------------------------------------------

    def _connect(self) -> None:
        view, model = self.view, self.model
        view.opened.connect(lambda index: self._with_row(index, self.opened.emit))
        view.ticked.connect(lambda index: self._with_row(index, self.ticked.emit))
        view.key_pressed.connect(self.key_pressed)
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        view.customContextMenuRequested.connect(self._ask_menu)
        selection = view.selectionModel()
        selection.selectionChanged.connect(self._tell)
        selection.currentChanged.connect(self._tell)
        bar = view.verticalScrollBar()
        for moved in (bar.valueChanged, bar.rangeChanged, view.expanded):
            moved.connect(self._look.start)
        view.collapsed.connect(self._look.start)
        model.unfolded.connect(self._look.start)
        model.dataChanged.connect(self._look.start)
        model.aged.connect(self.repaint_rows)
        model.listed.connect(self._look.start)
        model.listed.connect(self.listed)
        model.failed.connect(self.failed)

    def _tell(self, *_: object) -> None:
        self.highlight_changed.emit()

    def _keys(self) -> list[Key]:
        found = (self.model.key_at(index) for index in self.view.highlighted())
        return [key for key in found if key is not None]

    def _with_row(self, index: QModelIndex, tell: Callable[[Row], None]) -> None:
        row = self.model.row(index)
        if row is not None:
            tell(row)

    def _ask_menu(self, at: QPoint) -> None:
        index = self.view.indexAt(at)
        if index.isValid() and not self.view.selectionModel().isSelected(index):
            self.view.setCurrentIndex(index)
        self.menu_asked.emit(self.view.viewport().mapToGlobal(at))

    def _hidden(self) -> bool:
        return bool(self._ctx.settings.get("hide_names"))

    def _spoken(self, row: Row) -> str:
        ticked = self._ticked(row) is Qt.CheckState.Checked
        said = words.spoken(row, hidden=self._hidden(), ticked=ticked)
        if row.level is not Level.STUDY:
            return said
        when = moment(row)
        return join(f"{when.month} {when.year}".strip(), when.age, said)

    def _look_at(self) -> None:
        """Ask for the pictures of the series in sight, then of those next to them."""
        view, theme = self.view, self._ctx.theme
        high = view.viewport().height()
        if not view.isVisible() or not self.model.rowCount():
            return  # another view of the page is in front
        shown: list[Row] = []
        near: list[Row] = []
        index = view.indexAt(QPoint(8, 4))
        top = 0
        while index.isValid() and top < 2 * high:
            if level_of(index) is Level.SERIES:
                row = self.model.row(index)
                if row is not None:
                    (shown if top < high else near).append(row)
            top += theme.px(TALL[level_of(index)])
            index = view.indexBelow(index)
        side = theme.px(40) * self.devicePixelRatioF()
        self._pictures.look_at(shown, near, side)


class TimelineView(RowView):
    """The rows; Left and Right fold and unfold, or go to what a row is below."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, name="mine.patients", label="My Library, patients")
        self.setHeaderHidden(True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Turn the keys of lists into signals (ui.md §8)."""
        index, key = self.currentIndex(), key_of(event)
        plain = event.modifiers() == Qt.KeyboardModifier.NoModifier
        if key == "Return":
            if index.isValid():
                self.opened.emit(index)
        elif key:
            self.key_pressed.emit(key)
        elif event.key() == Qt.Key.Key_Left and plain and index.isValid():
            if self.isExpanded(index):
                self.collapse(index)
            elif index.parent().isValid():
                self.setCurrentIndex(index.parent())
        elif event.key() == Qt.Key.Key_Right and plain and index.isValid():
            if level_of(index) is not Level.SERIES and not self.isExpanded(index):
                self.expand(index)
            elif self.model().rowCount(index):
                self.setCurrentIndex(self.model().index(0, 0, index))
        else:
            super().keyPressEvent(event)


class _Head(QWidget):
    """What the columns of patients are called."""

    def __init__(self, theme: Theme, view: RowView) -> None:
        super().__init__()
        self._theme = theme
        self._view = view
        self.setProperty("surface", "window")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setSizePolicy(
            self.sizePolicy().horizontalPolicy(), self.sizePolicy().Policy.Fixed
        )
        theme.changed.connect(self.updateGeometry)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Return the height of a column header."""
        return QSize(200, self._theme.px(_HEAD))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Follow the rows below."""
        super().resizeEvent(event)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the heads over their columns."""
        theme, px = self._theme, self._theme.px
        at = places_in(self._view.viewport().width(), theme)
        painter = QPainter(self)
        whole = self.rect().adjusted(0, 0, 0, -1)
        painter.fillRect(
            0, self.height() - 1, self.width(), 1, theme.color("border.subtle")
        )

        def left(place: int, text: str) -> None:
            if place > 0:
                box = whole.adjusted(place, 0, 0, 0)
                draw_text(
                    painter,
                    box,
                    theme,
                    text=text,
                    style="caption",
                    token="text.secondary",
                )

        def right(place: int, text: str) -> None:
            if place > 0:
                box = whole.adjusted(0, 0, 0, 0)
                box.setLeft(place - px(80))
                box.setWidth(px(80))
                draw_text(
                    painter,
                    box,
                    theme,
                    text=text,
                    style="caption",
                    token="text.secondary",
                    align=Qt.AlignmentFlag.AlignRight,
                )

        left(px(42), "Patient")
        left(at.patient_id, "Patient ID")
        left(at.born, "Sex, born")
        right(at.studies, "Studies")
        right(at.counted, "Series")
        right(at.feeds, "Feeds")
        left(at.state, "Latest")
        painter.end()
