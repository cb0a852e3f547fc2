"""Outputs with links followed, and the cache of what was looked at."""

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chrislib.cube.errors import Forbidden
from chrislib.cube.folder_types import Thing, ThingKind
from chrislib.cube.listing import Listed
from chrislib.cube.logs import redact
from chrislib.cube.types import StoragePath
from chrislib.feeds.cache import PreviewCache, safe_name
from chrislib.feeds.model import OutputEntry
from chrislib.feeds.output_walk import Batch, OutputWalk, Root, listed
from chrislib.feeds.outputs import find, kind_of, totals, walk
from chrislib.feeds.text import plain


class Storage:
    """A server's storage: files by path, links by path to target."""

    def __init__(self, files: dict[str, int], links: dict[str, str]) -> None:
        self._files = files
        self._links = links
        self.asked: list[str] = []
        self.pages: list[tuple[str, str, int, int]] = []
        self.closed: set[str] = set()
        every = {""}
        for path in (*files, *links):
            parts = path.split("/")
            every |= {"/".join(parts[:depth]) for depth in range(1, len(parts))}
        self._folders = sorted(every)
        self._names = sorted(files)

    async def at(self, path: str) -> Thing | None:
        self.asked.append(path)
        self._check(path)
        return self._folder(path) if path in self._folders else None

    async def get(self, kind: str, thing_id: int) -> Thing:
        assert kind == "file"
        path = self._names[thing_id]
        self._check(path)
        return self._file(path)

    async def page(
        self, folder_id: int, part: str, *, offset: int = 0, limit: int = 500
    ) -> Listed[Thing]:
        folder = self._folders[folder_id]
        self._check(folder)
        self.pages.append((folder, part, offset, limit))
        if part == "children":
            rows = [self._folder(p) for p in self._folders if p and _in(p) == folder]
        elif part == "files":
            rows = [self._file(p) for p in self._files if _in(p) == folder]
        else:
            rows = [self._link(p) for p in self._links if _in(p) == folder]
        rows.sort(key=lambda row: row.path, reverse=True)
        shown = tuple(rows[offset : offset + limit])
        more = offset + limit < len(rows)
        await asyncio.sleep(0)
        return Listed(shown, len(rows), more, len(shown), None)

    def _check(self, path: str) -> None:
        if any(path == one or path.startswith(f"{one}/") for one in self.closed):
            raise Forbidden("Not yours.")

    def _folder(self, path: str) -> Thing:
        return _thing("folder", self._folders.index(path), path)

    def _file(self, path: str) -> Thing:
        number = self._names.index(path)
        return replace(_thing("file", number, path), size=self._files[path])

    def _link(self, path: str) -> Thing:
        target = self._links[path]
        made = replace(_thing("link", 9000, path), target=target)
        number = list(self._links).index(path)
        made = replace(made, id=9000 + number)
        if target in self._folders:
            number = self._folders.index(target)
            return replace(made, target_kind="folder", target_id=number)
        if target in self._files:
            number = self._names.index(target)
            return replace(made, target_kind="file", target_id=number)
        return made


def _in(path: str) -> str:
    return path.rpartition("/")[0]


def _thing(kind: ThingKind, number: int, path: str) -> Thing:
    return Thing(
        kind=kind,
        id=number,
        path=StoragePath(path),
        owner="alex",
        public=False,
        created=None,
    )


async def output_tree(storage: Storage, path: str) -> list[OutputEntry]:
    return await listed(storage, [Root(path)])


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
    tree = await output_tree(storage, ROOT)
    assert totals(tree) == (50, sum(range(50)))
    assert storage.asked.count("home/alex/uploads") == 1


async def test_files_are_resolved_one_by_one_where_their_folder_is_closed() -> None:
    files = {f"home/bob/uploads/{n}.txt": n for n in range(20)}
    links = {f"{ROOT}/{n}.chrislink": f"home/bob/uploads/{n}.txt" for n in range(20)}

    class Closed(Storage):
        async def at(self, path: str) -> Thing | None:
            if path == "home/bob/uploads":
                raise Forbidden("Not yours.")
            return await super().at(path)

    tree = await listed(Closed(files, links), [Root(ROOT)])
    assert totals(tree) == (20, sum(range(20)))


async def test_a_full_folder_comes_page_by_page_from_its_start() -> None:
    files = {f"{ROOT}/{number:05d}.dcm": 7 for number in range(2300)}
    storage = Storage(files, {})
    came: list[str] = []

    def take(batch: Batch) -> None:
        came.extend(entry.relative for entry in batch.entries)

    await OutputWalk(storage, [Root(ROOT)]).run(take)
    assert sorted(came) == [path.rpartition("/")[2] for path in files]
    assert came == sorted(came)
    sizes = [page[3] for page in storage.pages if page[1] == "files"]
    assert sizes == [200, 200, 500, 500, 500, 400]


async def test_many_folders_wait_until_they_are_asked_for() -> None:
    storage = Storage({f"{ROOT}/{n:02d}/deep/a.txt": 1 for n in range(9)}, {})
    listing = OutputWalk(storage, [Root(ROOT)], most=4)
    found: dict[str, int] = {}

    def take(batch: Batch) -> None:
        found.setdefault(batch.parent, 0)
        found[batch.parent] += len(batch.entries)

    await listing.run(take)
    assert found[""] == 9
    assert listing.held > 0
    assert "08/deep" not in found
    assert listing.want("08")
    await listing.run(take)
    assert found["08"] == 1
    listing.want_all()
    await listing.run(take)
    assert listing.held == 0
    assert sum(count for name, count in found.items() if name.endswith("deep")) == 9


async def test_several_nodes_are_one_tree() -> None:
    other = "home/alex/feeds/feed_1/pl-bet_2/data"
    storage = Storage({f"{ROOT}/a.txt": 3, f"{other}/b.txt": 4}, {})
    roots = [
        Root(ROOT, "pl-dircopy_1", "pl-dircopy"),
        Root(other, "pl-bet_2", "pl-bet"),
    ]
    tree = await listed(storage, roots)
    assert [entry.title for entry in tree] == ["pl-bet", "pl-dircopy"]
    assert [entry.relative for entry in walk(tree)] == [
        "pl-bet_2/b.txt",
        "pl-dircopy_1/a.txt",
    ]


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
