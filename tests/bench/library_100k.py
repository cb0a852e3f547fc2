"""A library of 100,000 series: first paint, sort and filter against Qt's own ways.

The peers are a model of plain Python rows and `QSortFilterProxyModel`, painted in the
same view in the same process (method: dicom-peers.md 4.5). A proxy sorts 100,000 rows
in some ten seconds; it does so once.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.harness import Result, paired

HERE = Path(__file__).resolve().parent
ROWS = 100_000


def measure(runs: int = 5) -> list[Result]:
    """Fill a catalog once, then measure all ways in turn in one window."""
    with tempfile.TemporaryDirectory() as home:
        said = subprocess.run(
            [sys.executable, str(HERE / "library_100k_child.py"), home, str(runs)],
            env=_offscreen(),
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
    if said.returncode:
        raise RuntimeError(said.stderr)
    found: dict[str, list[float]] = json.loads(said.stdout)
    sorts, filters = found["sort"], found["filter"]
    return [
        paired(
            "library_100k_first_paint_vs_plain",
            found["first"],
            found["first_plain"],
            unit="s",
            goal=1.3,
        ),
        paired(
            "library_100k_sort_vs_proxy",
            sorts,
            found["sort_proxy"] * len(sorts),
            unit="s",
            goal=0.01,
        ),
        paired(
            "library_100k_filter_vs_proxy",
            filters,
            found["filter_proxy"] * len(filters),
            unit="s",
            goal=0.02,
        ),
    ]


def _offscreen() -> dict[str, str]:
    import os

    return {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
