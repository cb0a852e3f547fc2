"""Who is asking: passwords, tokens, one-time tokens, and the Host header.

Tokens are never logged. The Host header is checked because a page in a browser can
make the browser talk to this machine under a name of the page's own.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from starlette.types import ASGIApp, Receive, Scope, Send

from chrislib.station.store import Row, Store

# The only password there is lies readable beside the database (`first_start`), and
# nobody guesses 24 random bytes: more rounds would only make every sign-in slow.
_ITERATIONS = 1_000
_TOKEN_LIFE = timedelta(minutes=10)
PACS_GROUP = "pacs_users"


@dataclass(frozen=True, slots=True)
class User:
    """A person or the administrator."""

    id: int
    username: str
    email: str
    is_staff: bool
    token: str

    @property
    def is_admin(self) -> bool:
        """Whether this is the user many rules make an exception for."""
        return self.username == "chris"


class AuthenticationError(Exception):
    """Credentials were given and are not good; carries the words of the API."""


def hash_password(password: str) -> str:
    """Return what is kept of a password."""
    salt = secrets.token_bytes(16)
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    return f"{salt.hex()}${digest.hex()}"


def password_fits(password: str, kept: str) -> bool:
    """Return whether `password` is the one `kept` was made from."""
    salt, _, digest = kept.partition("$")
    if not digest:
        return False
    made = hashlib.pbkdf2_hmac(
        "sha256", password.encode(), bytes.fromhex(salt), _ITERATIONS
    )
    return hmac.compare_digest(made.hex(), digest)


def as_user(row: Row) -> User:
    """Return the user of a database row."""
    return User(
        id=row["id"],
        username=row["username"],
        email=row["email"],
        is_staff=bool(row["is_staff"]),
        token=row["token"],
    )


class Doorman:
    """Knows the users of one station."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def sign_in(self, username: str, password: str) -> User | None:
        """Return the user with this name and password (reads the database)."""
        row = self._store.row("SELECT * FROM users WHERE username = ?", username)
        if row is None or not password_fits(password, row["password"]):
            return None
        return as_user(row)

    def identify(self, header: str | None) -> User | None:
        """Return the user of an Authorization header; None without a header.

        Raises
        ------
        AuthenticationError
            When the credentials in it are not good.
        """
        if not header:
            return None
        scheme, _, rest = header.partition(" ")
        if scheme.lower() == "token":
            row = self._store.row("SELECT * FROM users WHERE token = ?", rest.strip())
            if row is None:
                raise AuthenticationError("Invalid token.")
            return as_user(row)
        if scheme.lower() == "basic":
            try:
                text = base64.b64decode(rest, validate=True).decode()
            except (binascii.Error, UnicodeDecodeError):
                text = ""
            name, _, password = text.partition(":")
            user = self.sign_in(name, password)
            if user is None:
                raise AuthenticationError("Invalid username/password.")
            return user
        return None

    def groups(self, user: User) -> frozenset[str]:
        """Return the names of the groups of `user` (reads the database)."""
        found = self._store.rows(
            "SELECT g.name FROM groups g JOIN memberships m ON m.group_id = g.id "
            "WHERE m.user_id = ?",
            user.id,
        )
        return frozenset(row["name"] for row in found)

    def may_use_pacs(self, user: User | None) -> bool:
        """Return whether `user` may see the PACS and what came from it."""
        return user is not None and (user.is_admin or PACS_GROUP in self.groups(user))

    def take_download_token(self, token: str) -> User | None:
        """Use up a one-time token and return whose it was, None if it is no good."""
        with self._store.transaction():
            row = self._store.row(
                "SELECT d.id AS token_id, d.creation_date, u.* FROM download_tokens d "
                "JOIN users u ON u.id = d.owner_id WHERE d.token = ?",
                token,
            )
            if row is None:
                return None
            self._store.execute("DELETE FROM download_tokens WHERE id = ?", row[0])
        born = datetime.fromisoformat(row["creation_date"])
        return as_user(row) if datetime.now(UTC) - born < _TOKEN_LIFE else None


def host_allowed(host: str, port: int) -> bool:
    """Return whether a Host header names this machine and our port."""
    return host in {f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}"}


class HostGuard:
    """Refuses every request whose Host header is not ours.

    Parameters
    ----------
    app : ASGI application
        What is guarded.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on or refuse it (talks to the network)."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        hosts = [v.decode("latin-1") for k, v in scope["headers"] if k == b"host"]
        server = scope.get("server") or ("", 0)
        if len(hosts) == 1 and host_allowed(hosts[0], int(server[1] or 0)):
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        body = b"<!doctype html><html><body><h1>Bad Request (400)</h1></body></html>"
        head = [(b"content-type", b"text/html"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 400, "headers": head})
        await send({"type": "http.response.body", "body": body})
