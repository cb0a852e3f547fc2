"""A small HTTP client for the station's own tests, sharing nothing with ours."""

import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import httpx
import pytest


class RunningStation(Protocol):
    """What the fixture ``station`` gives."""

    url: str
    token: str


class Api:
    """Requests of the owner, and the few steps every test needs."""

    def __init__(self, station: RunningStation) -> None:
        self.station = station
        self.http = httpx.Client(
            base_url=station.url,
            headers={
                "Accept": "application/json",
                "Authorization": f"Token {station.token}",
            },
            timeout=30,
        )

    def get(self, path: str, /, **query: Any) -> Any:
        answer = self.http.get(path, params=query or None)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def plugin(self, name: str) -> int:
        found = self.get("plugins/search/", name_exact=name)["results"]
        return int(found[0]["id"])

    def upload(self, path: str, content: bytes = b"hello world\n") -> Any:
        answer = self.http.post(
            "userfiles/",
            data={"upload_path": path},
            files={"fname": (path.rpartition("/")[2], content)},
        )
        assert answer.status_code == 201, answer.text
        return answer.json()

    def run(self, plugin: str, **fields: Any) -> Any:
        answer = self.http.post(
            f"plugins/{self.plugin(plugin)}/instances/", json=fields
        )
        assert answer.status_code == 201, answer.text
        return answer.json()

    def instance(self, ident: int) -> Any:
        return self.get(f"plugins/instances/{ident}/")

    def until(
        self, ident: int, done: Callable[[Any], bool], *, seconds: float = 60
    ) -> Any:
        """Ask for an instance until `done` says so."""
        deadline = time.monotonic() + seconds
        while True:
            instance = self.instance(ident)
            if done(instance):
                return instance
            assert time.monotonic() < deadline, f"still {instance['status']}"
            time.sleep(0.02)

    def finish(self, ident: int, *, seconds: float = 60) -> Any:
        """Wait until an instance has ended."""
        return self.until(ident, lambda i: not i["active"], seconds=seconds)

    def gone(self, path: str, *, seconds: float = 20) -> None:
        """Wait until `path` answers 404."""
        deadline = time.monotonic() + seconds
        while self.http.get(path).status_code != 404:
            assert time.monotonic() < deadline, f"{path} is still there"
            time.sleep(0.02)


@pytest.fixture
def api(station: RunningStation) -> Iterator[Api]:
    client = Api(station)
    yield client
    client.http.close()


@pytest.fixture
def old_api(old_station: RunningStation) -> Iterator[Api]:
    client = Api(old_station)
    yield client
    client.http.close()


@pytest.fixture
def api_of() -> Iterator[Callable[[RunningStation], Api]]:
    clients: list[Api] = []

    def make(station: RunningStation) -> Api:
        clients.append(Api(station))
        return clients[-1]

    yield make
    for client in clients:
        client.http.close()


@pytest.fixture(scope="session")
def api_class() -> type[Api]:
    """Return the client for fixtures that live longer than a test."""
    return Api
