"""What can be done with entries of History."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu, QWidget

from chrislib.library import criteria as asked
from chrislib.library.deidentify.model import choice_of
from chrislib.library.entries import paths_of
from chrislib.library.history_local import list_of
from chrislib.library.history_uses import FeedUse
from chrislib.library.model import EntryKind, HistoryEntry, Item, ItemId, ItemState
from chrislib.library.words import count
from chrislib.views.context import ViewContext
from chrislib.views.library.history_model import HistoryModel, uses_words
from chrislib.views.library.places import Lookup, WorkList
from chrislib.views.library.record_sheet import show_record
from chrislib.views.navigation import NewFeed, ShowFeed, ShowLibrary

_MOVING = {"running", "registering"}
_IN_MENU = 12
_UNDO_SECONDS = 8.0


class HistoryActs:
    """Show, again, feeds, remove; for the rows of one list.

    Parameters
    ----------
    page : QWidget
        Menus and sheets belong to it.
    model : HistoryModel
        Told which entry is being looked at.
    """

    def __init__(self, ctx: ViewContext, page: QWidget, model: HistoryModel) -> None:
        self._ctx = ctx
        self._page = page
        self._model = model
        self._tasks = ctx.tasks("history verbs")

    def shutdown(self) -> None:
        """Cancel what runs here; jobs go on."""
        self._tasks.cancel_all()

    # --- show ----------------------------------------------------------------------

    def show(self, entry: HistoryEntry) -> None:
        """Show what an entry brought, or where it is being brought."""
        list_id = list_of(entry)
        held = [one for one in entry.item_ids if self._ctx.library.item(one)]
        if list_id is not None:
            self._go("pacs", WorkList(list_id))
        elif held and entry.state not in _MOVING:
            self._go("all", tuple(held))
        elif entry.kind is EntryKind.LOOKUP:
            criteria = asked.from_request(entry.request)
            self._go("pacs", Lookup(criteria, run=True, entry_id=entry.entry_id))
        elif _is_there(entry):
            self._bring(entry, lambda ids: self._go("all", ids))
        else:
            upload = entry.kind is EntryKind.UPLOAD
            self._go("upload" if upload else "reference")

    def act(self, entry: HistoryEntry) -> None:
        """Do what the button of a row says."""
        word = self._model.action(entry)
        if word in ("Show", "Open"):
            self.show(entry)
        elif word.startswith("Retry"):
            self._retry(entry)
        elif word == "Again":
            self._again(entry)

    def feeds(self, entry: HistoryEntry, at: QPoint) -> None:
        """Open the feed that used an entry, or let one of several be chosen."""
        uses = self._ctx.history.feeds_of(entry)
        if len(uses) == 1:
            self._ctx.navigator.go(ShowFeed(uses[0].feed_id))
        elif uses:
            menu = self._new_menu()
            self._add_feeds(menu, uses)
            menu.popup(at)

    def menu(
        self, entry: HistoryEntry, chosen: Sequence[HistoryEntry], at: QPoint
    ) -> None:
        """Offer what can be done with an entry."""
        menu = self._new_menu()
        shown = menu.addAction("Show what it brought\tReturn")
        shown.triggered.connect(lambda: self.show(entry))
        word = self._model.action(entry)
        if word and word not in ("Show", "Open"):
            menu.addAction(f"{word}\tR").triggered.connect(lambda: self.act(entry))
        ready = [
            item
            for one in entry.item_ids
            if (item := self._ctx.library.item(one)) is not None
            and item.state is ItemState.READY
        ]
        if ready:
            menu.addAction("Put into the tray").triggered.connect(
                lambda: self._ctx.library.tray.add(*(item.item_id for item in ready))
            )
            menu.addAction("Create feed …").triggered.connect(
                lambda: self._ctx.navigator.go(
                    NewFeed(tuple(item.item_id for item in ready))
                )
            )
        uses = self._ctx.history.feeds_of(entry)
        if uses:
            part = menu.addMenu(uses_words(uses))
            self._add_feeds(part, uses)
        self._add_record(menu, entry)
        menu.addSeparator()
        several = chosen if entry in chosen else [entry]
        words = count(len(several), "entry", "entries")
        remove = menu.addAction(
            f"Remove {words} from History\tDel"
            if len(several) > 1
            else "Remove from History\tDel"
        )
        remove.triggered.connect(lambda: self.remove(several))
        menu.popup(at)

    def remove(self, entries: Sequence[HistoryEntry]) -> None:
        """Take entries out of History, with undo; what they brought stays."""
        ids = [entry.entry_id for entry in entries if entry.state not in _MOVING]
        if not ids:
            self._ctx.messages.info(
                "What is on its way stays in History",
                "It can be removed when it has ended.",
            )
            return
        history = self._ctx.history

        def removed(_nothing: object) -> None:
            self._ctx.messages.info(
                f"{count(len(ids), 'entry', 'entries')} removed from History",
                "What they brought stays in your library and on the server."
                if len(ids) > 1
                else "What it brought stays in your library and on the server.",
                action=(
                    "Undo",
                    lambda: self._tasks.start(history.restore(ids), name="undo"),
                ),
                seconds=_UNDO_SECONDS,
            )

        self._tasks.start(history.remove(ids), name="remove", done=removed)

    # --- again ---------------------------------------------------------------------

    def _again(self, entry: HistoryEntry) -> None:
        if entry.kind is EntryKind.LOOKUP:
            self._go("pacs", Lookup(asked.from_request(entry.request), run=True))
        elif entry.kind is EntryKind.UPLOAD:
            self._tasks.start(
                _still_there(paths_of(entry)),
                name="look for files",
                done=lambda there: self._upload_again(entry, there),
            )
        elif entry.kind is EntryKind.REFERENCE:
            self._busy(entry, True)
            self._tasks.start(
                self._ctx.history.fetch_again(entry),
                name="fetch again",
                done=lambda item: self._fetched(entry, item),
                failed=lambda error: self._failed(entry, error),
            )
        else:
            self._bring(entry, self._tick)

    def _upload_again(self, entry: HistoryEntry, there: list[Path]) -> None:
        asked_for = paths_of(entry)
        if there and len(there) == len(asked_for):
            self._go("upload", there)
            return
        missing = count(
            len(asked_for) - len(there), "file or folder", "files or folders"
        )
        self._ctx.messages.warning(
            f"{missing} of this upload cannot be found on this computer",
            "They were moved or deleted. What was sent before stays on the server.",
            hint="Choose them anew in Upload Data." if not there else "",
            action=("Send the rest", lambda: self._go("upload", there))
            if there
            else ("Upload Data", lambda: self._go("upload")),
        )

    def _fetched(self, entry: HistoryEntry, item: Item) -> None:
        self._busy(entry, False)
        if item.state is ItemState.READY:
            self._tick((item.item_id,))
        else:
            self._ctx.messages.info(
                "The reference is being fetched",
                "Its row in History says how far it is.",
            )

    def _tick(self, ids: tuple[ItemId, ...]) -> None:
        self._ctx.library.tray.add(*ids)
        self._ctx.messages.success(
            f"{count(len(ids), 'item')} put into the tray",
            "It was brought in before and is not fetched a second time."
            if len(ids) == 1
            else "They were brought in before and are not fetched a second time.",
        )

    def _retry(self, entry: HistoryEntry) -> None:
        library = self._ctx.library
        jobs: set[str] = set()
        for item_id in entry.item_ids:
            item = library.item(item_id)
            if item is None or item.state is not ItemState.FAILED:
                continue
            # the parts of an upload share one job: it is retried once
            if item.job_key and item.job_key in jobs:
                continue
            jobs.add(item.job_key)
            self._tasks.start(library.retry(item_id), name="retry")

    # --- inside --------------------------------------------------------------------

    def _bring(
        self, entry: HistoryEntry, then: Callable[[tuple[ItemId, ...]], object]
    ) -> None:
        self._busy(entry, True)

        def brought(ids: tuple[ItemId, ...]) -> None:
            self._busy(entry, False)
            then(ids)

        self._tasks.start(
            self._ctx.history.bring(entry),
            name="bring in",
            done=brought,
            failed=lambda error: self._failed(entry, error),
        )

    def _busy(self, entry: HistoryEntry, busy: bool) -> None:
        self._model.set_busy(entry.entry_id, busy)

    def _failed(self, entry: HistoryEntry, error: BaseException) -> None:
        self._busy(entry, False)
        self._ctx.messages.failed(error)

    def _go(self, section: str, payload: object = None) -> None:
        self._ctx.navigator.go(ShowLibrary(section, payload))

    def _new_menu(self) -> QMenu:
        menu = QMenu(self._page)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return menu

    def _add_feeds(self, menu: QMenu, uses: Sequence[FeedUse]) -> None:
        for use in uses[:_IN_MENU]:
            title = use.title.replace("&", "&&") or f"Feed {use.feed_id}"
            menu.addAction(title).triggered.connect(
                lambda _checked=False, feed=use.feed_id: self._ctx.navigator.go(
                    ShowFeed(feed)
                )
            )
        if len(uses) > _IN_MENU:
            more = menu.addAction(f"{len(uses) - _IN_MENU} more")
            more.setEnabled(False)

    def _add_record(self, menu: QMenu, entry: HistoryEntry) -> None:
        keys = {
            item.job_key
            for item in map(self._ctx.library.item, entry.item_ids)
            if item is not None and item.job_key
        }
        if choice_of(entry.request) is not None and keys:
            menu.addAction("What was changed …").triggered.connect(
                lambda: self._tasks.start(
                    show_record(self._page.window(), self._ctx, min(keys)),
                    name="record",
                )
            )


def _is_there(entry: HistoryEntry) -> bool:
    """Whether what an entry brought is on the server, and not in the library."""
    if entry.state in _MOVING or entry.kind is EntryKind.LOOKUP:
        return False
    there = bool(entry.request.get("server")) and entry.state == "ready"
    return there or bool(entry.item_ids)


async def _still_there(paths: Sequence[Path]) -> list[Path]:
    """Return those of the paths that exist (disk)."""
    return await asyncio.to_thread(lambda: [one for one in paths if one.exists()])
