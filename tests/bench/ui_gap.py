"""How smooth the window stays during a pull, against the same window at rest."""

import tempfile
from pathlib import Path

from tests.bench.display import virtual_display
from tests.bench.harness import Result, paired
from tests.bench.stations import fresh_station
from tests.bench.window import child


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
                found = child(
                    "ui_gap_child.py",
                    address.url,
                    address.username,
                    str(address.home / "data" / "station" / "owner.secret"),
                    display=display,
                    home=Path(home),
                )
            if found["images"] != 300:
                raise RuntimeError(f"only {found['images']} images were pulled")
            pulls.append(found["pull"] * 1000)
            rests.append(found["idle"] * 1000)
    return [paired("ui_gap_p99_pull_vs_idle", pulls, rests, unit="ms", goal=2.0)]
