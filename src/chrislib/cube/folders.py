"""The file browser: pages of a folder, changes in it, and who may see it."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import TypedDict

from chrislib.cube import reading
from chrislib.cube.errors import NotFound
from chrislib.cube.folder_types import Grant, Part, Right, Thing, ThingKind
from chrislib.cube.listing import Listed
from chrislib.cube.reading import BadRow, Row
from chrislib.cube.storage_paths import storage_path, upload_path
from chrislib.cube.types import StoragePath
from chrislib.cube.wire import Wire

_BASE: Mapping[ThingKind, str] = {
    "folder": "filebrowser/",
    "file": "filebrowser/files/",
    "link": "filebrowser/linkfiles/",
}
_PATH_FIELD: Mapping[ThingKind, str] = {
    "folder": "path",
    "file": "new_file_path",
    "link": "new_link_file_path",
}
_KIND: Mapping[Part, ThingKind] = {
    "children": "folder",
    "files": "file",
    "linkfiles": "link",
}
LINK_ENDING = ".chrislink"


def read_folder(value: object) -> Thing:
    """Read ``filebrowser/<id>/``."""
    row = Row(value)
    return Thing(
        kind="folder",
        path=storage_path(row.text("path")),
        deleting=row.text("deletion_status") == "pending",
        deletion_error=row.text("deletion_error"),
        **_common(row),
    )


def read_file(value: object) -> Thing:
    """Read ``filebrowser/files/<id>/``."""
    row = Row(value)
    return Thing(
        kind="file", path=_path_of(row), size=row.number("fsize"), **_common(row)
    )


def read_link(value: object) -> Thing:
    """Read ``filebrowser/linkfiles/<id>/``; the target's id is in its link."""
    row = Row(value)
    folder, file = row.id_in_link("linked_folder"), row.id_in_link("linked_file")
    return Thing(
        kind="link",
        path=_path_of(row),
        target=storage_path(row.text("path")),
        target_kind="folder" if folder is not None else "file" if file else "",
        target_id=folder if folder is not None else file,
        **_common(row),
    )


class _Common(TypedDict):
    id: int
    owner: str
    public: bool
    created: datetime | None


def _common(row: Row) -> _Common:
    """Read what folders, files and links have in common."""
    return _Common(
        id=row.need("id"),
        owner=row.text("owner_username"),
        public=row.flag("public"),
        created=row.when("creation_date"),
    )


def _path_of(row: Row) -> StoragePath:
    path = storage_path(row.text("fname"))
    if not path:
        raise BadRow("fname")
    return path


_READ = {"folder": read_folder, "file": read_file, "link": read_link}


