"""Where a click on a toast goes."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any, cast

from chrislib import bootstrap
from chrislib.aio import TaskOwner


async def test_later_needs_no_window_everything_else_opens_it() -> None:
    done = asyncio.Event()
    put_off: list[tuple[str, float]] = []
    opened: list[str] = []

    async def later(key: str, until: float) -> None:
        put_off.append((key, until))
        done.set()

    tasks = TaskOwner("test")
    jobs = SimpleNamespace(results=SimpleNamespace(later=later))
    services = SimpleNamespace(jobs=jobs, tasks=tasks)
    window = SimpleNamespace(open_link=opened.append)
    for link in ("later/key:READY:0", "get/key:READY:0", "feed/12/node/34"):
        bootstrap._clicked(cast("Any", services), cast("Any", window), link)
    async with asyncio.timeout(5):
        await done.wait()
    ((key, until),) = put_off
    assert key == "key"
    assert 3500 < until - time.time() < 3700
    assert opened == ["get/key:READY:0", "feed/12/node/34"]
