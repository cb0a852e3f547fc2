"""What can be done with a job or an outcome, and doing it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from chrislib.jobs.model import (
    DownloadIntent,
    InboxRow,
    Job,
    JobKey,
    Kind,
    Phase,
    PullIntent,
    ResultState,
    UploadIntent,
)
from chrislib.views.context import ViewContext
from chrislib.views.jobs.words import result_open
from chrislib.views.navigation import ShowFeed, ShowJobs, ShowLibrary
from chrislib.views.tasks import PaneTasks

if TYPE_CHECKING:
    from chrislib.feeds.model import Node


@dataclass(frozen=True, slots=True)
class Verb:
    """One action: its id, its word, its key, and how its button looks."""

    name: str
    word: str
    key: str
    kind: str = "secondary"
    icon: str = ""


GET = Verb("get", "Get", "D", "primary")
LATER = Verb("later", "Later", "L")
DISCARD = Verb("discard", "Discard", "Del")
SHOW = Verb("show", "Show", "Return")
VIEW = Verb("show", "View", "Return")
FOLDER = Verb("folder", "Open folder", "Return")
RETRY = Verb("retry", "Retry", "R", icon="rotate-cw")
AGAIN = Verb("retry", "Run again", "R", icon="rotate-cw")
CANCEL = Verb("cancel", "Cancel", "X")
LOOK = Verb("look", "Look again", "R", icon="rotate-cw")
_DONE = (Phase.FINISHED, Phase.FINISHED_WITH_ERRORS)
_AGAIN = (Phase.FAILED, Phase.CANCELLED, Phase.NOT_SUBMITTED, Phase.GONE)


def verbs_of(job: Job) -> tuple[Verb, ...]:
    """Return what can be done with `job` now, the main thing first."""
    shown = (SHOW,) if job.feed_id is not None or job.kind is not Kind.RUN else ()
    if job.phase is Phase.SUBMIT_UNCERTAIN:
        return (LOOK, *shown)
    if not job.phase.terminal:
        return (CANCEL, *shown)
    if job.phase in _AGAIN:
        again = AGAIN if job.kind is Kind.RUN else RETRY
        return (again, *shown)
    if job.kind is Kind.DOWNLOAD:
        more = (RETRY,) if job.phase is Phase.FINISHED_WITH_ERRORS else ()
        return (*more, FOLDER)
    if job.kind is not Kind.RUN:
        more = (RETRY,) if job.phase is Phase.FINISHED_WITH_ERRORS else ()
        return (*more, VIEW if job.kind is Kind.PULL else SHOW)
    if job.phase in _DONE and result_open(job):
        later = () if job.result is ResultState.SNOOZED else (LATER,)
        return (GET, *later, DISCARD)
    return shown


def verbs_of_row(row: InboxRow, job: Job | None) -> tuple[Verb, ...]:
    """Return what can be done with an outcome."""
    if job is None:
        return (SHOW,) if row.feed_id is not None else ()
    verbs = verbs_of(job)
    if verbs and verbs[0] is GET and job.feed_id is not None:
        return verbs
    return (*verbs, DISCARD) if DISCARD not in verbs and len(verbs) < 3 else verbs


class JobVerbs:
    """Does what the buttons, keys and menus of Jobs and Inbox say.

    Parameters
    ----------
    row_of : callable
        The inbox row of a job, None when it has none.
    """

    def __init__(
        self,
        context: ViewContext,
        tasks: PaneTasks,
        row_of: Callable[[JobKey], InboxRow | None],
    ) -> None:
        self._context = context
        self._tasks = tasks
        self._row_of = row_of

    def do(self, name: str, *, job: Job | None, row: InboxRow | None = None) -> None:
        """Do the verb called `name` with a job, an outcome, or both."""
        if row is None and job is not None:
            row = self._row_of(job.key)
        match name:
            case "show":
                self._show(job, row)
            case "seen":
                self._act(row, job, "seen")
            case "later":
                self._act(row, job, "later")
            case "discard":
                self._discard(job, row)
            case "look":
                self._tasks.start(self._context.jobs.refresh(), name="look again")
            case _ if job is not None:
                self._with_job(name, job, row)

    def _with_job(self, name: str, job: Job, row: InboxRow | None) -> None:
        jobs = self._context.jobs
        match name:
            case "cancel":
                self._tasks.start(self._cancel(job), name="cancel")
            case "retry":
                self._tasks.start(jobs.retry(job.key), name="retry", done=self._again)
                if row is not None:
                    self._act(row, job, "seen")
            case "get":
                self._tasks.start(self._get(job, row), name="get")
            case "folder":
                self._open_folder(job)

    def get_all(self, jobs: list[Job]) -> None:
        """Get the outcome of several jobs into one folder."""
        self._tasks.start(self._get_many(jobs), name="get all ready")

    def _show(self, job: Job | None, row: InboxRow | None) -> None:
        go = self._context.navigator.go
        if row is not None and row.seen_at is None:
            self._act(row, job, "seen")
        if job is not None and job.kind is Kind.DOWNLOAD and job.phase in _DONE:
            self._open_folder(job)
        elif job is not None and isinstance(job.intent, PullIntent):
            go(ShowLibrary("all", job.intent.item_id))
        elif job is not None and isinstance(job.intent, UploadIntent):
            ids = job.intent.item_ids
            go(ShowLibrary("all", ids[0] if ids else None))
        elif job is not None and job.feed_id is not None:
            go(ShowFeed(job.feed_id, job.remote_id))
        elif row is not None and row.feed_id is not None:
            go(ShowFeed(row.feed_id, row.instance_id))
        elif job is not None:
            go(ShowJobs(job.key))

    def _act(self, row: InboxRow | None, job: Job | None, action: str) -> None:
        key = row.dedupe_key if row is not None else ""
        if not key and job is not None:
            key = f"{job.key}:READY:{job.epoch}"
        if key:
            self._tasks.start(self._context.jobs.act(key, action), name=action)

    def _discard(self, job: Job | None, row: InboxRow | None) -> None:
        self._act(row, job, "discard")
        self._context.messages.info(
            "Discarded",
            "Nothing is deleted on the server.",
            action=("Undo", lambda: self._act(row, job, "undo")),
            seconds=8,
        )

    def _again(self, key: JobKey) -> None:
        self._context.navigator.go(ShowJobs(key))

    def _open_folder(self, job: Job) -> None:
        if isinstance(job.intent, DownloadIntent):
            QDesktopServices.openUrl(QUrl.fromLocalFile(job.intent.folder))

    async def _cancel(self, job: Job) -> None:
        sure = await self._context.dialogs.confirm(
            f"Cancel {job.title or 'this job'}?",
            "What has arrived stays. A run that is cancelled cannot go on later, "
            "and the nodes after it stop with it."
            if job.kind is Kind.RUN
            else "What has arrived stays, and Retry goes on from there.",
            action="Cancel run" if job.kind is Kind.RUN else "Cancel transfer",
            danger=True,
        )
        if sure:
            await self._context.jobs.cancel(job.key)

    async def _ask_folder(self) -> Path | None:
        chosen = str(self._context.settings.get("download_folder") or "")
        start = Path(chosen) if chosen else self._context.paths.downloads
        return await self._context.dialogs.open_folder(
            "Where shall the files go?", start
        )

    async def _get(self, job: Job, row: InboxRow | None) -> None:
        folder = await self._ask_folder()
        if folder is None:
            return
        node = await self._node(job)
        if node is None:
            self._context.messages.warning(
                "These files are not on the server any more.",
                "Nothing was downloaded.",
            )
            return
        await self._context.feeds.download(node, folder)
        self._act(row, job, "get")

    async def _get_many(self, jobs: list[Job]) -> None:
        folder = await self._ask_folder()
        if folder is None:
            return
        for job in jobs:
            node = await self._node(job)
            if node is not None:
                await self._context.feeds.download(node, folder)
                self._act(self._row_of(job.key), job, "get")

    async def _node(self, job: Job) -> "Node | None":
        """Return the node a run became (asks the server)."""
        if job.feed_id is None:
            return None
        view = await self._context.feeds.open(job.feed_id)
        found = (node for node in view.nodes if node.id == job.remote_id)
        return next(found, None)
