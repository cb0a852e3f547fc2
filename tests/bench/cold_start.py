"""Process start to first painted window, against a bare PySide6 window."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.display import virtual_display
from tests.bench.harness import Result, paired

HERE = Path(__file__).resolve().parent


def _seconds_to_paint(script: str, env: dict[str, str]) -> float:
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, str(HERE / script)],
        env=env,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        took = time.perf_counter() - began
        process.wait(60)
    if line.strip() != "painted":
        raise RuntimeError(f"{script} never painted its window")
    return took


def measure(runs: int = 7) -> list[Result]:
    """Measure both in turn after one uncounted run of each."""
    ours: list[float] = []
    peers: list[float] = []
    with tempfile.TemporaryDirectory() as home, virtual_display() as display:
        env = {**display, "CHRISLIB_HOME": home}
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        for turn in range(runs + 1):
            peer = _seconds_to_paint("bare_window.py", env)
            own = _seconds_to_paint("our_window.py", env)
            if turn:
                peers.append(peer)
                ours.append(own)
    return [paired("cold_start_vs_bare_window", ours, peers, unit="s", goal=1.3)]
