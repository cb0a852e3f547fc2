"""What the user wants: presets, quiet hours around the clock's jumps, snooze."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chrislib.jobs.notices import policy as rules
from chrislib.jobs.notices.policy import (
    KINDS,
    PRESETS,
    SNOOZE_LONGEST,
    SNOOZE_SHORTEST,
    Delivery,
    Policy,
    Quiet,
    hold_of,
    is_quiet,
    quiet_until,
)

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # puts its clocks on by half an hour
ZONES = [BERLIN, NEW_YORK, LORD_HOWE, ZoneInfo("Asia/Kathmandu"), UTC]

minutes = st.integers(0, rules.DAY - 1)
quiets = st.builds(
    Quiet,
    on=st.just(True),
    start=minutes,
    end=minutes,
    days=st.frozensets(st.integers(0, 6)),
)
policies = st.builds(
    Policy,
    kinds=st.dictionaries(st.sampled_from(KINDS), st.sampled_from(list(Delivery))),
    quiet=quiets,
    snooze_until=st.none() | st.floats(0, 4e9),
    snooze_errors=st.booleans(),
    per_node=st.booleans(),
    names=st.booleans(),
    desktop=st.booleans(),
)
years = st.floats(
    datetime(2026, 1, 1, tzinfo=UTC).timestamp(),
    datetime(2028, 1, 1, tzinfo=UTC).timestamp(),
)


def at(text: str, zone: ZoneInfo = BERLIN, *, fold: int = 0) -> float:
    """Return the moment a local clock shows this."""
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp()


def clock(moment: float | None, zone: ZoneInfo = BERLIN) -> str:
    """Return what a local clock shows."""
    assert moment is not None
    return f"{datetime.fromtimestamp(moment, zone):%Y-%m-%d %H:%M %z}"


def test_presets_are_recognized_and_a_change_makes_them_ones_own() -> None:
    for name in PRESETS:
        assert Policy().with_preset(name).preset == name
    own = Policy().with_kind("FAILED", Delivery.OFF)
    assert own.preset == "own"
    assert own.with_kind("FAILED", Delivery.TOAST).preset == "all"


def test_kinds_become_rules() -> None:
    wanted = Policy().with_preset("problems").with_kind("STALLED", Delivery.OFF)
    rule = wanted.rules(3)
    assert (rule.account_id, rule.inbox_only, rule.off) == (3, ("READY",), ("STALLED",))
    assert wanted.delivery("OF_ANOTHER_VERSION") is Delivery.TOAST


@settings(max_examples=40, deadline=None)
@given(policies)
def test_a_policy_survives_its_text(policy: Policy) -> None:
    back = rules.from_json(rules.to_json(policy), Policy())
    assert all(back.delivery(k) is policy.delivery(k) for k in KINDS)
    assert replace(back, kinds={}) == replace(policy, kinds={})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "nonsense",
        '{"kinds": {"READY": "loudly"}, "quiet": 3, "names": "yes"}',
        '{"quiet": {"on": "x", "start": "22", "end": true, "days": [9, "a"]}}',
        '{"snooze_until": true, "kinds": [1]}',
    ],
)
def test_a_damaged_text_is_the_default(text: str) -> None:
    read = rules.from_json(text, Policy())
    assert replace(read, quiet=Quiet()) == Policy()
    assert not read.quiet.on


def test_a_snooze_is_15_minutes_to_24_hours() -> None:
    assert Policy().snoozed(1000.0, 1).snooze_until == 1000 + SNOOZE_SHORTEST
    assert Policy().snoozed(1000.0, 1e9).snooze_until == 1000 + SNOOZE_LONGEST


def test_a_clock_put_back_does_not_prolong_a_snooze() -> None:
    policy = Policy().snoozed(1e6, 3600)
    hold = hold_of(policy, 0.0)
    assert hold is not None
    assert hold.until == SNOOZE_LONGEST


def test_holds_join() -> None:
    night = at("2026-11-21T23:00")
    quiet = Quiet(on=True)
    snoozed = replace(Policy(quiet=quiet), snooze_until=night + 12 * 3600)
    hold = hold_of(snoozed, night, zone=BERLIN)
    assert hold is not None
    assert clock(hold.until) == "2026-11-22 11:00 +0100", "the longer one counts"
    assert not hold.problems_pass, "quiet hours are quiet"
    by_day = hold_of(snoozed, at("2026-11-22T08:00"), zone=BERLIN)
    assert by_day is not None
    assert by_day.problems_pass
    silent = replace(snoozed, snooze_errors=False)
    by_day = hold_of(silent, at("2026-11-22T08:00"), zone=BERLIN)
    assert by_day is not None
    assert not by_day.problems_pass
    disturbed = hold_of(Policy(), night, disturbed=True)
    assert disturbed is not None
    assert disturbed.until is None
    assert hold_of(Policy(desktop=False), night, disturbed=True) is None
    assert hold_of(Policy(), night) is None


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-21T21:59", None),
        ("2026-11-21T22:00", "2026-11-22 07:00 +0100"),
        ("2026-11-22T00:00", "2026-11-22 07:00 +0100"),
        ("2026-11-22T06:59", "2026-11-22 07:00 +0100"),
        ("2026-11-22T07:00", None),
        # clocks go on by an hour at 2026-03-29 02:00
        ("2026-03-28T23:00", "2026-03-29 07:00 +0200"),
        # and back at 2026-10-25 03:00
        ("2026-10-24T23:00", "2026-10-25 07:00 +0100"),
    ],
)
def test_nights(now: str, until: str | None) -> None:
    found = quiet_until(Quiet(on=True), at(now), zone=BERLIN)
    assert (clock(found) if found is not None else None) == until


def test_only_the_days_they_begin_on() -> None:
    weekend = Quiet(on=True, days=frozenset({5, 6}))  # Saturday and Sunday
    assert quiet_until(weekend, at("2026-11-20T23:00"), zone=BERLIN) is None
    assert quiet_until(weekend, at("2026-11-21T03:00"), zone=BERLIN) is None
    saturday = quiet_until(weekend, at("2026-11-21T23:00"), zone=BERLIN)
    assert clock(saturday) == "2026-11-22 07:00 +0100"
    monday = quiet_until(weekend, at("2026-11-23T06:00"), zone=BERLIN)
    assert clock(monday) == "2026-11-23 07:00 +0100", "begun on Sunday"
    assert quiet_until(weekend, at("2026-11-24T06:00"), zone=BERLIN) is None


def test_an_end_in_the_hour_that_is_left_out() -> None:
    quiet = Quiet(on=True, start=22 * 60, end=2 * 60 + 30)
    found = quiet_until(quiet, at("2026-03-29T01:00"), zone=BERLIN)
    assert clock(found) == "2026-03-29 03:00 +0200", "where the clock jumps to"


def test_an_end_in_the_hour_that_comes_twice() -> None:
    quiet = Quiet(on=True, start=22 * 60, end=2 * 60 + 30)
    found = quiet_until(quiet, at("2026-10-25T01:00"), zone=BERLIN)
    assert clock(found) == "2026-10-25 02:30 +0100", "the second half past two"


def test_days_that_follow_each_other_make_one_time() -> None:
    always = Quiet(on=True, start=60, end=60)
    now = at("2026-11-21T12:00")
    assert quiet_until(always, now, zone=BERLIN) == now + 7 * 86400
    week = replace(always, days=frozenset(range(5)))
    found = quiet_until(week, at("2026-11-25T12:00"), zone=BERLIN)
    assert clock(found) == "2026-11-28 01:00 +0100"


@settings(max_examples=100, deadline=None)
@given(quiets, years, st.sampled_from(ZONES))
def test_the_end_is_the_first_moment_that_is_not_quiet(
    quiet: Quiet, now: float, zone: ZoneInfo
) -> None:
    wall = datetime.fromtimestamp(now, zone)
    end = quiet_until(quiet, now, zone=zone)
    assert (end is not None) == is_quiet(quiet, wall)
    if end is None:
        return
    assert end > now
    if end != now + 7 * 86400:
        assert not is_quiet(quiet, datetime.fromtimestamp(end, zone))
    if _jumps(zone, now, end):
        return  # an hour that comes twice has loud minutes in between
    step = max(60.0, (end - now) / 50)
    moments = [now + n * step for n in range(math.ceil((end - now) / step))]
    assert all(
        is_quiet(quiet, datetime.fromtimestamp(min(m, end - 1), zone)) for m in moments
    )


def _jumps(zone: ZoneInfo, first: float, last: float) -> bool:
    days = int((last - first) // 86400) + 2
    offsets = {
        datetime.fromtimestamp(min(first + n * 86400, last), zone).utcoffset()
        for n in range(days)
    }
    return len(offsets - {timedelta(0)}) > 1 or len(offsets) > 1
