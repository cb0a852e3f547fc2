"""Text of servers made fit to be shown: no terminal codes, nothing turned round."""

import re

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


def one_line(text: str) -> str:
    """Return a name or title as one line of plain text.

    What names a thing to a server stays as the server wrote it; this is for the eye.
    """
    if text.isprintable():  # nearly always, and lists have thousands
        return text
    return " ".join(plain(text.replace("\r", " ")).split())
