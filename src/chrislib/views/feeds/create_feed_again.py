"""The data of a feed, for another feed of it: library items, or places."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chrislib.feeds.making import is_here
from chrislib.feeds.ports import FeedItem
from chrislib.feeds.subjects import PathItem
from chrislib.feeds.text import plain
from chrislib.library.model import Item, ItemId, ItemState, Source
from chrislib.views.context import ViewContext

_PLACE = "place:"


@dataclass(frozen=True, slots=True)
class SameData:
    """What Create feed begins with instead of the tray."""

    items: tuple[Item, ...]
    title: str


def items_at(paths: Sequence[str], library: Iterable[Item]) -> tuple[Item, ...]:
    """Return the items at storage paths, in their order.

    A path that is no item of the Library is an item for the sheet only.

    Parameters
    ----------
    library : iterable of Item
        Those of the present server.
    """
    known: dict[str, Item] = {}
    for item in library:
        path = item.path.strip("/")
        if path and (path not in known or is_here(item)):
            known[path] = item
    return tuple(known.get(path) or _place(path) for path in paths)


def found_items(
    context: ViewContext, ids: Sequence[str], given: Iterable[Item] = ()
) -> list[Item]:
    """Return items by their ids as the Library has them, else as given."""
    tray = context.library.tray.items()
    known = {str(item.item_id): item for item in (*given, *tray)}
    look = context.library.item
    found = (look(ItemId(one)) or known.get(one) for one in ids)
    return [one for one in found if one is not None]


def as_sent(items: Sequence[Item]) -> list[FeedItem]:
    """Return items as a feed is made of them: the Library's, or mere places."""
    return [
        PathItem(item.path) if item.item_id.startswith(_PLACE) else item
        for item in items
    ]


def _place(path: str) -> Item:
    above, _, last = path.rpartition("/")
    if last == "data" and "/feeds/feed_" in f"/{above}":
        # where a node keeps its files: the node says more
        last = above.rpartition("/")[2]
    return Item(
        item_id=ItemId(_PLACE + path),
        source=Source.FILES,
        title=plain(last),
        state=ItemState.READY,
        path=path,
        detail=plain(above),
    )
