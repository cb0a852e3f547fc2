"""Run every measurement, or those named: ``run.py cold_start pull_300``."""

import importlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.harness import Result, write

MEASUREMENTS = (
    "cold_start",
    "pull_300",
    "ui_gap",
    "upload_1000",
    "download_1000",
    "index_speed",
    "index_memory",
    "index_ui_gap",
    "library_100k",
    "thumbnails",
    "graph_frames",
    "feeds_5000",
    "form_60",
    "folder_20000",
    "poll_plan",
    "poll_page",
    "load_jobs",
    "poll_replay",
    "poll_real_time",
)


def main(names: list[str]) -> int:
    """Measure, write the results and print them; the exit code says all ran."""
    results: list[Result] = []
    for name in names or MEASUREMENTS:
        module = importlib.import_module(f"tests.bench.{name}")
        results.extend(module.measure())
    write(results)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
