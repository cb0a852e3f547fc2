"""Small files that are put in place together keep their own fates."""

import asyncio
import errno
import hashlib
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from chrislib.jobs.outputs import parts
from chrislib.jobs.outputs.shelf import Shelf


async def test_each_file_has_its_own_fate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, threads = parts.write, set[int]()

    def write(out: Any, data: bytes, digest: Any) -> None:
        threads.add(threading.get_ident())
        if data == b"too much":
            raise OSError(errno.ENOSPC, "No space left on device")
        real(out, data, digest)

    monkeypatch.setattr(parts, "write", write)
    made: list[Path] = []

    def make(target: Path) -> Path:
        made.append(target.parent)
        if target.parent.name == "elsewhere":
            raise ValueError("outside")
        target.parent.mkdir(exist_ok=True)
        return target

    shelf = Shelf()
    content = {"a/1": b"one", "a/2": b"too much", "elsewhere/3": b"x", "a/4": b"four"}
    content |= {f"a/{number}": b"more" for number in range(5, 9)}
    results = await asyncio.gather(
        *(shelf.put(data, tmp_path / at, make=make) for at, data in content.items()),
        return_exceptions=True,
    )
    one, full, outside, four, *more = results
    assert isinstance(one, parts.Saved)
    assert one == parts.Saved(
        tmp_path / "a" / "1", 3, hashlib.sha256(b"one").hexdigest()
    )
    assert isinstance(four, parts.Saved)
    assert four.path.read_bytes() == b"four"
    assert isinstance(full, OSError)
    assert isinstance(outside, ValueError)
    assert all(isinstance(saved, parts.Saved) for saved in more)
    assert sorted(os.listdir(tmp_path / "a")) == ["1", *"45678"]
    assert sorted(os.listdir(tmp_path)) == ["a"]
    # two threads took one file each, the others went together
    assert sorted(folder.name for folder in made) == ["a", "a", "a", "elsewhere"]


async def test_who_is_called_off_takes_nobody_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, allowed = threading.Event(), threading.Event()
    real = parts.sync

    def slow(out: Any) -> None:
        begun.set()
        assert allowed.wait(60)
        real(out)

    monkeypatch.setattr(parts, "sync", slow)
    shelf = Shelf()
    waits = [
        asyncio.ensure_future(shelf.put(name.encode(), tmp_path / name))
        for name in "abc"
    ]
    assert await asyncio.to_thread(begun.wait, 60)
    waits[0].cancel()
    waits[1].cancel()
    allowed.set()
    saved = await waits[2]
    assert saved.path.read_bytes() == b"c"
    assert waits[0].cancelled()
    assert waits[1].cancelled()
    # the threads end what they began: all three are whole, and none is a part
    async with asyncio.timeout(60):
        while sorted(os.listdir(tmp_path)) != ["a", "b", "c"]:
            await asyncio.to_thread(threading.Event().wait, 0.01)
    assert {(tmp_path / name).read_text() for name in "abc"} == {"a", "b", "c"}
