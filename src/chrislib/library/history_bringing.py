"""What an entry of another computer brought, as items of this Library."""

import hashlib
import time
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING

from chrislib.cube.errors import NotFound
from chrislib.cube.types import InstanceId
from chrislib.errors import ChrislibError
from chrislib.library.history_found import output_name
from chrislib.library.model import (
    EntryKind,
    HistoryEntry,
    Item,
    ItemId,
    ItemState,
    Source,
)
from chrislib.library.names import clean

if TYPE_CHECKING:
    # The HTTP library is half of the start-up time: it waits for the first paint.
    from chrislib.cube.client import CubeClient

_SOURCES = {
    EntryKind.UPLOAD: Source.UPLOAD,
    EntryKind.REFERENCE: Source.REFERENCE,
    EntryKind.OUTPUT: Source.FEED,
}
_MEASURED = 500
"""Files of an item are counted up to this; more are not worth the wait."""


class Gone(ChrislibError):
    """What an entry brought was deleted on the server."""


async def bring(client: "CubeClient", entry: HistoryEntry, *, tag: str) -> list[Item]:
    """Return items for what is on the server of an entry (network).

    An upload becomes one item for each folder in it.

    Parameters
    ----------
    tag : str
        Tells servers apart in the items' ids.

    Raises
    ------
    Gone
        Nothing of it is there any more.
    """
    request = entry.request
    listed = request.get("paths_there")
    paths = [str(one) for one in listed] if isinstance(listed, list | tuple) else []
    if entry.kind is EntryKind.UPLOAD and (folder := str(request.get("folder") or "")):
        paths = await _parts(client, folder)
    elif entry.kind is EntryKind.REFERENCE:
        number = request.get("instance")
        if isinstance(number, int):
            with suppress(NotFound):
                paths = [(await client.instances.get(InstanceId(number))).output_path]
    items = []
    for path in paths:
        item = await _item(client, entry, path, tag=tag, alone=len(paths) == 1)
        if item is not None:
            items.append(item)
    if not items:
        raise Gone(
            f"“{entry.title}” is gone from the server.",
            "Somebody deleted its files there. Feeds that were made of it stay.",
            hint="Bring it in again.",
        )
    return items


async def _parts(client: "CubeClient", folder: str) -> list[str]:
    top = await client.files.folder(folder)
    if top is None:
        return []
    parts = [child.path async for child in client.files.children(top)]
    async for _ in client.files.files(top):
        # files of its own: it is one thing
        return [folder]
    return sorted(parts) or [folder]


async def _item(
    client: "CubeClient", entry: HistoryEntry, path: str, *, tag: str, alone: bool
) -> Item | None:
    files = size = 0
    whole = True
    try:
        async with aclosing(client.files.walk(path)) as found:
            async for one in found:
                files += 1
                size += one.file.size
                if files >= _MEASURED:
                    whole = False
                    break
    except ChrislibError:
        return None
    if not files:
        return None
    feed, instance = entry.request.get("feed"), entry.request.get("instance")
    return Item(
        # a run has the id by which references know it too
        item_id=ItemId(f"run-{tag}-{instance}")
        if entry.kind is EntryKind.REFERENCE
        else path_item_id(tag, path),
        source=_SOURCES[entry.kind],
        title=entry.title if alone else _title(entry, path),
        state=ItemState.READY,
        path=path,
        images=files if whole else None,
        size=size if whole else None,
        feed_id=_number(feed) if feed else None,
        instance_id=_number(instance) if instance else None,
        added_at=time.time(),
    )


def path_item_id(tag: str, path: str) -> ItemId:
    """Return the id of an item that stands for a storage path of a server."""
    digest = hashlib.sha256(path.encode()).hexdigest()[:20]
    return ItemId(f"path-{tag}-{digest}")


def _title(entry: HistoryEntry, path: str) -> str:
    if entry.kind is EntryKind.OUTPUT:
        return clean(output_name(path))
    name = path.rpartition("/")[2]
    number, _, rest = name.partition("-")
    part = rest if number.isdecimal() and rest else name
    return f"{entry.title}: {clean(part).replace('_', ' ')}"


def _number(value: object) -> int:
    return value if isinstance(value, int) else int(str(value))
