"""The one connection the window works with: a CUBE, a user, a token.

The session outlives every failure: without a server there is still a window, a
catalog and a list of jobs; `state` says what is missing.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from chrislib.aio import TaskOwner
from chrislib.errors import ChrislibError

if TYPE_CHECKING:
    # The HTTP library is half of the start-up time: it waits for the first paint.
    from chrislib.cube.client import CubeClient
    from chrislib.pacs.through_cube import PacsService

_log = logging.getLogger(__name__)


class ConnectionState(Enum):
    """What the connection chip shows."""

    NONE = "none"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    UNREACHABLE = "unreachable"
    AUTH_REQUIRED = "auth_required"


class SecretStore(Protocol):
    """Where tokens are kept: the system's keyring, or memory only."""

    async def get(self, account: str) -> str | None:
        """Return the token of ``url|user``, or None."""

    async def set(self, account: str, token: str) -> bool:
        """Keep a token; False when it is kept in memory only."""

    async def delete(self, account: str) -> None:
        """Forget a token."""


class AccountStore(Protocol):
    """Where the last used account is remembered (no secrets)."""

    async def get(self, key: str) -> str | None:
        """Return the value of `key`, or None."""

    async def set(self, key: str, value: str) -> None:
        """Keep `value` under `key`."""


@dataclass(frozen=True, slots=True)
class StationAccess:
    """How the embedded station of this computer is reached."""

    url: str
    username: str
    password: str


_PAUSES = (0.5, 2.0, 5.0, 15.0, 30.0, 60.0)
"""Seconds before each attempt to reach a server that went away; the last repeats."""

_LAST = "account.last"
_STATION = "station"


