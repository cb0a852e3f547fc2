"""GUI tests: offscreen, one qasync loop for all, its running mark only while used.

Tests are plain functions: they click with ``qtbot`` and wait with
``qtbot.waitUntil``, which drives asyncio too. ``aio.run(coro)`` runs a coroutine to
its end; what a test leaves behind (a task, a lost exception) makes it fail.
"""

import asyncio
import gc
import os
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar, cast

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ.setdefault("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")

import pytest
import qasync
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from chrislib.accounts.session import ConnectionState
from chrislib.catalog.inbox import Cursor, InboxCounts, InboxQuery, Mute
from chrislib.catalog.thumbnails import Chosen, ThumbnailCache
from chrislib.desktop.ways import Where
from chrislib.errors import ChrislibError
from chrislib.jobs.model import InboxRow, Job, JobChange, JobKey
from chrislib.jobs.notices.policy import Policy
from chrislib.jobs.polling.answer_times import AnswerLook
from chrislib.jobs.polling.overview import AccountLook
from chrislib.library.history_model import BookState, HistoryListing, Wanted
from chrislib.library.mine.model import Counts, Facets, Listing, Query
from chrislib.library.model import Item
from chrislib.library.thumbnails.service import Thumbnails
from chrislib.paths import Paths, resources
from chrislib.views.context import ViewContext
from chrislib.views.messages import Message, Messages
from chrislib.views.models.job_feed import JobFeed
from chrislib.views.navigation import Navigator
from chrislib.views.ports import MemoryStore
from chrislib.views.theme.theme import Theme
from tests.gui.job_fakes import (
    FakeAdoption,
    FakeBatches,
    FakeCancels,
    FakeDurations,
    FakeExtensions,
    FakeHealth,
    FakeHistory,
    FakePreferences,
    FakeResults,
    FakeServices,
    FakeServiceSettings,
    FakeSubmissions,
)

_T = TypeVar("_T")


class Aio:
    """What the fixture ``aio`` offers."""

    def __init__(self, qtbot: QtBot, loop: asyncio.AbstractEventLoop) -> None:
        self._qtbot = qtbot
        self.loop = loop
        self.errors: list[dict[str, Any]] = []

    def spawn(self, coro: Coroutine[Any, Any, _T]) -> "asyncio.Task[_T]":
        """Start `coro`."""
        return self.loop.create_task(coro)

    def run(self, coro: Coroutine[Any, Any, _T], timeout: int = 5000) -> _T:
        """Run `coro` to its end (ms) and return its result."""
        task = self.spawn(coro)
        self._qtbot.waitUntil(task.done, timeout=timeout)
        return task.result()


@pytest.fixture(scope="session")
def _qt_loop(qapp: QApplication) -> Iterator[asyncio.AbstractEventLoop]:
    loop = qasync.QEventLoop(qapp, already_running=True)
    asyncio.events._set_running_loop(None)
    yield loop
    # it was never started, only marked as running
    loop.stop()
    loop.close()


@pytest.fixture(autouse=True)
def _collected_here() -> Iterator[None]:
    """Let no thread of a test end widgets, as in the program; see `Quiet`."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def aio(qtbot: QtBot, _qt_loop: asyncio.AbstractEventLoop) -> Iterator[Aio]:
    """Make asyncio run inside Qt's loop for one test; nothing may be left over."""
    helper = Aio(qtbot, _qt_loop)
    _qt_loop.set_exception_handler(lambda _loop, context: helper.errors.append(context))
    asyncio.events._set_running_loop(_qt_loop)
    try:
        yield helper
    finally:
        # a pane that was shut down has cancelled its tasks: they may still be ending
        alive = [task for task in asyncio.all_tasks(_qt_loop) if not task.done()]
        left = [task for task in alive if not task.cancelling()]
        for task in left:
            task.cancel()
        if alive:
            qtbot.waitUntil(lambda: all(t.done() for t in alive), timeout=5000)
        gc.collect()
        # what lives on stays: a window that went had everything looked at again
        gc.freeze()
        asyncio.events._set_running_loop(None)
        _qt_loop.set_exception_handler(None)
    assert not helper.errors, helper.errors
    assert not left, f"tasks left over: {[task.get_name() for task in left]}"


@pytest.fixture(scope="session")
def _theme(qapp: QApplication) -> Theme:
    made = Theme(resources())
    made.apply(qapp)
    return made


