"""The planner: what it asks for, and what it must never claim."""

from hypothesis import given, settings
from hypothesis import strategies as st

from chrislib.jobs.backends.base import Abilities
from chrislib.jobs.polling import plan as planner
from chrislib.jobs.polling.capabilities import (
    LEAST_PAGE,
    Caps,
    PageSize,
    from_json,
    negotiated,
    to_json,
)
from chrislib.jobs.polling.cover import clusters, look_at
from chrislib.jobs.polling.ledger import Ledger
from chrislib.jobs.polling.queries import (
    SUCCESS,
    Active,
    Digest,
    Ended,
    FeedCount,
    FeedCounts,
    FeedRuns,
    Point,
    Registering,
)
from chrislib.jobs.polling.repairs import repairs

NOW = 1_800_000_000.0
ages = st.floats(min_value=0.0, max_value=7_200.0)


def ledger_of(registering: list[float], started: int = 20, feeds: int = 3) -> Ledger:
    """Return a ledger with runs that register since so many seconds, and others."""
    ledger = Ledger()
    for number in range(started):
        ledger.saw(
            number + 1,
            number % feeds + 1,
            "started",
            start=NOW - 100,
            end=NOW - 100,
            mine=True,
        )
    for number, age in enumerate(registering):
        ledger.saw(
            1_000 + number,
            number % feeds + 1,
            "registeringFiles",
            start=NOW - age - 600,
            end=NOW - age,
            mine=True,
        )
    return ledger


@given(st.lists(ages, max_size=30))
def test_the_watermark_stays_behind_what_may_still_be_found(
    registering: list[float],
) -> None:
    ledger = ledger_of(registering)
    view = planner.View(ledger=ledger, now=NOW, frontier=NOW - 60)
    for plan in (planner.plan(view, Caps()), planner.plan(tiny(view), Caps())):
        assert plan.low is not None
        assert plan.low <= NOW - planner.OVERLAP
    low = planner.plan(view, Caps()).low
    assert low is not None
    for run in ledger.registering.values():
        assert low <= run.end or run.end <= NOW - planner.STRAGGLER


def tiny(view: planner.View) -> planner.View:
    """Return the same moment with few runs."""
    few = ledger_of([], started=3)
    return planner.View(ledger=few, now=view.now, frontier=view.frontier)


@given(st.lists(ages, max_size=30), st.floats(min_value=20.0, max_value=5_000.0))
def test_the_frontier_only_passes_what_r_lists(
    registering: list[float], behind: float
) -> None:
    view = planner.View(ledger=ledger_of(registering), now=NOW, frontier=NOW - behind)
    plan = planner.plan(view, Caps())
    (r,) = plan.first
    assert isinstance(r, Registering)
    assert plan.frontier is not None
    assert plan.frontier <= max(view.frontier, NOW - planner.OVERLAP)
    # R reaches from the old frontier to the new one, W from the old one to now
    assert r.min_end is not None
    assert r.max_end is not None
    assert r.min_end <= view.frontier
    assert r.max_end >= plan.frontier
    windows, _ = planner.looks(view, Caps(), planner.Budget())
    assert len(windows) == 1
    assert isinstance(windows[0], Ended)
    assert windows[0].min_end is not None
    assert windows[0].min_end <= view.frontier
    assert windows[0].max_end is None


