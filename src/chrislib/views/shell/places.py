"""The Library's left panel: sources and places, with counts."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QStandardItem,
    QStandardItemModel,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paint import draw_bar, draw_glyph, draw_ring, draw_text

_Index = QModelIndex | QPersistentModelIndex

SECTION_ROLE = int(Qt.ItemDataRole.UserRole)
ICON_ROLE = SECTION_ROLE + 1
COUNT_ROLE = SECTION_ROLE + 2

_TREE: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    ("", (("overview", "Overview", "house"),)),
    (
        "Add data",
        (
            ("pacs", "PACS Lookup", "search"),
            ("upload", "Upload Data", "upload"),
            ("reference", "Reference Data", "library"),
        ),
    ),
    (
        "My Library",
        (
            ("all", "All", "images"),
            ("patients", "Patients", "user"),
            ("studies", "Studies", "briefcase-medical"),
            ("series", "Series", "layers"),
            ("previous", "Previous import", "history"),
        ),
    ),
    ("Storage", (("files", "Browse Files", "folder-tree"),)),
)


class _PlaceDelegate(QStyledItemDelegate):
    """Heads as captions with an arrow, places as rows of 28."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, _option: QStyleOptionViewItem, index: _Index) -> QSize:
        head = index.data(SECTION_ROLE) is None
        return QSize(100, self._theme.px(36 if head else 28))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: _Index
    ) -> None:
        theme, rect = self._theme, option.rect
        text = str(index.data(Qt.ItemDataRole.DisplayRole))
        if index.data(SECTION_ROLE) is None:
            row = QRect(rect)
            row.setTop(rect.bottom() + 1 - theme.px(28))
            view = option.widget
            opened = isinstance(view, QTreeView) and view.isExpanded(
                view.model().index(index.row(), 0)
            )
            spot = QPoint(12, row.top() + (row.height() - 12) // 2)
            arrow = "chevron-down" if opened else "chevron-right"
            draw_glyph(painter, spot, theme, icon=arrow, token="text.muted", size=12)
            row.setLeft(30)
            draw_text(
                painter, row, theme, text=text, style="group", token="text.secondary"
            )
            if option.state & QStyle.StateFlag.State_HasFocus:
                draw_ring(painter, rect, theme)
            return
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if selected:
            painter.fillRect(rect, theme.color("bg.selected"))
            edge = QRect(rect.left(), rect.top(), 2, rect.height())
            painter.fillRect(edge, theme.color("accent.glyph"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, theme.color("bg.hover"))
        spot = QPoint(12, rect.top() + (rect.height() - 16) // 2)
        token = "text.primary" if selected else "text.secondary"
        icon = str(index.data(ICON_ROLE))
        draw_glyph(painter, spot, theme, icon=icon, token=token, size=16)
        count = index.data(COUNT_ROLE)
        words = QRect(36, rect.top(), rect.width() - 36 - 12, rect.height())
        if count is not None:
            number = QRect(rect.right() - 72, rect.top(), 61, rect.height())
            draw_text(
                painter,
                number,
                theme,
                text=f"{int(count):,}",
                style="small",
                token="text.secondary" if selected else "text.muted",
                align=Qt.AlignmentFlag.AlignRight,
            )
            words.setRight(rect.right() - 72)
        draw_text(painter, words, theme, text=text, token=token)
        if option.state & QStyle.StateFlag.State_HasFocus:
            draw_ring(painter, rect, theme)


class _PlaceTree(QTreeView):
    """Heads fold with one click; places are chosen with click or arrows."""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and index.data(SECTION_ROLE) is None:
            self.setExpanded(index, not self.isExpanded(index))
            return
        super().mousePressEvent(event)


class _SpaceLine(QWidget):
    """How much room this computer has left."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._words = ""
        self._share = 0.0
        self.setObjectName("places.space")
        self.setFixedHeight(44)
        theme.changed.connect(self.update)

    def show_space(self, used: int, total: int) -> None:
        """Show bytes used of `total`."""
        self._words = f"{used / 1e9:,.0f} GB of {total / 1e9:,.0f} GB"
        self._share = used / total if total else 0.0
        self.setAccessibleName(f"On this computer, {self._words}")
        self.setToolTip("Space in use on the disk that holds your library")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        if not self._words:
            return
        painter = QPainter(self)
        rect = QRect(12, 4, self.width() - 24, 18)
        wide = draw_text(
            painter,
            rect,
            self._theme,
            text=self._words,
            style="caption",
            token="text.secondary",
            align=Qt.AlignmentFlag.AlignRight,
        )
        rect.setRight(rect.right() - wide - 8)
        draw_text(
            painter,
            rect,
            self._theme,
            text="On this computer",
            style="caption",
            token="text.muted",
        )
        bar = QRect(12, 26, self.width() - 24, 4)
        draw_bar(painter, bar, self._theme, token="text.muted", share=self._share)
        painter.end()


class PlacesPanel(QFrame):
    """The tree of places; emits the section that was chosen.

    Parameters
    ----------
    sections : sequence of str
        Which places exist; others are not shown.
    """

    chosen = Signal(str)

    def __init__(self, theme: Theme, sections: Sequence[str]) -> None:
        super().__init__()
        self._theme = theme
        self.setObjectName("places.panel")
        self.setProperty("surface", "panel")
        self._model = QStandardItemModel(self)
        self._rows: dict[str, QStandardItem] = {}
        self._fill(sections)
        self.tree = _PlaceTree()
        self.tree.setObjectName("places")
        self.tree.setAccessibleName("Places")
        self.tree.setModel(self._model)
        self.tree.setItemDelegate(_PlaceDelegate(theme, self.tree))
        self.tree.setHeaderHidden(True)
        self.tree.setIndentation(0)
        self.tree.setRootIsDecorated(False)
        self.tree.setMouseTracking(True)
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.tree.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.tree.expandAll()
        self.space = _SpaceLine(theme)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tree, 1)
        column.addWidget(self.space)
        self.tree.selectionModel().currentChanged.connect(self._moved)
        theme.changed.connect(self._relayout)

    def select(self, section: str) -> None:
        """Highlight a place without emitting `chosen`."""
        item = self._rows.get(section)
        selection = self.tree.selectionModel()
        selection.blockSignals(True)
        if item is None:
            selection.clear()
        else:
            self.tree.setCurrentIndex(item.index())
        selection.blockSignals(False)
        self.tree.viewport().update()

    def show_counts(self, counts: Mapping[str, int]) -> None:
        """Show how many things each place holds."""
        for section, item in self._rows.items():
            item.setData(counts.get(section), COUNT_ROLE)

    def sizeHint(self) -> QSize:
        """Return the width of a fresh panel."""
        return QSize(224, 400)

    def changeEvent(self, event: QEvent) -> None:
        """Measure the rows again after a change of font."""
        if event.type() == QEvent.Type.FontChange and hasattr(self, "tree"):
            self._relayout()
        super().changeEvent(event)

    def _fill(self, sections: Sequence[str]) -> None:
        for head, places in _TREE:
            shown = [place for place in places if place[0] in sections]
            if not shown:
                continue
            parent: QStandardItem = self._model.invisibleRootItem()
            if head:
                parent = QStandardItem(head)
                parent.setSelectable(False)
                self._model.appendRow(parent)
            for section, text, icon in shown:
                item = QStandardItem(text)
                item.setData(section, SECTION_ROLE)
                item.setData(icon, ICON_ROLE)
                parent.appendRow(item)
                self._rows[section] = item

    def _moved(self, current: QModelIndex, _previous: QModelIndex) -> None:
        section = current.data(SECTION_ROLE)
        if section is not None:
            self.chosen.emit(str(section))

    def _relayout(self) -> None:
        self.tree.doItemsLayout()
