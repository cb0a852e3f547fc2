"""Choosing a plugin: search, those used last and used most first."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyleOptionViewItem

from chrislib.cube.types import Plugin
from chrislib.feeds.plugins import MOST_RECENT
from chrislib.shown import one_line
from chrislib.views.feeds.search_list import Nothing, SearchList
from chrislib.views.models.index import Index
from chrislib.views.models.searched import ITEM_ROLE, SearchedModel
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.delegates import SizedDelegate, draw_two_lines, two_lines
from chrislib.views.widgets.paint import draw_row, draw_text

USED_ROLE = ITEM_ROLE + 1

_TYPES = {"ds": "", "ts": "joins several nodes"}


class PluginModel(SearchedModel[Plugin]):
    """Plugins in the order given, filtered by words."""

    def __init__(self) -> None:
        super().__init__(
            key=lambda one: one.name,
            texts=lambda one: (
                *(one.name, one.title, one.category),
                *(one.description, one.authors),
            ),
        )
        self._recent: frozenset[str] = frozenset()
        self._uses: Mapping[str, int] = {}

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
        self._recent = frozenset(recent[:MOST_RECENT])
        self._uses = uses
        self.set_all(plugins)

    def tell(self, one: Plugin, role: int) -> object:
        """Return a plugin's name, or when it was used."""
        if role == Qt.ItemDataRole.DisplayRole:
            return one_line(f"{one.name} {one.version}")
        if role == USED_ROLE:
            return self._used(one)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            parts = (one_line(f"{one.name} {one.version}"), one_line(one.title))
            return ", ".join(part for part in (*parts, self._used(one)) if part)
        return None

    def _used(self, plugin: Plugin) -> str:
        if plugin.name in self._recent:
            return "used recently"
        uses = self._uses.get(plugin.name, 0)
        return "" if not uses else "used once" if uses == 1 else f"used {uses:,} times"


class _PluginDelegate(SizedDelegate):
    wide, high = 300, 52

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        plugin = index.data(ITEM_ROLE)
        if not isinstance(plugin, Plugin):
            return
        theme = self.theme
        rect: QRect = option.rect
        draw_row(painter, option, theme, bar=True)
        inner = rect.adjusted(16, 0, -16, 0)
        notes = [one_line(plugin.category), _TYPES.get(plugin.type, "")]
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
            title=str(index.data()),
            below=one_line(plugin.title or plugin.description),
            style="strong",
            taken=used + 12,
        )


class PluginList(SearchList[Plugin]):
    """The first page of Add node."""

    def __init__(self, theme: Theme) -> None:
        model = PluginModel()
        super().__init__(
            theme,
            model,
            delegate=_PluginDelegate,
            kind="plugin",
            looks_at="names, titles, categories, descriptions and authors",
            nothing=Nothing(
                "package-open",
                "No plugins on this server",
                "Ask the person who runs it to register some.",
            ),
            margin=(24, 16),
        )
        self.model = model

    def set_plugins(
        self,
        plugins: Sequence[Plugin],
        recent: Sequence[str],
        uses: Mapping[str, int],
    ) -> None:
        """Show what the server has."""
        self.model.set_plugins(plugins, recent, uses)
        self.show_loaded()

    def take_version(self, plugin: Plugin) -> None:
        """Offer a plugin in another version."""
        self.model.exchange(plugin)

    def _current(self, index: Index, _before: object = None) -> None:
        if index.isValid():
            super()._current(index)
