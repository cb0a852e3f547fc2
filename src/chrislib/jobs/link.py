"""The account the jobs are on and how good its last look was."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from chrislib.catalog.jobs import JobTable
from chrislib.catalog.rows import AccountRow, InboxRowText
from chrislib.cube.errors import CubeError, ServerUnreachable, TokenRejected
from chrislib.jobs.backends.base import RunBackend
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import Reach
from chrislib.jobs.store import JobStore

if TYPE_CHECKING:
    # The HTTP library is half of the start-up time: it waits for the first paint.
    from chrislib.cube.client import CubeClient

_log = logging.getLogger(__name__)

MakeBackend = Callable[["CubeClient", Clock], RunBackend]


class Link:
    """Which account is followed now, with what, and whether it answers.

    Parameters
    ----------
    client_for : callable
        The present connection, or None.
    make_backend : callable
        Makes what speaks to the server about runs.
    on_new_account : callable
        Awaited once whenever another connection came into use.
    """

    def __init__(
        self,
        *,
        client_for: Callable[[], "CubeClient | None"],
        make_backend: MakeBackend,
        table: JobTable,
        store: JobStore,
        clock: Clock,
        on_new_account: Callable[[AccountRow], Awaitable[None]],
        wake: Callable[[], None],
    ) -> None:
        self._client_for = client_for
        self._make_backend = make_backend
        self._table = table
        self._store = store
        self._clock = clock
        self._on_new_account = on_new_account
        self._wake = wake
        self._lock = asyncio.Lock()
        self._client: CubeClient | None = None
        self._refused_token: tuple[int, str] | None = None
        self.account: AccountRow | None = None
        self.backend: RunBackend | None = None
        self.reach = Reach.FRESH
        self.checked_at: float | None = None
        self.generation = 0
        """Counts connections: what began on an older one may fail for that."""

    @property
    def paused(self) -> bool:
        """Whether the present token was refused: nothing is asked until it changes."""
        client = self._client_for()
        if client is None or self._refused_token is None:
            return False
        return self._refused_token == (id(client), client.token)

    def resume(self) -> None:
        """Let a refused token be tried once more: the user asked for a look."""
        self._refused_token = None

    async def current(self) -> RunBackend | None:
        """Return the backend of the present connection (network when it is new)."""
        async with self._lock:
            return await self._current()

    async def _current(self) -> RunBackend | None:
        client = self._client_for()
        if client is None:
            self.backend = self._client = None
            return None
        if client is self._client and self.backend is not None:
            return self.backend
        info = client.server or await client.identify()
        self.account = await self._table.account(
            client.base_url, info.username or client.username, server_uuid=info.uuid
        )
        self.backend = self._make_backend(client, self._clock)
        self._client = client
        self.generation += 1
        await self._on_new_account(self.account)
        return self.backend

    def answered(self) -> None:
        """Note a look that the server answered."""
        recovered = self.reach is not Reach.FRESH
        self.reach = Reach.FRESH
        self.checked_at = self._clock.time()
        self._refused_token = None
        if recovered:
            self._mark_jobs()
            self._wake()

    async def failed(self, error: CubeError) -> None:
        """Note a look that failed: jobs stay as they are (disk)."""
        if isinstance(error, TokenRejected):
            await self._refused()
        elif isinstance(error, ServerUnreachable):
            self._become(Reach.OFFLINE)
        else:
            self._become(Reach.STALE)

    async def _refused(self) -> None:
        client = self._client_for()
        if client is not None:
            self._refused_token = (id(client), client.token)
        if self.reach is Reach.AUTH_REQUIRED or self.account is None:
            self._become(Reach.AUTH_REQUIRED)
            return
        self._become(Reach.AUTH_REQUIRED)
        now = self._clock.time()
        row = InboxRowText(
            dedupe_key=f"account:{self.account.account_id}:AUTH:{now:.3f}",
            account_id=self.account.account_id,
            kind="AUTH",
            created_at=now,
            title="Sign in again",
            body="The server no longer accepts the sign-in. Jobs go on there and "
            "are followed again afterwards.",
        )
        if await self._table.add_inbox(row):
            self._store.inbox_changed()

    def _become(self, reach: Reach) -> None:
        if self.reach is not reach:
            _log.info("reach of the server: %s", reach.value)
        self.reach = reach
        self._mark_jobs()

    def _mark_jobs(self) -> None:
        # Before the first answer it is not known whose jobs these are: nobody's last
        # look was good then.
        account_id = self.account.account_id if self.account is not None else None
        keys = [t.job.key for t in self._store.live(account_id)]
        at = self.checked_at if self.reach is Reach.FRESH else None
        self._store.looked(keys, self.reach, at)
