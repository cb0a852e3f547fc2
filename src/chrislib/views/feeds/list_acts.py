"""What a person does with feeds of the list: one, or several that are highlighted."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from chrislib.feeds.model import FeedRow
from chrislib.jobs.model import Job
from chrislib.views.context import ViewContext
from chrislib.views.feeds.bulk_sheet import feeds_words
from chrislib.views.feeds.bulk_sheets import (
    DeleteSheet,
    DownloadSheet,
    DuplicateSheet,
    MergeSheet,
    RenameSheet,
)
from chrislib.views.feeds.days_sheet import DaysSheet
from chrislib.views.feeds.share_sheet import ShareSheet
from chrislib.views.feeds.tag_sheet import TagSheet
from chrislib.views.navigation import ShowJobs
from chrislib.views.tasks import PaneTasks

if TYPE_CHECKING:
    from chrislib.views.feeds.pane import FeedsPane


class FeedListActs:
    """Menus and sheets of the list of feeds."""

    def __init__(
        self, context: ViewContext, tasks: PaneTasks, *, pane: "FeedsPane"
    ) -> None:
        self._context = context
        self._tasks = tasks
        self._pane = pane
        self._list = pane.list
        self._list.menu_wanted.connect(self.show_menu)
        self._list.act_wanted.connect(self._act)
        self._list.bar.between_wanted.connect(self._between)

    def commands(self) -> list[QAction]:
        """Return what palette and menu offer for the highlighted feeds."""
        rows = (
            ("Get the highlighted feeds …", self.download),
            ("Rename the highlighted feeds …", self.rename),
            ("Duplicate the highlighted feeds …", self.duplicate),
            ("Merge the highlighted feeds …", self.merge),
            ("Tags of the highlighted feeds …", self.tags),
            ("Share the highlighted feeds …", self.share),
            ("Pin the highlighted feeds", self.pin),
            ("Delete the highlighted feeds on the server …", self.delete),
        )
        made = []
        for words, act in rows:
            action = QAction(words, self._pane)
            action.setObjectName("feeds.command." + words.split(" …")[0].lower())
            action.triggered.connect(lambda _on=False, act=act: act())
            made.append(action)
        return made

    # -- menus -----------------------------------------------------------------

    def show_menu(self, at: QPoint) -> None:
        """Show what can be done with what is highlighted."""
        self.menu().popup(at)

    def menu(self) -> QMenu:
        """Return what can be done with what is highlighted."""
        rows = self._rows()
        if len(rows) == 1:
            menu = self._pane.actions_.feed_menu()
            menu.addSeparator()
        else:
            menu = QMenu(self._pane)
            menu.setObjectName("feeds.bulk.menu")
            _entry(menu, "Rename …\tF2", self.rename)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        pinned = self._all_pinned(rows)
        _entry(menu, "Take the pin off" if pinned else "Pin on top", self.pin)
        _entry(menu, "Get …", self.download)
        _entry(menu, "Duplicate …", self.duplicate)
        if len(rows) > 1:
            _entry(menu, "Merge …", self.merge)
            _entry(menu, "Tags …", self.tags)
            _entry(menu, "Share …", self.share)
        menu.addSeparator()
        self._pane.collecting.add_to_list_menu(menu, rows)
        self._pane.comparing.add_to_list_menu(menu, rows)
        menu.addSeparator()
        _entry(menu, "Delete on server …\tDel", self.delete)
        return menu

    # -- what is done ----------------------------------------------------------

    def pin(self) -> None:
        """Put the highlighted feeds on top, or back if all of them are there."""
        rows = self._rows()
        self._list.pin([int(row.id) for row in rows], pinned=not self._all_pinned(rows))

    def rename(self) -> None:
        """Rename one feed, or several by a pattern."""
        rows = self._rows()
        if len(rows) == 1 and self._is_open(rows[0]):
            self._pane.actions_.rename()
        elif rows:
            sheet = RenameSheet(self._pane.window(), self._context, rows)
            sheet.changed.connect(self._changed)
            sheet.open()

    def duplicate(self) -> None:
        """Make a feed of the files of each."""
        rows = self._rows()
        if rows:
            sheet = DuplicateSheet(self._pane.window(), self._context, rows)
            sheet.changed.connect(self._changed)
            sheet.open()

    def merge(self) -> None:
        """Make one feed of the files of all."""
        rows = self._rows()
        if len(rows) < 2:
            self._context.messages.info(
                "Merging takes two feeds or more.",
                hint="Highlight them with Ctrl or Shift.",
            )
            return
        sheet = MergeSheet(self._pane.window(), self._context, rows)
        sheet.made.connect(self._merged)
        sheet.open()

    def tags(self) -> None:
        """Put tags on the highlighted feeds, and take them off."""
        ids = [int(row.id) for row in self._rows()]
        if ids:
            sheet = TagSheet(self._pane.window(), self._context, feed_ids=ids)
            sheet.changed.connect(self._tagged)
            sheet.open()

    def share(self) -> None:
        """Open the highlighted feeds to others."""
        ids = [int(row.id) for row in self._rows()]
        if ids:
            sheet = ShareSheet(self._pane.window(), self._context, feed_ids=ids)
            sheet.changed.connect(lambda _ids: self._pane.refresh())
            sheet.open()

    def download(self) -> None:
        """Save whole feeds in a folder of this computer."""
        rows = self._rows()
        if rows:
            self._tasks.start(self._download(rows), name="get feeds")

    def delete(self) -> None:
        """Delete feeds on the server, once that is confirmed."""
        rows = self._rows()
        if rows:
            sheet = DeleteSheet(self._pane.window(), self._context, rows)
            sheet.changed.connect(self._deleted)
            sheet.open()

    # -- inside ----------------------------------------------------------------

    def _act(self, name: str) -> None:
        acts: dict[str, Callable[[], None]] = {
            "download": self.download,
            "delete": self.delete,
            "rename": self.rename,
            "more": lambda: self.show_menu(self._list.head.menu_place()),
        }
        acts[name]()

    def _rows(self) -> list[FeedRow]:
        """Return the highlighted feeds; where none is, the one on screen."""
        rows = self._list.highlighted
        if not rows and self._pane.feed is not None:
            rows = [self._pane.feed.row]
        return rows

    def _is_open(self, row: FeedRow) -> bool:
        view = self._pane.feed
        return view is not None and view.row.id == row.id

    def _all_pinned(self, rows: Sequence[FeedRow]) -> bool:
        pinned = self._list.memory.pinned
        return bool(rows) and all(row.id in pinned for row in rows)

    async def _download(self, rows: Sequence[FeedRow]) -> None:
        folder = await self._context.dialogs.open_folder(
            "Choose a folder for the feeds", self._context.paths.downloads
        )
        if folder is None:
            return
        sheet = DownloadSheet(self._pane.window(), self._context, rows, folder=folder)

        def begun(done: Sequence[int]) -> None:
            if done:
                self._context.messages.info(
                    f"Getting {feeds_words(len(done))}.",
                    f"They go to {folder.name}. You can go on working.",
                    action=("Show", lambda: self._context.navigator.go(ShowJobs())),
                )

        sheet.changed.connect(begun)
        sheet.open()

    def _merged(self, job: Job) -> None:
        self._list.highlight_one()
        self._pane.made(job)

    def _changed(self, _done: Sequence[int]) -> None:
        self._pane.refresh()

    def _deleted(self, done: Sequence[int]) -> None:
        """Take deleted feeds off the screen; the open one gives way to another."""
        self._list.drop(done)
        self._list.highlight_one()
        self._pane.leave(done)
        if not done:
            self._pane.refresh()

    def _tagged(self, _ids: Sequence[int]) -> None:
        self._list.tags_changed.emit()
        self._pane.talk.look_again()

    def _between(self) -> None:
        now = self._list.model.arranging
        sheet = DaysSheet(
            self._pane.window(),
            self._context.theme,
            now.since,
            now.until or date.fromtimestamp(self._context.now()),
        )
        sheet.chosen.connect(self._list.show_days)
        sheet.open()


def _entry(menu: QMenu, words: str, act: Callable[[], None]) -> None:
    menu.addAction(words).triggered.connect(lambda _on=False: act())
