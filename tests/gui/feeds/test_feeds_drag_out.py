"""Outputs dragged by a real mouse onto another program, over a real X server."""

import hashlib
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.gui.feeds.conftest import sample_outputs
from tests.gui.feeds.drag_program import content

ROOT = Path(__file__).parents[3]
TARGET = 1060, 150
SECONDS = 120.0

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="X11 is Linux's"),
    pytest.mark.skipif(
        not all(map(shutil.which, ("Xvfb", "xdotool"))), reason="they are the mouse"
    ),
]


class Process:
    """A program that says JSON, a line at a time, and ends with its input."""

    def __init__(self, command: Sequence[str], env: dict[str, str]) -> None:
        self._running = subprocess.Popen(
            command, cwd=ROOT, env=env, bufsize=0,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self._rest = b""

    def speaks(self, seconds: float) -> bool:
        """Return whether it says something within some time."""
        out = self._running.stdout
        assert out is not None
        return b"\n" in self._rest or bool(select.select([out], [], [], seconds)[0])

    def said(self) -> Any:
        """Return the next thing it says; fails when it says nothing."""
        out = self._running.stdout
        assert out is not None
        while b"\n" not in self._rest:
            piece = os.read(out.fileno(), 65536) if self.speaks(SECONDS) else b""
            assert piece, f"it says nothing: {self._errors()}"
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        return json.loads(line)

    def end(self) -> None:
        """End it by the end of its input."""
        running = self._running
        for stream in (running.stdin, running.stdout, running.stderr):
            if stream is not None:
                stream.close()
        try:
            running.wait(20)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()

    def _errors(self) -> str:
        self._running.kill()
        stream = self._running.stderr
        return stream.read().decode()[-2000:] if stream is not None else ""


@pytest.fixture
def display() -> Iterator[dict[str, str]]:
    reader, writer = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1280x720x24",
         "-nolisten", "tcp"],
        pass_fds=(writer,), stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(writer)
    with os.fdopen(reader) as told:
        number = told.readline().strip()
    yield {**os.environ, "DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}
    server.terminate()
    server.wait(20)


def test_outputs_dragged_onto_another_program_arrive_whole(
    display: dict[str, str], tmp_path: Path
) -> None:
    def mouse(*words: object) -> None:
        subprocess.run(
            ["xdotool", *map(str, words)], env=display, check=True, timeout=SECONDS
        )

    def drag(name: str, *, comes: bool = False) -> dict[str, str]:
        """Press, move as a hand does, let go over the other program."""
        start = rows[name]
        mouse("mousemove", *start, "mousedown", 1)
        for step in range(1, 13):
            x = start[0] + (TARGET[0] - start[0]) * step // 12
            y = start[1] + (TARGET[1] - start[1]) * step // 12
            mouse("mousemove", x, y)
        if comes:
            assert program.said() == {"here": name}
        # moves come together on a busy machine: until some were taken
        over, step, until = 0, 0, time.monotonic() + SECONDS
        while over < 3 and time.monotonic() < until:
            step += 1
            mouse("mousemove", TARGET[0] + step % 9, TARGET[1])
            if target.speaks(0.2):
                over = target.said()["over"]
        mouse("mouseup", 1)
        found: dict[str, str] = target.said()
        while "over" in found:
            found = target.said()
        return found

    with ExitStack() as running:
        target = Process([sys.executable, "-m", "tests.gui.feeds.drop_target"], display)
        running.callback(target.end)
        program = Process(
            [sys.executable, "-m", "tests.gui.feeds.drag_program", str(tmp_path)],
            display,
        )
        running.callback(program.end)
        assert target.said() == {"shown": True}
        rows = program.said()["rows"]
        outputs = {entry.relative: entry for entry in sample_outputs()}
        # a file that was highlighted is here before anybody drags it
        mouse("mousemove", *rows["report.json"], "click", 1)
        assert program.said() == {"here": "report.json"}
        found = drag("report.json")
        assert found == {"report.json": _digest(outputs["report.json"])}
        # a folder comes on the way
        assert drag("anat", comes=True) == {
            file.relative: _digest(file) for file in outputs["anat"].children
        }


def _digest(entry: Any) -> str:
    return hashlib.sha256(content(entry)).hexdigest()