@pytest.fixture
def theme(_theme: Theme) -> Iterator[Theme]:
    """The dark theme, applied; changes of a test are taken back."""
    yield _theme
    if _theme.mode != "dark" or _theme.text_size != 1.0:
        _theme.choose("dark", 1.0)


class FakeNotices:
    """The notices of a fake job manager: the inbox in memory, wishes in ``calls``."""

    def __init__(self, jobs: "FakeJobs") -> None:
        self._jobs = jobs
        self.policies: dict[int, Policy] = {}
        self.muted: list[Mute] = []
        self.shown_where: Where | None = Where.DESKTOP
        self.error: BaseException | None = None

    def _fitting(self, query: InboxQuery) -> list[InboxRow]:
        if self.error is not None:
            raise self.error
        shown: dict[str, Callable[[InboxRow], bool]] = {
            "all": lambda row: True,
            "unread": lambda row: row.seen_at is None and row.acted_at is None,
            "ready": lambda row: row.kind == "READY",
            "problems": lambda row: row.kind != "READY",
        }
        return [
            row
            for row in self._jobs.inbox_rows
            if shown[query.show](row)
            and query.feed_id in {None, row.feed_id}
            and query.batch_key in {"", row.batch_key}
            and query.text.casefold() in f"{row.title} {row.text}".casefold()
        ]

    async def page(
        self, query: InboxQuery, *, after: Cursor | None = None, limit: int = 100
    ) -> tuple[InboxRow, ...]:
        rows = self._fitting(query)
        rows.sort(key=lambda row: (row.created_at, row.dedupe_key), reverse=True)
        if after is not None:
            rows = [row for row in rows if (row.created_at, row.dedupe_key) < after]
        return tuple(rows[:limit])

    async def counts(self, query: InboxQuery | None = None) -> InboxCounts:
        rows = self._fitting(replace(query or InboxQuery(), show="all"))
        unread = [row for row in rows if row.seen_at is None and row.acted_at is None]
        ready = [row for row in rows if row.kind == "READY"]
        return InboxCounts(len(rows), len(unread), len(ready), len(rows) - len(ready))

    async def find(self, dedupe_key: str) -> InboxRow | None:
        found = (r for r in self._jobs.inbox_rows if r.dedupe_key == dedupe_key)
        return next(found, None)

    async def mark(self, keys: Sequence[str], *, seen: bool) -> None:
        self._jobs.calls.append(("mark", *keys, "seen" if seen else "unseen"))

    async def mark_all(self, query: InboxQuery) -> int:
        self._jobs.calls.append(("mark_all", query.show))
        return 0

    def policy(self, account_id: int) -> Policy:
        return self.policies.get(account_id, Policy())

    async def set_policy(self, account_id: int, policy: Policy) -> None:
        self.policies[account_id] = policy

    async def snooze(self, account_id: int, seconds: float) -> float:
        self.policies[account_id] = self.policy(account_id).snoozed(1e9, seconds)
        self._jobs.calls.append(("snooze", str(seconds)))
        return 1e9 + seconds

    async def end_snooze(self, account_id: int) -> None:
        self._jobs.calls.append(("end_snooze",))
        changed = replace(self.policy(account_id), snooze_until=None)
        self.policies[account_id] = changed

    async def mute(
        self, account_id: int, scope: str, ref: str, *, until: float | None = None
    ) -> None:
        self.muted.append(Mute(account_id, scope, ref, until))

    async def unmute(self, account_id: int, scope: str, ref: str) -> None:
        self.muted = [m for m in self.muted if (m.scope, m.ref) != (scope, ref)]

    async def mutes(self) -> tuple[Mute, ...]:
        return tuple(self.muted)

    async def where(self) -> Where | None:
        return self.shown_where

    def on_hint(self, callback: Callable[[], None]) -> Callable[[], None]:
        return lambda: None


