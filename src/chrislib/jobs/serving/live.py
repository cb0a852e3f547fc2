"""The live jobs of one service, kept at hand: thousands of others are not looked at."""

from collections.abc import Iterable

from chrislib.catalog.rows import AccountRow
from chrislib.jobs.model import Job, JobChange, JobKey, Phase
from chrislib.jobs.steps import Tracked
from chrislib.jobs.store import JobStore

_WITHOUT_TOKEN = frozenset({Phase.DRAFT, Phase.SUBMITTING, Phase.SUBMIT_UNCERTAIN})


class ServiceJobs:
    """Follows which jobs of one service on one account have not ended.

    Parameters
    ----------
    store : JobStore
    account : AccountRow
    name : str
        The backend they are filed under.
    """

    def __init__(self, store: JobStore, account: AccountRow, name: str) -> None:
        self._store = store
        self._account = account
        self._name = name
        self._phase: dict[JobKey, Phase] = {}
        self._keys: dict[Phase, set[JobKey]] = {}
        self._just_ended: set[JobKey] = set()
        for tracked in store.live(account.account_id):
            if self.has(tracked.job):
                self._file(tracked.job.key, tracked.job.phase)
        self._stops = [store.subscribe(self._changed), store.subscribe_gone(self._gone)]

    def close(self) -> None:
        """Follow no longer."""
        while self._stops:
            self._stops.pop()()

    def has(self, job: Job) -> bool:
        """Whether a job is one of these."""
        same = job.account_id == self._account.account_id
        return same and job.backend == self._name

    def all(self) -> list[Tracked]:
        """Return all jobs of the service, ended ones too: looks through everything."""
        return [tracked for tracked in self._store.all() if self.has(tracked.job)]

    def live(self) -> list[Tracked]:
        """Return those that have not ended, oldest first."""
        return self._known(self._phase)

    def in_phase(self, phase: Phase) -> list[Tracked]:
        """Return those in a phase, oldest first."""
        return self._known(self._keys.get(phase, ()))

    def followed(self) -> list[Tracked]:
        """Return the live ones the service has given a token for."""
        keys = [key for key, at in self._phase.items() if at not in _WITHOUT_TOKEN]
        return [tracked for tracked in self._known(keys) if tracked.job.token]

    @property
    def any_followed(self) -> bool:
        """Whether there is something to look at."""
        return any(self._keys[at] for at in self._keys if at not in _WITHOUT_TOKEN)

    def ended(self) -> set[JobKey]:
        """Return, once, the jobs that have ended since this was last asked."""
        found, self._just_ended = self._just_ended, set()
        return found

    def _changed(self, changes: tuple[JobChange, ...]) -> None:
        for change in changes:
            job = change.after
            if not self.has(job):
                continue
            if not job.phase.terminal:
                self._file(job.key, job.phase)
            elif self._forget(job.key):
                self._just_ended.add(job.key)

    def _gone(self, jobs: tuple[Job, ...]) -> None:
        for job in jobs:
            self._forget(job.key)
            self._just_ended.discard(job.key)

    def _file(self, key: JobKey, phase: Phase) -> None:
        self._forget(key)
        self._phase[key] = phase
        self._keys.setdefault(phase, set()).add(key)

    def _forget(self, key: JobKey) -> bool:
        phase = self._phase.pop(key, None)
        if phase is None:
            return False
        self._keys[phase].discard(key)
        return True

    def _known(self, keys: Iterable[JobKey]) -> list[Tracked]:
        found = [self._store.get(key) for key in keys]
        known = [tracked for tracked in found if tracked is not None]
        return sorted(known, key=lambda t: (t.job.created_at, t.job.key))
