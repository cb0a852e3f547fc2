"""A proxy before a real server that can hold, drop and count what passes."""

import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Act = Callable[["Passing"], None]


class Passing:
    """One request on its way.

    Attributes
    ----------
    number : int
        Counts the requests of its method, from 1.
    """

    def __init__(self, method: str, path: str, number: int) -> None:
        self.method = method
        self.path = path
        self.number = number
        self.dropped = False

    def drop(self) -> None:
        """Close the connection without a word of answer."""
        self.dropped = True


class Proxy:
    """Forwards everything to a server; `before` and `after` may interfere.

    Parameters
    ----------
    target : str
        The server's API root.
    before, after : callable
        Called before a request is forwarded, and when its answer is there. Each
        request has a thread of its own: they may wait.
    """

    def __init__(
        self,
        target: str,
        *,
        before: Act = lambda _passing: None,
        after: Act = lambda _passing: None,
    ) -> None:
        self.posts: list[str] = []
        proxy = self
        origin = target.split("/api/", maxsplit=1)[0]
        lock = threading.Lock()
        counts: dict[str, int] = {}

        class Handler(BaseHTTPRequestHandler):
            """One connection."""

            protocol_version = "HTTP/1.1"

            def _dropped(self, passing: Passing) -> bool:
                if passing.dropped:
                    self.close_connection = True
                    self.connection.close()
                return passing.dropped

            def _pass(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                body = self.rfile.read(length) if length else None
                with lock:
                    counts[self.command] = counts.get(self.command, 0) + 1
                    passing = Passing(self.command, self.path, counts[self.command])
                    if self.command == "POST":
                        proxy.posts.append(self.path)
                before(passing)
                if self._dropped(passing):
                    return
                status, head, content = _forward(self, origin, body)
                after(passing)
                if self._dropped(passing):
                    return
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", head)
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)
                except OSError:
                    self.close_connection = True  # who asked was killed

            do_GET = do_POST = do_PUT = do_DELETE = _pass

            def handle(self) -> None:
                try:
                    super().handle()
                except ConnectionError:
                    self.close_connection = True  # its process was killed

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{port}/api/v1/"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> "Proxy":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _forward(
    asked: BaseHTTPRequestHandler, origin: str, body: bytes | None
) -> tuple[int, str, bytes]:
    kept = ("authorization", "accept", "content-type")
    headers = {k: v for k, v in asked.headers.items() if k.lower() in kept}
    request = urllib.request.Request(
        origin + asked.path, data=body, headers=headers, method=asked.command
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.headers["content-type"], answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["content-type"], error.read()
