"""Permissions of the storage tree: the client's folders API against a real station."""

import asyncio
import secrets
import sqlite3
from collections.abc import Callable, Coroutine
from contextlib import closing
from typing import Any, TypeVar

import pytest

from chrislib.cube.client import CubeClient
from chrislib.cube.errors import CubeError, Forbidden, NotFound, Refused, ServerFault
from tests.station.test_station_recordings import recording, same, shape

_T = TypeVar("_T")


@pytest.fixture
def other_token(station: Any) -> str:
    """A second person on the station, who is in no group."""
    token, name = secrets.token_hex(20), f"alice{secrets.token_hex(4)}"
    with closing(sqlite3.connect(station.folder / "station.db", timeout=30)) as db, db:
        db.execute(
            "INSERT INTO users (username, password, token) VALUES (?, '', ?)",
            (name, token),
        )
    return f"{name} {token}"


@pytest.fixture
def run(station: Any) -> Callable[..., Any]:
    """Run a coroutine with a client of the owner, and one of somebody else."""

    def go(
        work: Callable[[CubeClient, CubeClient], Coroutine[Any, Any, _T]], token: str
    ) -> _T:
        async def inside() -> _T:
            async with (
                CubeClient(station.url, token=station.token) as mine,
                CubeClient(station.url, token=token) as theirs,
            ):
                return await work(mine, theirs)

        return asyncio.run(inside())

    return go


async def _refusal(coro: Coroutine[Any, Any, object]) -> CubeError:
    with pytest.raises(CubeError) as caught:
        await coro
    return caught.value


def test_what_is_shared_is_seen_and_what_is_revoked_is_not(
    api: Any, run: Any, other_token: str
) -> None:
    name, token = other_token.split()
    top = f"home/local/uploads/shared-{secrets.token_hex(4)}"
    api.upload(f"{top}/inner/one.txt")

    async def work(mine: CubeClient, theirs: CubeClient) -> None:
        folder = await mine.folders.at(top)
        assert folder is not None
        inner = (await mine.folders.page(folder.id, "children")).rows[0]
        file = (await mine.folders.page(inner.id, "files")).rows[0]
        assert await theirs.folders.at(top) is None
        grant = await mine.folders.grant(folder, name, is_group=False, right="r")
        assert (grant.name, grant.right, grant.is_group) == (name, "r", False)
        again = await _refusal(
            mine.folders.grant(folder, name, is_group=False, right="w")
        )
        assert isinstance(again, Refused)
        # it holds for all below, is found in SHARED, and lets nobody write
        assert (await theirs.folders.page(inner.id, "files")).rows == (file,)
        assert await theirs.files.read(file.id, 5) == b"hello"
        shared = await theirs.folders.at("SHARED")
        assert shared is not None
        links = (await theirs.folders.page(shared.id, "linkfiles")).rows
        assert [(one.target, one.target_id) for one in links] == [(top, folder.id)]
        assert isinstance(
            await _refusal(theirs.folders.move(file, f"{top}/inner/two.txt")), Forbidden
        )
        assert isinstance(
            await _refusal(theirs.folders.create(f"{top}/theirs")), Refused
        )
        grant = await mine.folders.regrant("folder", grant, "w")
        made = await theirs.folders.create(f"{top}/theirs")
        # what they make inside is the owner's to see
        assert (await mine.folders.get("folder", made.id)).owner == name
        assert isinstance(
            await _refusal(theirs.folders.publish(folder, public=True)), Refused
        )
        await mine.folders.revoke("folder", grant)
        assert await mine.folders.grants(inner) == ()
        assert await theirs.folders.at(top) is None
        assert isinstance(
            await _refusal(theirs.folders.get("file", file.id)), Forbidden
        )
        assert (await theirs.folders.page(shared.id, "linkfiles")).rows == ()
        # groups and the public
        group = await mine.folders.grant(file, "all_users", is_group=True, right="r")
        assert (await mine.folders.grants(file)) == (group,)
        assert "all_users" in await mine.folders.groups()
        folder = await mine.folders.publish(folder, public=True)
        assert folder.public
        assert (await theirs.folders.get("file", file.id)).public
        public = await theirs.folders.at("PUBLIC")
        assert public is not None
        found = (await theirs.folders.page(public.id, "linkfiles")).rows
        assert top in [one.target for one in found]
        await mine.folders.publish(folder, public=False)
        found = (await theirs.folders.page(public.id, "linkfiles")).rows
        assert top not in [one.target for one in found]
        nobody = mine.folders.grant(file, "nobody-here", is_group=False, right="r")
        assert isinstance(await _refusal(nobody), Refused)

    run(work, token)


