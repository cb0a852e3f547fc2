"""One chrislib per user: a second start hands its link to the first and ends.

The first one listens on a local socket in its private state folder (on Windows on a
loopback port written to a file there, with a secret, since its sockets have no
owner). A lock that the system drops with the process tells a dead socket from a live.
"""

import asyncio
import hashlib
import json
import logging
import os
import secrets
import socket
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from chrislib.errors import ChrislibError
from chrislib.locks import is_held, take_lock

_log = logging.getLogger(__name__)

_LOCK = "instance.lock"
_LINE = 4096
_SECONDS = 2.0
_LONGEST_SOCKET_PATH = 100
"""The system takes about 108 bytes of a socket's path, on macOS 104."""


Answer = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
"""Does what another process of this user asks for; both are JSON objects."""


class AlreadyRunning(ChrislibError):
    """Another chrislib of this user listens."""


def hand_over(state_dir: Path, link: str) -> bool:
    """Give `link` to a running chrislib (local socket; at most about 2 s).

    Returns
    -------
    bool
        Whether one took it: this process should end then.
    """
    deadline = time.monotonic() + _SECONDS
    while True:
        if _send(state_dir, link):
            return True
        # Locked but not listening: the other one is just starting.
        if not is_held(state_dir / _LOCK) or time.monotonic() > deadline:
            return False
        time.sleep(0.05)


def ask(
    state_dir: Path, request: Mapping[str, Any], *, seconds: float = 60.0
) -> dict[str, Any] | None:
    """Have the running chrislib do something (local socket; blocks).

    Returns
    -------
    dict or None
        What it answers; None when none runs that would.
    """
    try:
        with _connect(state_dir) as (connection, secret):
            connection.settimeout(seconds)
            message = {"request": dict(request), "secret": secret}
            connection.sendall(json.dumps(message).encode() + b"\n")
            said = b""
            while part := connection.recv(65536):
                said += part
        answer = json.loads(said)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return answer if isinstance(answer, dict) else None


async def listen(
    state_dir: Path, callback: Callable[[str], None], *, answer: Answer | None = None
) -> "Listener":
    """Become the one that later starts talk to (local socket).

    Parameters
    ----------
    callback : callable
        Gets each link on the event loop.
    answer : callable, optional
        Does what commands of the command line ask for.

    Raises
    ------
    AlreadyRunning
        There is one.
    """
    listener = Listener(state_dir, callback, answer=answer)
    await listener.open()
    return listener


class Listener:
    """The open ear of the running chrislib; made by `listen`."""

    def __init__(
        self,
        state_dir: Path,
        callback: Callable[[str], None],
        *,
        answer: Answer | None = None,
    ) -> None:
        self._state = state_dir
        self._callback = callback
        self._does = answer
        self._secret = secrets.token_hex(16)
        self._server: asyncio.Server | None = None
        self._lock: int | None = None

    async def open(self) -> None:
        """Take the lock and listen (disk, local socket)."""
        self._state.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = take_lock(self._state / _LOCK)
        if self._lock is None:
            raise AlreadyRunning(
                "chrislib is running already.", hint="Use the window that is open."
            )
        try:
            if sys.platform == "win32":
                self._server = await asyncio.start_server(
                    self._answer, "127.0.0.1", 0, limit=_LINE
                )
                port = self._server.sockets[0].getsockname()[1]
                content = json.dumps({"port": port, "secret": self._secret})
                _port_file(self._state).write_text(content, encoding="utf-8")
            else:
                path = _socket_path(self._state)
                path.unlink(missing_ok=True)  # left by one that was killed
                self._server = await asyncio.start_unix_server(
                    self._answer, path, limit=_LINE
                )
                path.chmod(0o600)
        except BaseException:
            self._drop_lock()
            raise

    async def close(self) -> None:
        """Stop listening; the next start is the first again."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None
            with suppress(OSError):
                if sys.platform == "win32":
                    _port_file(self._state).unlink(missing_ok=True)
                else:
                    _socket_path(self._state).unlink(missing_ok=True)
        self._drop_lock()

    def _drop_lock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            async with asyncio.timeout(_SECONDS):
                message = json.loads(await reader.readline())
            known = sys.platform != "win32" or secrets.compare_digest(
                str(message["secret"]), self._secret
            )
            if known and "request" in message:
                await self._do(message["request"], writer)
            elif known:
                writer.write(b"ok\n")
                await writer.drain()
                self._callback(str(message["link"]))
        except (OSError, ValueError, KeyError, TypeError, TimeoutError):
            _log.warning("a message from another start was not understood")
        except Exception:  # noqa: BLE001 - the window's trouble must not close the ear
            _log.exception("a link could not be opened")
        finally:
            writer.close()

    async def _do(
        self, request: Mapping[str, Any], writer: asyncio.StreamWriter
    ) -> None:
        """Carry out what a command asks for, and tell it what came of it."""
        if self._does is None:
            answer: Mapping[str, Any] = {"error": "It cannot do that."}
        else:
            try:
                answer = await self._does(request)
            except ChrislibError as error:
                answer = {"error": str(error)}
        writer.write(json.dumps(dict(answer)).encode() + b"\n")
        await writer.drain()


def _send(state_dir: Path, link: str) -> bool:
    try:
        with _connect(state_dir) as (connection, secret):
            message = {"link": link, "secret": secret}
            connection.sendall(json.dumps(message).encode() + b"\n")
            return connection.recv(16).startswith(b"ok")
    except (OSError, ValueError, KeyError, TypeError):
        return False


@contextmanager
def _connect(state_dir: Path) -> Iterator[tuple[socket.socket, str]]:
    """Connect to the running chrislib; gives the socket and the secret to send."""
    if sys.platform == "win32":
        known = json.loads(_port_file(state_dir).read_text(encoding="utf-8"))
        secret = str(known["secret"])
        connection = socket.create_connection(
            ("127.0.0.1", int(known["port"])), timeout=_SECONDS
        )
    else:
        secret = ""
        connection = socket.socket(socket.AF_UNIX)
    with connection:
        if sys.platform != "win32":
            connection.settimeout(_SECONDS)
            connection.connect(str(_socket_path(state_dir)))
        yield connection, secret


def _socket_path(state_dir: Path) -> Path:
    path = state_dir / "instance.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH or sys.platform == "win32":
        return path
    mark = hashlib.sha256(os.fsencode(state_dir.resolve())).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"chrislib-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise ChrislibError(
            "chrislib cannot listen for a second start.",
            f"{folder} belongs to someone else.",
            hint="Set CHRISLIB_HOME to a folder with a shorter path.",
        )
    return folder / f"{mark}.sock"


def _port_file(state_dir: Path) -> Path:
    return state_dir / "instance.json"
