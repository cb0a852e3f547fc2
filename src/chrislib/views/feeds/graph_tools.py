"""What lies over a graph: zoom, how it is drawn, what colors mean, the search."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QActionGroup, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QVBoxLayout, QWidget

from chrislib.library.words import count as counted
from chrislib.views.feeds.graph_colors import WAYS, Entry
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import Field, icon_button
from chrislib.views.widgets.paint import draw_text
from chrislib.views.widgets.text import ElidedLabel

if TYPE_CHECKING:
    from chrislib.views.feeds.graph_view import GraphView

KEYS: Mapping[str, str] = {
    "state": "1",
    "time": "2",
    "plugin": "3",
    "rotate": "O",
    "all": "W",
    "branch": "B",
    "finished": "F",
    "open": "Shift+F",
    "find": "Ctrl+F",
    "in": "Ctrl+=",
    "out": "Ctrl+-",
    "fit": "Ctrl+0",
}
"""The key of each thing that can be said about how the graph is drawn."""
_EDGE = 12
_LINE = 18


class GraphTools(QFrame):
    """The buttons at the lower right."""

    def __init__(self, graph: "GraphView", theme: Theme) -> None:
        super().__init__(graph)
        self._graph = graph
        self.setProperty("surface", "card")
        column = QVBoxLayout(self)
        column.setContentsMargins(2, 2, 2, 2)
        column.setSpacing(0)
        self._draw_button = icon_button(
            theme,
            "sliders-horizontal",
            name="feeds.graph.draw",
            tooltip="Color, direction and folded branches",
        )
        self._draw_button.clicked.connect(
            lambda: self.menu().popup(
                self._draw_button.mapToGlobal(self._draw_button.rect().topLeft())
            )
        )
        for icon, name, words, act in (
            ("search", "find", "Find a node (Ctrl+F)", graph.begin_search),
            ("plus", "zoom-in", "Zoom in (Ctrl+=)", graph.zoom_in),
            ("minus", "zoom-out", "Zoom out (Ctrl+-)", graph.zoom_out),
            ("maximize", "fit", "Fit the graph (Ctrl+0)", graph.fit),
        ):
            piece = icon_button(theme, icon, name=f"feeds.graph.{name}", tooltip=words)
            piece.clicked.connect(act)
            column.addWidget(piece)
        column.insertWidget(1, self._draw_button)

    def menu(self) -> QMenu:
        """Return what can be said about how the graph is drawn."""
        graph = self._graph
        menu = QMenu(self)
        menu.setObjectName("feeds.graph.menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        ways = QActionGroup(menu)
        for way, words in WAYS:
            one = menu.addAction(_told(f"Color by {words.lower()}", way))
            one.setCheckable(True)
            one.setChecked(graph.way == way)
            one.triggered.connect(_saying(graph.color_by, way))
            ways.addAction(one)
        menu.addSeparator()
        aside = menu.addAction(_told("Grow to the right", "rotate"))
        aside.setCheckable(True)
        aside.setChecked(graph.sideways)
        aside.triggered.connect(graph.rotate)
        whole = menu.addAction(_told("Show all of it", "all"))
        whole.triggered.connect(graph.see_all)
        menu.addSeparator()
        add_branch_actions(menu, graph)
        fold = menu.addAction(_told("Fold finished branches", "finished"))
        fold.triggered.connect(graph.fold_finished)
        if graph.folded:
            whole = menu.addAction(_told("Open all branches", "open"))
            whole.triggered.connect(graph.unfold_all)
        return menu


def add_branch_actions(menu: QMenu, graph: "GraphView") -> None:
    """Add to a menu how the branch under the highlighted node can be drawn."""
    here = graph.selected
    if here is None:
        return
    if here in graph.folded:
        fold = menu.addAction(_told("Open the branch", "branch"))
        fold.triggered.connect(lambda: graph.unfold(here))
    elif graph.can_fold(here):
        fold = menu.addAction(_told("Fold the branch", "branch"))
        fold.triggered.connect(lambda: graph.fold_below(here))


class Legend(QFrame):
    """What the colors mean, at the lower left."""

    def __init__(self, graph: QWidget, theme: Theme) -> None:
        super().__init__(graph)
        self._theme = theme
        self._entries: tuple[Entry, ...] = ()
        self.setObjectName("feeds.graph.legend")
        self.setProperty("surface", "card")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def show_entries(self, entries: tuple[Entry, ...]) -> None:
        """Show other meanings, or nothing."""
        self._entries = entries
        self.setAccessibleName("Colors: " + ", ".join(one.words for one in entries))
        self.setVisible(bool(entries))
        self.resize(self.sizeHint())
        self.update()

    def sizeHint(self) -> QSize:
        """Return what all lines need."""
        wide = max(
            (self._theme.width("caption", one.words) for one in self._entries),
            default=0,
        )
        lines = len(self._entries) * self._theme.px(_LINE)
        return QSize(min(wide + 40, 280), lines + 2 * 8)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw a square and words for each color."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        high, top = self._theme.px(_LINE), 8
        for one in self._entries:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(one.color)
            painter.drawRoundedRect(QRectF(10, top + high / 2 - 5, 10, 10), 2, 2)
            line = self.rect().adjusted(28, 0, -8, 0)
            line.setTop(top)
            line.setHeight(high)
            draw_text(painter, line, self._theme, text=one.words, style="caption")
            top += high
        painter.end()


class GraphSearch(QFrame):
    """A field over the graph, and how many nodes hold what is typed."""

    closed = Signal()

    def __init__(self, graph: "GraphView", theme: Theme) -> None:
        super().__init__(graph)
        self._graph = graph
        self._found: list[int] = []
        self._at = -1
        self.setProperty("surface", "card")
        self.field = Field(
            theme, "Find a node", name="feeds.graph.search", icon="search"
        )
        self.field.setFixedWidth(240)
        self.field.textChanged.connect(self._look)
        self.field.returnPressed.connect(self._next)
        self._count = ElidedLabel(
            theme, style="small", token="text.secondary", name="feeds.graph.found"
        )
        self._count.setMinimumWidth(96)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 6, 8, 6)
        row.addWidget(self.field)
        row.addWidget(self._count)
        self.hide()

    def open(self) -> None:
        """Show the field, with the cursor in it."""
        self.show()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()
        self._look(self.field.text())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """End the search with Esc."""
        if event.key() == Qt.Key.Key_Escape:
            self.end()
        else:
            super().keyPressEvent(event)

    def end(self) -> None:
        """Put the field away; everything is bright again."""
        self.hide()
        self._graph.search("")
        self._graph.setFocus(Qt.FocusReason.OtherFocusReason)
        self.closed.emit()

    def _look(self, text: str) -> None:
        self._found, self._at = self._graph.search(text), -1
        self._say()

    def _next(self) -> None:
        """Go from one to the next."""
        if not self._found:
            return
        self._at = (self._at + 1) % len(self._found)
        self._graph.go_to(self._found[self._at])
        self._say()

    def _say(self) -> None:
        count = len(self._found)
        if not self.field.text().strip():
            words = ""
        elif not count:
            words = "No node"
        elif self._at < 0:
            words = counted(count, "node")
        else:
            words = f"{self._at + 1:,} of {count:,}"
        self._count.setText(words)


def _told(words: str, name: str) -> str:
    """Return a menu's words with the key that does the same."""
    return f"{words}\t{KEYS[name]}"


def _saying(act: Callable[[str], None], word: str) -> Callable[[], None]:
    return lambda: act(word)
