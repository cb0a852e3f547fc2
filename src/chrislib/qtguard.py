"""Refuse a Qt that is known to abort the interpreter. Imports nothing of Qt."""

import re
import sys
from pathlib import Path

from chrislib.errors import ChrislibError

_BROKEN_SINCE = (6, 12)
_IMMORTAL_SINCE = (3, 12)


def refusal(qt: str, python: tuple[int, int]) -> ChrislibError | None:
    """Return why this pair cannot be used, or None.

    PySide6 6.12.0 lowers the reference counts of None, True and False with every
    call. Python 3.12 made those objects immortal; before it, the interpreter ends
    with "deallocating None" after a few thousand signals.

    Parameters
    ----------
    qt : str
        Version of PySide6, e.g. "6.11.3".
    python : (int, int)
        Major and minor version of Python.
    """
    found = re.match(r"(\d+)\.(\d+)", qt)
    if found is None or python >= _IMMORTAL_SINCE:
        return None
    if (int(found[1]), int(found[2])) < _BROKEN_SINCE:
        return None
    return ChrislibError(
        f"PySide6 {qt} cannot be used with Python {python[0]}.{python[1]}",
        "It would end the program in the middle of your work. Nothing was started.",
        hint='Install the locked set again ("make setup"), or use Python 3.12.',
    )


def installed() -> str:
    """Return the version of the installed PySide6, "" when there is none (disk).

    It is read from the package's own ``_config.py``: importing Qt would be too late,
    and the metadata of all packages takes longer than the first window.
    """
    for folder in sys.path:
        config = Path(folder) / "PySide6" / "_config.py"
        if config.is_file():
            text = config.read_text(encoding="utf-8")
            found = re.search(r"""^version = ["']([^"']+)""", text, re.MULTILINE)
            return found[1] if found is not None else ""
    return ""


def check() -> None:
    """End the program, in words, when the installed PySide6 is a broken one."""
    error = refusal(installed(), sys.version_info[:2])
    if error is not None:
        raise SystemExit(str(error))
