"""Replays hours of polling in virtual time: the program's own parts, and a load.

The server is the station in process, with its own lists; the client is the whole job
manager with its catalog. 2 % of the requests fail after five seconds, the others take
0.15 to 1.2 s.
"""

import asyncio
import random
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from chrislib.aio import spawn
from chrislib.jobs.model import JobChange
from tests.sim.desk import SimDesk
from tests.sim.faults import Answer, Change, Fault
from tests.sim.load import Load, quantile
from tests.sim.virtual import run_virtual

_WARM_UP = 600.0
_FORGIVEN = 300.0
"""The last minutes' ends may still be found after the measurement."""
_LATE = 20.0
NAIVE_PERIOD = 7.0
"""Seconds between two looks of the web client at each unfinished run."""


@dataclass
class Figures:
    """What a replay showed; latencies in seconds, rates a minute."""

    minutes: float
    requests: float
    server_ms: float
    found: int
    missed: int
    late: int
    """Ends that were seen later than S1 wants of 95 % of them."""
    p50: float
    p95: float
    p99: float
    longest: float
    most_in_minute: int
    live: int
    real_seconds: float
    by_query: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def vs_naive(self) -> float:
        """Requests against one a run each seven seconds."""
        return self.requests / (self.live * 60.0 / NAIVE_PERIOD)


def replay(
    *, live: int, feeds: int, minutes: float, seed: int = 1, history: float = 3.0
) -> Figures:
    """Replay a load (disk; minutes of real time).

    Parameters
    ----------
    live, feeds : int
        Active runs and feeds.
    minutes : float
        Measured; ten more come before.
    history : float
        Hours of ended runs that the server keeps from before.
    """
    with tempfile.TemporaryDirectory() as folder:
        return run_virtual(
            _replay(
                Path(folder),
                live=live,
                feeds=feeds,
                minutes=minutes,
                seed=seed,
                history=history,
            )
        )


async def _replay(
    folder: Path, *, live: int, feeds: int, minutes: float, seed: int, history: float
) -> Figures:
    began = time.monotonic()
    rng = random.Random(seed + 100)
    desk = SimDesk(folder)
    server = desk.server
    load = Load(server, server.clock, live, feeds, seed)
    runs = load.fill()
    load.history(history)
    await desk.start()
    desk.jobs.attention(focused=True, visible=True)
    found: dict[int, float] = {}

    def heard(changes: tuple[JobChange, ...]) -> None:
        for change in changes:
            job = change.after
            if job.remote_id is not None and job.phase.terminal:
                found.setdefault(job.remote_id, server.clock.monotonic())

    desk.jobs.subscribe(heard)
    await desk.follow_all(runs)
    await desk.sleep(1)
    server.latency = lambda: rng.uniform(0.15, 1.2)
    server.faults.append(Fault(_fails(desk, rng), times=None))
    going = spawn(load.run(_WARM_UP + minutes * 60 + _FORGIVEN), name="load")
    keeping = spawn(_follow_new(desk, load), name="new runs")
    await desk.sleep(_WARM_UP)
    first = server.clock.monotonic()
    await desk.sleep(minutes * 60)
    last = server.clock.monotonic()
    await going
    keeping.cancel()
    figures = _figures(desk, load, found, first=first, last=last)
    figures.real_seconds = time.monotonic() - began
    await desk.close()
    return figures


async def _follow_new(desk: SimDesk, load: Load) -> None:
    """Follow new runs as if they had been submitted from here."""
    while True:
        await asyncio.sleep(2.0)
        begun = load.take_begun()
        if begun:
            await desk.follow_all(begun, look=False)


def _fails(desk: SimDesk, rng: random.Random) -> Change:
    async def change(request: httpx.Request, answer: Answer) -> httpx.Response:
        if rng.random() >= 0.02:
            return await answer()
        await desk.clock.sleep(5.0)
        return httpx.Response(500, json={"detail": "failed"})

    return change


def _figures(
    desk: SimDesk, load: Load, found: dict[int, float], *, first: float, last: float
) -> Figures:
    ends = {run: at for run, at in load.ended.items() if first <= at < last}
    waits = [found[run] - at for run, at in ends.items() if run in found]
    asked = [a for a in desk.server.log if first <= a.sent < last]
    minutes = (last - first) / 60
    by_query: dict[str, tuple[float, float]] = {}
    for one in asked:
        name = _name(one.path, one.query)
        count, cost = by_query.get(name, (0.0, 0.0))
        by_query[name] = count + 1 / minutes, cost + one.cost_ms / minutes
    return Figures(
        minutes=minutes,
        requests=len(asked) / minutes,
        server_ms=sum(one.cost_ms for one in asked) / minutes,
        found=len(waits),
        missed=len(ends) - len(waits),
        late=sum(1 for wait in waits if wait > _LATE),
        p50=quantile(waits, 0.5),
        p95=quantile(waits, 0.95),
        p99=quantile(waits, 0.99),
        longest=max(waits),
        most_in_minute=desk.server.most_in(60),
        live=load.live,
        real_seconds=0.0,
        by_query=by_query,
    )


def _name(path: str, query: Mapping[str, str]) -> str:
    if path == "plugins/instances/search/":
        if query.get("status") == "registeringFiles":
            return "R"
        if query.get("feed_id"):
            return "F"
        if query.get("status") == "cancelled":
            return "X" if "max_end_date" in query else "C"
        if query.get("active") == "true":
            return "A"
        if query.get("limit") == "1":
            return "N"
        if query.get("status") == "finishedWithError":
            return "E"
        return "L" if "max_end_date" in query else "W"
    if path == "search/":
        return "D"
    if path.endswith("/plugininstances/"):
        return "F compact"
    if path.startswith("plugins/instances/"):
        return "P"
    return path
