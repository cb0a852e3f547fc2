"""The results of a lookup on screen: keeps its place while answers come in."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QCursor,
    QFontMetrics,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QHeaderView, QMenu, QStyle, QStyleOptionViewItem

from chrislib.library.model import Item
from chrislib.pacs.types import FoundPatient
from chrislib.views.library.found_delegate import FoundDelegate, action_width
from chrislib.views.library.found_model import (
    ACTION,
    IMAGES,
    MODALITY,
    NAME,
    SIZE,
    STATE,
    FoundModel,
    Keep,
    Node,
)
from chrislib.views.library.rowview import RowView
from chrislib.views.theme.theme import Theme

_WIDTHS = {MODALITY: 76, IMAGES: 64, SIZE: 72, STATE: 216}
_ALL_OPEN = 40
"""Up to so many series everything is unfolded; beyond, only the first study."""
_PATIENTS_OPEN = 100
"""Up to so many patients their studies are shown."""
_PAINT_SECONDS = 0.002
"""So long rows that were never seen are painted at a time."""
_PICTURES = 80
_MANY_AT_FIRST = 60
_UNIFORM = 300
"""From so many rows on all are as high as a series: nobody has to measure them."""


@dataclass(frozen=True, slots=True)
class _Look:
    """What all rows of one painting have in common: asked once, not for each row."""

    pointer: QPoint = field(default_factory=lambda: QPoint(-1, -1))
    width: int = 0
    current: QPersistentModelIndex = field(default_factory=QPersistentModelIndex)
    focused: bool = False
    marked: bool = False
    hidden: bool = False


class FoundTree(RowView):
    """Patients, studies and series; unfolded, highlighted and scrolled as before."""

    menu_asked = Signal(QPoint)

    def __init__(
        self,
        theme: Theme,
        model: FoundModel,
        *,
        thumb: Callable[[Item | None], QPixmap | None],
    ) -> None:
        super().__init__(theme, name="pacs.results", label="Patients, studies, series")
        self._model = model
        self.setModel(model)
        self._painter = FoundDelegate(theme, self, thumb=thumb)
        self.setItemDelegate(self._painter)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self.menu_asked)
        self._pictures: dict[tuple[object, ...], QPixmap] = {}
        self._paint_until = 0.0
        self._just_shown = False
        self._look = _Look()
        self._more = QTimer(self)
        self._more.setSingleShot(True)
        self._more.setInterval(0)
        self._more.timeout.connect(self.viewport().update)
        model.dataChanged.connect(self.repaint_rows)
        model.modelReset.connect(self.repaint_rows)
        self.expanded.connect(model.unfold)
        self._arrange()
        theme.changed.connect(self._dress)
        self._dress()

    def show_found(self, patients: tuple[FoundPatient, ...], keep: Keep | None) -> None:
        """Show results; what was folded, highlighted or scrolled to stays so."""
        model = self._model
        open_ = {
            node.key
            for node in (*model.roots, *(b for r in model.roots for b in r.children))
            if self.isExpanded(model.index_of(node))
        }
        known = {node.key for root in model.roots for node in (root, *root.children)}
        marked = {
            node.key
            for index in self.selectionModel().selectedRows(0)
            if (node := model.node(index)) is not None
        }
        current = model.node(self.currentIndex())
        current_key = current.key if current is not None else None
        at = self.verticalScrollBar().value()
        self.begin(keep)
        fresh = model.prepare(patients)
        self.setUniformRowHeights(model.shown_rows > _UNIFORM)
        fresh += model.insert()
        self._unfold([node for node in fresh if node.key not in known])
        for node in fresh:
            if node.key in open_:
                self.setExpanded(model.index_of(node), True)
        if marked or current_key is not None:
            self._mark(marked, current_key)
        self.verticalScrollBar().setValue(at)

    def begin(self, keep: Keep | None) -> None:
        """Show nothing; from now on what `keep` lets through."""
        self.setUniformRowHeights(False)
        self._model.begin(keep)
        # a model that was cleared has other columns to Qt, as wide as they like
        self._arrange()
        self._fit()

    def prepare(self, patients: Iterable[FoundPatient]) -> None:
        """Make rows of more patients; `insert` shows them."""
        self._unfold(self._model.prepare(patients))

    def insert(self) -> None:
        """Show what was made: new patients stand at the end, nothing else moves."""
        at = self.verticalScrollBar().value()
        # many at once at the beginning will be very many: they do not change later
        many = not self._model.roots and self._model.shown_rows > _MANY_AT_FIRST
        if self._model.shown_rows > _UNIFORM or many:
            self.setUniformRowHeights(True)
        self._unfold(self._model.insert())
        if self.verticalScrollBar().value() != at:
            self.verticalScrollBar().setValue(at)

    def _unfold(self, fresh: Sequence[Node]) -> None:
        model = self._model
        small = model.shown_series <= _ALL_OPEN
        few = len(model.roots) <= _PATIENTS_OPEN
        if not small and not few:
            return
        for node in fresh:
            first = node.row == 0 and node.parent is not None and node.parent.row == 0
            if small or node.study is None or first:
                self.setExpanded(model.index_of(node), True)

    def _mark(
        self, keys: set[tuple[str, ...]], current: tuple[str, ...] | None
    ) -> None:
        flags = self.selectionModel().SelectionFlag
        for node in self._model.nodes():
            if node.key == current:
                self.selectionModel().setCurrentIndex(
                    self._model.index_of(node), flags.NoUpdate
                )
            if node.key in keys:
                self.selectionModel().select(
                    self._model.index_of(node), flags.Select | flags.Rows
                )

    def drawRow(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Draw a whole row at once: most of them are not made of cells."""
        drawn = QStyleOptionViewItem(option)
        plain = QStyle.StateFlag
        drawn.state &= ~(
            plain.State_HasFocus | plain.State_Selected | plain.State_MouseOver
        )
        look = self._look
        drawn.rect = QRect(0, option.rect.top(), look.width, option.rect.height())
        drawn.widget = self
        if look.marked and self.selectionModel().isSelected(index):
            drawn.state |= plain.State_Selected
        if drawn.rect.contains(look.pointer):
            drawn.state |= plain.State_MouseOver
        current = look.current
        if (
            look.focused
            and current.row() == index.row()
            and current.parent() == index.parent()
        ):
            drawn.state |= plain.State_HasFocus
        if drawn.state & plain.State_MouseOver:
            # its button looks at the pointer
            self._painter.paint_row(painter, drawn, index)
            return
        node = self._model.node(index)
        key = (
            id(node),
            node.size if node is not None else 0,
            look.width,
            option.rect.height(),
            bool(drawn.state & plain.State_Selected),
            bool(drawn.state & plain.State_HasFocus),
            self.isExpanded(index),
            look.hidden,
        )
        picture = self._pictures.get(key)
        if picture is None:
            if time.perf_counter() > self._paint_until:
                # the rest of the rows comes with the next picture of the window
                self._more.start()
                return
            picture = self._picture(drawn, index)
            if len(self._pictures) >= _PICTURES:
                self._pictures.clear()
            self._pictures[key] = picture
        painter.drawPixmap(drawn.rect.topLeft(), picture)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the rows, new ones as far as there is time."""
        self._paint_until = time.perf_counter() + _PAINT_SECONDS
        if self._just_shown:
            # a page that comes up is laid out in this turn: rows come in the next
            self._just_shown, self._paint_until = False, 0.0
        self._look = _Look(
            pointer=self.viewport().mapFromGlobal(QCursor.pos()),
            width=self.header().length(),
            current=QPersistentModelIndex(self.currentIndex()),
            focused=self.hasFocus(),
            marked=self.selectionModel().hasSelection(),
            hidden=self._model.hides_names,
        )
        super().paintEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        """Take note that it comes up."""
        super().showEvent(event)
        self._just_shown = True

    def _picture(
        self,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> QPixmap:
        ratio = self.devicePixelRatioF()
        size = option.rect.size()
        picture = QPixmap(size * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(self.theme.color("bg.window"))
        at_origin = QStyleOptionViewItem(option)
        at_origin.rect = QRect(QPoint(0, 0), size)
        painter = QPainter(picture)
        self._painter.paint_row(painter, at_origin, index)
        painter.end()
        return picture

    def repaint_rows(self) -> None:
        """Forget how rows looked: what they say may be another."""
        self._pictures.clear()
        self.viewport().update()

    def _arrange(self) -> None:
        header = self.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(40)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        header.setSectionsClickable(False)
        for column in (*_WIDTHS, ACTION):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Hide the columns there is no room for: size first, then modality."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        metrics = QFontMetrics(self.theme.font("small-strong"))
        action = round(action_width(metrics) / self.theme.text_size)
        widths = {**_WIDTHS, ACTION: action}
        self.fit_columns(widths, first=300, giving_way=(SIZE, MODALITY, IMAGES))

    def popup(
        self, at: QPoint, actions: Sequence[tuple[str, str, Callable[[], object]]]
    ) -> None:
        """Show a context menu of (words, key, callback)."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for words, key, callback in actions:
            action = menu.addAction(f"{words}\t{key}")
            action.triggered.connect(lambda _on=False, callback=callback: callback())
        menu.popup(self.viewport().mapToGlobal(at))

    def _dress(self) -> None:
        self._pictures.clear()
        self.header().setFont(self.theme.font("caption"))
        self._fit()
