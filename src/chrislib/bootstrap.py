"""The composition root: the one place that knows every concrete class."""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from chrislib.accounts.connections import Connections
from chrislib.accounts.session import ConnectionState, Session, StationAccess
from chrislib.aio import TaskOwner
from chrislib.catalog.catalog import Catalog
from chrislib.catalog.lease import Lease
from chrislib.catalog.remembered import Remembered
from chrislib.catalog.thumbnails import ThumbnailCache
from chrislib.desktop.notify import desktop_sink
from chrislib.desktop.secrets import secret_store
from chrislib.desktop.ways import Ways
from chrislib.feeds.making import LibraryData
from chrislib.feeds.service import FeedsService
from chrislib.jobs.clock import SystemClock
from chrislib.jobs.headless import Ask, Desk
from chrislib.jobs.manager import JobManager
from chrislib.jobs.model import JobKey, Reach
from chrislib.library.deidentify.model import names_server
from chrislib.library.history_book import HistoryBook
from chrislib.library.indexing.pool import usual_count
from chrislib.library.mine.service import MyLibrary
from chrislib.library.model import ItemId
from chrislib.library.service import LibraryService
from chrislib.library.storage.service import StorageService
from chrislib.library.thumbnails.makers import Makers
from chrislib.library.thumbnails.service import Thumbnails
from chrislib.paths import Paths, resources
from chrislib.settings import Settings

if TYPE_CHECKING:
    from chrislib.desktop.wake import WakeSignals
    from chrislib.views.context import ViewContext
    from chrislib.views.feeds.pane import FeedsPane
    from chrislib.views.jobs.inbox_pane import InboxPane
    from chrislib.views.jobs.jobs_pane import JobsPane
    from chrislib.views.library.pane import LibraryPane
    from chrislib.views.messages import Messages
    from chrislib.views.shell.main_window import MainWindow
    from chrislib.views.shell.panes import PaneFactories
    from chrislib.views.viewer.viewer import Viewer

_log = logging.getLogger(__name__)

_LATER = 3600.0
"""Seconds a result is put off by the button of its toast."""


@dataclass(slots=True)
class Services:
    """Everything behind the window. `clicked` gets the link of a clicked toast."""

    paths: Paths
    settings: Settings
    catalog: Catalog
    layout: Remembered
    session: Session
    jobs: JobManager
    library: LibraryService
    my_library: MyLibrary
    thumbnails: Thumbnails
    history: HistoryBook
    feeds: FeedsService
    storage: StorageService
    clicked: list[Callable[[str], None]] = field(default_factory=list)
    windows: "list[MainWindow]" = field(default_factory=list)
    tasks: TaskOwner = field(default_factory=lambda: TaskOwner("program"))
    signals: "WakeSignals | None" = None
    desktop: Ways | None = None

    async def close(self) -> None:
        """Stop what runs by itself and write what is remembered (disk)."""
        await self.tasks.close()
        if self.signals is not None:
            await self.signals.close()
        await self.feeds.making.close()
        await self.feeds.unsent.close()
        await self.thumbnails.close()
        await self.my_library.stop()
        await self.history.close()
        await self.library.stop()
        await self.layout.close()
        if self.desktop is not None:
            self.desktop.close()


async def compose(paths: Paths) -> Services:
    """Make everything behind the window and read the catalog (disk, no network)."""
    for folder in (paths.state, paths.cache, paths.config):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings = Settings(paths.config / "settings.json")
    catalog = Catalog(paths.catalog)
    await catalog.open()
    layout = Remembered(catalog.settings_kv, "layout.")
    await layout.load()
    secrets = secret_store()
    session = Session(
        secrets=secrets,
        accounts=catalog.settings_kv,
        start_station=_station_of(paths),
    )
    clicked: list[Callable[[str], None]] = []
    windows: list[MainWindow] = []

    def on_click(link: str) -> None:
        for listener in clicked:
            listener(link)

    def in_view(link: str) -> bool:
        return any(window.is_showing(link) for window in windows)

    desktop = Ways(desktop_sink(on_click, icon=_picture(), state=paths.state))
    jobs = JobManager(
        catalog=catalog,
        client_for=lambda: session.client,
        pacs=lambda: session.pacs,
        clock=SystemClock(),
        sinks=(desktop,),
        in_view=in_view,
        notice_preset=str(settings.get("notifications")),
        base_period=settings.number("poll_seconds"),
        stall_seconds=settings.number("pull_stall_seconds"),
        connections=Connections(secrets),
        downloads=lambda: Path(str(settings.get("download_folder")) or paths.downloads),
        secret=secrets.get,
        keep_secret=secrets.set,
    )
    library = LibraryService(
        catalog=catalog,
        jobs=jobs,
        session=session,
        deidentified_only=lambda: names_server(
            str(settings.get("deidentified_only")), session.url
        ),
        pictures=Makers(1),
    )
    return Services(
        paths=paths,
        settings=settings,
        catalog=catalog,
        layout=layout,
        session=session,
        jobs=jobs,
        library=library,
        my_library=MyLibrary(
            catalog=catalog, library=library, jobs=jobs, session=session
        ),
        thumbnails=Thumbnails(
            ThumbnailCache(paths.cache / "thumbnails.db"),
            chooser=catalog.series_files,
            fetch=partial(library.sample_file, cache=paths.cache),
            processes=usual_count(),
        ),
        history=HistoryBook(
            catalog=catalog, library=library, session=session, jobs=jobs
        ),
        feeds=FeedsService(
            jobs=jobs,
            session=session,
            paths=paths,
            library=_data_of(library),
            kept=catalog.settings_kv,
            readmes=catalog.readmes,
            drafts=catalog.drafts,
        ),
        storage=StorageService(session=session, jobs=jobs, library=library),
        clicked=clicked,
        windows=windows,
        desktop=desktop,
    )


