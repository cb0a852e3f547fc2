"""A chrislib without a window that starts a local program and is killed then.

Run as a script: ``program_child.py FOLDER SECONDS``. Prints the job's key, waits.
"""

import asyncio
import sys
from pathlib import Path

from chrislib.jobs.model import Phase, ProgramIntent
from tests.services.bench import Desk

SCRIPT = "echo started; i=0; while [ ! -e go ]; do i=$((i+1)); sleep 0.05; done; "
SCRIPT += "echo written > out.txt; echo ended"


async def main(folder: Path) -> None:
    """Start the program and wait to be killed."""
    desk = await Desk(folder).start()
    work = folder / "work"
    work.mkdir()
    intent = ProgramIntent(("sh", "-c", SCRIPT), str(work), "a long one", timeout=120)
    key = await desk.jobs.submit(intent)
    await desk.phase(key, Phase.RUNNING)
    sys.stdout.write(f"{key}\n")
    sys.stdout.flush()
    await asyncio.sleep(600)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
