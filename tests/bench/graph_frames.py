"""How long a frame of a graph of 5,000 nodes takes, while states change."""

import os
import subprocess
import sys
from pathlib import Path

from tests.bench.harness import ROOT, Result

_GOAL = 16.0
_RUNS = 3


def measure() -> list[Result]:
    """Drag and zoom it at three sizes; the 99th percentile of all frames, ms."""
    found = sorted(_frames() for _ in range(_RUNS))
    middle = found[_RUNS // 2]
    return [
        Result(
            name="graph_5000_frame_p99_ms",
            value=round(middle, 2),
            unit="ms",
            peer=1.0,
            ratio=round(middle, 3),
            runs=_RUNS,
            goal=_GOAL,
        )
    ]


def _frames() -> float:
    child = Path(__file__).with_name("graph_frames_child.py")
    done = subprocess.run(
        [sys.executable, str(child)],
        cwd=ROOT,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return float(done.stdout.split()[-1])
