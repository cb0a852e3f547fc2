"""What tells the run of a lost submission: its values, its parent, its time."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from chrislib.jobs.backends.base import RunBackend
from chrislib.jobs.backends.cube import title_of
from chrislib.jobs.model import Job, JobKey, RunIntent
from chrislib.jobs.steps import Observation, Tracked
from chrislib.jobs.store import JobStore
from chrislib.jobs.submission import pairing


def spec_of(job: Job) -> str:
    """Return what tells submissions apart on the server; like ones are the same."""
    intent = job.intent
    if not isinstance(intent, RunIntent):
        return job.key
    given = sorted((name, str(value)) for name, value in intent.parameters.items())
    return repr((intent.plugin_id, intent.previous_id, given, intent.nonce))


def by_spec(store: JobStore, keys: Iterable[JobKey]) -> dict[str, list[Tracked]]:
    """Return jobs of the same values together, in the order they were made."""
    found = [t for key in keys if (t := store.get(key)) is not None]
    found.sort(key=lambda t: (t.job.created_at, t.job.key))
    groups: dict[str, list[Tracked]] = {}
    for tracked in found:
        groups.setdefault(spec_of(tracked.job), []).append(tracked)
    return groups


def paired(
    group: Sequence[Tracked], found: Sequence[Observation]
) -> pairing.Pairing[JobKey]:
    """Say which of the runs that were found belong to which jobs of a group."""
    return pairing.pair(
        [_wanted(tracked) for tracked in group],
        [pairing.Candidate(seen.remote_id, seen.title) for seen in found],
    )


def _wanted(tracked: Tracked) -> pairing.Wanted[JobKey]:
    intent = tracked.job.intent
    assert isinstance(intent, RunIntent)
    return pairing.Wanted(tracked.job.key, title_of(intent), intent.nonce)


def issued(job: Job) -> float:
    """Return when a run was sent by the server's clock, seconds since the epoch."""
    text = getattr(job.intent, "issued_at", "")
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return job.created_at


async def candidates(
    store: JobStore, waiting: Sequence[Tracked], backend: RunBackend
) -> list[Observation]:
    """Return the runs that like submissions may have made (network)."""
    first = waiting[0]
    intent = first.job.intent
    assert isinstance(intent, RunIntent)

    def known(remote_id: int) -> bool:
        place = (first.account_id, first.server_uuid)
        owner = store.by_token(*place, remote_id)
        # A row that only follows it came to be because this one was missing.
        return owner is not None and not getattr(owner.job.intent, "found", False)

    since = min(issued(tracked.job) for tracked in waiting)
    return await backend.candidates(intent, since=since, known=known)
