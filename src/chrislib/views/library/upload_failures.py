"""The files of an upload that did not make it: every one, with its reason."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QAbstractTableModel, QPoint, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHeaderView, QStyleOptionViewItem

from chrislib.jobs.model import FailedFile
from chrislib.library.words import join, size
from chrislib.views.library.rowview import RowDelegate, RowView
from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paint import draw_glyph, draw_text

NAME, REASON, SIZE = range(3)
_ROW = 22
_ROWS_SHOWN = 6


class FailuresModel(QAbstractTableModel):
    """Names, reasons and sizes."""

    def __init__(self) -> None:
        super().__init__()
        self._files: Sequence[FailedFile] = ()
        self._sizes: Mapping[str, int] = {}

    def show(self, files: Sequence[FailedFile], sizes: Mapping[str, int]) -> None:
        """Show other files."""
        self.beginResetModel()
        self._files, self._sizes = files, sizes
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        """Return the number of files."""
        return 0 if parent is not None and parent.isValid() else len(self._files)

    def columnCount(self, _parent: Index | None = None) -> int:
        """Return three."""
        return 3

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return the words of a cell; the whole path is in the tooltip."""
        file = self._files[index.row()]
        name = file.path.replace("\\", "/").rsplit("/", 1)[-1]
        words = (name, file.reason, size(self._sizes.get(file.path)))
        if role == Qt.ItemDataRole.DisplayRole:
            return words[index.column()]
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return join(*words)
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{file.path}\n{file.reason}"
        return None


class _Delegate(RowDelegate):
    wide, high = 40, _ROW

    def paint_cell(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        rect = option.rect.adjusted(0, 0, -12, 0)
        align = Qt.AlignmentFlag.AlignLeft
        token = "text.primary"
        if index.column() == NAME:
            spot = QPoint(rect.left(), rect.top() + (rect.height() - 14) // 2)
            draw_glyph(
                painter,
                spot,
                self.theme,
                icon="circle-x",
                token="state.failed",
                size=14,
            )
            rect.setLeft(rect.left() + 22)
        elif index.column() == REASON:
            token = "text.secondary"
        else:
            token, align = "text.muted", Qt.AlignmentFlag.AlignRight
        draw_text(
            painter,
            rect,
            self.theme,
            text=str(index.data() or ""),
            style="small",
            token=token,
            align=align,
            elide=Qt.TextElideMode.ElideMiddle
            if index.column() == NAME
            else Qt.TextElideMode.ElideRight,
        )


class FailureList(RowView):
    """All of them; six rows are seen at once, the others by scrolling."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, name="upload.run.failures", label="Files not sent")
        self._files = FailuresModel()
        self.setModel(self._files)
        self.setItemDelegate(_Delegate(theme, self))
        self.setFrameShape(RowView.Shape.NoFrame)
        self.setUniformRowHeights(True)
        header = self.header()
        header.hide()
        header.setStretchLastSection(False)
        for column, mode in (
            (NAME, QHeaderView.ResizeMode.Stretch),
            (REASON, QHeaderView.ResizeMode.Stretch),
            (SIZE, QHeaderView.ResizeMode.Fixed),
        ):
            header.setSectionResizeMode(column, mode)
        theme.changed.connect(self._fit)

    def show_files(self, files: Sequence[FailedFile], sizes: Mapping[str, int]) -> None:
        """Show other files."""
        self._files.show(files, sizes)
        self._fit()

    def _fit(self) -> None:
        rows = min(self._files.rowCount(), _ROWS_SHOWN)
        self.setFixedHeight(rows * self.theme.px(_ROW) + 2)
        self.header().resizeSection(SIZE, self.theme.px(88))
