"""Finding or starting the station, with real processes."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chrislib.cube.client import CubeClient
from chrislib.desktop.station_launcher import StationProblem, ensure_station
from chrislib.paths import Paths


@pytest.fixture
async def paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Paths]:
    """Return folders of a user of their own; the station in them is ended."""
    monkeypatch.setenv("CHRISLIB_HOME", str(tmp_path))
    found = Paths.of_user()
    yield found
    if found.station_runtime.exists():
        pid = pid_of(found)
        os.kill(pid, signal.SIGTERM)
        await gone(pid)


def pid_of(paths: Paths) -> int:
    """Return the process id the runtime file names."""
    return int(json.loads(paths.station_runtime.read_text())["pid"])


async def gone(pid: int) -> None:
    """Wait until a process has ended."""
    deadline = time.monotonic() + 20
    while os.path.exists(f"/proc/{pid}"):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def test_it_is_started_found_again_and_replaced_when_dead(paths: Paths) -> None:
    first, twin = await asyncio.gather(ensure_station(paths), ensure_station(paths))
    assert first == twin
    pid = pid_of(paths)
    assert os.getsid(pid) == pid, "it must outlive the window's session"
    client = await CubeClient.sign_in(first.url, first.username, first.password)
    assert (await client.identify()).generation == 7
    await client.aclose()
    assert await ensure_station(paths) == first
    assert pid_of(paths) == pid
    os.kill(pid, signal.SIGKILL)
    await gone(pid)
    again = await ensure_station(paths)
    assert pid_of(paths) != pid
    assert again.password == first.password


async def test_a_station_that_cannot_start_says_why(paths: Paths) -> None:
    paths.station.parent.mkdir(parents=True)
    paths.station.mkdir()
    (paths.station / "station.db").mkdir()
    with pytest.raises(StationProblem) as caught:
        await ensure_station(paths, seconds=30)
    assert caught.value.hint
    assert caught.value.retryable
