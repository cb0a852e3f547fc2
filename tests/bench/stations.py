"""A fresh station for a measurement, and the way into it."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from chrislib.station.disk import Disk
from chrislib.station.store import Store
from tests.bench.harness import ROOT


@dataclass(frozen=True, slots=True)
class Address:
    """Where a station answers, as whom, and the folder it was given."""

    url: str
    username: str
    password: str
    home: Path


@contextmanager
def fresh_station(*, pace: float = 0.0, poll: float = 0.1) -> Iterator[Address]:
    """Run a station with an empty storage; it ends, and its data goes, afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        env = {
            **os.environ,
            "CHRISLIB_HOME": folder,
            "CHRISLIB_PLUGIN_ENVS": os.environ.get(
                "CHRISLIB_PLUGIN_ENVS", str(ROOT / "build" / "plugin-envs")
            ),
        }
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "chrislib", "station", "serve"),
                *("--foreground", "--pace", str(pace), "--poll", str(poll)),
            ],
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            base = home / "data" / "station"
            runtime = _wait(base / "station.json", process)
            secret = (base / "owner.secret").read_text("utf-8").strip()
            yield Address(str(runtime["url"]), "local", secret, home)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def stored_files(
    address: Address, folder: str, *, count: int, content: bytes = b"x"
) -> None:
    """Put files of one content into a folder of a station that is running."""
    base = address.home / "data" / "station"
    store, disk = Store(base / "station.db"), Disk(base / "storage")
    try:
        kept = disk.write(content)
        with store.transaction():
            store.ensure_folder(folder, address.username)
            for number in range(count):
                path = f"{folder}/{number:05d}.dcm"
                store.register_file(path, len(content), kept, owner=address.username)
    finally:
        store.close()


def _wait(path: Path, process: "subprocess.Popen[bytes]") -> dict[str, object]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if path.exists():
            found: dict[str, object] = json.loads(path.read_text("utf-8"))
            return found
        if process.poll() is not None:
            raise RuntimeError(f"the station ended with {process.returncode}")
        time.sleep(0.02)
    raise RuntimeError("the station did not come up")
