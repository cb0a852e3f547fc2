"""What every measurement shares: results as ratios, written and shown."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "build" / "bench"


@dataclass(frozen=True, slots=True)
class Result:
    """One figure.

    `value` and `peer` are medians in `unit`; `ratio` is ours over the peer's, the
    median of the ratios of paired runs; `goal` is the largest ratio that is fine.
    """

    name: str
    value: float
    unit: str
    peer: float
    ratio: float
    runs: int
    goal: float

    @property
    def held(self) -> bool:
        """Whether the goal was reached."""
        return self.ratio <= self.goal


def paired(
    name: str,
    ours: Sequence[float],
    peers: Sequence[float],
    *,
    unit: str,
    goal: float,
) -> Result:
    """Compare runs that were made in turn, ours and the peer's, pair by pair."""
    ratios = [mine / theirs for mine, theirs in zip(ours, peers, strict=True)]
    return Result(
        name=name,
        value=round(statistics.median(ours), 4),
        unit=unit,
        peer=round(statistics.median(peers), 4),
        ratio=round(statistics.median(ratios), 3),
        runs=len(ratios),
        goal=goal,
    )


def write(results: Sequence[Result]) -> Path:
    """Write build/bench/results.json, one entry a name, and print a table."""
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / "results.json"
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    for result in results:
        entry = asdict(result)
        known[entry.pop("name")] = entry
    path.write_text(json.dumps(known, indent=1, sort_keys=True), "utf-8")
    print(f"{'name':32} {'value':>10} {'peer':>10} {'ratio':>7} {'goal':>6} runs")
    for r in results:
        mark = "held" if r.held else "FELL SHORT"
        print(
            f"{r.name:32} {r.value:10.4g} {r.peer:10.4g} {r.ratio:7.3f} "
            f"{r.goal:6.2f} {r.runs:4d} {r.unit} {mark}"
        )
    return path
