"""A site that gives files of repositories, in place of the real ones."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from chrislib.cube.forges import Forge

Answer = Callable[[BaseHTTPRequestHandler], None]


class LocalForge:
    """Files by path; what was asked, and with which headers, is written down."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.forge = Forge("github.com", address)
        self.files: dict[str, bytes | Answer] = {}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.met = threading.Event()
        self.open = threading.Event()
        self.open.set()

    def put(self, path: str, content: bytes | str | Answer) -> None:
        """Give this for a path."""
        self.files[path] = content.encode() if isinstance(content, str) else content

    def answer(self, asked: BaseHTTPRequestHandler) -> None:
        """Answer one request, when the site is open."""
        self.asked.append(asked.path)
        self.headers.append({k.lower(): v for k, v in asked.headers.items()})
        self.met.set()
        self.open.wait(60)
        found = self.files.get(asked.path)
        if callable(found):
            found(asked)
        elif found is None:
            reply(asked, b"404: Not Found", status=404)
        else:
            reply(asked, found)


def reply(
    asked: BaseHTTPRequestHandler, body: bytes, *, status: int = 200, **headers: str
) -> None:
    """Send an answer; underscores of header names stand for hyphens."""
    asked.send_response(status)
    said = {"content-type": "text/plain; charset=utf-8"}
    said |= {name.replace("_", "-"): value for name, value in headers.items()}
    for name, value in ({"content-length": str(len(body))} | said).items():
        asked.send_header(name, value)
    asked.end_headers()
    asked.wfile.write(body)


@contextmanager
def local_forge() -> Iterator[LocalForge]:
    """Run a forge on a thread of this process."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                made.answer(self)
            except OSError:
                self.close_connection = True  # whoever asked has hung up

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = LocalForge(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    )
    thread.start()
    try:
        yield made
    finally:
        made.open.set()
        server.shutdown()
        server.server_close()
        thread.join()
