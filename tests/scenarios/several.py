"""Several accounts at once: real connections over in-process servers."""

from collections.abc import Mapping
from pathlib import Path

from chrislib.accounts.connections import Connections
from chrislib.cube.client import CubeClient
from tests.sim.desk import SimDesk
from tests.sim.server import SimServer
from tests.sim.virtual import VirtualClock


class Ring:
    """A keyring that counts how often it is asked, and can be locked."""

    def __init__(self) -> None:
        self.tokens: dict[str, str] = {}
        self.asked: list[str] = []
        self.locked = False

    async def get(self, account: str) -> str | None:
        """Return a token of ``url|user``, None while locked."""
        self.asked.append(account)
        return None if self.locked else self.tokens.get(account)

    async def set(self, account: str, token: str) -> bool:
        """Keep a token."""
        self.tokens[account] = token
        return True

    async def delete(self, account: str) -> None:
        """Forget a token."""
        self.tokens.pop(account, None)


def another_server(folder: Path, clock: VirtualClock, number: int) -> SimServer:
    """Return a server at an address of its own."""
    server = SimServer(folder / f"server-{number}", clock, seed=number)
    server.url = f"http://127.0.0.1:{8010 + number}/api/v1/"
    return server


def connections_to(ring: Ring, servers: Mapping[str, SimServer]) -> Connections:
    """Return connections that reach `servers` by their addresses."""

    def make(base_url: str, token: str) -> CubeClient:
        return CubeClient(base_url, token=token, transport=servers[base_url].transport)

    return Connections(ring, make_client=make)


async def adopt_account(
    sim: SimDesk, server: SimServer, username: str = "local"
) -> int:
    """Enter an account into the catalog as an earlier session did; returns its id."""
    row = await sim.catalog.jobs.account(server.url, username, server_uuid=server.uuid)
    return row.account_id
