"""Outputs with links followed, and the cache of what was looked at."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chrislib.cube.errors import Forbidden
from chrislib.cube.logs import redact
from chrislib.cube.types import (
    FileId,
    Folder,
    FolderId,
    LinkFile,
    StoragePath,
    StoredFile,
)
from chrislib.feeds.cache import PreviewCache, safe_name
from chrislib.feeds.outputs import find, kind_of, output_tree, totals, walk
from chrislib.feeds.text import plain


class Storage:
    """A server's storage: files by path, links by path to target."""

    def __init__(self, files: dict[str, int], links: dict[str, str]) -> None:
        self._files = files
        self._links = links
        self.asked: list[str] = []
        self.closed: set[str] = set()

    async def folder(self, path: str) -> Folder | None:
        self.asked.append(path)
        if path in self.closed:
            raise Forbidden("Not yours.")
        inside = any(p.startswith(path + "/") for p in (*self._files, *self._links))
        return self._folder(path) if inside else None

    async def children(self, folder: Folder) -> AsyncIterator[Folder]:
        names = {
            rest.split("/")[0]
            for rest in self._below(folder, (*self._files, *self._links))
            if "/" in rest
        }
        for name in sorted(names):
            yield self._folder(f"{folder.path}/{name}")

    async def files(self, folder: Folder) -> AsyncIterator[StoredFile]:
        for number, (path, size) in enumerate(self._files.items()):
            if path.rpartition("/")[0] == folder.path:
                yield StoredFile(
                    FileId(number + 1), StoragePath(path), size, "alex", None
                )

    async def links(self, folder: Folder) -> AsyncIterator[LinkFile]:
        for number, (path, target) in enumerate(self._links.items()):
            if path.rpartition("/")[0] == folder.path:
                there: bool | None = None
                if target in self._files:
                    there = False
                elif any(p.startswith(target + "/") for p in self._files):
                    there = True
                yield LinkFile(
                    FileId(number + 900),
                    StoragePath(path),
                    StoragePath(target),
                    there,
                )

    @staticmethod
    def _folder(path: str) -> Folder:
        return Folder(
            FolderId(1), StoragePath(path), "alex", public=False, creation_date=None
        )

    @staticmethod
    def _below(folder: Folder, paths: tuple[str, ...]) -> list[str]:
        head = folder.path + "/"
        return [path[len(head) :] for path in paths if path.startswith(head)]


ROOT = "home/alex/feeds/feed_1/pl-dircopy_1/data"


async def test_links_are_followed_and_named_after_their_target() -> None:
    storage = Storage(
        {
            "home/alex/uploads/brain/0001.dcm": 10,
            "home/alex/uploads/brain/deep/0002.dcm": 20,
            "home/alex/uploads/a.txt": 5,
            f"{ROOT}/out/T1.nii.gz": 100,
        },
        {
            f"{ROOT}/home_alex_uploads_brain.chrislink": "home/alex/uploads/brain",
            f"{ROOT}/home_alex_uploads_a.txt.chrislink": "home/alex/uploads/a.txt",
            f"{ROOT}/home_alex_uploads_gone.chrislink": "home/alex/uploads/gone",
        },
    )
    tree = await output_tree(storage, ROOT)
    assert [(e.relative, e.kind) for e in tree] == [
        ("brain", "folder"),
        ("out", "folder"),
        ("a.txt", "text"),
        ("gone", "gone"),
    ]
    deep = find(tree, "brain/deep/0002.dcm")
    assert deep is not None
    assert deep.path == "home/alex/uploads/brain/deep/0002.dcm"
    assert totals(tree) == (4, 135)
    assert {e.relative for e in walk(tree)} == {
        "brain/0001.dcm",
        "brain/deep/0002.dcm",
        "out/T1.nii.gz",
        "a.txt",
    }


