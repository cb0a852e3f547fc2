"""What is known of a job's past, for whoever looks at one job closely."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chrislib.catalog.jobs import JobTable
from chrislib.catalog.problems import ProblemTable
from chrislib.catalog.rows import EventRow
from chrislib.jobs.model import JobKey, Phase

PROBLEMS = (
    "ERRORS",
    "FAILED",
    "SUBMIT_UNCERTAIN",
    "STALLED",
    "PURGE_FAILED",
    "STATE_CHANGED",
)
"""Kinds of outcomes that wait for a person (`InboxRow.kind`)."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry of a job's history.

    Attributes
    ----------
    kind : str
        What sort of event: "created", "observed", "result" …
    left, entered : Phase or None
        None where the job was not known before, or by a phase of another version.
    source : str
        Who saw or decided it: "user", "local", or the sort of look.
    at : float
        Seconds since the epoch, this computer's clock.
    server_at : str
        What the server's clock said, ISO 8601, or "".
    """

    kind: str
    left: Phase | None
    entered: Phase | None
    source: str
    at: float
    server_at: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FileFact:
    """One file of a job: where from, where to, how it stands."""

    path: str
    size: int | None
    state: str
    """WAITING, MOVING, DONE or FAILED."""
    local_path: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Past:
    """Everything kept of one job besides its present state."""

    events: tuple[Happening, ...] = ()
    log: str = ""
    files: tuple[FileFact, ...] = ()


class History:
    """Reads the past of jobs from the catalog.

    Parameters
    ----------
    jobs : JobTable
    problems : ProblemTable
    """

    def __init__(self, jobs: JobTable, problems: ProblemTable) -> None:
        self._jobs = jobs
        self._problems = problems

    async def of(self, key: JobKey) -> Past:
        """Return the past of one job, empty for an unknown one (disk)."""
        events = await self._jobs.events(key)
        files = await self._jobs.artifacts(key)
        return Past(
            tuple(_happening(row) for row in events),
            await self._jobs.log(key),
            tuple(
                FileFact(
                    row.remote_path,
                    row.size,
                    row.state,
                    row.local_path or "",
                    row.reason,
                )
                for row in files
            ),
        )

    async def problems(self) -> frozenset[JobKey]:
        """Return the jobs whose trouble nobody has dealt with yet (disk)."""
        return frozenset(JobKey(key) for key in await self._problems.open(PROBLEMS))


def _happening(row: EventRow) -> Happening:
    try:
        detail = json.loads(row.detail_json) if row.detail_json else {}
    except ValueError:
        detail = {}
    return Happening(
        row.kind,
        _phase(row.from_phase),
        _phase(row.to_phase),
        row.source,
        row.at,
        row.server_at,
        detail if isinstance(detail, dict) else {},
    )


def _phase(text: str | None) -> Phase | None:
    try:
        return Phase(text)
    except ValueError:
        return None
