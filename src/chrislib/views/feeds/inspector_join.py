"""The sheet that chooses the nodes of a join, before the form of its plugin."""

from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from chrislib.feeds.model import FeedView, Node
from chrislib.feeds.states import ACTIVE, ENDED_BADLY, WORDS
from chrislib.views.context import ViewContext
from chrislib.views.feeds.graph_paint import node_name
from chrislib.views.models.index import Index
from chrislib.views.widgets.delegates import SizedDelegate
from chrislib.views.widgets.paint import draw_check, draw_row, draw_state, draw_text
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.text import Label, plain_tooltip

_ROLE = Qt.ItemDataRole.UserRole
_NODE = _ROLE + 1


class _Rows(SizedDelegate):
    """A box, the node's name and how it stands; a press anywhere ticks."""

    wide, high = 200, 36

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        node = index.data(_NODE)
        if not isinstance(node, Node):
            return
        theme = self.theme
        draw_row(painter, option, theme)
        rect: QRect = option.rect
        able = bool(index.flags() & Qt.ItemFlag.ItemIsEnabled)
        if able:
            box = QRect(rect.left() + 8, rect.top(), 24, rect.height())
            draw_check(painter, box, theme, state=_state(index))
        words = rect.adjusted(44, 0, -216, 0)
        token = "text.primary" if able else "text.disabled"
        name = f"{node_name(node)}, node {node.id}"
        draw_text(painter, words, theme, text=name, token=token)
        at = QRect(rect.right() - 208, rect.top(), 200, rect.height())
        draw_state(painter, at, theme, node.state, WORDS[node.state])

    def editorEvent(
        self,
        event: QEvent,
        model: QAbstractItemModel,
        _option: QStyleOptionViewItem,
        index: Index,
    ) -> bool:
        able = Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEnabled
        space = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Space
        pressed = event.type() == QEvent.Type.MouseButtonRelease
        if (index.flags() & able) != able or not (space or pressed):
            return False
        on = _state(index) == Qt.CheckState.Checked
        turned = Qt.CheckState.Unchecked if on else Qt.CheckState.Checked
        return model.setData(index, turned, Qt.ItemDataRole.CheckStateRole)


def _state(index: Index) -> Qt.CheckState:
    return Qt.CheckState(index.data(Qt.ItemDataRole.CheckStateRole))


class JoinSheet(Sheet):
    """Tick the nodes a join takes; `chosen` tells them, the first one first."""

    chosen = Signal(list)

    def __init__(
        self,
        window: QWidget,
        context: ViewContext,
        *,
        view: FeedView,
        ticked: Sequence[int],
    ) -> None:
        super().__init__(
            window,
            context.theme,
            "Join nodes",
            f"In {view.row.title}, feed {view.row.id}",
            width=640,
            height=620,
        )
        theme = context.theme
        self._nodes = view.nodes
        self.rows = QListWidget()
        self.rows.setObjectName("join.nodes")
        self.rows.setAccessibleName("Nodes to join")
        self.rows.setUniformItemSizes(True)
        self.rows.setMouseTracking(True)
        self.rows.setItemDelegate(_Rows(theme, self.rows))
        for node in view.nodes:
            bad = node.state in ENDED_BADLY or node.state == "gone"
            row = QListWidgetItem(
                f"{node_name(node)}   node {node.id} · {WORDS[node.state]}"
            )
            row.setData(_ROLE, int(node.id))
            row.setData(_NODE, node)
            on = int(node.id) in ticked and not bad
            row.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
            if bad:
                row.setFlags(Qt.ItemFlag.NoItemFlags)
                row.setToolTip(
                    plain_tooltip("It did not end well: a join of it never starts.")
                )
            self.rows.addItem(row)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(8)
        column.addWidget(
            Label(
                theme,
                "A join makes one node of the files of several. It starts when all of "
                "them are ready. Tick two or more; what to do with them comes next.",
                style="small",
                token="text.secondary",
                wrap=True,
            )
        )
        column.addWidget(self.rows, 1)
        self.body.addWidget(page)
        self.rows.itemChanged.connect(lambda _row: self._count())
        self.next_pressed.connect(self._next)
        self._count()

    def ticked(self) -> list[Node]:
        """Return the nodes that are ticked, in their order."""
        rows = (self.rows.item(n) for n in range(self.rows.count()))
        ids = {
            row.data(_ROLE) for row in rows if row.checkState() == Qt.CheckState.Checked
        }
        return [node for node in self._nodes if int(node.id) in ids]

    def _count(self) -> None:
        nodes = self.ticked()
        waits = sum(1 for node in nodes if node.state in ACTIVE)
        words = f"{len(nodes)} nodes ticked" if len(nodes) != 1 else "1 node ticked"
        if waits:
            words += f" · {waits} not ready yet"
        self.set_note(words)

    def _next(self) -> None:
        nodes = self.ticked()
        if len(nodes) < 2:
            self.set_note("Tick at least two nodes.", kind="failed")
            self.rows.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        self.accept()
        self.chosen.emit(nodes)
