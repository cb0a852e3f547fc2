"""A short sample of `make soak`: a few kills in the midst of everything."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.soak import killing


def test_killed_at_random_nothing_is_lost_or_done_twice(
    station_factory: Callable[..., Any], tmp_path: Path
) -> None:
    station = station_factory()
    folder = tmp_path / "soak"
    asyncio.run(killing.prepare(folder, station.url, station.token))
    counts = killing.kill_rounds(folder, 6, seed=20_261_122)
    assert counts.problems == []
    assert counts.rounds == 6
    assert counts.submissions > 0
    assert counts.files > 0
    assert counts.toasts > 0
    assert counts.held, killing.as_json(counts)
