"""The jobs in memory, found by what they are asked for by. No I/O."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chrislib.copies import maker, replace
from chrislib.jobs import loading
from chrislib.jobs.model import Job, JobChange, JobKey, Phase, Reach
from chrislib.jobs.steps import Tracked

_change = maker(JobChange)


class Known:
    """Jobs by their key, their names on servers, their feed and their batch."""

    def __init__(self) -> None:
        self.jobs: dict[JobKey, Tracked] = {}
        self.tokens: dict[tuple[int, str, int], JobKey] = {}
        self.names: dict[tuple[int, str, str, str], JobKey] = {}
        self.of_feed: dict[tuple[int, int], set[JobKey]] = {}
        self.of_batch: dict[str, set[JobKey]] = {}
        self.live: set[JobKey] = set()
        self.owing: set[JobKey] = set()
        """Jobs whose feed has not got its note yet."""
        self._order: list[tuple[float, JobKey]] = []

    def remember(self, tracked: Tracked) -> None:
        """Take a job as it is now."""
        job = tracked.job
        if job.phase is Phase.ORPHANED and job.reach is Reach.FRESH:
            # Reach is not kept; this one follows from the phase.
            job = replace(job, reach=Reach.SERVER_CHANGED)
            tracked = replace(tracked, job=job)
        key, account_id = job.key, job.account_id
        before = self.jobs.get(key)
        if before is None:
            insort(self._order, (job.created_at, key))
        elif before.job.created_at != job.created_at:
            self._take_out(before.job)
            insort(self._order, (job.created_at, key))
        self.jobs[key] = tracked
        if job.phase.terminal:
            self.live.discard(key)
        else:
            self.live.add(key)
        if tracked.note_pending:
            self.owing.add(key)
        else:
            self.owing.discard(key)
        if job.remote_id is not None:
            self.tokens[account_id, tracked.server_uuid, job.remote_id] = key
        if job.token:
            name = (account_id, job.backend, tracked.server_uuid, job.token)
            self.names[name] = key
        if job.feed_id is not None:
            feed = (account_id, job.feed_id)
            among = self.of_feed.get(feed)
            if among is None:
                among = self.of_feed[feed] = set()
            among.add(key)
        if job.batch_key:
            self.of_batch.setdefault(job.batch_key, set()).add(key)

    def newest(self) -> list[Tracked]:
        """Return every job, newest first; kept in order, not put in order."""
        jobs = self.jobs
        return [jobs[key] for _, key in reversed(self._order)]

    def forget(self, key: JobKey) -> Job | None:
        """Drop a job; returns it as it was, None if it was not known."""
        gone = self.jobs.pop(key, None)
        self.live.discard(key)
        self.owing.discard(key)
        if gone is None:
            return None
        job = gone.job
        self._take_out(job)
        if job.remote_id is not None:
            token = (gone.account_id, gone.server_uuid, job.remote_id)
            self.tokens.pop(token, None)
        name = (gone.account_id, job.backend, gone.server_uuid, job.token)
        self.names.pop(name, None)
        if job.feed_id is not None:
            self.of_feed.get((gone.account_id, job.feed_id), set()).discard(key)
        self.of_batch.get(job.batch_key, set()).discard(key)
        return job

    def _take_out(self, job: Job) -> None:
        del self._order[bisect_left(self._order, (job.created_at, job.key))]


def loaded(
    rows: Iterable[Sequence[Any]], before: Mapping[JobKey, Tracked]
) -> tuple[Known, list[JobChange]]:
    """Return the jobs of catalog rows, and what they change of those known before.

    For a thread: thousands of intents are parsed here.
    """
    known = Known()
    for tracked in loading.load(rows):
        known.remember(tracked)
    changes = []
    for key, tracked in known.jobs.items():
        old = before.get(key)
        changes.append(_change(old.job if old is not None else None, tracked.job))
    changes.reverse()  # newest first
    return known, changes
