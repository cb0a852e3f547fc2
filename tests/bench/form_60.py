"""How long a form with 60 parameters takes to be on screen."""

import os
import subprocess
import sys
from pathlib import Path

from tests.bench.harness import ROOT, Result

_GOAL = 100.0
_RUNS = 3


def measure() -> list[Result]:
    """Open it in three processes; the middle of their medians, ms."""
    found = sorted(_painted() for _ in range(_RUNS))
    middle = found[_RUNS // 2]
    return [
        Result(
            name="form_60_params_ms",
            value=round(middle, 2),
            unit="ms",
            peer=1.0,
            ratio=round(middle, 3),
            runs=_RUNS,
            goal=_GOAL,
        )
    ]


def _painted() -> float:
    child = Path(__file__).with_name("form_60_child.py")
    done = subprocess.run(
        [sys.executable, str(child)],
        cwd=ROOT,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return float(done.stdout.split()[-1])
