"""Polling, replayed in virtual time: two hours of 10,000 active runs, and of 200.

The whole job manager with its catalog asks the station's own lists; what a real CUBE
would have worked for each answer is reckoned from the measured cost of a row.
"""

import os

from tests.bench.harness import Result
from tests.sim.replay import Figures, replay

_HOURS = float(os.environ.get("CHRISLIB_BENCH_HOURS", "2"))


def measure() -> list[Result]:
    """Replay both loads and return the figures against their goals."""
    small = replay(live=200, feeds=10, minutes=60 * _HOURS)
    _show("200 active", small)
    large = replay(live=10_000, feeds=500, minutes=60 * _HOURS)
    _show("10,000 active", large)
    naive = large.live * 60 / 7
    return [
        _limit("poll_requests_per_min_10k", large.requests, 20, "requests/min"),
        _limit("poll_latency_p50_s_10k", large.p50, 10, "s"),
        _limit("poll_latency_p95_s_10k", large.p95, 20, "s"),
        _limit("poll_latency_p99_s_10k", large.p99, 60, "s"),
        Result(
            name="poll_requests_vs_naive_10k",
            value=round(large.requests, 2),
            unit="requests/min",
            peer=round(naive, 1),
            ratio=round(large.requests / naive, 6),
            runs=1,
            goal=0.001,
        ),
        _limit("poll_server_ms_per_min_10k", large.server_ms, 3_000, "ms/min"),
        _limit("poll_server_ms_per_min_200", small.server_ms, 600, "ms/min"),
        _limit("poll_requests_per_min_200", small.requests, 12, "requests/min"),
        _limit("poll_latency_p95_s_200", small.p95, 20, "s"),
    ]


def _limit(name: str, value: float, most: float, unit: str) -> Result:
    """Return a figure with a limit of its own in place of a peer."""
    return Result(
        name=name,
        value=round(value, 3),
        unit=unit,
        peer=most,
        ratio=round(value / most, 4),
        runs=1,
        goal=1.0,
    )


def _show(what: str, figures: Figures) -> None:
    print(
        f"{what}: {figures.found} ends found, {figures.missed} not yet; "
        f"p50 {figures.p50:.1f} s, p95 {figures.p95:.1f} s, p99 {figures.p99:.1f} s, "
        f"longest {figures.longest:.0f} s; {figures.requests:.1f} requests/min "
        f"({figures.most_in_minute} in the fullest), {figures.server_ms:.0f} ms/min; "
        f"{figures.real_seconds:.0f} s of real time"
    )
    for name, (count, cost) in sorted(figures.by_query.items()):
        print(f"  {name:24} {count:6.2f}/min {cost:7.0f} ms/min")
