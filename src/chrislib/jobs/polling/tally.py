"""Every own run whose computing ended in the last minutes, as the lists told. Pure.

A list that is asked for without its rows still says how many there are, for the price
of an answer. Where everything is known but what a few runs have become, that number
tells it. So this is kept apart from the ledger: it holds the user's own runs only
(as lists are asked for), followed or not, and knows from when on it holds all of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from chrislib.jobs.polling.queries import ENDED, REGISTERING, SUCCESS

KEPT = 1_200.0
"""Seconds after its end that a run is kept."""


@dataclass(slots=True)
class _Entry:
    status: str
    end: float


class Tally:
    """Own runs by the end of their computing (``end_date``, seconds of the server).

    Attributes
    ----------
    whole_from : float
        Every own run that ended computing after this, and before the frontier, is here.
    """

    def __init__(self) -> None:
        self.whole_from = float("inf")
        self._entries: dict[int, _Entry] = {}

    def begin(self, moment: float) -> None:
        """Begin anew: what ended computing after `moment` will be told by lists."""
        self.whole_from = moment
        self._entries.clear()

    def enter(self, remote_id: int, status: str, end: float, *, own: bool) -> None:
        """Enter a row; `own` says that a list of own runs held it."""
        entry = self._entries.get(remote_id)
        if status != REGISTERING and status not in ENDED:
            self._entries.pop(remote_id, None)
        elif entry is not None:
            entry.status, entry.end = status, end
        elif own:
            self._entries[remote_id] = _Entry(status, end)

    def successes(self, low: float, high: float) -> int:
        """Return how many are known to have ended well, of those in between."""
        return sum(
            entry.status == SUCCESS and low <= entry.end <= high
            for entry in self._entries.values()
        )

    def registering(self, low: float, high: float) -> set[int]:
        """Return those in between that were registering when they were last seen."""
        return {
            ident
            for ident, entry in self._entries.items()
            if entry.status == REGISTERING and low <= entry.end <= high
        }

    def ends(self, idents: Iterable[int]) -> list[float]:
        """Return when those that are known here ended computing, in any order."""
        found = (self._entries.get(ident) for ident in idents)
        return [entry.end for entry in found if entry is not None]

    def ended_well(self, idents: Iterable[int]) -> None:
        """Note that these have ended well: it was proven, and no list said it."""
        for ident in idents:
            if ident in self._entries:
                self._entries[ident].status = SUCCESS

    def failed(self, idents: Iterable[int]) -> set[int]:
        """Return those that are known to have ended in another way than well."""
        found = ((ident, self._entries.get(ident)) for ident in idents)
        return {
            ident
            for ident, entry in found
            if entry is not None and entry.status not in (SUCCESS, REGISTERING)
        }

    def prune(self, now: float) -> None:
        """Let go of what ended long ago."""
        oldest = now - KEPT
        gone = [ident for ident, entry in self._entries.items() if entry.end < oldest]
        for ident in gone:
            del self._entries[ident]
        self.whole_from = max(self.whole_from, oldest)
