"""Links to runs and feeds: ``chris:`` links, API addresses, web pages. Pure.

Whatever is pasted or clicked is somebody else's text. A link only ever leads to a
server that is signed in already; one of another server is named and not followed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlsplit

from chrislib.cube.address import is_loopback
from chrislib.errors import ChrislibError

SCHEME = "chris"
LONGEST = 2048

_API = "/api/v1/"
_PORTS = {"http": 80, "https": 443}
_ID = re.compile(r"[1-9][0-9]{0,14}", re.ASCII)
_HOST = re.compile(r"(?:[a-z0-9_-]+\.)*[a-z0-9_-]+\.?|\[[0-9a-f:.]+\]", re.ASCII)
_PLACE = re.compile(r"[A-Za-z0-9._~:/-]{0,300}", re.ASCII)
_UUID = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)
_FEED = re.compile(r"feed/([0-9]+)(?:/node/([0-9]+))?", re.ASCII)
_WEB_FEED = re.compile(r"(?:/[\w.~-]+)*?/feeds/([0-9]+)(?:/.*)?", re.ASCII)
_API_NODE = re.compile(r"plugins/instances/([0-9]+)(?:/.*)?", re.ASCII)
_API_FEED = re.compile(r"([0-9]+)(?:/.*)?", re.ASCII)


class LinkRefused(ChrislibError):
    """A text that is no link chrislib can follow, and why."""


class ForeignLink(LinkRefused):
    """A link of a server that is not signed in. ``host`` in `context` names it."""


@dataclass(frozen=True, slots=True)
class Link:
    """Where a link leads.

    Attributes
    ----------
    place : str
        The path of a ``chris:`` link, e.g. "feed/12/node/34", "inbox" or "".
    host : str
        Host, with its port where one is written; "" for the present server.
    server_uuid : str
        Which server is meant, whatever its address is by now; "" when not said.
    web : bool
        A page of a web client: its host need not be the server's.
    """

    place: str = ""
    feed_id: int | None = None
    node_id: int | None = None
    host: str = ""
    scheme: str = ""
    """http, https, or "" when it is not said."""
    server_uuid: str = ""
    web: bool = False


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A server one is signed in to."""

    account_id: int
    base_url: str
    server_uuid: str = ""


def parse(text: str) -> Link:
    """Read a link as it was pasted or clicked.

    Raises
    ------
    LinkRefused
        It is none, or it is written to mislead.
    """
    typed = text.strip()
    if len(typed) > LONGEST:
        raise _refused("It is too long.")
    if any(ord(c) <= 32 or ord(c) == 127 or c == "\\" for c in typed):
        raise _refused("It has characters that no address has.")
    scheme, colon, rest = typed.partition(":")
    if colon and scheme.lower() == SCHEME:
        return _chris(rest)
    if "://" not in typed and _API in typed:
        return _address(f"https://{typed}", scheme="")
    if scheme.lower() in _PORTS and rest.startswith("//"):
        return _address(typed, scheme=scheme.lower())
    raise _refused("It begins with something that chrislib does not follow.")


def make(
    place: str = "",
    *,
    feed_id: int | None = None,
    node_id: int | None = None,
    host: str = "",
    server_uuid: str = "",
) -> str:
    """Write a ``chris:`` link; with a host it can be given to somebody else."""
    if feed_id is not None:
        place = f"feed/{feed_id}"
        if node_id is not None:
            place += f"/node/{node_id}"
    query = f"?server={quote(server_uuid, safe='')}" if server_uuid else ""
    if not host:
        return f"{SCHEME}:{place}{query}"
    return f"{SCHEME}://{host}/{place}{query}"


def host_of(base_url: str) -> str:
    """Return host and port of a server's address, as a link names it."""
    return urlsplit(base_url).netloc.rpartition("@")[2].lower()


def owner(
    link: Link, signed_in: Sequence[SignedIn], *, accept_host: str = ""
) -> SignedIn:
    """Return the server a link leads to, of those that are signed in.

    Parameters
    ----------
    signed_in : sequence of SignedIn
        The present one first.
    accept_host : str
        A host the user said belongs to the present server (that of its web pages).

    Raises
    ------
    ForeignLink
        It leads to another server: nothing was asked of anybody.
    """
    if not signed_in:
        raise ForeignLink(
            "No server is connected.",
            "The link was not followed, nothing was sent.",
            hint="Sign in first, then open the link again.",
            context={"host": link.host},
        )
    present = signed_in[0]
    if link.server_uuid:
        for place in signed_in:
            if place.server_uuid == link.server_uuid:
                return place
    if not link.host:
        if link.server_uuid:
            raise _foreign("another server", present)
        return present
    if accept_host and accept_host.lower() == link.host:
        return present
    for place in signed_in:
        if _same(link, place.base_url):
            if link.server_uuid and place.server_uuid:
                raise ForeignLink(
                    "The server of this link was set up anew.",
                    "Its runs and feeds are other ones now; the link was not followed.",
                    hint="Ask who sent the link for a new one.",
                    context={"host": link.host},
                )
            return place
    raise _foreign(link.host, present, web=link.web)


