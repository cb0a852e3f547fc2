"""A connection that loses answers: the server did it, and nobody hears of it."""

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

_MOST = 65_536


@dataclass(frozen=True, slots=True)
class Address:
    """A station behind the connection."""

    url: str
    username: str
    password: str


class LossyLine:
    """Passes everything on, and cuts the connection after a POST while `loses`.

    Parameters
    ----------
    url : str
        Address of the station.

    Attributes
    ----------
    loses : bool
        Whether the answers to new runs are lost from now on.
    lost : int
        How many were.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname or "", parts.port or 0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.url = urlunsplit(parts._replace(netloc=f"127.0.0.1:{port}"))
        # the station answers only to its own name
        self._names = [
            f"Host: 127.0.0.1:{at}".encode() for at in (port, self._server[1])
        ]
        self.loses = False
        self.lost = 0
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        """Close every connection."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join()
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for one in self._sockets:
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._server)
            except OSError:
                return
            self._sockets += [client, server]
            cut = threading.Event()
            for work in (self._ask, self._answer):
                thread = threading.Thread(target=work, args=(client, server, cut))
                self._threads.append(thread)
                thread.start()

    def _ask(
        self, client: socket.socket, server: socket.socket, cut: threading.Event
    ) -> None:
        """Pass requests on; note the one whose answer is to be lost."""
        with suppress(OSError):
            while data := client.recv(_MOST):
                line = data.partition(b"\r\n")[0]
                run = line.startswith(b"POST ") and b"/instances/ " in line
                if run and self.loses:
                    cut.set()
                mine, its = self._names
                server.sendall(_with_host(data, mine, its))
        with suppress(OSError):
            server.shutdown(socket.SHUT_WR)

    def _answer(
        self, client: socket.socket, server: socket.socket, cut: threading.Event
    ) -> None:
        """Pass answers on, until one is to be lost."""
        with suppress(OSError):
            while data := server.recv(_MOST):
                if cut.is_set():
                    self.lost += 1
                    break
                client.sendall(data)
        for one in (client, server):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


def _with_host(data: bytes, mine: bytes, its: bytes) -> bytes:
    """Return a request as if it had been sent to the server itself."""
    return data.replace(mine, its, 1).replace(mine.lower(), its, 1)
