"""The inbox page by page, its filters and mutes; the outbox's counts."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chrislib.catalog.catalog import Catalog
from chrislib.catalog.inbox import InboxQuery, Mute, _where
from chrislib.catalog.outbox import PROBLEMS
from chrislib.catalog.rows import InboxRowText


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    made = Catalog(tmp_path / "catalog.db")
    await made.open()
    yield made
    await made.close()


def row(number: int, **more: Any) -> InboxRowText:
    """Return an outcome."""
    values: dict[str, Any] = {
        "dedupe_key": f"k{number:05}",
        "account_id": 1,
        "kind": "READY",
        "created_at": float(number),
        "feed_id": 12,
        "title": f"Outcome {number}",
    }
    return InboxRowText(**(values | more))


async def put(catalog: Catalog, *rows: InboxRowText) -> None:
    """Put outcomes into the inbox."""
    for one in rows:
        assert await catalog.jobs.add_inbox(one)


async def keys(catalog: Catalog, query: InboxQuery) -> list[str]:
    """Return what a query finds, newest first."""
    return [found.dedupe_key for found in await catalog.inbox.page(query)]


async def test_pages_follow_each_other_without_a_gap(catalog: Catalog) -> None:
    # several of the same moment: the key decides
    rows = [row(n, created_at=float(n // 7)) for n in range(100)]
    await put(catalog, *rows)
    found: list[InboxRowText] = []
    after = None
    while True:
        page = await catalog.inbox.page(InboxQuery(), after=after, limit=9)
        found += page
        if len(page) < 9:
            break
        after = page[-1].created_at, page[-1].dedupe_key
    order = sorted(rows, key=lambda r: (r.created_at, r.dedupe_key), reverse=True)
    assert [r.dedupe_key for r in found] == [r.dedupe_key for r in order]


async def test_filters_and_counts(catalog: Catalog) -> None:
    await put(
        catalog,
        row(1),
        row(2, kind="FAILED", seen_at=9.0),
        row(3, kind="ERRORS", feed_id=13, batch_key="b"),
        row(4, acted_at=9.0),
        row(5, action="discard"),
        row(6, action="off"),
        row(7, toast_batch="t", toast="SHOWN"),
    )
    assert await keys(catalog, InboxQuery()) == [
        "k00007",
        "k00004",
        "k00003",
        "k00002",
        "k00001",
    ]
    assert await keys(catalog, InboxQuery(show="unread")) == [
        "k00007",
        "k00003",
        "k00001",
    ]
    assert await keys(catalog, InboxQuery(show="ready")) == [
        "k00007",
        "k00004",
        "k00001",
    ]
    assert await keys(catalog, InboxQuery(show="problems")) == ["k00003", "k00002"]
    assert await keys(catalog, InboxQuery(feed_id=13)) == ["k00003"]
    assert await keys(catalog, InboxQuery(batch_key="b")) == ["k00003"]
    assert await keys(catalog, InboxQuery(toast="t")) == ["k00007"]
    assert await keys(catalog, InboxQuery(group="feed:13")) == []
    assert await keys(catalog, InboxQuery(group="batch:b")) == ["k00003"]
    counts = await catalog.inbox.counts(InboxQuery(show="ready"))
    assert (counts.total, counts.unread, counts.ready, counts.problems) == (5, 3, 3, 2)
    assert (await catalog.inbox.counts(InboxQuery(feed_id=13))).total == 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("chiari", ["k00001"]),
        ("ÄNNE", ["k00002"]),
        ("strasse", ["k00003"]),
        ("13", ["k00003"]),
        ("feed 13", ["k00003"]),
        ("100%", ["k00004"]),
        ("_", []),
        ("'; DROP TABLE inbox", []),
        ("99999999999999999999999", []),
    ],
)
async def test_words_are_found_in_any_case_and_as_they_are(
    catalog: Catalog, text: str, found: list[str]
) -> None:
    await put(
        catalog,
        row(1, title="Chiari pilot"),
        row(2, title="x", body="Änne Müller"),
        row(3, title="Hauptstraße", feed_id=13),
        row(4, title="100% done", feed_id=None),
    )
    assert await keys(catalog, InboxQuery(text=text)) == found


async def test_read_and_unread(catalog: Catalog) -> None:
    await put(catalog, row(1), row(2, acted_at=5.0), row(3, kind="FAILED"))
    await catalog.inbox.mark_seen(["k00001"], 7.0)
    assert await keys(catalog, InboxQuery(show="unread")) == ["k00003"]
    await catalog.inbox.mark_seen(["k00001", "k00002"], None)
    assert len(await keys(catalog, InboxQuery(show="unread"))) == 3
    assert await catalog.inbox.mark_all_seen(InboxQuery(show="problems"), 8.0) == 1
    assert await catalog.inbox.mark_all_seen(InboxQuery(), 8.0) == 2
    assert await keys(catalog, InboxQuery(show="unread")) == []
    found = await catalog.inbox.find("k00003")
    assert found is not None
    assert found.seen_at == 8.0
    assert await catalog.inbox.find("none") is None


async def test_mutes_run_out_and_are_replaced(catalog: Catalog) -> None:
    inbox = catalog.inbox
    await inbox.mute(Mute(1, "feed", "12", 100.0))
    await inbox.mute(Mute(1, "feed", "13", None))
    await inbox.mute(Mute(2, "feed", "13", 50.0))
    assert len(await inbox.mutes(10.0)) == 3
    await inbox.mute(Mute(1, "feed", "12", None))
    left = await inbox.mutes(60.0)
    assert [(m.account_id, m.ref, m.until) for m in left] == [
        (1, "12", None),
        (1, "13", None),
    ]
    await inbox.unmute(1, "feed", "12")
    assert [m.ref for m in await inbox.mutes(60.0)] == ["13"]


async def test_a_muted_job_is_called_by_its_title(catalog: Catalog) -> None:
    def batch(db: Any) -> None:
        db.execute("INSERT INTO server (server_id, base_url) VALUES (1, 'x')")
        db.execute("INSERT INTO account VALUES (1, 1, 'alex', '', NULL)")
        db.execute(
            "INSERT INTO batch (batch_key, account_id, title, state, total, created_at)"
            " VALUES ('b', 1, 'Night run', 'RUNNING', 1, 0)"
        )

    await catalog._database.write(batch)
    await catalog.inbox.mute(Mute(1, "batch", "b", None))
    (mute,) = await catalog.inbox.mutes(0.0)
    assert mute.title == "Night run"


async def test_a_large_inbox_answers_at_once(catalog: Catalog) -> None:
    def fill(db: Any) -> None:
        db.executemany(
            "INSERT INTO inbox (dedupe_key, account_id, kind, created_at, feed_id, "
            "title, toast) VALUES (?,1,?,?,?,?,?)",
            [
                (
                    f"k{n:05}",
                    "FAILED" if n % 50 == 0 else "READY",
                    float(n),
                    n % 500,
                    f"Outcome {n} of the pilot",
                    "PENDING" if n % 2 else "SHOWN",
                )
                for n in range(10_000)
            ],
        )

    await catalog._database.write(fill)
    took = {}
    questions: dict[str, Callable[[], Awaitable[object]]] = {
        "first page": lambda: catalog.inbox.page(InboxQuery(), limit=200),
        "last page": lambda: catalog.inbox.page(
            InboxQuery(), after=(150.0, "k00150"), limit=200
        ),
        "words": lambda: catalog.inbox.page(InboxQuery(text="9999 OF"), limit=200),
        "counts": lambda: catalog.inbox.counts(InboxQuery()),
        "outbox": lambda: catalog.outbox.read(1e9),
        "claim": lambda: catalog.outbox.claim(1, None, batch="b", now=1e9),
    }
    for name, ask in questions.items():
        began = time.process_time()
        assert await ask()
        took[name] = round((time.process_time() - began) * 1000)
    # on the catalog's threads, never on the window's
    assert max(took.values()) < 1500, took


async def test_waiting_rows_are_found_by_their_own_index(catalog: Catalog) -> None:
    def plan(db: Any) -> str:
        query = "EXPLAIN QUERY PLAN SELECT 1 FROM inbox WHERE toast='PENDING' LIMIT 1"
        return " ".join(str(tuple(r)) for r in db.execute(query))

    assert "inbox_waiting" in await catalog._database.read(plan)


queries = st.builds(
    InboxQuery,
    show=st.sampled_from(["all", "unread", "ready", "problems"]),
    feed_id=st.none() | st.integers(),
    batch_key=st.text(max_size=5),
    group=st.text(max_size=5),
    toast=st.text(max_size=5),
    text=st.text(max_size=20),
)


@settings(max_examples=60, deadline=None)
@given(queries)
def test_nothing_that_was_typed_becomes_sql(query: InboxQuery) -> None:
    where, values = _where(query)
    assert where.count("?") == len(values)
    number = query.text.lower().removeprefix("feed").strip().isdecimal()
    harmless = replace(
        query,
        batch_key=query.batch_key and "b",
        group=query.group and "g",
        toast=query.toast and "t",
        text=query.text and ("1" if number else "a"),
    )
    assert where == _where(harmless)[0]


def test_every_problem_is_a_problem() -> None:
    assert "READY" not in PROBLEMS
    assert len(set(PROBLEMS)) == len(PROBLEMS)
