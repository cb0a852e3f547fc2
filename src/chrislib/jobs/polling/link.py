"""One account's connection as its jobs see it: with what, and whether it answers."""

import asyncio
import hashlib
import logging
import random
from collections.abc import Awaitable, Callable, Container, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chrislib.aio import TaskOwner
from chrislib.catalog.accounts import AccountTable
from chrislib.catalog.jobs import JobTable
from chrislib.catalog.rows import AccountRow, InboxRowText
from chrislib.cube import pacing
from chrislib.cube.errors import CubeError, ServerFault, TokenRejected
from chrislib.jobs import fsm, steps
from chrislib.jobs.backends.base import RunBackend
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import JobKey, Kind, Reach
from chrislib.jobs.pace import Pace
from chrislib.jobs.polling import breaker
from chrislib.jobs.polling.gate import Gate, Gated, Gates, gated
from chrislib.jobs.polling.health import Health
from chrislib.jobs.store import Decision, JobStore

if TYPE_CHECKING:
    # The HTTP library is half of the start-up time: it waits for the first paint.
    from chrislib.cube.client import CubeClient
    from chrislib.cube.types import ServerInfo

_log = logging.getLogger(__name__)

MakeBackend = Callable[["CubeClient", Clock], RunBackend]

_STALE_PERIODS = 3
_AT_ONCE = 500
"""Jobs that are marked in one go."""
_AGAIN = 60.0
"""Periods after which a refused certificate is tried again by itself: 15 min."""


