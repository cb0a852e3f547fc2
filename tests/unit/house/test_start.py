"""What the start may load, and when: the window comes before the network."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("chrislib.app", {"asyncio", "httpx", "numpy", "pydicom", "sqlite3"}),
        (
            "chrislib.bootstrap",
            {"PySide6", "httpx", "websockets", "numpy", "pydicom", "nibabel"},
        ),
        ("chrislib.cli", {"PySide6", "asyncio", "httpx", "starlette"}),
    ],
)
def test_a_module_loads_without_what_comes_later(
    module: str, unwanted: set[str]
) -> None:
    loaded = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys, {module}; print(' '.join(sys.modules))",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.split()
    assert unwanted & set(loaded) == set()