def _data_of(library: LibraryService) -> LibraryData:
    """Return what new feeds see of the Library."""
    return LibraryData(
        item=lambda item_id: library.item(ItemId(item_id)),
        bring=lambda ids: library.bring(map(ItemId, ids)),
        subscribe=lambda call: library.subscribe(lambda _change: call()),
    )


@asynccontextmanager
async def at_terminal(
    paths: Paths, *, ask: Ask, say: Callable[[str], None]
) -> AsyncIterator[Desk]:
    """Have the jobs without a window (disk, network): for ``chrislib jobs``.

    Parameters
    ----------
    ask : callable
        Asks the running window to do something.
    say : callable
        Prints a line.
    """
    paths.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings = Settings(paths.config / "settings.json")
    catalog = Catalog(paths.catalog, lease=Lease(paths.catalog, yields=True))
    await catalog.open()
    session = Session(
        secrets=secret_store(),
        accounts=catalog.settings_kv,
        start_station=_station_of(paths),
    )
    jobs = JobManager(
        catalog=catalog,
        client_for=lambda: session.client,
        pacs=lambda: session.pacs,
        clock=SystemClock(),
        base_period=settings.number("poll_seconds"),
        stall_seconds=settings.number("pull_stall_seconds"),
        downloads=lambda: Path(str(settings.get("download_folder")) or paths.downloads),
    )

    async def connect() -> None:
        await session.resume()
        if session.state is ConnectionState.CONNECTED:
            return
        if session.state is ConnectionState.AUTH_REQUIRED and session.error:
            raise session.error
        if session.error is not None:
            say(f"{session.error.title} It is tried again.")

    desk = Desk(catalog=catalog, jobs=jobs, connect=connect, ask=ask, say=say)
    try:
        await desk.open()
        yield desk
    finally:
        await jobs.stop()
        await session.close()
        await catalog.close()


def make_context(services: Services) -> "ViewContext":
    """Make what every pane gets (Qt, disk)."""
    from chrislib.views.context import ViewContext
    from chrislib.views.dialogs.files import QtDialogs
    from chrislib.views.messages import Messages
    from chrislib.views.models.job_feed import JobFeed
    from chrislib.views.navigation import Navigator
    from chrislib.views.theme.theme import Theme

    theme = Theme(
        resources(),
        str(services.settings.get("theme")),
        text_size=services.settings.number("text_size"),
    )
    return ViewContext(
        theme=theme,
        navigator=Navigator(),
        messages=Messages(),
        library=services.library,
        my_library=services.my_library,
        thumbnails=services.thumbnails,
        history=services.history,
        feeds=services.feeds,
        storage=services.storage,
        jobs=services.jobs,
        job_feed=JobFeed(services.jobs),
        settings=services.settings,
        paths=services.paths,
        layout=services.layout,
        session=services.session,
        dialogs=QtDialogs(theme, lambda: services.windows[0]),
        now=time.time,
    )


async def furnish(
    services: Services, window: "MainWindow", context: "ViewContext"
) -> None:
    """Fill the window; panes come when they are first shown (Qt, disk).

    The theme of `context` must have been applied to the application before.
    """
    await services.library.start()
    await services.my_library.start()
    await services.history.start()
    window.furnish(context, _factories())
    services.windows.append(window)
    window.attention_changed.connect(
        lambda focused, visible: services.jobs.attention(
            focused=focused, visible=visible
        )
    )
    services.clicked.append(lambda link: _clicked(services, window, link))
    _tell_of_catalog(services.catalog, context.messages)
    if services.desktop is not None:
        from chrislib.views.shell.tray_messages import TrayMessages

        services.desktop.tray = TrayMessages(
            _picture(),
            lambda link: _clicked(services, window, link),
            window,
        )
    services.jobs.notices.on_hint(
        lambda: context.messages.info(
            "This desktop shows no messages",
            "What becomes ready or fails is in the inbox.",
            hint="The bell counts what you have not seen.",
            seconds=15,
        )
    )


