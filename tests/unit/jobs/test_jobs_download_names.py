"""Whatever a server calls its files: all inside, none lost, none overwritten."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chrislib.cube.types import FileId, StoragePath, StoredFile, TreeFile
from chrislib.jobs.backends.base import Report
from chrislib.jobs.backends.download import DownloadBackend
from chrislib.jobs.backends.slots import EACH, TOTAL, Slots
from chrislib.jobs.model import DownloadIntent, Job, JobKey, Kind, Phase

PART = st.one_of(
    st.sampled_from(
        ["a", "A", "á", "a\u0301", "..", ".", "con", "nul.txt", "x.part", "x", "a b ",
         "C:", "b:c", "b_c", "é" * 130, "…", "\u202egpj.exe", "a.", "-rf", "~"]
    ),
    st.text(max_size=12),
)  # fmt: skip
PATHS = st.lists(
    st.lists(PART, min_size=1, max_size=4).map("/".join), min_size=1, max_size=12
)


class Files:
    """A storage whose files have the names of a bad dream."""

    def __init__(self, relatives: list[str]) -> None:
        self.relatives = relatives

    async def walk(self, _path: str) -> AsyncIterator[TreeFile]:
        """List them."""
        for number, relative in enumerate(self.relatives):
            path = StoragePath(f"out/{number}")
            size = len(self.content(number))
            file = StoredFile(FileId(number), path, size, "u", None)
            yield TreeFile(file=file, relative=relative)

    def content(self, number: int) -> bytes:
        """Return a file's bytes, no two the same."""
        return f"{number} is {self.relatives[number]!r}".encode()

    @asynccontextmanager
    async def opened(
        self, number: int, *, size: int | None = None, start: int = 0
    ) -> AsyncIterator[tuple[int, AsyncIterator[bytes]]]:
        """Send one."""

        async def chunks() -> AsyncIterator[bytes]:
            yield self.content(number)

        yield 0, chunks()


class Table:
    """Artifacts in memory."""

    def __init__(self) -> None:
        self.rows: dict[str, Any] = {}

    async def artifacts(self, _key: str) -> list[Any]:
        """Return what was kept."""
        return list(self.rows.values())

    async def artifacts_at(self, _paths: list[str]) -> dict[str, Any]:
        """Know nothing of earlier downloads."""
        return {}

    async def save_artifacts(self, rows: list[Any]) -> None:
        """Keep rows."""
        self.rows |= {row.remote_path: row for row in rows}


async def fetch(
    relatives: list[str], folder: Path, *, kind: type[Files] = Files
) -> tuple[Any, Files]:
    """Download files of such names."""
    files = kind(relatives)
    client = cast("Any", SimpleNamespace(files=files))
    job = Job(
        JobKey("k"),
        Kind.DOWNLOAD,
        Phase.RUNNING,
        DownloadIntent(("out",), str(folder), "t"),
        "t",
    )
    report = Report(lambda _progress: None, lambda _phase: None)
    outcome = await DownloadBackend(client, cast("Any", Table())).run(job, report)
    return outcome, files


@settings(deadline=None, max_examples=60)
@given(PATHS)
def test_every_file_arrives_once_inside_the_folder(relatives: list[str]) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "chosen")
        outcome, files = asyncio.run(fetch(relatives, folder))
        assert outcome.phase is Phase.FINISHED, outcome.detail
        saved = [path for path in Path(place).rglob("*") if path.is_file()]
        assert all(path.is_relative_to(folder) for path in saved)
        assert sorted(path.read_bytes() for path in saved) == sorted(
            files.content(number) for number in range(len(relatives))
        )
        # On a disk that does not tell case apart they stay apart as well.
        spelled = {str(path).casefold() for path in saved}
        assert len(spelled) == len(saved)


async def test_a_file_and_a_folder_of_one_name_both_arrive(tmp_path: Path) -> None:
    outcome, _ = await fetch(["a", "A/b", "a/c"], tmp_path / "c")
    assert outcome.phase is Phase.FINISHED
    assert len([p for p in (tmp_path / "c").rglob("*") if p.is_file()]) == 3


async def test_what_is_called_otherwise_here_is_told(tmp_path: Path) -> None:
    names = ["a.txt", "A.txt", "CON", "b:c/d.txt", "same/e.txt"]

    class Named(Files):
        async def walk(self, _path: str) -> AsyncIterator[TreeFile]:
            async for entry in super().walk(_path):
                path = StoragePath(f"home/u/data/{entry.relative}")
                yield replace(entry, file=replace(entry.file, path=path))

    outcome, _ = await fetch(names, tmp_path / "c", kind=Named)
    assert outcome.phase is Phase.FINISHED
    assert outcome.detail == (
        "3 files have another name here, because theirs was taken or cannot be used "
        "on this disk: “A.txt” is “A (2).txt”."
    )
    saved = [path for path in (tmp_path / "c").rglob("*") if path.is_file()]
    assert sorted(str(path.relative_to(tmp_path / "c")) for path in saved) == [
        "A (2).txt",
        "_CON",
        "a.txt",
        "b_c/d.txt",
        "same/e.txt",
    ]
    outcome, _ = await fetch(names[:1], tmp_path / "d", kind=Named)
    assert outcome.detail == ""


async def test_a_disk_that_is_nearly_full_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "shutil.disk_usage", lambda _path: SimpleNamespace(free=200 * 1024 * 1024)
    )
    outcome, _ = await fetch(["a"], tmp_path / "c")
    assert outcome.phase is Phase.FINISHED
    assert "are left on this disk" in outcome.detail


async def test_eight_files_an_account_and_sixteen_in_all_move_at_once() -> None:
    slots = Slots()
    now: dict[int, int] = {1: 0, 2: 0, 3: 0}
    most: dict[int, int] = {}
    all_of_them = [0]

    async def move(account: int) -> None:
        async with slots.one(account):
            now[account] += 1
            most[account] = max(most.get(account, 0), now[account])
            all_of_them[0] = max(all_of_them[0], sum(now.values()))
            for _ in range(3):
                await asyncio.sleep(0)
            now[account] -= 1

    await asyncio.gather(*(move(account) for account in (1, 2, 3) for _ in range(20)))
    assert max(most.values()) == EACH == 8
    assert all_of_them == [TOTAL] == [16]
