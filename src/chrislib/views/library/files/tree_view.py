"""The tree of folders on screen."""

from PySide6.QtCore import (
    QModelIndex,
    QPoint,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyleOptionViewItem,
    QTreeView,
)

from chrislib.views.library.files import words
from chrislib.views.library.files.tree_model import FolderTree, Node
from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.delegates import SizedDelegate
from chrislib.views.widgets.paint import draw_check, draw_glyph, draw_row, draw_text

ROW, STEP, LEFT = 28, 16, 8
_ARROW, _BOX = 16, 16


def _depth(node: Node) -> int:
    return sum(1 for _ in node.above())


class _Delegate(SizedDelegate):
    """Rows of 28: arrow, box, glyph, name."""

    wide, high = 40, ROW

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        view, model = option.widget, index.model()
        if not isinstance(view, FolderView) or not isinstance(model, FolderTree):
            return
        theme, node, rect = self.theme, model.node(index), QRect(option.rect)
        rect.setLeft(0)
        drawn = QStyleOptionViewItem(option)
        drawn.rect = rect
        if not view.hasFocus():
            drawn.state &= ~QStyle.StateFlag.State_HasFocus
        draw_row(painter, drawn, theme, hairline=False)
        arrow, box = view.parts(node, rect)
        middle = rect.top() + (rect.height() - 16) // 2
        if node.entry is None:
            text = str(index.data())
            wide = rect.adjusted(box.left(), 0, -8, 0)
            draw_text(
                painter, wide, theme, text=text, style="small", token="accent.text"
            )
            return
        first = model.index(index.row(), 0, index.parent())
        unfolded = view.isExpanded(first)
        if model.hasChildren(first):
            icon = (
                "loader-circle"
                if node.loading
                else ("chevron-down" if unfolded else "chevron-right")
            )
            spot = QPoint(arrow.left() + 1, rect.top() + (rect.height() - 14) // 2)
            draw_glyph(painter, spot, theme, icon=icon, size=14)
        draw_check(painter, box, theme, state=model.ticks.state(node.entry.path))
        icon = "rotate-ccw" if node.loops else words.icon(node.entry, unfolded=unfolded)
        draw_glyph(painter, QPoint(box.right() + 9, middle), theme, icon=icon)
        left = box.right() + 33
        right = rect.right() - 8
        if node.known and node.branch is not None and node.children:
            count = f"{len(node.children) - bool(node.more) + node.branch.left:,}"
            used = draw_text(
                painter,
                QRect(right - 60, rect.top(), 60, rect.height()),
                theme,
                text=count,
                style="small",
                token="text.muted",
                align=Qt.AlignmentFlag.AlignRight,
            )
            right -= used + 8
        name = QRect(left, rect.top(), right - left, rect.height())
        token = "text.muted" if node.loops else "text.primary"
        elide = Qt.TextElideMode.ElideMiddle
        text = words.name(node.entry)
        used = draw_text(painter, name, theme, text=text, token=token, elide=elide)
        if node.entry.is_link and name.width() - used > 24:
            spot = QPoint(left + used + 8, rect.top() + (rect.height() - 12) // 2)
            draw_glyph(
                painter, spot, theme, icon="file-symlink", token="text.muted", size=12
            )


class FolderView(QTreeView):
    """Folders with arrows and boxes; "Show n more" is a row of its own."""

    ticked = Signal(QModelIndex)
    chosen = Signal(QModelIndex)
    """A folder was clicked or reached by key: it is to be shown."""
    more = Signal(QModelIndex)
    unfolding = Signal(QModelIndex)

    def __init__(self, theme: Theme, model: FolderTree) -> None:
        super().__init__()
        self._theme = theme
        self.setObjectName("files.tree")
        self.setAccessibleName("Folders")
        self.setModel(model)
        self.setItemDelegate(_Delegate(theme, self))
        self.setHeaderHidden(True)
        self.setUniformRowHeights(True)
        self.setIndentation(0)
        self.setRootIsDecorated(False)
        self.setExpandsOnDoubleClick(False)
        self.setMouseTracking(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setDragEnabled(True)
        self.setAcceptDrops(True)
        self.setDropIndicatorShown(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.setDefaultDropAction(Qt.DropAction.CopyAction)
        self.setAutoExpandDelay(700)
        self.expanded.connect(self.unfolding)
        theme.changed.connect(self._dress)

    @property
    def tree(self) -> FolderTree:
        """The model."""
        model = self.model()
        assert isinstance(model, FolderTree)
        return model

    def parts(self, node: Node, rect: QRect) -> tuple[QRect, QRect]:
        """Return where the arrow and the box of a row are."""
        left = LEFT + _depth(node) * STEP
        arrow = QRect(left, rect.top(), _ARROW, rect.height())
        return arrow, QRect(left + _ARROW + 4, rect.top(), _BOX, rect.height())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Answer arrow, box and "more"; elsewhere highlight."""
        at = event.position().toPoint()
        index = self.indexAt(at)
        if not index.isValid() or event.button() != Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
            return
        node = self.tree.node(index)
        arrow, box = self.parts(node, self.visualRect(index))
        if node.entry is None:
            self.more.emit(index)
        elif arrow.contains(at):
            self.setExpanded(index, not self.isExpanded(index))
        elif box.adjusted(-2, 0, 2, 0).contains(at):
            self.ticked.emit(index)
        else:
            super().mousePressEvent(event)
            self.chosen.emit(index)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Unfold with a double click on the name; parts take single clicks."""
        at = event.position().toPoint()
        index = self.indexAt(at)
        if index.isValid():
            _, box = self.parts(self.tree.node(index), self.visualRect(index))
            if at.x() > box.right():
                self.setExpanded(index, not self.isExpanded(index))
                return
        self.mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Show the highlighted folder with Return, tick it with T."""
        index = self.currentIndex()
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if index.isValid() and plain:
            node = self.tree.node(index)
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                (self.more if node.entry is None else self.chosen).emit(index)
                return
            if event.key() == Qt.Key.Key_T and node.entry is not None:
                self.ticked.emit(index)
                return
        super().keyPressEvent(event)

    def startDrag(self, actions: Qt.DropAction) -> None:
        """Carry a folder away."""
        super().startDrag(actions)
        self.tree.drag_over()

    def drawBranches(self, _painter: QPainter, _rect: QRect, _index: Index) -> None:
        """Draw nothing: the rows have arrows of their own."""

    def _dress(self) -> None:
        self.doItemsLayout()
        self.viewport().update()
