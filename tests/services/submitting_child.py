"""A chrislib that submits jobs to a service as fast as it can, until it is killed.

Run as a script: ``submitting_child.py FOLDER URL ROUND``.
"""

import asyncio
import itertools
import sys
from pathlib import Path

from chrislib.jobs.model import ServiceIntent
from tests.services.bench import Desk, ServiceProcess


async def main(folder: Path, url: str, turn: str) -> None:
    """Submit, and look at what there is, without an end."""
    service = ServiceProcess(folder / "none", port=int(url.rpartition(":")[2]))
    desk = Desk(folder)
    desk.use(service)
    await desk.start()
    for number in itertools.count():
        await desk.jobs.submit(
            ServiceIntent(
                "textworks",
                "measure",
                {"values": {"text": f"{turn} {number}"}},
                f"{turn}-{number}",
            )
        )
        sys.stdout.write(".")
        sys.stdout.flush()
        await asyncio.sleep(0.01)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
