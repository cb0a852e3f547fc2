"""The serving process: from an open socket to a polite end."""

import asyncio
import json
import os
import signal
import socket
from datetime import UTC, datetime
from types import FrameType

import uvicorn

from chrislib.paths import Paths
from chrislib.station.app import make_app, make_context
from chrislib.station.context import StationConfig


def run(listener: socket.socket, paths: Paths, *, config: StationConfig) -> None:
    """Serve on `listener` until a signal says stop (network, disk, processes)."""
    context = make_context(paths, config)
    try:
        server = StationServer(
            uvicorn.Config(
                make_app(context),
                ws="websockets-sansio",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=2,
            ),
            paths=paths,
            config=config,
            port=listener.getsockname()[1],
        )
        asyncio.run(server.serve(sockets=[listener]))
    finally:
        paths.station_runtime.unlink(missing_ok=True)
        context.store.close()


class StationServer(uvicorn.Server):
    """Says where it is reached as soon as it answers."""

    def __init__(
        self,
        server_config: uvicorn.Config,
        *,
        paths: Paths,
        config: StationConfig,
        port: int,
    ) -> None:
        super().__init__(server_config)
        self._paths = paths
        self._station = config
        self._port = port

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop serving; the signal is not raised again, so that we can tidy up."""
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening on the network, then write the runtime file on disk."""
        await super().startup(sockets)
        if not self.started:
            return
        record = {
            "port": self._port,
            "pid": os.getpid(),
            "started": datetime.now(UTC).isoformat(),
            "generation": self._station.generation,
            "url": f"http://127.0.0.1:{self._port}/api/v1/",
        }
        path = self._paths.station_runtime
        temporary = path.with_suffix(".new")
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(record, file)
        os.replace(temporary, path)
