"""A server's storage in memory, with the habits of a CUBE."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from chrislib.cube.errors import Forbidden, NotFound, Refused, ServerFault
from chrislib.cube.folder_types import Grant, Part, Right, Thing, ThingKind
from chrislib.cube.listing import Listed
from chrislib.cube.types import ServerInfo, StoragePath
from chrislib.library.model import Item, ItemId
from chrislib.library.storage.service import StorageService

_PARTS: dict[Part, ThingKind] = {
    "children": "folder",
    "files": "file",
    "linkfiles": "link",
}
WHEN = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


class FakeFolders:
    """``filebrowser/``: lists are descending, moves write over, deletes come later."""

    def __init__(self, owner: str = "alex") -> None:
        self.owner = owner
        self.things: dict[tuple[str, int], Thing] = {}
        self.calls: list[tuple[Any, ...]] = []
        self.granted: dict[tuple[str, int], list[Grant]] = {}
        self.closed: set[int] = set()
        self.stuck = ""
        self.pages = 0
        self._sorted: dict[tuple[str, Part], list[Thing]] = {}
        for path in ("", "home", f"home/{owner}", f"home/{owner}/uploads"):
            self.folder(path)

    def folder(self, path: str, **others: Any) -> Thing:
        """Put a folder there, with those above it."""
        above = path.rpartition("/")[0]
        if path and above and self.by_path(above) is None:
            self.folder(above)
        return self._keep(self._thing("folder", path, **others))

    def file(self, path: str, size: int = 10, **others: Any) -> Thing:
        """Put a file there."""
        if self.by_path(path.rpartition("/")[0]) is None:
            self.folder(path.rpartition("/")[0])
        return self._keep(self._thing("file", path, size=size, **others))

    def link(self, path: str, target: str) -> Thing:
        """Put a link there."""
        found = self.by_path(target)
        kind: Any = "" if found is None else found.kind
        return self._keep(
            self._thing(
                "link",
                f"{path}.chrislink",
                target=target,
                target_kind=kind,
                target_id=found.id if found else None,
            )
        )

    def many(self, path: str, count: int) -> None:
        """Put many files into a folder."""
        self.folder(path)
        for number in range(count):
            name = f"{path}/img{number}.dcm"
            thing = self._thing("file", name, size=1 + (number * 7919) % 50_000)
            self.things["file", thing.id] = thing
        self._sorted.clear()

    def by_path(self, path: str) -> Thing | None:
        """Return what is at a path."""
        return next((one for one in self.things.values() if one.path == path), None)

    def paths(self) -> list[str]:
        """Return every path."""
        return sorted(one.path for one in self.things.values())

    # --- what FoldersApi offers ---------------------------------------------------

    async def at(self, path: str) -> Thing | None:
        await asyncio.sleep(0)
        found = self.by_path(path)
        return found if found is not None and found.kind == "folder" else None

    async def get(self, kind: ThingKind, thing_id: int) -> Thing:
        await asyncio.sleep(0)
        if thing_id in self.closed:
            raise Forbidden("This account may not do that.")
        found = self.things.get((kind, thing_id))
        if found is None:
            raise NotFound("It is gone.")
        return found

    async def page(
        self, folder_id: int, part: Part, *, offset: int = 0, limit: int = 500
    ) -> Listed[Thing]:
        await asyncio.sleep(0)
        self.pages += 1
        rows = self._inside(self.things["folder", folder_id].path, part)
        shown = tuple(rows[offset : offset + limit])
        more = offset + limit < len(rows)
        return Listed(shown, len(rows), more, len(shown), None)

    async def create(self, path: str) -> Thing:
        await asyncio.sleep(0)
        self.calls.append(("create", path))
        if self.by_path(path) is not None:
            text = f"Folder with path '{path}' already exists."
            raise Refused("Refused.", fields={"path": text})
        return self.folder(path)

    async def move(self, thing: Thing, path: str) -> Thing:
        await asyncio.sleep(0)
        self.calls.append(("move", thing.path, path))
        now = await self.get(thing.kind, thing.id)
        if now.owner != self.owner:
            raise Forbidden("This account may not do that.")
        if now.kind == "folder" and not self._files_below(now.path):
            raise ServerFault("The server failed.")
        moved = replace(now, path=StoragePath(path))
        if thing.kind == "folder":
            for key, one in list(self.things.items()):
                if one.path.startswith(f"{now.path}/"):
                    new = StoragePath(path + one.path[len(now.path) :])
                    self.things[key] = replace(one, path=new)
        return self._keep(moved)

    async def delete(self, thing: Thing) -> None:
        await asyncio.sleep(0)
        self.calls.append(("delete", thing.path))
        await self.get(thing.kind, thing.id)
        if thing.kind == "folder":
            now = self.things["folder", thing.id]
            self._keep(replace(now, deleting=not self.stuck, deletion_error=self.stuck))
            return
        self._drop(thing.path)

    async def deletion(self, folder_id: int) -> Thing | None:
        await asyncio.sleep(0)
        now = self.things.get(("folder", folder_id))
        if now is not None and not self.stuck:
            for one in list(self.things.values()):
                if one.path == now.path or one.path.startswith(f"{now.path}/"):
                    self._drop(one.path)
        return now

    async def grants(self, thing: Thing) -> tuple[Grant, ...]:
        await asyncio.sleep(0)
        return tuple(self.granted.get((thing.kind, thing.id), ()))

    async def grant(
        self, thing: Thing, name: str, *, is_group: bool, right: Right
    ) -> Grant:
        await asyncio.sleep(0)
        if name.startswith("nobody"):
            text = f"Couldn't find any user with username '{name}'."
            raise Refused("Refused.", fields={"username": text})
        made = Grant(len(self.calls) + 1, name, is_group, right)
        self.granted.setdefault((thing.kind, thing.id), []).append(made)
        self.calls.append(("grant", thing.path, name, right))
        return made

    async def regrant(self, _kind: ThingKind, grant: Grant, right: Right) -> Grant:
        await asyncio.sleep(0)
        self.calls.append(("regrant", grant.name, right))
        return replace(grant, right=right)

    # --- inside -----------------------------------------------------------------

    def _thing(self, kind: ThingKind, path: str, **others: Any) -> Thing:
        values: dict[str, Any] = {"owner": self.owner, "public": False, **others}
        ident = len(self.things) + 1
        values.setdefault("created", WHEN)
        return Thing(kind=kind, id=ident, path=StoragePath(path), **values)

    def _keep(self, thing: Thing) -> Thing:
        self.things[thing.kind, thing.id] = thing
        self._sorted.clear()
        return thing

    def _drop(self, path: str) -> None:
        for key, one in list(self.things.items()):
            if one.path == path:
                del self.things[key]
        self._sorted.clear()

    def _files_below(self, path: str) -> bool:
        return any(
            one.kind != "folder" and one.path.startswith(f"{path}/")
            for one in self.things.values()
        )

    def _inside(self, path: str, part: Part) -> list[Thing]:
        known = self._sorted.get((path, part))
        if known is None:
            known = sorted(
                (
                    one
                    for one in self.things.values()
                    if one.kind == _PARTS[part]
                    and one.path
                    and one.path.rpartition("/")[0] == path
                ),
                key=lambda one: one.path,
                reverse=True,
            )
            self._sorted[path, part] = known
        return known


@dataclass
class FakeStorageClient:
    """The part of a client that storage is asked of."""

    folders: FakeFolders = field(default_factory=FakeFolders)
    base_url: str = "https://chris.example.org/api/v1/"
    username: str = "alex"

    @property
    def server(self) -> ServerInfo:
        return ServerInfo(self.base_url, "uuid-1", "", 7, self.username)


class FakeStorageTray:
    """The tray in memory."""

    def __init__(self, library: "FakeStorageLibrary") -> None:
        self._library = library
        self.ids: list[ItemId] = []

    def items(self) -> tuple[Item, ...]:
        return tuple(self._library.known[one] for one in self.ids)

    def add(self, *ids: ItemId) -> None:
        self.ids += [one for one in ids if one not in self.ids]

    def remove(self, *ids: ItemId) -> None:
        self.ids = [one for one in self.ids if one not in ids]

    def __contains__(self, item_id: object) -> bool:
        return item_id in self.ids


class FakeStorageLibrary:
    """The Library, as far as it holds what is ticked."""

    def __init__(self) -> None:
        self.known: dict[ItemId, Item] = {}
        self.tray = FakeStorageTray(self)
        self.deidentification = self
        self.required = False

    def item(self, item_id: ItemId) -> Item | None:
        return self.known.get(item_id)

    async def keep(self, items: Any) -> None:
        self.known.update({one.item_id: one for one in items})

    async def forget(self, ids: Any) -> None:
        for one in ids:
            self.known.pop(one, None)

    def subscribe(self, _callback: Any) -> Any:
        return lambda: None


@dataclass
class Rig:
    """A storage service and what is behind it."""

    client: FakeStorageClient = field(default_factory=FakeStorageClient)
    library: FakeStorageLibrary = field(default_factory=FakeStorageLibrary)
    submitted: list[Any] = field(default_factory=list)

    @property
    def folders(self) -> FakeFolders:
        return self.client.folders

    def service(self, session: Any = None) -> StorageService:
        rig = self

        class Session:
            client: Any = rig.client
            error = None

        class Jobs:
            async def submit(self, intent: Any) -> str:
                rig.submitted.append(intent)
                return f"job-{len(rig.submitted)}"

        parts: Any = {
            "session": session or Session(),
            "jobs": Jobs(),
            "library": rig.library,
        }
        return StorageService(**parts)
