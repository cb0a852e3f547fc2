"""Which outcomes are told when: pure, by rules and by properties."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chrislib.catalog.outbox import PROBLEMS, Alive, Outbox, Waiting
from chrislib.jobs.notices.coalesce import (
    GROUPS_APART,
    Group,
    Situation,
    Telling,
    Timing,
    decide,
    due,
    groups_of,
)
from chrislib.jobs.notices.digest import (
    ABSENCE,
    Away,
    absence,
    counted,
    digest_due,
    since_words,
)
from chrislib.jobs.notices.policy import Hold

NOW = 10_000.0
T = Timing()


def group(key: str = "feed:1", *, age: float = 60.0, **more: object) -> Group:
    """Return a group whose last row is `age` seconds old."""
    made = Group(key, {"READY": 1}, NOW - age, NOW - age)
    return replace(made, **more)  # type: ignore[arg-type]


def told(*groups: Group, **more: object) -> Telling | None:
    """Return what is told of groups now."""
    return decide(groups, replace(Situation(NOW), **more)).telling  # type: ignore[arg-type]


def test_nothing_waits() -> None:
    assert decide([], Situation(NOW)).again_at == math.inf


def test_a_complete_feed_is_told_5_s_after_its_last_outcome() -> None:
    fresh = decide([group(age=1)], Situation(NOW))
    assert fresh.telling is None
    assert fresh.again_at == NOW + 4
    assert told(group(age=5)) == Telling(("feed:1",))


def test_a_feed_that_goes_on_waits_for_its_last_node() -> None:
    waiting = decide([group(alive=1)], Situation(NOW))
    assert waiting.telling is None
    assert waiting.again_at == math.inf, "until something changes"
    assert told(group(alive=1), per_node=True) == Telling(("feed:1",))


def test_a_stream_of_nodes_is_told_after_30_s_at_most() -> None:
    streaming = replace(group(), first_at=NOW - 29, last_at=NOW - 1)
    situation = Situation(NOW, per_node=True)
    assert decide([streaming], situation).again_at == NOW + 1


def test_the_first_failure_is_told_at_once_and_only_it() -> None:
    failing = group(age=0, counts={"FAILED": 1, "READY": 3}, alive=4)
    assert told(failing) == Telling((), ("feed:1",), ("FAILED",))
    assert told(replace(failing, told=True)) is None


def test_what_needs_a_person_does_not_wait_for_the_feed() -> None:
    asking = group(counts={"STALLED": 1}, alive=4, told=True)
    assert told(asking) == Telling((), ("feed:1",), ("STALLED",))


def test_30_s_between_two_toasts() -> None:
    early = decide([group()], Situation(NOW, last_toast=NOW - 10))
    assert early.telling is None
    assert early.again_at == NOW + 20
    assert told(group(), last_toast=NOW - 30) is not None
    assert told(group(), last_toast=NOW + 3600) is not None, "a clock put back"


def test_a_row_of_a_clock_that_was_ahead_does_not_wait() -> None:
    assert told(group(age=-3600)) is not None


def test_up_to_three_groups_one_by_one_problems_first() -> None:
    ready = [group(f"feed:{n}") for n in range(2)]
    failed = group("feed:9", counts={"FAILED": 1})
    assert told(*ready, failed) == Telling(("feed:9",))
    assert told(*ready) == Telling(("feed:0",))


def test_more_groups_become_one_summary() -> None:
    groups = [group(f"feed:{n}") for n in range(GROUPS_APART)]
    failing = group("feed:9", counts={"FAILED": 2, "READY": 1}, alive=1)
    going_on = group("feed:8", alive=1)
    telling = told(*groups, failing, going_on)
    assert telling == Telling(("feed:0", "feed:1", "feed:2"), ("feed:9",), ("FAILED",))
    assert telling is not None
    assert telling.single == ""


def test_quiet_hours_hold_everything_a_snooze_not_always() -> None:
    hold = Hold(NOW + 100, problems_pass=False)
    held = decide([group(counts={"FAILED": 1})], Situation(NOW, hold=hold))
    assert held.telling is None
    assert held.again_at == NOW + 100
    assert (
        decide([group()], Situation(NOW, hold=Hold(None, False))).again_at == math.inf
    )
    snooze = Hold(NOW + 100, problems_pass=True)
    mixed = group(counts={"FAILED": 1, "READY": 5})
    telling = told(mixed, hold=snooze)
    assert telling == Telling((), ("feed:1",), ("FAILED",)), "only the problem"
    ready = decide([group()], Situation(NOW, hold=snooze))
    assert ready.telling is None
    assert ready.again_at == NOW + 100


def test_a_digest_of_everything_after_an_absence() -> None:
    away = Away(NOW - 8 * 3600, NOW - 20)
    groups = [group(f"feed:{n}", age=10, alive=n) for n in range(20)]
    assert told(*groups, away=away) == Telling(None, since=NOW - 8 * 3600)
    still_coming = replace(groups[0], last_at=NOW - 1)
    waiting = decide([*groups, still_coming], Situation(NOW, away=away))
    assert waiting.telling is None
    assert waiting.again_at == NOW + 4


def test_one_group_needs_no_digest() -> None:
    away = Away(NOW - 8 * 3600, NOW - 20)
    assert told(group(age=10), away=away) == Telling(("feed:1",))
    assert told(group(age=10, alive=2), away=away) is None, "it goes on"


def test_a_digest_waits_for_the_server_a_minute_at_most() -> None:
    groups = [group("feed:1", age=10), group("feed:2", age=10)]
    away = Away(NOW - 8 * 3600, NOW - 20)
    waiting = decide(groups, Situation(NOW, away=away, caught_up=False))
    assert waiting.telling is None
    assert waiting.again_at == NOW + 40
    late = replace(away, noted_at=NOW - 60)
    assert told(*groups, away=late, caught_up=False) == Telling(None, since=away.since)


def test_what_comes_long_after_the_return_is_told_as_always() -> None:
    away = Away(NOW - 8 * 3600, NOW - 3600)
    groups = [group("feed:1", age=10), group("feed:2", age=10)]
    assert told(*groups, away=away) == Telling(("feed:1",))


def test_groups_are_put_together_from_counts() -> None:
    outbox = Outbox(
        (
            Waiting(1, "feed:2", "READY", 4, 50.0, 90.0),
            Waiting(1, "feed:2", "FAILED", 1, 60.0, 60.0),
            Waiting(1, "feed:1", "READY", 1, 70.0, 70.0),
            Waiting(2, "feed:1", "READY", 1, 80.0, 80.0),
        ),
        {(1, "feed:2"): Alive(3, 40.0), (2, "feed:1"): Alive(1, 10.0)},
        {(1, "feed:2"): 45.0, (2, "feed:1"): 5.0},
        None,
    )
    found = groups_of(outbox)
    first, second = found[1]
    assert (first.key, second.key) == ("feed:2", "feed:1"), "the oldest first"
    assert first.counts == {"READY": 4, "FAILED": 1}
    assert (first.first_at, first.last_at, first.alive) == (50.0, 90.0, 3)
    assert first.told
    assert found[2][0].told is False, "that was before what is on its way now"
    assert second.alive == 0


def test_counts_in_words() -> None:
    assert counted({"READY": 37, "FAILED": 2}) == "37 ready, 2 failed"
    assert counted({"GONE": 1, "STALLED": 1}) == "2 need a look"
    assert counted({"ERRORS": 1000, "AUTH": 1}) == (
        "1,000 ready with errors, 1 needs a look"
    )
    assert counted({}) == ""


def test_since_in_words() -> None:
    from datetime import UTC, datetime

    now = datetime(2026, 11, 22, 9, 0, tzinfo=UTC).timestamp()
    assert since_words(now - 3600, now, zone=UTC) == "since 08:00"
    assert since_words(now - 12 * 3600, now, zone=UTC) == "since yesterday 21:00"
    assert since_words(now - 60 * 3600, now, zone=UTC) == "since Thu 21:00"
    assert since_words(now - 30 * 86400, now, zone=UTC) == "since 2026-10-23"


def test_an_absence_is_ten_minutes() -> None:
    assert absence(None, NOW) is None
    assert absence(NOW - ABSENCE + 1, NOW) is None
    assert absence(NOW - ABSENCE, NOW) == NOW - ABSENCE
    assert absence(NOW + 5, NOW) is None, "a clock put back"


ages = st.floats(-100, 7200)
groups_strategy = st.lists(
    st.builds(
        lambda number, counts, age, more, alive, told: Group(
            f"feed:{number}", counts, NOW - age - more, NOW - age, alive, told
        ),
        st.integers(0, 30),
        st.dictionaries(
            st.sampled_from(["READY", *PROBLEMS]), st.integers(1, 50), min_size=1
        ),
        ages,
        st.floats(0, 7200),
        st.integers(0, 3),
        st.booleans(),
    ),
    unique_by=lambda group: group.key,
    max_size=12,
)
situations = st.builds(
    Situation,
    now=st.just(NOW),
    hold=st.none()
    | st.builds(Hold, st.none() | st.floats(NOW + 1, NOW + 9999), st.booleans()),
    away=st.none()
    | st.builds(
        Away, st.floats(0, NOW - 600), st.floats(NOW - 600, NOW), st.booleans()
    ),
    caught_up=st.booleans(),
    last_toast=st.just(-math.inf) | st.floats(NOW - 100, NOW),
    per_node=st.booleans(),
)


@settings(max_examples=40, deadline=None)
@given(groups_strategy, situations)
def test_decisions_keep_every_promise(
    groups: list[Group], situation: Situation
) -> None:
    decision = decide(groups, situation)
    telling = decision.telling
    assert decision.again_at > NOW or telling is None
    if telling is None:
        assert decision.again_at > NOW, "never asked again at once for nothing"
        return
    assert situation.last_toast + T.apart <= NOW, "30 s between two toasts (S5)"
    hold = situation.hold
    assert hold is None or hold.problems_pass
    known = {group.key: group for group in groups}
    if telling.groups is None:
        assert situation.away is not None
        return
    assert set(telling.groups).isdisjoint(telling.partly)
    for key in telling.groups:
        whole = known[key]
        if situation.away is None and not situation.per_node:
            assert whole.alive == 0, "a feed is told whole when nothing goes on"
        assert hold is None, "a snooze lets problems pass only"
    for key in telling.partly:
        assert set(telling.kinds) & set(known[key].problems)
    assert "READY" not in telling.kinds


@settings(max_examples=20, deadline=None)
@given(groups_strategy.filter(bool), situations)
def test_everything_is_told_in_the_end(
    groups: list[Group], situation: Situation
) -> None:
    """Whoever waits long enough without being quiet hears of every complete feed."""
    at = NOW + 7200
    left = [replace(group, alive=0) for group in groups]
    last = situation.last_toast
    for _ in range(40):
        calm = Situation(at, last_toast=last, timing=T)
        telling = decide(left, calm).telling
        if telling is None:
            break
        assert telling.groups is not None
        left = [group for group in left if group.key not in telling.groups]
        last, at = at, at + T.apart
    assert left == []


@pytest.mark.parametrize("base", [0.15, 1.5, 15.0])
def test_one_number_scales_all_pauses(base: float) -> None:
    timing = Timing.of(base)
    part = base / 15
    assert timing.apart == pytest.approx(30 * part)
    assert timing.settle == pytest.approx(5 * part)
    at, _ = due(group(age=0), Situation(NOW, timing=timing))
    assert at == pytest.approx(NOW + 5 * part)


def test_a_digest_never_waits_longer_than_asked() -> None:
    away = Away(None, NOW)
    times = [
        digest_due(
            away,
            last_row=NOW + age,
            now=NOW + age,
            caught_up=caught,
            settle=5,
            longest=60,
        )
        for age in (0.0, 30.0, 59.0, 300.0)
        for caught in (True, False)
    ]
    assert max(times) == NOW + 60
    assert min(times) == NOW + 5
