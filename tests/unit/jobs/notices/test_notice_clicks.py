"""Where a click on a toast goes."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from chrislib import bootstrap
from chrislib.aio import TaskOwner


async def test_later_needs_no_window_everything_else_opens_it() -> None:
    done = asyncio.Event()
    acted: list[tuple[str, str]] = []
    opened: list[str] = []

    async def act(key: str, action: str) -> None:
        acted.append((key, action))
        done.set()

    tasks = TaskOwner("test")
    services = SimpleNamespace(jobs=SimpleNamespace(act=act), tasks=tasks)
    window = SimpleNamespace(open_link=opened.append)
    for link in ("later/key:READY:0", "get/key:READY:0", "feed/12/node/34"):
        bootstrap._clicked(cast("Any", services), cast("Any", window), link)
    async with asyncio.timeout(5):
        await done.wait()
    assert acted == [("key:READY:0", "later")]
    assert opened == ["get/key:READY:0", "feed/12/node/34"]
