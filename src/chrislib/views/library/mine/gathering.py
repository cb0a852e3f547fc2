"""Collections in the left panel: shown, made, renamed, deleted, filled by drops."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, QPoint, Qt, QTimer
from PySide6.QtWidgets import QMenu, QWidget

from chrislib.library.mine.model import (
    QUICK,
    Collection,
    CollectionId,
    CollectionKind,
    Counts,
    Filters,
    Group,
    Level,
    MineChange,
    Query,
    RowId,
)
from chrislib.library.model import ItemId
from chrislib.library.names import clean
from chrislib.views.context import ViewContext
from chrislib.views.library.mine.dragging import dragged
from chrislib.views.library.mine.sections import COLLECTION, section_of
from chrislib.views.library.mine.smart_sheet import SmartSheet
from chrislib.views.library.mine.words import unit
from chrislib.views.library.name_sheet import NameSheet
from chrislib.views.models.gathered import COLLECTIONS, SMART, Gathered, Places
from chrislib.views.navigation import ShowLibrary
from chrislib.views.widgets.dragging import dragged_items

_ICONS = {
    CollectionKind.MANUAL: "folder",
    CollectionKind.SET: "folder-tree",
    CollectionKind.SMART: "folder-cog",
}
_UNDO_SECONDS = 8
_SOON_MS = 60
_EXPLAIN = "Drag series into it, or choose it in their menu."


class Gathering(QObject):
    """Fills the left panel's part of My Library and answers it.

    Parameters
    ----------
    shown : callable
        The section that is shown now.
    """

    def __init__(
        self,
        ctx: ViewContext,
        places: Places,
        *,
        shown: Callable[[], str],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._mine = ctx.my_library
        self._places = places
        self._shown = shown
        self._window = parent
        self._tasks = ctx.tasks("collections")
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON_MS)
        self._soon.timeout.connect(self._read)
        self._unsubscribe = self._mine.subscribe(self._changed)
        places.plus_pressed.connect(self._plus)
        places.menu_asked.connect(self._menu)
        places.dropped.connect(self._dropped)
        places.take_drops(self._takes)
        self._read()

    def shutdown(self) -> None:
        """Stop listening and cancel what runs."""
        self._unsubscribe()
        self._soon.stop()
        self._tasks.cancel_all()

    # --- making ---------------------------------------------------------------

    def new_collection(
        self,
        level: Level = Level.ALL,
        ids: Sequence[RowId] = (),
        *,
        parent: CollectionId | None = None,
    ) -> None:
        """Ask for a name and make a collection, of rows where there are some."""
        words = f"It begins with {unit(level, len(ids))}." if ids else _EXPLAIN
        sheet = self._name_sheet("New collection", "", words)

        async def make(title: str) -> CollectionId:
            below = await self._mine.series_below(level, ids) if ids else []
            return await self._mine.create_collection(title, below, parent=parent)

        def made(collection_id: CollectionId) -> None:
            if not ids:
                self._ctx.navigator.go(ShowLibrary(section_of(collection_id)))

        sheet.named.connect(
            lambda title: self._tasks.start(make(title), name="create", done=made)
        )
        sheet.open()

    def new_set(self) -> None:
        """Ask for a name and make a set, which holds collections."""
        sheet = self._name_sheet("New set", "", "A set holds collections.")
        sheet.named.connect(
            lambda title: self._tasks.start(
                self._mine.create_set(title), name="create set"
            )
        )
        sheet.open()

    def new_smart(self) -> None:
        """Ask for name and rules, and make a smart collection."""
        sheet = SmartSheet(self._top, self._ctx, title="", group=None)

        def made(collection_id: CollectionId) -> None:
            self._ctx.navigator.go(ShowLibrary(section_of(collection_id)))

        sheet.saved.connect(
            lambda title, group: self._tasks.start(
                self._mine.create_smart(title, group), name="create", done=made
            )
        )
        sheet.open()

    def edit_rules(self, collection: Collection) -> None:
        """Change name and rules of a smart collection."""
        sheet = SmartSheet(
            self._top,
            self._ctx,
            title=collection.title,
            group=collection.rules or Group(),
        )

        async def save(title: str, group: Group) -> None:
            if title != collection.title:
                await self._mine.rename(collection.collection_id, title)
            if group != collection.rules:
                await self._mine.set_rules(collection.collection_id, group)

        sheet.saved.connect(
            lambda title, group: self._tasks.start(save(title, group), name="rules")
        )
        sheet.open()

    def rename(self, collection: Collection) -> None:
        """Give a collection another name; can be undone."""
        sheet = self._name_sheet("Rename", collection.title, "Ctrl+Z takes it back.")
        sheet.named.connect(
            lambda title: self._tasks.start(
                self._mine.rename(collection.collection_id, title), name="rename"
            )
        )
        sheet.open()

    def delete(self, collection: Collection) -> None:
        """Delete a collection; its series stay, and it can be undone."""

        def tell(_none: None) -> None:
            step = self._mine.undo_text
            if self._shown() == section_of(collection.collection_id):
                self._ctx.navigator.go(ShowLibrary("all"))
            self._ctx.messages.info(
                f"Deleted “{clean(collection.title)}”",
                "What it held stays in My Library.",
                action=("Undo", lambda: self._undo(step)),
                seconds=_UNDO_SECONDS,
            )

        self._tasks.start(
            self._mine.delete_collection(collection.collection_id),
            name="delete",
            done=tell,
        )

    def _undo(self, step: str) -> None:
        if self._mine.undo_text == step:
            self._tasks.start(self._mine.undo(), name="undo")
        else:
            self._ctx.messages.info(
                "Something else was changed since",
                "Ctrl+Z takes the later changes back first.",
            )

    def _name_sheet(self, title: str, text: str, words: str) -> NameSheet:
        return NameSheet(self._top, self._ctx.theme, title, text=text, words=words)

    @property
    def _top(self) -> QWidget:
        return self._window.window()

    # --- the panel ------------------------------------------------------------

    def _changed(self, change: MineChange) -> None:
        if change.lists or change.collections or change.everything:
            self._soon.start()

    def _read(self) -> None:
        self._places.show_collections(gathered_of(self._mine.collections))
        self._tasks.start(self._mine.counts(), name="counts", done=self._show_counts)

    def _show_counts(self, counts: Counts) -> None:
        # counting may have found collections changed
        self._places.show_collections(gathered_of(self._mine.collections))
        self._places.show_counts(
            {
                "all": counts.all,
                "patients": counts.patients,
                "studies": counts.studies,
                "series": counts.series,
                "previous": counts.previous,
                section_of(QUICK): counts.quick,
            }
        )

    def _plus(self, head: str) -> None:
        if head == SMART:
            self.new_smart()
        else:
            self.new_collection()

    def _find(self, section: str) -> Collection | None:
        for one in self._mine.collections:
            if section_of(one.collection_id) == section:
                return one
        return None

    def _menu(self, section: str, at: QPoint) -> None:
        found = self._find(section)
        if found is None and section != section_of(QUICK):
            return
        menu = QMenu(self._window)
        menu.setObjectName("mine.collection.menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def add(words: str, do: Callable[[], object]) -> None:
            menu.addAction(words).triggered.connect(lambda _on=False: do())

        if found is None:
            add("Empty the quick collection", self._empty_quick)
            add("New collection …", self.new_collection)
            menu.popup(at)
            return
        if found.kind is CollectionKind.SMART:
            add("Edit rules …", lambda: self.edit_rules(found))
        add("Rename …", lambda: self.rename(found))
        if found.kind is CollectionKind.SET:
            inside = found.collection_id
            add("New collection in it …", lambda: self.new_collection(parent=inside))
        else:
            self._sets(menu, found)
        add("Delete", lambda: self.delete(found))
        menu.addSeparator()
        add("New collection …", self.new_collection)
        add("New smart collection …", self.new_smart)
        add("New set …", self.new_set)
        menu.popup(at)

    def _sets(self, menu: QMenu, found: Collection) -> None:
        sets = [
            one
            for one in self._mine.collections
            if one.kind is CollectionKind.SET and one.collection_id != found.parent
        ]
        if not sets and found.parent is None:
            return
        into = menu.addMenu("Move to set")

        def move(parent: CollectionId | None) -> None:
            self._tasks.start(
                self._mine.put_into(found.collection_id, parent), name="move"
            )

        for one in sets:
            into.addAction(one.title.replace("&", "&&")).triggered.connect(
                lambda _on=False, parent=one.collection_id: move(parent)
            )
        if found.parent is not None:
            into.addAction("Out of its set").triggered.connect(
                lambda _on=False: move(None)
            )

    def _empty_quick(self) -> None:
        async def empty() -> None:
            listing = await self._mine.listing(Query(filters=Filters(collection=QUICK)))
            await self._mine.remove_from(QUICK, listing.ids)

        self._tasks.start(empty(), name="empty")

    # --- drops ----------------------------------------------------------------

    def _takes(self, section: str, data: QMimeData) -> bool:
        if section == "upload":
            return data.hasUrls() and any(url.isLocalFile() for url in data.urls())
        if not section.startswith(COLLECTION):
            return False
        found = self._find(section)
        manual = found is not None and found.kind is CollectionKind.MANUAL
        if not manual and section != section_of(QUICK):
            return False
        return dragged(data) is not None or bool(dragged_items(data))

    def _dropped(self, section: str, data: QMimeData) -> None:
        if section == "upload":
            paths = [Path(u.toLocalFile()) for u in data.urls() if u.isLocalFile()]
            self._ctx.navigator.go(ShowLibrary("upload", paths))
            return
        collection_id = CollectionId(section.removeprefix(COLLECTION))
        rows = dragged(data)
        items = dragged_items(data)
        self._tasks.start(
            self._put(collection_id, rows, items),
            name="drop",
            done=lambda number: self._tell_put(collection_id, number),
        )

    async def _put(
        self,
        collection_id: CollectionId,
        rows: tuple[Level, list[RowId]] | None,
        items: Sequence[str],
    ) -> int:
        if rows is not None:
            ids = await self._mine.series_below(*rows)
        else:
            found = [await self._mine.row_of_item(ItemId(one)) for one in items]
            ids = [one for one in found if one is not None]
        await self._mine.add_to(collection_id, ids)
        return len(ids)

    def _tell_put(self, collection_id: CollectionId, number: int) -> None:
        found = self._find(section_of(collection_id))
        title = clean(found.title) if found is not None else "Quick collection"
        said = unit(Level.ALL, number)
        self._ctx.messages.info(f"Put {said} into “{title}”", seconds=4)


def gathered_of(collections: Sequence[Collection]) -> list[Gathered]:
    """Return collections as places: sets with what they hold below them."""
    found: list[Gathered] = []
    inside: dict[CollectionId, list[Collection]] = {}
    known = {one.collection_id for one in collections}
    for one in collections:
        if one.parent in known and one.parent is not None:
            inside.setdefault(one.parent, []).append(one)

    def add(one: Collection, depth: int) -> None:
        smart = one.kind is CollectionKind.SMART
        # what lies in a set stays below it, whatever it is
        head = SMART if smart and depth == 0 else COLLECTIONS
        found.append(
            Gathered(
                section_of(one.collection_id),
                clean(one.title),
                _ICONS.get(one.kind, "folder"),
                head,
                None if one.kind is CollectionKind.SET else one.count,
                depth,
            )
        )
        for child in inside.get(one.collection_id, ()):
            add(child, depth + 1)

    for one in collections:
        if one.parent not in known:
            add(one, 0)
    return found
