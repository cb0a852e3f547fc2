"""Keys and menus of Browse Files: what they do with what is highlighted."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QObject, QPoint, Qt
from PySide6.QtGui import QKeySequence, QShortcut

from chrislib.library.storage import rules
from chrislib.library.storage.model import Entry
from chrislib.views.context import ViewContext
from chrislib.views.library.files import words
from chrislib.views.library.files.crumbs import Breadcrumb
from chrislib.views.library.files.menu import entry_menu, place_menu

if TYPE_CHECKING:
    from chrislib.views.library.files.page import FilesPage


class Desk(QObject):
    """Hands what is highlighted to the verbs."""

    def __init__(self, ctx: ViewContext, page: "FilesPage", crumbs: Breadcrumb) -> None:
        super().__init__(page)
        self._ctx = ctx
        self._page = page
        self._crumbs = crumbs
        self._acts = page.acts
        self._tasks = ctx.tasks("files choosing")
        self._cut: tuple[Entry, ...] = ()
        self._keys()

    def shutdown(self) -> None:
        """Stop what waits for a choice."""
        self._tasks.cancel_all()

    # --- keys -------------------------------------------------------------------

    def key(self, key: str) -> None:
        """Do what a single key is for (ui.md §8)."""
        entries = self._page.highlighted()
        if key == "T":
            self._acts.tick(entries)
        elif key == "Shift+T":
            self._acts.tick(list(self._page.model.shown))
        elif key == "D":
            self._acts.get(entries)
        elif key in ("E", "Space") and entries:
            self._acts.view(entries[0])

    def make(self) -> None:
        """Make a folder in the one that is shown."""
        if self._page.folder is not None:
            self._acts.new_folder(self._page.folder)

    def rename(self) -> None:
        """Give the highlighted entry another name."""
        entries = self._page.highlighted()
        if len(entries) == 1:
            self._acts.rename(entries[0])

    def view(self) -> None:
        """Open what the inspector shows in the viewer."""
        if (entry := self._one()) is not None:
            self._acts.view(entry)

    def get(self) -> None:
        """Save what is highlighted, or the folder that is shown."""
        entries, folder = self._page.highlighted(), self._page.folder
        self._acts.get(entries or ([folder] if folder is not None else []))

    def share(self) -> None:
        """Say who may see what the inspector shows."""
        if (entry := self._one()) is not None:
            self._acts.share(entry)

    def cut(self, entries: Sequence[Entry]) -> None:
        """Note what is to be moved; it is greyed until it is."""
        self._cut = tuple(entries)
        self._page.model.set_cut(entry.key for entry in entries)
        if entries:
            self._ctx.messages.info(
                f"{words.entries(len(entries))} cut",
                "Go to another folder and press Ctrl+V to move there.",
                seconds=5,
            )

    def drop_cut(self) -> bool:
        """Forget what was cut; False when nothing was."""
        if not self._cut:
            return False
        self.cut(())
        return True

    def paste(self) -> None:
        """Move what was cut into the folder that is shown."""
        if self._cut and self._page.folder is not None:
            entries, self._cut = self._cut, ()
            self._page.model.set_cut(())
            self._acts.move_into(entries, self._page.folder)

    # --- the tray -------------------------------------------------------------

    def tick_row(self, index: QModelIndex) -> None:
        """Tick a row, with the others where it is one of those highlighted."""
        entry = self._page.model.entry(index)
        if entry is not None:
            entries = self._page.highlighted()
            among = entry in entries and len(entries) > 1
            self._acts.tick(entries if among else [entry])

    def tick_folder(self, index: QModelIndex) -> None:
        """Tick a folder of the tree."""
        entry = self._page.tree.tree.node(index).entry
        if entry is not None:
            self._acts.tick([entry])

    # --- from this computer -------------------------------------------------------

    def put(self, paths: list[Path], target: Entry | None) -> None:
        """Send files into a folder, None for the one that is shown."""
        folder = target or self._page.folder
        if folder is not None:
            self._acts.put(paths, folder)

    def choose_files(self) -> None:
        """Choose files to send here."""
        self._tasks.start(self._choose_files(), name="choose files")

    def choose_folder(self) -> None:
        """Choose a folder to send here."""
        self._tasks.start(self._choose_folder(), name="choose folder")

    async def _choose_files(self) -> None:
        paths = await self._ctx.dialogs.open_files("Send files", Path.home())
        if paths:
            self.put(list(paths), None)

    async def _choose_folder(self) -> None:
        path = await self._ctx.dialogs.open_folder("Send a folder", Path.home())
        if path is not None:
            self.put([path], None)

    # --- menus ------------------------------------------------------------------

    def menu(self, at: QPoint) -> None:
        """Open the menu of the rows, or beside them that of the folder."""
        table = self._page.table
        entries = self._page.highlighted()
        spot = table.viewport().mapToGlobal(at)
        if table.indexAt(at).isValid() and entries:
            self.entry_menu(entries, spot)
        else:
            self.place_menu(spot)

    def tree_menu(self, at: QPoint) -> None:
        """Open the menu of a folder of the tree."""
        tree = self._page.tree
        entry = tree.tree.node(tree.indexAt(at)).entry
        if entry is not None:
            self.entry_menu([entry], tree.viewport().mapToGlobal(at))

    def entry_menu(self, entries: Sequence[Entry], at: QPoint) -> None:
        """Open the menu of entries."""
        storage = self._ctx.storage
        entry_menu(
            self._page,
            self._acts,
            entries,
            username=storage.username,
            share_problem=storage.access.may_share,
            open_=self._page.open_entry,
            cut=self.cut,
        ).popup(at)

    def place_menu(self, at: QPoint) -> None:
        """Open the menu of the folder that is shown."""
        folder = self._page.folder
        place_menu(
            self._page,
            new_folder=self.make,
            paste=self.paste if self._cut else None,
            upload=self.choose_files,
            upload_folder=self.choose_folder,
            go_to=self._crumbs.edit,
            refresh=self._page.refresh,
            problem=rules.creation_refusal(folder) if folder else "Nothing is shown.",
        ).popup(at)

    # --- inside -----------------------------------------------------------------

    def _one(self) -> Entry | None:
        """Return the one highlighted entry, without any the folder that is shown."""
        entries = self._page.highlighted()
        if not entries:
            return self._page.folder
        return entries[0] if len(entries) == 1 else None

    def _keys(self) -> None:
        page = self._page
        for keys, verb in (
            ("F2", self.rename),
            ("/", self._crumbs.edit),
            ("Ctrl+X", lambda: self.cut(page.highlighted())),
            ("Ctrl+V", self.paste),
            ("Ctrl+C", lambda: self._acts.copy_paths(page.highlighted())),
            ("Del", lambda: self._acts.delete(page.highlighted())),
        ):
            shortcut = QShortcut(QKeySequence(keys), page.table)
            shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
            shortcut.activated.connect(verb)
        making = QShortcut(QKeySequence("Ctrl+Shift+N"), page)
        making.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        making.activated.connect(self.make)
