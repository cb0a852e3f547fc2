"""Two runs side by side as a Qt tree: run, parameters, files, with a verdict each."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPoint, QRect, Qt
from PySide6.QtGui import QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QHeaderView,
    QStyleOptionViewItem,
    QTreeView,
)

from chrislib.feeds.compare_files import WORDS, FilePair
from chrislib.feeds.compare_model import Line
from chrislib.shown import one_line
from chrislib.views.feeds.words import size_words
from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.delegates import SizedDelegate
from chrislib.views.widgets.heads import head_cell
from chrislib.views.widgets.paint import draw_glyph, draw_row, draw_text
from chrislib.views.widgets.text import plain_tooltip

LOOKS = {
    "same": ("check", "text.muted"),
    "size": ("circle-minus", "text.secondary"),
    "differs": ("triangle-alert", "state.errors"),
    "left": ("minus", "state.running"),
    "right": ("plus", "state.running"),
}
"""Verdict to glyph and color."""
HEADS = ("", "Left", "Right", "")
_ROW = Qt.ItemDataRole.UserRole + 1
_VERDICT = 124


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a comparison; `note` stands behind its title."""

    title: str
    rows: tuple[Line | FilePair, ...]
    note: str = ""


class CompareModel(QAbstractItemModel):
    """Sections, and their rows below them."""

    def __init__(self) -> None:
        super().__init__()
        self.sections: tuple[Section, ...] = ()

    def show_sections(self, sections: Sequence[Section]) -> None:
        """Show other sections; views keep their place if only verdicts changed."""
        fresh = tuple(sections)
        if [_shape(one) for one in fresh] == [_shape(one) for one in self.sections]:
            self.sections = fresh
            for number in range(len(fresh)):
                parent = self.index(number, 0)
                self.dataChanged.emit(parent, self.index(number, 3))
                if rows := self.rowCount(parent):
                    first = self.index(0, 0, parent)
                    self.dataChanged.emit(first, self.index(rows - 1, 3, parent))
            return
        self.beginResetModel()
        self.sections = fresh
        self.endResetModel()

    def row_at(self, index: Index) -> Line | FilePair | None:
        """Return the row of an index, None for a section."""
        if not index.isValid() or not index.internalId():
            return None
        rows = self.sections[index.internalId() - 1].rows
        return rows[index.row()] if index.row() < len(rows) else None

    def index(
        self,
        row: int,
        column: int,
        parent: Index = QModelIndex(),  # noqa: B008
    ) -> QModelIndex:
        """Return an index by place; sections have the id 0."""
        if not 0 <= column < len(HEADS) or row < 0:
            return QModelIndex()
        if not parent.isValid():
            inside = row < len(self.sections)
            return self.createIndex(row, column, 0) if inside else QModelIndex()
        if row < self.rowCount(parent):
            return self.createIndex(row, column, parent.row() + 1)
        return QModelIndex()

    def parent(self, index: Index = QModelIndex()) -> QModelIndex:  # type: ignore[override]  # noqa: B008
        """Return the section of a row."""
        if not index.isValid() or not index.internalId():
            return QModelIndex()
        return self.createIndex(index.internalId() - 1, 0, 0)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return how many sections there are, or rows in one."""
        if not parent.isValid():
            return len(self.sections)
        if parent.internalId() or parent.column() > 0:
            return 0
        return len(self.sections[parent.row()].rows)

    def columnCount(self, _parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the four columns: what, left, right, verdict."""
        return len(HEADS)

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        """Return the head of a column."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        return head_cell(HEADS[section], role, numeric=False)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a cell's words; `_ROW` is the row or section itself."""
        if not index.isValid():
            return None
        row = self.row_at(index)
        if row is None:
            section = self.sections[index.row()]
            if role == _ROW:
                return section
            return _section_words(section, index.column(), role)
        if role == _ROW:
            return row
        texts = cells(row)
        if role == Qt.ItemDataRole.DisplayRole:
            return texts[index.column()]
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return texts[index.column()] or "none"
        if role == Qt.ItemDataRole.ToolTipRole and texts[index.column()]:
            return plain_tooltip(texts[index.column()])
        return None


