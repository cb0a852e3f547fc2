"""How a CUBE is connected to: certificates, token, what a request carries."""

import importlib.util
import ssl
import sys
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.request import getproxies

import httpx

from chrislib.cube.address import Address
from chrislib.cube.lanes import Lanes

# below uvicorn's five seconds, so that the server is not the one who hangs up
_KEEP_ALIVE_SECONDS = 4.0


class TokenAuth(httpx.Auth):
    """Adds the token, and only to requests to the configured origin."""

    def __init__(self, address: Address, token: str) -> None:
        self._address = address
        self._token = token

    def auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """Yield the request with its header."""
        if self._token and self._address.covers(str(request.url)):
            request.headers["Authorization"] = f"Token {self._token}"
        yield request


@dataclass(frozen=True, slots=True)
class Body:
    """What a request carries: JSON, or a stream with its own headers."""

    json: Mapping[str, object] | None = None
    stream: httpx.AsyncByteStream | None = None
    headers: Mapping[str, str] | None = None


def tls_of(address: Address) -> ssl.SSLContext:
    """Return what certificates are checked against; reads the disk."""
    if address.scheme == "http":
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = httpx.create_ssl_context()
    # hospitals sign with authorities of their own, known to the system only
    context.load_default_certs()
    return context


def limits_of(connections: int) -> httpx.Limits:
    """Return how many connections there may be, and how long one may rest."""
    return httpx.Limits(
        max_connections=connections,
        max_keepalive_connections=connections,
        keepalive_expiry=_KEEP_ALIVE_SECONDS,
    )


def transport_of(
    address: Address, *, tls: ssl.SSLContext | None, connections: int
) -> httpx.AsyncBaseTransport | None:
    """Return what carries requests; None where a proxy is in between.

    The HTTP library reads by itself which proxies the system wants, if it is let.
    """
    if not address.loopback and getproxies():
        return None
    return Lanes(
        connections,
        make=lambda: httpx.AsyncHTTPTransport(
            verify=True if tls is None else tls, limits=limits_of(1), trust_env=False
        ),
        keep=_KEEP_ALIVE_SECONDS,
    )


def look_for_no_trio() -> None:
    """Let the HTTP library not search the disk eight times for each request.

    It asks a package that tells trio from asyncio, and where that is not installed
    Python looks for it everywhere each time: 1 ms of a request, on the event loop.
    """
    name = "sniffio"
    if name not in sys.modules and importlib.util.find_spec(name) is None:
        modules: dict[str, Any] = sys.modules
        modules[name] = None  # "is not there", said at once


async def drop(response: httpx.Response) -> None:
    """Close an answer and the connection it came over (network)."""
    await response.aclose()
    stream = response.extensions.get("network_stream")
    if stream is not None:
        await stream.aclose()
