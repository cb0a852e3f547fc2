"""Bringing 10,000 files in: against pydicom, against GDCM, and looking once more.

Files in the page cache, ways in turn. Against pydicom one process reads and writes;
against GDCM's scanner, which has its reading done in C++, the program does as it does
for people: one process fewer than there are processors reads, and this one writes.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.harness import OUT, Result, paired
from tests.bench.index_child import rows_of_catalog, rows_of_table
from tests.bench.index_corpus import make

HERE = Path(__file__).resolve().parent
FILES = 10_000


def measure(runs: int = 3) -> list[Result]:
    """Measure all ways in turn over the same files."""
    took: dict[str, list[float]] = {
        way: [] for way in ("ours", "pydicom", "program", "gdcm")
    }
    walks: list[float] = []
    rescans: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder, "files")
        make(corpus, FILES)
        for run in range(runs):
            for way, python in (
                ("pydicom", sys.executable),
                ("ours", sys.executable),
                ("program", sys.executable),
                ("gdcm", str(peers())),
            ):
                said = _run(python, way, corpus, Path(folder, f"{way}{run}.db"))
                if said["files"] != FILES:
                    raise RuntimeError(f"{way} read {said['files']} files")
                took[way].append(said["seconds"])
                if way == "ours":
                    walks.append(said["walk"])
                    rescans.append(said["rescan"])
        if rows_of_catalog(Path(folder, "ours0.db")) != rows_of_table(
            Path(folder, "pydicom0.db")
        ):
            raise RuntimeError("the rows are not those of pydicom")
    ours = took["ours"]
    return [
        paired("index_10k_vs_pydicom", ours, took["pydicom"], unit="s", goal=0.15),
        paired(
            "index_10k_vs_gdcm_scanner",
            took["program"],
            took["gdcm"],
            unit="s",
            goal=0.5,
        ),
        paired("rescan_vs_walk", rescans, walks, unit="s", goal=1.5),
    ]


def _run(python: str, way: str, corpus: Path, database: Path) -> dict[str, float]:
    said = subprocess.run(
        [python, str(HERE / "index_child.py"), way, str(corpus), str(database)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        cwd=HERE,
    )
    if said.returncode:
        raise RuntimeError(said.stderr)
    found: dict[str, float] = json.loads(said.stdout)
    return found


def peers() -> Path:
    """Return the Python of an environment with GDCM, made once (network, disk)."""
    folder = OUT / "peers"
    python = folder / "bin" / "python"
    lock = HERE / "peers.lock"
    done = folder / "complete"
    if not done.exists() or done.read_text("utf-8") != lock.read_text("utf-8"):
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet"]
        subprocess.run(
            [*pip, "install", "--require-hashes", "--no-deps", "-r", str(lock)],
            check=True,
        )
        done.write_text(lock.read_text("utf-8"), "utf-8")
    return python
