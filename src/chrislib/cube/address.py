"""Where a CUBE is, and which links may be followed with its token."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from chrislib.cube.errors import ForeignOrigin, Refused

_API = "/api/v1/"
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """The configured address of one CUBE.

    Attributes
    ----------
    scheme : str
        ``http`` or ``https``.
    netloc : str
        Host and port as they are written in the address.
    prefix : str
        Path of the API root, with a slash at both ends.
    """

    scheme: str
    netloc: str
    prefix: str

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Read what a person typed: host only, site or API root.

        Without a scheme a name of this computer means ``http``, any other ``https``.

        Raises
        ------
        Refused
            The text is no address (`fields` has ``address``).
        """
        typed = text.strip()
        if "://" not in typed:
            guess = "http" if is_loopback(_host_of(typed)) else "https"
            typed = f"{guess}://{typed}"
        try:
            parts = urlsplit(typed)
            # reading the port is what checks it
            host, _port = parts.hostname, parts.port
        except ValueError:
            host, parts = None, urlsplit("")
        if parts.scheme not in _PORTS or not host or " " in parts.netloc:
            raise Refused(
                "This is not the address of a server.",
                "Nothing was sent.",
                hint='Enter it like "https://cube.example.org".',
                fields={"address": "Enter an address that begins with http or https."},
            )
        netloc = parts.netloc.rpartition("@")[2].lower()
        path = parts.path
        if _API.rstrip("/") in path:
            prefix = path[: path.index(_API.rstrip("/"))] + _API
        else:
            prefix = path.rstrip("/") + _API
        return cls(scheme=parts.scheme, netloc=netloc, prefix=prefix)

    @property
    def base_url(self) -> str:
        """URL of the API root, with a slash at the end."""
        return f"{self.scheme}://{self.netloc}{self.prefix}"

    @property
    def origin(self) -> str:
        """Scheme, host and port: what a browser would send as ``Origin``."""
        return f"{self.scheme}://{self.netloc}"

    @property
    def host(self) -> str:
        """Name of the server without its port."""
        return _host_of(self.netloc)

    @property
    def loopback(self) -> bool:
        """Whether the server runs on this computer."""
        return is_loopback(self.host)

    @property
    def socket_url(self) -> str:
        """URL of the progress websocket, without its token."""
        scheme = "wss" if self.scheme == "https" else "ws"
        return f"{scheme}://{self.netloc}{self.prefix}pacs/ws/"

    def covers(self, url: str) -> bool:
        """Say whether `url` is on this very origin: scheme, host and port."""
        return _origin_key(url) == _origin_key(self.base_url)

    def reroot(self, link: str) -> str:
        """Turn a link of an answer into a URL on the configured server.

        Only path and query of a link are used: behind a proxy the server writes
        links with a scheme and host that clients cannot reach (trap 30).

        Raises
        ------
        ForeignOrigin
            The link names another host, or leads out of the API: the token must
            not follow it there.
        """
        try:
            parts = urlsplit(link)
        except ValueError:
            raise _foreign("no address") from None
        if parts.netloc and not self._same_host(parts.netloc):
            raise _foreign(parts.netloc)
        if parts.scheme not in ("", *_PORTS):
            raise _foreign(parts.scheme)
        path = parts.path
        if not path.startswith(self.prefix):
            # a proxy that adds a prefix of its own does not rewrite links
            if not path.startswith(_API):
                raise _foreign(parts.netloc or "another place")
            path = self.prefix + path[len(_API) :]
        if "/../" in path or path.endswith("/.."):
            raise _foreign(parts.netloc or "another place")
        return urlunsplit((self.scheme, self.netloc, path, parts.query, ""))

    def _same_host(self, netloc: str) -> bool:
        """Compare host names; scheme and port change behind a proxy, hosts too.

        A loopback name for a loopback server counts as the same host.
        """
        there, here = _host_of(netloc.lower()), self.host
        return there == here or (is_loopback(there) and is_loopback(here))


def is_loopback(host: str) -> bool:
    """Say whether `host` can only be this computer."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host_of(netloc: str) -> str:
    try:
        return urlsplit(f"//{netloc}").hostname or ""
    except ValueError:
        return ""


def _origin_key(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    return (
        parts.scheme,
        (parts.hostname or "").lower(),
        _PORTS.get(parts.scheme) if port is None else port,
    )


def _foreign(where: str) -> ForeignOrigin:
    return ForeignOrigin(
        "The server's answer leads to another server.",
        "chrislib did not follow it and sent nothing there. "
        "The list may be incomplete.",
        hint="Tell whoever runs the server that its links name a wrong host.",
        context={"where": where},
    )
