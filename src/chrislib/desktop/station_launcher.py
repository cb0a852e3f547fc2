"""Finding the embedded station of this computer, or starting it.

Only its command line, its runtime file and its address are known here; the station
shares no code with the rest.
"""

import asyncio
import http.client
import json
import logging
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from chrislib.desktop.processes import start_detached
from chrislib.errors import ChrislibError
from chrislib.locks import is_held
from chrislib.paths import Paths

_log = logging.getLogger(__name__)

_USER = "local"
_LOCK = "station.lock"
_SECONDS_TO_START = 90.0
"""The first start writes the sample studies."""
_EVERY = 0.05


class StationProblem(ChrislibError):
    """The embedded station does not come up."""


@dataclass(frozen=True, slots=True)
class StationAddress:
    """How the station is reached, and its only user."""

    url: str
    username: str
    password: str


async def ensure_station(
    paths: Paths, *, generation: int = 7, seconds: float = _SECONDS_TO_START
) -> StationAddress:
    """Return the living station, started if there is none (process, loopback).

    Parameters
    ----------
    generation : int
        CUBE generation it speaks, when it is started now.
    seconds : float
        How long it may take to answer.

    Raises
    ------
    StationProblem
        It ended or did not answer; says what its log says.
    """
    found = await asyncio.to_thread(_living, paths)
    if found is not None:
        return found
    return await asyncio.to_thread(
        _start_and_wait, paths, generation=generation, seconds=seconds
    )


def _start_and_wait(paths: Paths, *, generation: int, seconds: float) -> StationAddress:
    paths.station.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = paths.station / "start.log"
    log.write_bytes(b"")
    command = [
        sys.executable,
        "-m",
        "chrislib",
        "station",
        "serve",
        "--generation",
        str(generation),
        *_home(paths),
    ]
    _log.info("starting the embedded station")
    try:
        process = start_detached(command, log=log)
    except OSError as error:
        raise _problem("It could not be started.", log) from error
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = _living(paths)
        if found is not None:
            return found
        # One that was started by someone else may hold the folder, still silent.
        if process.returncode is not None and not is_held(paths.station / _LOCK):
            found = _living(paths)
            if found is not None:
                return found
            raise _problem("It ended right after its start.", log)
        time.sleep(_EVERY)
    raise _problem(f"It did not answer within {seconds:.0f} s.", log)


def _living(paths: Paths) -> StationAddress | None:
    """Return the station its runtime file names, if it answers (disk, loopback)."""
    try:
        runtime = json.loads(paths.station_runtime.read_text(encoding="utf-8"))
        url, pid = str(runtime["url"]), int(runtime["pid"])
        password = paths.station_owner_secret.read_text(encoding="utf-8").strip()
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not _exists(pid) or not _answers(url):
        return None
    return StationAddress(url, _USER, password)


def _exists(pid: int) -> bool:
    if sys.platform == "win32":
        return True  # signal 0 would end it there; the health check decides
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False
    return True


def _answers(url: str) -> bool:
    """Whether something that may be a CUBE answers there (loopback)."""
    parts = urlsplit(url)
    if parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        return False
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=3)
    try:
        path = parts.path.rstrip("/") + "/users/"
        connection.request("GET", path, headers={"Accept": "application/json"})
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return answer.status < 500


def _home(paths: Paths) -> list[str]:
    """Return the option that puts the station where `paths` says."""
    if paths.station == Paths.of_user().station:
        return []
    base = paths.station.parents[1]
    return ["--home", str(base)]


def _problem(reason: str, log: Path) -> StationProblem:
    try:
        tail = log.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        tail = ""
    last = tail.splitlines()[-1] if tail else ""
    return StationProblem(
        "The station on this computer does not start.",
        " ".join(part for part in (reason, last) if part),
        hint="Its data is untouched. Try again; the details are in its log.",
        retryable=True,
        context={"log": str(log)},
    )
