"""Logs of any length: made fit to be shown, looked at through a window, searched.

Nothing here works on more than a piece at a time, so that a log of 50 MB read in a
thread never holds the interpreter for long, and no widget ever holds the whole of it.
"""

import re
import time
from dataclasses import dataclass

from chrislib.cube.logs import pieces
from chrislib.feeds.text import show_log

PIECE = 40 * 1024
"""Characters that are loaded at once."""
LINES = 500
"""Lines that are loaded at once: short ones take as long to lay out as long ones."""
WORK = 32 * 1024
"""Characters that are cleaned or searched at once, between two breaths."""
MOST = 3 * PIECE
"""Characters shown together; what is farther away makes room."""
MOST_LINES = 3 * LINES
LINE = 4_000
"""Longer lines are broken, or one line of a progress bar fills the memory."""
MOST_HITS = 10_000
_LONG = 1_000_000
_SAME = 4_096


@dataclass(frozen=True, slots=True)
class LogText:
    """A log fit to be shown: plain, redacted, no line longer than `LINE`."""

    text: str = ""
    lines: int = 0


def clean(log: str) -> LogText:
    """Return a log fit to be shown; of a long one call it in a thread."""
    shown: list[str] = []
    lines = 0
    for start, end in pieces(log, WORK):
        _breathe(log)
        piece = _broken(show_log(log[start:end]))
        lines += piece.count("\n")
        shown.append(piece)
    text = "".join(shown)
    if text and not text.endswith("\n"):
        lines += 1
    return LogText(text, lines)


def _breathe(text: str) -> None:
    """Let the window have its turn while a thread works on a long text."""
    if len(text) > _LONG:
        time.sleep(0)


def _broken(text: str) -> str:
    if len(text) <= LINE:
        return text
    if max(map(len, text.split("\n"))) <= LINE:
        return text
    return "\n".join(
        "\n".join(line[at : at + LINE] for at in range(0, max(len(line), 1), LINE))
        for line in text.split("\n")
    )


class LogWindow:
    """The part of a log that is on screen, moved by blocks; whole lines only.

    `start` and `end` are characters of `text`.
    """

    def __init__(self, text: str = "") -> None:
        self.text = text
        self.start = self.end = 0
        self.to_end()

    @property
    def shown(self) -> str:
        """What is on screen."""
        return self.text[self.start : self.end]

    @property
    def at_start(self) -> bool:
        """Whether nothing comes before."""
        return self.start == 0

    @property
    def at_end(self) -> bool:
        """Whether nothing comes after."""
        return self.end == len(self.text)

    def follow(self, text: str) -> None:
        """Take a newer log: who reads its end sees the new end, others stay."""
        if text is self.text:
            return
        was_end = self.at_end
        # a look at both ends of the old text: comparing 50 MB takes too long here
        old = len(self.text)
        grew = text.startswith(self.text[:_SAME]) and (
            text[max(0, old - _SAME) : old] == self.text[-_SAME:]
        )
        top = self.text[self.start : min(self.end, self.start + 400)]
        length = self.end - self.start
        self.text = text
        if was_end:
            self.end = len(text)
            much = self.end - self.start > MOST
            if not grew or much or self._lines > MOST_LINES:
                self.to_end()
        elif not grew:
            # the server keeps only the last lines: the same ones are found again
            place = text.find(top)
            if place < 0:
                self.to_end()
            else:
                self.start = place
                self.end = min(len(text), place + length)

    def to_end(self) -> None:
        """Show the last lines."""
        self.end = len(self.text)
        self.start = self._back(self.end, PIECE, LINES)

    def earlier(self) -> int:
        """Show a block more before; returns how many characters came at the top."""
        before = self.start
        self.start = self._back(before, PIECE, LINES)
        low = self._ahead(self.start, MOST, MOST_LINES)
        self.end = min(self.end, max(before, low))
        return before - self.start

    def later(self) -> int:
        """Show a block more behind; returns how many characters went at the top."""
        before, end = self.start, self.end
        self.end = self._ahead(end, PIECE, LINES)
        top = self._back(self.end, MOST, MOST_LINES)
        self.start = max(before, min(end, top))
        return self.start - before

    def show(self, place: int) -> int:
        """Bring a character into the window; returns where it is in `shown`."""
        if not self.start <= place < self.end:
            self.start = self._back(place, PIECE // 2, LINES // 2)
            self.end = self._ahead(place, PIECE // 2, LINES // 2)
        return place - self.start

    @property
    def _lines(self) -> int:
        return self.text.count("\n", self.start, self.end)

    def _back(self, place: int, most: int, lines: int) -> int:
        """Return where whole lines begin that go before a place."""
        low, at = self._line_before(max(0, place - most)), place
        for _ in range(lines + 1):
            at = self.text.rfind("\n", low, at)
            if at < 0:
                return low
        return at + 1

    def _ahead(self, place: int, most: int, lines: int) -> int:
        """Return where whole lines end that go on from a place."""
        high, at = self._line_after(min(len(self.text), place + most)), place
        for _ in range(lines):
            at = self.text.find("\n", at, high) + 1
            if not at:
                return high
        return at

    def _line_before(self, place: int) -> int:
        return self.text.rfind("\n", 0, place) + 1

    def _line_after(self, place: int) -> int:
        found = self.text.find("\n", place)
        return len(self.text) if found < 0 else found + 1


@dataclass(frozen=True, slots=True)
class Hits:
    """Where words stand in a log: characters, in order, `MOST_HITS` at most."""

    words: str
    places: tuple[int, ...] = ()
    more: bool = False
    """Whether there are more than are listed."""


def search(text: str, words: str) -> Hits:
    """Find words in a log, in any case; of a long one call it in a thread."""
    if not words or "\n" in words:
        return Hits(words)
    wanted = re.compile(re.escape(words), re.IGNORECASE)
    places: list[int] = []
    for start, end in pieces(text, WORK):
        _breathe(text)
        for found in wanted.finditer(text, start, end):
            if len(places) == MOST_HITS:
                return Hits(words, tuple(places), more=True)
            places.append(found.start())
    return Hits(words, tuple(places))
