"""Memory of an import: the most that 100,000 files take, against 10,000.

The program and its readers together, as the system counted them at their peak.
"""

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.harness import Result, paired
from tests.bench.index_corpus import make

_SLICES = 40


def measure(runs: int = 2) -> list[Result]:
    """Import both corpora in turn, each time in a process of its own."""
    peaks: dict[int, list[float]] = {10_000: [], 100_000: []}
    with tempfile.TemporaryDirectory() as folder:
        for count in peaks:
            make(Path(folder, str(count)), count, slices=_SLICES)
        for run in range(runs):
            for count, found in peaks.items():
                said = subprocess.run(
                    [
                        *(sys.executable, __file__, str(Path(folder, str(count)))),
                        str(Path(folder, f"{count}-{run}.db")),
                    ],
                    capture_output=True,
                    text=True,
                    timeout=900,
                    check=False,
                )
                if said.returncode:
                    raise RuntimeError(said.stderr)
                answer = json.loads(said.stdout)
                if answer["images"] != count:
                    raise RuntimeError(f"{answer['images']} of {count} were imported")
                found.append(answer["megabytes"])
    many, few = peaks[100_000], peaks[10_000]
    return [paired("rss_import_100k_vs_10k", many, few, unit="MB", goal=1.2)]


async def _import(corpus: Path, database: Path) -> None:
    from chrislib.catalog.catalog import Catalog
    from chrislib.library.indexing.indexer import Indexer

    catalog = Catalog(database)
    await catalog.open()
    report = await Indexer(catalog.index, processes=1).bring_in(corpus)
    await catalog.close()
    kilobytes = (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    )
    found = {"images": report.images, "megabytes": kilobytes / 1024}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    asyncio.run(_import(Path(sys.argv[1]), Path(sys.argv[2])))
