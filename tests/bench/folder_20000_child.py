"""The real window shows 20,000 outputs: seconds to all rows, and how evenly it beats.

Arguments: address, user, file of the password, feed, node without files, node with
the full folder, number of files.
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

from chrislib import bootstrap
from chrislib.views.feeds.pane import FeedsPane
from chrislib.views.navigation import ShowFeed
from tests.bench.window import Pulse, play


async def act(services: Any, context: Any) -> dict[str, float]:
    """Sign in, open the feed at its small node, then the full one."""
    url, user, secret, feed, small, node, files = sys.argv[1:8]
    password = Path(secret).read_text("utf-8").strip()
    await services.session.sign_in(url, user, password)
    await bootstrap.follow(services)
    window = services.windows[0]
    context.navigator.go(ShowFeed(int(feed), int(small)))
    pane = window.findChild(FeedsPane)
    await _until(lambda: pane.centre.shows_feed and pane.node is not None)
    await asyncio.sleep(2)
    outputs = pane.centre.outputs
    # unfolded from the start, as a lone folder is
    outputs._open[f"node {node}"] = {"images"}
    pulse = Pulse()
    idle = await pulse.rest()
    began = time.perf_counter()
    pane.show_feed(int(feed), int(node))
    model = outputs.model
    await _until(lambda: outputs.loader.complete and model.count() > int(files))
    outputs.view.viewport().repaint()
    await _until(lambda: outputs.view.painted)
    whole = time.perf_counter() - began
    return {"whole": whole, "gap": pulse.take(), "idle": idle}


async def _until(done: Any) -> None:
    deadline = time.monotonic() + 240
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError("nothing came")
        await asyncio.sleep(0.005)


if __name__ == "__main__":
    play(act)
