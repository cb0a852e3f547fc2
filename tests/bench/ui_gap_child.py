"""The real window, idle and then during a pull: prints both 99th percentiles.

A precise 4 ms timer beats on the window's thread; the gap is the time between two
beats. Prints JSON: {"idle": seconds, "pull": seconds, "images": int}.
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

from chrislib import bootstrap
from chrislib.library.model import ItemState
from chrislib.pacs.types import Criteria
from chrislib.views.navigation import ShowLibrary
from tests.bench.window import Pulse, play


async def act(services: Any, context: Any) -> dict[str, float]:
    """Sign in, rest and pull."""
    url, user, secret = sys.argv[1:4]
    password = Path(secret).read_text("utf-8").strip()
    await services.session.sign_in(url, user, password)
    await bootstrap.follow(services)
    library = services.library
    found = await library.lookup(Criteria({"PatientID": ("CL-9001",)}))
    wanted = [
        (patient, study, series)
        for patient in found.patients
        for study in patient.studies
        for series in study.series
        if series.description == "AXIAL 300"
    ]
    context.navigator.go(ShowLibrary("pacs"))
    pulse = Pulse()
    idle = await pulse.rest()
    items = await library.pull(wanted)
    began = time.monotonic()
    while True:
        item = library.item(items[0].item_id)
        if item is None or item.state in {ItemState.READY, ItemState.FAILED}:
            break
        if time.monotonic() - began > 120:
            break
        await asyncio.sleep(0.05)
    pulled = pulse.take()
    images = item.images if item and item.state is ItemState.READY else 0
    return {"idle": idle, "pull": pulled, "images": images}


if __name__ == "__main__":
    play(act)
