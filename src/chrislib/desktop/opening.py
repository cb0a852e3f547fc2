"""Showing a file or folder with the program the system has for it."""

import asyncio
import sys
from pathlib import Path

from chrislib.desktop.processes import start_detached
from chrislib.errors import ChrislibError


async def open_path(path: Path) -> None:
    """Open a file or folder with the system's program for it (process).

    Raises
    ------
    ChrislibError
        It is gone, or the system has no such program.
    """
    if not path.exists():
        raise ChrislibError(
            "It is not there any more.", f"{path.name} was moved or deleted."
        )
    try:
        await asyncio.to_thread(_open, path)
    except OSError as error:
        raise ChrislibError(
            "This computer has no program to open it with.",
            f"It is kept at {path}.",
            hint="Open that folder yourself.",
        ) from error


def _open(path: Path) -> None:
    if sys.platform == "win32":
        import os

        os.startfile(path)
        return
    program = "open" if sys.platform == "darwin" else "xdg-open"
    start_detached([program, str(path)])
