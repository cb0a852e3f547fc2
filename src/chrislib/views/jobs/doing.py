"""Does what the buttons, keys and menus of Jobs and Inbox say."""

from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from chrislib.errors import ChrislibError
from chrislib.jobs.fsm import NOTICE_OF_PHASE
from chrislib.jobs.model import (
    DownloadIntent,
    InboxRow,
    Job,
    JobKey,
    Kind,
    Phase,
    PullIntent,
    RunIntent,
    UploadIntent,
)
from chrislib.library.words import count as counted
from chrislib.shown import one_line
from chrislib.views.context import ViewContext
from chrislib.views.jobs import closely
from chrislib.views.jobs.words import COMPUTING
from chrislib.views.navigation import (
    CompareRuns,
    ShowFeed,
    ShowJobs,
    ShowLibrary,
    ShowStarted,
)
from chrislib.views.tasks import PaneTasks

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

_DONE = (Phase.FINISHED, Phase.FINISHED_WITH_ERRORS)
_HOUR = 3600.0
_EVENING, _MORNING = 18, 8


def later_until(name: str, now: float) -> float:
    """Return until when "later", "later-evening" or "later-tomorrow" puts off.

    Parameters
    ----------
    now : float
        Seconds since the epoch.
    """
    here = datetime.fromtimestamp(now).astimezone()
    if name == "later-evening":
        evening = here.replace(hour=_EVENING, minute=0, second=0, microsecond=0)
        return max(evening.timestamp(), now + _HOUR)
    if name == "later-tomorrow":
        day = here.replace(hour=_MORNING, minute=0, second=0, microsecond=0)
        return (day + timedelta(days=1)).timestamp()
    return now + _HOUR


def _outcome_of(job: Job) -> str:
    """Return the key of the outcome a job stands in the inbox with."""
    kind = NOTICE_OF_PHASE.get(job.phase, "READY")
    return f"{job.key}:{kind}:{job.epoch}"