@settings(max_examples=60)
@given(
    st.lists(st.tuples(ages, ages), min_size=1, max_size=40),
    st.lists(st.tuples(ages, ages), max_size=200),
    st.integers(0, 9),
)
def test_each_leaver_is_in_one_place_at_most_and_its_window_holds_it(
    leaving: list[tuple[float, float]], known: list[tuple[float, float]], most: int
) -> None:
    ledger = Ledger()
    for number, (end, before) in enumerate(known):
        ledger.saw(
            10_000 + number,
            1,
            "finishedSuccessfully",
            start=NOW - end - before,
            end=NOW - end,
            mine=True,
        )
    for number, (end, before) in enumerate(leaving):
        ledger.saw(
            number + 1,
            1,
            "registeringFiles",
            start=NOW - end - before,
            end=NOW - end,
            mine=True,
        )
    runs = sorted(ledger.registering.values(), key=lambda run: -run.end)
    cover = clusters(runs, ledger, edge=NOW - 30, most=most)
    assert cover.low <= NOW - 30
    assert len(cover.groups) <= most
    grouped = [run.remote_id for group in cover.groups for run in group]
    assert len(grouped) == len(set(grouped))
    for group in cover.groups:
        (query,) = look_at(group, Caps())
        if isinstance(query, Point):
            assert [run.remote_id for run in group] == [query.remote_id]
            continue
        assert isinstance(query, Ended)
        for run in group:
            assert (query.min_end or 0) <= run.end <= (query.max_end or 0)
            assert (query.min_start or 0) <= run.start <= (query.max_start or 0)


@given(st.sets(st.integers(1, 5_000), min_size=1, max_size=700))
def test_a_digest_asks_for_each_feed_in_few_requests(feeds: set[int]) -> None:
    ordered = sorted(feeds)
    queries = planner.digests(ordered)
    for feed in ordered:
        assert any(
            (isinstance(q, FeedCount) and q.feed_id == feed)
            or (isinstance(q, Digest) and q.min_id <= feed <= (q.max_id or feed))
            for q in queries
        )
    assert len(queries) <= planner.DEFAULT.ranges + len(ordered) // 250 + 1


def test_few_runs_are_listed_and_many_are_not() -> None:
    few = planner.View(ledger=ledger_of([], started=8), now=NOW, frontier=NOW - 40)
    assert planner.plan(few, Caps()).first == (Active(),)
    many = planner.View(
        ledger=ledger_of([], started=260), now=NOW, frontier=NOW - 40, large=True
    )
    plan = planner.plan(many, Caps())
    assert not any(isinstance(q, Active) for q in (*plan.first, *plan.beside))


def test_the_regime_changes_late_in_both_directions() -> None:
    assert not planner.regime(200, large=False)
    assert planner.regime(201, large=False)
    assert planner.regime(150, large=True)
    assert not planner.regime(149, large=True)


def test_nothing_is_asked_when_nothing_lives() -> None:
    view = planner.View(ledger=Ledger(), now=NOW)
    assert planner.plan(view, Caps()) == planner.Plan()
    assert repairs(view, Caps(), planner.Budget()) == []


def test_counts_that_tell_of_more_lead_to_a_search_in_that_feed() -> None:
    ledger = ledger_of([], started=30)
    ledger.mark()
    for feed in (1, 2, 3):
        ledger.told(FeedCounts(feed, {"started": 10}), at=NOW)
    view = planner.View(ledger=ledger, now=NOW, frontier=NOW - 40)
    assert repairs(view, Caps(), planner.Budget()) == []
    ledger.mark()
    ledger.told(FeedCounts(2, {"started": 9, "cancelled": 1}), at=NOW)
    assert repairs(view, Caps(), planner.Budget()) == [FeedRuns(2, status="cancelled")]
    # what was searched for and not found is looked for in the whole feed
    ledger.books[2].tries = 1
    assert repairs(view, Caps(), planner.Budget()) == [FeedRuns(2)]


def test_counts_of_a_shared_feed_are_divided_and_never_believed_twice() -> None:
    ledger = ledger_of([], started=6, feeds=1)
    ledger.saw(50, 1, "finishedSuccessfully", start=NOW, end=NOW, mine=True)
    ledger.mark()
    doubled = FeedCounts(1, {"started": 12, "finishedSuccessfully": 2})
    ledger.told(doubled, at=NOW)
    ledger.read_whole(1, {*range(1, 7), 50}, at=NOW)
    assert ledger.books[1].factor == 2
    ledger.mark()
    ledger.told(doubled, at=NOW)
    assert not ledger.books[1].owes
    ledger.told(FeedCounts(1, {"started": 10, "finishedSuccessfully": 4}), at=NOW)
    assert dict(ledger.books[1].owes) == {"finishedSuccessfully": 1}


