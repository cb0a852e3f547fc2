"""Texts: what names a patient in them, and what a cleaned description keeps."""

import re
import unicodedata
from collections.abc import Iterable

_WORD = re.compile(r"[^\W_]+", re.UNICODE)
_PIECE = re.compile(r"[^\W_]+(?:[.,][0-9]+)?|[^\w\s]|_", re.UNICODE)
_TECHNICAL = re.compile(
    r"(?:t[12]\*?w?|b\d{1,4}|te\d{1,3}|tr\d{1,5}|ti\d{1,4}|[pf]\d{1,2}|\d{1,3}"
    r"(?:[.,]\d{1,2})?(?:mm|cm|ms|s|min|t|kv|hz|x|d|ch|deg)?|[bhiuq]r?\d{2}[fhsd]?|"
    r"[23]d|iso|r\d|s\d)\Z"
)
_MARKS = frozenset("+-/*()&:.,")
_LONG = 5
"""From so many letters on, a name is also found inside of words."""


class Identifiers:
    """What identifies the patient and others in one file, to be found in texts.

    Parameters
    ----------
    names : iterable of str
        Names of persons and places; each word of them counts.
    numbers : iterable of str
        Patient IDs, accession numbers and the like; each counts as a whole.
    common : frozenset of str
        Words that are also words of imaging; alone they give nobody away.
    """

    def __init__(
        self, names: Iterable[str], numbers: Iterable[str], *, common: frozenset[str]
    ) -> None:
        words = {word for name in names for word in _WORD.findall(plain(name))}
        kept = {w for w in words if len(w) >= (3 if w.isascii() else 2)}
        self._words = kept - common
        self._all_words = kept
        long = {w for w in self._words if len(w) >= _LONG or not w.isascii()}
        ids = {plain(number).strip() for number in numbers}
        whole = {one for one in ids if len(one) >= 4}
        squeezed = {"".join(_WORD.findall(one)) for one in whole}
        self._inside = long | whole | {one for one in squeezed if len(one) >= 4}
        self._short = {one for one in ids if 0 < len(one) < 4} | self._all_words

    def names_somebody(self, text: str) -> bool:
        """Whether a text holds a name or number of this file."""
        folded = plain(text)
        if any(part in folded for part in self._inside):
            return True
        return not self._words.isdisjoint(_WORD.findall(folded))

    def excludes(self, word: str) -> bool:
        """Whether a folded word of a description must not be kept."""
        return word in self._short or self.names_somebody(word)


def plain(text: str) -> str:
    """Return a text in small letters without diacritics, to compare by."""
    split = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in split if not unicodedata.combining(c))


def cleaned(text: str, identifiers: Identifiers, *, vocabulary: frozenset[str]) -> str:
    """Return the words of a description that are known to be about imaging.

    Everything else goes, so that a name nobody foresaw goes too.
    """
    kept: list[str] = []
    end, dropped = 0, False
    for found in _PIECE.finditer(text):
        piece, space = found[0], " " if found.start() > end and kept else ""
        end = found.end()
        if piece in _MARKS:
            # a mark stays with the word before it
            keeps = bool(kept) and not dropped and kept[-1].strip() not in _MARKS
        elif piece.isalnum() or len(piece) > 1:
            folded = plain(piece)
            known = folded in vocabulary or _TECHNICAL.match(folded) is not None
            keeps = known and not identifiers.excludes(folded)
        else:
            keeps = False
        if keeps:
            between = " " if dropped and kept else space
            kept.append(between + piece)
        elif kept and kept[-1].strip() == "(":
            kept.pop()
        dropped = not keeps
    while kept and kept[-1].strip() in _MARKS - {"*", ")", "+"}:
        kept.pop()
    result = "".join(kept).strip()
    return "" if identifiers.names_somebody(result) else result
