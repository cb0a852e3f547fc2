"""Collect results: one table out of the files of many runs, with a plot beside it."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QStackedWidget,
)

from chrislib.aio import Progress
from chrislib.feeds.collect_files import offers, places_with, plugins_of, sources_of
from chrislib.feeds.collect_model import FeedNodes, Listing, Row, Table, Wanted
from chrislib.feeds.model import Node
from chrislib.library.dates import show_time
from chrislib.library.words import count
from chrislib.views.context import ViewContext
from chrislib.views.feeds.collect_choice import CollectChoice, FeedChoice
from chrislib.views.feeds.collect_cover import Cover, Work
from chrislib.views.feeds.collect_shown import ShownRows
from chrislib.views.feeds.collect_taking import Taking
from chrislib.views.feeds.hidden_titles import HiddenTitles
from chrislib.views.widgets.state_view import StateView
from chrislib.views.widgets.text import line

if TYPE_CHECKING:
    from chrislib.feeds.collect import Collecting

_FLUSH_MS = 250
_T = TypeVar("_T")
_LAST = "feeds.collect.files"
"""Under this key of the layout stands the pattern last collected by plugin."""
_EACH = "feeds.collect.rows"
"""Under this key of the layout stand the plugins whose lines were rows."""


class CollectPage(Cover):
    """The page.

    Parameters
    ----------
    feeds : sequence of FeedChoice
        What can be collected from; the first is chosen.
    node : Node, optional
        Its plugin is chosen at first.
    """

    def __init__(
        self,
        context: ViewContext,
        feeds: Sequence[FeedChoice],
        *,
        node: Node | None = None,
    ) -> None:
        super().__init__(context, "Collect results", name="collect")
        theme = context.theme
        self._context = context
        self._choices = list(feeds)
        self._ids = self._choices[0].feed_ids
        self._node = node
        self._feeds: list[FeedNodes] = []
        self._listings: list[Listing] = []
        self._table: Table | None = None
        self._coming: dict[int, Sequence[Row]] = {}
        self.titles = HiddenTitles(context, self)
        self._tasks = context.tasks("collect")
        self.choice = CollectChoice(theme, self._choices)
        self.shown = ShownRows(context, self.titles)
        self.taking = Taking(context, self)
        self.work = Work(theme, name="collect.work")
        self._state = StateView(theme, "table", "", primary=False)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._state)
        self._stack.addWidget(self.shown)
        self._flush = QTimer(self)
        self._flush.setSingleShot(True)
        self._flush.setInterval(_FLUSH_MS)
        self._flush.timeout.connect(self._show_coming)
        self._build()
        self._survey()

    @property
    def collecting(self) -> "Collecting":
        """The service behind the page."""
        return self._context.feeds.collecting

    @property
    def table(self) -> Table | None:
        """The table on show."""
        return self._table

    # -- what the pane calls -------------------------------------------------------

    def focus_first(self) -> None:
        """Begin with the files; a table that is there goes before."""
        if self._table is not None:
            self.shown.table.setFocus(Qt.FocusReason.OtherFocusReason)
        elif self.choice.files.isEnabled():
            self.choice.files.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            # the page keeps the keys while nothing in it takes them
            self.setFocus(Qt.FocusReason.OtherFocusReason)

    def focus_filter(self) -> None:
        """Go to the filter."""
        if self._stack.currentWidget() is self.shown:
            self.shown.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.shown.filter.selectAll()

    def look_again(self) -> None:
        """Look again at the feeds and their files; what was collected stays."""
        if self.work.isHidden():
            self._survey()

    def escape(self) -> bool:
        """Empty the filter first, where it has the focus and words."""
        field = self.shown.filter
        if field.hasFocus() and field.text():
            field.clear()
            return True
        return False

    def shutdown(self) -> None:
        """End what runs."""
        self._flush.stop()
        self._tasks.cancel_all()
        self.taking.stop()
        self.shown.shutdown()

    # -- step by step --------------------------------------------------------------

    def _survey(self) -> None:
        self._describe()
        self._run(
            lambda progress: self.collecting.survey(self._ids, progress=progress),
            words=f"Looking at {count(len(self._ids), 'feed')}",
            name="survey",
            done=self._surveyed,
        )

    def _surveyed(self, feeds: list[FeedNodes]) -> None:
        self._feeds = feeds
        plugins = plugins_of(feeds)
        if not plugins:
            problems = [feed.problem for feed in feeds if feed.problem]
            self._say(
                "triangle-alert" if problems else "workflow",
                "There is nothing to collect from",
                problems[0] if problems else "The feeds have no nodes.",
                again=True,
            )
            self.choice.set_busy(True)
            return
        last = self.choice.wanted.plugin
        wanted = last or (self._node.plugin_name if self._node is not None else "")
        if not wanted:
            # what ran last is what one wants to see
            kept = [name for name, _, _ in plugins if name in self._patterns()]
            ends = [feed.nodes[-1].plugin_name for feed in feeds if feed.nodes]
            wanted = next(iter(kept), max(set(ends), key=ends.count))
        self.choice.show_plugins(plugins, feeds=len(feeds), wanted=wanted)
        self._choose_node()

    def _choose_node(self) -> None:
        """Offer places and files of the chosen plugin."""
        wanted = self.choice.wanted
        self.choice.show_places(
            places_with(self._feeds, wanted.plugin),
            feeds=len(self._feeds),
            wanted=wanted.place,
        )
        sources = sources_of(self._feeds, self.choice.wanted)
        self._run(
            lambda progress: self.collecting.listings(sources, progress=progress),
            words=f"Listing the files of {wanted.plugin}",
            name="list files",
            done=self._listed,
        )

    def _listed(self, listings: list[Listing]) -> None:
        self._listings = listings
        found = offers(listings)
        nodes = sum(1 for one in listings if one.source.node is not None)
        plugin = self.choice.wanted.plugin
        self.choice.show_each("line" if plugin in self._lines() else "file")
        last = self._patterns().get(plugin, "")
        self.choice.show_files(found, nodes=nodes, wanted=last)
        if not found:
            problems = [one.problem for one in listings if one.problem]
            self._say(
                "file",
                "No files with values",
                problems[0]
                if problems
                else "JSON, CSV and text files are read. These nodes left none; "
                "choose another plugin.",
                again=bool(problems),
            )
        elif self._table is None:
            self._say(
                "table",
                "Choose the files, then Collect",
                "Their values come into one table: a row for each file, or for each "
                "line of a CSV file.",
            )
        self._show_last()

    def _show_last(self) -> None:
        """Show what was collected the last time, if it was of the same feeds."""
        wanted, ids = self.choice.wanted, self._ids

        def show(table: Table | None) -> None:
            if (
                table is not None
                and table.feed_ids == ids
                and not self.work.isVisible()
            ):
                self._take(table)

        self._tasks.start(self.collecting.last(wanted), name="last table", done=show)

    def _collect(self) -> None:
        wanted = self.choice.wanted
        if not wanted.pattern or not self._listings:
            self.focus_first()
            return
        self._table = None
        self._coming.clear()
        self._keep_choice(wanted)
        self._run(
            lambda progress: self.collecting.gather(
                self._listings,
                wanted.pattern,
                each=wanted.each,
                begun=self._reading,
                told=self._told,
                progress=progress,
            ),
            words="Reading files",
            name="gather",
            done=self._gathered,
        )

    async def _reading(self, rows: Sequence[Row]) -> None:
        """Show rows whose files are read now (a thread)."""
        shown = await asyncio.to_thread(self.titles.naming, rows)
        self.shown.begin(rows, shown)
        self._stack.setCurrentWidget(self.shown)

    def _told(self, number: int, rows: Sequence[Row]) -> None:
        self._coming[number] = rows
        if not self._flush.isActive():
            self._flush.start()

    def _show_coming(self) -> None:
        coming, self._coming = self._coming, {}
        self.shown.replace(coming)

    def _gathered(self, rows: Sequence[Row]) -> None:
        self._flush.stop()
        self._coming.clear()
        table = Table(
            wanted=self.choice.wanted,
            feed_ids=self._ids,
            server=self.collecting.server,
            rows=tuple(rows),
            collected_at=self._context.now(),
        )
        self._take(table)
        self.shown.table.setFocus(Qt.FocusReason.OtherFocusReason)
        self._tasks.start(self.collecting.keep(table), name="keep table")

    def _take(self, table: Table) -> None:
        self._table = table
        self._stack.setCurrentWidget(self.shown)
        self.shown.show_table(table)
        self._describe()
        self.taking.dress()

    def replace_rows(self, fresh: Sequence[tuple[Row, Sequence[Row]]]) -> None:
        """Put what was tried again in the place of the rows it was tried for."""
        table = self._table
        if table is None:
            return
        by_key = {old.key: new for old, new in fresh}
        rows: list[Row] = []
        for row in table.rows:
            rows += by_key.get(row.key, (row,)) if row.problem else (row,)
        self._take(replace(table, rows=tuple(rows)))
        self._tasks.start(self.collecting.keep(self._table or table), name="keep table")

    # -- inside --------------------------------------------------------------------

    def _titles_changed(self) -> None:
        """Call the rows anew; what is still being read is called so at its end."""
        if self._table is not None:
            self._take(self._table)

    def _feeds_chosen(self, index: int) -> None:
        self._ids = self._choices[index].feed_ids
        self._table = None
        self.shown.clear()
        self._survey()

    def _run(
        self,
        make: Callable[[Progress], Coroutine[Any, Any, _T]],
        *,
        words: str,
        name: str,
        done: Callable[[_T], object],
    ) -> None:
        """Do one step instead of the one before; nothing is chosen meanwhile."""
        self._tasks.cancel_all()
        self._flush.stop()
        focus = self.window().focusWidget()
        if focus is not None and self.choice.isAncestorOf(focus):
            self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.choice.set_busy(True)

        def ended(result: _T) -> None:
            self.choice.set_busy(False)
            done(result)
            if self.hasFocus():
                self.focus_first()

        self.work.run(
            self._tasks, make, words=words, name=name, done=ended, failed=self._failed
        )

    def _cancel(self) -> None:
        """Stop; what was read so far stays on show."""
        self._flush.stop()
        self._tasks.cancel_all()
        self.taking.stop()
        self.work.end()
        self.choice.set_busy(False)
        if self._coming:
            self._show_coming()
        if self.shown.rows and self._table is None:
            self._take(
                Table(
                    wanted=self.choice.wanted,
                    feed_ids=self._ids,
                    server=self.collecting.server,
                    rows=tuple(self.shown.stopped()),
                    collected_at=self._context.now(),
                )
            )
        elif self._table is None:
            self._say("table", "Nothing was collected", "", again=True)

    def _failed(self, error: BaseException) -> None:
        self.choice.set_busy(False)
        self._stack.setCurrentWidget(self._state)
        self._state.show_error(error, self._survey)

    def _say(self, icon: str, title: str, text: str, *, again: bool = False) -> None:
        actions = [("Look again", self._survey)] if again else []
        self._state.show_state(icon, title, text, actions)
        self._stack.setCurrentWidget(self._state)

    def _patterns(self) -> dict[str, str]:
        kept = self._context.layout.get(_LAST)
        return (
            {str(k): str(v) for k, v in kept.items()} if isinstance(kept, dict) else {}
        )

    def _lines(self) -> list[str]:
        kept = self._context.layout.get(_EACH)
        return [str(one) for one in kept] if isinstance(kept, list) else []

    def _keep_choice(self, wanted: Wanted) -> None:
        """Offer the same the next time, for this plugin."""
        kept = self._patterns()
        kept.pop(wanted.plugin, None)
        kept[wanted.plugin] = wanted.pattern
        self._context.layout.put(_LAST, dict(list(kept.items())[-50:]))
        lines = [one for one in self._lines() if one != wanted.plugin]
        if wanted.each == "line":
            lines.append(wanted.plugin)
        self._context.layout.put(_EACH, lines[-50:])

    def _describe(self) -> None:
        table = self._table
        if table is None:
            self.subtitle.setText(count(len(self._ids), "feed"))
            return
        wanted = table.wanted
        feeds = count(len(table.feed_ids), "feed")
        each = " · one row per line" if wanted.each == "line" else ""
        self.subtitle.setText(
            f"{wanted.pattern} of {wanted.plugin} · {feeds}{each}"
            f" · collected at {show_time(table.collected_at)}"
        )

    def _build(self) -> None:
        for piece in self.taking.buttons:
            self.tools.addWidget(piece)
        self.body.addWidget(self.choice)
        self.body.addWidget(line())
        self.body.addWidget(self.work)
        self.body.addWidget(self._stack, 1)
        self.body.addWidget(self.taking.foot)
        self.choice.feeds_chosen.connect(self._feeds_chosen)
        self.choice.node_chosen.connect(self._choose_node)
        self.choice.files_chosen.connect(self._show_last)
        self.choice.each_chosen.connect(self._show_last)
        self.choice.collect_pressed.connect(self._collect)
        self.work.cancelled.connect(self._cancel)
        self.titles.changed.connect(self._titles_changed)
