"""What the top bar, the tray and the banner show, kept up to date."""

import asyncio
import shutil
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from chrislib.jobs.model import Job, JobChange, JobKey
from chrislib.views.context import ViewContext
from chrislib.views.shell.freshness import Freshness, looks_of, stale_words
from chrislib.views.shell.library_module import LibraryPage
from chrislib.views.shell.top_bar import TopBar
from chrislib.views.widgets.banner import Banner

if TYPE_CHECKING:
    from chrislib.views.widgets.thumbs import ThumbStore

_COALESCE_MS = 100


class Activity:
    """How many jobs have not ended, and their mean progress; changes are cheap."""

    def __init__(self) -> None:
        self._live: dict[JobKey, float | None] = {}
        self._sum = 0.0
        self._known = 0

    def start(self, jobs: Iterable[Job]) -> None:
        """Count from nothing."""
        self._live.clear()
        self._sum, self._known = 0.0, 0
        for job in jobs:
            self.take(job)

    def take(self, job: Job) -> None:
        """Count a job as it is now."""
        old = self._live.pop(job.key, None)
        if old is not None:
            self._sum -= old
            self._known -= 1
        if job.phase.terminal:
            return
        progress = job.progress
        share = None
        if progress is not None and progress.total:
            share = progress.done / progress.total
            self._sum += share
            self._known += 1
        self._live[job.key] = share

    @property
    def count(self) -> int:
        """Jobs that have not ended."""
        return len(self._live)

    @property
    def share(self) -> float | None:
        """Mean progress of those where it is known, None where it is of none."""
        return self._sum / self._known if self._known else None


class Status(QObject):
    """Listens to jobs, inbox, library and session, and tells the shell's pieces.

    It begins with `start`, after the first paint; what it needs to ask is asked in
    tasks and shown when it arrives.
    """

    sign_in_requested = Signal()

    def __init__(self, context: ViewContext, top: TopBar, banner: Banner) -> None:
        super().__init__(top)
        self._context = context
        self._top = top
        self._banner = banner
        self._tasks = context.tasks("shell status")
        self._library: LibraryPage | None = None
        self._thumbs: ThumbStore | None = None
        self._stops: list[Callable[[], None]] = []
        self._started = False
        self._answered: float | None = None
        self._told = False
        self._activity = Activity()
        self._fresh = Freshness(
            context, top.checked, running=lambda: self._activity.count
        )
        self._fresh.timer.timeout.connect(self._show_stale)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_COALESCE_MS)
        self._soon.timeout.connect(self._read_library)
        self.show_connection()

    def start(self) -> None:
        """Begin to listen and to ask."""
        if self._started:
            return
        self._started = True
        context = self._context
        context.job_feed.changed.connect(self._jobs_changed)
        context.job_feed.inboxChanged.connect(self._read_inbox)
        self._stops.append(context.session.subscribe(self.show_connection))
        self._stops.append(context.library.subscribe(lambda _change: self._later()))
        self._fresh.start()
        self._activity.start(context.jobs.jobs())
        self._show_activity()
        self._read_inbox()
        if self._library is not None:
            self._begin_library(self._library)
        self.show_connection()

    async def stop(self) -> None:
        """Stop listening and asking, for good."""
        self._started = True
        self._fresh.stop()
        for stop in self._stops:
            stop()
        self._stops.clear()
        self._soon.stop()
        thumbs, self._thumbs = self._thumbs, None
        if thumbs is not None:
            if self._library is not None:
                self._library.tray.set_pictures(lambda _item: None)
            thumbs.shutdown()
        await self._tasks.close()

    def set_library(self, page: LibraryPage) -> None:
        """Take note of the page whose places and tray are to be kept up to date."""
        self._library = page
        if self._started:
            self._begin_library(page)

    def _begin_library(self, page: LibraryPage) -> None:
        # what makes pictures is loaded after the first paint
        from chrislib.views.widgets.thumbs import ThumbStore

        self._thumbs = ThumbStore(self._context, self)
        self._thumbs.changed.connect(page.tray.view.viewport().update)
        page.tray.set_pictures(self._thumbs.pixmap)
        page.begin()
        self._read_library()

    def show_connection(self) -> None:
        """Show the session's state in chip and banner."""
        session = self._context.session
        state = str(session.state.value)
        self._top.chip.show_connection(
            host=session.host, user=session.username, state=state
        )
        if state == "connected":
            self._answered = self._context.now()
        host = session.host or "the server"
        error = session.error
        if state == "unreachable":
            since = ""
            if self._answered is not None:
                at = datetime.fromtimestamp(self._answered).astimezone()
                since = f" since {at:%H:%M}"
            title = error.title if error is not None else f"No answer from {host}."
            self._banner.show_text(
                "offline",
                f"Offline{since}. {title} You see what was there at that time. "
                "What runs on the server goes on.",
                ("Try now", self._try_now),
            )
        elif state == "auth_required":
            title = error.title if error is not None else f"Sign in to {host} again."
            self._banner.show_text(
                "warn",
                f"{title} What runs on the server goes on and is followed again "
                "after signing in.",
                ("Sign in …", self.sign_in_requested.emit),
            )
        self._told = state in {"unreachable", "auth_required"}
        self._banner.setVisible(self._told)
        self._show_stale()

    def _show_stale(self) -> None:
        """Say in the banner that states are old, unless it says something worse."""
        if self._told:
            return
        words = stale_words(looks_of(self._context), self._context.now())
        if words:
            self._banner.show_text("warn", words, ("Look now", self._look_now))
        self._banner.setVisible(bool(words))

    def _look_now(self) -> None:
        self._tasks.start(self._context.jobs.refresh(), name="look now")

    def _try_now(self) -> None:
        self._tasks.start(self._context.session.reconnect(), name="try now")

    def _jobs_changed(self, changes: Sequence[JobChange]) -> None:
        for change in changes:
            self._activity.take(change.after)
        self._show_activity()

    def _show_activity(self) -> None:
        self._top.activity.show_activity(self._activity.count, self._activity.share)

    def _read_inbox(self) -> None:
        async def unread() -> int:
            return (await self._context.jobs.notices.counts()).unread

        self._tasks.start(unread(), name="count the inbox", done=self._show_unread)

    def _show_unread(self, count: int) -> None:
        self._top.bell.show_count(
            count,
            words=f"Inbox, {count} unread" if count else "Inbox",
            tooltip=f"Inbox: {count} unread (Ctrl+I)" if count else "Inbox (Ctrl+I)",
        )

    def _later(self) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def _read_library(self) -> None:
        if self._library is None:
            return
        tray = self._context.library.tray
        self._library.tray.show_items(
            tray.items(), lambda item: tray.elsewhere(item.item_id)
        )
        state = self._context.paths.state
        self._tasks.start(_space(state), name="disk space", done=self._show_space)

    def _show_space(self, space: tuple[int, int]) -> None:
        if self._library is not None:
            self._library.places.space.show_space(*space)


async def _space(folder: Path) -> tuple[int, int]:
    """Return bytes used and bytes in all of the disk that holds `folder` (disk)."""

    def ask() -> tuple[int, int]:
        place = folder
        while not place.exists():
            place = place.parent
        usage = shutil.disk_usage(place)
        return usage.used, usage.total

    return await asyncio.to_thread(ask)
