"""The architecture's contracts see what they are there to see.

Each test plants one violation in a copy of the package and expects the linter to
name it; a contract that cannot fail protects nothing.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("house")
    shutil.copytree(
        ROOT / "src" / "chrislib",
        base / "src" / "chrislib",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    shutil.copy(ROOT / "pyproject.toml", base / "pyproject.toml")
    return base


def lint_imports(base: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BIN / "lint-imports"), "--no-cache", "--config", "pyproject.toml"],
        cwd=base,
        env={**os.environ, "PYTHONPATH": str(base / "src")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_tree_as_it_is_keeps_every_contract(copy: Path) -> None:
    done = lint_imports(copy)
    assert done.returncode == 0, done.stdout + done.stderr


PLANTS = [
    ("cube/planted.py", "import chrislib.jobs.model", "Imports run one way"),
    ("library/planted.py", "import chrislib.views", "Imports run one way"),
    ("jobs/planted.py", "import PySide6.QtCore", "PySide6 and qasync only"),
    ("feeds/planted.py", "import qasync", "PySide6 and qasync only"),
    ("views/planted.py", "import httpx", "httpx only in cube and pacs"),
    ("library/planted.py", "import sqlite3", "sqlite3 only in catalog and station"),
    ("station/planted.py", "import chrislib.cube.types", "The station stands alone"),
    (
        "desktop/planted.py",
        "import chrislib.station",
        "Only the command line knows the station",
    ),
    (
        "views/library/planted.py",
        "import chrislib.views.feeds",
        "Panes do not import each other",
    ),
]


@pytest.mark.parametrize(("place", "line", "contract"), PLANTS)
def test_a_planted_import_breaks_its_contract(
    copy: Path, place: str, line: str, contract: str
) -> None:
    planted = copy / "src" / "chrislib" / place
    planted.write_text(f'"""Planted."""\n\n{line}\n', encoding="utf-8")
    try:
        done = lint_imports(copy)
    finally:
        planted.unlink()
    assert done.returncode != 0
    broken = [ln for ln in done.stdout.splitlines() if ln.endswith("BROKEN")]
    assert any(contract in ln for ln in broken), done.stdout


def test_a_new_top_level_package_must_be_placed(copy: Path) -> None:
    room = copy / "src" / "chrislib" / "attic"
    room.mkdir()
    (room / "__init__.py").write_text('"""Planted."""\n', encoding="utf-8")
    try:
        done = lint_imports(copy)
    finally:
        shutil.rmtree(room)
    assert done.returncode != 0
    assert "attic" in done.stdout


RUFF_PLANTS = [
    ("src/chrislib/jobs/x.py", "from PySide6.QtWidgets import QLabel\n", "TID251"),
    ("src/chrislib/jobs/x.py", "import PySide6.QtWidgets\n", "TID251"),
    (
        "src/chrislib/jobs/x.py",
        "import asyncio\n\nasyncio.create_task(f())\n",
        "TID251",
    ),
    ("src/chrislib/jobs/x.py", "from . import model\n", "TID252"),
    ("src/chrislib/jobs/x.py", 'print("x")\n', "T201"),
]


@pytest.mark.parametrize(("name", "text", "rule"), RUFF_PLANTS)
def test_ruff_reports_the_planted_line(name: str, text: str, rule: str) -> None:
    done = subprocess.run(
        [str(BIN / "ruff"), "check", "--no-cache", "--stdin-filename", name, "-"],
        cwd=ROOT,
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode != 0
    assert rule in done.stdout


def test_mypy_is_strict(tmp_path: Path) -> None:
    planted = tmp_path / "planted.py"
    planted.write_text("def untyped(x):\n    return x\n", encoding="utf-8")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--config-file",
            str(ROOT / "pyproject.toml"),
            "--cache-dir",
            str(tmp_path / "cache"),
            str(planted),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode != 0
    assert "no-untyped-def" in done.stdout
