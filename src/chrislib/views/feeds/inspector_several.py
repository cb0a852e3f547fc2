"""The inspector while several nodes are highlighted: what can be done with all."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from chrislib.feeds.acts import plan_delete, why_not
from chrislib.feeds.model import Node
from chrislib.feeds.nodes import plan_cancel
from chrislib.feeds.states import WORDS, count_states
from chrislib.views.feeds.graph_paint import node_name
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import Button, button
from chrislib.views.widgets.emptied import empty
from chrislib.views.widgets.text import ElidedLabel, Label, line, plain_tooltip

_SHOWN = 14


class Picks(QObject):
    """The nodes that are highlighted together; fewer than two are none."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ids: tuple[int, ...] = ()

    @property
    def ids(self) -> tuple[int, ...]:
        """Numbers of the nodes, in the order they were highlighted."""
        return self._ids

    def set(self, ids: Sequence[int]) -> None:
        """Highlight these together."""
        found = tuple(dict.fromkeys(int(one) for one in ids))
        found = found if len(found) > 1 else ()
        if found != self._ids:
            self._ids = found
            self.changed.emit()

    def toggle(self, node_id: int, *, first: int | None) -> None:
        """Add a node, or take it out; `first` is the one highlighted before."""
        ids = list(self._ids or ([first] if first is not None else []))
        if node_id in ids:
            ids.remove(node_id)
        else:
            ids.append(node_id)
        self.set(ids)

    def keep(self, ids: Sequence[int]) -> None:
        """Leave out what is not there any more."""
        there = set(map(int, ids))
        self.set([one for one in self._ids if one in there])


class SeveralView(QWidget):
    """Names and states of the nodes, and what can be done with all of them."""

    join = Signal()
    get = Signal()
    delete = Signal()
    cancel = Signal()
    clear = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setObjectName("inspector.several")
        self._title = Label(theme, style="section", name="several.title")
        self._states = Label(
            theme, style="small", token="text.secondary", wrap=True,
            name="several.states",
        )  # fmt: skip
        self._rows = QVBoxLayout()
        self._rows.setSpacing(4)
        self.join_button = button(
            theme, "Join …", kind="primary", icon="plus", name="several.join"
        )
        self.get_button = button(
            theme, "Get outputs …", icon="download", name="several.get"
        )
        self.delete_button = button(
            theme, "Delete …", kind="danger", icon="trash-2", name="several.delete"
        )
        self.cancel_button = button(
            theme, "Cancel …", kind="danger", icon="ban", name="several.cancel"
        )
        self.clear_button = button(
            theme, "Highlight only one", kind="quiet", name="several.clear"
        )
        self.join_button.clicked.connect(self.join)
        self.get_button.clicked.connect(self.get)
        self.delete_button.clicked.connect(self.delete)
        self.cancel_button.clicked.connect(self.cancel)
        self.clear_button.clicked.connect(self.clear)
        inner = QVBoxLayout()
        inner.setContentsMargins(16, 12, 16, 12)
        inner.setSpacing(8)
        inner.addWidget(self._title)
        inner.addWidget(self._states)
        inner.addSpacing(4)
        inner.addLayout(self._rows)
        inner.addStretch(1)
        foot = QVBoxLayout()
        foot.setContentsMargins(16, 12, 16, 12)
        foot.setSpacing(8)
        foot.addWidget(self.join_button)
        foot.addWidget(self.get_button)
        foot.addWidget(self.cancel_button)
        foot.addWidget(self.delete_button)
        foot.addWidget(self.clear_button, 0, Qt.AlignmentFlag.AlignHCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(inner, 1)
        column.addWidget(line())
        column.addLayout(foot)

    def show_nodes(self, nodes: Sequence[Node], siblings: Sequence[Node]) -> None:
        """Show the nodes that are highlighted, of all those of the feed."""
        self._title.setText(f"{len(nodes)} nodes")
        counts = count_states(node.state for node in nodes)
        self._states.setText(
            " · ".join(f"{n} {WORDS[state].lower()}" for state, n in counts.items())
        )
        empty(self._rows)
        for node in nodes[:_SHOWN]:
            state = WORDS[node.state].lower()
            words = f"{node_name(node)}, node {node.id} · {state}"
            self._rows.addWidget(ElidedLabel(self._theme, words, style="small"))
        if len(nodes) > _SHOWN:
            more = f"and {len(nodes) - _SHOWN} more"
            self._rows.addWidget(
                Label(self._theme, more, style="small", token="text.muted")
            )
        bad = [node for node in nodes if why_not("add", node, siblings)]
        _say(
            self.join_button,
            f"{node_name(bad[0])} did not end well: a join of it never starts."
            if bad
            else "",
            "Make one node of the files of all",
        )
        open_ = [node for node in nodes if why_not("get", node, siblings)]
        _say(
            self.get_button,
            why_not("get", open_[0], siblings) if len(open_) == len(nodes) else "",
            "Save the outputs of all in a folder",
        )
        stops = len(plan_cancel(siblings, [int(node.id) for node in nodes]).nodes)
        words = "Cancel 1 node …" if stops == 1 else f"Cancel {stops} nodes …"
        self.cancel_button.setText(words)
        self.cancel_button.setVisible(stops > 0)
        plan = plan_delete(siblings, [int(node.id) for node in nodes])
        count = len(plan.nodes)
        words = "Delete 1 node …" if count == 1 else f"Delete {count} nodes …"
        self.delete_button.setText(words if count else "Delete …")
        _say(
            self.delete_button,
            "" if count else why_not("delete", nodes[0], siblings),
            "Delete them on the server, with all that follows them",
        )


def _say(piece: Button, reason: str, tip: str) -> None:
    """Enable a button, or say why it is not."""
    piece.setEnabled(not reason)
    piece.setToolTip(plain_tooltip(reason or tip))
