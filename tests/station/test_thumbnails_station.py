"""The picture of a series that lies on a server: one instance, and never the series."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file

from chrislib.catalog.thumbnails import ThumbnailCache
from chrislib.cube.client import CubeClient
from chrislib.library.model import Item, ItemId, ItemState, Source
from chrislib.library.opening import fetch_sample
from chrislib.library.thumbnails.model import (
    LARGE,
    SMALL,
    Made,
    Outcome,
    Subject,
    Wanted,
)
from chrislib.library.thumbnails.service import Thumbnails
from tests.station.test_jobs_station import signed_in

_IMAGES = 9
_PATIENCE = 60.0


class Counted:
    """A client that counts what it asks for."""

    def __init__(self, client: CubeClient, monkeypatch: pytest.MonkeyPatch) -> None:
        self.client = client
        self.asked: list[str] = []
        self.fetched: list[str] = []
        self.open = asyncio.Event()
        self.open.set()
        send, streaming = client._wire.send, client._wire.streaming

        async def sending(method: str, url: str, **options: Any) -> Any:
            self.asked.append(url)
            return await send(method, url, **options)

        @asynccontextmanager
        async def stream(url: str, **options: Any) -> AsyncIterator[Any]:
            self.fetched.append(url)
            await self.open.wait()
            async with streaming(url, **options) as answer:
                yield answer

        monkeypatch.setattr(client._wire, "send", sending)
        monkeypatch.setattr(client._wire, "streaming", stream)


@pytest.fixture
async def counted(
    station: Any, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Counted]:
    client = await signed_in(station)
    yield Counted(client, monkeypatch)
    await client.aclose()


async def series_on(client: CubeClient, tmp_path: Path) -> Item:
    """Upload a series whose images differ, and return its item."""
    place = f"home/{client.username}/uploads/thumbs-{uuid4().hex[:8]}"
    await client.files.make_folder(place)
    dataset = dcmread(str(get_testdata_file("CT_small.dcm")))
    for number in range(_IMAGES):
        dataset.InstanceNumber = number
        dataset.PixelData = bytes([number, 0]) * (dataset.Rows * dataset.Columns)
        file = tmp_path / f"{number:04}.dcm"
        dataset.save_as(file)
        await client.files.upload(file, f"{place}/{file.name}")
    return Item(
        item_id=ItemId(uuid4().hex),
        source=Source.PACS,
        title="CT",
        state=ItemState.READY,
        path=place,
        series_uid="1.2.3",
        images=_IMAGES,
    )


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE):
        while not true():  # noqa: ASYNC110 - a condition, not an event
            await asyncio.sleep(0.01)


class Desk:
    """The service over a client, and what it told."""

    def __init__(self, client: CubeClient, folder: Path) -> None:
        async def fetch(item: Item) -> Path | None:
            return await fetch_sample(client, item, folder=folder / "samples")

        self.told: dict[Wanted, Made] = {}
        self.service = Thumbnails(
            ThumbnailCache(folder / "thumbnails.db"),
            chooser=None,  # type: ignore[arg-type] # nothing is on this computer
            fetch=fetch,
            processes=1,
        )
        self.service.subscribe(
            lambda made: self.told.update({one.wanted: one for one in made})
        )

    async def answer(self, wanted: Wanted) -> Made:
        await until(lambda: wanted in self.told)
        return self.told[wanted]


async def test_exactly_one_instance_is_fetched(
    counted: Counted, tmp_path: Path
) -> None:
    item = await series_on(counted.client, tmp_path)
    counted.asked.clear()
    desk = Desk(counted.client, tmp_path)
    subject = Subject.of_item(item)
    small, large = Wanted(subject, SMALL), Wanted(subject, LARGE)
    desk.service.wish("grid", [large])
    desk.service.wish("tray", [small])
    for wanted in (small, large):
        made = await desk.answer(wanted)
        assert made.outcome is Outcome.READY
        assert made.jpeg
    assert len(counted.fetched) == 1, "one file"
    assert len(counted.asked) == 2, "the folder, and one row of its list"
    await desk.service.close()
    # the next start finds both on this computer
    again = Desk(counted.client, tmp_path)
    again.service.wish("grid", [small, large])
    assert (await again.answer(large)).outcome is Outcome.READY
    assert (await again.answer(small)).outcome is Outcome.READY
    await again.service.close()
    assert len(counted.fetched) == 1
    assert not list((tmp_path / "samples").iterdir())


async def test_what_was_scrolled_away_is_let_go(
    counted: Counted, tmp_path: Path
) -> None:
    item = await series_on(counted.client, tmp_path)
    away = [replace(item, item_id=ItemId(f"away-{number}")) for number in range(30)]
    desk = Desk(counted.client, tmp_path)
    counted.open.clear()
    desk.service.wish("grid", [Wanted(Subject.of_item(one)) for one in away])
    await until(lambda: len(counted.fetched) == 3)
    seen = Wanted(Subject.of_item(item))
    desk.service.wish("grid", [seen])
    await until(lambda: len(counted.fetched) == 4)
    counted.open.set()
    assert (await desk.answer(seen)).outcome is Outcome.READY
    await desk.service.close()
    assert len(counted.fetched) == 4, "three at a time, and none of the others"
    assert {made.wanted.subject for made in desk.told.values()} == {seen.subject}
