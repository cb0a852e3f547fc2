"""How smooth the window stays during an import, against the same window at rest."""

import tempfile
from pathlib import Path

from tests.bench.display import virtual_display
from tests.bench.harness import Result, paired
from tests.bench.index_corpus import make
from tests.bench.window import child

FILES = 10_000


def measure(runs: int = 3) -> list[Result]:
    """Measure rest and import in the same process, each run with a new catalog."""
    imports: list[float] = []
    rests: list[float] = []
    with virtual_display() as display, tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder, "files")
        make(corpus, FILES)
        for run in range(runs):
            found = child(
                "index_ui_gap_child.py",
                str(corpus),
                display=display,
                home=Path(folder, f"home{run}"),
            )
            if found["images"] != FILES:
                raise RuntimeError(f"only {found['images']} images were imported")
            imports.append(found["import"] * 1000)
            rests.append(found["idle"] * 1000)
    return [paired("ui_gap_p99_import_vs_idle", imports, rests, unit="ms", goal=2.0)]
