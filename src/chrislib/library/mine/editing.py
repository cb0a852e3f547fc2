"""Marks and collections of My Library; every change of them can be taken back."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import replace
from uuid import uuid4

from chrislib.aio import TaskOwner
from chrislib.catalog.mine import MineTable
from chrislib.catalog.mine_lists import Wish
from chrislib.catalog.mine_marks import Change, CollectionRow, Marking, now, rows_of
from chrislib.catalog.mine_rules import BadRule, Group, from_json, to_json
from chrislib.errors import ChrislibError
from chrislib.library import words
from chrislib.library.mine.filters import bad_rule
from chrislib.library.mine.model import (
    QUICK,
    Collection,
    CollectionId,
    CollectionKind,
    Flag,
    Label,
    Level,
    Listener,
    Mark,
    MineChange,
    RowId,
)
from chrislib.library.mine.undo import Step, UndoLog
from chrislib.library.names import clean

_log = logging.getLogger(__name__)
_MOST_WORDS = 80


class Editing:
    """The part of `MyLibrary` that changes what the user says of rows.

    Parameters
    ----------
    table : MineTable
        Where it is kept.
    account : str
        Whose library it is now.
    """

    def __init__(self, table: MineTable, *, account: str) -> None:
        self._table = table
        self._account = account
        self._listeners: list[Listener] = []
        self._tasks = TaskOwner("my library")
        self._work = asyncio.Lock()
        self._log = UndoLog()
        self._collections: tuple[Collection, ...] = ()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after each change; returns how to stop that."""
        self._listeners.append(listener)

        def stop() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return stop

    # --- marks ----------------------------------------------------------------

    async def mark(
        self, ids: Iterable[RowId], mark: Mark, *, level: Level = Level.ALL
    ) -> None:
        """Mark rows (disk); of patients and studies everything below them."""
        marking = Marking(
            stars=None if mark.stars is None else max(0, min(5, mark.stars)),
            flag=None if mark.flag is None else int(mark.flag),
            label=None if mark.label is None else int(mark.label),
            add=tuple(map(_keyword, mark.add_keywords)),
            remove=mark.remove_keywords,
            note=mark.note,
        )
        async with self._work:
            change = await self._table.mark(
                level.value, ids, marking, account=self._account
            )
            what = f"{_mark_words(mark)} for {_number_words(rows_of(change))}"
            self._did(what, change)

    @property
    def undo_text(self) -> str:
        """What `undo` would take back, "" for nothing: "4 stars for 3 series"."""
        return self._log.last.words if self._log.last else ""

    @property
    def redo_text(self) -> str:
        """What `redo` would do again, "" for nothing."""
        return self._log.next.words if self._log.next else ""

    async def undo(self) -> str:
        """Take the last change of marks or collections back (disk); what it was."""
        async with self._work:
            step = self._log.last
            if step is None:
                return ""
            await self._table.put(step.change, back=True)
            self._log.undid()
            self._tell_of(step.change)
            return step.words

    async def redo(self) -> str:
        """Do again what was taken back (disk); what it was."""
        async with self._work:
            step = self._log.next
            if step is None:
                return ""
            await self._table.put(step.change, back=False)
            self._log.redid()
            self._tell_of(step.change)
            return step.words

    # --- collections ----------------------------------------------------------

    @property
    def collections(self) -> tuple[Collection, ...]:
        """Collections, sets and smart collections, by title; not the quick one."""
        return self._collections

    def collection(self, collection_id: CollectionId) -> Collection | None:
        """Return one of them."""
        known = (one for one in self._collections if one.collection_id == collection_id)
        return next(known, None)

    async def create_collection(
        self,
        title: str,
        ids: Iterable[RowId] = (),
        *,
        parent: CollectionId | None = None,
    ) -> CollectionId:
        """Make a collection of series and data items (disk).

        Raises
        ------
        ChrislibError
            It has no name.
        """
        return await self._create(
            title, CollectionKind.MANUAL, parent=parent, keys=list(ids)
        )

    async def create_smart(
        self, title: str, rules: Group, *, parent: CollectionId | None = None
    ) -> CollectionId:
        """Make a collection that holds what fits rules, now and later (disk).

        Raises
        ------
        ChrislibError
            It has no name, or a rule has no meaning.
        """
        await self._check(rules)
        return await self._create(
            title, CollectionKind.SMART, parent=parent, rules=to_json(rules)
        )

    async def create_set(
        self, title: str, *, parent: CollectionId | None = None
    ) -> CollectionId:
        """Make a set, which holds collections (disk)."""
        return await self._create(title, CollectionKind.SET, parent=parent)

    async def rename(self, collection_id: CollectionId, title: str) -> None:
        """Give a collection another name (disk)."""
        title = _title(title)
        await self._alter(
            collection_id,
            f"name “{title}”",
            change=lambda row: replace(row, title=title),
        )

    async def set_rules(self, collection_id: CollectionId, rules: Group) -> None:
        """Give a smart collection other rules (disk)."""
        await self._check(rules)
        await self._alter(
            collection_id,
            "rules",
            change=lambda row: replace(row, rules=to_json(rules)),
        )

    async def put_into(
        self, collection_id: CollectionId, parent: CollectionId | None
    ) -> None:
        """Move a collection into a set, or out of any (disk)."""
        above = parent
        while above is not None:
            if above == collection_id:
                raise ChrislibError(
                    "A set cannot be put into itself.", "Nothing was changed."
                )
            found = self.collection(above)
            above = found.parent if found else None
        await self._alter(
            collection_id, "place", change=lambda row: replace(row, parent=parent or "")
        )

    async def delete_collection(self, collection_id: CollectionId) -> None:
        """Delete a collection, or a set with what it holds (disk); can be undone."""
        known = self.collection(collection_id)
        title = f"delete “{known.title}”" if known else "delete"
        async with self._work:
            self._did(title, await self._table.delete_collection(collection_id))

    async def add_to(
        self,
        collection_id: CollectionId,
        ids: Iterable[RowId],
        *,
        level: Level = Level.ALL,
    ) -> None:
        """Add rows at the end of a collection (disk)."""
        async with self._work:
            change = await self._table.add(
                collection_id, level.value, ids, account=self._account
            )
            self._did(f"add to {self._name(collection_id)}", change)

    async def remove_from(
        self, collection_id: CollectionId, ids: Iterable[RowId]
    ) -> None:
        """Take rows out of a collection (disk)."""
        async with self._work:
            change = await self._table.remove(collection_id, list(ids))
            self._did(f"remove from {self._name(collection_id)}", change)

    async def arrange(
        self,
        collection_id: CollectionId,
        ids: Sequence[RowId],
        *,
        before: RowId | None,
    ) -> None:
        """Move rows of a collection before another one, or to its end (disk)."""
        async with self._work:
            change = await self._table.arrange(collection_id, ids, before=before)
            self._did(f"order of {self._name(collection_id)}", change)

    async def toggle_quick(
        self, ids: Iterable[RowId], *, level: Level = Level.ALL
    ) -> bool:
        """Put rows into the quick collection, or out if all are there (disk).

        Returns
        -------
        bool
            Whether they are in it now.
        """
        async with self._work:
            change, inside = await self._table.toggle(
                QUICK, level.value, ids, account=self._account
            )
            verb = "add to" if inside else "remove from"
            self._did(f"{verb} {self._name(QUICK)}", change)
            return inside

    # --- inside ---------------------------------------------------------------

    async def _create(
        self,
        title: str,
        kind: CollectionKind,
        *,
        parent: CollectionId | None,
        rules: str = "",
        keys: Sequence[RowId] = (),
    ) -> CollectionId:
        row = CollectionRow(
            collection_id=uuid4().hex,
            title=_title(title),
            kind=kind.value,
            parent=parent or "",
            rules=rules,
            made_at=now(),
            account_key=self._account,
        )
        async with self._work:
            change = await self._table.put_collection(row, keys)
            self._did(f"make “{row.title}”", change)
        await self._read_collections()
        return CollectionId(row.collection_id)

    async def _alter(
        self,
        collection_id: CollectionId,
        what: str,
        *,
        change: Callable[[CollectionRow], CollectionRow],
    ) -> None:
        async with self._work:
            for row, _ in await self._table.collections(account=self._account):
                if row.collection_id == collection_id:
                    name = self._name(collection_id)
                    done = await self._table.put_collection(change(row))
                    self._did(f"{what} of {name}", done)

    async def _check(self, rules: Group) -> None:
        try:
            await self._table.ids(Wish("all", rules), account=self._account)
        except BadRule as error:
            raise bad_rule(error) from error

    def _name(self, collection_id: CollectionId) -> str:
        if collection_id == QUICK:
            return "the quick collection"
        known = self.collection(collection_id)
        return f"“{known.title}”" if known else "a collection"

    def _did(self, what: str, change: Change) -> None:
        if change:
            self._log.did(Step(what, change))
            self._tell_of(change)

    def _tell_of(self, change: Change) -> None:
        rows = frozenset(RowId(one) for one in rows_of(change))
        self._tell(MineChange(lists=True, rows=rows, undo=True))
        self._tasks.start(self._read_collections(), name="collections")

    def _tell(self, change: MineChange) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(change)
            except Exception:  # noqa: BLE001 - one bad listener
                _log.exception("a listener of my library failed")

    async def _read_collections(self) -> None:
        """Read collections and how much they hold (disk)."""
        found = await self._table.collections(account=self._account)
        known = tuple(_collection_of(row, count) for row, count in found)
        if known != self._collections:
            self._collections = known
            self._tell(MineChange(collections=True))