def _tell_of_catalog(catalog: Catalog, messages: "Messages") -> None:
    """Say in the window what opening the catalog met, and when it cannot be written."""
    if catalog.notice and not catalog.read_only:
        messages.warning("About the catalog", catalog.notice, seconds=0)
    was_in_trouble = False

    def changed() -> None:
        nonlocal was_in_trouble
        trouble = catalog.condition.trouble
        if trouble is not None:
            messages.warning(
                trouble.title, trouble.detail, hint=trouble.hint, seconds=0
            )
        elif was_in_trouble:
            messages.success(
                "The catalog is written again.", "Runs are looked at again from now on."
            )
        was_in_trouble = trouble is not None

    catalog.condition.subscribe(changed)
    changed()


async def start(services: Services) -> None:
    """Connect as last time and follow the jobs (network, processes)."""
    await follow(services)
    services.tasks.start(services.session.resume(), name="connect")
    lost = services.thumbnails.forget_lost()
    services.tasks.start(lost, name="forget pictures of what is gone")
    if "CHRISLIB_HOME" not in os.environ:
        # a program under a home of its own must not become the user's
        services.tasks.start(asyncio.to_thread(_register_links), name="links")


async def follow(services: Services) -> None:
    """Follow the jobs of whatever the session is connected to (network)."""
    session, jobs = services.session, services.jobs

    async def looked() -> None:
        await jobs.refresh()
        services.feeds.making.wake()

    def session_changed() -> None:
        if session.state is ConnectionState.CONNECTED:
            services.tasks.start(looked(), name="look after connecting")
        elif session.state is ConnectionState.AUTH_REQUIRED and session.client is None:
            missing = jobs.sign_in_needed(session.url, session.wanted_user)
            services.tasks.start(missing, name="sign-in needed")

    def jobs_changed(_changes: object) -> None:
        if jobs.reach is Reach.AUTH_REQUIRED:
            session.token_was_refused()
        elif jobs.reach is Reach.FRESH:
            session.server_came_back()

    session.subscribe(session_changed)
    jobs.subscribe(jobs_changed)
    await jobs.start()
    if not services.catalog.read_only:
        left = services.library.intake.clear()
        services.tasks.start(left, name="remove what was unpacked")
    services.feeds.making.start()
    services.tasks.start(_listen(services), name="signals of the system")


async def _listen(services: Services) -> None:
    """Hear from the system when to look, and when to save (D-Bus)."""
    # it loads a library, which waits for the first paint
    from chrislib.desktop.wake import WakeSignals

    jobs = services.jobs
    services.signals = WakeSignals(
        woke=lambda: jobs.woken(slept=True),
        network_up=lambda: jobs.woken(slept=False),
        saving=lambda saving: jobs.attention(saving=saving),
    )
    await services.signals.start()


def _register_links() -> None:
    """Let the desktop open ``chris:`` links with this program (disk, processes)."""
    from chrislib.desktop import links

    links.register(links.command(), icon=_picture(), env=os.environ)


def _picture() -> Path:
    """Return the program's picture."""
    return resources() / "icons" / "chrislib.png"


def _station_of(paths: Paths) -> Callable[[], Awaitable[StationAccess]]:
    async def start_station() -> StationAccess:
        from chrislib.desktop.station_launcher import ensure_station

        found = await ensure_station(paths)
        return StationAccess(found.url, found.username, found.password)

    return start_station


def _clicked(services: Services, window: "MainWindow", link: str) -> None:
    """Follow a click on a toast; "Later" needs no window."""
    verb, _, key = link.partition("/")
    if verb == "later":
        job = JobKey(key.partition(":")[0])
        until = time.time() + _LATER
        services.tasks.start(services.jobs.results.later(job, until), name="later")
    else:
        window.open_link(link)


def _factories() -> "PaneFactories":
    """Return how panes are made; each is imported when it is first shown."""
    from chrislib.views.shell.panes import PaneFactories

    def library(context: "ViewContext") -> "LibraryPane":
        from chrislib.views.library.pane import LibraryPane

        return LibraryPane(context)

    def feeds(context: "ViewContext") -> "FeedsPane":
        from chrislib.views.feeds.pane import FeedsPane

        return FeedsPane(context)

    def jobs(context: "ViewContext") -> "JobsPane":
        from chrislib.views.jobs.jobs_pane import JobsPane

        return JobsPane(context)

    def inbox(context: "ViewContext") -> "InboxPane":
        from chrislib.views.jobs.inbox_pane import InboxPane

        return InboxPane(context)

    def viewer(context: "ViewContext") -> "Viewer":
        from chrislib.views.viewer.viewer import Viewer

        return Viewer(context)

    return PaneFactories(
        library=library, feeds=feeds, jobs=jobs, inbox=inbox, viewer=viewer
    )
