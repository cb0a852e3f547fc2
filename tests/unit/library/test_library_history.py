"""History of a server beside the journal: what is told, once, and what is not."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chrislib.catalog.history import FeedInputRow
from chrislib.cube.errors import Forbidden, ServerUnreachable
from chrislib.cube.types import (
    FeedId,
    Folder,
    FolderId,
    PacsQuery,
    QueryId,
    StoragePath,
)
from chrislib.library.history_book import HistoryBook
from chrislib.library.history_model import Wanted
from chrislib.library.history_uses import FeedUses
from chrislib.library.model import (
    EntryId,
    EntryKind,
    HistoryEntry,
    Item,
    ItemId,
    ItemState,
    Source,
)
from chrislib.library.service import LibraryService
from chrislib.pacs.types import Criteria

NOW = datetime.now(UTC)


@pytest.fixture
def fakes(neighbours: Any) -> ModuleType:
    return sys.modules[type(neighbours).__module__]


@pytest.fixture
async def book(
    library: LibraryService, neighbours: Any
) -> AsyncIterator[Callable[[], HistoryBook]]:
    """Make books over the library of the test; the last one made is closed."""
    made: list[HistoryBook] = []

    def make() -> HistoryBook:
        made.append(
            HistoryBook(
                catalog=neighbours.catalog,
                library=library,
                session=neighbours.session,
                jobs=neighbours.jobs,
            )
        )
        return made[-1]

    yield make
    for one in made:
        await one.close()


def a_query(number: int, title: str, **others: Any) -> PacsQuery:
    values: dict[str, Any] = {
        "id": QueryId(number),
        "title": title,
        "status": "succeeded",
        "pacs_identifier": "MAIN",
        "query": {"PatientID": f"P{number}"},
        "creation_date": NOW - timedelta(hours=number),
        "owner_username": "alex",
    }
    return PacsQuery(**{**values, **others})


async def read(book: HistoryBook) -> list[HistoryEntry]:
    """Wait until the server was read, and return everything."""
    async with asyncio.timeout(30):
        while not book.state.connected or book.state.reading:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return await shown(book)


async def shown(book: HistoryBook, **wanted: str) -> list[HistoryEntry]:
    listing = await book.listing(Wanted(**wanted))
    ids = [EntryId(one) for one, _ in listing.rows if one]
    found = await book.entries(ids)
    return [found[one] for one in ids]


async def test_only_what_somebody_asked_for_is_told(
    book: Callable[[], HistoryBook], neighbours: Any
) -> None:
    key = "0123456789abcdef0123456789abcdef"
    neighbours.session.fake.pacs.queries = [
        a_query(1, f"chrislib lookup {key} 1", query={"PatientID": "A"}),
        a_query(2, f"chrislib lookup {key} 2", query={"PatientID": "B"}),
        a_query(3, "chrislib step 2f1b2c3d-0000-4000-8000-000000000000"),
        a_query(4, "chrislib pull 2f1b2c3d-0000-4000-8000-000000000000"),
        a_query(5, "chrislib 2f1b2c3d-0000-4000-8000-000000000000"),
        a_query(6, "of a colleague", owner_username="sam"),
        a_query(7, "of another program"),
        a_query(8, "unanswered", status="errored"),
    ]
    history = book()
    await history.start()
    entries = await read(history)
    assert [(entry.entry_id, entry.title) for entry in entries] == [
        (key, "A, B"),
        ("query-uuid-1|a-7", "P7"),
        ("query-uuid-1|a-8", "P8"),
    ]
    assert [entry.state for entry in entries] == ["nomatch", "nomatch", "failed"]


async def test_one_lookup_is_one_entry_wherever_it_was_made(
    book: Callable[[], HistoryBook], library: LibraryService, neighbours: Any
) -> None:
    await library.lookup(Criteria(values={"PatientID": ("4543673",)}))
    (mine,) = await library.history()
    neighbours.session.fake.pacs.queries = [
        a_query(1, f"chrislib lookup {mine.entry_id} 1")
    ]
    history = book()
    await history.start()
    assert [entry.title for entry in await read(history)] == [mine.title]
    # it was read before it was known here: still once
    history.refresh()
    assert len(await read(history)) == 1


async def test_who_may_not_use_the_pacs_still_sees_the_rest(
    book: Callable[[], HistoryBook], neighbours: Any, fakes: ModuleType
) -> None:
    def refuse(**_filters: object) -> AsyncIterator[PacsQuery]:
        raise Forbidden("You may not use the PACS.")

    fake = neighbours.session.fake
    fake.pacs.stored = refuse
    fake.files.folders = [
        Folder(
            FolderId(9),
            StoragePath("home/alex/uploads/2026-03-04-sub_07"),
            "alex",
            False,
            NOW,
        )
    ]
    fake.files.stored["home/alex/uploads/2026-03-04-sub_07/a.txt"] = b"x"
    atlas = fakes.a_plugin(1, "pl-atlas", category="Atlas")
    fake.plugins.known = [atlas, fakes.a_plugin(2, "pl-git-clone")]
    fake.instances.known = {
        5: fakes.a_run(5, atlas, start_date=NOW, title="An atlas"),
        6: fakes.a_run(6, fake.plugins.known[1], start_date=NOW),
        7: fakes.a_run(7, atlas, start_date=NOW, owner_username="sam"),
    }
    history = book()
    await history.start()
    entries = await read(history)
    assert {(entry.kind, entry.title) for entry in entries} == {
        (EntryKind.UPLOAD, "sub 07"),
        (EntryKind.REFERENCE, "An atlas"),
    }
    history.look(entries)
    async with asyncio.timeout(30):
        while "1 file" not in {  # noqa: ASYNC110
            one.brought for one in await shown(history)
        }:
            await asyncio.sleep(0.01)
    # the folder is deleted on the server: the entry says so
    fake.files.folders = []
    history.refresh()
    await read(history)
    (upload,) = await shown(history, kind="uploads")
    assert upload.state == "gone"


async def test_a_server_that_fails_leaves_what_is_known(
    book: Callable[[], HistoryBook], library: LibraryService, neighbours: Any
) -> None:
    def fail(**_filters: object) -> AsyncIterator[PacsQuery]:
        raise ServerUnreachable("No answer.", "Nothing was changed.")

    await library.lookup(Criteria(values={"PatientID": ("4543673",)}))
    neighbours.session.fake.pacs.stored = fail
    history = book()
    await history.start()
    assert len(await read(history)) == 1
    assert history.state.error is not None
    client, neighbours.session.client = neighbours.session.client, None
    neighbours.session.tell()
    assert not history.state.connected
    assert len(await shown(history)) == 1
    del neighbours.session.fake.pacs.stored
    neighbours.session.client = client
    neighbours.session.tell()
    await read(history)
    assert history.state.error is None


async def test_words_states_and_removal(
    book: Callable[[], HistoryBook], library: LibraryService
) -> None:
    history = book()
    await history.start()
    await read(history)
    journal = library.journal
    for number, (title, state) in enumerate(
        (("Müller, Jürgen", "ready"), ("山田 太郎", "nomatch"), ("Doe", "failed"))
    ):
        await journal.put(
            HistoryEntry(
                EntryId(f"e{number}"),
                EntryKind.LOOKUP,
                title,
                "Name",
                1000.0 + number,
                state,
                request={"values": {"AccessionNumber": ["58684554"]}},
            )
        )
    assert [one.title for one in await shown(history, text="jurgen mul")] == [
        "Müller, Jürgen"
    ]
    assert len(await shown(history, text="5868455")) == 3
    assert [one.title for one in await shown(history, text="太")] == ["山田 太郎"]
    assert await shown(history, text="' OR 1=1 --") == []
    assert [one.title for one in await shown(history, state="attention")] == ["Doe"]
    before = history.version
    await history.remove([EntryId("e0")])
    assert history.version > before
    assert [one.title for one in await shown(history)] == ["Doe", "山田 太郎"]
    assert len(await library.history()) == 2
    await history.restore([EntryId("e0")])
    assert len(await shown(history)) == len(await library.history()) == 3


async def test_outputs_that_are_brought_in_are_one_entry(
    book: Callable[[], HistoryBook], library: LibraryService
) -> None:
    history = book()
    await history.start()
    await read(history)
    items = [
        Item(
            item_id=ItemId(f"out-{number}"),
            source=Source.FEED,
            title=title,
            state=ItemState.READY,
            path=f"home/alex/feeds/feed_7/{title}_1/data",
            feed_id=7,
        )
        for number, title in enumerate(("mri10yr", "freesurfer"))
    ]
    await library.keep(items)
    async with asyncio.timeout(30):
        while not (  # noqa: ASYNC110
            entries := await shown(history, kind="outputs")
        ):
            await asyncio.sleep(0.02)
    (entry,) = entries
    assert (entry.title, entry.detail) == ("mri10yr, freesurfer", "Output of feed 7")
    assert entry.brought == "2 outputs"
    await library.keep([replace(items[0], size=12)])
    assert len(await shown(history, kind="outputs")) == 1


_PART = st.sampled_from("abcd")
_PATH = st.lists(_PART, min_size=1, max_size=4).map("/".join)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(_PATH, st.integers(1, 5)), max_size=12), st.lists(_PATH))
def test_feeds_are_found_by_any_path_they_share(
    inputs: list[tuple[str, int]], asked: list[str]
) -> None:
    uses = FeedUses()
    uses.add(
        FeedInputRow(
            account_key="a", instance_id=n, path=path, feed_id=feed, title="", at=0.0
        )
        for n, (path, feed) in enumerate(inputs)
    )
    found = {use.feed_id for use in uses.of(asked)}

    def meets(one: str, other: str) -> bool:
        return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")

    assert found == {
        feed for path, feed in inputs if any(meets(path, one) for one in asked)
    }


async def test_overrides_facts_and_removals_are_kept(
    library: LibraryService, neighbours: Any, fakes: ModuleType
) -> None:
    fake = neighbours.session.fake
    atlas = fakes.a_plugin(1, "pl-atlas", title="An atlas")
    fake.plugins.known = [
        atlas,
        fakes.a_plugin(2, "pl-git-clone", title="Clone"),
        fakes.a_plugin(3, "pl-needs", title="Needs a folder"),
    ]
    fake.plugins.required = {3}
    fake.instances.known[7] = fakes.a_run(7, atlas, feed_id=FeedId(12))
    fake.files.stored["home/alex/feeds/feed_7/out/t1.nii.gz"] = b"12345"

    async def seen(service: LibraryService) -> dict[str, Any]:
        return {one.title: one for one in await service.sources.everything()}

    now = await seen(library)
    assert [one.hidden for one in now.values()] == [False, True, True]
    assert now["Needs a folder"].needs_values
    # a finished fetch of another computer is used, measured and remembered
    item = await library.fetch_reference(now["An atlas"])
    async with asyncio.timeout(30):
        while (library.item(item.item_id) or item).size is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    now = await seen(library)
    await library.sources.measured([now["An atlas"]])
    await library.sources.show("pl-git-clone", True)
    await library.sources.drop(now["An atlas"])
    second = neighbours.service()
    await second.start()
    now = await seen(second)
    atlas_now, clone = now["An atlas"], now["Clone"]
    assert (atlas_now.item, atlas_now.files, atlas_now.size) == (None, 1, 5)
    assert (clone.hidden, clone.overridden) == (False, True)
    again = await second.fetch_reference(atlas_now)
    assert (again.path, neighbours.jobs.submitted) == (item.path, [])
    assert (await seen(second))["An atlas"].item is not None
    await second.stop()
