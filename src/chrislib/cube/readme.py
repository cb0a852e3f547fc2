"""Reads the README of a repository from a forge: no account, no token, no cookie.

The forge is a third party: it is asked only when a person wants it, and learns
nothing but which repository is asked for.
"""

import asyncio
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import httpx

from chrislib.cube.address import Address
from chrislib.cube.connecting import look_for_no_trio, tls_of
from chrislib.cube.forges import Repository
from chrislib.errors import ChrislibError

NAMES = ("README.md", "README.rst", "README")
"""Tried one after the other."""
MOST_BYTES = 1_000_000

_HEADERS = {
    "Accept": "text/plain, text/markdown, */*;q=0.1",
    # what is packed may be any size once it is unpacked
    "Accept-Encoding": "identity",
    "User-Agent": "chrislib",
}
_REDIRECTS = 3
_CONNECT_SECONDS = 10.0
_SILENT_SECONDS = 15.0
_WHOLE_SECONDS = 45.0
_NO_TEXT = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_HOST = re.compile("[a-z0-9.:-]{1,100}")
_NOTHING_KEPT = "Nothing was kept."

Told = Callable[[int, int | None], None]
"""Called with the bytes that are here, and how many there are (None: not said)."""


class ReadmeProblem(ChrislibError):
    """A README could not be read; nothing depends on it."""


@dataclass(frozen=True, slots=True)
class ReadmeFile:
    """What was found: the file's name in the repository, and its text."""

    name: str
    text: str


async def read_readme(
    repository: Repository,
    told: Told | None = None,
    *,
    seconds: float = _WHOLE_SECONDS,
) -> ReadmeFile:
    """Read the README of a repository's main branch (network).

    Parameters
    ----------
    told : callable, optional
        Progress.
    seconds : float
        Most time for everything.

    Raises
    ------
    ReadmeProblem
        It cannot be reached, is not there, too large, no text, or somewhere else.
    """
    address = Address.parse(repository.forge.raw)
    tls = await asyncio.to_thread(tls_of, address)
    look_for_no_trio()
    with _trouble(repository):
        async with (
            asyncio.timeout(seconds),
            httpx.AsyncClient(
                headers=_HEADERS,
                follow_redirects=False,
                timeout=httpx.Timeout(_SILENT_SECONDS, connect=_CONNECT_SECONDS),
                # a proxy cannot reach this computer's own server for us
                trust_env=not address.loopback,
                verify=tls,
            ) as http,
        ):
            for name in NAMES:
                data = await _read(http, address, url=repository.file(name), told=told)
                if data is not None:
                    return ReadmeFile(name, _text(data))
    raise ReadmeProblem(
        "There is no README.",
        f"{repository.place} has no {NAMES[0]} or {NAMES[1]}, was moved, or is not "
        "open to everybody.",
        hint="A browser shows what there is.",
    )


async def _read(
    http: httpx.AsyncClient, address: Address, *, url: str, told: Told | None
) -> bytes | None:
    """Return a file's bytes, None where there is none (network)."""
    for _ in range(_REDIRECTS + 1):
        async with http.stream("GET", url) as response:
            http.cookies.clear()
            if response.has_redirect_location:
                url = _next(response, address)
                continue
            if response.status_code in (401, 404, 410):
                return None
            if response.status_code != httpx.codes.OK:
                raise _unwilling(response.status_code)
            return await _body(response, told)
    raise _elsewhere("in a circle")


def _next(response: httpx.Response, address: Address) -> str:
    """Return where an answer leads to, if that is the same host."""
    try:
        url = urljoin(str(response.url), response.headers["location"])
        host = urlsplit(url).hostname or ""
    except ValueError:
        url, host = "", ""
    if not address.covers(url):
        said = f"to {host}" if _HOST.fullmatch(host) else "to another address"
        raise _elsewhere(said if url else "to no address")
    return url


async def _body(response: httpx.Response, told: Told | None) -> bytes:
    """Return an answer's bytes, no more than are taken (network)."""
    headers = response.headers
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    packed = headers.get("content-encoding", "identity").strip().lower()
    if kind == "text/html" or packed not in ("", "identity"):
        raise _no_text()
    said = headers.get("content-length", "")
    total = int(said) if re.fullmatch("[0-9]{1,18}", said) else None
    if total is not None and total > MOST_BYTES:
        raise _too_large()
    data = bytearray()
    async for piece in response.aiter_raw():
        data += piece
        if len(data) > MOST_BYTES:
            raise _too_large()
        if told is not None:
            told(len(data), total)
    return bytes(data)


def _text(data: bytes) -> str:
    """Return the text of a file: UTF-8, or the Latin alphabet of old ones."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    if _NO_TEXT.search(text):
        raise _no_text()
    return text


@contextmanager
def _trouble(repository: Repository) -> Generator[None, None, None]:
    host = repository.forge.host
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        context = {"reason": type(error).__name__}
        if "CERTIFICATE" in str(error):
            raise ReadmeProblem(
                f"The certificate of {host} is not trusted.",
                f"Something between this computer and {host} may read along. "
                f"{_NOTHING_KEPT}",
                hint="Ask the people who run your network.",
                context=context,
            ) from error
        raise ReadmeProblem(
            f"{host} cannot be reached.",
            "This computer may have no way out to the internet. All else works "
            "without it.",
            hint="Try again, or read it on another computer.",
            retryable=True,
            context=context,
        ) from error
    except TimeoutError as error:
        raise ReadmeProblem(
            f"{host} takes too long.",
            _NOTHING_KEPT,
            hint="Try again later.",
            retryable=True,
        ) from error


def _unwilling(status: int) -> ReadmeProblem:
    return ReadmeProblem(
        "The README is not given out just now.",
        "It may have been asked for too often from your network, or there is trouble "
        f"where it is. {_NOTHING_KEPT}",
        hint="Try again later.",
        retryable=True,
        context={"status": str(status)},
    )


def _elsewhere(where: str) -> ReadmeProblem:
    return ReadmeProblem(
        "The README is somewhere else.",
        f"The answer leads {where}, where nothing is asked. {_NOTHING_KEPT}",
        hint="A browser shows what there is.",
    )


def _too_large() -> ReadmeProblem:
    return ReadmeProblem(
        "The README is too large.",
        f"It has more than 1 MB. {_NOTHING_KEPT}",
        hint="A browser shows it.",
    )


def _no_text() -> ReadmeProblem:
    return ReadmeProblem(
        "What is there is no text.",
        f"It may be a page to sign in at, or a file of another kind. {_NOTHING_KEPT}",
        hint="A browser shows what there is.",
    )
