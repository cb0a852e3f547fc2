"""The real window, idle and then during an import: prints both 99th percentiles."""

import sys
from pathlib import Path
from typing import Any

from chrislib.library.indexing.indexer import Indexer
from chrislib.views.navigation import ShowLibrary
from tests.bench.window import Pulse, play


async def act(services: Any, context: Any) -> dict[str, float]:
    """Rest, and import with progress."""
    context.navigator.go(ShowLibrary("overview"))
    pulse = Pulse()
    idle = await pulse.rest()
    told: list[int] = []
    report = await Indexer(services.catalog.index).bring_in(
        Path(sys.argv[1]), progress=lambda found: told.append(found.read)
    )
    imported = pulse.take()
    return {
        "idle": idle,
        "import": imported,
        "images": report.images,
        "told": len(told),
    }


if __name__ == "__main__":
    play(act)
