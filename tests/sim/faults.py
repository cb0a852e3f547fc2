"""What can go wrong between a client and a server, in order and on purpose."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx

Answer = Callable[[], Awaitable[httpx.Response]]
"""Asks the server behind the fault; calling it has its effects."""
Change = Callable[[httpx.Request, Answer], Awaitable[httpx.Response]]


@dataclass(slots=True)
class Fault:
    """One way to fail, for as many requests as it is meant for.

    Attributes
    ----------
    change : callable
        Answers, or fails, in place of the server.
    where : str
        Part of ``METHOD path?query`` it is meant for; "" is any request.
    times : int or None
        How many requests it hits; None is all until it is taken away.
    every : int
        Hits only each so-manieth request that fits.
    """

    change: Change
    where: str = ""
    times: int | None = 1
    every: int = 1
    _seen: int = 0

    def takes(self, request: httpx.Request) -> bool:
        """Whether this request is hit; counts it."""
        line = f"{request.method} {request.url.raw_path.decode()}"
        if self.times == 0 or self.where not in line:
            return False
        self._seen += 1
        if self._seen % self.every:
            return False
        if self.times is not None:
            self.times -= 1
        return True


async def drop(request: httpx.Request, answer: Answer) -> httpx.Response:
    """Break the connection before the server has seen the request."""
    raise httpx.ReadError("connection reset", request=request)


async def drop_answer(request: httpx.Request, answer: Answer) -> httpx.Response:
    """Break the connection after the server has done what was asked."""
    await answer()
    raise httpx.ReadError("connection reset", request=request)


async def refuse(request: httpx.Request, answer: Answer) -> httpx.Response:
    """Let no connection come about."""
    raise httpx.ConnectError("connection refused", request=request)


def hang(sleep: Callable[[float], Awaitable[None]]) -> Change:
    """Say nothing until the client's patience ends; the server has acted."""

    async def change(request: httpx.Request, answer: Answer) -> httpx.Response:
        await answer()
        await sleep(float(request.extensions["timeout"]["read"] or 3600.0))
        raise httpx.ReadTimeout("no bytes", request=request)

    return change


def late(seconds: float, sleep: Callable[[float], Awaitable[None]]) -> Change:
    """Answer, but later: what is told was true before the delay."""

    async def change(request: httpx.Request, answer: Answer) -> httpx.Response:
        response = await answer()
        await sleep(seconds)
        return response

    return change


def status(code: int, text: str = "failed", retry_after: int | None = None) -> Change:
    """Answer with an error; the server behind has not seen the request."""

    async def change(request: httpx.Request, answer: Answer) -> httpx.Response:
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        return httpx.Response(code, json={"detail": text}, headers=headers)

    return change


async def truncated(request: httpx.Request, answer: Answer) -> httpx.Response:
    """Cut the body in the middle, as a proxy does that dies."""
    response = await answer()
    body = await response.aread()
    return httpx.Response(
        response.status_code, content=body[: len(body) // 2], headers=_head(response)
    )


async def html(request: httpx.Request, answer: Answer) -> httpx.Response:
    """Answer 200 with a page that asks to sign in to the hotel's network."""
    page = "<html><body><h1>Welcome, please accept our terms</h1></body></html>"
    return httpx.Response(200, html=page)


async def empty_list(request: httpx.Request, answer: Answer) -> httpx.Response:
    """Answer any list with none of its rows."""
    await answer()
    body: dict[str, Any] = {"count": 0, "next": None, "previous": None, "results": []}
    return httpx.Response(200, json=body)


def lower_limit(most: int) -> Change:
    """Send `most` rows at a time, whatever was asked for."""

    async def change(request: httpx.Request, answer: Answer) -> httpx.Response:
        if int(request.url.params.get("limit", "10")) > most:
            request.url = request.url.copy_set_param("limit", str(most))
        return await answer()

    return change


def without(names: set[str]) -> Change:
    """Ignore query parameters without saying so."""

    async def change(request: httpx.Request, answer: Answer) -> httpx.Response:
        for name in names:
            request.url = request.url.copy_remove_param(name)
        return await answer()

    return change


def doubled(feeds: set[int]) -> Change:
    """Repeat rows and counts of shared feeds in lists, as CUBE does (trap 7)."""

    def more(body: Any) -> Any:
        rows = body.get("results") if isinstance(body, dict) else None
        if not isinstance(rows, list):
            return body
        found = []
        for row in rows:
            shared = row.get("id") in feeds and "finished_jobs" in row
            found.append(_twice(row) if shared else row)
            if row.get("feed_id") in feeds:
                found.append(row)
        return {**body, "results": found, "count": body["count"]}

    return rewrite(more)


def _twice(row: dict[str, Any]) -> dict[str, Any]:
    return {k: 2 * v if k.endswith("_jobs") else v for k, v in row.items()}


def rewrite(new: Callable[[Any], Any]) -> Change:
    """Answer with another JSON body, made of the server's."""

    async def change(request: httpx.Request, answer: Answer) -> httpx.Response:
        response = await answer()
        body = new(json.loads(await response.aread()))
        return httpx.Response(response.status_code, json=body)

    return change


def _head(response: httpx.Response) -> dict[str, str]:
    return {"content-type": response.headers.get("content-type", "application/json")}
