"""The real window opens Feeds: prints seconds to the whole list, and to the graph.

Arguments: address, user, file of the password, feed to open, number of feeds.
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

from chrislib import bootstrap
from chrislib.views.feeds.pane import FeedsPane
from chrislib.views.navigation import ShowFeed, ShowLibrary
from tests.bench.window import play


async def act(services: Any, context: Any) -> dict[str, float]:
    """Sign in, open the list, open the large feed."""
    url, user, secret, feed, feeds = sys.argv[1:6]
    password = Path(secret).read_text("utf-8").strip()
    await services.session.sign_in(url, user, password)
    await bootstrap.follow(services)
    window = services.windows[0]
    # The pane is made, and what it asks for at first has come.
    context.navigator.go(ShowFeed(int(feed) - 1))
    pane = window.findChild(FeedsPane)
    await _until(lambda: pane.centre.shows_feed and len(pane.list.rows()) >= int(feeds))
    context.navigator.go(ShowLibrary())
    await _settled()
    context.feeds.lists.forget()
    pane.list.clear()
    began = time.perf_counter()
    context.navigator.go(ShowFeed(int(feed) - 1))
    pane.refresh()
    # what is not on screen cannot be painted: a placeholder may still stand there
    view = pane.list.view
    await _until(lambda: pane.list.model.total >= int(feeds) and view.isVisible())
    view.viewport().repaint()
    listed = time.perf_counter() - began
    await _settled()
    began = time.perf_counter()
    pane.show_feed(int(feed))
    graph = pane.centre.graph
    await _until(
        lambda: (
            len(graph._wish.parents) == int(feeds)
            and not graph.arranging
            and graph.isVisible()
        )
    )
    graph.viewport().repaint()
    return {"list": listed, "graph": time.perf_counter() - began}


async def _settled() -> None:
    """Wait until the job manager has taken on what it found on the server."""
    quiet, deadline = 0, time.monotonic() + 120
    while quiet < 4 and time.monotonic() < deadline:
        spent = time.process_time()
        await asyncio.sleep(0.5)
        quiet = quiet + 1 if time.process_time() - spent < 0.05 else 0


async def _until(done: Any) -> None:
    deadline = time.monotonic() + 240
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError("nothing came")
        await asyncio.sleep(0.005)


if __name__ == "__main__":
    play(act)
