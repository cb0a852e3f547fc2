"""The graph of a feed: folds branches, walks by key, tells what is highlighted."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QToolTip

from chrislib.feeds.branches import Branches
from chrislib.feeds.model import Node
from chrislib.library.words import count as counted
from chrislib.views.feeds.graph_canvas import GraphCanvas
from chrislib.views.feeds.graph_plan import (
    GHOST,
    Arranged,
    Folds,
    Wish,
    arrange,
    finished,
    first_folds,
    parents_of,
)
from chrislib.views.feeds.graph_tools import GraphSearch, GraphTools, Legend
from chrislib.views.tasks import PaneTasks
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.text import plain_tooltip

_INSET = 12
_MORE = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
_AT_ONCE = 400
"""So many nodes are placed within a frame; more of them in a thread."""


class GraphView(GraphCanvas):
    """Nodes as a picture; `chosen` tells the highlighted node's id.

    Parameters
    ----------
    tasks : PaneTasks
        Runs the placing of large feeds.
    """

    chosen = Signal(int)
    picked = Signal(int)
    """A node that is to be highlighted as well, or no more: Ctrl or Shift."""
    opened = Signal(int)
    menu_wanted = Signal(QPoint)
    arranged = Signal()
    """What is shown was placed anew."""

    def __init__(self, theme: Theme, tasks: PaneTasks) -> None:
        self._now = arrange(Wish({}))
        super().__init__(theme, self._now.scene)
        self._tasks = tasks
        self._wish = self._now.wish
        self._turn = 0
        self._by_hand: set[int] = set()
        self.setObjectName("feeds.graph")
        self.setProperty("foldsPanels", True)
        self._tools = GraphTools(self, theme)
        self._legend = Legend(self, theme)
        self._finder = GraphSearch(self, theme)
        self._say()

    # -- what is shown -----------------------------------------------------------

    def set_nodes(self, nodes: Sequence[Node]) -> None:
        """Show nodes: those that stay are updated in place and keep the highlight."""
        before = self._wish.parents
        changed = self._looks.set_nodes(nodes)
        parents = before
        if len(nodes) != len(before) or self._looks.moved(changed, before):
            parents = parents_of(nodes)
        if parents is before:
            folds = self._steady(changed)
            if len(folds) < len(self._wish.folds):
                self._ask(replace(self._wish, folds=folds))
            else:
                self._mend(changed)
            if changed and self.way != "state":
                self.color_by(self.way)
        elif parents.keys() & before.keys():
            folds = {
                node: tuple(one for one in held if one in parents)
                for node, held in self._steady(changed).items()
                if node in parents
            }
            self._ask(replace(self._wish, parents=parents, folds=folds))
        else:
            self._own_zoom, self._found = False, None
            self._by_hand.clear()
            wish = Wish(parents, sideways=self._wish.sideways)
            self._ask(wish, lambda known: first_folds(nodes, known))
        self._say()

    @property
    def shown(self) -> tuple[int, ...]:
        """Ids of what is drawn; folded branches are negative."""
        return tuple(self._now.folded.parents)

    @property
    def arranging(self) -> bool:
        """Whether nodes are still being placed."""
        return self._now.turn != self._turn

    @property
    def way(self) -> str:
        """What colors say: "state", "time" or "plugin"."""
        return self._looks.way

    def color_by(self, way: str) -> None:
        """Let colors say another thing."""
        self._looks.color_by(way)
        self._renew()
        self._explain()

    @property
    def sideways(self) -> bool:
        """Whether children stand at the right of their parents."""
        return self._wish.sideways

    def rotate(self) -> None:
        """Let the graph grow down, or to the right."""
        self._own_zoom = False
        self._ask(replace(self._wish, sideways=not self._wish.sideways))

    def set_ghost(self, parents: Sequence[int], words: str = "") -> None:
        """Show where a node will stand that is being added; no parents for none.

        Parameters
        ----------
        words : str
            Two lines.
        """
        self._looks.ghost = words
        if tuple(parents) != self._wish.ghost:
            self._ask(replace(self._wish, ghost=tuple(parents)))

    # -- folding -----------------------------------------------------------------

    @property
    def folded(self) -> frozenset[int]:
        """The nodes under which something is folded."""
        return frozenset(self._wish.folds)

    def fold_finished(self) -> None:
        """Draw each finished branch as one."""
        nodes, folds = self._looks.nodes, self._wish.folds
        self._ask(self._wish, lambda known: {**folds, **finished(nodes, known)})

    def fold_below(self, node_id: int) -> None:
        """Draw everything that hangs under a node as one."""
        below = self._looks.branches.below(node_id)
        if below:
            self._by_hand.add(node_id)
            folds = {**self._wish.folds, node_id: below}
            self._ask(replace(self._wish, folds=folds))

    def can_fold(self, node_id: int) -> bool:
        """Whether more than one node hangs under a node, and only there."""
        return len(self._looks.branches.below(node_id)) > 1

    def unfold(self, node_id: int) -> None:
        """Open what is folded under a node; of many, finished branches stay folded."""
        folds = dict(self._wish.folds)
        inside = folds.pop(node_id, None)
        if inside is None:
            return
        self._by_hand.discard(node_id)
        nodes = self._looks.nodes
        wish = replace(self._wish, folds=folds)
        if len(inside) > _AT_ONCE:
            self._ask(
                wish, lambda known: {**folds, **finished(nodes, known, among=inside)}
            )
        else:
            self._ask(wish)

    def unfold_all(self) -> None:
        """Draw every node by itself."""
        self._by_hand.clear()
        self._ask(replace(self._wish, folds={}))

    def _steady(self, changed: Sequence[int]) -> Folds:
        """Return the folds in which nothing began again, and those made by hand."""
        restless = {one for one in changed if self._looks.state(one) != "ready"}
        return {
            node: held
            for node, held in self._wish.folds.items()
            if node in self._by_hand or not restless.intersection(held)
        }

    # -- highlight ---------------------------------------------------------------

    def select(self, node_id: int | None) -> None:
        """Highlight a node without telling; what is folded opens for it."""
        if node_id == self._selected:
            return
        self._selected = node_id
        if node_id is not None:
            fold = self._now.folded.shown_as(node_id)
            if fold != node_id:
                self.unfold(-fold)
            elif self._own_zoom:
                self._show_node(node_id)
        self.viewport().update()
        self._say()

    @property
    def selected(self) -> int | None:
        """Id of the highlighted node."""
        return self._selected

    def set_picks(self, ids: Sequence[int]) -> None:
        """Frame these as well: they are highlighted together."""
        self._picks = tuple(ids)
        self.viewport().update()

    def search(self, text: str) -> list[int]:
        """Dim what does not hold a text; returns the nodes that do, in order."""
        found = self._looks.search(text) if text.strip() else []
        self._found = None
        if text.strip():
            self._found = frozenset(map(self._now.folded.shown_as, found))
        self.viewport().update()
        return found

    def begin_search(self) -> None:
        """Show the field that finds nodes."""
        self._finder.open()

    def end_search(self) -> bool:
        """Put the field away; says whether it was there."""
        shown = not self._finder.isHidden()
        if shown:
            self._finder.end()
        return shown

    def go_to(self, node_id: int) -> None:
        """Highlight a node, tell of it, and bring it into sight."""
        self._choose(node_id)

    # -- events ------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep what lies over the graph at its edges."""
        super().resizeEvent(event)
        self._place()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Highlight the node under the pointer; empty ground is for dragging."""
        node = self.node_at(event.position().toPoint())
        if node is None:
            super().mousePressEvent(event)
        elif event.modifiers() & _MORE and node > GHOST:
            self.picked.emit(node)
        elif event.button() == Qt.MouseButton.LeftButton:
            self._take(node)
        elif event.button() == Qt.MouseButton.RightButton:
            self._point(node)

    def _point(self, node: int) -> None:
        # the menu of several is about all of them
        if node > GHOST and node not in self._picks:
            self._choose(node)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Go to the outputs of the node."""
        node = self.node_at(event.position().toPoint())
        if node is not None and node > GHOST:
            self.opened.emit(node)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for the menu of the highlighted node."""
        here = self._selected
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        if by_key and here is not None and here in self._scene.boxes:
            middle = self.node_center(here).toPoint()
            self.menu_wanted.emit(self.viewport().mapToGlobal(middle))
            return
        node = self.node_at(event.pos())
        if node is not None and node > GHOST:
            self._point(node)
            self.menu_wanted.emit(event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk: parent, first child, siblings."""
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            if self._selected is not None:
                self.opened.emit(self._selected)
            return
        target = self._walk(Qt.Key(event.key()))
        if target is None:
            event.ignore()
        else:
            self._take(target)

    def viewportEvent(self, event: QEvent) -> bool:
        """Say what a node is where the pointer rests."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            node = self.node_at(event.pos())
            words = self._looks.words(node) if node is not None else ""
            QToolTip.showText(event.globalPos(), plain_tooltip(words), self.viewport())
            return True
        return super().viewportEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Say what is highlighted to who comes here."""
        super().focusInEvent(event)
        self._say()
        self.viewport().update()

    # -- inside ------------------------------------------------------------------

    def _ask(
        self, wish: Wish, folds: Callable[[Branches], Folds] | None = None
    ) -> None:
        """Place what is wished for; `folds` may take long to find as well."""
        self._wish = wish
        self._turn += 1
        place = partial(arrange, wish, turn=self._turn, folds=folds)
        if len(wish.parents) <= _AT_ONCE:
            self._arranged(place())
        else:
            # It begins at once: the window is painted meanwhile.
            begun = asyncio.get_running_loop().run_in_executor(None, place)
            work = asyncio.wait_for(begun, None)
            self._tasks.start(work, name="place nodes", done=self._arranged)

    def _arranged(self, now: Arranged) -> None:
        if now.turn != self._turn:
            return  # something else is wanted by now
        kept = self._anchor()
        self._now, self._wish, self._scene = now, now.wish, now.scene
        self._looks.set_folds(now.folded.folds)
        self._dashed = {
            edge
            for edges in now.scene.joins.values()
            for edge in edges
            if self._waits(edge)
        }
        self._hot = None
        if not self._own_zoom:
            self._fit()
        elif kept is not None and kept[0] in now.scene.boxes:
            # What one looks at stays where it is.
            self._hold(*kept)
        self._renew()
        self._say()
        self.arranged.emit()

    def _anchor(self) -> tuple[int, QPointF] | None:
        """Return a node in sight and where it is: the highlighted one at best."""
        here = self._selected
        if here is None or here not in self._scene.boxes:
            nodes = self._scene.nodes_in(self._in_sight())
            here = next((node for node in nodes if node > GHOST), None)
        return None if here is None else (here, self.node_center(here))

    def _walk(self, key: Qt.Key) -> int | None:
        """Return where a key leads: a node, `GHOST` for nowhere, None for no key."""
        scene = self._scene
        first = min((node for node in scene.boxes if node > GHOST), default=GHOST)
        if key == Qt.Key.Key_Home:
            return first
        across = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        along = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        if scene.sideways:
            across, along = along, across
        if key not in across and key not in along:
            return None
        here = self._selected
        if here is None or here not in scene.boxes:
            return first
        if key in across:
            found = scene.beside(here, across[key])
        elif along[key] < 0:
            found = next(iter(scene.parents(here)), None)
        else:
            found = scene.first_child(here)
        return GHOST if found is None else found

    def _take(self, node: int) -> None:
        """Highlight a node, or open a fold."""
        if node < GHOST:
            self.unfold(-node)
        elif node != GHOST:
            self._choose(node)

    def _choose(self, node_id: int) -> None:
        if node_id != self._selected:
            self.select(node_id)
            self.chosen.emit(node_id)
        self._show_node(node_id)

    def _mend(self, changed: Sequence[int]) -> None:
        """Draw again what has changed."""
        if not changed:
            return
        boxes, folded = self._scene.boxes, self._now.folded
        drawn = {folded.shown_as(one) for one in changed} if folded.folds else changed
        self._layer.wear(
            boxes[one].adjusted(-2, -2, 2, 10) for one in drawn if one in boxes
        )
        for one in drawn:
            for edge in self._scene.joins.get(one, ()):
                waits = self._waits(edge)
                if waits != (edge in self._dashed):
                    self._dashed.symmetric_difference_update([edge])
                    self._layer.wear([self._scene.curve(edge).boundingRect()])
        self.viewport().update()

    def _waits(self, edge: tuple[int, int]) -> bool:
        """Whether a join waits for what this link comes from."""
        return edge[1] != GHOST and self._looks.state(edge[0]) != "ready"

    def _explain(self) -> None:
        self._legend.show_entries(self._looks.legend)
        self._place()

    def _place(self) -> None:
        hint = self._tools.sizeHint()
        left, top = self.width() - hint.width(), self.height() - hint.height()
        self._tools.setGeometry(
            left - _INSET, top - _INSET, hint.width(), hint.height()
        )
        self._legend.move(_INSET, self.height() - self._legend.height() - _INSET)
        self._finder.adjustSize()
        self._finder.move(_INSET, _INSET)

    def _say(self) -> None:
        count = len(self._wish.parents)
        words = f"Graph, {counted(count, 'node')}"
        here = self._selected
        if here is not None and here in self._wish.parents:
            words = f"{words}, {self._looks.words(here)}"
        if words != self.accessibleName():
            self.setAccessibleName(words)
