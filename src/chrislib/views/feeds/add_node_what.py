"""The first page of Add node: a plugin or a pipeline, with what it is beside it."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from chrislib.cube.types import Plugin
from chrislib.views.context import ViewContext
from chrislib.views.feeds.pipeline_acts import PipelineActs
from chrislib.views.feeds.pipeline_browser import PipelineBrowser
from chrislib.views.feeds.plugin_facts import PluginFacts
from chrislib.views.feeds.plugin_list import PluginList
from chrislib.views.widgets.buttons import Segments
from chrislib.views.widgets.text import Label, line

PLUGINS, PIPELINES = "plugins", "pipelines"


class WhatPage(QWidget):
    """Plugins or pipelines.

    Parameters
    ----------
    types : sequence of str
        Which plugins are offered: "ds" has one parent, "ts" joins several. Pipelines
        are where the first are.

    Signals
    -------
    chosen : Plugin, PipelineTree or None
        What would be added.
    activated
        Return or a double click on it.
    """

    chosen = Signal(object)
    activated = Signal()

    def __init__(
        self, context: ViewContext, *, types: Sequence[str] = ("ds", "ts")
    ) -> None:
        super().__init__()
        theme = context.theme
        self._context = context
        self._types = frozenset(types)
        self._removed: int | None = None
        self._wanted: Plugin | None = None
        self._tasks = context.tasks("what to add")
        self.plugins = PluginList(theme)
        self.facts = PluginFacts(context)
        self.pipelines = PipelineBrowser(context, PipelineActs(context, self))
        self.kinds = Segments(
            theme,
            [(PLUGINS, "Plugins", ""), (PIPELINES, "Pipelines", "")],
            name="what",
        )
        self._head = Label(theme, "Plugin", style="section")
        self._stack = QStackedWidget()
        one = QWidget()
        row = QHBoxLayout(one)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.plugins, 1)
        row.addWidget(line(vertical=True))
        row.addWidget(self.facts)
        self._stack.addWidget(one)
        self._stack.addWidget(self.pipelines)
        head = QHBoxLayout()
        head.setContentsMargins(24, 16, 24, 12)
        head.addWidget(self._head, 1)
        head.addWidget(self.kinds)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(line())
        column.addWidget(self._stack, 1)
        self.kinds.setVisible("ds" in self._types)
        self.kinds.chosen.connect(self.show_kind)
        self.plugins.chosen.connect(self._plugin)
        self.plugins.activated.connect(lambda _plugin: self.activated.emit())
        self.plugins.retry.connect(self.load)
        self.facts.version_chosen.connect(self._version)
        self.pipelines.chosen.connect(self._pipeline)
        self.pipelines.activated.connect(self.activated)

    @property
    def kind(self) -> str:
        """PLUGINS or PIPELINES."""
        return self.kinds.current

    def show_kind(self, kind: str) -> None:
        """Offer plugins, or pipelines."""
        self.kinds.choose(kind)
        several = kind == PIPELINES
        self._stack.setCurrentIndex(int(several))
        self._head.setText("Pipeline" if several else "Plugin")
        if several:
            self.pipelines.begin()
            self.chosen.emit(self.pipelines.tree)
        else:
            self.chosen.emit(self.plugins.current)
            self.plugins.search.setFocus(Qt.FocusReason.OtherFocusReason)

    def load(self, removed: int | None = None) -> None:
        """Ask for the plugins (behind); `removed` is one that is there no more."""
        self._removed = removed
        self.plugins.start_loading()
        self._tasks.start(
            self._context.feeds.plugins.usable(),
            name="plugins",
            done=self._show_plugins,
            failed=self.plugins.show_failure,
        )

    def show_plugin(self, plugin: Plugin) -> None:
        """Highlight a plugin, in a version of its own."""
        self.kinds.choose(PLUGINS)
        self._stack.setCurrentIndex(0)
        self._wanted = plugin
        self.plugins.take_version(plugin)
        self.plugins.choose(plugin.name)
        self.facts.show_plugin(plugin)

    def go_in(self) -> None:
        """Take the focus in the search."""
        found = self.pipelines.list if self.kind == PIPELINES else self.plugins
        found.search.setFocus(Qt.FocusReason.OtherFocusReason)

    def shutdown(self) -> None:
        """Cancel what runs."""
        self._tasks.cancel_all()
        self.facts.shutdown()
        self.pipelines.shutdown()

    # -- inside ----------------------------------------------------------------

    def _show_plugins(self, plugins: list[Plugin]) -> None:
        known = self._context.feeds.plugins
        usable = [p for p in plugins if p.type in self._types]
        before = self.plugins.current or self._wanted
        self.plugins.set_plugins(usable, known.recent(), known.uses())
        if before is not None:
            if before.id != self._removed:
                self.plugins.take_version(before)
            self.plugins.choose(before.name)

    def _plugin(self, plugin: object) -> None:
        one = plugin if isinstance(plugin, Plugin) else None
        self.facts.show_plugin(one)
        if self.kind == PLUGINS:
            self.chosen.emit(one)

    def _version(self, plugin: Plugin) -> None:
        self.plugins.take_version(plugin)
        self.chosen.emit(plugin)

    def _pipeline(self, tree: object) -> None:
        if self.kind == PIPELINES:
            self.chosen.emit(tree)
