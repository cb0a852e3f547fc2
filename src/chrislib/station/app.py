"""The station's application, put together."""

import asyncio
import contextlib
import importlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chrislib.paths import Paths
from chrislib.station import feed_sharing, sharing
from chrislib.station.auth import HostGuard
from chrislib.station.context import StationConfig, StationContext
from chrislib.station.disk import Disk
from chrislib.station.first_start import fill
from chrislib.station.negotiation import page_not_found
from chrislib.station.store import Store

_log = logging.getLogger(__name__)
_AGAIN_SECONDS = 1.0

# Order matters: the later ones use what the earlier ones put into the context.
ROUTE_MODULES = (
    "chrislib.station.routes.core",
    "chrislib.station.routes.permissions",
    "chrislib.station.routes.folders",
    "chrislib.station.routes.files",
    "chrislib.station.routes.plugins",
    "chrislib.station.routes.instances",
    "chrislib.station.routes.splits",
    "chrislib.station.routes.feeds",
    "chrislib.station.routes.feed_permissions",
    "chrislib.station.routes.comments",
    "chrislib.station.routes.tags",
    "chrislib.station.routes.pipelines",
    "chrislib.station.routes.workflows",
    "chrislib.station.routes.pacs",
)


def make_context(paths: Paths, config: StationConfig) -> StationContext:
    """Open the database and the storage of a station on disk."""
    paths.station.mkdir(parents=True, exist_ok=True, mode=0o700)
    store = Store(paths.station / "station.db")
    store.add_schema(sharing.TABLES)
    store.add_schema(feed_sharing.TABLES)
    disk = Disk(paths.station / "storage", quota=config.quota)
    fill(store, disk, paths, config=config)
    disk.clear_incoming()
    if paths.station_runtime.exists():
        # The last station did not end by itself: contents may be there without a row.
        known = {row["disk"] for row in store.rows("SELECT disk FROM files")}
        disk.drop_unknown(known)
    used = store.value("SELECT COALESCE(SUM(fsize), 0) FROM files")
    disk.start_with(int(used))
    return StationContext(store=store, disk=disk, config=config, paths=paths)


def make_app(context: StationContext) -> Starlette:
    """Return the application that answers for `context`."""
    found: list[BaseRoute] = []
    for name in ROUTE_MODULES:
        found.extend(importlib.import_module(name).routes(context))

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            alive = [
                group.create_task(_keep_alive(name, loop), name=name)
                for name, loop in context.tasks
            ]
            try:
                yield
            finally:
                for task in alive:
                    task.cancel()

    async def no_such_page(_request: Request, _error: Exception) -> Response:
        return page_not_found()

    app = Starlette(
        routes=found,
        middleware=[Middleware(HostGuard)],
        lifespan=lifespan,
        exception_handlers={404: no_such_page},
    )
    app.router.redirect_slashes = False
    return app


async def _keep_alive(name: str, loop: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await loop()
        except Exception:  # noqa: BLE001 - a loop that fails must come back
            _log.exception("%s stopped and is started again", name)
            await asyncio.sleep(_AGAIN_SECONDS)
        else:
            return