class FakeJobs:
    """A job manager without a server: set ``rows``, look at ``calls``."""

    def __init__(self) -> None:
        self.rows: dict[JobKey, Job] = {}
        self.inbox_rows: list[InboxRow] = []
        self.notices = FakeNotices(self)
        self.account_id = 1
        self.calls: list[tuple[str, ...]] = []
        self.checked_at: float | None = None
        self.durations = FakeDurations()
        self.history = FakeHistory(self._problems)
        self.batches = FakeBatches(self.calls)
        self.results = FakeResults(self.calls)
        self.adoption = FakeAdoption(self.calls)
        self.cancels = FakeCancels(self.calls)
        self.preferences = FakePreferences()
        self.submissions = FakeSubmissions(self.calls)
        self.health = FakeHealth()
        self.services = FakeServices()
        self.service_settings = FakeServiceSettings(self.calls)
        self.extensions = FakeExtensions()
        self.looks: tuple[AccountLook, ...] = ()
        self.answered: dict[int, AnswerLook] = {}
        self.scope = 1
        self._listeners: list[Callable[[tuple[JobChange, ...]], None]] = []
        self._inbox_listeners: list[Callable[[], None]] = []
        self._gone_listeners: list[Callable[[tuple[Job, ...]], None]] = []

    def _problems(self) -> frozenset[JobKey]:
        return frozenset(
            row.job_key
            for row in self.inbox_rows
            if row.job_key is not None and row.acted_at is None
        )

    async def cancel_scope(self, _key: JobKey) -> int:
        return self.scope

    def accounts(self) -> tuple[AccountLook, ...]:
        return self.looks

    def answers(self, account_id: int) -> AnswerLook:
        return self.answered.get(account_id, AnswerLook())

    def jobs(self) -> tuple[Job, ...]:
        return tuple(
            sorted(self.rows.values(), key=lambda job: job.created_at, reverse=True)
        )

    def get(self, key: JobKey) -> Job | None:
        return self.rows.get(key)

    async def inbox(self) -> tuple[InboxRow, ...]:
        return tuple(self.inbox_rows)

    async def act(self, dedupe_key: str, action: str) -> None:
        self.calls.append(("act", dedupe_key, action))

    async def cancel(self, key: JobKey) -> int:
        self.calls.append(("cancel", key))
        return 1

    async def pause(self, key: JobKey) -> None:
        self.calls.append(("pause", key))

    async def resume(self, key: JobKey) -> None:
        self.calls.append(("resume", key))

    async def retry(self, key: JobKey) -> JobKey:
        self.calls.append(("retry", key))
        return key

    async def run_again(self, keys: Sequence[JobKey]) -> str:
        self.calls.append(("run_again", *keys))
        return "batch"

    async def refresh(self) -> None:
        self.calls.append(("refresh",))

    def watch_feed(self, feed_id: int | None) -> None:
        self.calls.append(("watch_feed", str(feed_id)))

    def subscribe(
        self, callback: Callable[[tuple[JobChange, ...]], None]
    ) -> Callable[[], None]:
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def subscribe_gone(
        self, callback: Callable[[tuple[Job, ...]], None]
    ) -> Callable[[], None]:
        self._gone_listeners.append(callback)
        return lambda: self._gone_listeners.remove(callback)

    def forget(self, *keys: JobKey) -> None:
        """Drop jobs and tell everybody, as pruning does."""
        gone = tuple(self.rows.pop(key) for key in keys)
        for listener in tuple(self._gone_listeners):
            listener(gone)

    def subscribe_inbox(self, callback: Callable[[], None]) -> Callable[[], None]:
        self._inbox_listeners.append(callback)
        return lambda: self._inbox_listeners.remove(callback)

    def put(self, *jobs: Job) -> None:
        """Change jobs and tell everybody, as the manager does."""
        self.tell(self.keep(*jobs))

    def keep(self, *jobs: Job) -> tuple[JobChange, ...]:
        """Change jobs and tell nobody yet."""
        changes = []
        for job in jobs:
            changes.append(JobChange(self.rows.get(job.key), job))
            self.rows[job.key] = job
        return tuple(changes)

    def tell(self, changes: tuple[JobChange, ...]) -> None:
        """Tell everybody of changes."""
        for listener in tuple(self._listeners):
            listener(changes)

    def put_inbox(self, *rows: InboxRow) -> None:
        """Replace the inbox and tell everybody."""
        self.inbox_rows = list(rows)
        for listener in tuple(self._inbox_listeners):
            listener()


