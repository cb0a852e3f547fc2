"""How long a plan takes when 10,000 runs live."""

import random
import statistics
import time

from chrislib.jobs.polling import plan as planner
from chrislib.jobs.polling.capabilities import Caps
from chrislib.jobs.polling.ledger import Ledger
from chrislib.jobs.polling.queries import FeedCounts
from chrislib.jobs.polling.repairs import repairs
from tests.bench.harness import Result

_RUNS = 200


def measure() -> list[Result]:
    """Plan a whole tick (opening, looks, repairs) again and again."""
    view = _view()
    times = []
    for _ in range(_RUNS):
        began = time.perf_counter()
        planner.plan(view, Caps())
        planner.looks(view, Caps(), planner.Budget())
        repairs(view, Caps(), planner.Budget())
        times.append((time.perf_counter() - began) * 1000)
    value = statistics.median(times)
    return [
        Result(
            name="planner_10k_ms",
            value=round(value, 3),
            unit="ms",
            peer=5.0,
            ratio=round(value / 5.0, 4),
            runs=_RUNS,
            goal=1.0,
        )
    ]


def _view() -> planner.View:
    rng = random.Random(1)
    ledger = Ledger()
    now = 1_800_000_000.0
    for number in range(10_000):
        registering = number % 80 == 0
        ledger.saw(
            number + 1,
            number % 500 + 1,
            "registeringFiles" if registering else "started",
            start=now - rng.expovariate(1 / 2400),
            end=now - rng.uniform(1, 200) if registering else now - 3600,
            mine=True,
        )
    for number in range(10_000):
        ended = now - rng.uniform(1, 3600)
        ledger.saw(
            20_000 + number,
            number % 500 + 1,
            "finishedSuccessfully",
            start=ended - 600,
            end=ended,
            mine=True,
        )
    for run in list(ledger.registering.values())[:10]:
        ledger.leavers[run.remote_id] = run
    ledger.mark()
    for feed_id in range(1, 501):
        counts = {"started": 20, "finishedSuccessfully": 20 + (feed_id % 50 == 0)}
        ledger.told(FeedCounts(feed_id, counts), at=now)
    return planner.View(ledger=ledger, now=now, frontier=now - 50)
