"""The followers of all accounts: the present connection's, and the others'."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

from chrislib.aio import TaskOwner
from chrislib.catalog.accounts import AccountTable
from chrislib.catalog.rows import AccountRow
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import JobChange, JobKey, Kind, Reach
from chrislib.jobs.pace import Pace
from chrislib.jobs.polling.attention import Attention
from chrislib.jobs.polling.follower import Follower
from chrislib.jobs.polling.health import Health
from chrislib.jobs.store import JobStore

if TYPE_CHECKING:
    # The HTTP library is half of the start-up time: it waits for the first paint.
    from chrislib.cube.client import CubeClient

_log = logging.getLogger(__name__)


class Connections(Protocol):
    """Opens what other accounts are followed with; their tokens are in the keyring."""

    async def open(self, base_url: str, username: str) -> "CubeClient | None":
        """Return a client for an account (keyring), None without a token."""

    async def close(self, client: "CubeClient") -> None:
        """Close a client that is not needed any more (network)."""


ClientFor = Callable[[], "CubeClient | None"]
MakeFollower = Callable[[ClientFor, AccountRow | None], Follower]


class Followers:
    """Follows every account there is a token for, each in a loop of its own.

    Parameters
    ----------
    client_for : callable
        The session's present connection, or None.
    make : callable
        Makes a follower from what gives its client, and its account if it is known.
    accounts : AccountTable
    connections : Connections, optional
        Without it only the present connection is followed.
    """

    def __init__(
        self,
        *,
        client_for: ClientFor,
        make: MakeFollower,
        accounts: AccountTable,
        connections: Connections | None,
        attention: Attention,
        store: JobStore,
        health: Health,
        clock: Clock,
        pace: Pace,
        rng: random.Random | None = None,
    ) -> None:
        self._client_for = client_for
        self._make = make
        self._accounts = accounts
        self._connections = connections
        self._attention = attention
        self._store = store
        self._health = health
        self._clock = clock
        self._pace = pace
        self._rng = rng or random.Random()
        self._owner = TaskOwner("followers")
        self._others: dict[int, tuple[Follower, CubeClient, asyncio.Task[None]]] = {}
        self._lock = asyncio.Lock()
        self._asked_keyring: dict[int, float] = {}
        self._offset = 0.0
        self._unsubscribe: Callable[[], None] | None = None
        self.present = make(client_for, None)

    def start(self) -> None:
        """Begin to follow (network, disk)."""
        self._offset = self._clock.time() - self._clock.monotonic()
        self._unsubscribe = self._store.subscribe(self._changed)
        self._owner.start(self._keep_running(self.present), name="present")
        self._owner.start(self._forever(self._watch), name="watch")
        self._owner.start(self._gather_later(), name="gather")

    async def stop(self) -> None:
        """Stop following; the work on the servers goes on."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        await self._owner.close()
        for account_id in list(self._others):
            await self._drop(account_id)
        await self.present.link.close()

    def all(self) -> list[Follower]:
        """Return every follower, the present connection's first."""
        return [self.present, *(follower for follower, _, _ in self._others.values())]

    def others(self) -> set[int]:
        """Return the accounts that are followed beside the present one."""
        return set(self._others)

    def of(self, account_id: int) -> Follower | None:
        """Return the follower of an account, if it has one now."""
        for follower in self.all():
            account = follower.link.account
            if account is not None and account.account_id == account_id:
                return follower
        return None

    def wake(self, account_id: int) -> None:
        """Have an account's next turn taken now."""
        follower = self.of(account_id)
        if follower is not None:
            follower.wake()

    def look_soon(self, key: JobKey) -> None:
        """Look at a run within seconds: it was just submitted or cancelled."""
        tracked = self._store.get(key)
        follower = self.of(tracked.account_id) if tracked is not None else None
        (follower or self.present).look_soon(key)

    async def refresh(self) -> None:
        """Look at everything now (network); return when the present one has looked."""
        for follower in self.all():
            follower.link.resume()
            if follower is not self.present:
                # nobody waits for a server that he does not look at
                follower.ask()
        self._owner.start(self.gather(), name="gather")
        await self.present.looked()

    def notice(self, *, slept: bool = False) -> None:
        """Look at everything soon: the computer woke, or its network is back.

        Accounts are spread over three seconds, so that they do not all ask at once.
        """
        for follower in self.all():
            if slept:
                follower.link.slept()
            delay = self._rng.uniform(0.0, self._pace.spread)
            self._owner.start(self._hurry(follower, delay), name="after a pause")

    async def present_changed(self, account: AccountRow) -> None:
        """Follow the former account on its own, the present one only once."""
        await self._drop(account.account_id)
        self._owner.start(self.gather(), name="gather")

    async def sign_in_needed(self, base_url: str, username: str) -> None:
        """Mark the jobs of the account the window is for: no token for it (disk)."""
        for account in await self._accounts.known():
            if (account.base_url, account.username) == (base_url, username):
                await self.present.link.signed_out(account)

    async def gather(self) -> None:
        """Follow what other accounts there are (keyring, disk, network)."""
        if self._connections is None:
            return
        async with self._lock:
            for account in await self._accounts.known():
                if not self._is_followed(account):
                    await self._take_up(account, self._connections)

    # Inside.

    def _changed(self, changes: tuple[JobChange, ...]) -> None:
        """Have runs looked at that are followed from now on, whoever brought them."""
        accounts = {
            change.after.account_id
            for change in changes
            if change.after.kind is Kind.RUN
            and not change.after.phase.terminal
            and (change.before is None or change.before.phase.terminal)
        }
        for account_id in accounts:
            follower = self.of(account_id)
            if follower is not None:
                follower.appeared()

    def _is_followed(self, account: AccountRow) -> bool:
        client = self._client_for()
        if client is not None and (client.base_url, client.username) == (
            account.base_url,
            account.username,
        ):
            return True
        return account.account_id in self._others or (
            client is not None
            and self.present.link.account is not None
            and self.present.link.account.account_id == account.account_id
        )

    async def _take_up(self, account: AccountRow, connections: Connections) -> None:
        # A locked keyring asks a person: that must not happen in a loop.
        now = self._clock.monotonic()
        asked_at = self._asked_keyring.get(account.account_id)
        if asked_at is not None and now - asked_at < self._pace.verify:
            return
        self._asked_keyring[account.account_id] = now
        client = await connections.open(account.base_url, account.username)
        if client is None:
            keys = [t.job.key for t in self._store.live(account.account_id)]
            self._store.looked(keys, Reach.AUTH_REQUIRED, None)
            return
        opened = client

        def client_for() -> "CubeClient":
            return opened

        follower = self._make(client_for, account)
        task = self._owner.start(
            self._keep_running(follower, after=self._pace.spread), name="account"
        )
        self._others[account.account_id] = follower, opened, task

    async def _drop(self, account_id: int) -> None:
        found = self._others.pop(account_id, None)
        if found is None:
            return
        follower, client, task = found
        self._asked_keyring.pop(account_id, None)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await follower.link.close()
        if self._connections is not None:
            await self._connections.close(client)

    async def _keep_running(self, follower: Follower, *, after: float = 0.0) -> None:
        """Run a follower; it is started anew if its loop ever ends by an error."""
        if after:
            await self._clock.sleep(self._rng.uniform(0.0, after))
        await self._forever(follower.run)

    async def _forever(self, work: Callable[[], Awaitable[None]]) -> None:
        failures = 0
        while True:
            began = self._clock.monotonic()
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - nothing ends the following
                _log.exception("a loop of the job manager ended")
                what = f"A loop ended with an error ({type(error).__name__})."
            else:
                what = "A loop ended by itself."
            if self._clock.monotonic() - began > self._pace.longest:
                failures = 0
            ceiling = min(self._pace.longest, self._pace.back_off * 2**failures)
            wait = self._rng.uniform(self._pace.back_off / 5, ceiling)
            failures = min(failures + 1, 10)
            self._health.failed(
                "loop", "Following jobs", what, state="restarting", after=wait
            )
            await self._clock.sleep(wait)
            self._health.restarted("loop", "Following jobs")

    async def _gather_later(self) -> None:
        """Open the other accounts once it is known which one is the present."""
        # Asking the keyring for it as well might ask a person, and for nothing.
        await self._clock.sleep(self._pace.watch)
        await self.gather()

    async def _watch(self) -> None:
        """Notice that the computer slept, and that answers have become old."""
        while True:
            await self._clock.sleep(self._pace.watch)
            offset = self._clock.time() - self._clock.monotonic()
            ahead, self._offset = offset - self._offset, offset
            if ahead > self._pace.watch:
                _log.info("the computer's clock went ahead by %.0f s", ahead)
                self.notice(slept=True)
            for follower in self.all():
                follower.age()

    async def _hurry(self, follower: Follower, delay: float) -> None:
        await self._clock.sleep(delay)
        follower.hurry()
