"""A short sample of `make soak`: imports killed in their midst."""

from pathlib import Path

from tests.soak import imports


def test_an_import_killed_in_its_midst_goes_on(tmp_path: Path) -> None:
    counts = imports.kill_imports(tmp_path, 5, files=2000, seed=20_261_122)
    assert counts.problems == []
    assert counts.rounds == 5
    assert counts.held, imports.as_json(counts)
