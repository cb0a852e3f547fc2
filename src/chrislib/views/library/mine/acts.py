"""What is done with highlighted rows: marks, looking, bringing, removing, gathering."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from chrislib.jobs.model import DownloadIntent
from chrislib.library.mine.model import (
    Collection,
    CollectionId,
    Flag,
    Label,
    Level,
    Mark,
    Row,
    RowId,
)
from chrislib.library.model import Item, ItemState, Source
from chrislib.library.words import count
from chrislib.views.context import ViewContext
from chrislib.views.library.mine import words
from chrislib.views.library.mine.compare import SideBySide
from chrislib.views.library.mine.ticks import Ticks
from chrislib.views.library.opening import ItemOpener
from chrislib.views.navigation import NewFeed, OpenViewer, ShowJobs, ShowLibrary
from chrislib.views.viewer_content import ViewContent

_FLAGS = {"P": Flag.PICK, "X": Flag.REJECT, "U": Flag.NONE}
_LABELS = {"6": Label.RED, "7": Label.YELLOW, "8": Label.GREEN, "9": Label.BLUE}
_BRINGABLE = frozenset({ItemState.WANTED, ItemState.CANCELLED, ItemState.FAILED})
_UNDO_SECONDS = 8
_CARRIED = 5000
"""Highlighted rows whose items are known before a drag begins."""
_Act = Callable[[list[Item]], Awaitable[None]]


def mark_of(key: str, rows: Iterable[Row]) -> Mark | None:
    """Return what a key marks rows with, None for other keys.

    A color label that all `rows` have is taken away by its own key.
    """
    if key in _FLAGS:
        return Mark(flag=_FLAGS[key])
    if key in _LABELS:
        label = _LABELS[key]
        held = [row.label is label for row in rows]
        return Mark(label=Label.NONE if held and all(held) else label)
    if len(key) == 1 and key in "012345":
        return Mark(stars=int(key))
    return None


class Acts(QObject):
    """The verbs of My Library, over rows of one level.

    Signals
    -------
    folders_asked
        Somebody wants to see which folders of this computer belong to the library.
    """

    folders_asked = Signal()

    def __init__(
        self, ctx: ViewContext, ticks: Ticks, opener: ItemOpener, *, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._mine = ctx.my_library
        self._opener = opener
        self._tasks = ctx.tasks("my library verbs")
        self._looks = ctx.tasks("my library looks")
        self._carries = ctx.tasks("my library drags")
        self._side_by_side = SideBySide(ctx, self)
        self._side_by_side.progressed.connect(opener.progressed)
        ticks.only_here.connect(self._tell_only_here)

    def shutdown(self) -> None:
        """Cancel what runs."""
        self._tasks.cancel_all()
        self._looks.cancel_all()
        self._carries.cancel_all()
        self._side_by_side.shutdown()

    # --- marks ----------------------------------------------------------------

    def mark(self, level: Level, ids: Sequence[RowId], mark: Mark) -> None:
        """Mark rows (disk)."""
        if ids:
            self._tasks.start(
                self._mine.mark(list(ids), mark, level=level), name="mark"
            )

    def undo(self) -> bool:
        """Take the last change back (disk); False when there is none."""
        if not self._mine.undo_text:
            return False
        self._tasks.start(
            self._mine.undo(), name="undo", done=lambda what: self._tell("Undone", what)
        )
        return True

    def redo(self) -> bool:
        """Do again what was taken back (disk); False when there is nothing."""
        if not self._mine.redo_text:
            return False
        self._tasks.start(
            self._mine.redo(),
            name="redo",
            done=lambda what: self._tell("Done again", what),
        )
        return True

    def _tell(self, how: str, what: str) -> None:
        if what:
            self._ctx.messages.info(f"{how}: {what}", seconds=4)

    # --- looking --------------------------------------------------------------

    def open(self, row: Row) -> None:
        """Show a row in the viewer (disk, network); of many below it the cover."""
        self._looks.cancel_all()
        self._looks.start(self._open(row), name="open")

    async def _open(self, row: Row) -> None:
        if row.level in (Level.PATIENT, Level.STUDY):
            if row.cover is None:
                return
            found = await self._mine.rows([row.cover])
            if row.cover not in found:
                return
            row = found[row.cover]
        hidden = bool(self._ctx.settings.get("hide_names"))
        if row.series_key is not None:
            files = await self._mine.files(row.row_id)
            if files:
                title = words.title(row, hidden=hidden)
                paths = tuple(file.path for file in files)
                self._ctx.navigator.go(OpenViewer(ViewContent("dicom", title, paths)))
                return
        if row.item is not None and row.item.state is ItemState.READY:
            self._opener.open(row.item)
            return
        self._ctx.messages.info(
            "This cannot be opened yet",
            f"{words.where(row).words}.",
            hint=row.detail or "It opens as soon as its files are there.",
        )

    def stop_looking(self) -> bool:
        """Stop fetching what is to be put side by side; False when nothing is."""
        return self._side_by_side.stop()

    def beside(self, key: str, level: Level, ids: Sequence[RowId]) -> None:
        """Look at two (C), or all that are ticked (N), side by side.

        Where nothing is ticked, N shows what is highlighted.
        """
        self._looks.cancel_all()
        self._looks.start(self._beside(key, level, list(ids)), name="beside")

    async def _beside(self, key: str, level: Level, ids: list[RowId]) -> None:
        tray = self._ctx.library.tray.ids if key == "N" else ()
        ticked = [await self._mine.row_of_item(one) for one in tray]
        found = [one for one in ticked if one is not None]
        if found:
            level, ids = Level.ALL, found
        rows = await self._below(level, ids) if ids else []
        if rows:
            self._side_by_side.show(rows, "compare" if key == "C" else "survey")

    def carry(
        self,
        level: Level,
        ids: Sequence[RowId],
        take: Callable[[tuple[str, ...]], None],
    ) -> None:
        """Find the library items of rows, for a drag that may follow (disk)."""

        async def items() -> tuple[str, ...]:
            rows = await self._below(level, list(ids[:_CARRIED]))
            return tuple(str(row.item.item_id) for row in rows if row.item is not None)

        self._carries.cancel_all()
        if ids:
            self._carries.start(items(), name="items to drag", done=take)

    # --- bringing and removing ------------------------------------------------

    def bring(self, level: Level, ids: Sequence[RowId]) -> None:
        """Ask for what is not here yet (disk, network)."""
        self._with_items(level, ids, self._bring, name="bring")

    def cancel(self, level: Level, ids: Sequence[RowId]) -> None:
        """Stop what is on its way (network)."""
        self._with_items(level, ids, self._cancel, name="cancel")

    def get_files(self, level: Level, ids: Sequence[RowId]) -> None:
        """Save the files of rows to a folder that is asked for (disk, network)."""
        self._with_items(level, ids, self._get_files, name="get files")

    async def _get_files(self, items: list[Item]) -> None:
        ctx = self._ctx
        ready = [one for one in items if one.state is ItemState.READY and one.path]
        if not ready:
            ctx.messages.info(
                "There are no files to get yet", "They are on their way to the server."
            )
            return
        folder = await ctx.dialogs.open_folder(
            "Choose a folder for the files", ctx.paths.downloads
        )
        if folder is None:
            return
        title = words.unit(Level.ALL, len(ready))
        key = await ctx.jobs.submit(
            DownloadIntent(
                sources=tuple(dict.fromkeys(one.path for one in ready)),
                folder=str(folder),
                title=ready[0].title if len(ready) == 1 else title,
            )
        )
        ctx.messages.info(
            f"Getting the files of {title}",
            "They are saved in the folder you chose.",
            action=("Show", lambda: ctx.navigator.go(ShowJobs(str(key)))),
        )

    def remove(self, level: Level, ids: Sequence[RowId]) -> None:
        """Take rows out of the library (disk); the server keeps its files."""
        if ids:
            self._tasks.start(self._remove(level, list(ids)), name="remove")

    def new_feed(self, level: Level, ids: Sequence[RowId]) -> None:
        """Open the sheet that makes a feed of rows."""

        async def go(items: list[Item]) -> None:
            self._ctx.navigator.go(NewFeed(tuple(str(one.item_id) for one in items)))

        self._with_items(level, ids, go, name="new feed")

    def _with_items(
        self,
        level: Level,
        ids: Sequence[RowId],
        act: _Act,
        *,
        name: str,
    ) -> None:
        if ids:
            self._tasks.start(self._each(level, list(ids), act), name=name)

    async def _each(
        self,
        level: Level,
        ids: list[RowId],
        act: _Act,
    ) -> None:
        items = [row.item for row in await self._below(level, ids) if row.item]
        if items:
            await act(items)

    async def _below(self, level: Level, ids: list[RowId]) -> list[Row]:
        below = await self._mine.series_below(level, ids)
        rows = await self._mine.rows(below)
        return [rows[one] for one in below if one in rows]

    async def _bring(self, items: list[Item]) -> None:
        library = self._ctx.library
        pulls = [one for one in items if one.state in _BRINGABLE]
        ids = [one.item_id for one in pulls if one.source is Source.PACS]
        if ids:
            await library.bring(ids)
        for one in pulls:
            if one.source is not Source.PACS and one.state is ItemState.FAILED:
                await library.retry(one.item_id)

    async def _cancel(self, items: list[Item]) -> None:
        for one in items:
            if one.state is ItemState.ON_THE_WAY:
                await self._ctx.library.cancel(one.item_id)

    async def _remove(self, level: Level, ids: list[RowId]) -> None:
        rows = await self._below(level, ids)
        items = [row.item for row in rows if row.item is not None]
        left = sum(row.series_key is not None for row in rows)
        library, messages = self._ctx.library, self._ctx.messages
        ticked = [one.item_id for one in items if one.item_id in library.tray]
        if items:
            await library.forget([one.item_id for one in items])

        async def back() -> None:
            await library.keep(items)
            library.tray.add(*ticked)

        if items:
            stay = "The server keeps their files."
            if left:
                stay += f" {count(left, 'series', 'series')} of this computer stay."
            messages.info(
                f"Took {words.unit(Level.ALL, len(items))} out of My Library",
                stay,
                action=("Undo", lambda: self._tasks.start(back(), name="put back")),
                seconds=_UNDO_SECONDS,
            )
        elif left:
            messages.info(
                "These files are on this computer",
                "They stay in My Library as long as their folder does.",
                action=("Folders", self.folders_asked.emit),
            )

    @property
    def collections(self) -> tuple[Collection, ...]:
        """Collections of every kind."""
        return self._mine.collections

    # --- collections ----------------------------------------------------------

    def toggle_quick(self, level: Level, ids: Sequence[RowId]) -> None:
        """Put rows into the quick collection, or out of it (disk)."""

        def tell(inside: bool) -> None:
            said = words.unit(level, len(ids))
            way = "in" if inside else "out of"
            self._ctx.messages.info(f"{said} {way} the quick collection", seconds=3)

        if ids:
            self._tasks.start(
                self._mine.toggle_quick(list(ids), level=level),
                name="quick collection",
                done=tell,
            )

    def add_to(
        self, collection_id: CollectionId, level: Level, ids: Sequence[RowId]
    ) -> None:
        """Put rows into a collection (disk); can be undone."""
        if not ids:
            return
        title = "Quick collection"
        for one in self._mine.collections:
            if one.collection_id == collection_id:
                title = one.title
        self._tasks.start(
            self._mine.add_to(collection_id, list(ids), level=level),
            name="add to collection",
            done=lambda _none: self._ctx.messages.info(
                f"Added {words.unit(level, len(ids))} to “{title}”", seconds=4
            ),
        )

    def remove_from(self, collection_id: CollectionId, ids: Sequence[RowId]) -> None:
        """Take rows out of a collection (disk); can be undone."""
        if ids:
            self._tasks.start(
                self._mine.remove_from(collection_id, list(ids)),
                name="remove from collection",
                done=lambda _none: self._ctx.messages.info(
                    f"Took {words.unit(Level.ALL, len(ids))} out of the collection",
                    "They stay in My Library. Ctrl+Z puts them back.",
                    seconds=4,
                ),
            )

    # --- what is only here ----------------------------------------------------

    def _tell_only_here(self, ids: list[RowId]) -> None:
        self._ctx.messages.info(
            f"{count(len(ids), 'series', 'series')} on this computer only",
            "A feed takes what is on the server. Send them there first.",
            action=("Upload", lambda: self.upload(ids)),
            seconds=12,
        )

    def upload(self, ids: Sequence[RowId]) -> None:
        """Go to Upload Data with the files of series of this computer (disk)."""

        async def paths() -> list[Path]:
            found: list[Path] = []
            for one in ids:
                found += [file.path for file in await self._mine.files(one)]
            return found

        self._tasks.start(
            paths(),
            name="files to upload",
            done=lambda found: self._ctx.navigator.go(ShowLibrary("upload", found)),
        )