async def test_links_of_one_name_are_told_apart() -> None:
    node = "home/alex/feeds/feed_2/pl-mni152_4/data"
    storage = Storage(
        {
            "SERVICES/PACS/A/T1/1.dcm": 1,
            "SERVICES/PACS/B/T1/1.dcm": 2,
            f"{node}/brain.nii": 3,
        },
        {
            f"{ROOT}/a.chrislink": "SERVICES/PACS/A/T1",
            f"{ROOT}/b.chrislink": "SERVICES/PACS/B/T1",
            f"{ROOT}/c.chrislink": node,
        },
    )
    tree = await output_tree(storage, ROOT)
    assert [e.relative for e in tree] == ["pl-mni152_4", "T1", "T1 (2)"]
    second = find(tree, "T1 (2)/1.dcm")
    assert second is not None
    assert second.path == "SERVICES/PACS/B/T1/1.dcm"


async def test_a_circle_of_links_ends() -> None:
    storage = Storage(
        {f"{ROOT}/x/file.txt": 1}, {f"{ROOT}/x/home_loop.chrislink": f"{ROOT}/x"}
    )
    tree = await output_tree(storage, ROOT)
    inner = find(tree, "x/x")
    assert inner is not None
    assert inner.is_folder
    assert inner.children == ()


async def test_a_link_one_may_not_follow_is_shown_as_gone() -> None:
    storage = Storage(
        {"home/bob/uploads/s/a.txt": 1},
        {f"{ROOT}/home_bob.chrislink": "home/bob/uploads/s"},
    )
    storage.closed.add("home/bob/uploads/s")
    (entry,) = await output_tree(storage, ROOT)
    assert entry.kind == "gone"
    assert await output_tree(storage, "home/alex/nothing") == []


async def test_many_links_into_one_folder_list_it_once() -> None:
    files = {f"home/alex/uploads/{n}.txt": n for n in range(50)}
    links = {f"{ROOT}/{n}.chrislink": f"home/alex/uploads/{n}.txt" for n in range(50)}
    storage = Storage(files, links)
    assert len(await output_tree(storage, ROOT)) == 50
    assert storage.asked.count("home/alex/uploads") == 1


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("T1.nii.gz", "nifti"),
        ("T1.NII", "nifti"),
        ("0001.DCM", "dicom"),
        ("qc.PNG", "image"),
        ("volumes.csv", "table"),
        ("report.json", "json"),
        ("notes.bval", "text"),
        ("a.tar.gz", "file"),
        ("noending", "file"),
    ],
)
def test_kinds(name: str, kind: str) -> None:
    assert kind_of(name) == kind


@given(st.text(min_size=0, max_size=200))
def test_server_names_become_plain_file_names(name: str) -> None:
    safe = safe_name(name)
    assert safe == Path(safe).name
    assert safe.isascii()
    assert 0 < len(safe) <= 96
    assert not safe.startswith(".")
    assert safe.split(".")[0].upper() not in {"CON", "NUL", "AUX", "PRN", "COM1"}


def test_the_ending_of_a_name_is_kept() -> None:
    assert safe_name("../../T1 weighted.nii.gz") == "f_T1_weighted.nii.gz"
    assert safe_name("NUL.txt") == "f_NUL.txt"


def test_the_cache_keeps_what_was_used_last(tmp_path: Path) -> None:
    cache = PreviewCache(tmp_path / "previews", limit=250)
    places = []
    for number in range(4):
        place = cache.place("https://s", number, name="x.png", size=100)
        part = cache.start(place)
        part.write_bytes(b"x" * 100)
        cache.finish(part, place)
        os.utime(place, (number, number))
        places.append(place)
    there = [cache.has(place, 100) for place in places]
    assert there == [False, False, True, True]
    assert not cache.has(places[3], 99)
    assert len(set(places)) == 4
    other = cache.place("https://other", 3, name="x.png", size=100)
    assert other != places[3]


def test_tokens_are_taken_out_and_other_hashes_stay() -> None:
    token = "0123456789abcdef0123456789abcdef01234567"
    commit = "fedcba9876543210fedcba9876543210fedcba98"
    text = f"commit {commit}\nenv: CHRIS_USER_TOKEN: '{token}'\n"
    shown = redact(text)
    assert token not in shown
    assert commit in shown
    assert redact(f"Authorization: Token {token}").endswith("[token removed]")


def test_a_progress_bar_is_its_last_state() -> None:
    assert plain("\x1b[2K 1%\r 50%\r100%\r\nend\x07") == "100%\nend"
    assert plain("a\rb\n") == "b\n"
