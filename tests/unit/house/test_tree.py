"""Facts about the tree that are easy to forget."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def tracked() -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [ROOT / name for name in names.split("\0") if name]


@pytest.mark.parametrize("target", ["run", "test", "check", "tour", "bench"])
def test_the_makefile_has_the_front_door(target: str) -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:", text, re.MULTILINE)


def test_locks_carry_hashes_and_no_index() -> None:
    locks = [path for path in tracked() if path.suffix == ".lock"]
    assert locks
    for path in locks:
        text = path.read_text(encoding="utf-8")
        assert "--hash=sha256:" in text, path
        assert "://" not in text, path
        assert "index-url" not in text, path


def test_no_file_is_larger_than_two_megabytes() -> None:
    large = [p for p in tracked() if p.exists() and p.stat().st_size > 2_000_000]
    assert large == []
