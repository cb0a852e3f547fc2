"""5,000 feeds listed, and a feed of 5,000 nodes opened: against the bare requests.

The rows are put into the database of a station. Both sides ask for the same pages; ours
parses them, keeps them and has them painted in the real window. The list is open when
the rows of all its pages are in it and painted (its first screen is there after one
page, long before); the peer reads all pages one after the other and keeps nothing.
"""

import asyncio
import tempfile
import time
from pathlib import Path

import httpx

from chrislib.station.store import Store
from tests.bench.display import virtual_display
from tests.bench.harness import Result, paired
from tests.bench.stations import Address, fresh_station
from tests.bench.window import child
from tests.sim.rows import Rows

_FEEDS = _NODES = 5_000
_RUNS = 3


def measure() -> list[Result]:
    """Open both in turn; seconds to painted against seconds of the pages needed."""
    lists, graphs, plain_lists, plain_graphs = [], [], [], []
    with fresh_station(poll=1e6) as address, virtual_display() as display:
        big = _fill(address)
        for _ in range(_RUNS):
            with tempfile.TemporaryDirectory() as home:
                said = child(
                    "feeds_5000_child.py",
                    address.url,
                    address.username,
                    str(address.home / "data" / "station" / "owner.secret"),
                    str(big),
                    str(_FEEDS),
                    display=display,
                    home=Path(home),
                )
            pages, nodes = asyncio.run(_plain(address, big))
            lists.append(said["list"])
            graphs.append(said["graph"])
            plain_lists.append(pages)
            plain_graphs.append(nodes)
    return [
        paired("feeds_5000_list_open_vs_http", lists, plain_lists, unit="s", goal=1.3),
        paired(
            "feed_5000_nodes_open_vs_http", graphs, plain_graphs, unit="s", goal=1.3
        ),
    ]


def _fill(address: Address) -> int:
    """Put feeds and nodes into the station's database; returns the large feed."""
    store = Store(address.home / "data" / "station" / "station.db")
    try:
        rows = Rows(store)
        with store.transaction():
            for number in range(_FEEDS - 1):
                feed = rows.add_feed(f"study {number % 311}, subject {number}")
                rows.add_run(feed, status="finishedSuccessfully")
            big = rows.add_feed("the large one")
            root = rows.add_run(big, status="finishedSuccessfully")
            above = root
            for number in range(_NODES - 1):
                above = root if number % 4 == 0 else above
                status = "started" if number % 50 == 0 else "finishedSuccessfully"
                above = rows.add_run(big, status=status, previous_id=above)
        return big
    finally:
        store.close()


async def _plain(address: Address, feed: int) -> tuple[float, float]:
    """Return seconds for the pages of the list, and of the feed's nodes."""
    async with httpx.AsyncClient(
        base_url=address.url, headers={"Accept": "application/json"}, timeout=120
    ) as http:
        given = {"username": address.username, "password": address.password}
        answer = await http.post("auth-token/", json=given)
        http.headers["Authorization"] = f"Token {answer.json()['token']}"

        async def pages(path: str, limit: int) -> float:
            began, offset = time.perf_counter(), 0
            while True:
                page = await http.get(path, params={"limit": limit, "offset": offset})
                body = page.raise_for_status().json()
                offset += len(body["results"])
                if not body["next"] or not body["results"]:
                    return time.perf_counter() - began

        await pages("", 10)
        listed = await pages("", 100) + await pages("publicfeeds/", 100)
        return listed, await pages(f"{feed}/plugininstances/", 1000)
