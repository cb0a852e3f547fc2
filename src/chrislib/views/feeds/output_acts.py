"""What a person does with outputs: look, open, save, tick, carry away."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu, QWidget

from chrislib.feeds.model import FeedView, Node, OutputEntry
from chrislib.shown import one_line
from chrislib.views.context import ViewContext
from chrislib.views.feeds.output_hand import OutputHand
from chrislib.views.feeds.output_head import NODE
from chrislib.views.feeds.output_preview import VIEWABLE
from chrislib.views.feeds.output_view import OutputView
from chrislib.views.navigation import OpenViewer, ShowJobs
from chrislib.views.tasks import PaneTasks
from chrislib.views.viewer_content import ViewContent

_PASSING = 0.1
"""Seconds a row is highlighted before it is looked at."""


class ComparingLike(Protocol):
    """What compares two nodes."""

    def compare_here(self, file: str = "") -> None:
        """Compare the highlighted node with another one; begin with a file."""

    def compare_nodes(
        self, left: tuple[int, int], right: tuple[int, int], file: str = ""
    ) -> None:
        """Compare two nodes, each as (feed, node); begin with a file."""


class PaneLike(Protocol):
    """The part of the Feeds module that outputs belong to."""

    @property
    def feed(self) -> FeedView | None:
        """The feed on screen."""

    @property
    def node(self) -> Node | None:
        """The highlighted node."""

    @property
    def comparing(self) -> ComparingLike:
        """What compares two nodes."""


class OutputActs:
    """The commands of the outputs."""

    def __init__(
        self,
        context: ViewContext,
        tasks: PaneTasks,
        pane: PaneLike,
        *,
        view: OutputView,
    ) -> None:
        self._context = context
        self._tasks = tasks
        self._pane = pane
        self._view = view
        self._preview: object = None
        self._looking: asyncio.Task[Path] | None = None
        self.hand = OutputHand(context, tasks, view=view)
        view.highlighted.connect(self.preview)
        view.open_entry.connect(self.open_entry)
        view.get_all.connect(self.get_all)
        view.menu_wanted.connect(self.show_menu)

    # -- looking ---------------------------------------------------------------

    def preview(self, entry: OutputEntry) -> None:
        """Fetch the highlighted output and show it beside the list."""
        preview = self._view.preview
        self._preview = entry
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        if not preview.announce(entry, self._view.below(entry)):
            return

        def show(path: Path) -> None:
            if self._preview is entry:
                preview.show_file(path, entry.kind)

        def failed(error: BaseException) -> None:
            if self._preview is entry:
                preview.show_failure(error)

        self._looking = self._tasks.start(
            self._fetch(entry),
            name="preview",
            done=show,
            failed=failed,
        )

    async def _fetch(self, entry: OutputEntry) -> Path:
        # who walks over rows with the keys does not want each of them
        await asyncio.sleep(_PASSING)
        return await self._context.feeds.outputs.fetch(entry)

    def open_current(self) -> None:
        """Open the highlighted output, or the first that can be opened."""
        entry = self._view.current
        if entry is None:
            entry = next((e for e in self._view.files if e.kind in VIEWABLE), None)
        if entry is not None:
            self.open_entry(entry)

    def open_entry(self, entry: OutputEntry) -> None:
        """Open an output in the viewer; images of one folder open as a series."""
        kind, files = self._series_of(entry)
        if entry.is_folder and not files:
            self._view.turn(entry)
            return
        if not files:
            self._context.messages.info(
                "There is no viewer for this.",
                hint="Open it with another program (right click), or get it.",
            )
            return
        title = entry.relative.rsplit("/", 1)[-1]
        if kind == "dicom" and len(files) > 1:
            folder = files[0].relative.rpartition("/")[0]
            title = folder.rsplit("/", 1)[-1] or title

        def show(paths: tuple[Path, ...]) -> None:
            content = ViewContent(kind, one_line(title), paths)
            self._context.navigator.go(OpenViewer(content))

        self._tasks.start(
            self._context.feeds.outputs.fetch_all(files), name="open output", done=show
        )

    def _series_of(self, entry: OutputEntry) -> tuple[str, list[OutputEntry]]:
        """Return the kind and the files that open together."""
        if entry.is_folder:
            return "dicom", [e for e in self._view.below(entry) if e.kind == "dicom"]
        if entry.kind not in VIEWABLE or entry.file_id is None:
            return entry.kind, []
        if entry.kind != "dicom":
            return entry.kind, [entry]
        # the one that was asked for comes first where the order is not known
        return "dicom", self._view.beside(entry) or [entry]

    # -- taking along ----------------------------------------------------------

    def get_all(self) -> None:
        """Save all outputs of the highlighted node, or of the feed, in a folder."""
        if self._view.scope == NODE:
            if self._pane.node is not None:
                self._tasks.start(self._get(self._pane.node), name="get all")
        elif self._view.top:
            self._tasks.start(self._get(self._view.top), name="get all")

    def get_current(self) -> None:
        """Save the highlighted outputs, or all where none is."""
        chosen = self._view.selected
        if chosen and self._view.view.hasFocus():
            self.get_entries(chosen)
        else:
            self.get_all()

    def get_entries(self, entries: Sequence[OutputEntry]) -> None:
        """Save some outputs in a folder."""
        self._tasks.start(self._get(list(entries)), name="get outputs")

    async def _get(self, sources: Node | list[OutputEntry]) -> None:
        feed = self._pane.feed
        folder = await self._context.dialogs.open_folder(
            "Choose a folder for the outputs", self._context.paths.downloads
        )
        if folder is None:
            return
        job = await self._context.feeds.outputs.download(
            sources, folder, feed_id=feed.row.id if feed is not None else None
        )
        self._context.messages.info(
            f"Getting {one_line(job.title)}.",
            f"It goes to {folder.name}. You can go on working.",
            action=("Show", lambda: self._context.navigator.go(ShowJobs(job.key))),
        )

    # -- menu ------------------------------------------------------------------

    def show_menu(self, entries: Sequence[OutputEntry], at: QPoint) -> None:
        """Show what can be done with entries."""
        self.menu(entries).popup(at)

    def menu(self, entries: Sequence[OutputEntry]) -> QMenu:
        """Return what can be done with entries; the first one leads."""
        menu = QMenu(self._view)
        menu.setObjectName("feeds.outputs.menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        first = entries[0]
        self._item(menu, "Open in viewer\tE", lambda: self.open_entry(first))
        if len(entries) == 1:
            self.hand.add_to(menu, first)
        menu.addSeparator()
        self._item(menu, "Get …\tD", lambda: self.get_entries(entries))
        self._item(menu, "Add to tray\tT", lambda: self.hand.tick(entries))
        self._item(menu, "Copy path", lambda: self.copy_paths(entries))
        menu.addSeparator()
        compare: Callable[[], object]
        # of thousands it is not asked to which nodes they belong
        nodes = self._nodes_of(entries) if len(entries) == 2 else []
        file = "" if first.is_folder else first.path
        if len(nodes) == 2:
            left, right = nodes
            compare = partial(self._pane.comparing.compare_nodes, left, right, file)
            both = not any(entry.is_folder for entry in entries)
            what = "files" if both else "nodes"
            self._item(menu, f"Compare the two {what} …", compare)
        elif self._pane.node is not None:
            compare = partial(self._pane.comparing.compare_here, file)
            words = "Compare with that of another node …"
            words = words if file else "Compare the node with another …"
            self._item(menu, words, compare)
        return menu

    def _nodes_of(self, entries: Sequence[OutputEntry]) -> list[tuple[int, int]]:
        """Return the nodes some entries belong to, each as (feed, node)."""
        feed = self._pane.feed
        if feed is None:
            return []
        paths = [f"{entry.path}/" for entry in entries]
        return [
            (int(feed.row.id), int(node.id))
            for node in feed.nodes
            if any(path.startswith(f"{node.output_path}/") for path in paths)
        ]

    def tick_current(self) -> None:
        """Put the highlighted outputs into the tray, or all the node left behind."""
        chosen = self._view.selected
        if chosen and self._view.view.hasFocus():
            self.hand.tick(chosen)
        elif self._pane.node is not None:
            self.hand.tick_node(self._pane.node)

    def copy_paths(self, entries: Sequence[OutputEntry]) -> None:
        """Put the paths of entries on the server into the clipboard."""
        paths = "\n".join(entry.path for entry in entries)
        QGuiApplication.clipboard().setText(paths)

    def _item(self, menu: QMenu, words: str, act: Callable[[], object]) -> None:
        menu.addAction(words).triggered.connect(lambda _on=False: act())

    @property
    def window(self) -> QWidget:
        """The window sheets open over."""
        return self._view.window()