def cells(row: Line | FilePair) -> tuple[str, str, str, str]:
    """Return what stands in the four columns of a row."""
    if isinstance(row, Line):
        counted = row.counts or row.verdict == "same"
        return row.label, row.left, row.right, WORDS[row.verdict] if counted else ""
    left = "" if row.left is None else size_words(row.left.size)
    right = "" if row.right is None else size_words(row.right.size)
    return one_line(row.relative), left, right, WORDS[row.verdict]


def _shape(section: Section) -> tuple[str, list[str]]:
    return section.title, [cells(row)[0] for row in section.rows]


def _section_words(section: Section, column: int, role: int) -> object:
    if role == Qt.ItemDataRole.DisplayRole and column == 0:
        return section.title
    if role == Qt.ItemDataRole.AccessibleTextRole and column == 0:
        return ", ".join(part for part in (section.title, section.note) if part)
    return None


class _Delegate(SizedDelegate):
    wide, high = 80, 28

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        theme, row, column = self.theme, index.data(_ROW), index.column()
        rect: QRect = option.rect.adjusted(8, 0, -8, 0)
        draw_row(painter, option, theme, first=column == 0, last=column == 3)
        if isinstance(row, Section):
            if column == 0:
                self._draw_section(painter, rect, row)
            return
        if not isinstance(row, Line | FilePair):
            return
        text = cells(row)[column]
        if column == 3:
            if text:
                icon, token = LOOKS[row.verdict]
                spot = QPoint(rect.left(), rect.top() + (rect.height() - 14) // 2)
                draw_glyph(painter, spot, theme, icon=icon, token=token, size=14)
                words = rect.adjusted(20, 0, 0, 0)
                draw_text(painter, words, theme, text=text, style="small", token=token)
            return
        differs = row.verdict != "same" and column in {1, 2}
        draw_text(
            painter,
            rect,
            theme,
            text=text,
            style="small",
            token="text.primary" if differs or column == 0 else "text.secondary",
            elide=Qt.TextElideMode.ElideMiddle,
        )

    def _draw_section(self, painter: QPainter, rect: QRect, section: Section) -> None:
        used = draw_text(painter, rect, self.theme, text=section.title, style="strong")
        draw_text(
            painter,
            rect.adjusted(used + 12, 0, 0, 0),
            self.theme,
            text=section.note,
            style="small",
            token="text.muted",
        )


class CompareTree(QTreeView):
    """The tree; both sides share the width."""

    def __init__(self, theme: Theme, model: CompareModel) -> None:
        super().__init__()
        self._theme = theme
        self.setObjectName("compare.rows")
        self.setAccessibleName("Comparison")
        self.setModel(model)
        self.setItemDelegate(_Delegate(theme, self))
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(True)
        # nothing folds while the page is there: Tab moves the focus
        self.setProperty("foldsPanels", False)
        self.setMouseTracking(True)
        self.setSelectionMode(QTreeView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QTreeView.ScrollMode.ScrollPerPixel)
        self.setFrameShape(QTreeView.Shape.NoFrame)
        head = self.header()
        head.setStretchLastSection(False)
        head.setSectionsClickable(False)
        head.setFont(theme.font("caption"))
        for section in range(4):
            head.setSectionResizeMode(section, QHeaderView.ResizeMode.Fixed)
        model.modelReset.connect(self._unfold)
        theme.changed.connect(self.viewport().update)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the width between the names and both sides."""
        super().resizeEvent(event)
        head = self.header()
        verdict = self._theme.px(_VERDICT)
        room = max(300, self.viewport().width() - verdict)
        for section, share in ((0, 0.3), (1, 0.35), (2, 0.35)):
            head.resizeSection(section, int(room * share))
        head.resizeSection(3, verdict)

    def choose(self, row: Line | FilePair) -> None:
        """Highlight a row and bring it into view; one that is not shown is left."""
        model = self.model()
        for number in range(model.rowCount()):
            section = model.index(number, 0)
            for place in range(model.rowCount(section)):
                index = model.index(place, 0, section)
                if index.data(_ROW) is row:
                    self.setCurrentIndex(index)
                    self.scrollTo(index)
                    return

    def _unfold(self) -> None:
        """Unfold the sections and let their titles use the whole width."""
        self.expandAll()
        for number in range(self.model().rowCount()):
            self.setFirstColumnSpanned(number, QModelIndex(), True)
