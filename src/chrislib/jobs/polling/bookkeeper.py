"""Keeps a ledger true to the jobs of the catalog, and to every row that is seen."""

import weakref
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from chrislib.catalog.polling import PollingTable
from chrislib.catalog.rows import AccountRow
from chrislib.jobs.model import Job, JobChange, Kind, Phase, Reach, RunIntent
from chrislib.jobs.polling.ledger import Ledger
from chrislib.jobs.polling.queries import ENDED
from chrislib.jobs.steps import Observation, Tracked
from chrislib.jobs.store import JobStore

_GONE = (Phase.GONE, Phase.ORPHANED, Phase.NOT_SUBMITTED)


class Bookkeeper:
    """The one who writes into a ledger.

    It lets go of the store when nobody holds it any more.
    """

    def __init__(
        self, store: JobStore, polling: PollingTable, *, account: AccountRow
    ) -> None:
        self.ledger = Ledger()
        self._store = store
        self._polling = polling
        self._account = account
        self._kept: dict[int, tuple[dict[str, int], int]] = {}
        me = weakref.ref(self)

        def heard(changes: tuple[JobChange, ...]) -> None:
            found = me()
            if found is None:
                stop()
            else:
                found.enter_jobs(change.after for change in changes)

        def gone(jobs: tuple[Job, ...]) -> None:
            found = me()
            if found is None:
                stop_gone()
            else:
                found.forget_jobs(jobs)

        stop = store.subscribe(heard)
        stop_gone = store.subscribe_gone(gone)

    async def open(self) -> None:
        """Enter every job of the account, and what its feeds hold besides (disk)."""
        self.enter_jobs(tracked.job for tracked in self._store.all())
        self._kept = await self._polling.feeds(self._account.account_id)
        for feed_id, (counts, factor) in self._kept.items():
            book = self.ledger.books.get(feed_id)
            if book is not None:
                book.offset = {status: counts.get(status, 0) for status in ENDED}
                book.factor = factor

    def enter_jobs(self, jobs: Iterable[Job]) -> None:
        """Enter what became of jobs."""
        for job in jobs:
            remote_id = job.remote_id
            if (
                remote_id is None
                or job.kind is not Kind.RUN
                or job.account_id != self._account.account_id
                or _of_somebody_else(job)  # adoption looks at these
            ):
                continue
            tracked = self._store.get(job.key)
            if tracked is None or not self._is_ours(tracked):
                continue
            if job.phase in _GONE:
                self.ledger.forget(remote_id)
                continue
            dark = job.reach is Reach.FORBIDDEN
            run = self.ledger.runs.get(remote_id)
            status = status_of(job)
            if (
                run is not None
                and run.mine
                and run.status == status
                and run.dark == dark
                and job.feed_id in (None, run.feed_id)
            ):
                continue
            self.ledger.saw(
                remote_id,
                job.feed_id or 0,
                status,
                start=seconds(job.start_date),
                end=seconds(job.end_date),
                mine=True,
            )
            self.ledger.hide(remote_id, dark=dark)

    def forget_jobs(self, jobs: Iterable[Job]) -> None:
        """Take out jobs whose rows went."""
        for job in jobs:
            if (
                job.remote_id is not None
                and job.kind is Kind.RUN
                and job.account_id == self._account.account_id
            ):
                self.ledger.forget(job.remote_id)

    def enter_rows(self, rows: Sequence[Observation], *, whole: bool = False) -> None:
        """Enter rows of the server, also of runs that nobody follows.

        Parameters
        ----------
        whole : bool
            These are all the runs of a feed. Otherwise an unknown run that ended
            before the feed's counts were told is in them as one that nobody knows.
        """
        ledger = self.ledger
        for row in rows:
            run = ledger.runs.get(row.remote_id)
            end, start = seconds(row.end_date), seconds(row.start_date)
            stranger = run is None and row.remote_status in ENDED
            if stranger and not whole and ledger.counted(row.feed_id or 0, end):
                continue
            if row.remote_status in ENDED and self._lives(row.remote_id):
                # A later look said otherwise: the next one must not be left out.
                continue
            known = (
                run is not None
                and run.status == row.remote_status
                and run.end == end
                and run.start == start
                and run.feed_id == row.feed_id
            )
            if not known:
                ledger.saw(
                    row.remote_id,
                    row.feed_id or 0,
                    row.remote_status,
                    start=start,
                    end=end,
                )
            ledger.looked(row.remote_id)

    async def keep_feeds(self, at: float) -> None:
        """Write down what feeds hold besides the jobs, where it changed (disk)."""
        news: dict[int, tuple[dict[str, int], int]] = {}
        for feed_id in self.ledger.live_feeds():
            found = self.ledger.besides(feed_id)
            if found is None:
                continue
            entry = found, self.ledger.books[feed_id].factor
            if self._kept.get(feed_id) != entry:
                news[feed_id] = entry
        if news:
            await self._polling.save_feeds(self._account.account_id, news, at=at)
            self._kept |= news

    def _lives(self, remote_id: int) -> bool:
        """Whether the job of a run has not ended, whatever a row may say."""
        account = self._account
        found = self._store.by_token(account.account_id, account.server_uuid, remote_id)
        return found is not None and not found.job.phase.terminal

    def _is_ours(self, tracked: Tracked) -> bool:
        return tracked.server_uuid in ("", self._account.server_uuid)


def status_of(job: Job) -> str:
    """Return a job's status in CUBE's words, as far as it was seen."""
    status = job.remote_status
    if job.phase.terminal:
        return status if status in ENDED else "cancelled"
    return status if status and status not in ENDED else "created"


def seconds(text: str) -> float:
    """Return an ISO time as seconds since the epoch, 0.0 when there is none."""
    if not text:
        return 0.0
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0


def iso(moment: float) -> str:
    """Return seconds since the epoch as an ISO time in UTC."""
    return datetime.fromtimestamp(moment, UTC).isoformat()


def _of_somebody_else(job: Job) -> bool:
    return isinstance(job.intent, RunIntent) and bool(job.intent.owner)
