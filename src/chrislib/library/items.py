"""The items of the Library: in memory for the window, in the catalog for good."""

from collections.abc import Callable, Iterable

from chrislib.aio import TaskOwner
from chrislib.catalog.library import ItemTable
from chrislib.library.changes import Changes
from chrislib.library.model import Item, ItemId, ItemState, LibraryChange
from chrislib.library.rows import item_of, item_row


class Items:
    """Every item by id and by series; changes reach the catalog in their order.

    Parameters
    ----------
    table : ItemTable
        The catalog's items.
    changes : Changes
        Told about every change, after memory holds it.
    account : callable
        Names the server and user new items live on.
    """

    def __init__(
        self, table: ItemTable, *, changes: Changes, account: Callable[[], str]
    ) -> None:
        self._table = table
        self._changes = changes
        self._account = account
        self._accounts: dict[ItemId, str] = {}
        self._items: dict[ItemId, Item] = {}
        self._of_series: dict[str, list[ItemId]] = {}
        self._dirty: set[ItemId] = set()
        self._tasks = TaskOwner("library items")
        self._flushing = False

    async def load(self) -> None:
        """Read every item (disk)."""
        for row in reversed(await self._table.all()):
            self._accounts[ItemId(row.item_id)] = row.account_key
            self._remember(item_of(row))

    def all(self) -> tuple[Item, ...]:
        """Return the items of the present account, newest first."""
        account = self._account()
        return tuple(
            item
            for item in reversed(self._items.values())
            if self._is_mine(item.item_id, account)
        )

    def get(self, item_id: ItemId) -> Item | None:
        """Return one item."""
        return self._items.get(item_id)

    def account_of(self, item_id: ItemId) -> str:
        """Return the account an item is on, as "uuid|user"; "" for any."""
        return self._accounts.get(item_id, "")

    def of_series(self, series_uid: str) -> Item | None:
        """Return the newest item of a series on the present server."""
        account = self._account()
        for item_id in reversed(self._of_series.get(series_uid, ())):
            item = self._items.get(item_id)
            if item is not None and self._is_mine(item_id, account):
                return item
        return None

    def put(self, items: Iterable[Item], *, keep: bool = True) -> None:
        """Take over new values and tell; `keep` writes them soon (disk).

        Counts that change several times a second are not worth a write.
        """
        changed = tuple(items)
        for item in changed:
            self._accounts.setdefault(item.item_id, self._account())
            self._remember(item)
            if keep:
                self._dirty.add(item.item_id)
        if not changed:
            return
        self._changes.tell(LibraryChange(items=changed))
        if self._dirty and not self._flushing:
            self._flushing = True
            self._tasks.start(self._flush(), name="write items")

    async def save(self, items: Iterable[Item]) -> None:
        """Take over new values, write them, and return when they are safe (disk)."""
        changed = tuple(items)
        self.put(changed, keep=False)
        await self._write(item.item_id for item in changed)

    async def forget(self, ids: Iterable[ItemId]) -> None:
        """Take items out of the Library; the server keeps its files (disk)."""
        gone = [item for one in ids if (item := self._items.pop(one, None))]
        for item in gone:
            self._dirty.discard(item.item_id)
            if item.series_uid:
                self._of_series[item.series_uid].remove(item.item_id)
        await self._table.delete([item.item_id for item in gone])
        self._changes.tell(LibraryChange(items=tuple(gone)))

    def waiting(self) -> tuple[Item, ...]:
        """Return the items that still follow something."""
        moving = {ItemState.ON_THE_WAY, ItemState.REGISTERING}
        return tuple(item for item in self._items.values() if item.state in moving)

    async def close(self) -> None:
        """Write what is not written yet (disk)."""
        await self._tasks.close()
        await self._write(tuple(self._dirty))

    async def _flush(self) -> None:
        try:
            while self._dirty:
                await self._write(tuple(self._dirty))
        finally:
            self._flushing = False

    async def _write(self, ids: Iterable[ItemId]) -> None:
        held = [item for one in ids if (item := self._items.get(one)) is not None]
        self._dirty.difference_update(item.item_id for item in held)
        if not held:
            return
        rows = [
            item_row(item, account=self._accounts.get(item.item_id, ""))
            for item in held
        ]
        try:
            await self._table.upsert(*rows)
        except BaseException:
            self._dirty.update(item.item_id for item in held)
            raise

    def _remember(self, item: Item) -> None:
        if item.series_uid and item.item_id not in self._items:
            self._of_series.setdefault(item.series_uid, []).append(item.item_id)
        self._items[item.item_id] = item

    def _is_mine(self, item_id: ItemId, account: str) -> bool:
        kept = self._accounts.get(item_id, "")
        return not kept or not account or kept == account
