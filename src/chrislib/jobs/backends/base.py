"""The small protocols between the job manager and what carries work out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chrislib.jobs.model import FailedFile, Job, Phase, Progress, RunIntent
from chrislib.jobs.polling.queries import Query, QueryResult
from chrislib.jobs.steps import Observation


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a server advertises.

    Attributes
    ----------
    filters : frozenset of str
        Names of the filters of instances.
    generation : int
        6 or 7; 0 where it is not known.
    """

    filters: frozenset[str]
    generation: int = 0


class RunBackend(Protocol):
    """Runs on a server: submitted once, looked at, cancelled."""

    async def probe(self) -> str:
        """Ask the cheapest question there is; raises while it is not answered.

        Returns the server's uuid, "" where it is not known: one that was set up anew
        has another.
        """

    async def submit(self, intent: RunIntent) -> Observation:
        """Make the run by one request that is never repeated (network)."""

    async def candidates(
        self, intent: RunIntent, *, since: float, known: Callable[[int], bool]
    ) -> list[Observation]:
        """Return own runs that this intent may have made since then (network).

        `since` is by the server's clock, seconds since the epoch; `known` runs are
        another job's and are left out before anything more is asked about them.
        """

    async def run(self, query: Query) -> QueryResult:
        """Put one question: exactly one request (network).

        Raises
        ------
        CubeError
            As everywhere; `NotFound` and `Forbidden` are about what was asked for.
        """

    async def abilities(self) -> Abilities:
        """Return what the server says it is able to do: one request (network)."""

    async def active(self) -> list[Observation]:
        """Return own runs that have not ended (network)."""

    async def finished_since(self, low: datetime) -> list[Observation]:
        """Return own runs whose end is not before `low` (network)."""

    async def of_feed(self, feed_id: int) -> list[Observation]:
        """Return the runs of one feed (network)."""

    async def look(self, remote_id: int) -> Observation:
        """Return one run (network)."""

    async def cancel(self, remote_id: int) -> int:
        """Stop a run and its active descendants; returns how many (network)."""

    async def write_note(self, feed_id: int, text: str) -> None:
        """Put the user's words into the note of a new feed (network)."""

    async def write_tags(self, feed_id: int, tags: Sequence[str]) -> None:
        """Put tags on a new feed, made where there are none of the name (network)."""

    def server_now(self) -> datetime:
        """Return the server's time; no request is made."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a transfer ended."""

    phase: Phase
    detail: str = ""
    hint: str = ""
    progress: Progress | None = None
    failed_files: tuple[FailedFile, ...] = ()
    error_code: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """How a transfer tells how far it is; both return at once."""

    progress: Callable[[Progress], None]
    phase: Callable[[Phase], None]


class TransferBackend(Protocol):
    """Work this computer drives: pulls, uploads, downloads.

    Run again after an interruption, it goes on with what is missing. Errors of
    reach (server down, token refused) are raised: the job waits and is run again.
    """

    async def run(self, job: Job, report: Report) -> Outcome:
        """Carry the transfer to its end (network, disk)."""
