"""Starts lives quickly: one process loads everything once and forks for each life.

Run as ``python -m tests.soak.nursery FOLDER``. Reads lines of JSON, answers each with
one: ``{"do": "live", "seed": 1, "drain": false}`` → ``{"pid": 17}``; ``{"do": "wait",
"pid": 17}`` → ``{"status": -9}``.
"""

import json
import logging
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import httpx  # noqa: F401 - loaded before the first fork, like all the rest

from tests.soak import child


def main(folder: Path) -> None:
    """Serve until the input ends."""
    place = json.loads((folder / "place.json").read_text(encoding="utf-8"))
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["do"] == "live":
            answer = {"pid": _live(folder, place, asked)}
        else:
            _, status = os.waitpid(asked["pid"], 0)
            answer = {"status": os.waitstatus_to_exitcode(status)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _live(folder: Path, place: dict[str, Any], asked: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.close(0)
        os.dup2(2, 1)
        logging.basicConfig(
            filename=folder / "log.txt",
            level=logging.WARNING,
            format="%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s",
        )
        child.live(folder, place, seed=asked["seed"], drain=asked["drain"])
        code = 0
    except BaseException:  # noqa: BLE001 - whatever it is, it belongs into the log
        with (folder / "log.txt").open("a", encoding="utf-8") as log:
            traceback.print_exc(file=log)
    finally:
        os._exit(code)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