def _title(text: str) -> str:
    title = clean(text)[:_MOST_WORDS]
    if not title:
        raise ChrislibError(
            "A collection needs a name.",
            "Nothing was changed.",
            hint="Write what it is for, e.g. “Teaching cases”.",
        )
    return title


def _keyword(text: str) -> str:
    return clean(text)[:_MOST_WORDS]


def _number_words(rows: Set[int]) -> str:
    """Return "3 series", or "3 items" where some are none (their keys are below 0)."""
    if all(one > 0 for one in rows):
        return words.series(len(rows))
    return words.count(len(rows), "item")


def _mark_words(mark: Mark) -> str:
    if mark.stars is not None:
        return words.count(mark.stars, "star")
    if mark.flag is not None:
        return {Flag.PICK: "pick", Flag.REJECT: "reject"}.get(mark.flag, "no flag")
    if mark.label is not None:
        return "no label" if mark.label is Label.NONE else mark.label.name.lower()
    if mark.note is not None:
        return "note"
    return "keywords"


def _collection_of(row: CollectionRow, count: int) -> Collection:
    rules: Group | None = None
    if row.kind == "smart":
        try:
            rules = from_json(row.rules)
        except BadRule:
            rules = None
    return Collection(
        collection_id=CollectionId(row.collection_id),
        title=row.title,
        kind=CollectionKind(row.kind),
        parent=CollectionId(row.parent) if row.parent else None,
        rules=rules,
        count=count,
    )