class JobVerbs:
    """Does verbs with one job, with many, with batches.

    Parameters
    ----------
    row_of : callable
        The inbox row of a job, None when it has none.
    window : callable, optional
        Where sheets open; without it the verbs that need one do nothing.
    """

    def __init__(
        self,
        context: ViewContext,
        tasks: PaneTasks,
        row_of: Callable[[JobKey], InboxRow | None],
        *,
        window: "Callable[[], QWidget] | None" = None,
    ) -> None:
        self._context = context
        self._tasks = tasks
        self._row_of = row_of
        self._window = window

    def do(self, name: str, *, job: Job | None, row: InboxRow | None = None) -> None:
        """Do the verb called `name` with a job, an outcome, or both."""
        if row is None and job is not None:
            row = self._row_of(job.key)
        match name:
            case "show":
                self._show(job, row)
            case "seen" if row is None and job is not None:
                self._tasks.start(self._turn_read([job]), name="mark")
            case "seen":
                self._act(row, job, "seen")
            case "later" | "later-evening" | "later-tomorrow":
                self._later(name, job, row)
            case "discard":
                self._discard(job, row)
            case "look":
                self._tasks.start(self._context.jobs.refresh(), name="look again")
            case _ if job is not None:
                self._with_job(name, job, row)

    def do_many(self, name: str, jobs: Sequence[Job]) -> None:
        """Do a verb with several jobs, after one question for all of them."""
        match name:
            case "get":
                self.get_all(list(jobs))
            case "cancel":
                self._tasks.start(self._cancel_many(jobs), name="cancel several")
            case "retry":
                self._tasks.start(self._retry_many(jobs), name="retry several")
            case "discard":
                self._tasks.start(self._discard_many(jobs), name="discard several")
            case "untrack":
                self._tasks.start(self._untrack_many(jobs), name="untrack several")
            case "show":
                self._show(jobs[0], None)
            case "compare":
                self._compare_two(jobs)
            case "seen":
                self._tasks.start(self._turn_read(jobs), name="mark")
            case "later":
                for job in jobs:
                    self.do(name, job=job)

    def _compare_two(self, jobs: Sequence[Job]) -> None:
        sides = [
            (job.feed_id, job.remote_id)
            for job in jobs
            if job.feed_id is not None and job.remote_id is not None
        ]
        if len(sides) == 2:
            self._context.navigator.go(CompareRuns(*sides))

    def do_batch(self, name: str, key: str) -> None:
        """Look into a batch, pause, resume or end it."""
        batches = self._context.jobs.batches
        if name == "show":
            self._context.navigator.go(ShowJobs(batch_key=key))
        elif name == "subjects":
            self._context.navigator.go(ShowStarted(key))
        elif name == "pause":
            self._tasks.start(batches.pause(key), name="pause")
        elif name == "resume":
            self._tasks.start(batches.resume(key), name="resume")
        elif name == "cancel-rest":
            self._tasks.start(self._cancel_rest(key), name="cancel the rest")

    def get_all(self, jobs: list[Job]) -> None:
        """Get the outcome of several jobs, each into a folder of its own."""
        self._tasks.start(self._get_many(jobs), name="get several")

    # -- one job -------------------------------------------------------------

    def _with_job(self, name: str, job: Job, row: InboxRow | None) -> None:
        jobs = self._context.jobs
        start = self._tasks.start
        if name == "folder":
            self._open_folder(job)
            return
        if name == "retry":
            start(jobs.retry(job.key), name="retry", done=self._again)
            if row is not None or job.phase.terminal:
                self._act(row, job, "seen")
            return
        deeds: dict[str, Callable[[], Coroutine[Any, Any, object]]] = {
            "cancel": lambda: self._cancel(job),
            "pause": lambda: jobs.pause(job.key),
            "resume": lambda: jobs.resume(job.key),
            "let-run": lambda: jobs.cancels.let_run(job.key),
            "get": lambda: self._get(job),
            "undo": lambda: jobs.results.undo(job.key),
            "track": lambda: self._track(job),
            "untrack": lambda: self._untrack(job),
            "purge": lambda: closely.purge(self._context, job),
            "provenance": lambda: closely.export(self._context, [job]),
        }
        if self._window is not None:
            deeds |= {
                "compare": lambda: self._compare(job),
                "which": lambda: self._choose(job),
            }
        if name in deeds:
            start(deeds[name](), name=name)

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
        elif job is not None and row is not None:
            go(ShowJobs(job.key))

    def _act(self, row: InboxRow | None, job: Job | None, action: str) -> None:
        key = row.dedupe_key if row is not None else ""
        if not key and job is not None:
            key = _outcome_of(job)
        if key:
            self._tasks.start(self._context.jobs.act(key, action), name=action)

    async def _turn_read(self, jobs: Sequence[Job]) -> None:
        """Mark the outcomes of jobs as read, or as unread if all were (disk)."""
        notices = self._context.jobs.notices
        found = [await notices.find(_outcome_of(job)) for job in jobs]
        rows = [row for row in found if row is not None]
        if rows:
            unread = any(row.seen_at is None for row in rows)
            await notices.mark([row.dedupe_key for row in rows], seen=unread)

    def _later(self, name: str, job: Job | None, row: InboxRow | None) -> None:
        if job is None or job.phase not in _DONE:
            self._act(row, job, "later")
            return
        until = later_until(name, self._context.now())
        results = self._context.jobs.results
        self._tasks.start(results.later(job.key, until), name="later")

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
        jobs = self._context.jobs
        count = await jobs.cancel_scope(job.key) if job.kind is Kind.RUN else 1
        nodes = counted(count, "node")
        if job.kind is Kind.RUN:
            text = "What has been computed stays. "
            if count > 1:
                text += "The node and all after it stop. "
            text += "A run that is cancelled cannot go on later."
            action = f"Cancel {nodes}"
        elif job.kind in COMPUTING:
            text = "What has been computed stays. It cannot go on later."
            action = "Cancel it"
        else:
            text = "What has arrived stays, and Retry goes on from there."
            action = "Cancel transfer"
        sure = await self._context.dialogs.confirm(
            f"Cancel {one_line(job.title) or 'this job'}?",
            text,
            action=action,
            danger=True,
        )
        if sure:
            await jobs.cancel(job.key)

    async def _ask_folder(self) -> Path | None:
        chosen = str(self._context.settings.get("download_folder") or "")
        start = Path(chosen) if chosen else self._context.paths.downloads
        return await self._context.dialogs.open_folder(
            "Where shall the files go?", start
        )

    async def _get(self, job: Job) -> None:
        results = self._context.jobs.results
        offered = results.offer(job.key)
        if offered.possible and offered.warning:
            sure = await self._context.dialogs.confirm(
                f"Get what there is of {one_line(job.title)}?",
                offered.warning,
                action="Get",
            )
            if not sure:
                return
        folder = await self._ask_folder()
        if folder is not None:
            await results.get(job.key, folder)

    async def _track(self, job: Job) -> None:
        await self._context.jobs.adoption.follow([job.key])

    async def _untrack(self, job: Job) -> None:
        await self._context.jobs.adoption.untrack(job.key)
        self._context.messages.info(
            "Not tracked any more",
            "It runs on, and nothing tells of it. It is found again under More, "
            "Show what is not tracked.",
            action=("Undo", lambda: self.do("track", job=job)),
            seconds=8,
        )

    async def _compare(self, job: Job) -> None:
        from chrislib.views.jobs.changed_sheet import ChangedSheet

        found = await self._context.jobs.results.compare(job.key)
        if self._window is not None:
            ChangedSheet(self._window(), self._context, job=job, found=found).open()

    async def _choose(self, job: Job) -> None:
        from chrislib.views.jobs.which_sheet import WhichSheet

        choices = await self._context.jobs.submissions.choices(job.key)
        if self._window is not None:
            WhichSheet(self._window(), self._context, job=job, choices=choices).open()

    # -- many ----------------------------------------------------------------

    async def _get_many(self, jobs: list[Job]) -> None:
        folder = await self._ask_folder()
        if folder is None:
            return
        keys = [job.key for job in jobs]
        found = await self._context.jobs.results.get_several(keys, folder)
        self._report([error for error in found.values() if error is not None])

    async def _cancel_many(self, jobs: Sequence[Job]) -> None:
        count = len(jobs)
        some = "1 job" if count == 1 else f"{count:,} jobs"
        nodes = 0
        for job in jobs:
            if job.kind is Kind.RUN:
                nodes += await self._context.jobs.cancel_scope(job.key)
        after = " Nodes after them stop too." if nodes > count else ""
        sure = await self._context.dialogs.confirm(
            f"Cancel {some}?",
            f"What has arrived or was computed stays.{after} "
            "Runs that are cancelled cannot go on later.",
            action=f"Cancel {some}",
            danger=True,
        )
        if sure:
            await self._each(jobs, self._context.jobs.cancel)

    async def _retry_many(self, jobs: Sequence[Job]) -> None:
        runs = [job for job in jobs if isinstance(job.intent, RunIntent)]
        if len(runs) > 1:
            # one thing to pause, to count and to hear about
            await self._context.jobs.run_again([job.key for job in runs])
            jobs = [job for job in jobs if job not in runs]
        await self._each(jobs, self._context.jobs.retry)

    async def _discard_many(self, jobs: Sequence[Job]) -> None:
        results = self._context.jobs.results
        await self._each(jobs, results.discard)

        def undo() -> None:
            self._tasks.start(self._each(jobs, results.undo), name="undo several")

        self._context.messages.info(
            f"Discarded {len(jobs):,}",
            "Nothing is deleted on the server.",
            action=("Undo", undo),
            seconds=8,
        )

    async def _untrack_many(self, jobs: Sequence[Job]) -> None:
        await self._each(jobs, self._context.jobs.adoption.untrack)

    async def _cancel_rest(self, key: str) -> None:
        batches = self._context.jobs.batches
        view = batches.get(key)
        if view is None:
            return
        rest = max(0, view.total - view.sent)
        sure = await self._context.dialogs.confirm(
            f"Cancel the rest of {one_line(view.title) or 'this batch'}?",
            f"{rest:,} of {view.total:,} are not sent any more. What was sent goes on.",
            action="Cancel the rest",
            danger=True,
        )
        if sure:
            await batches.cancel(key)

    async def _each(
        self,
        jobs: Sequence[Job],
        act: "Callable[[JobKey], closely.Deed]",
    ) -> None:
        """Do one thing with each job; what goes wrong is told once, at the end."""
        errors: list[ChrislibError] = []
        for job in jobs:
            try:
                await act(job.key)
            except ChrislibError as error:
                errors.append(error)
        self._report(errors)

    def _report(self, errors: Sequence[ChrislibError]) -> None:
        if not errors:
            return
        first = errors[0]
        if len(errors) == 1:
            self._context.messages.failed(first)
            return
        self._context.messages.warning(
            f"{len(errors):,} did not work.",
            f"The first said: {first.title} {first.detail}".strip(),
            hint=first.hint,
        )
