"""Handing outputs on: to other programs, to the tray, out of the window."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QDrag
from PySide6.QtWidgets import QMenu

from chrislib.desktop.opening import open_path, programs_folder
from chrislib.errors import ChrislibError
from chrislib.feeds.model import Node, OutputEntry
from chrislib.feeds.output_copies import MOST_FILES, check_amount
from chrislib.library.model import Item
from chrislib.library.storage.service import tick_problem
from chrislib.shown import one_line
from chrislib.views.context import ViewContext
from chrislib.views.feeds.output_carry import LateFiles, carried, storage_entry
from chrislib.views.feeds.output_view import OutputView
from chrislib.views.tasks import PaneTasks

_PROGRAMS = "feeds.programs"
_REMEMBERED = 4
_READY_FILES, _READY_BYTES = 20, 20_000_000
"""Highlighted files up to this are fetched before they are dragged."""
_READY_MS = 500


class OutputHand:
    """What leaves the outputs of the Feeds module for other places."""

    def __init__(
        self, context: ViewContext, tasks: PaneTasks, *, view: OutputView
    ) -> None:
        self._context = context
        self._tasks = tasks
        self._view = view
        self.open_path = open_path
        self.run_drag = _run
        self._soon = QTimer(view)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_READY_MS)
        self._soon.timeout.connect(self._get_ready)
        view.view.selectionModel().selectionChanged.connect(
            lambda _now, _before: self._soon.start()
        )
        view.view.drag_wanted.connect(self.drag)

    def shutdown(self) -> None:
        """Fetch nothing beforehand any more."""
        self._soon.stop()
        self._soon.timeout.disconnect(self._get_ready)

    # -- other programs --------------------------------------------------------

    def open_outside(self, entry: OutputEntry, program: Path | None = None) -> None:
        """Open a copy of an output with a program, or the system's own for it."""
        self._tasks.start(self._open_outside(entry, program), name="open outside")

    def open_as_before(self) -> None:
        """Open the highlighted output with the program used last for its kind."""
        entry = self._view.current
        if entry is not None and not entry.is_folder:
            known = self.programs(entry)
            self.open_outside(entry, known[0] if known else None)

    def choose_program(self, entry: OutputEntry) -> None:
        """Ask for a program, open a copy with it, and remember it for this kind."""
        self._tasks.start(self._choose_program(entry), name="choose program")

    def programs(self, entry: OutputEntry) -> list[Path]:
        """Return the programs chosen for files of this kind, the last one first."""
        kept = self._context.layout.get(_PROGRAMS)
        known = kept.get(_kind_key(entry)) if isinstance(kept, dict) else None
        if not isinstance(known, list):
            return []
        return [Path(one) for one in known if isinstance(one, str)]

    def add_to(self, menu: QMenu, entry: OutputEntry) -> None:
        """Offer the programs an output can be opened with."""
        if entry.file_id is None:
            return
        default = menu.addAction("Open with its program")
        default.triggered.connect(lambda: self.open_outside(entry))
        others = menu.addMenu("Open with")
        others.setObjectName("feeds.outputs.menu.programs")
        for program in self.programs(entry):
            words = program.stem.replace("&", "&&")
            action = others.addAction(words)
            action.triggered.connect(partial(self._open_with, entry, program))
        if not others.isEmpty():
            others.addSeparator()
        choose = others.addAction("Another program …")
        choose.triggered.connect(lambda: self.choose_program(entry))

    def _open_with(self, entry: OutputEntry, program: Path, _on: bool = False) -> None:
        self.open_outside(entry, program)

    async def _open_outside(self, entry: OutputEntry, program: Path | None) -> None:
        path = await self._context.feeds.outputs.copies.bring(entry)
        await self.open_path(path, program)
        if program is not None:
            self._remember(entry, program)
        self._context.messages.info(
            f"{path.name} is being opened.",
            "It is a copy: changes to it do not go to the server.",
        )

    async def _choose_program(self, entry: OutputEntry) -> None:
        chosen = await self._context.dialogs.open_files(
            "Choose a program", programs_folder()
        )
        if chosen:
            await self._open_outside(entry, chosen[0])

    def _remember(self, entry: OutputEntry, program: Path) -> None:
        kept = self._context.layout.get(_PROGRAMS)
        known = dict(kept) if isinstance(kept, dict) else {}
        others = [str(one) for one in self.programs(entry) if one != program]
        known[_kind_key(entry)] = [str(program), *others][:_REMEMBERED]
        self._context.layout.put(_PROGRAMS, known)

    # -- the tray --------------------------------------------------------------

    def tick(self, entries: Sequence[OutputEntry]) -> None:
        """Put outputs into the tray, or take them out if all are in it."""
        if len(entries) > MOST_FILES:
            self._context.messages.info(
                f"{len(entries):,} outputs are too many for the tray.",
                hint="Tick the folder they are in.",
            )
            return
        self._tasks.start(self._tick(list(entries)), name="tick outputs")

    def tick_node(self, node: Node) -> None:
        """Put all a node left behind into the tray."""
        whole = OutputEntry(
            path=node.output_path,
            relative="",
            is_folder=True,
            size=None,
            file_id=None,
            kind="folder",
            title=node.title or f"{node.plugin_name} {node.plugin_version}",
        )
        self.tick([whole])

    async def _tick(self, entries: list[OutputEntry]) -> None:
        storage = self._context.storage
        wanted = [storage_entry(entry) for entry in entries]
        if storage.ticked() >= {one.path for one in wanted}:
            await storage.untick(wanted)
            self._context.messages.info(f"{_amount(entries)} taken out of the tray.")
            return
        await storage.tick(wanted)
        await self._context.library.keep([self._item(one) for one in entries])
        self._context.messages.info(f"{_amount(entries)} put into the tray.")

    def _item(self, entry: OutputEntry) -> Item:
        """Return an output as an item of the Library, with what is known of it."""
        item = self._context.storage.item_of(storage_entry(entry))
        if not entry.is_folder or not self._view.loader.complete:
            return item
        files = self._view.below(entry) if entry.relative else self._view.files
        size = sum(file.size or 0 for file in files)
        return replace(item, images=len(files), size=size)

    # -- out of the window -----------------------------------------------------

    def carry(self, entries: Sequence[OutputEntry]) -> LateFiles:
        """Return what a drag of outputs carries."""
        copies = self._context.feeds.outputs.copies
        there = [entry for entry in entries if entry.is_folder or entry.file_id]

        def ready() -> list[Path] | None:
            paths = [copies.local(entry) for entry in there]
            found = [path for path in paths if path is not None]
            return found if found and len(found) == len(there) else None

        usable = [one for one in there if not tick_problem(storage_entry(one))]
        return carried([self._item(one) for one in usable], ready)

    def drag(self) -> None:
        """Carry what is highlighted until it is dropped; fetch it meanwhile."""
        if len(self._view.view.highlighted_rows()) > MOST_FILES:
            self._context.messages.info(
                "So many outputs cannot be carried at once.",
                hint="Press Get (D) to save them in a folder, or carry their folder.",
            )
            return
        entries = self._view.selected
        data = self.carry(entries)
        usable = [storage_entry(one) for one in entries if one.kind != "gone"]
        usable = [one for one in usable if not tick_problem(one)]
        tasks, storage = self._tasks, self._context.storage
        tasks.start(storage.offer(usable), name="offer", failed=_nothing)
        fetching = tasks.start(self._bring(entries), name="drag", failed=_nothing)
        drag = QDrag(self._view)
        drag.setMimeData(data)
        self.run_drag(drag)
        tasks.start(storage.withdraw(usable), name="withdraw", failed=_nothing)
        if data.asked_early and not data.given:
            tasks.start(self._tell(entries), name="tell of drag")
        elif not data.given:
            fetching.cancel()

    async def _bring(self, entries: Sequence[OutputEntry]) -> None:
        files = [file for entry in entries for file in self._view.below(entry)]
        check_amount(files)
        copies = self._context.feeds.outputs.copies
        for entry in entries:
            if entry.is_folder or entry.file_id is not None:
                inside = self._view.below(entry) if entry.is_folder else ()
                await copies.bring(entry, inside)

    async def _tell(self, entries: list[OutputEntry]) -> None:
        """Fetch what was dropped too early, and say when it can be dragged again."""
        messages = self._context.messages
        messages.info(
            "These files are not on this computer yet.",
            "They are being fetched.",
            hint="Drag them again when they are here, or press Get (D).",
        )
        await self._bring(entries)
        messages.success(f"{_amount(entries)} here now.", hint="Drag again.")

    def _get_ready(self) -> None:
        """Fetch small highlighted files, so that they can be dragged at once."""
        rows = self._view.view.highlighted_rows()
        if len(rows) > _READY_FILES or not self._view.isVisible():
            return
        chosen = self._view.model.entries_at(rows)
        files = [one for one in chosen if one.file_id is not None]
        if len(files) < len(chosen) or not files:
            return
        if sum(file.size or 0 for file in files) <= _READY_BYTES:
            self._tasks.start(self._ready(files), name="get ready", failed=_nothing)

    async def _ready(self, files: Sequence[OutputEntry]) -> None:
        with suppress(ChrislibError):
            await self._bring(files)


def _run(drag: QDrag) -> None:
    # Qt has no other way to drag; its loop runs ours as well
    drag.exec(Qt.DropAction.CopyAction)


def _amount(entries: Sequence[OutputEntry]) -> str:
    if len(entries) == 1:
        name = entries[0].title or entries[0].relative.rsplit("/", 1)[-1]
        return f"{one_line(name)} is"
    return f"{len(entries):,} outputs are"


def _kind_key(entry: OutputEntry) -> str:
    """Return what files are told apart by: their ending where the kind says nothing."""
    if entry.kind != "file":
        return entry.kind
    return entry.relative.rpartition(".")[2].casefold()[:8]


def _nothing(_error: BaseException) -> None:
    """It is said when somebody asks for it by hand."""
