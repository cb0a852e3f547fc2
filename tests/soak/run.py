"""``make soak``: hundreds of kills, and the invariants with many crash points.

``run.py [ROUNDS]``; counts are printed and kept in ``build/soak/results.json``.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(_ROOT))

from tests.conftest import Station  # noqa: E402
from tests.soak import imports as importing  # noqa: E402
from tests.soak import killing  # noqa: E402
from tests.soak import uploads as uploading  # noqa: E402

ROUNDS = 300
UPLOAD_ROUNDS = 30
_OUT = _ROOT / "build" / "soak"
_BAD_FILES = sorted((_ROOT / "tests" / "unit").glob("*/test_bad_*.py"))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def kills(rounds: int) -> dict[str, Any]:
    """Kill a chrislib so many times against a station of its own."""
    folder = Path(tempfile.mkdtemp(prefix="chrislib-soak-"))
    station = Station(folder / "station", ("--pace", "0.01", "--poll", "0.05")).start()
    try:
        place = folder / "life"
        asyncio.run(killing.prepare(place, station.url, station.token))
        counts = killing.kill_rounds(place, rounds, seed=time.time_ns(), say=_say)
        if not counts.held:
            shutil.copytree(place, _OUT / "life", dirs_exist_ok=True)
    finally:
        station.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return killing.as_json(counts)


def imports(rounds: int) -> dict[str, Any]:
    """Kill imports of 10,000 files, a third as often as the rest."""
    folder = Path(tempfile.mkdtemp(prefix="chrislib-soak-"))
    try:
        counts = importing.kill_imports(
            folder, max(1, rounds // 3), files=10_000, seed=time.time_ns(), say=_say
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return importing.as_json(counts)


def uploads() -> dict[str, Any]:
    """Kill uploads of 2,000 files and count at the server what arrived."""
    folder = Path(tempfile.mkdtemp(prefix="chrislib-soak-"))
    station = Station(folder / "station", ("--pace", "0.01", "--poll", "0.05")).start()
    try:
        counts = uploading.kill_uploads(
            folder / "life",
            UPLOAD_ROUNDS,
            server=(station.url, station.token),
            files=2000,
            seed=time.time_ns(),
            say=_say,
        )
    finally:
        station.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return uploading.as_json(counts)


def invariants() -> dict[str, Any]:
    """Run the state machine of the invariants for long, with its crash points."""
    report = _OUT / "invariants.json"
    for old in (report, *_OUT.glob("points-*.json")):
        old.unlink(missing_ok=True)
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "tests/invariants"],
        cwd=_ROOT,
        env={**os.environ, "CHRISLIB_SOAK": str(report)},
        check=False,
    )
    counted: dict[str, Any] = {}
    if report.exists():
        counted = json.loads(report.read_text(encoding="utf-8"))
    for points in _OUT.glob("points-*.json"):
        died: dict[str, int] = json.loads(points.read_text(encoding="utf-8"))
        for where, number in died.items():
            if where:
                counted["crash_points"] = counted.get("crash_points", 0) + number
                kinds = counted.setdefault("by_kind", {})
                kinds[where] = kinds.get(where, 0) + number
    seconds = round(time.monotonic() - began, 1)
    return {"held": done.returncode == 0, "seconds": seconds, **counted}


def batch() -> dict[str, Any]:
    """Submit ten thousand runs, killed behind the 3,217th, at full length."""
    return _at_full_length("tests/scenarios", "-k", "test_s09")


def bad_files() -> dict[str, Any]:
    """Read every known file, many cuts of each and hand-made ones, in every way."""
    return _at_full_length(*map(str, _BAD_FILES))


def _at_full_length(*tests: str) -> dict[str, Any]:
    """Run tests of which `make test` runs a sample."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *tests],
        cwd=_ROOT,
        env={**os.environ, "CHRISLIB_SOAK": "1"},
        check=False,
    )
    seconds = round(time.monotonic() - began, 1)
    return {"held": done.returncode == 0, "seconds": seconds}


def main(rounds: int) -> int:
    """Run all, print the counts and keep them; the exit code says all held."""
    _OUT.mkdir(parents=True, exist_ok=True)
    results = {
        "kills": kills(rounds),
        "imports": imports(rounds),
        "uploads": uploads(),
        "invariants": invariants(),
        "batch": batch(),
        "bad_files": bad_files(),
    }
    text = json.dumps(results, indent=2)
    (_OUT / "results.json").write_text(text + "\n", encoding="utf-8")
    _say("")
    for name, value in results["kills"].items():
        if name != "problems":
            _say(f"{name.replace('_', ' '):<24} {value}")
    for problem in results["kills"]["problems"][:20]:
        _say(f"  {problem}")
    for part in ("imports", "uploads", "invariants", "batch", "bad_files"):
        for name, value in results[part].items():
            _say(f"{part + ': ' + name.replace('_', ' '):<24} {value}")
    return 0 if all(part["held"] for part in results.values()) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
