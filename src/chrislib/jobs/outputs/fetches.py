"""How downloads of outputs are begun, repeated and stopped."""

from chrislib.jobs import fsm, steps
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import DownloadIntent, JobKey
from chrislib.jobs.store import JobStore
from chrislib.jobs.submission.submit import Submitter
from chrislib.jobs.transfers import Transfers


class Fetches:
    """Downloads on the account of the run they are of, whichever is connected.

    Parameters
    ----------
    store : JobStore
    submitter : Submitter
    transfers : Transfers
    clock : Clock
    """

    def __init__(
        self,
        *,
        store: JobStore,
        submitter: Submitter,
        transfers: Transfers,
        clock: Clock,
    ) -> None:
        self._store = store
        self._submitter = submitter
        self._transfers = transfers
        self._clock = clock

    async def begin(
        self, intent: DownloadIntent, *, account_id: int, server_uuid: str
    ) -> JobKey:
        """Journal a download of an account (disk); it runs when its server is there."""
        (key,) = await self._submitter.journal(
            [intent], account_id=account_id, server_uuid=server_uuid
        )
        self._transfers.follow()
        return key

    async def again(self, key: JobKey) -> None:
        """Go on with what is missing (disk)."""

        def decide(tracked: steps.Tracked) -> steps.Step | None:
            if not tracked.job.phase.terminal:
                return None
            return fsm.again(tracked, now=self._clock.time())

        await self._store.apply(key, decide)
        self._transfers.follow()

    async def stop(self, key: JobKey) -> None:
        """Stop a download (disk)."""
        await self._transfers.cancel(key)