class Link:
    """Which account is followed now, with what, and whether it answers.

    Every answer and every failure passes here: they open and close the breaker, and
    say how good the last look was (`Reach`). They never change what a job does.

    Parameters
    ----------
    client_for : callable
        The connection, or None.
    make_backend : callable
        Makes what speaks to the server about runs.
    on_new_account : callable
        Awaited once whenever another connection came into use.
    wake : callable
        Called when a server answers again.
    others : callable
        Accounts that are certainly not this one's, while that is not known yet.
    """

    def __init__(
        self,
        *,
        client_for: Callable[[], "CubeClient | None"],
        make_backend: MakeBackend,
        table: JobTable,
        accounts: AccountTable,
        store: JobStore,
        clock: Clock,
        pace: Pace,
        gates: Gates,
        health: Health,
        on_new_account: Callable[[AccountRow], Awaitable[None]],
        wake: Callable[[], None],
        others: Callable[[], Container[int]] = tuple,
        rng: random.Random | None = None,
    ) -> None:
        self._others = others
        self._client_for = client_for
        self._make_backend = make_backend
        self._table = table
        self._accounts = accounts
        self._store = store
        self._clock = clock
        self._pace = pace
        self._gates = gates
        self._health = health
        self._on_new_account = on_new_account
        self._wake = wake
        self._owner = TaskOwner("link")
        self._lock = asyncio.Lock()
        self._client: CubeClient | None = None
        self._refused_token: tuple[int, str] | None = None
        self._untrusted_until = 0.0
        self._answered_at: float | None = None
        self._verified_at: float | None = None
        self._doubted = False
        self._breaker = breaker.Breaker(
            breaker.Limits(pace.back_off, pace.back_off_limit, pace.probe),
            rng or random.Random(),
        )
        self.account: AccountRow | None = None
        self.backend: Gated | None = None
        self.gate: Gate | None = None
        self.reach = Reach.FRESH
        self.checked_at: float | None = None
        self.paused_reason = ""
        self.generation = 0
        """Counts connections: what began on an older one may fail for that."""

    async def close(self) -> None:
        """End what is still being written down."""
        await self._owner.close()

    @property
    def host(self) -> str:
        """What people call the server, "" while there is none."""
        client = self._client_for()
        return urlsplit(client.base_url).netloc if client is not None else ""

    @property
    def paused(self) -> bool:
        """Whether nothing is asked until someone does something about it.

        That is so while the token is the one that was refused, and after the server
        came with a certificate that is not trusted.
        """
        client = self._client_for()
        if client is None:
            return False
        if client is self._client and self._clock.monotonic() < self._untrusted_until:
            return True
        return self._refused_token == (id(client), client.token)

    @property
    def client(self) -> "CubeClient | None":
        """What the account is followed with now."""
        return self._client if self.connected else None

    @property
    def connected(self) -> bool:
        """Whether the present connection is the one in use here."""
        client = self._client_for()
        return client is self._client and self.backend is not None

    @property
    def wait(self) -> float:
        """Seconds until the server may be asked again."""
        held = self.gate.held if self.gate is not None else 0.0
        return max(held, self._breaker.wait(self._clock.monotonic()))

    def resume(self) -> None:
        """Let a refused token or certificate be tried once more: someone asked."""
        self._refused_token = None
        self.hurry()

    def hurry(self) -> None:
        """Ask at the next turn: something says that the server may be back."""
        self._untrusted_until = 0.0
        self._breaker.hurry()

    def slept(self) -> None:
        """Take note that the monotonic clock stood still."""
        if self.backend is not None:
            self.backend.server_time.forget()
        self._doubted = True

    async def current(self) -> Gated | None:
        """Return the backend of the present connection (network when it is new)."""
        async with self._lock:
            return await self._current()

    async def verify(self) -> None:
        """Ask whether the server is there and still the same, where in doubt (network).

        The cheapest question first: nothing else is sent into the dark. A server that
        was set up anew counts its runs from one again; jobs of the old one are
        never matched to them.
        """
        backend, account = self.backend, self.account
        if backend is None or account is None:
            return
        now = self._clock.monotonic()
        due = self._verified_at is None or (
            now - self._verified_at >= self._pace.verify
        )
        if not (due or self._doubted or self.reach is not Reach.FRESH):
            return
        uuid = await backend.probe()
        self._verified_at, self._doubted = self._clock.monotonic(), False
        if uuid and uuid != account.server_uuid:
            await self._changed_server()

    def doubt(self) -> None:
        """Have the server's identity looked at before the next turn."""
        self._doubted = True

    def answered(self) -> None:
        """Note a look that the server answered."""
        self._breaker.succeeded()
        recovered = self.reach is not Reach.FRESH
        self.reach = Reach.FRESH
        self.checked_at = self._clock.time()
        self._answered_at = self._clock.monotonic()
        self._refused_token = None
        self._explain("")
        if recovered:
            self._mark_jobs()
            self._wake()
        if self.account is not None:
            self._health.ok("account", self.host, account_id=self._account_id)

    async def failed(self, error: CubeError) -> None:
        """Note a look that failed: jobs stay as they are (disk, later)."""
        self._report(error)

    def _report(self, error: CubeError | None) -> None:
        if error is None:
            self.answered()
            return
        now = self._clock.monotonic()
        if isinstance(error, TokenRejected):
            self._refused(error)
        elif error.context.get("what") == "certificate":
            self._untrusted_until = now + _AGAIN * self._pace.base
            self._explain(error.title)
            self._become(Reach.OFFLINE)
        else:
            # What fails in answering is there, and still the one it was.
            self._doubted = self._doubted or not isinstance(error, ServerFault)
            opened = self._breaker.failed(now, least=_retry_after(error))
            # Before the first answer there is nothing that could be merely late.
            if opened or self.backend is None:
                self._become(Reach.OFFLINE)
        if self.account is not None or self.host:
            self._health.failed(
                "account",
                self.host,
                error.title,
                account_id=self._account_id,
                state="paused" if self.paused else "waiting",
                after=None if self.paused else self.wait,
            )

    def age(self, period: float) -> None:
        """Call the jobs' state stale when three periods passed without an answer."""
        if self.reach is not Reach.FRESH or self._answered_at is None:
            return
        if self._clock.monotonic() - self._answered_at > _STALE_PERIODS * period:
            self._become(Reach.STALE)

    # Inside.

    @property
    def _account_id(self) -> int | None:
        return self.account.account_id if self.account is not None else None

    async def _current(self) -> Gated | None:
        client = self._client_for()
        if client is None:
            self.backend = self._client = None
            return None
        if client is self._client and self.backend is not None:
            return self.backend
        self.gate = self._gates.of(client.base_url, client.username)
        if client is not self._client:
            # what an older connection had to wait for says nothing about this one
            self._breaker.succeeded()
            self._untrusted_until = 0.0
        self._client, self.backend = client, None
        info = client.server
        if info is None:
            info = await self._identify(client, self.gate)
        username = info.username or client.username
        await self._orphan(client.base_url, info.uuid)
        self.account = await self._table.account(
            client.base_url, username, server_uuid=info.uuid
        )
        self.backend = gated(
            self._make_backend(client, self._clock), self.gate, report=self._report
        )
        self.generation += 1
        self._verified_at = self._clock.monotonic()
        try:
            await self._on_new_account(self.account)
        except BaseException:
            self.backend = None  # the next turn begins with it again
            raise
        return self.backend

    async def _identify(self, client: "CubeClient", gate: Gate) -> "ServerInfo":
        try:
            async with gate.passing(paced=True) as leave:
                before = pacing.ticket.set(leave)
                try:
                    return await client.identify()
                finally:
                    pacing.ticket.reset(before)
        except CubeError as error:
            self._report(error)
            raise

    async def _changed_server(self) -> None:
        """Begin anew with the server that is at the address now (network, disk)."""
        async with self._lock:
            client = self._client
            if client is None:
                return
            client.server = None
            self.backend = None
            await self._current()

    async def _orphan(self, base_url: str, server_uuid: str) -> None:
        """Give up jobs of a server that another one has replaced (disk)."""
        for account in await self._accounts.replaced_at(base_url, server_uuid):
            keys = [
                tracked.job.key
                for tracked in self._store.live(account.account_id)
                if tracked.job.kind in (Kind.RUN, Kind.WORKFLOW)
                and tracked.server_uuid == account.server_uuid
            ]
            await self._store.apply_page(
                [Decision(key, self._orphaned) for key in keys]
            )
            self._store.looked(keys, Reach.SERVER_CHANGED, None)
            _log.info("another server answers where %d runs were", len(keys))

    def _orphaned(self, tracked: steps.Tracked) -> steps.Step | None:
        return fsm.orphan(tracked, now=self._clock.time())

    async def signed_out(self, account: AccountRow) -> None:
        """Take note that there is no token for an account (disk): its jobs wait."""
        if self._client_for() is not None:
            return
        self.account = account
        self._become(Reach.AUTH_REQUIRED)
        # A keyring may stay locked over many starts: one notice a day is enough.
        day = datetime.fromtimestamp(self._clock.time(), UTC).date()
        await self._tell(account, f"locked:{day}")

    def _refused(self, error: CubeError) -> None:
        client = self._client_for()
        if client is not None:
            self._refused_token = (id(client), client.token)
        known = self.reach is Reach.AUTH_REQUIRED
        self._explain(error.title)
        self._become(Reach.AUTH_REQUIRED)
        if not known and self.account is not None and client is not None:
            # One notice for one token, however often the program starts with it.
            token = hashlib.sha256(client.token.encode()).hexdigest()[:12]
            self._owner.start(self._tell(self.account, token), name="sign in again")

    async def _tell(self, account: AccountRow, episode: str) -> None:
        row = InboxRowText(
            dedupe_key=f"account:{account.account_id}:AUTH:{episode}",
            account_id=account.account_id,
            kind="AUTH",
            created_at=self._clock.time(),
            title="Sign in again",
            body="The server no longer accepts the sign-in. Jobs go on there and "
            "are followed again afterwards.",
        )
        if await self._table.add_inbox(row):
            self._store.inbox_changed()

    def _explain(self, reason: str) -> None:
        if reason == self.paused_reason:
            return
        self.paused_reason = reason
        if self.account is not None:
            self._owner.start(
                self._accounts.pause(self.account.account_id, reason), name="reason"
            )

    def _become(self, reach: Reach) -> None:
        if self.reach is not reach:
            _log.info("reach of the server: %s", reach.value)
        self.reach = reach
        self._mark_jobs()

    def _mark_jobs(self) -> None:
        # Before the first answer it is not known whose jobs these are: nobody's last
        # look was good then.
        keys = [
            tracked.job.key
            for tracked in self._store.live(self._account_id)
            if tracked.job.reach is not Reach.FORBIDDEN
            and (self.account is not None or tracked.account_id not in self._others())
        ]
        if len(keys) <= _AT_ONCE:
            self._mark(keys, self.reach)
        else:
            self._owner.start(self._mark_all(keys, self.reach), name="reach")

    def _mark(self, keys: Sequence[JobKey], reach: Reach) -> None:
        at = self.checked_at if reach is Reach.FRESH else None
        self._store.looked(keys, reach, at)

    async def _mark_all(self, keys: Sequence[JobKey], reach: Reach) -> None:
        """Mark thousands of jobs without holding the window up."""
        for first in range(0, len(keys), _AT_ONCE):
            if self.reach is not reach:
                return  # it has changed again: another round is under way
            self._mark(keys[first : first + _AT_ONCE], reach)
            await asyncio.sleep(0)


def _retry_after(error: CubeError) -> float:
    try:
        return float(error.context.get("retry_after", "0"))
    except ValueError:
        return 0.0
