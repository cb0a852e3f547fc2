"""Text made fit to be shown: no tokens, no name twice."""

from collections.abc import Container

from chrislib.cube.logs import redact
from chrislib.shown import one_line, plain

__all__ = ["one_line", "plain", "show_log", "unused"]


def unused(name: str, taken: Container[str]) -> str:
    """Return a name, with a number behind it where it is taken."""
    if name not in taken:
        return name
    number = 2
    while f"{name} ({number})" in taken:
        number += 1
    return f"{name} ({number})"


def show_log(text: str) -> str:
    """Return a program's log as the window shows it."""
    return redact(plain(text))
