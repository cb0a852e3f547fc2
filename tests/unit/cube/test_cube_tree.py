"""Walking storage: links followed, circles seen, nothing twice."""

from typing import Any

import httpx
import pytest

from chrislib.cube.client import CubeClient
from chrislib.cube.errors import NotFound
from chrislib.cube.types import LinkFile

BASE = "http://cube.example/api/v1/"


class Storage:
    """A server's file browser, made of paths."""

    def __init__(self) -> None:
        self.folders: dict[str, int] = {}
        self.files: dict[str, int] = {}
        self.links: dict[str, tuple[str, str]] = {}
        self.forbidden: set[str] = set()

    def add(self, *paths: str) -> None:
        for path in paths:
            self._parents(path)
            self.files[path] = len(self.files) + 100

    def link(self, path: str, target: str, kind: str = "linked_folder") -> None:
        self._parents(path)
        self.links[path] = (target, kind)

    def _parents(self, path: str) -> None:
        parts = path.split("/")[:-1]
        for end in range(1, len(parts) + 1):
            self.folders.setdefault("/".join(parts[:end]), len(self.folders) + 1)

    def client(self) -> CubeClient:
        return CubeClient(BASE, transport=httpx.MockTransport(self))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v1/filebrowser/")
        if path == "search/":
            wanted = request.url.params["path"]
            if wanted in self.forbidden:
                return httpx.Response(403, json={"detail": "no"})
            known = [wanted] if wanted in self.folders else []
            return self._list([self._folder(p) for p in known])
        folder_id, what, _ = path.split("/")
        folder = {i: p for p, i in self.folders.items()}[int(folder_id)]
        if what == "children":
            return self._list(
                [self._folder(p) for p in self.folders if _parent(p) == folder]
            )
        if what == "files":
            return self._list(
                [
                    {"id": i, "fname": p, "fsize": 1}
                    for p, i in self.files.items()
                    if _parent(p) == folder
                ]
            )
        return self._list(
            [
                {"id": n, "fname": p, "path": target, kind: "http://x/api/v1/1/"}
                for n, (p, (target, kind)) in enumerate(self.links.items())
                if _parent(p) == folder
            ]
        )

    def _folder(self, path: str) -> dict[str, Any]:
        return {"id": self.folders[path], "path": path}

    @staticmethod
    def _list(rows: list[dict[str, Any]]) -> httpx.Response:
        return httpx.Response(
            200, json={"count": len(rows), "next": None, "results": rows}
        )


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


async def test_links_of_pl_dircopy_stand_for_their_targets() -> None:
    storage = Storage()
    storage.add("up/brain/a.dcm", "up/brain/deep/b.dcm", "up/one.txt")
    storage.link("feed/data/up_brain.chrislink", "up/brain")
    storage.link("feed/data/up_one.txt.chrislink", "up/one.txt", "linked_file")
    entries = [e async for e in storage.client().files.walk("/feed/data/")]
    assert {e.relative: e.file.path for e in entries} == {
        "brain/a.dcm": "up/brain/a.dcm",
        "brain/deep/b.dcm": "up/brain/deep/b.dcm",
        "one.txt": "up/one.txt",
    }
    paths = [f.path async for f in storage.client().files.tree("feed/data")]
    assert sorted(paths) == sorted(e.file.path for e in entries)


async def test_links_in_a_circle_end() -> None:
    storage = Storage()
    storage.add("a/x", "b/y")
    storage.link("a/to_b.chrislink", "b")
    storage.link("b/to_a.chrislink", "a")
    storage.link("b/self.chrislink", "b")
    found = [f.path async for f in storage.client().files.tree("a")]
    assert sorted(found) == ["a/x", "b/y"]


async def test_a_file_reached_twice_comes_once() -> None:
    storage = Storage()
    storage.add("up/one.txt")
    storage.link("d/l1.chrislink", "up/one.txt", "linked_file")
    storage.link("d/l2.chrislink", "up/one.txt", "linked_file")
    assert len([f async for f in storage.client().files.tree("d")]) == 1


@pytest.mark.logs("a link leads nowhere")
async def test_links_that_cannot_be_opened_are_told() -> None:
    storage = Storage()
    storage.add("d/x", "secret/y")
    storage.forbidden.add("secret")
    storage.link("d/a.chrislink", "secret")
    storage.link("d/b.chrislink", "gone", "none")
    storage.link("d/c.chrislink", "hidden")
    told: list[LinkFile] = []
    entries = storage.client().files.walk("d", unreadable=told.append)
    assert [e.relative async for e in entries] == ["x"]
    assert sorted(link.target for link in told) == ["gone", "hidden", "secret"]


async def test_a_single_file_and_nothing_at_all() -> None:
    storage = Storage()
    storage.add("up/one.txt")
    entries = [e async for e in storage.client().files.walk("up/one.txt")]
    assert [(e.relative, e.file.path) for e in entries] == [("one.txt", "up/one.txt")]
    with pytest.raises(NotFound):
        _ = [e async for e in storage.client().files.walk("up/none")]


async def test_two_targets_of_one_name_stay_apart() -> None:
    storage = Storage()
    storage.add("a/brain/x", "b/brain/x", "c/x", "d/x")
    storage.link("feed/1.chrislink", "a/brain")
    storage.link("feed/2.chrislink", "b/brain")
    storage.link("feed/3.chrislink", "c/x", "linked_file")
    storage.link("feed/4.chrislink", "d/x", "linked_file")
    entries = [e async for e in storage.client().files.walk("feed")]
    assert sorted(e.relative for e in entries) == [
        "brain (2)/x",
        "brain/x",
        "x",
        "x (2)",
    ]