def _chris(rest: str) -> Link:
    host = ""
    if rest.startswith("//"):
        parts = _split(f"{SCHEME}:{rest}")
        host = _host(parts.netloc) if parts.netloc else ""
        path, query, fragment = parts.path, parts.query, parts.fragment
    else:
        parts = _split(rest)
        if parts.scheme or parts.netloc:
            raise _refused("There is another link inside it.")
        path, query, fragment = parts.path, parts.query, parts.fragment
    place = path.strip("/")
    steps = place.split("/")
    if fragment or not _PLACE.fullmatch(place) or ".." in steps or "//" in place:
        raise _refused("What it names is no place in chrislib.")
    uuid = ""
    if query:
        values = parse_qs(query, keep_blank_values=True, max_num_fields=4)
        if set(values) != {"server"} or not _UUID.fullmatch(values["server"][0]):
            raise _refused("It asks for something that chrislib does not know.")
        uuid = values["server"][0]
    feed_id = node_id = None
    if steps[0] == "feed":
        found = _FEED.fullmatch(place)
        if found is None:
            raise _refused('A feed is written like "chris:feed/12/node/34".')
        feed_id = _number(found[1])
        node_id = _number(found[2]) if found[2] is not None else None
    elif host and place and place.split("/")[0].isdigit():
        raise _refused('A feed is written like "chris:feed/12".')
    return Link(place, feed_id, node_id, host=host, server_uuid=uuid)


def _address(text: str, *, scheme: str) -> Link:
    parts = _split(text)
    host = _host(parts.netloc)
    path = parts.path
    if _API in path:
        rest = path[path.index(_API) + len(_API) :]
        found = _API_NODE.fullmatch(rest)
        if found is not None:
            node = _number(found[1])
            return Link(node_id=node, host=host, scheme=scheme)
        found = _API_FEED.fullmatch(rest)
        if found is not None:
            feed = _number(found[1])
            return Link(f"feed/{feed}", feed_id=feed, host=host, scheme=scheme)
        raise _refused("This address of the server is not one of a run or a feed.")
    found = _WEB_FEED.fullmatch(path)
    if found is None:
        raise _refused("This page is not one of a run or a feed.")
    feed = _number(found[1])
    return Link(f"feed/{feed}", feed_id=feed, host=host, scheme=scheme, web=True)


class _Parts:
    """What `urlsplit` found; reading the port checks it."""

    def __init__(self, text: str) -> None:
        parts = urlsplit(text)
        self.scheme, self.netloc, self.path = parts.scheme, parts.netloc, parts.path
        self.query, self.fragment = parts.query, parts.fragment
        self.port = parts.port


def _split(text: str) -> _Parts:
    try:
        return _Parts(text)
    except ValueError:
        raise _refused("Its address cannot be read.") from None


def _host(netloc: str) -> str:
    """Return host and port in one spelling."""
    if "@" in netloc:
        raise _refused("It hides where it leads behind a user name.")
    name, port = netloc.lower(), ""
    found = re.fullmatch(r"(.*?)(?::([0-9]{1,5}))?", netloc.lower(), re.ASCII)
    if found is not None:
        name, port = found[1], found[2] or ""
    if not name.isascii():
        try:
            # Letters of other scripts can look like these: shown as they really are.
            name = name.encode("idna").decode("ascii")
        except UnicodeError:
            raise _refused("The name of its server cannot be read.") from None
    if not _HOST.fullmatch(name) or (port and not 0 < int(port) < 65536):
        raise _refused("The name of its server cannot be read.")
    return f"{name.rstrip('.')}:{int(port)}" if port else name.rstrip(".")


def _number(text: str) -> int:
    if not _ID.fullmatch(text):
        raise _refused("The number in it is no number of a run or a feed.")
    return int(text)


def _same(link: Link, base_url: str) -> bool:
    """Whether a link's host is that of a server one is signed in to."""
    parts = urlsplit(base_url)
    there = urlsplit(f"//{link.host}")
    here_port = parts.port or _PORTS.get(parts.scheme)
    port = there.port or _PORTS.get(link.scheme) or _PORTS.get(parts.scheme)
    if port != here_port:
        return False
    one, other = there.hostname or "", _plain(parts.hostname or "")
    return one == other or (is_loopback(one) and is_loopback(other))


def _plain(name: str) -> str:
    try:
        return name.rstrip(".").encode("idna").decode("ascii")
    except UnicodeError:
        return name


def _refused(why: str) -> LinkRefused:
    return LinkRefused(
        "This is no link that chrislib can open.",
        f"{why} Nothing was sent anywhere.",
        hint="Paste the address of a run or a feed of a server you are signed in to.",
    )


def _foreign(host: str, present: SignedIn, *, web: bool = False) -> ForeignLink:
    here = host_of(present.base_url)
    hint = f"Sign in to {host} first, then open the link again."
    if web:
        hint = f"If {host} shows the data of {here}, say so and open it here."
    return ForeignLink(
        f"This link leads to {host}; you are signed in to {here}.",
        "It was not followed, nothing was sent.",
        hint=hint,
        context={"host": host, "web": "yes" if web else "no"},
    )
