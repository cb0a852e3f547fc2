"""What a person does in Browse Files: verbs that the server may refuse."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QWidget

from chrislib.aio import Breather
from chrislib.errors import ChrislibError
from chrislib.jobs.model import JobKey
from chrislib.library import words as counted
from chrislib.library.storage import rules
from chrislib.library.storage.changing import Moved, Outcome
from chrislib.library.storage.model import Entry, Leads, parent_of
from chrislib.library.storage.names import name_problem, path_typed
from chrislib.library.storage.service import tick_problem
from chrislib.views.context import ViewContext
from chrislib.views.library.files import words
from chrislib.views.library.files.handing import Handing
from chrislib.views.library.files.share_sheet import ShareSheet
from chrislib.views.library.files.sheets import TextSheet
from chrislib.views.library.files.ticks import Ticks
from chrislib.views.library.opening import ItemOpener
from chrislib.views.navigation import OpenViewer, ShowJobs
from chrislib.views.viewer_content import ViewContent

_VIEWED = 3000
"""Files of a folder that the viewer is given; more are downloaded."""


class FileActs(QObject):
    """Verbs over entries. What they changed is told, so that lists look again.

    Signals
    -------
    changed : list of str
        Paths of folders in which something changed.
    renamed : object
        An entry as it is called now.
    busy : str
        What is being done, "" when it is over.
    """

    changed = Signal(list)
    renamed = Signal(object)
    busy = Signal(str)

    def __init__(
        self, ctx: ViewContext, opener: ItemOpener, handing: Handing, *, pane: QWidget
    ) -> None:
        super().__init__(pane)
        self._ctx = ctx
        self._opener = opener
        self._handing = handing
        self._pane = pane
        self._tasks = ctx.tasks("files verbs")
        self._sheet: QWidget | None = None

    def shutdown(self) -> None:
        """Cancel what was begun; downloads, uploads and deletions go on."""
        self._tasks.cancel_all()

    # --- the tray -------------------------------------------------------------

    def tick(self, entries: Sequence[Entry]) -> None:
        """Put entries into the tray, or take them out when all are in it."""
        self._tasks.start(self._tick_or_not(tuple(entries)), name="tick")

    async def _tick_or_not(self, entries: Sequence[Entry]) -> None:
        storage, breather = self._ctx.storage, Breather()
        ticks = Ticks(storage.ticked())
        own, usable, fresh = [], [], False
        for entry in entries:
            if not ticks.covered(entry.path):
                own.append(entry)
                fresh = fresh or entry.path not in ticks.paths
                if not tick_problem(entry):
                    usable.append(entry)
            await breather.rest()
        if not own:
            if entries:
                self._ctx.messages.info(
                    "It is in the tray with its folder",
                    hint="Untick the folder to choose single files.",
                )
            return
        if not fresh:
            await storage.untick(own)
            return
        # one that cannot be used says why; among many it is left out
        chosen = usable or own[:1]
        await storage.tick(chosen)
        for entry in chosen[:20]:
            await storage.count_ticked(entry)

    # --- looking and getting ----------------------------------------------------

    def view(self, entry: Entry) -> None:
        """Open a file, or a folder of images, in the viewer (network, disk)."""
        if entry.leads is Leads.NOWHERE or entry.closed:
            self._ctx.messages.warning(
                f"“{entry.label}” cannot be opened",
                "What it stands for is gone, or not open to you.",
            )
        elif entry.leads is Leads.FOLDER:
            self._tasks.start(self._view_folder(entry), name="view folder")
        else:
            self._tasks.start(self._view_file(entry), name="view file")

    async def _view_folder(self, entry: Entry) -> None:
        weight = await self._ctx.storage.changing.weigh([entry], most=_VIEWED)
        if weight.at_least:
            raise ChrislibError(
                f"“{entry.label}” holds more than {_VIEWED:,} files.",
                "They are too many for the viewer.",
                hint="Open a folder in it, or get it.",
            )
        self._opener.open(self._ctx.storage.item_of(entry))

    async def _view_file(self, entry: Entry) -> None:
        self.busy.emit(f"Getting “{entry.label}” …")
        try:
            path = await self._ctx.feeds.outputs.fetch(words.output_of(entry))
        finally:
            self.busy.emit("")
        content = ViewContent(words.kind(entry), entry.label, (path,))
        self._ctx.navigator.go(OpenViewer(content))

    def get(self, entries: Sequence[Entry]) -> None:
        """Save entries in a folder of this computer."""
        if entries:
            self._tasks.start(self._get(list(entries)), name="get")

    async def _get(self, entries: list[Entry]) -> None:
        folder = await self._ctx.dialogs.open_folder(
            "Choose a folder for the files", self._ctx.paths.downloads
        )
        if folder is None:
            return
        key = await self._ctx.storage.download(entries, folder)
        self._say_job(key, f"Getting {_named(entries)}", f"It goes to {folder.name}.")

    def drag_begins(self, entries: Sequence[Entry]) -> None:
        """Let the tray know what may be dropped on it; fetch what is not here yet."""
        self._tasks.start(self._ctx.storage.offer(entries), name="offer")
        away = self._handing.missing(entries)
        if away:
            self._tasks.start(self._bring(away), name="bring for drag")

    def drag_ends(self, entries: Sequence[Entry]) -> None:
        """Forget what was not dropped on the tray."""
        self._tasks.start(self._ctx.storage.withdraw(entries), name="withdraw")

    async def _bring(self, entries: Sequence[Entry]) -> None:
        self.busy.emit(f"Getting {_named(entries)} …")
        try:
            for entry in entries:
                await self._handing.bring(entry)
        finally:
            self.busy.emit("")
        self._ctx.messages.info(
            f"{_named(entries)} can be dragged to other programs now",
            "What is dragged has to be on this computer first.",
        )

    def put(self, paths: Sequence[Path], folder: Entry) -> None:
        """Send files of this computer into a folder."""
        self._tasks.start(self._put(list(paths), folder), name="put")

    async def _put(self, paths: list[Path], folder: Entry) -> None:
        key, renamed = await self._ctx.storage.put(paths, folder)
        detail = f"They go to “{folder.label}”."
        if renamed:
            detail += (
                f" {counted.count(renamed, 'name')} changed: taken already, or with "
                "characters the server does not keep."
            )
        self._say_job(key, "Sending files", detail)

    def copy_paths(self, entries: Sequence[Entry]) -> None:
        """Put the paths of entries on the clipboard."""
        text = "\n".join(entry.thing.path for entry in entries)
        QApplication.clipboard().setText(text)

    # --- changes ----------------------------------------------------------------

    def new_folder(self, folder: Entry) -> None:
        """Ask for a name and make a folder."""
        problem = rules.creation_refusal(folder)
        if problem:
            self._refuse("A folder cannot be made here.", problem)
            return
        sheet = self._text(
            "New folder",
            words=f"In “{folder.label}”.",
            text="",
            action="Make folder",
            problem=lambda name: name_problem(name, folder=folder.path),
        )
        sheet.given.connect(
            lambda name: self._tasks.start(
                self._make(sheet, folder, name), name="make", failed=sheet.fail
            )
        )
        sheet.open()

    async def _make(self, sheet: TextSheet, folder: Entry, name: str) -> None:
        made = await self._ctx.storage.changing.make(folder, name)
        sheet.accept()
        self.changed.emit([folder.path])
        self.renamed.emit(made)

    def rename(self, entry: Entry) -> None:
        """Ask for another name."""
        problem = rules.refusal(entry, self._ctx.storage.username)
        if problem:
            self._refuse(f"“{entry.label}” cannot be renamed.", problem)
            return
        parent = parent_of(entry.thing.path)
        sheet = self._text(
            "Rename",
            words="Feeds that use it keep working only while it keeps its name."
            if entry.leads is Leads.FOLDER
            else "Its content stays as it is.",
            text=entry.name,
            action="Rename",
            problem=lambda name: name_problem(name, folder=parent),
        )
        sheet.given.connect(
            lambda name: self._tasks.start(
                self._rename(sheet, entry, name),
                name="rename",
                failed=sheet.fail,
            )
        )
        sheet.open()

    async def _rename(self, sheet: TextSheet, entry: Entry, name: str) -> None:
        moved = await self._ctx.storage.changing.rename(entry, name)
        sheet.accept()
        if moved.before != moved.thing.path:
            self._moved(Outcome(moved=(moved,)), verb="Renamed")

    def move(self, entries: Sequence[Entry]) -> None:
        """Ask for the folder that entries are to be moved to."""
        movable = self._movable(entries)
        if not movable:
            return
        sheet = self._text(
            "Move",
            words=f"{_named(movable)} to the folder with this path. Dragging does the "
            "same, and so does Ctrl+X, then Ctrl+V in the other folder.",
            text=parent_of(movable[0].thing.path),
            action="Move",
            problem=lambda text: "" if path_typed(text) else "Write a path.",
            label="Path of a folder",
        )
        sheet.given.connect(
            lambda path: self._tasks.start(
                self._move_to_path(sheet, movable, path),
                name="move",
                failed=sheet.fail,
            )
        )
        sheet.open()

    async def _move_to_path(
        self, sheet: TextSheet, entries: Sequence[Entry], path: str
    ) -> None:
        place = await self._ctx.storage.place(path)
        if place.highlight:
            sheet.refuse("There is no folder at this path.")
            return
        await self._move(entries, place.folder)
        sheet.accept()

    def move_into(self, entries: Sequence[Entry], folder: Entry) -> None:
        """Move entries that were dropped on a folder, or pasted into it."""
        movable = self._movable(entries)
        if movable:
            self._tasks.start(self._move(movable, folder), name="move")

    async def _move(self, entries: Sequence[Entry], folder: Entry) -> None:
        self.busy.emit(f"Moving {_named(entries)} …")
        try:
            outcome = await self._ctx.storage.changing.move(entries, folder)
        finally:
            self.busy.emit("")
        self._moved(outcome, verb="Moved")

    def delete(self, entries: Sequence[Entry]) -> None:
        """Ask, with what goes along, then delete."""
        allowed = [
            entry
            for entry in entries
            if not rules.refusal(entry, self._ctx.storage.username)
        ]
        if not allowed:
            if entries:
                problem = rules.refusal(entries[0], self._ctx.storage.username)
                self._refuse(f"“{entries[0].label}” cannot be deleted.", problem)
            return
        self._tasks.start(self._delete(allowed), name="delete")

    async def _delete(self, entries: list[Entry]) -> None:
        changing = self._ctx.storage.changing
        self.busy.emit("Looking at what goes with it …")
        try:
            weight = await changing.weigh(entries)
        finally:
            self.busy.emit("")
        named = _named(entries)
        sure = await self._ctx.dialogs.confirm(
            f"Delete {named} on the server?",
            words.weight_words(weight, entries),
            action="Delete on server",
            danger=True,
        )
        if not sure:
            return
        total = len(entries)
        self.busy.emit(f"Deleting {named} …")
        try:
            outcome = await changing.delete(
                entries,
                progress=lambda done: self.busy.emit(
                    f"Deleting: {done:,} of {total:,} are gone"
                ),
            )
        finally:
            self.busy.emit("")
        await self._ctx.storage.untick(outcome.done)
        self.changed.emit(sorted({parent_of(one.thing.path) for one in entries}))
        self._say_failed(outcome, "deleted")
        if outcome.pending:
            self._ctx.messages.info(
                f"The server is still deleting {_named(outcome.pending)}",
                "It goes on by itself.",
                hint="Look again later (F5).",
            )
        elif outcome.done:
            self._ctx.messages.success(f"Deleted {_named(outcome.done)}")

    def share(self, entry: Entry) -> None:
        """Open the sheet that says who may see an entry."""
        problem = self._ctx.storage.access.may_share(entry)
        if problem:
            self._refuse(f"“{entry.label}” cannot be shared.", problem)
            return
        sheet = ShareSheet(self._pane.window(), self._ctx, entry)
        sheet.changed.connect(lambda: self.changed.emit([parent_of(entry.thing.path)]))
        self._sheet = sheet
        sheet.open()

    # --- inside -----------------------------------------------------------------

    def _movable(self, entries: Sequence[Entry]) -> list[Entry]:
        username = self._ctx.storage.username
        allowed = [one for one in entries if not rules.refusal(one, username)]
        if entries and not allowed:
            problem = rules.refusal(entries[0], username)
            self._refuse(f"“{entries[0].label}” cannot be moved.", problem)
        return allowed

    def _moved(self, outcome: Outcome, *, verb: str) -> None:
        self._say_failed(outcome, verb.lower())
        if not outcome.moved:
            return
        self.changed.emit(_touched(outcome.moved))
        first = outcome.moved[0]
        name = first.thing.name.removesuffix(".chrislink")
        shown = (
            f"“{name}”"
            if len(outcome.moved) == 1
            else words.entries(len(outcome.moved))
        )
        self._ctx.messages.success(
            f"{verb} {shown}",
            action=("Undo", lambda: self._undo(outcome.moved)),
            seconds=10,
        )

    def _undo(self, moved: Sequence[Moved]) -> None:
        self._tasks.start(self._undone(moved), name="undo")

    async def _undone(self, moved: Sequence[Moved]) -> None:
        outcome = await self._ctx.storage.changing.undo(moved)
        self._say_failed(outcome, "put back")
        if outcome.moved:
            self.changed.emit(_touched(outcome.moved))
            self._ctx.messages.info(f"{words.entries(len(outcome.moved))} put back")

    def _say_failed(self, outcome: Outcome, what: str) -> None:
        if not outcome.failed:
            return
        entry, error = outcome.failed[0]
        if len(outcome.failed) == 1:
            self._ctx.messages.failed(error)
            return
        self._ctx.messages.error(
            f"{words.entries(len(outcome.failed))} were not {what}",
            f"The first is “{entry.label}”: {error.title}",
            hint=error.hint,
        )

    def _say_job(self, key: JobKey, title: str, detail: str) -> None:
        self._ctx.messages.info(
            title,
            f"{detail} You can go on working.",
            action=("Show", lambda: self._ctx.navigator.go(ShowJobs(key))),
        )

    def _refuse(self, title: str, why: str) -> None:
        self._ctx.messages.warning(title, why, seconds=8)

    def _text(
        self,
        title: str,
        *,
        words: str,
        text: str,
        action: str,
        problem: Callable[[str], str],
        label: str = "Name",
    ) -> TextSheet:
        sheet = TextSheet(
            self._pane.window(),
            self._ctx,
            title,
            words=words,
            text=text,
            action=action,
            problem=problem,
            label=label,
        )
        self._sheet = sheet
        return sheet


def _named(entries: Sequence[Entry]) -> str:
    if len(entries) == 1:
        return f"“{entries[0].label}”"
    return words.entries(len(entries))


def _touched(moved: Sequence[Moved]) -> list[str]:
    paths = {parent_of(one.thing.path) for one in moved}
    return sorted(paths | {parent_of(one.before) for one in moved})
