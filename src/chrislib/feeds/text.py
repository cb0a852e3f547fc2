"""Text made fit to be shown: no tokens, no terminal codes, no name twice."""

import re
from collections.abc import Container

from chrislib.cube.logs import redact

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))")
_CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]"
)
"""Also what turns the direction of all that follows: a log must not read backwards."""
_HALVES = re.compile("[\ud800-\udfff]")
"""Halves of characters, which no program can show."""


def plain(text: str) -> str:
    """Return text without terminal codes; a line redrawn in place is kept once."""
    text = _ANSI.sub("", text.replace("\r\n", "\n"))
    lines = [line.rstrip("\r").rsplit("\r", 1)[-1] for line in text.split("\n")]
    return _HALVES.sub("\ufffd", _CONTROL.sub("", "\n".join(lines)))


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
