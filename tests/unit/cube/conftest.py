"""Replays recordings of real servers, and serves made-up answers."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from chrislib.cube.client import CubeClient

DATA = Path(__file__).parents[2] / "data"
_PAGING = {"limit", "offset"}

Handler = Callable[[httpx.Request], httpx.Response]


def _key(method: str, target: str) -> tuple[str, str, frozenset[tuple[str, str]]]:
    parts = urlsplit(target)
    query = frozenset(
        pair
        for pair in parse_qsl(parts.query, keep_blank_values=True)
        if pair[0] not in _PAGING
    )
    return method, parts.path, query


class Replay:
    """Answers requests as the recorded server did; `requests` keeps what came."""

    def __init__(self, folder: str) -> None:
        self.folder = DATA / folder
        self.requests: list[httpx.Request] = []
        self._answers: dict[Any, dict[str, Any]] = {}

    def body(self, name: str) -> Any:
        """Return the recorded body and have its request answered with it."""
        path = self.folder / f"{name}.json"
        if not path.exists():
            # the same on both versions, and kept once
            path = DATA / "recordings" / f"{name}.json"
        recorded = json.loads(path.read_text("utf-8"))
        request = recorded["request"]
        self._answers[_key(request["method"], request["path"])] = recorded["response"]
        return recorded["response"].get("body")

    def use(self, *names: str) -> "Replay":
        """Have the requests of these recordings answered."""
        for name in names:
            self.body(name)
        return self

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self.requests.append(request)
        key = _key(request.method, request.url.raw_path.decode())
        answer = self._answers.get(key)
        if answer is None:
            return httpx.Response(599, text=f"not recorded: {key}")
        body, kind = answer["body"], answer["headers"].get("content-type", "")
        if isinstance(body, dict) and body.get("next"):
            # only this page was recorded
            body = {**body, "next": None}
        content = json.dumps(body) if "json" in kind else str(body or "")
        return httpx.Response(
            answer["status"],
            headers={"content-type": kind},
            content=content.encode(),
        )

    def client(self) -> CubeClient:
        """Return a client of the recorded server."""
        return CubeClient(
            "http://localhost:8000", token="t" * 40, transport=httpx.MockTransport(self)
        )


@pytest.fixture(params=["recordings", "recordings-6.11"])
def replay(request: pytest.FixtureRequest) -> Iterator[Replay]:
    """Replay of CUBE 7 alpha and of 6.11; each request is checked for its Accept."""
    made = Replay(request.param)
    yield made
    for sent in made.requests:
        assert sent.headers.get_list("accept") == ["application/json"]
        assert sent.headers["authorization"] == f"Token {'t' * 40}"


@pytest.fixture
def serve() -> Callable[[Handler], CubeClient]:
    """Return a client whose requests are answered by a function."""

    def made(handler: Handler) -> CubeClient:
        return CubeClient(
            "https://cube.example.org",
            token="t" * 40,
            transport=httpx.MockTransport(handler),
        )

    return made