class FakeTray:
    """The tray in memory."""

    def __init__(self, library: "FakeLibrary") -> None:
        self._library = library
        self._ids: list[str] = []

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self._ids)

    def items(self) -> tuple[Item, ...]:
        return tuple(self._library.known[i] for i in self._ids)

    def add(self, *ids: str) -> None:
        self._ids += [i for i in ids if i not in self._ids]
        self._library.tell()

    def remove(self, *ids: str) -> None:
        self._ids = [i for i in self._ids if i not in ids]
        self._library.tell()

    def clear(self) -> None:
        self._ids = []
        self._library.tell()

    def put_back(self, ids: Sequence[str]) -> None:
        self._ids = [*ids, *(one for one in self._ids if one not in ids)]
        self._library.tell()

    def move(self, item_id: str, to: int) -> None:
        self._ids.remove(item_id)
        self._ids.insert(to, item_id)
        self._library.tell()

    def elsewhere(self, item_id: str) -> str:
        return self._library.other_places.get(item_id, "")

    def __contains__(self, item_id: str) -> bool:
        return item_id in self._ids


class FakeLibrary:
    """A library without a catalog: fill ``known``, then ``tell()``."""

    def __init__(self) -> None:
        self.known: dict[str, Item] = {}
        self.other_places: dict[str, str] = {}
        self.tray = FakeTray(self)
        self._listeners: list[Callable[[Any], None]] = []

    def hold(self, *items: Item) -> None:
        for item in items:
            self.known[item.item_id] = item
        self.tell()

    async def items(self) -> list[Item]:
        return list(self.known.values())

    async def history(self) -> list[Any]:
        return []

    def subscribe(self, callback: Callable[[Any], None]) -> Callable[[], None]:
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def tell(self, change: Any = None) -> None:
        for listener in tuple(self._listeners):
            listener(change)


class FakeMyLibrary:
    """My Library with nothing in it; put a real one in where rows are needed."""

    collections = imports = ()
    undo_text = redo_text = ""

    async def listing(self, query: Query, *, near: int = 0, most: int = 0) -> Listing:
        return Listing(query, [])

    async def rows(self, _ids: Any, _level: Any = None) -> dict[Any, Any]:
        return {}

    async def counts(self) -> Counts:
        return Counts()

    async def facets(self, _filters: Any, _level: Any = None) -> Facets:
        return Facets()

    async def keywords(self) -> list[tuple[str, int]]:
        return []

    def bring_in(self, _paths: Any) -> list[int]:
        return []

    def subscribe(self, _listener: Any) -> Callable[[], None]:
        return lambda: None


class FakeBook:
    """A history without a catalog."""

    def __init__(self) -> None:
        self.state = BookState()
        self.version = 0

    async def listing(self, _wanted: Wanted) -> HistoryListing:
        return HistoryListing()

    async def entries(self, _ids: Sequence[str]) -> dict[str, Any]:
        return {}

    def live(self, _entry_id: str) -> None:
        return None

    def look(self, _entries: Any) -> None:
        return None

    def read_on(self) -> None:
        return None

    def feeds_of(self, _entry: Any) -> tuple[()]:
        return ()

    def feeds_of_item(self, _item: Any) -> tuple[()]:
        return ()

    def refresh(self) -> None:
        return None

    def subscribe(self, _callback: Callable[[], None]) -> Callable[[], None]:
        return lambda: None


