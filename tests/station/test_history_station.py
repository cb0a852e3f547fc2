"""History is the same on another computer: the server remembers too."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chrislib import bootstrap
from chrislib.jobs.model import RunIntent
from chrislib.library.history_bringing import Gone
from chrislib.library.history_model import Wanted
from chrislib.library.model import (
    EntryKind,
    HistoryEntry,
    Item,
    ItemId,
    ItemState,
    Source,
)
from chrislib.pacs.types import Criteria
from chrislib.paths import Paths

_PATIENCE = 60.0
NAME = Criteria(values={"PatientName": ("Fernhollow*",)})
REFERENCE = "pl-phantom_ct"


@pytest.fixture(autouse=True)
def _no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")


@asynccontextmanager
async def computer(home: Path, station: Any) -> AsyncIterator[bootstrap.Services]:
    """Have the program without a window over a data folder; None is offline."""
    paths = Paths(
        state=home / "state",
        cache=home / "cache",
        config=home / "config",
        station=home / "data" / "station",
        plugin_envs=home / "envs",
        downloads=home / "downloads",
    )
    paths.config.mkdir(parents=True, exist_ok=True)
    (paths.config / "settings.json").write_text(
        '{"poll_seconds": 0.3, "notifications": "off"}', encoding="utf-8"
    )
    services = await bootstrap.compose(paths)
    try:
        await services.library.start()
        await services.my_library.start()
        await services.history.start()
        if station is not None:
            await services.session.sign_in(
                station.url, station.username, station.password
            )
        await bootstrap.follow(services)
        yield services
    finally:
        await services.jobs.stop()
        await services.close()
        await services.session.close()
        await services.catalog.close()


async def until(condition: Callable[[], Any] | Callable[[], Awaitable[Any]]) -> Any:
    """Wait for a condition with a deadline."""
    async with asyncio.timeout(_PATIENCE):
        while True:
            found = condition()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return found
            await asyncio.sleep(0.05)


async def entries_of(services: Any, **wanted: str) -> list[HistoryEntry]:
    listing = await services.history.listing(Wanted(**wanted))
    ids = [entry_id for entry_id, _ in listing.rows if entry_id]
    found = await services.history.entries(ids)
    assert listing.shown == len(ids) == len(found)
    return [found[one] for one in ids]


def said(entries: list[HistoryEntry]) -> Counter[tuple[EntryKind, str]]:
    return Counter((entry.kind, entry.title) for entry in entries)


async def ready(services: Any, item: Item) -> Item:
    def there() -> Item | None:
        now = services.library.item(item.item_id)
        return now if now and now.state is ItemState.READY and now.path else None

    found: Item = await until(there)
    return found


async def live(services: Any, folder: Path) -> dict[str, Item]:
    """Use every way in once; return what came."""
    library = services.library
    result = await library.lookup(NAME)
    patient = result.patients[0]
    study = patient.studies[0]
    series = min(study.series, key=lambda one: one.images or 0)
    # a step of something larger, and a badge: nobody asked for these
    await services.session.pacs.lookup(
        Criteria(values={"PatientID": (patient.patient_id,)}), passing=True
    )
    entry = (await library.history())[0]
    (pulled,) = await library.pull([(patient, study, series)], entry_id=entry.entry_id)
    folder.mkdir()
    for number in range(3):
        (folder / f"note-{number}.txt").write_text(f"note {number}")
    (sent,) = await library.upload(await library.scan([folder]))
    offered = await library.references()
    wanted = next(one for one in offered if one.plugin_name == REFERENCE)
    fetched = await library.fetch_reference(wanted)
    brought = {
        "series": await ready(services, pulled),
        "upload": await ready(services, sent),
        "reference": await ready(services, fetched),
    }
    plugins = services.session.client.plugins
    (copy,) = [one async for one in plugins.list(name_exact="pl-dircopy")]

    async def feed_of(path: str, title: str) -> Any:
        key = await services.jobs.submit(
            RunIntent(
                plugin_id=copy.id,
                plugin_name=copy.name,
                plugin_version=copy.version,
                plugin_type="fs",
                parameters={"dir": path},
                title=title,
            )
        )
        return await until(
            lambda: (job := services.jobs.get(key)) and job.phase.terminal and job
        )

    made = await feed_of(
        f"{brought['upload'].path},{brought['series'].path}", "Notes and pictures"
    )
    run = await services.session.client.instances.get(made.remote_id)
    # its output is brought in, and a feed made of it
    output = Item(
        item_id=ItemId("output-1"),
        source=Source.FEED,
        title="dircopy",
        state=ItemState.READY,
        path=run.output_path,
        feed_id=made.feed_id,
    )
    await library.keep([output])
    await feed_of(run.output_path, "Once more")
    return brought


async def test_another_computer_shows_the_same_history(
    station_factory: Any, tmp_path: Path
) -> None:
    station = station_factory()
    async with computer(tmp_path / "one", station) as one:
        brought = await live(one, tmp_path / "my notes")
        await until(lambda: one.history.state.complete)

        async def all_kinds() -> list[HistoryEntry]:
            found = await entries_of(one)
            return found if len({entry.kind for entry in found}) == 4 else []

        before = await until(all_kinds)
        kinds = Counter(entry.kind for entry in before)
        assert kinds == {
            EntryKind.LOOKUP: 1,
            EntryKind.UPLOAD: 1,
            EntryKind.REFERENCE: 1,
            EntryKind.OUTPUT: 1,
        }
        lookup = next(entry for entry in before if entry.kind is EntryKind.LOOKUP)
        (use,) = await until(lambda: one.history.feeds_of(lookup))
        assert use.title == "Notes and pictures"
        one.history.refresh()
        await until(lambda: not one.history.state.reading)
        assert said(await entries_of(one)) == said(before)

    async with computer(tmp_path / "two", station) as two:
        assert await entries_of(two) == []
        await until(lambda: two.history.state.complete)
        there = await entries_of(two)
        assert [entry.at for entry in there] == sorted(
            (entry.at for entry in there), reverse=True
        )
        by_kind = {entry.kind: entry for entry in there}
        assert len(by_kind) == len(there) == 4
        lookup, upload = by_kind[EntryKind.LOOKUP], by_kind[EntryKind.UPLOAD]
        assert lookup.title == next(
            entry.title for entry in before if entry.kind is EntryKind.LOOKUP
        )
        assert upload.title == "my notes"
        assert by_kind[EntryKind.REFERENCE].state == "ready"
        # what is seen is looked at: how many files, how much of it is here
        two.history.look(there)

        async def told() -> bool:
            now = {entry.kind: entry for entry in await entries_of(two)}
            return (
                now[EntryKind.UPLOAD].brought == "3 files"
                and "1 of" in now[EntryKind.LOOKUP].brought
            )

        await until(told)
        for kind in (EntryKind.LOOKUP, EntryKind.UPLOAD):
            (use,) = two.history.feeds_of(by_kind[kind])
            assert use.title == "Notes and pictures"
        # what it brought can be had, and is the same on the server
        (item_id,) = await two.history.bring(upload)
        item = two.library.item(item_id)
        assert item is not None
        assert (item.path, item.images) == (brought["upload"].path, 3)
        assert (await two.history.fetch_again(by_kind[EntryKind.REFERENCE])).path == (
            brought["reference"].path
        )
        two.history.refresh()
        await until(lambda: not two.history.state.reading)
        assert said(await entries_of(two)) == said(there)
        (found,) = await entries_of(two, text="notes my")
        assert found.kind is EntryKind.UPLOAD
        assert await entries_of(two, kind="lookups", state="attention") == []
        await two.history.remove([upload.entry_id])
        two.history.refresh()
        await until(lambda: not two.history.state.reading)
        assert EntryKind.UPLOAD not in {e.kind for e in await entries_of(two)}
        await two.history.restore([upload.entry_id])

        # deleted on the server: here and on every other computer
        offered = await two.library.sources.everything()
        mine = next(one for one in offered if one.plugin_name == REFERENCE)
        await two.library.sources.delete_there(mine)
        (deleted,) = await entries_of(two, kind="references")
        assert deleted.state == "gone"

    async with computer(tmp_path / "one", station) as one:
        await until(lambda: one.history.state.connected)
        (entry,) = await entries_of(one, kind="references")
        await one.library.forget(entry.item_ids)

        async def gone() -> bool:
            try:
                await one.history.bring(entry)
            except Gone:
                return True
            return False

        await until(gone)
        (entry,) = await entries_of(one, kind="references")
        assert entry.state == "gone"

    async with computer(tmp_path / "two", None) as offline:
        assert not offline.history.state.connected
        assert said(await entries_of(offline)) == said(there)
        lookup = replace(by_kind[EntryKind.LOOKUP])
        assert offline.history.feeds_of(lookup) == ()
