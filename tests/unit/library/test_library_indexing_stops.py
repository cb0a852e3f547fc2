"""Imports stopped, cancelled and bereft of the processes that read for them."""

import asyncio
import itertools
import logging
import os
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from chrislib.catalog.catalog import Catalog
from chrislib.library.indexing import pool as pools
from chrislib.library.indexing.indexer import Indexer
from chrislib.library.indexing.report import IndexReport
from tests.unit.library.indexing_files import content, dicom, opened, series


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    found = await opened(tmp_path)
    yield found
    await found.close()


def held(tmp_path: Path) -> dict[str, Any]:
    return content(tmp_path / "state" / "catalog.db")


def gated(monkeypatch: pytest.MonkeyPatch, begin: Callable[[Any, int], object]) -> None:
    """Have something done before each portion that a process is given."""
    asked = itertools.count(1)

    class Gated(pools._Worker):
        def put(self, question: Any) -> None:
            begin(self, next(asked))
            super().put(question)

    monkeypatch.setattr(pools, "_Worker", Gated)


async def test_it_stops_at_once_and_goes_on_later(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "files"
    for which in range(1, 11):
        series(root / str(which), 100, which=which)
    stop = threading.Event()
    # Held up for longer than reports are apart: what was read till then is told.
    gated(monkeypatch, lambda _worker, asked: asked < 4 or stop.wait(1))
    seen: list[int] = []

    def progress(report: IndexReport) -> None:
        seen.append(report.read)
        if report.read:
            stop.set()

    indexer = Indexer(catalog.index, processes=1)
    report = await indexer.bring_in(root, progress=progress, stop=stop)
    assert report.stopped
    assert any(seen)
    partial = held(tmp_path)
    assert 0 < len(partial["files"]) < 1000
    assert [one.state for one in await catalog.index.roots()] == ["STOPPED"]
    again = await indexer.bring_in(root)
    assert not again.stopped
    assert again.read == 1000 - len(partial["files"])
    assert len(held(tmp_path)["files"]) == 1000


async def test_what_was_cut_off_is_known_at_the_next_start(
    catalog: Catalog, tmp_path: Path
) -> None:
    series(tmp_path / "cut", 2)
    indexer = Indexer(catalog.index, processes=0)
    await catalog.index.mark(os.fsencode(tmp_path / "cut"), "RUNNING")
    assert await indexer.unfinished() == [tmp_path / "cut"]
    await indexer.bring_in(tmp_path / "cut")
    assert await indexer.unfinished() == []


async def test_progress_comes_at_most_ten_times_a_second(
    catalog: Catalog, tmp_path: Path
) -> None:
    root = tmp_path / "files"
    for which in range(1, 11):
        series(root / str(which), 100, which=which)
    told: list[float] = []
    began = time.monotonic()
    await Indexer(catalog.index, processes=0).bring_in(
        root, progress=lambda _report: told.append(time.monotonic())
    )
    assert 1 <= len(told) <= (time.monotonic() - began) * 10 + 2


async def test_a_caller_that_is_cancelled_leaves_no_thread_or_process(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "files"
    for which in range(1, 11):
        series(root / str(which), 100, which=which)
    loop, began = asyncio.get_running_loop(), asyncio.Event()
    working: set[int] = set()

    def begin(worker: Any, asked: int) -> None:
        working.add(worker.pid)
        if asked == 3:
            loop.call_soon_threadsafe(began.set)

    gated(monkeypatch, begin)
    indexer = Indexer(catalog.index, processes=1)
    task = asyncio.create_task(indexer.bring_in(root))
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not [t for t in threading.enumerate() if t.name == "header-reader"]
    assert working
    for number in working:
        with pytest.raises(ProcessLookupError):
            os.kill(number, 0)


async def test_a_process_that_is_killed_loses_nothing(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "files"
    for which in range(1, 9):
        series(root / str(which), 100, which=which)
    killed: list[int] = []

    def begin(worker: Any, asked: int) -> None:
        if asked in (2, 5, 8):
            killed.append(worker.pid)
            os.kill(worker.pid, signal.SIGKILL)

    gated(monkeypatch, begin)
    report = await Indexer(catalog.index, processes=1).bring_in(root)
    assert len(set(killed)) == 3
    assert report.unreadable == 0
    assert (report.read, report.images) == (800, 800)
    assert len(held(tmp_path)["files"]) == 800


async def test_a_file_that_kills_its_reader_is_named_and_the_rest_is_read(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "files"
    series(root, 20)
    (root / "evil.dcm").write_bytes(dicom(sop="6.6.6"))

    class Mortal(pools._Worker):
        def __init__(self) -> None:
            super().__init__()
            self.asked: list[Any] = []

        def put(self, question: Any) -> None:
            self.asked.append(question)
            super().put(question)

        def read(self) -> Any:
            if any(b"evil.dcm" in names for _, names in self.asked.pop(0)):
                self.kill()
                return None
            return super().read()

    monkeypatch.setattr(pools, "_Worker", Mortal)
    report = await Indexer(catalog.index, processes=1).bring_in(root)
    assert report.images == 20
    assert [path.name for path, _ in report.problems] == ["evil.dcm"]


async def test_nothing_of_people_is_logged(
    catalog: Catalog, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = tmp_path / "Seeded Folder"
    series(root, 3, name="Seeded^Name", patient="SEEDED7", birth="19610203")
    (root / "Seeded.dcm").write_bytes(dicom(name="Seeded^Name")[:300])
    with caplog.at_level(logging.DEBUG):
        await Indexer(catalog.index, processes=1).bring_in(root)
    said = "".join(
        record.getMessage() for record in caplog.records if record.name != "asyncio"
    )
    assert "Seeded" not in said
    assert "SEEDED7" not in said
    assert "19610203" not in said
