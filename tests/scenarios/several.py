"""Several runs, accounts and servers at once, all in process."""

from collections.abc import Mapping
from pathlib import Path

import httpx

from chrislib.accounts.connections import Connections
from chrislib.cube.client import CubeClient
from chrislib.jobs.model import JobKey, Phase
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


class Switch(httpx.AsyncBaseTransport):
    """An address behind which the server can be exchanged."""

    def __init__(self, server: SimServer) -> None:
        self.server = server

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Let the server of the moment answer."""
        return await self.server.transport.handle_async_request(request)


async def running(sim: SimDesk, count: int, *, feeds: int = 1) -> list[JobKey]:
    """Return jobs whose runs compute on the server."""
    ids = [sim.server.add_feed(f"feed {number}") for number in range(feeds)]
    runs = [
        sim.server.add_run(ids[number % feeds], status="started")
        for number in range(count)
    ]
    await sim.start()
    keys = await sim.follow_all(runs)
    if count <= 150:
        await sim.until(lambda: all(sim.job(key).start_date for key in keys))
    else:
        await sim.sleep(60)  # so many are not looked at one by one
    assert all_in(sim, keys, Phase.RUNNING)
    return keys


def remote(sim: SimDesk, key: JobKey) -> int:
    """Return the run of a job."""
    remote_id = sim.job(key).remote_id
    assert remote_id is not None
    return remote_id


def end(sim: SimDesk, keys: list[JobKey], status: str = "finishedSuccessfully") -> None:
    """Let runs end on the server as CUBE ends them."""
    for key in keys:
        if status != "cancelled":
            sim.server.set(remote(sim, key), "registeringFiles")
        sim.server.set(remote(sim, key), status)


def all_in(sim: SimDesk, keys: list[JobKey], phase: Phase) -> bool:
    """Whether every job is in a phase."""
    return all(sim.job(key).phase is phase for key in keys)


async def rows_of(sim: SimDesk, kind: str) -> list[str]:
    """Return the jobs of the inbox's rows of a kind, each as often as it is there."""
    rows = await sim.inbox()
    return sorted(str(row.job_key) for row in rows if row.kind == kind)
