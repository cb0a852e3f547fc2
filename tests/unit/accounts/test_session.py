"""The session: what it becomes when a server is there, gone, or refuses."""

import asyncio

import httpx
import pytest

from chrislib.accounts.session import ConnectionState, Session, StationAccess
from chrislib.cube.client import CubeClient
from chrislib.cube.errors import ServerUnreachable
from chrislib.errors import ChrislibError


class Memory:
    """A store in memory, for tokens and for accounts alike."""

    def __init__(self, values: dict[str, str] | None = None) -> None:
        self.values = dict(values or {})

    async def get(self, key: str) -> str | None:
        return self.values.get(key)

    async def set(self, key: str, value: str) -> bool:
        self.values[key] = value
        return True

    async def delete(self, key: str) -> None:
        self.values.pop(key, None)


class Accounts(Memory):
    async def set(self, key: str, value: str) -> None:  # type: ignore[override]
        self.values[key] = value


async def no_station() -> StationAccess:
    raise ChrislibError("The station did not start.", "Nothing is lost.")


def make(
    secrets: dict[str, str] | None = None, accounts: dict[str, str] | None = None
) -> Session:
    return Session(
        secrets=Memory(secrets), accounts=Accounts(accounts), start_station=no_station
    )


async def test_without_a_station_the_window_says_why() -> None:
    session = make()
    seen: list[ConnectionState] = []
    session.subscribe(lambda: seen.append(session.state))
    await session.resume()
    assert seen == [ConnectionState.CONNECTING, ConnectionState.UNREACHABLE]
    assert session.error is not None
    assert session.error.title == "The station did not start."
    assert session.client is None


async def test_a_server_whose_token_was_not_kept_asks_for_the_password() -> None:
    session = make(accounts={"account.last": "https://chris.example|alex"})
    await session.resume()
    assert session.state is ConnectionState.AUTH_REQUIRED
    assert session.host == "chris.example"
    assert (session.username, session.wanted_user) == ("", "alex")


async def test_an_unreachable_server_keeps_its_account(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def unreachable(_self: CubeClient) -> None:
        raise ServerUnreachable("No answer.", "Nothing is lost.")

    monkeypatch.setattr(CubeClient, "identify", unreachable)
    account = "https://chris.example|alex"
    session = make(secrets={account: "t" * 40}, accounts={"account.last": account})
    await session.resume()
    assert session.state is ConnectionState.UNREACHABLE
    assert session.client is not None
    await session.close()


async def test_a_server_that_went_away_is_found_again_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = iter([True, False, True])

    async def identify(_self: CubeClient) -> None:
        if not next(answers):
            raise ServerUnreachable("No answer.", "Nothing is lost.")

    monkeypatch.setattr(CubeClient, "identify", identify)
    monkeypatch.setattr("chrislib.accounts.session._PAUSES", (0.01,))
    account = "https://chris.example|alex"
    session = make(secrets={account: "t" * 40}, accounts={"account.last": account})
    await session.resume()
    told: list[ConnectionState] = []
    back = asyncio.Event()

    def listen() -> None:
        told.append(session.state)
        if session.state is ConnectionState.CONNECTED:
            back.set()

    session.subscribe(listen)
    session.server_went_away(ServerUnreachable("No answer.", "Nothing is lost."))
    async with asyncio.timeout(5):
        await back.wait()
    # the failed attempt between was made without a flicker of "connecting"
    unreachable = ConnectionState.UNREACHABLE
    assert told == [unreachable, unreachable, ConnectionState.CONNECTED]
    await session.close()


async def test_a_certificate_nobody_trusts_is_not_asked_for_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried = 0
    trusted = False

    async def identify(_self: CubeClient) -> None:
        nonlocal tried
        tried += 1
        if not trusted:
            raise ServerUnreachable("Untrusted.", context={"what": "certificate"})

    monkeypatch.setattr(CubeClient, "identify", identify)
    monkeypatch.setattr("chrislib.accounts.session._PAUSES", (0.0,))
    account = "https://chris.example|alex"
    session = make(secrets={account: "t" * 40}, accounts={"account.last": account})
    await session.resume()
    for _ in range(50):
        await asyncio.sleep(0)
    assert session.state is ConnectionState.UNREACHABLE
    assert tried == 1
    # whoever gets an answer first tells it, once is enough
    trusted = True
    back = asyncio.Event()
    session.subscribe(back.set)
    session.server_came_back()
    session.server_came_back()
    async with asyncio.timeout(5):
        await back.wait()
    assert tried == 2
    session.server_came_back()
    await asyncio.sleep(0)
    assert tried == 2
    await session.close()


async def test_a_refused_token_is_told_once() -> None:
    session = make()
    told: list[ConnectionState] = []
    session.subscribe(lambda: told.append(session.state))
    session.token_was_refused()
    session.token_was_refused()
    assert told == [ConnectionState.AUTH_REQUIRED]


async def test_a_listener_that_fails_does_not_stop_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    session = make()
    heard: list[int] = []

    def bad() -> None:
        raise RuntimeError("planted")

    session.subscribe(bad)
    session.subscribe(lambda: heard.append(1))
    session.token_was_refused()
    assert heard == [1]
    assert "a listener of the session failed" in caplog.text
    caplog.clear()


def test_httpx_stays_out_of_this_room() -> None:
    import chrislib.accounts.session as module

    assert not hasattr(module, httpx.__name__)
