"""Choosing a plugin: search, those used last and used most first."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QListView,
    QStackedWidget,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from chrislib.cube.types import Plugin
from chrislib.feeds.plugins import MOST_RECENT
from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import Field
from chrislib.views.widgets.delegates import SizedDelegate, draw_two_lines, two_lines
from chrislib.views.widgets.paint import draw_row, draw_text
from chrislib.views.widgets.skeleton import Skeleton
from chrislib.views.widgets.state_view import StateView

PLUGIN_ROLE = Qt.ItemDataRole.UserRole + 1
USED_ROLE = Qt.ItemDataRole.UserRole + 2

_TYPES = {"ds": "", "ts": "joins several nodes"}


class PluginModel(QAbstractListModel):
    """Plugins in the order given, filtered by words."""

    def __init__(self) -> None:
        super().__init__()
        self._all: tuple[Plugin, ...] = ()
        self._shown: list[Plugin] = []
        self._recent: frozenset[str] = frozenset()
        self._uses: Mapping[str, int] = {}
        self._words: list[str] = []

    def set_plugins(
        self,
        plugins: Sequence[Plugin],
        recent: Sequence[str],
        uses: Mapping[str, int],
    ) -> None:
        """Show other plugins.

        Parameters
        ----------
        recent : sequence of str
            Names of those that were used lately.
        uses : mapping of str to int
            How often they were run from here.
        """
        self._all = tuple(plugins)
        self._recent = frozenset(recent[:MOST_RECENT])
        self._uses = uses
        self._apply()

    def take_version(self, plugin: Plugin) -> None:
        """Offer a plugin in another version."""
        self._all = tuple(plugin if p.name == plugin.name else p for p in self._all)
        row = self.row_of(plugin.name)
        if row >= 0:
            self._shown[row] = plugin
            self.dataChanged.emit(self.index(row), self.index(row))

    def set_words(self, words: str) -> None:
        """Show only plugins that have all the words."""
        self._words = words.casefold().split()
        self._apply()

    @property
    def total(self) -> int:
        """How many there are without the search."""
        return len(self._all)

    def plugin_at(self, index: Index) -> Plugin | None:
        """Return the plugin of an index."""
        return self._shown[index.row()] if index.isValid() else None

    def row_of(self, name: str) -> int:
        """Return the row of a plugin, -1 where it is not shown."""
        return next((n for n, p in enumerate(self._shown) if p.name == name), -1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return how many plugins are shown."""
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a plugin's name, or the plugin itself."""
        if not index.isValid() or index.row() >= len(self._shown):
            return None
        plugin = self._shown[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{plugin.name} {plugin.version}"
        if role == PLUGIN_ROLE:
            return plugin
        if role == USED_ROLE:
            return self._used(plugin)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            parts = (f"{plugin.name} {plugin.version}", plugin.title)
            return ", ".join(part for part in (*parts, self._used(plugin)) if part)
        return None

    def _used(self, plugin: Plugin) -> str:
        if plugin.name in self._recent:
            return "used recently"
        uses = self._uses.get(plugin.name, 0)
        return "" if not uses else "used once" if uses == 1 else f"used {uses:,} times"

    def _apply(self) -> None:
        self.beginResetModel()
        self._shown = [p for p in self._all if _has(p, self._words)]
        self.endResetModel()


def _has(plugin: Plugin, words: Sequence[str]) -> bool:
    text = " ".join(
        (
            *(plugin.name, plugin.title, plugin.category),
            *(plugin.description, plugin.authors),
        )
    ).casefold()
    return all(word in text for word in words)


class _PluginDelegate(SizedDelegate):
    wide, high = 300, 52

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        plugin = index.data(PLUGIN_ROLE)
        if not isinstance(plugin, Plugin):
            return
        theme = self.theme
        rect: QRect = option.rect
        draw_row(painter, option, theme, bar=True)
        inner = rect.adjusted(16, 0, -16, 0)
        notes = [plugin.category, _TYPES.get(plugin.type, "")]
        notes.append(str(index.data(USED_ROLE)))
        used = draw_text(
            painter,
            two_lines(inner, theme)[0],
            theme,
            text=" · ".join(note for note in notes if note),
            style="caption",
            token="text.muted",
            align=Qt.AlignmentFlag.AlignRight,
        )
        draw_two_lines(
            painter,
            inner,
            theme,
            title=f"{plugin.name} {plugin.version}",
            below=plugin.title or plugin.description,
            style="strong",
            taken=used + 12,
        )


class PluginList(QWidget):
    """The first page of Add node."""

    chosen = Signal(object)
    activated = Signal(object)
    retry = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.model = PluginModel()
        self.search = Field(
            theme, "Search plugins", name="plugins.search", icon="search"
        )
        self.view = QListView()
        self.view.setObjectName("plugins.list")
        self.view.setAccessibleName("Plugins")
        self.view.setModel(self.model)
        self.view.setItemDelegate(_PluginDelegate(theme, self.view))
        self.view.setUniformItemSizes(True)
        self.view.setMouseTracking(True)
        self.view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self._skeleton = Skeleton(theme, row_height=52)
        self._state = StateView(theme, "scan-search", "", primary=False)
        self._stack = QStackedWidget()
        for page in (self.view, self._skeleton, self._state):
            self._stack.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(12)
        column.addWidget(self.search)
        column.addWidget(self._stack, 1)
        self.search.textChanged.connect(self._search)
        self.search.returnPressed.connect(self._take_first)
        self.view.selectionModel().currentChanged.connect(self._current)
        self.view.activated.connect(self._activated)
        theme.changed.connect(self.view.viewport().update)

    def start_loading(self) -> None:
        """Show placeholders."""
        self._skeleton.start("Asking for plugins")
        self._stack.setCurrentWidget(self._skeleton)

    def set_plugins(
        self,
        plugins: Sequence[Plugin],
        recent: Sequence[str],
        uses: Mapping[str, int],
    ) -> None:
        """Show what the server has."""
        self.model.set_plugins(plugins, recent, uses)
        self._skeleton.stop(self._show_page)

    def take_version(self, plugin: Plugin) -> None:
        """Offer a plugin in another version."""
        self.model.take_version(plugin)

    def show_failure(self, error: BaseException) -> None:
        """Say why there are no plugins."""
        self._state.show_error(error, self.retry.emit)
        self._skeleton.stop(lambda: self._stack.setCurrentWidget(self._state))

    @property
    def current(self) -> Plugin | None:
        """The highlighted plugin."""
        return self.model.plugin_at(self.view.currentIndex())

    def choose(self, name: str) -> bool:
        """Highlight a plugin by name; False where it is not shown."""
        row = self.model.row_of(name)
        if row >= 0:
            self.view.setCurrentIndex(self.model.index(row))
        return row >= 0

    def _search(self, words: str) -> None:
        before = self.current
        self.model.set_words(words)
        if before is None or not self.choose(before.name):
            self.view.setCurrentIndex(self.model.index(0))
        self._show_page()

    def _take_first(self) -> None:
        index = self.view.currentIndex()
        if not index.isValid():
            index = self.model.index(0)
            self.view.setCurrentIndex(index)
        self._activated(index)

    def _show_page(self) -> None:
        if self.model.rowCount():
            self._stack.setCurrentWidget(self.view)
            return
        if self.model.total:
            self._state.show_state(
                "scan-search",
                "No plugin has these words",
                "The search looks at names, titles, categories, descriptions and "
                "authors.",
                [("Show all", self.search.clear)],
            )
        else:
            self._state.show_state(
                "package-open",
                "No plugins on this server",
                "Ask the person who runs it to register some.",
            )
        self._stack.setCurrentWidget(self._state)

    def _current(self, index: Index, _before: object = None) -> None:
        plugin = self.model.plugin_at(index)
        if plugin is not None:
            self.chosen.emit(plugin)

    def _activated(self, index: Index) -> None:
        plugin = self.model.plugin_at(index)
        if plugin is not None:
            self.activated.emit(plugin)
