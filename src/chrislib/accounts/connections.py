"""Clients of accounts other than the one in the window, so that none is forgotten."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from chrislib.accounts.session import SecretStore
from chrislib.errors import ChrislibError

if TYPE_CHECKING:
    # The HTTP library is half of the start-up time: it waits for the first paint.
    from chrislib.cube.client import CubeClient

_log = logging.getLogger(__name__)

MakeClient = Callable[[str, str], "CubeClient"]
"""Base address and token to a client; nothing is sent yet."""


class Connections:
    """Opens clients of accounts by the tokens in the keyring.

    There is one client per account at a time; a password is never asked for here.

    Parameters
    ----------
    secrets : SecretStore
    make_client : callable, optional
        In place of real clients (tests).
    """

    def __init__(
        self, secrets: SecretStore, *, make_client: MakeClient | None = None
    ) -> None:
        self._secrets = secrets
        self._make_client = make_client or _client
        self._open: list[CubeClient] = []

    async def open(self, base_url: str, username: str) -> "CubeClient | None":
        """Return a client for an account (keyring), None when no token is kept."""
        token = await self._secrets.get(f"{base_url}|{username}")
        if not token:
            return None
        try:
            client = self._make_client(base_url, token)
        except ChrislibError as error:
            _log.warning("an account cannot be opened: %s", type(error).__name__)
            return None
        client.username = username
        self._open.append(client)
        return client

    async def close(self, client: "CubeClient") -> None:
        """Close a client that is not needed any more (network)."""
        if client in self._open:
            self._open.remove(client)
        await client.aclose()

    async def close_all(self) -> None:
        """Close every client (network)."""
        while self._open:
            await self._open.pop().aclose()


def _client(base_url: str, token: str) -> "CubeClient":
    from chrislib.cube.client import CubeClient

    return CubeClient(base_url, token=token)
