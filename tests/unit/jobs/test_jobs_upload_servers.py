"""Uploads to servers that refuse, fail, close, lie and rename: every file is told."""

import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from chrislib.catalog.catalog import Catalog
from chrislib.cube.client import CubeClient
from chrislib.jobs.backends.base import Outcome, Report
from chrislib.jobs.backends.upload import UploadBackend
from chrislib.jobs.model import (
    Job,
    JobKey,
    Kind,
    Phase,
    Unpacking,
    UploadFile,
    UploadIntent,
)
from tests.unit.library.test_library_archives import archive

TOP = "home/alex/uploads/x"
_FIELD = re.compile(rb'name="upload_path"\r\n\r\n(.*?)\r\n', re.DOTALL)
Behavior = Callable[["Cube", str, bytes], httpx.Response]


@dataclass
class Cube:
    """A storage behind HTTP that does for each path what a test says."""

    files: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Path to id and size."""
    folders: dict[str, int] = field(default_factory=dict)
    ways: dict[str, list[Behavior]] = field(default_factory=dict)
    posts: Counter[str] = field(default_factory=Counter)
    deleted: list[int] = field(default_factory=list)
    number: int = 100

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        stream = request.stream
        assert isinstance(stream, httpx.AsyncByteStream)
        body = b"".join([piece async for piece in stream])
        path = request.url.path.removeprefix("/api/v1/")
        if request.method == "DELETE":
            return self._delete(int(path.rstrip("/").rpartition("/")[2]))
        if path == "filebrowser/search/":
            wanted = request.url.params["path"]
            return self._rows(
                [{"id": n, "path": p} for p, n in self.folders.items() if p == wanted]
            )
        if path == "filebrowser/":
            return httpx.Response(
                201, json=self._made(re.findall(rb'"(home.*?)"', body))
            )
        listed = re.fullmatch(r"filebrowser/(\d+)/(files|children|linkfiles)/", path)
        if listed is not None:
            return self._listed(int(listed[1]), listed[2])
        if path == "userfiles/search/":
            return self._found(request.url.params["fname_exact"])
        assert path == "userfiles/", path
        found = _FIELD.search(body)
        assert found is not None
        remote = found[1].decode()
        content = body.split(b"\r\n\r\n", 2)[2].rsplit(b"\r\n--", 1)[0]
        self.posts[remote] += 1
        ways = self.ways.get(remote.rpartition("/")[2])
        return (
            ways.pop(0)(self, remote, content) if ways else store(self, remote, content)
        )

    def keep(self, remote: str, size: int) -> dict[str, Any]:
        """Store a file, under another name if its own is taken."""
        self.number += 1
        place = f"{remote}_aB3dE6g" if remote in self.files else remote
        self.files[place] = (self.number, size)
        return {"id": self.number, "fname": place, "fsize": size}

    def _made(self, named: list[bytes]) -> dict[str, Any]:
        path = named[0].decode()
        self.folders[path] = number = len(self.folders) + 1
        return {"id": number, "path": path}

    def _delete(self, number: int) -> httpx.Response:
        self.deleted.append(number)
        self.files = {p: f for p, f in self.files.items() if f[0] != number}
        return httpx.Response(204)

    def _found(self, path: str) -> httpx.Response:
        number, size = self.files.get(path, (0, 0))
        row = {"id": number, "fname": path, "fsize": size}
        return self._rows([row] if path in self.files else [])

    def _listed(self, number: int, what: str) -> httpx.Response:
        (folder,) = (path for path, n in self.folders.items() if n == number)
        if what == "files":
            return self._rows(
                [
                    {"id": n, "fname": path, "fsize": size}
                    for path, (n, size) in self.files.items()
                    if path.rpartition("/")[0] == folder
                ]
            )
        below = [p for p in self.folders if p.rpartition("/")[0] == folder]
        children = [{"id": self.folders[p], "path": p} for p in below]
        return self._rows(children if what == "children" else [])

    @staticmethod
    def _rows(rows: list[dict[str, Any]]) -> httpx.Response:
        return httpx.Response(200, json={"count": len(rows), "results": rows})


def store(cube: Cube, remote: str, content: bytes) -> httpx.Response:
    """Do what a good server does."""
    return httpx.Response(201, json=cube.keep(remote, len(content)))


def lies(by: int) -> Behavior:
    """Store and claim another size."""

    def way(cube: Cube, remote: str, content: bytes) -> httpx.Response:
        return httpx.Response(201, json=cube.keep(remote, len(content) + by))

    return way


def says(status: int, **headers: str) -> Behavior:
    """Answer a status, with a page that must never be shown."""
    return lambda _cube, _remote, _content: httpx.Response(
        status, text="<h1>nginx</h1>", headers=headers
    )


def closes(cube: Cube, remote: str, content: bytes) -> httpx.Response:
    """Break the connection before anything is stored."""
    raise httpx.ReadError("closed")


def closes_after(cube: Cube, remote: str, content: bytes) -> httpx.Response:
    """Store, and break the connection before that is said."""
    store(cube, remote, content)
    raise httpx.RemoteProtocolError("closed")


class Quick:
    """A clock whose pauses take no time."""

    def time(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        assert seconds <= 30.0


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    """A catalog with nothing in it."""
    made = Catalog(tmp_path / "state" / "catalog.db")
    await made.open()
    yield made
    await made.close()


async def upload(catalog: Catalog, cube: Cube, intent: UploadIntent) -> Outcome:
    """Carry an upload through, once."""
    account = await catalog.jobs.account("http://cube/", "alex", server_uuid="u")
    await catalog._database.write(
        lambda db: db.execute(
            "INSERT OR IGNORE INTO job (job_key, account_id, backend, kind, phase, "
            "intent_json, created_at, changed_at) "
            "VALUES ('k', ?, 'upload', 'upload', 'RUNNING', '{}', 0, 0)",
            (account.account_id,),
        )
    )
    client = CubeClient(
        "http://cube.example", token="t", transport=httpx.MockTransport(cube)
    )
    backend = UploadBackend(client, catalog.jobs, Quick())
    job = Job(JobKey("k"), Kind.UPLOAD, Phase.RUNNING, intent, "t")
    try:
        return await backend.run(
            job, Report(progress=lambda _p: None, phase=lambda _p: None)
        )
    finally:
        await client.aclose()


def intent_of(folder: Path, *names: str) -> UploadIntent:
    """Write files, each of another size, and return what sends them."""
    files = []
    for number, name in enumerate(names, start=1):
        path = folder / name
        path.write_bytes(bytes([number]) * (1000 * number))
        files.append(UploadFile(str(path), f"{TOP}/{name}", path.stat().st_size))
    return UploadIntent(TOP, tuple(files), "t")


def reasons(outcome: Outcome) -> dict[str, str]:
    """Return why files were not sent, by their names."""
    return {Path(one.path).name: one.reason for one in outcome.failed_files}


async def test_each_refusal_is_told_and_the_others_arrive(
    catalog: Catalog, tmp_path: Path
) -> None:
    cube = Cube(
        ways={
            "big": [says(413)],
            "no": [says(403)],
            "odd": [lambda c, r, b: httpx.Response(201, json={"detail": "?"})],
            "page": [says(200)],
            "less": [lies(-7)],
            "more": [lies(+7)],
        }
    )
    names = ("a", "big", "b", "no", "c", "odd", "d", "page", "e", "less", "f", "more")
    intent = intent_of(tmp_path, *names)
    outcome = await upload(catalog, cube, intent)
    assert outcome.phase is Phase.FINISHED_WITH_ERRORS
    told = reasons(outcome)
    assert told.keys() == {"big", "no", "odd", "page", "less", "more"}
    assert "this big" in told["big"]
    assert "may not" in told["no"]
    assert "9,993 of 10,000 bytes" in told["less"]
    assert "12,007 bytes" in told["more"]
    assert not any("nginx" in reason or "<" in reason for reason in told.values())
    assert {path.rpartition("/")[2] for path in cube.files} == set("abcdef")
    again = await upload(catalog, cube, intent)
    assert again.phase is Phase.FINISHED
    assert sorted(cube.files) == sorted(file.remote for file in intent.files)
    assert all(cube.posts[file.remote] <= 2 for file in intent.files)
    assert all(cube.posts[f"{TOP}/{name}"] == 1 for name in "abcdef")


async def test_a_full_server_is_not_asked_for_every_file(
    catalog: Catalog, tmp_path: Path
) -> None:
    names = [f"f{n:02}" for n in range(40)]
    cube = Cube(ways={name: [says(507)] for name in names[5:]})
    outcome = await upload(catalog, cube, intent_of(tmp_path, *names))
    assert outcome.phase is Phase.FINISHED_WITH_ERRORS
    assert len(outcome.failed_files) == 35
    assert cube.posts.total() < 25
    assert "no room left" in outcome.detail


async def test_connections_that_break_store_nothing_twice(
    catalog: Catalog, tmp_path: Path
) -> None:
    names = [f"f{n:02}" for n in range(24)]
    cube = Cube(
        ways={
            "f03": [closes],
            "f04": [closes_after],
            "f05": [says(503, **{"retry-after": "1"}), closes_after],
            "f06": [says(502), says(504)],
            "f07": [closes] * 3,
        }
    )
    outcome = await upload(catalog, cube, intent_of(tmp_path, *names))
    assert reasons(outcome).keys() == {"f07"}
    assert len(cube.files) == 23
    assert cube.posts[f"{TOP}/f04"] == 1
    assert cube.posts[f"{TOP}/f06"] == 3


async def test_a_request_carried_out_late_leaves_no_second_copy(
    catalog: Catalog, tmp_path: Path
) -> None:
    intent = intent_of(tmp_path, "a.dcm", "b.dcm", "c.dcm")
    cube = Cube(ways={"b.dcm": [closes]})

    def late(cube: Cube, remote: str, content: bytes) -> httpx.Response:
        # The first request comes through after the one that repeated it.
        answer = store(cube, remote, content)
        cube.number += 1
        cube.files[f"{TOP}/b_Zz9Yy8X.dcm"] = (cube.number, len(content))
        # Somebody else's file of the same manner of name stays.
        cube.number += 1
        cube.files[f"{TOP}/b_Other77.dcm"] = (cube.number, 5)
        return answer

    cube.ways["b.dcm"].append(late)
    outcome = await upload(catalog, cube, intent)
    assert outcome.phase is Phase.FINISHED
    assert set(cube.files) == {
        *(file.remote for file in intent.files),
        f"{TOP}/b_Other77.dcm",
    }


async def test_files_that_vanish_change_or_may_not_be_read(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    intent = intent_of(tmp_path, "a", "gone", "grown", "hidden", "folder", "z")
    (tmp_path / "gone").unlink()
    (tmp_path / "grown").write_bytes(b"x" * 50_000)
    (tmp_path / "folder").unlink()
    (tmp_path / "folder").mkdir()
    real = Path.open

    def opened(self: Path, *args: Any, **kwargs: Any) -> Any:
        if self.name == "hidden":
            raise PermissionError(13, "Permission denied")
        return real(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", opened)
    cube = Cube()
    told = reasons(await upload(catalog, cube, intent))
    assert told["gone"] == "It is not there any more."
    assert told["grown"].startswith("It changed after it was looked at here.")
    assert told["hidden"] == "This computer gave no permission to read it."
    assert told.keys() == {"gone", "grown", "hidden", "folder"}
    monkeypatch.undo()
    (tmp_path / "gone").write_bytes(b"back")
    (tmp_path / "folder").rmdir()
    (tmp_path / "folder").write_bytes(b"a file")
    assert (await upload(catalog, cube, intent)).phase is Phase.FINISHED
    assert cube.files[f"{TOP}/grown"][1] == 50_000
    assert sorted(cube.files) == sorted(file.remote for file in intent.files)


async def test_an_archive_is_unpacked_again_when_its_folder_has_gone(
    catalog: Catalog, tmp_path: Path
) -> None:
    packed = archive(tmp_path / "a.zip", {"one": b"1", "in/two": b"22"})
    folder = tmp_path / "unpacked" / "0" / "a"
    intent = UploadIntent(
        TOP,
        (
            UploadFile(str(folder / "one"), f"{TOP}/one", 1),
            UploadFile(str(folder / "in" / "two"), f"{TOP}/two", 2),
        ),
        "t",
        archives=(Unpacking(str(packed), str(folder)),),
    )
    cube = Cube()
    assert (await upload(catalog, cube, intent)).phase is Phase.FINISHED
    assert {size for _, size in cube.files.values()} == {1, 2}
    packed.unlink()
    for path in (folder / "one", folder / "in" / "two"):
        path.unlink()
    (folder / "in").rmdir()
    folder.rmdir()
    lost = await upload(catalog, cube, intent)
    assert lost.phase is Phase.FAILED
    assert "not there any more" in lost.detail
