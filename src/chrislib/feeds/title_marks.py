"""Marks in patterns of titles: "{name} {n:2}". Pure."""

import re
from collections.abc import Callable

_MARK = re.compile(r"\{([^{}]*)\}")
_NUMBER = re.compile(r"n(?::([1-9]))?")


def filled(pattern: str, number: int, word: Callable[[str], str | None]) -> str:
    """Return a pattern with its marks replaced.

    Parameters
    ----------
    number : int
        What {n} is; {n:3} has at least three digits.
    word : callable
        Returns what takes the place of another mark, which it gets in small letters;
        None where it knows none, and the mark stays as typed.
    """

    def value(found: re.Match[str]) -> str:
        mark = found[1].strip().casefold()
        digits = _NUMBER.fullmatch(mark)
        if digits is not None:
            return str(number).zfill(int(digits[1] or 1))
        put = word(mark)
        return found[0] if put is None else put

    return _MARK.sub(value, pattern)


def unknown_marks(pattern: str, known: Callable[[str], bool]) -> list[str]:
    """Return what stands in braces and means nothing."""
    return [
        found[0]
        for found in _MARK.finditer(pattern)
        if _NUMBER.fullmatch(mark := found[1].strip().casefold()) is None
        and not known(mark)
    ]