class FakeFeeds:
    """Feeds without a server."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self.known: list[Any] = []
        self.lists = self.making = self

    async def of(self, scope: str = "mine") -> list[Any]:
        return [] if scope != "mine" else list(self.rows)

    async def recipes(self) -> list[Any]:
        return list(self.known)


@dataclass
class FakeSession:
    """A session that signs in as told: set ``refuse`` to an exception."""

    state: ConnectionState = ConnectionState.CONNECTED
    host: str = "chris.example.org"
    url: str = "https://chris.example.org/api/v1/"
    username: str = "alex"
    is_station: bool = False
    remembered: bool = True
    error: ChrislibError | None = None
    client: Any = None
    pacs: Any = None
    refuse: BaseException | None = None
    calls: list[tuple[str, ...]] = field(default_factory=list)
    listeners: list[Callable[[], None]] = field(default_factory=list)

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def become(
        self, state: ConnectionState, error: ChrislibError | None = None
    ) -> None:
        self.state, self.error = state, error
        for listener in tuple(self.listeners):
            listener()

    async def sign_in(self, url: str, username: str, password: str) -> None:
        self.calls.append(("sign_in", url, username, password))
        if self.refuse is not None:
            raise self.refuse

    async def use_station(self) -> None:
        self.calls.append(("use_station",))

    async def reconnect(self) -> None:
        self.calls.append(("reconnect",))


@dataclass
class FakeDialogs:
    """Answers set beforehand instead of windows."""

    files: tuple[Path, ...] = ()
    folder: Path | None = None
    answer: bool = True
    asked: list[str] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)

    async def open_files(self, title: str, start: Path) -> tuple[Path, ...]:
        self.asked.append(title)
        return self.files

    async def open_folder(self, title: str, start: Path) -> Path | None:
        self.asked.append(title)
        return self.folder

    async def confirm(
        self, title: str, text: str, *, action: str, danger: bool = False
    ) -> bool:
        self.asked.append(title)
        self.actions.append(action)
        return self.answer


class FakeChooser:
    """Files of local series by key, chosen as the index does."""

    def __init__(self) -> None:
        self.files: dict[int, list[Path]] = {}

    async def choose(
        self, wanted: Sequence[tuple[int, int]], *, pixels: Sequence[int]
    ) -> dict[tuple[int, int], Chosen]:
        found = {}
        for key, share in wanted:
            files = self.files.get(key, [])
            if files:
                at = min(share * len(files) // 100, len(files) - 1)
                found[key, share] = Chosen(files[at], share / 100, files[at].name)
        return found

    async def known(self) -> tuple[set[int], list[tuple[str, str]]]:
        return set(self.files), []


def thumbnails_of(fakes: "Fakes", cache: Path) -> Thumbnails:
    """Return the service of small pictures; it makes them in threads."""

    async def fetch(item: Item) -> Path | None:
        found: Path | None = await fakes.library.sample_file(item, cache=cache)
        return found

    return Thumbnails(
        ThumbnailCache(cache / "thumbnails.db"),
        chooser=fakes.chooser,
        fetch=fetch,
        processes=0,
    )


@dataclass
class Fakes:
    """The fakes behind ``ctx``; helpers may put their own service in."""

    jobs: FakeJobs = field(default_factory=FakeJobs)
    library: Any = field(default_factory=FakeLibrary)
    my_library: Any = field(default_factory=FakeMyLibrary)
    chooser: FakeChooser = field(default_factory=FakeChooser)
    feeds: Any = field(default_factory=FakeFeeds)
    history: Any = field(default_factory=FakeBook)
    storage: Any = None
    session: Any = field(default_factory=FakeSession)
    dialogs: FakeDialogs = field(default_factory=FakeDialogs)
    store: MemoryStore = field(default_factory=MemoryStore)
    now: float = 1_795_300_000.0


@pytest.fixture
def fakes() -> Fakes:
    """What ``ctx`` is made of; a test module may override single fields of it."""
    return Fakes()


@pytest.fixture
def posted() -> list[Message]:
    """Every message posted through ``ctx.messages``."""
    return []


@pytest.fixture
def ctx(
    theme: Theme, fakes: Fakes, posted: list[Message], tmp_path: Path, aio: Aio
) -> Iterator[ViewContext]:
    """A view context over ``fakes``, with the asyncio loop running."""
    messages = Messages()
    messages.posted.connect(posted.append)
    feed = JobFeed(fakes.jobs)
    thumbnails = thumbnails_of(fakes, tmp_path / "cache")
    yield ViewContext(
        theme=theme,
        navigator=Navigator(),
        messages=messages,
        library=cast("Any", fakes.library),
        my_library=cast("Any", fakes.my_library),
        thumbnails=thumbnails,
        history=cast("Any", fakes.history),
        feeds=cast("Any", fakes.feeds),
        storage=fakes.storage,
        jobs=cast("Any", fakes.jobs),
        job_feed=feed,
        settings=cast("Any", fakes.store),
        paths=Paths(
            state=tmp_path / "state",
            cache=tmp_path / "cache",
            config=tmp_path / "config",
            station=tmp_path / "station",
            plugin_envs=tmp_path / "envs",
            downloads=tmp_path / "downloads",
        ),
        layout=fakes.store,
        session=fakes.session,
        dialogs=fakes.dialogs,
        now=lambda: fakes.now,
    )
    feed.close()
    aio.run(thumbnails.close())
