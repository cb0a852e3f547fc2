"""The file of small pictures: bounded, private, and no loss when it is damaged."""

import os
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chrislib.catalog.thumbnails import Kept, Spot, ThumbnailCache

SIDE = 128


def spot(name: object, side: int = SIDE) -> Spot:
    return Spot(str(name), 50, side)


def picture(size: int, version: str = "1") -> Kept:
    return Kept(version, bytes(size))


@pytest.fixture
async def cache(tmp_path: Path) -> AsyncIterator[ThumbnailCache]:
    made = ThumbnailCache(tmp_path / "deep" / "thumbnails.db", limit=20_000)
    await made.open()
    yield made
    await made.close()


async def test_what_was_put_is_found_by_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "thumbnails.db"
    first = ThumbnailCache(path)
    await first.open()
    await first.put({spot("a"): Kept("7", b"jpeg"), spot("b"): Kept("7", b"", "why")})
    await first.put({spot("a"): Kept("8", b"other")})
    await first.close()
    second = ThumbnailCache(path)
    await second.open()
    found = await second.get([spot("a"), spot("b"), spot("c"), spot("a", 320)])
    assert found == {
        spot("a"): Kept("8", b"other"),
        spot("b"): Kept("7", b"", "why"),
    }
    await second.close()
    if sys.platform != "win32":
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


async def test_the_least_recently_used_give_way(tmp_path: Path) -> None:
    now = 1_000_000.0
    cache = ThumbnailCache(tmp_path / "t.db", limit=20_000, now=lambda: now)
    await cache.open()
    await cache.put({spot("old"): picture(800)})
    now += 10
    await cache.put({spot(number): picture(800) for number in range(15)})
    now += 7200
    assert await cache.get([spot("old")])
    now += 10
    new = {spot(f"new {number}"): picture(800) for number in range(10)}
    await cache.put(new)
    # made first of all, but looked at since; the newest are there, the size is kept
    found = await cache.get([spot("old"), *map(spot, range(15)), *new])
    assert {spot("old"), *new} <= set(found)
    assert len(found) < 20
    assert await cache.size() <= 20_000
    await cache.close()


@settings(max_examples=8, deadline=None)
@given(
    sizes=st.lists(
        st.tuples(st.integers(0, 12), st.integers(0, 6000)), min_size=1, max_size=25
    )
)
async def test_its_size_is_known_and_bounded(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[tuple[int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("cache")
    cache = ThumbnailCache(folder / "thumbnails.db", limit=20_000)
    await cache.open()
    for name, size in sizes:
        await cache.put({spot(name): picture(size)})
        assert await cache.size() <= 20_000
        assert await cache.size() == cache._total
        assert spot(name) in await cache.get([spot(name)])
    await cache.close()


async def test_forgotten_is_gone(cache: ThumbnailCache) -> None:
    await cache.put({spot("a"): picture(9), spot("a", 320): picture(9)})
    await cache.put({spot("b"): picture(9)})
    await cache.forget(["a"])
    assert list(await cache.get([spot("a"), spot("a", 320), spot("b")])) == [spot("b")]
    await cache.clear()
    assert await cache.get([spot("b")]) == {}
    assert await cache.size() == 0


@pytest.mark.logs("catalog damaged")
async def test_a_damaged_file_is_thrown_away(tmp_path: Path) -> None:
    path = tmp_path / "thumbnails.db"
    first = ThumbnailCache(path)
    await first.open()
    await first.put({spot(number): picture(3000) for number in range(50)})
    await first.close()
    raw = bytearray(path.read_bytes())
    raw[4096:40_000] = os.urandom(40_000 - 4096)
    path.write_bytes(raw)
    second = ThumbnailCache(path)
    await second.open()
    assert await second.get([spot(1)]) == {}
    await second.put({spot(1): picture(10)})
    assert len(await second.get([spot(1)])) == 1
    await second.close()
    assert [one.name for one in tmp_path.iterdir()] == ["thumbnails.db"]


@pytest.mark.logs("note of a migration")
async def test_without_a_place_to_keep_them_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    cache = ThumbnailCache(tmp_path / "file" / "thumbnails.db")
    await cache.open()
    await cache.put({spot("a"): picture(9)})
    assert await cache.get([spot("a")]) == {}
    assert await cache.size() == 0
    await cache.close()
