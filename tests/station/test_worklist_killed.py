"""A work list killed with -9 again and again goes on where it was."""

import json
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.station.worklist_child import IDS

_ROOT = Path(__file__).resolve().parents[2]
_SECONDS = 90


def did(folder: Path, what: str) -> list[str]:
    """Return what was asked, or pulled, by all processes so far."""
    path = folder / "did.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    pairs = [line.partition(" ") for line in lines]
    return [which for kind, _, which in pairs if kind == what]


def answered(folder: Path) -> set[str]:
    """Return the patient IDs whose rows have an answer on disk."""
    path = folder / "state" / "catalog.db"
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            rows = db.execute("SELECT cells, state FROM work_row").fetchall()
    except sqlite3.OperationalError:
        return set()  # not made yet
    return {json.loads(cells)[0] for cells, state in rows if state != "waiting"}


def start(folder: Path) -> "subprocess.Popen[bytes]":
    """Start a process of the program."""
    with (folder / "said.txt").open("ab") as said:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.station.worklist_child", str(folder)],
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )


def kill_when(folder: Path, there: Callable[[], bool]) -> None:
    """Let it live until something is so, then kill it."""
    process = start(folder)
    deadline = time.monotonic() + _SECONDS
    try:
        while not there() and process.poll() is None:
            assert time.monotonic() < deadline, "nothing went on"
            time.sleep(0.005)
    finally:
        process.kill()
        process.wait()


def test_a_killed_work_list_asks_and_pulls_nothing_twice(
    station: Any, tmp_path: Path
) -> None:
    place = {"url": station.url, "token": station.token}
    (tmp_path / "place.json").write_text(json.dumps(place), encoding="utf-8")
    kill_when(tmp_path, lambda: len(answered(tmp_path)) > 2)
    known, before = answered(tmp_path), len(did(tmp_path, "asked"))
    assert known
    kill_when(tmp_path, lambda: bool(did(tmp_path, "pulled")))
    again = set(did(tmp_path, "asked")[before:])
    assert not again & known, "a row with an answer was asked again"
    asked = Counter(did(tmp_path, "asked")[before:])
    assert asked["CL-1013"] <= 1, "two rows, one question"
    before = len(did(tmp_path, "asked"))
    last = start(tmp_path)
    try:
        said = last.wait(_SECONDS)
    finally:
        last.kill()
    assert said == 0, (tmp_path / "said.txt").read_text(encoding="utf-8")
    states = json.loads((tmp_path / "states.json").read_text(encoding="utf-8"))
    assert len(states) == len(IDS)
    assert set(states[:-3]) == {"missing"}
    assert states[-3:] == ["pulled"] * 3
    assert len(did(tmp_path, "asked")) == before, "every row had its answer"
    # a kill between a request and the note of it costs that series once more: three
    # are pulled at a time
    pulls = Counter(did(tmp_path, "pulled"))
    assert "" not in pulls
    assert max(pulls.values()) <= 2
    assert sum(number - 1 for number in pulls.values()) <= 3
    with closing(sqlite3.connect(tmp_path / "state" / "catalog.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = db.execute("SELECT series_uid FROM library_item").fetchall()
    assert len(rows) == len(set(rows))
