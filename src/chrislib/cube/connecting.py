"""How a CUBE is connected to: certificates, proxies, what a request carries."""

import importlib.util
import ssl
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpx

from chrislib.cube.address import Address
from chrislib.cube.connection import Connection
from chrislib.cube.lanes import Lanes

# below uvicorn's five seconds, so that the server is not the one who hangs up
_KEEP_ALIVE_SECONDS = 4.0


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


def proxy_of(address: Address) -> httpx.Proxy | None:
    """Return what the system wants requests to go through.

    Reads the environment, on Windows and macOS the system's settings, and there may
    ask for names (network).

    Raises
    ------
    httpx.ProxyError
        It is of a kind that cannot be used.
    """
    # a proxy cannot reach this computer's own server for us
    if address.loopback or proxy_bypass(address.host):
        return None
    known = getproxies()
    told = known.get(address.scheme) or known.get("all")
    if not told:
        return None
    url = told if "://" in told else f"http://{told}"
    if not url.startswith(("http://", "https://")):
        raise httpx.ProxyError("a proxy of this kind cannot be used")
    return httpx.Proxy(url)


def lanes_to(address: Address, *, connections: int) -> Lanes:
    """Return what carries requests to a server (disk, network: for a thread).

    Raises
    ------
    httpx.ProxyError
        The system wants them to go through what cannot be used.
    """
    tls, proxy = tls_of(address), proxy_of(address)

    def make() -> httpx.AsyncBaseTransport:
        if proxy is None:
            return Connection(tls=tls, keep=_KEEP_ALIVE_SECONDS)
        return httpx.AsyncHTTPTransport(
            verify=tls, limits=limits_of(1), trust_env=False, proxy=proxy
        )

    return Lanes(connections, make=make, keep=_KEEP_ALIVE_SECONDS)


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
