"""How long a run still takes: conditional quantiles, and what feeds them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chrislib.catalog.catalog import Catalog
from chrislib.catalog.job_pages import JobWrite
from chrislib.catalog.rows import EventRow, JobRow
from chrislib.jobs.history.durations import Durations
from chrislib.jobs.history.estimate import (
    ENOUGH,
    REGISTERING,
    RUNNING,
    quantile,
    remaining,
    stages_of,
    until_ready,
)
from chrislib.jobs.model import Job, JobChange, JobKey, Kind, Phase, RunIntent

seconds = st.floats(0, 1e6, allow_nan=False)


@given(st.lists(seconds, max_size=60), seconds)
def test_an_estimate_is_never_negative_and_p90_not_below_the_median(
    samples: list[float], elapsed: float
) -> None:
    left = remaining(samples, elapsed)
    longer = [one for one in samples if one > elapsed]
    assert (left is None) == (len(longer) < ENOUGH)
    if left is not None:
        assert 0 <= left.median <= left.p90 <= max(longer) - elapsed
        assert left.samples == len(longer)


@given(st.lists(seconds, min_size=ENOUGH, max_size=40), seconds, seconds)
def test_the_end_never_comes_earlier_the_longer_a_run_lasts(
    samples: list[float], one: float, other: float
) -> None:
    early, late = sorted((one, other))
    first, second = remaining(samples, early), remaining(samples, late)
    if first is not None and second is not None:
        slack = 1e-6 * max(samples)
        assert early + first.median <= late + second.median + slack
        assert early + first.p90 <= late + second.p90 + slack


@given(st.lists(seconds, min_size=1, max_size=40), st.floats(0, 1))
def test_quantiles_lie_between_the_least_and_the_greatest(
    numbers: list[float], share: float
) -> None:
    ordered = sorted(numbers)
    slack = 1e-9 * max(1.0, ordered[-1])
    assert ordered[0] - slack <= quantile(ordered, share) <= ordered[-1] + slack


@given(st.lists(seconds, max_size=30), st.lists(seconds, max_size=30), seconds)
def test_registering_comes_on_top_of_running(
    running: list[float], registering: list[float], elapsed: float
) -> None:
    both = until_ready(running, registering, stage=RUNNING, elapsed=elapsed)
    alone = remaining(running, elapsed)
    assert (both is None) == (alone is None)
    if both is not None and alone is not None:
        assert both.median >= alone.median
        assert both.p90 >= alone.p90


def test_five_runs_of_ten_minutes_say_ten_minutes() -> None:
    left = remaining([600.0] * 5, 0.0)
    assert left is not None
    assert (left.median, left.p90) == (600.0, 600.0)
    assert remaining([600.0] * 4, 0.0) is None
    assert remaining([600.0] * 50, 600.0) is None


@pytest.mark.parametrize(
    ("entered", "took"),
    [
        (
            [
                (None, Phase.DRAFT, 0.0),
                (Phase.DRAFT, Phase.RUNNING, 10.0),
                (Phase.RUNNING, Phase.STAGING_OUT, 50.0),
                (Phase.STAGING_OUT, Phase.REGISTERING, 70.0),
                (Phase.REGISTERING, Phase.FINISHED, 75.0),
            ],
            {RUNNING: 60.0, REGISTERING: 5.0},
        ),
        # found already running: nobody knows since when
        (
            [
                (None, Phase.RUNNING, 10.0),
                (Phase.RUNNING, Phase.REGISTERING, 50.0),
                (Phase.REGISTERING, Phase.FINISHED, 58.0),
            ],
            {REGISTERING: 8.0},
        ),
        ([(None, Phase.DRAFT, 0.0), (Phase.DRAFT, Phase.FINISHED, 9.0)], {}),
        (
            [
                (None, Phase.DRAFT, 0.0),
                (Phase.DRAFT, Phase.RUNNING, 1.0),
                (Phase.RUNNING, Phase.FINISHED, 4.0),
            ],
            {RUNNING: 3.0},
        ),
    ],
)
def test_a_stage_counts_when_both_its_ends_were_seen(
    entered: Any, took: dict[str, float]
) -> None:
    assert stages_of(entered) == took


class FixedClock:
    """A clock that stands."""

    def time(self) -> float:
        return 10_000.0

    def monotonic(self) -> float:
        return 10_000.0

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)


INTENT = RunIntent(1, "pl-a", "1.0", "ds", {}, compute_resource="gpu")
STEPS = (
    (None, "DRAFT", 0.0),
    ("DRAFT", "SUBMITTING", 1.0),
    ("SUBMITTING", "SUBMITTED", 2.0),
    ("SUBMITTED", "RUNNING", 100.0),
    ("RUNNING", "REGISTERING", 700.0),
    ("REGISTERING", "FINISHED", 730.0),
)


async def journal(catalog: Catalog, key: str) -> None:
    account = await catalog.jobs.account("http://c/", "a", server_uuid="u")
    row = JobRow(
        job_key=key,
        account_id=account.account_id,
        backend="cube",
        kind="run",
        phase="FINISHED",
        intent_json="{}",
        created_at=0.0,
        changed_at=730.0,
        seq=len(STEPS),
    )
    events = tuple(
        EventRow(
            job_key=key,
            seq=number,
            kind="observed",
            from_phase=left,
            to_phase=to,
            source="active",
            at=at,
        )
        for number, (left, to, at) in enumerate(STEPS, start=1)
    )
    await catalog.jobs.commit([JobWrite(row, None, events)])


async def test_ended_runs_are_remembered_over_a_restart(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.db")
    await catalog.open()
    heard: list[Callable[[tuple[JobChange, ...]], None]] = []

    def subscribe(
        callback: Callable[[tuple[JobChange, ...]], None],
    ) -> Callable[[], None]:
        heard.append(callback)
        return lambda: heard.remove(callback)

    durations = Durations(catalog.durations, subscribe, clock=FixedClock())
    await durations.start()
    live = Job(JobKey("live"), Kind.RUN, Phase.RUNNING, INTENT, "t", changed_at=1000.0)
    assert durations.left(live, 1000.0) is None
    for number in range(5):
        key = f"job{number}"
        await journal(catalog, key)
        ended = replace(live, key=JobKey(key), phase=Phase.FINISHED)
        before = replace(ended, phase=Phase.REGISTERING)
        heard[0]((JobChange(before, ended),))
    await durations.stop()
    assert heard == []
    again = Durations(catalog.durations, subscribe, clock=FixedClock())
    await again.start()
    left = again.left(live, 1000.0)
    assert left is not None
    assert (left.median, left.p90, left.samples) == (630.0, 630.0, 5)
    other = replace(live, intent=replace(INTENT, plugin_version="2.0"))
    assert again.left(other, 1000.0) is None
    # a look at the server says when it began to compute
    begun = replace(live, start_date="1970-01-01T00:15:00+00:00")
    left = again.left(begun, 1000.0)
    assert left is not None
    assert left.median == 530.0
    await again.stop()
    await catalog.close()


async def test_only_the_newest_two_hundred_durations_stay(tmp_path: Path) -> None:
    from chrislib.catalog.estimates import DurationRow

    catalog = Catalog(tmp_path / "catalog.db")
    await catalog.open()
    rows = [DurationRow("p", "1", "", RUNNING, float(n), float(n)) for n in range(250)]
    await catalog.durations.add(rows, keep=200)
    kept = await catalog.durations.all()
    assert [row.seconds for row in kept] == [float(n) for n in range(50, 250)]
    await catalog.close()