class Session:
    """A connection that can be absent, fail, and come back.

    Parameters
    ----------
    secrets : SecretStore
        Tokens of servers. The station's token is asked for at each start instead.
    accounts : AccountStore
        Remembers which account was used last.
    start_station : callable
        Finds or starts the embedded station.
    """

    def __init__(
        self,
        *,
        secrets: SecretStore,
        accounts: AccountStore,
        start_station: Callable[[], Awaitable[StationAccess]],
    ) -> None:
        self._secrets = secrets
        self._accounts = accounts
        self._start_station = start_station
        self._listeners: list[Callable[[], None]] = []
        self._tasks = TaskOwner("session")
        self.client: CubeClient | None = None
        self.pacs: PacsService | None = None
        self.state = ConnectionState.NONE
        self.error: ChrislibError | None = None
        self.is_station = False
        self.remembered = False
        self._url = ""
        self._wanted_user = ""
        self._coming = False

    @property
    def host(self) -> str:
        """What the chip calls the server."""
        if self.is_station:
            return "This computer"
        return urlsplit(self._url).netloc

    @property
    def url(self) -> str:
        """Base address of the server, "" before the first connection."""
        return self._url

    @property
    def wanted_user(self) -> str:
        """Name of the user whose sign-in is missing, or of the signed-in one."""
        return self.username or self._wanted_user

    @property
    def username(self) -> str:
        """Name of the signed-in user, or ""."""
        return self.client.username if self.client is not None else ""

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after each change; returns how to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def resume(self) -> None:
        """Connect as last time, or to the embedded station (network, keyring)."""
        last = await self._accounts.get(_LAST)
        if not last or last == _STATION:
            await self.use_station()
            return
        url, _, username = last.rpartition("|")
        token = await self._secrets.get(last)
        if token is None:
            self._url, self.is_station = url, False
            self._wanted_user = username
            self._become(
                ConnectionState.AUTH_REQUIRED,
                ChrislibError(
                    f"Sign in to {urlsplit(url).netloc} again.",
                    f"The sign-in of {username} was not kept. Nothing is lost.",
                    hint="Enter the password.",
                ),
            )
            return
        from chrislib.cube.client import CubeClient

        client = CubeClient(url, token=token)
        await self._adopt(client, station=False)

    async def use_station(self, *, quiet: bool = False) -> None:
        """Connect to the embedded station, starting it if need be (processes).

        `quiet` leaves the state alone until the outcome is known.
        """
        self.is_station = True
        if not quiet:
            self._become(ConnectionState.CONNECTING, None)
        from chrislib.cube.client import CubeClient

        try:
            access = await self._start_station()
            client = await CubeClient.sign_in(
                access.url, access.username, access.password
            )
        except ChrislibError as error:
            self._become(ConnectionState.UNREACHABLE, error)
            return
        if await self._adopt(client, station=True, quiet=quiet):
            await self._accounts.set(_LAST, _STATION)

    async def sign_in(self, url: str, username: str, password: str) -> None:
        """Sign in to a CUBE (network); the password is never kept.

        Raises
        ------
        CubeError
            Wrong password, no answer, or no CUBE; the old connection stays.
        """
        from chrislib.cube.client import CubeClient

        client = await CubeClient.sign_in(url, username, password)
        account = f"{client.base_url}|{username}"
        self.remembered = await self._secrets.set(account, client.token)
        if await self._adopt(client, station=False):
            await self._accounts.set(_LAST, account)

    async def reconnect(self, *, quiet: bool = False) -> None:
        """Try the present server again (network); `quiet` as in `use_station`."""
        if self.is_station:
            await self.use_station(quiet=quiet)
        elif self.client is not None:
            await self._adopt(self.client, station=False, quiet=quiet)
        else:
            await self.resume()

    def token_was_refused(self) -> None:
        """Note that the server answered 401: ask for the password, keep the rest."""
        if self.state is ConnectionState.AUTH_REQUIRED:
            return
        self._become(
            ConnectionState.AUTH_REQUIRED,
            ChrislibError(
                f"{self.host} no longer accepts this sign-in.",
                "Jobs go on on the server and are followed again afterwards.",
                hint="Sign in again.",
            ),
        )

    def server_went_away(self, error: ChrislibError) -> None:
        """Note that no connection can be made, and try again until one can.

        The embedded station is started again; another server is only asked.
        """
        if self.state is not ConnectionState.CONNECTED:
            return
        self._unreachable(error)

    def server_came_back(self) -> None:
        """Note that someone else got an answer: connect again now."""
        if self.state is ConnectionState.UNREACHABLE and not self._coming:
            self._coming = True
            self._tasks.start(self._connect_again(), name="connect again")

    async def close(self) -> None:
        """Close the connection (network); the station goes on."""
        await self._tasks.close()
        if self.client is not None:
            await self.client.aclose()
            self.client = None

    def _connection_lost(self, error: ChrislibError, gone: bool) -> None:
        if gone:
            self.server_went_away(error)
        elif self.state is ConnectionState.CONNECTED and not self._tasks.pending:
            # one broken connection says little: ask before saying "offline"
            self._tasks.start(self._ask_again(), name="ask again")

    async def _ask_again(self) -> None:
        from chrislib.cube.errors import CubeError

        if self.client is None:
            return
        try:
            await self.client.identify()
        except CubeError:
            await self._come_back()

    async def _connect_again(self) -> None:
        try:
            await self.reconnect(quiet=True)
        finally:
            self._coming = False

    async def _come_back(self) -> None:
        for attempt in range(1_000_000):
            await asyncio.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])
            if self.state is not ConnectionState.UNREACHABLE:
                return
            await self.reconnect(quiet=True)

    async def _drop(self, client: "CubeClient") -> None:
        """Close a client that did not become the connection (network)."""
        if client is not self.client:
            await client.aclose()

    async def _adopt(
        self, client: "CubeClient", *, station: bool, quiet: bool = False
    ) -> bool:
        from chrislib.cube.errors import CubeError, TokenRejected
        from chrislib.pacs.through_cube import PacsService

        self._url, self.is_station = client.base_url, station
        if not quiet:
            self._become(ConnectionState.CONNECTING, None)
        client.on_rejected(self.token_was_refused)
        client.on_lost(self._connection_lost)
        failure: ChrislibError | None = None
        try:
            await client.identify()
        except TokenRejected:
            await self._drop(client)
            self.token_was_refused()
            return False
        except CubeError as error:
            failure = error
        except asyncio.CancelledError:
            await self._drop(client)
            raise
        old = self.client
        self.client, self.pacs = client, PacsService(client)
        if old is not None and old is not client:
            await old.aclose()
        if failure is not None:
            self._unreachable(failure)
            return False
        self._become(ConnectionState.CONNECTED, None)
        return True

    def _unreachable(self, error: ChrislibError) -> None:
        self._become(ConnectionState.UNREACHABLE, error)
        if error.context.get("what") == "certificate":
            return  # it will not become trusted by asking again and again
        if not self._tasks.pending:
            self._tasks.start(self._come_back(), name="come back")

    def _become(self, state: ConnectionState, error: ChrislibError | None) -> None:
        self.state, self.error = state, error
        for listener in tuple(self._listeners):
            try:
                listener()
            except Exception:  # noqa: BLE001 - one bad listener must not stop the rest
                _log.exception("a listener of the session failed")
