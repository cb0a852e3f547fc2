"""One chrislib per user, with real processes."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chrislib.desktop import instance

_FIRST = """
import asyncio, sys
from pathlib import Path
from chrislib.desktop import instance

async def main():
    got = asyncio.Queue()
    await instance.listen(Path(sys.argv[1]), got.put_nowait)
    print("listening", flush=True)
    print(await got.get(), flush=True)

asyncio.run(main())
"""
_SECOND = """
import sys
from pathlib import Path
from chrislib.desktop import instance
sys.exit(0 if instance.hand_over(Path(sys.argv[1]), sys.argv[2]) else 3)
"""


def start(state: Path) -> "subprocess.Popen[str]":
    """Start a first instance and wait until it listens."""
    child = subprocess.Popen(
        [sys.executable, "-c", _FIRST, str(state)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "listening\n"
    return child


def second(state: Path, link: str) -> int:
    """Start a second instance and return its exit code."""
    return subprocess.run(
        [sys.executable, "-c", _SECOND, str(state), link], check=False
    ).returncode


def test_the_second_start_hands_its_link_over(tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert second(state, "chris:") == 3
    child = start(state)
    assert second(state, "chris:feed/12/node/34") == 0
    assert child.stdout is not None
    assert child.stdout.readline() == "chris:feed/12/node/34\n"
    child.stdout.close()
    assert child.wait(10) == 0


def test_a_killed_instance_leaves_no_closed_door(tmp_path: Path) -> None:
    child = start(tmp_path)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert child.stdout is not None
    child.stdout.close()
    begun = time.monotonic()
    assert not instance.hand_over(tmp_path, "chris:")
    assert time.monotonic() - begun < 1.0
    again = start(tmp_path)
    assert second(tmp_path, "x") == 0
    assert again.wait(10) == 0
    assert again.stdout is not None
    again.stdout.close()


async def test_only_one_listens_and_only_for_its_user(tmp_path: Path) -> None:
    first = await instance.listen(tmp_path, lambda _link: None)
    mode = stat.S_IMODE((tmp_path / "instance.sock").stat().st_mode)
    assert mode == 0o600
    with pytest.raises(instance.AlreadyRunning):
        await instance.listen(tmp_path, lambda _link: None)
    await first.close()
    assert not (tmp_path / "instance.sock").exists()
    await (await instance.listen(tmp_path, lambda _link: None)).close()


@pytest.mark.logs("was not understood", "a link could not be opened")
async def test_nonsense_and_a_broken_window_do_not_close_the_ear(
    tmp_path: Path,
) -> None:
    links: list[str] = []

    def opened(link: str) -> None:
        links.append(link)
        if link == "bad":
            raise RuntimeError(link)

    listener = await instance.listen(tmp_path, opened)
    reader, writer = await asyncio.open_unix_connection(tmp_path / "instance.sock")
    writer.write(b"GET / HTTP/1.1\n")
    assert await reader.read() == b""
    writer.close()
    for link in ("bad", "good"):
        assert await asyncio.to_thread(instance.hand_over, tmp_path, link)
    deadline = time.monotonic() + 5
    while links != ["bad", "good"]:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    await listener.close()


async def test_a_long_path_gets_a_short_socket(tmp_path: Path) -> None:
    state = tmp_path / ("x" * 60) / ("y" * 60)
    links: list[str] = []
    listener = await instance.listen(state, links.append)
    assert await asyncio.to_thread(instance.hand_over, state, "chris:")
    await listener.close()
    assert not os.path.exists(instance._socket_path(state))
