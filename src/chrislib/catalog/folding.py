"""Text made comparable: without case and diacritics, East Asian signs one by one."""

import re
import unicodedata
from functools import lru_cache
from unicodedata import category

_LETTERS = str.maketrans(
    {
        **{"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe"},
        **{"ı": "i", "ħ": "h", "ŧ": "t", "ŋ": "n", "ŀ": "l"},
    }
)
"""Letters that Unicode does not take apart."""
_APART = re.compile(r"[\^=\\\0\s]+")
"""What separates the parts of a name, and of any text."""

_SIGN = re.compile(
    "(["
    "\u1100-\u11ff\ua960-\ua97f\uac00-\ud7ff"  # Hangul
    "\u2e80-\u9fff\uf900-\ufaff\uff66-\uffdc"  # radicals, kana, Han, half width
    "\U00020000-\U0003ffff"
    "])"
)


@lru_cache(4096)
def fold(text: str) -> str:
    """Return text for comparing and sorting: lower case, no diacritics, one space.

    Marks are dropped from Latin, Greek and Cyrillic letters alike; ``Müller^Jürgen``
    becomes ``muller jurgen``.
    """
    if not text.isascii():
        whole = unicodedata.normalize("NFKD", text.casefold())
        bare = "".join([sign for sign in whole if category(sign) != "Mn"])
        text = unicodedata.normalize("NFC", bare).translate(_LETTERS)
    return _APART.sub(" ", text.lower()).strip()


@lru_cache(4096)
def searchable(text: str) -> str:
    """Return folded text with a space around every East Asian sign.

    Chinese, Japanese and Korean names have no spaces between their words: taken sign
    by sign any part of them is found.
    """
    folded = fold(text)
    if folded.isascii():
        return folded
    return " ".join(_SIGN.sub(r" \1 ", folded).split())
