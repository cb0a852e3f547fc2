"""The single keys of the Feeds module: they work in graph, node list and outputs."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from chrislib.views.feeds.graph_tools import KEYS

if TYPE_CHECKING:
    from chrislib.views.feeds.pane import FeedsPane


def bind_keys(pane: "FeedsPane") -> None:
    """Bind the keys of a pane to its actions."""
    acts, centre = pane.actions_, pane.centre
    outputs = centre.outputs.view
    places: tuple[QWidget, ...] = (centre.graph, centre.nodes, outputs)
    for place in places:
        _bind(place, "A", acts.add_node)
        _bind(place, "R", acts.run_again)
        _bind(place, "E", acts.outputs.open_current)
        _bind(place, "D", acts.outputs.get_current)
        _bind(place, "T", acts.outputs.tick_current)
        _bind(place, "Y", pane.inspector.copy_command)
        _bind(place, "H", pane.inspector.show_log)
    for place in (centre.graph, centre.nodes):
        _bind(place, "Del", pane.node_acts.delete)
    _bind(outputs, "Return", acts.outputs.open_current)
    _bind(outputs, "Shift+E", acts.outputs.hand.open_as_before)
    _bind(centre.graph, KEYS["in"], centre.graph.zoom_in)
    _bind(centre.graph, KEYS["out"], centre.graph.zoom_out)
    _bind(centre.graph, KEYS["fit"], centre.graph.fit)
    for _words, name, act in pane.drawing.rows():
        _bind(centre.graph, KEYS[name], act)


def _bind(place: QWidget, key: str, act: Callable[[], object]) -> None:
    shortcut = QShortcut(QKeySequence(key), place)
    # only there: in a field the same key types
    shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
    shortcut.activated.connect(act)