def test_ended_runs_that_become_fewer_have_the_feed_read() -> None:
    ledger = ledger_of([], started=5, feeds=1)
    ledger.saw(50, 1, "cancelled", start=NOW, end=NOW, mine=True)
    ledger.mark()
    ledger.told(FeedCounts(1, {"started": 5, "cancelled": 1}), at=NOW)
    ledger.told(FeedCounts(1, {"started": 6, "cancelled": 0}), at=NOW)
    view = planner.View(ledger=ledger, now=NOW, frontier=NOW - 40)
    assert repairs(view, Caps(), planner.Budget()) == [FeedRuns(1)]


def test_known_ends_that_a_feed_does_not_count_have_it_read_at_the_second_time() -> (
    None
):
    ledger = ledger_of([100.0], started=5, feeds=1)
    counts = FeedCounts(1, {"started": 5, "registeringFiles": 1})
    ledger.mark()
    ledger.told(counts, at=NOW)
    # Taken to have ended, though it has not.
    run = ledger.runs[1_000]
    ledger.saw(1_000, 1, SUCCESS, start=run.start, end=run.end)
    view = planner.View(ledger=ledger, now=NOW, frontier=NOW - 40)
    ledger.mark()
    ledger.told(counts, at=NOW)
    assert repairs(view, Caps(), planner.Budget()) == []
    ledger.mark()
    ledger.told(counts, at=NOW)
    assert repairs(view, Caps(), planner.Budget()) == [FeedRuns(1)]


def test_a_feed_tells_of_no_ends_that_are_told_between_mark_and_answer() -> None:
    ledger = ledger_of([100.0], started=5, feeds=1)
    ledger.mark()
    ledger.told(FeedCounts(1, {"started": 5, "registeringFiles": 1}), at=NOW)
    ledger.mark()
    run = ledger.runs[1_000]
    ledger.saw(1_000, 1, SUCCESS, start=run.start, end=run.end)
    ledger.told(FeedCounts(1, {"started": 5, "registeringFiles": 1}), at=NOW)
    assert ledger.books[1].odd == 0


def test_a_run_that_is_missing_in_its_whole_feed_is_looked_for_not_ended() -> None:
    ledger = ledger_of([], started=5, feeds=1)
    ledger.read_whole(1, {1, 2, 3, 4}, at=NOW)
    assert ledger.live == 5
    view = planner.View(ledger=ledger, now=NOW, frontier=NOW - 40)
    assert repairs(view, Caps(), planner.Budget()) == [Point(5)]


def test_abilities_are_those_the_server_tells_of() -> None:
    old = negotiated(Abilities(frozenset({"id", "status", "min_end_date"}), 6))
    assert not old.active_filter
    assert "copying" not in old.active_statuses
    assert len(planner.active_pages(old)) == 5
    assert len(planner.windows(NOW, old)) == 3
    new = negotiated(Abilities(frozenset({"active", "min_end_date"}), 7))
    assert new == Caps()
    assert from_json(to_json(old)) == old
    assert from_json({"active_filter": True}) is None


def test_pages_shrink_for_a_slow_server_and_grow_again() -> None:
    sizes, caps = PageSize(), Caps()
    caps = sizes.answered(caps, 6.0)
    assert caps.page == LEAST_PAGE
    assert sizes.take_slow()
    assert not sizes.take_slow()
    caps = sizes.overloaded(caps)
    assert caps.page == LEAST_PAGE
    for _ in range(100):
        caps = sizes.answered(caps, 0.2)
    assert caps.page == Caps().page
