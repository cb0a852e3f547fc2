"""A process that is killed while it shows a toast: ``folder before|after``."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from chrislib.desktop.toast import Toast
from tests.notices.desk import FAILED, NoticeDesk


async def main(folder: Path, when: str) -> None:
    """Let a run fail and die with its toast, before or after it is on the screen."""
    desk = NoticeDesk(folder, base=0.3)

    def show(toast: Toast) -> None:
        if when == "after":
            with (folder / "screen.txt").open("a", encoding="utf-8") as screen:
                screen.write(f"{toast.title}\n")
        os.kill(os.getpid(), signal.SIGKILL)

    desk.sink.on_show = show
    await desk.start()
    await desk.end(await desk.runs(feed=12), **FAILED)
    await asyncio.sleep(30)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
