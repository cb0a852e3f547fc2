"""What else is done for an account in its turns, each on its own feet."""

import logging
import random
from typing import Protocol

from chrislib.catalog.refusals import CatalogError
from chrislib.catalog.rows import AccountRow
from chrislib.cube.errors import CubeError, Forbidden, NotFound, Refused, TokenRejected
from chrislib.jobs import fsm, steps
from chrislib.jobs.backends.base import RunBackend
from chrislib.jobs.clock import Clock
from chrislib.jobs.pace import Pace
from chrislib.jobs.polling.health import Health
from chrislib.jobs.store import JobStore

_log = logging.getLogger(__name__)


class Chore(Protocol):
    """Something that is done for an account from time to time."""

    async def turn(self, account: AccountRow, backend: RunBackend, /) -> float:
        """Do what is due (network, disk); returns seconds until it is wanted again."""


class Duty:
    """A chore with its own clock: what fails is tried again later, by itself.

    Parameters
    ----------
    name : str
        What people call it.
    chore : Chore
    """

    def __init__(
        self,
        name: str,
        chore: Chore,
        *,
        health: Health,
        clock: Clock,
        pace: Pace,
        rng: random.Random,
    ) -> None:
        self._name = name
        self._chore = chore
        self._health = health
        self._clock = clock
        self._pace = pace
        self._rng = rng
        self._failures = 0
        self.due_at = 0.0

    async def turn(self, account: AccountRow, backend: RunBackend) -> None:
        """Let the chore take its turn (network, disk).

        It is asked in every turn, since what it does may have come up meanwhile; only
        after a failure it is left alone for a while.

        Raises
        ------
        TokenRejected, CatalogError
            Nothing else would work either.
        """
        if self._failures and self._clock.monotonic() < self.due_at:
            return
        try:
            wait = await self._chore.turn(account, backend)
        except (TokenRejected, CatalogError):
            raise
        except (Forbidden, NotFound, Refused) as error:
            self._failed(account, error.title)
        except CubeError as error:
            # The looks that follow say whether it is the server or this chore.
            self._failed(account, error.title)
        except Exception as error:  # noqa: BLE001 - the looks go on all the same
            _log.exception("a chore failed")
            self._failed(account, f"An error in chrislib ({type(error).__name__}).")
        else:
            self.due_at = self._clock.monotonic() + wait
            if self._failures:
                self._failures = 0
                self._health.restarted(
                    "loop", self._name, account_id=account.account_id
                )

    def _failed(self, account: AccountRow, what: str) -> None:
        ceiling = self._pace.back_off * 2 ** min(self._failures, 10)
        wait = self._rng.uniform(
            self._pace.back_off / 5, min(self._pace.back_off_limit, ceiling)
        )
        self._failures += 1
        self.due_at = self._clock.monotonic() + wait
        self._health.failed(
            "loop", self._name, what, account_id=account.account_id, after=wait
        )


class Notes:
    """Gives a new feed its note and its tags, once it is made."""

    def __init__(self, store: JobStore, clock: Clock, pace: Pace) -> None:
        self._store = store
        self._clock = clock
        self._pace = pace

    async def turn(self, account: AccountRow, backend: RunBackend, /) -> float:
        """Write what is owed (network, disk)."""
        for tracked in self._store.owing_notes(account.account_id):
            job = tracked.job
            if job.feed_id is None or job.remote_id is None:
                continue
            note = getattr(job.intent, "note", "")
            tags = getattr(job.intent, "tags", ())
            try:
                if note:
                    await backend.write_note(job.feed_id, note)
                if tags:
                    await backend.write_tags(job.feed_id, tags)
            except (NotFound, Forbidden, Refused) as error:
                _log.warning("note or tags of a feed refused: %s", type(error).__name__)
            await self._store.apply(job.key, self._noted)
        return self._pace.rare

    def _noted(self, tracked: steps.Tracked) -> steps.Step | None:
        if not tracked.note_pending:
            return None
        now = self._clock.time()
        return fsm.learn(tracked, "note_written", now=now, note_pending=False)
