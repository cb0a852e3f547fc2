"""Text made comparable: without case and diacritics, East Asian signs one by one."""

import unicodedata

_LETTERS = str.maketrans(
    {
        **{"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe"},
        **{"ı": "i", "ħ": "h", "ŧ": "t", "ŋ": "n", "ŀ": "l"},
        **dict.fromkeys("^=\\\0", " "),
    }
)
"""Letters that Unicode does not take apart, and what separates parts of a name."""

_SIGNS = (
    (0x1100, 0x11FF),  # Hangul, in parts
    (0x2E80, 0x9FFF),  # radicals, kana, Han
    (0xA960, 0xA97F),
    (0xAC00, 0xD7FF),  # Hangul
    (0xF900, 0xFAFF),
    (0xFF66, 0xFFDC),  # half width
    (0x20000, 0x3FFFF),
)


def fold(text: str) -> str:
    """Return text for comparing and sorting: lower case, no diacritics, one space.

    Marks are dropped from Latin, Greek and Cyrillic letters alike; ``Müller^Jürgen``
    becomes ``muller jurgen``.
    """
    if text.isascii():
        return " ".join(text.lower().translate(_LETTERS).split())
    whole = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(sign for sign in whole if unicodedata.category(sign) != "Mn")
    composed = unicodedata.normalize("NFC", bare).translate(_LETTERS)
    return " ".join(composed.split())


def searchable(text: str) -> str:
    """Return folded text with a space around every East Asian sign.

    Chinese, Japanese and Korean names have no spaces between their words: taken sign
    by sign any part of them is found.
    """
    folded = fold(text)
    if folded.isascii():
        return folded
    parts = [f" {sign} " if _is_sign(ord(sign)) else sign for sign in folded]
    return " ".join("".join(parts).split())


def _is_sign(code: int) -> bool:
    return any(first <= code <= last for first, last in _SIGNS)
