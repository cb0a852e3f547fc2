"""Small files that are put in place together keep their own fates."""

import asyncio
import errno
import hashlib
import os
import threading
from pathlib import Path

import pytest

from chrislib.jobs.outputs import parts
from chrislib.jobs.outputs.shelf import Shelf


async def test_each_file_has_its_own_fate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = parts.fill

    def fill(descriptor: int, data: bytes) -> None:
        if data == b"too much":
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor, data)

    monkeypatch.setattr(parts, "fill", fill)
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
    real = parts.settle

    def slow(descriptor: int) -> None:
        begun.set()
        assert allowed.wait(60)
        real(descriptor)

    monkeypatch.setattr(parts, "settle", slow)
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


async def test_what_lies_in_the_way_is_neither_followed_nor_removed(
    tmp_path: Path,
) -> None:
    outside = tmp_path / "outside"
    outside.write_text("theirs")
    folder = tmp_path / "chosen"
    folder.mkdir()
    link = folder / "f.part"
    link.symlink_to(outside)
    # a link is refused (ELOOP), whatever the system calls that
    with pytest.raises(OSError, match=r"f\.part"):
        await Shelf().put(b"ours", folder / "f")
    assert outside.read_text() == "theirs"
    assert os.listdir(folder) == ["f.part"]
    assert link.is_symlink()


async def test_a_disk_that_takes_a_little_at_a_time_gets_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda to, data: real(to, data[:7]))
    saved = await Shelf().put(b"0123456789" * 5, tmp_path / "f")
    assert saved.path.read_bytes() == b"0123456789" * 5
    assert saved.size == 50
