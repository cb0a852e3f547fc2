"""Showing a file or folder with the program the system has for it."""

import asyncio
import sys
from pathlib import Path

from chrislib.desktop.processes import start_detached
from chrislib.errors import ChrislibError


async def open_path(path: Path, program: Path | None = None) -> None:
    """Open a file or folder with a program, or the system's own for it (process).

    Parameters
    ----------
    program : Path, optional
        A program, on macOS also an application, on Linux also a ``.desktop`` file.

    Raises
    ------
    ChrislibError
        It is gone, or it cannot be opened so.
    """
    if not path.exists():
        raise ChrislibError(
            "It is not there any more.", f"{path.name} was moved or deleted."
        )
    try:
        await asyncio.to_thread(_open, path, program)
    except OSError as error:
        raise ChrislibError(
            "This computer has no program to open it with."
            if program is None
            else f"{program.stem} could not be started.",
            f"It is kept at {path}.",
            hint="Open that folder yourself."
            if program is None
            else "Choose another program.",
        ) from error


def programs_folder() -> Path:
    """Return where this system keeps its programs."""
    if sys.platform == "win32":
        import os

        return Path(os.environ.get("PROGRAMFILES", "C:/Program Files"))
    return Path("/Applications" if sys.platform == "darwin" else "/usr/bin")


def _open(path: Path, program: Path | None) -> None:
    if program is not None:
        start_detached([*_starts(program), str(path)])
        return
    if sys.platform == "win32":
        import os

        os.startfile(path)
        return
    start_detached(["open" if sys.platform == "darwin" else "xdg-open", str(path)])


def _starts(program: Path) -> list[str]:
    """Return the command that a file's name is put behind."""
    if program.suffix == ".app":
        return ["open", "-a", str(program)]
    if program.suffix == ".desktop":
        return ["gio", "launch", str(program)]
    return [str(program)]
