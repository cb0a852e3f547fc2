"""How smooth the window stays during a pull, against the same window at rest."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.display import virtual_display
from tests.bench.harness import Result, paired
from tests.bench.stations import fresh_station

HERE = Path(__file__).resolve().parent


def measure(runs: int = 3) -> list[Result]:
    """Measure rest and pull in the same process, each run on a fresh station."""
    pulls: list[float] = []
    rests: list[float] = []
    with virtual_display() as display:
        for _ in range(runs):
            with (
                fresh_station(pace=0.02) as address,
                tempfile.TemporaryDirectory() as home,
            ):
                said = subprocess.run(
                    [
                        *(sys.executable, str(HERE / "ui_gap_child.py")),
                        *(address.url, address.username),
                        str(address.home / "data" / "station" / "owner.secret"),
                    ],
                    env={
                        **display,
                        "CHRISLIB_HOME": home,
                        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
                    },
                    capture_output=True,
                    text=True,
                    timeout=300,
                    check=False,
                )
            if said.returncode:
                raise RuntimeError(said.stderr)
            found = json.loads(said.stdout)
            if found["images"] != 300:
                raise RuntimeError(f"only {found['images']} images were pulled")
            pulls.append(found["pull"] * 1000)
            rests.append(found["idle"] * 1000)
    return [paired("ui_gap_p99_pull_vs_idle", pulls, rests, unit="ms", goal=2.0)]
