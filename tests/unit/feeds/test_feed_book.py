"""All feeds of an account: read in pages, corrected, arranged."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chrislib.cube.errors import NotFound
from chrislib.cube.types import Feed, FeedId
from chrislib.feeds.arranging import KINDS, ORDERS, Arranging, days_of, labels_with
from chrislib.feeds.book import FeedBook, Scopes
from chrislib.feeds.lists import FeedLists
from chrislib.feeds.model import FeedRow

ME = "alex"
BEGAN = datetime(2026, 3, 4, tzinfo=UTC)


def feed(number: int, *, owner: str = ME, times: int = 1, **jobs: int) -> Feed:
    counted = jobs or {"finished_jobs": 2}
    return Feed(
        id=FeedId(number),
        name=f"Feed number {number}",
        owner_username=owner,
        public=False,
        creation_date=BEGAN + timedelta(minutes=number),
        folder_path=cast("Any", f"home/{owner}/feeds/feed_{number}"),
        jobs={name.removesuffix("_jobs"): n * times for name, n in counted.items()},
    )


class Server:
    """Lists feeds; counts them `times` over where they are shared."""

    username = ME

    def __init__(self, *feeds: Feed) -> None:
        self.feeds_ = {row.id: row for row in feeds}
        self.shared: dict[int, int] = {}
        self.public_: list[Feed] = []
        self.rows_sent = 0
        self.deletes_after: tuple[int, int] | None = None
        self.asked: list[int] = []

    @property
    def feeds(self) -> "Server":
        return self

    async def list(self, *, ahead: bool = False) -> AsyncIterator[Feed]:
        offset = 0
        while True:
            order = sorted(self.feeds_, reverse=True)[offset : offset + 100]
            for number in order:
                row = self.feeds_[FeedId(number)]
                times = self.shared.get(number, 1)
                jobs = {name: count * times for name, count in row.jobs.items()}
                self.rows_sent += 1
                if self.deletes_after and self.rows_sent == self.deletes_after[0]:
                    del self.feeds_[FeedId(self.deletes_after[1])]
                yield Feed(**{**_fields(row), "jobs": jobs})
            if len(order) < 100:
                return
            offset += 100

    async def public(self, *, ahead: bool = False) -> AsyncIterator[Feed]:
        for row in self.public_:
            yield row

    async def get(self, number: int) -> Feed:
        self.asked.append(number)
        if number not in self.feeds_:
            raise NotFound("gone")
        return self.feeds_[FeedId(number)]


def _fields(row: Feed) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__dataclass_fields__}


async def read(book: FeedBook, server: Server, *, whole: bool, **more: Any) -> Scopes:
    return await book.read(cast("Any", server), whole=whole, **more)


async def test_pages_are_told_as_they_come_and_the_newest_cost_one() -> None:
    server = Server(*(feed(number) for number in range(1, 451)))
    book, told = FeedBook(), list[int]()
    scopes = await read(
        book, server, whole=True, told=lambda known: told.append(len(known["mine"]))
    )
    assert told == [100, 200, 400]
    assert [row.id for row in scopes["mine"]] == list(range(450, 0, -1))
    assert book.whole
    server.rows_sent = 0
    server.feeds_[FeedId(500)] = feed(500)
    scopes = await read(book, server, whole=False)
    assert (scopes["mine"][0].id, len(scopes["mine"])) == (500, 451)
    assert server.rows_sent == 100


async def test_feeds_of_others_stand_apart() -> None:
    server = Server(feed(1), feed(2, owner="kim"))
    server.public_ = [feed(9, owner="sam")]
    scopes = await read(FeedBook(), server, whole=True)
    assert {key: [row.id for row in rows] for key, rows in scopes.items()} == {
        "mine": [1],
        "shared": [2],
        "public": [9],
    }


async def test_what_is_deleted_goes_and_what_slipped_between_pages_stays() -> None:
    server = Server(*(feed(number) for number in range(1, 151)))
    book = FeedBook()
    await read(book, server, whole=True)
    server.rows_sent = 0
    # One of the first page goes while it is read: number 50 moves up into it.
    server.deletes_after = (100, 120)
    scopes = await read(book, server, whole=True)
    ids = {row.id for row in scopes["mine"]}
    assert 50 in ids
    assert server.asked == [50]
    server.asked.clear()
    scopes = await read(book, server, whole=True)
    assert 120 not in {row.id for row in scopes["mine"]}
    assert server.asked == [120]


async def test_the_newest_page_tells_what_was_deleted_elsewhere() -> None:
    server = Server(*(feed(number) for number in range(1, 251)))
    book = FeedBook()
    await read(book, server, whole=True)
    for number in (240, 60):
        del server.feeds_[FeedId(number)]
    scopes = await read(book, server, whole=False)
    ids = {row.id for row in scopes["mine"]}
    assert 240 not in ids
    assert server.asked == [240]
    # the page did not reach so far; nobody was asked
    assert 60 in ids
    book.drop([60])
    assert 60 not in {row.id for row in book.scopes()["mine"]}


async def test_shared_feeds_are_counted_once_after_one_look() -> None:
    server = Server(feed(5, finished_jobs=7, started_jobs=2))
    server.shared[5] = 3
    book = FeedBook()
    scopes = await read(book, server, whole=True)
    assert scopes["mine"][0].nodes == 27
    assert book.unchecked([5]) == [5]
    row = book.exact(server.feeds_[FeedId(5)])
    assert row is not None
    assert row.nodes == 9
    assert book.unchecked([5]) == []
    server.feeds_[FeedId(5)] = feed(5, finished_jobs=8, started_jobs=2)
    scopes = await read(book, server, whole=False)
    assert scopes["mine"][0].nodes == 10


async def test_each_feed_is_looked_at_once_also_one_that_is_gone() -> None:
    server = Server(feed(1), feed(2), feed(3))
    room = SimpleNamespace(client=lambda: server, on_change=lambda _forget: None)
    lists = FeedLists(cast("Any", room))
    await lists.all_feeds()
    del server.feeds_[FeedId(2)]
    seen = await lists.check_counts([1, 2, 3], again=[3], most=2)
    assert [row.id for row in seen] == [3, 1]
    assert await lists.check_counts([1, 2, 3]) == []
    assert server.asked == [3, 1, 2]
    assert await lists.check_counts([1, 2, 3]) == []
    assert server.asked == [3, 1, 2]


rows = st.builds(
    FeedRow,
    id=st.integers(1, 400).map(FeedId),
    title=st.text("aÄb ", max_size=6),
    owner=st.sampled_from(["alex", "kim"]),
    created=st.none(),
    public=st.booleans(),
    states=st.dictionaries(
        st.sampled_from(["ready", "running", "failed", "errors"]), st.integers(1, 9)
    ),
)


@given(
    st.lists(rows, unique_by=lambda row: row.id),
    st.sampled_from([key for key, _ in ORDERS]),
    st.sampled_from([key for key, _ in KINDS]),
)
def test_an_order_keeps_every_feed_of_its_kind(
    feeds: list[FeedRow], order: str, kind: str
) -> None:
    shown = Arranging(order=order, kind=kind).of(feeds)
    assert len(shown) == len(set(map(id, shown)))
    everything = Arranging(order=order).of(feeds)
    assert sorted(row.id for row in everything) == sorted(row.id for row in feeds)
    assert [row for row in everything if row in shown] == shown
    # The same order whatever order they came in.
    assert Arranging(order=order, kind=kind).of(reversed(feeds)) == shown


@pytest.mark.parametrize(
    ("kind", "ids"),
    [
        ("working", [3]),
        ("ready", [1]),
        ("problems", [4, 3, 2]),
        ("errors", [2]),
        ("cancelled", [4, 3]),
        ("all", [4, 3, 2, 1]),
    ],
)
def test_kinds_of_feeds(kind: str, ids: list[int]) -> None:
    states: list[dict[str, int]] = [
        {"ready": 2},
        {"ready": 1, "errors": 1},
        {"running": 1, "failed": 1},
        {"ready": 1, "cancelled": 2},
    ]
    feeds = [
        FeedRow(FeedId(n), f"f{n}", ME, None, public=False, states=one)
        for n, one in enumerate(states, 1)
    ]
    assert [row.id for row in Arranging(kind=kind).of(feeds)] == ids


def test_only_tags_with_a_word_can_add_a_feed_to_a_search() -> None:
    labels = ("Brain age", "teaching", "(no name)")
    assert labels_with("AGE  teach", labels) == ["Brain age", "teaching"]
    assert labels_with(" ", labels) == []


def test_file_names_found_by_the_server_stand_for_the_words() -> None:
    feeds = [FeedRow(FeedId(n), "x", ME, None, public=False, states={}) for n in (1, 2)]
    assert [r.id for r in Arranging(words="T1", only=frozenset({2})).of(feeds)] == [2]


@given(
    st.lists(rows, unique_by=lambda row: row.id, max_size=12),
    st.sampled_from([key for key, _ in ORDERS]),
    st.frozensets(st.integers(1, 400), max_size=6),
    st.lists(st.integers(1, 400), unique=True, max_size=6),
)
def test_pinned_feeds_stand_on_top_in_any_order(
    feeds: list[FeedRow], order: str, pinned: frozenset[int], recent: list[int]
) -> None:
    wish = Arranging(order=order, pinned=pinned, recent=tuple(recent))
    marks = [row.id in pinned for row in wish.of(feeds)]
    assert marks == sorted(marks, reverse=True)
    if order == "recent" and not pinned:
        opened = [row.id for row in wish.of(feeds) if row.id in recent]
        assert opened == [one for one in recent if one in opened]
    only = replace(wish, marked="recent").of(feeds)
    assert {row.id for row in only} == {row.id for row in feeds} & set(recent)


def test_days_are_those_of_this_computer() -> None:
    made = [
        FeedRow(FeedId(n), "x", ME, when, public=False, states={})
        for n, when in enumerate((BEGAN, BEGAN + timedelta(days=3), None), 1)
    ]
    day = BEGAN.astimezone().date()
    assert [r.id for r in Arranging(until=day).of(made)] == [1]
    assert [r.id for r in Arranging(since=day).of(made)] == [2, 1]
    assert days_of("week", day) == (day - timedelta(days=6), None)
    assert days_of("", day) == (None, None)
