"""Outputs of a node with 20,000 files in one folder: opened, against bare requests.

Both sides ask for the same pages, one after the other; ours parses them, puts them in
order and has them painted in the real window, whose beat is compared with its beat at
rest.
"""

import asyncio
import tempfile
import time
from pathlib import Path

import httpx

from chrislib.feeds.output_walk import FIRST, PAGE
from chrislib.station.store import Store
from tests.bench.display import virtual_display
from tests.bench.harness import Result, paired
from tests.bench.stations import Address, fresh_station, stored_files
from tests.bench.window import child
from tests.sim.rows import Rows

_FILES = 20_000
_RUNS = 3


def measure() -> list[Result]:
    """Open it in turn; seconds to painted against seconds of the pages needed."""
    ours, plain, gaps, idle = [], [], [], []
    with fresh_station(poll=1e6) as address, virtual_display() as display:
        feed, small, node, folder = _fill(address)
        for number in range(-1, _RUNS):
            with tempfile.TemporaryDirectory() as home:
                said = child(
                    "folder_20000_child.py",
                    address.url,
                    address.username,
                    str(address.home / "data" / "station" / "owner.secret"),
                    str(feed),
                    str(small),
                    str(node),
                    str(_FILES),
                    display=display,
                    home=Path(home),
                )
            whole = asyncio.run(_plain(address, folder))
            if number < 0:  # the first warms the server up
                continue
            ours.append(said["whole"])
            gaps.append(1000 * said["gap"])
            idle.append(1000 * said["idle"])
            plain.append(whole)
    return [
        paired("folder_20000_open_vs_http", ours, plain, unit="s", goal=1.3),
        paired("folder_20000_gap_vs_idle", gaps, idle, unit="ms", goal=2.0),
    ]


def _fill(address: Address) -> tuple[int, int, int, int]:
    """Put files into a node's outputs; returns feed, both nodes and the folder."""
    store = Store(address.home / "data" / "station" / "station.db")
    try:
        rows = Rows(store)
        with store.transaction():
            feed = rows.add_feed("a full folder")
            node = rows.add_run(feed, status="finishedSuccessfully", folders=True)
            small = rows.add_run(
                feed, status="finishedSuccessfully", previous_id=node, folders=True
            )
            path = store.value("SELECT output_path FROM instances WHERE id = ?", node)
    finally:
        store.close()
    stored_files(address, f"{path}/images", count=_FILES, content=b"x" * 900)
    store = Store(address.home / "data" / "station" / "station.db")
    try:
        folder = store.folder_id(f"{path}/images")
    finally:
        store.close()
    assert folder is not None
    return feed, small, node, folder


async def _plain(address: Address, folder: int) -> float:
    """Return seconds for the pages of all files."""
    async with httpx.AsyncClient(
        base_url=address.url, headers={"Accept": "application/json"}, timeout=120
    ) as http:
        given = {"username": address.username, "password": address.password}
        answer = await http.post("auth-token/", json=given)
        http.headers["Authorization"] = f"Token {answer.json()['token']}"
        place = f"filebrowser/{folder}/files/"

        async def page(offset: int, limit: int) -> None:
            asked = {"limit": limit, "offset": offset}
            body = (await http.get(place, params=asked)).raise_for_status().json()
            assert len(body["results"]) == limit

        began = time.perf_counter()
        await page(0, FIRST)
        await page(_FILES - FIRST, FIRST)
        left = _FILES - FIRST
        while left > FIRST:
            offset = max(FIRST, left - PAGE)
            await page(offset, left - offset)
            left = offset
        return time.perf_counter() - began
