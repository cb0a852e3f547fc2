"""Clients of the accounts that are not in the window."""

import pytest

from chrislib.accounts.connections import Connections
from chrislib.desktop.secrets import MemoryStore

HERE = "http://here/api/v1/"


async def test_a_kept_token_opens_a_client_of_its_account() -> None:
    secrets = MemoryStore()
    await secrets.set(f"{HERE}|ada", "t0ken")
    connections = Connections(secrets)
    client = await connections.open(HERE, "ada")
    assert client is not None
    assert (client.base_url, client.username, client.token) == (HERE, "ada", "t0ken")
    await connections.close(client)
    await connections.close_all()


async def test_without_a_token_nothing_is_opened() -> None:
    connections = Connections(MemoryStore())
    assert await connections.open(HERE, "ada") is None


@pytest.mark.logs("an account cannot be opened")
async def test_an_address_that_is_none_harms_nobody() -> None:
    secrets = MemoryStore()
    await secrets.set("ftp://here|ada", "t")
    assert await Connections(secrets).open("ftp://here", "ada") is None


async def test_the_end_closes_what_is_still_open() -> None:
    secrets = MemoryStore()
    await secrets.set(f"{HERE}|ada", "t0ken")
    connections = Connections(secrets)
    client = await connections.open(HERE, "ada")
    assert client is not None
    closed: list[bool] = []

    async def aclose() -> None:
        closed.append(True)

    client.aclose = aclose  # type: ignore[method-assign]
    await connections.close_all()
    await connections.close_all()
    assert closed == [True]
