"""``chrislib station``: serve it, or prepare the plugin environments."""

import argparse
import contextlib
import logging
import logging.handlers
import os
import socket
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO

from chrislib.errors import ChrislibError
from chrislib.paths import Paths
from chrislib.station.context import StationConfig

_log = logging.getLogger(__name__)


def main(argv: Sequence[str]) -> int:
    """Run one of the station's commands and return its exit code."""
    arguments = list(argv)
    try:
        if arguments[:1] == ["prepare"]:
            return prepare(arguments[1:])
        if arguments[:1] == ["serve"]:
            arguments = arguments[1:]
        return serve(arguments)
    except ChrislibError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def serve(argv: Sequence[str]) -> int:
    """Serve until a signal says stop (network, disk, processes).

    Parameters
    ----------
    argv : sequence of str
        Options after ``chrislib station serve``.
    """
    options = _serve_parser().parse_args(list(argv))
    paths = _paths(options.home)
    config = StationConfig(
        generation=options.generation,
        poll=options.poll,
        pace=options.pace,
        pacs_folder=options.pacs_folder,
        quota=options.quota,
        max_seconds=options.max_seconds,
        slots=max(2, os.cpu_count() or 2),
    )
    os.umask(0o077)  # studies are nobody else's business
    paths.station.mkdir(parents=True, exist_ok=True, mode=0o700)
    _start_logging(paths, foreground=options.foreground)
    with _only_one(paths):
        from chrislib.station.server import run

        with _listen(options.port) as listener:
            run(listener, paths, config=config)
    return 0


def prepare(argv: Sequence[str]) -> int:
    """Make the environments of all plugins (network, disk, processes)."""
    parser = argparse.ArgumentParser(prog="chrislib station prepare")
    parser.add_argument("--home", type=Path, help="keep everything under this folder")
    options = parser.parse_args(list(argv))
    from chrislib.station.environments import prepare_all

    return prepare_all(_paths(options.home), report=_say)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _serve_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="chrislib station serve")
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--home", type=Path, help="keep everything under this folder")
    parser.add_argument(
        "--generation", type=int, choices=(6, 7), default=7, help="answer as this CUBE"
    )
    parser.add_argument(
        "--pacs-folder", type=Path, help="DICOM files to serve as the PACS"
    )
    parser.add_argument(
        "--pace", type=float, default=0.03, help="seconds for an image of a pull"
    )
    parser.add_argument(
        "--poll", type=float, default=1.0, help="seconds between looks at the runs"
    )
    parser.add_argument(
        "--quota", type=int, help="bytes after which the disk counts as full"
    )
    parser.add_argument(
        "--max-seconds", type=int, default=86_400, help="longest run of a plugin"
    )
    parser.add_argument("--foreground", action="store_true", help="log to the terminal")
    return parser


def _paths(home: Path | None) -> Paths:
    if home is None:
        return Paths.of_user()
    base = home.resolve()
    envs = os.environ.get("CHRISLIB_PLUGIN_ENVS")
    paths = Paths.of_user()
    return replace(
        paths,
        state=base / "state",
        cache=base / "cache",
        config=base / "config",
        station=base / "data" / "station",
        plugin_envs=Path(envs) if envs else base / "data" / "plugin-envs",
    )


def _start_logging(paths: Paths, *, foreground: bool) -> None:
    handler: logging.Handler
    if foreground:
        handler = logging.StreamHandler()
    else:
        handler = logging.handlers.RotatingFileHandler(
            paths.station / "station.log",
            maxBytes=2 << 20,
            backupCount=2,
            encoding="utf-8",
        )
    logging.basicConfig(
        level=logging.INFO,
        handlers=[handler],
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _listen(port: int) -> socket.socket:
    # With the protocol named, asyncio knows that it is TCP and sends answers at once;
    # without it each small answer waits 40 ms for the other side.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if sys.platform != "win32":
        # On Windows the option means that others may take the port as well.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise ChrislibError(
            f"The station cannot use port {port}.",
            "Nothing was changed.",
            hint="Choose another with --port, or leave the option out.",
        ) from error
    return listener


@contextlib.contextmanager
def _only_one(paths: Paths) -> Iterator[None]:
    """Hold the lock file of the station's folder on disk.

    The system gives the lock back when the process dies, however it dies.
    """
    path = paths.station / "station.lock"
    with path.open("a+b") as handle:
        try:
            _lock(handle)
        except OSError as error:
            raise ChrislibError(
                "A station is running for this folder already.",
                "It goes on undisturbed.",
                hint="Use the running one, or give another --home.",
            ) from error
        yield


if sys.platform == "win32":  # pragma: no cover
    import msvcrt

    def _lock(handle: IO[bytes]) -> None:
        handle.seek(0)
        msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(handle: IO[bytes]) -> None:
        fcntl.flock(handle.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
