"""Which server an item lies on, in words: one tray can hold items of several."""

from collections.abc import Callable
from urllib.parse import urlsplit

from chrislib.catalog.accounts import AccountTable
from chrislib.library.model import ItemId
from chrislib.library.ports import SessionPort

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class Servers:
    """Names of the servers that items are on.

    Parameters
    ----------
    table : AccountTable
    session : SessionPort
        Names the present server.
    account : callable
        The present account, as items keep it.
    account_of : callable
        The account an item was brought in under.
    """

    def __init__(
        self,
        table: AccountTable,
        *,
        session: SessionPort,
        account: Callable[[], str],
        account_of: Callable[[ItemId], str],
    ) -> None:
        self._table = table
        self._session = session
        self._account = account
        self._account_of = account_of
        self._hosts: dict[str, str] = {}

    async def load(self) -> None:
        """Read the servers there were (disk)."""
        for row in await self._table.known():
            where = urlsplit(row.base_url)
            own = where.hostname in _LOOPBACK
            self._hosts[row.server_uuid] = "This computer" if own else where.netloc

    def note(self) -> None:
        """Note what the present server is called."""
        uuid = self._account().partition("|")[0]
        if uuid:
            self._hosts[uuid] = self._session.host

    def elsewhere(self, item_id: ItemId) -> str:
        """Return where an item is that is not on the present account, "" if it is."""
        kept, here = self._account_of(item_id), self._account()
        if not kept or not here or kept == here:
            return ""
        uuid, _, user = kept.partition("|")
        host = self._hosts.get(uuid, "another server")
        same = uuid == here.partition("|")[0]
        return f"{host} as {user}" if same and user else host
