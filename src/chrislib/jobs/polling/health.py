"""What goes wrong inside chrislib and goes on all the same, as rows for people."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from chrislib.jobs.clock import Clock

_log = logging.getLogger(__name__)

Part = Literal["account", "backend", "loop", "handler", "sink"]
Condition = Literal["ok", "waiting", "restarting", "paused"]


@dataclass(frozen=True, slots=True)
class HealthRow:
    """How one part of the job manager does.

    Attributes
    ----------
    part : str
        account, backend, loop, handler or sink.
    name : str
        Host, plug-in or loop, for people.
    account_id : int or None
        The account it belongs to.
    state : str
        ok, waiting (for a server), restarting or paused (until someone does
        something).
    what : str
        What went wrong last, one plain sentence.
    failures : int
        How often, since the program began.
    last_at, restarted_at : float or None
        When it went wrong, and when it was started anew; seconds since the epoch.
    next_at : float or None
        When it is tried again.
    """

    part: Part
    name: str
    account_id: int | None = None
    state: Condition = "ok"
    what: str = ""
    failures: int = 0
    last_at: float | None = None
    restarted_at: float | None = None
    next_at: float | None = None


class Health:
    """The rows; each says what failed, how often, and when it was started again.

    Parameters
    ----------
    clock : Clock
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rows: dict[tuple[Part, str, int | None], HealthRow] = {}
        self._subscribers: list[Callable[[], None]] = []

    def rows(self) -> tuple[HealthRow, ...]:
        """Return every part that was ever reported, what is wrong first."""
        order = sorted(
            self._rows.values(),
            key=lambda r: (r.state == "ok", r.part, r.name, r.account_id or 0),
        )
        return tuple(order)

    def failed(
        self,
        part: Part,
        name: str,
        what: str,
        *,
        account_id: int | None = None,
        state: Condition = "waiting",
        after: float | None = None,
    ) -> None:
        """Note that something failed; `after` seconds later it is tried again."""
        now = self._clock.time()
        row = self._row(part, name, account_id)
        self._put(
            replace(
                row,
                state=state,
                what=what,
                failures=row.failures + 1,
                last_at=now,
                next_at=now + after if after is not None else None,
            )
        )

    def restarted(
        self, part: Part, name: str, *, account_id: int | None = None
    ) -> None:
        """Note that a part was started anew after it failed."""
        row = self._row(part, name, account_id)
        now = self._clock.time()
        self._put(replace(row, state="ok", restarted_at=now, next_at=None))

    def ok(self, part: Part, name: str, *, account_id: int | None = None) -> None:
        """Note that a part works; a new one gets its row."""
        row = self._row(part, name, account_id)
        if row.state != "ok" or (part, name, account_id) not in self._rows:
            self._put(replace(row, state="ok", next_at=None))

    def forget(self, part: Part, name: str, *, account_id: int | None = None) -> None:
        """Drop the row of a part that is not there any more."""
        if self._rows.pop((part, name, account_id), None) is not None:
            self._tell()

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` after each change; returns how to stop that."""
        self._subscribers.append(callback)

        def stop() -> None:
            if callback in self._subscribers:
                self._subscribers.remove(callback)

        return stop

    def _row(self, part: Part, name: str, account_id: int | None) -> HealthRow:
        found = self._rows.get((part, name, account_id))
        return found or HealthRow(part, name, account_id)

    def _put(self, row: HealthRow) -> None:
        self._rows[row.part, row.name, row.account_id] = row
        self._tell()

    def _tell(self) -> None:
        for callback in tuple(self._subscribers):
            try:
                callback()
            except Exception:  # noqa: BLE001 - a view must not stop the manager
                _log.exception("a subscriber of the health rows failed")
