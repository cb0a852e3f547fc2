"""Polling in real time: ten minutes, 2,000 runs, a real station process.

The rows are put into the station's database and moved there; the job manager runs in
a process of its own, five minutes looked at and five hidden. CPU and memory are the
client's; latencies are from the end in the database to the job's.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from chrislib.jobs.clock import SystemClock
from chrislib.station.store import Store
from tests.bench.harness import ROOT, Result
from tests.bench.stations import fresh_station
from tests.sim.load import Load, quantile
from tests.sim.rows import Rows

_LIVE, _FEEDS = 2_000, 100
_MINUTES = float(os.environ.get("CHRISLIB_BENCH_MINUTES", "10"))
_GRACE = 60.0


def measure() -> list[Result]:
    """Run both sides for ten minutes and compare what ended with what was found."""
    with fresh_station(poll=1e6) as address, tempfile.TemporaryDirectory() as folder:
        store = Store(address.home / "data" / "station" / "station.db")
        try:
            return _measure(address.url, store, Path(folder))
        finally:
            store.close()


def _measure(url: str, store: Store, folder: Path) -> list[Result]:
    rows = Rows(store)
    load = Load(rows, SystemClock(), _LIVE, _FEEDS)
    begun = load.fill()
    token = str(store.value("SELECT token FROM users WHERE username='local'"))
    uuid = str(store.value("SELECT value FROM meta WHERE key='uuid'"))
    news = folder / "begun.jsonl"
    _tell(news, rows, begun)
    child = subprocess.Popen(
        [
            *(sys.executable, str(ROOT / "tests" / "bench" / "poll_real_child.py")),
            *(url, token, uuid, str(folder), str(_MINUTES * 60)),
        ],
        stdout=subprocess.PIPE,
    )
    try:
        asyncio.run(_go_on(load, rows, news))
        said, _ = child.communicate(timeout=_GRACE * 4)
    finally:
        child.kill()
    told = json.loads(said)
    found = {int(run): float(at) for run, at in told["found"].items()}
    return _figures(load, found, told)


async def _go_on(load: Load, rows: Rows, news: Path) -> None:
    left = _MINUTES * 60 + _GRACE
    while left > 0:
        await load.run(2.0)
        left -= 2.0
        _tell(news, rows, load.take_begun())


def _tell(news: Path, rows: Rows, runs: list[int]) -> None:
    with news.open("a", encoding="utf-8") as file:
        for run in runs:
            row = rows.run(run)
            kept = {
                name: row[name]
                for name in ("id", "feed_id", "plugin_id", "previous_id", "status")
            }
            file.write(json.dumps(kept) + "\n")


def _figures(
    load: Load, found: dict[int, float], told: dict[str, float]
) -> list[Result]:
    first, turn, last = told["first"], told["hidden"], told["last"]
    seen = [
        found[run] - at
        for run, at in load.ended.items()
        if first <= at < turn - _GRACE and run in found
    ]
    hidden = [
        found[run] - at
        for run, at in load.ended.items()
        if turn <= at < last - _GRACE and run in found
    ]
    print(f"{len(seen)} ends while looked at, {len(hidden)} while hidden")
    return [
        _limit("poll_real_requests_per_min", told["requests"], 30, "requests/min"),
        _limit("poll_real_p95_s", quantile(seen, 0.95), 20, "s"),
        _limit("poll_real_p99_s", quantile(seen, 0.99), 60, "s"),
        _limit("poll_real_hidden_p95_s", quantile(hidden, 0.95), 40, "s"),
        _limit("poll_real_hidden_cpu_percent", told["hidden_cpu"], 5, "%"),
        _limit("poll_real_rss_growth_mb", told["rss_growth"], 30, "MB"),
    ]


def _limit(name: str, value: float, most: float, unit: str) -> Result:
    return Result(
        name=name,
        value=round(value, 3),
        unit=unit,
        peer=float(most),
        ratio=round(value / most, 4),
        runs=1,
        goal=1.0,
    )
