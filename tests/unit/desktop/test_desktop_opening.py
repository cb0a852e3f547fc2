"""Opening a folder with the system's program."""

import asyncio
import sys
import time
from pathlib import Path

import pytest

from chrislib.desktop.opening import open_path
from chrislib.errors import ChrislibError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="xdg-open")


async def test_the_systems_program_gets_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "xdg-open"
    program.write_text(f'#!/bin/sh\nprintf %s "$1" > {tmp_path}/opened\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    folder = tmp_path / "a folder; with 'signs'"
    folder.mkdir()
    await open_path(folder)
    deadline = time.monotonic() + 10
    told = tmp_path / "opened"
    while not (told.exists() and told.read_text() == str(folder)):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_a_chosen_program_gets_the_path(tmp_path: Path) -> None:
    program, told = tmp_path / "my program", tmp_path / "opened"
    program.write_text(f'#!/bin/sh\nprintf %s "$1" > "{told}"\n')
    program.chmod(0o755)
    file = tmp_path / "a file; with $signs.csv"
    file.write_text("x")
    await open_path(file, program)
    deadline = time.monotonic() + 60
    while not (told.exists() and told.read_text() == str(file)):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    program.chmod(0o644)
    with pytest.raises(ChrislibError, match="could not be started"):
        await open_path(file, program)


async def test_without_a_program_it_says_where_the_file_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ChrislibError) as caught:
        await open_path(tmp_path)
    assert str(tmp_path) in caught.value.detail


async def test_what_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(ChrislibError, match="not there"):
        await open_path(tmp_path / "gone")
