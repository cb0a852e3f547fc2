"""A short sample of `make soak`: an upload killed in its midst."""

from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.soak import uploads


def test_an_upload_killed_in_its_midst_goes_on(station: Any, tmp_path: Path) -> None:
    counts = uploads.kill_uploads(
        tmp_path / f"killed-{uuid4().hex}",
        3,
        server=(station.url, station.token),
        files=100,
        seed=20_261_122,
    )
    assert counts.problems == []
    assert counts.on_server == counts.files > 0
    assert counts.held, uploads.as_json(counts)