def test_folders_are_made_paged_moved_and_deleted(api: Any, run: Any) -> None:
    top = f"home/local/uploads/tree-{secrets.token_hex(4)}"
    for number in range(5):
        api.upload(f"{top}/f{number}.txt", str(number).encode())
    api.upload(f"{top}/gone/file.txt")

    async def work(mine: CubeClient, _theirs: CubeClient) -> None:
        folders = mine.folders
        folder = await folders.at(top)
        assert folder is not None
        page = await folders.page(folder.id, "files", limit=2, offset=1)
        assert [one.name for one in page.rows] == ["f3.txt", "f2.txt"]
        assert (page.total, page.more) == (5, True)
        assert page.rows[0].size == 1
        empty = await folders.create(f"{top}/empty")
        assert isinstance(await _refusal(folders.create(empty.path)), Refused)
        assert isinstance(
            await _refusal(folders.move(empty, f"{top}/other")), ServerFault
        )
        moved = await folders.move(page.rows[0], f"{top}/empty/f3.txt")
        assert await folders.count(empty.id, "files") == 1
        assert moved.path == f"{top}/empty/f3.txt"
        renamed = await folders.move(empty, f"{top}/full")
        assert (await folders.get("file", moved.id)).path == f"{renamed.path}/f3.txt"
        await folders.delete(moved)
        assert isinstance(await _refusal(folders.get("file", moved.id)), NotFound)
        gone = await folders.at(f"{top}/gone")
        assert gone is not None
        await folders.delete(gone)
        async with asyncio.timeout(30):
            while (left := await folders.deletion(gone.id)) is not None:
                assert left.deleting
                await asyncio.sleep(0.02)
        home = await folders.at("home/local")
        assert home is not None
        assert isinstance(await _refusal(folders.delete(home)), Refused)

    run(work, "")


def test_permissions_have_the_shape_of_the_recordings(
    api: Any, other_token: str
) -> None:
    name, token = other_token.split()
    top = f"home/local/uploads/shape-{secrets.token_hex(4)}"
    api.upload(f"{top}/one.txt")
    folder = api.get("filebrowser/search/", path=top)["results"][0]["id"]
    at = f"filebrowser/{folder}/userpermissions/"
    theirs = {"Authorization": f"Token {token}"}

    def agrees(recorded: str, answer: Any) -> None:
        wanted = recording(recorded, 7)["response"]
        assert answer.status_code == wanted["status"]
        found = same(shape(answer.json()), shape(wanted["body"]), recorded)
        assert not found

    closed = api.http.get(f"filebrowser/{folder}/", headers=theirs)
    agrees("folder-other-user-403", closed)
    made = api.http.post(at, json={"username": name, "permission": "r"})
    agrees("folder-userpermissions-create", made)
    opened = api.http.get(f"filebrowser/{folder}/", headers=theirs)
    agrees("folder-shared-visible-to-other", opened)
    group = api.http.post(
        f"filebrowser/{folder}/grouppermissions/", json={"grp_name": "all_users"}
    )
    assert group.status_code == 201
    # no recording of it: the keys of a user's, named after groups
    named = {key.replace("user_username", "group_name") for key in made.json()}
    assert set(group.json()) == {key.replace("user", "group") for key in named}
    listed = api.get(at)
    template = {one["name"] for one in listed["template"]["data"]}
    assert template == {"username", "permission"}
    assert api.get(f"{at}search/", username=name)["count"] == 1
    refused = api.http.post(at, json={"username": name, "permission": "x"})
    assert refused.status_code == 400
