"""The nodes a join takes: those of the feed, with boxes."""

from collections.abc import Collection, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from chrislib.feeds.model import Node
from chrislib.views.feeds.graph_paint import node_name
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.text import Label


class JoinList(QWidget):
    """A box for each node; the one the new node hangs under is always in."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._nodes: Sequence[Node] = ()
        self._list = QListWidget()
        self._list.setObjectName("form.joins")
        self._list.setAccessibleName("Nodes to join")
        self._list.setMaximumHeight(132)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(Label(theme, "Nodes to join", style="small-strong"))
        column.addWidget(self._list)

    def fill(
        self, nodes: Sequence[Node], *, parent: Node, ticked: Collection[int]
    ) -> None:
        """Offer the nodes of a feed."""
        self._nodes = nodes
        self._list.clear()
        for node in nodes:
            row = QListWidgetItem(f"{node_name(node)}  {node.detail}")
            row.setData(Qt.ItemDataRole.UserRole, int(node.id))
            on = node.id in ticked or node.id == parent.id
            row.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
            if node.id == parent.id:
                row.setFlags(row.flags() & ~Qt.ItemFlag.ItemIsUserCheckable)
            self._list.addItem(row)

    @property
    def nodes(self) -> list[Node]:
        """The nodes that are ticked."""
        rows = (self._list.item(n) for n in range(self._list.count()))
        ids = {
            row.data(Qt.ItemDataRole.UserRole)
            for row in rows
            if row.checkState() == Qt.CheckState.Checked
        }
        return [node for node in self._nodes if int(node.id) in ids]