class FoldersApi:
    """``filebrowser/`` as a place to work in. Every coroutine uses the net.

    All of them raise `CubeError`. Paths are storage paths without outer slashes.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def at(self, path: str) -> Thing | None:
        """Return the folder at `path` from the net; None: not there, or hidden."""
        wanted = storage_path(path)
        place = "filebrowser/search/" if wanted else "filebrowser/"
        params = {"path": wanted} if wanted else None
        found = await self._wire.page(place, read_folder, params=params)
        return next((row for row in found.rows if row.path == wanted), None)

    async def get(self, kind: ThingKind, thing_id: int) -> Thing:
        """Return one thing from the net by its id."""
        return await self._wire.one(f"{_BASE[kind]}{thing_id}/", _READ[kind])

    async def page(
        self, folder_id: int, part: Part, *, offset: int = 0, limit: int = 500
    ) -> Listed[Thing]:
        """Return one page of what lies directly in a folder, from the net.

        The server sorts by path, descending, and knows no other order (§10).
        """
        return await self._wire.page(
            f"filebrowser/{folder_id}/{part}/",
            _READ[_KIND[part]],
            params={"limit": limit, "offset": offset or None},
        )

    async def count(self, folder_id: int, part: Part) -> int:
        """Return how many things of a kind lie directly in a folder (net)."""
        return await self._wire.count(f"filebrowser/{folder_id}/{part}/")

    async def create(self, path: str) -> Thing:
        """Make a folder over the net, with its parents.

        Raises
        ------
        Refused
            It is there already, lies outside ``home/`` or in a folder that may not
            be written; or the name cannot be used, and nothing is sent.
        """
        wanted = upload_path(storage_path(path))
        return await self._wire.made("filebrowser/", {"path": wanted}, read_folder)

    async def move(self, thing: Thing, path: str) -> Thing:
        """Give a thing another path over the net: rename and move are the same.

        Look first whether `path` is free: a CUBE puts a moved file in the place of
        another one, whose content is lost, and answers 500.
        """
        if thing.kind == "link":
            wanted = upload_path(storage_path(path).removesuffix(LINK_ENDING))
            wanted = StoragePath(wanted + LINK_ENDING)
        else:
            wanted = upload_path(storage_path(path))
        return await self._changed(thing, {_PATH_FIELD[thing.kind]: wanted})

    async def publish(self, thing: Thing, *, public: bool) -> Thing:
        """Open a thing, and all below it, to everybody, or close it (net)."""
        return await self._changed(thing, {"public": public})

    async def delete(self, thing: Thing) -> None:
        """Delete a thing over the net: folders soon (trap 20), the rest at once."""
        await self._wire.delete(f"{_BASE[thing.kind]}{thing.id}/")

    async def deletion(self, folder_id: int) -> Thing | None:
        """Return how a folder's deletion stands, from the net; None: it is gone."""
        try:
            return await self.get("folder", folder_id)
        except NotFound:
            return None

    # --- who may see it ---------------------------------------------------------

    async def grants(self, thing: Thing) -> tuple[Grant, ...]:
        """Return from the net who else may open a thing."""
        found: list[Grant] = []
        for is_group in (False, True):
            rows = self._wire.items(
                f"{_BASE[thing.kind]}{thing.id}/{_permissions(is_group)}",
                partial(_grant, is_group=is_group),
            )
            found += [row async for row in rows]
        return tuple(found)

    async def grant(
        self, thing: Thing, name: str, *, is_group: bool, right: Right
    ) -> Grant:
        """Open a thing, and all below it, to a user or group over the net.

        Raises
        ------
        Refused
            There is nobody of this name, or it was granted before.
        """
        values = {"grp_name" if is_group else "username": name, "permission": right}
        return await self._wire.made(
            f"{_BASE[thing.kind]}{thing.id}/{_permissions(is_group)}",
            values,
            partial(_grant, is_group=is_group),
        )

    async def regrant(self, kind: ThingKind, grant: Grant, right: Right) -> Grant:
        """Change what somebody may do, over the net."""
        return await self._wire.changed(
            f"{_BASE[kind]}{_permissions(grant.is_group)}{grant.id}/",
            {"permission": right},
            partial(_grant, is_group=grant.is_group),
        )

    async def revoke(self, kind: ThingKind, grant: Grant) -> None:
        """Close a thing, and all below it, to a user or group over the net."""
        await self._wire.delete(
            f"{_BASE[kind]}{_permissions(grant.is_group)}{grant.id}/"
        )

    async def groups(self) -> tuple[str, ...]:
        """Return the names of the server's groups from the net."""
        rows = self._wire.items("groups/", lambda value: Row(value).text("name"))
        return tuple(sorted([name async for name in rows if name]))

    async def _changed(self, thing: Thing, values: Mapping[str, object]) -> Thing:
        return await self._wire.changed(
            f"{_BASE[thing.kind]}{thing.id}/", values, _READ[thing.kind]
        )


def _permissions(is_group: bool) -> str:
    return "grouppermissions/" if is_group else "userpermissions/"


def _grant(value: object, *, is_group: bool) -> Grant:
    row = Row(value)
    name = row.text("group_name" if is_group else "user_username")
    if not name:
        raise reading.BadRow("name")
    return Grant(
        id=row.need("id"),
        name=name,
        is_group=is_group,
        right="w" if row.text("permission") == "w" else "r",
    )
