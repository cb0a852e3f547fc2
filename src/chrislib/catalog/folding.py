"""Text made comparable: without case and diacritics, East Asian signs one by one."""

import re
import unicodedata

_LETTERS = str.maketrans(
    {
        **{"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe"},
        **{"ı": "i", "ħ": "h", "ŧ": "t", "ŋ": "n", "ŀ": "l"},
        **dict.fromkeys("^=\\\0", " "),
    }
)
"""Letters that Unicode does not take apart, and what separates parts of a name."""

_SIGN = re.compile(
    "(["
    "\u1100-\u11ff\ua960-\ua97f\uac00-\ud7ff"  # Hangul
    "\u2e80-\u9fff\uf900-\ufaff\uff66-\uffdc"  # radicals, kana, Han, half width
    "\U00020000-\U0003ffff"
    "])"
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
    return " ".join(_SIGN.sub(r" \1 ", folded).split())
