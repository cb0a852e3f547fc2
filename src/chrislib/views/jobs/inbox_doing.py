"""What the inbox does with rows: one or many, with Undo."""

from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from chrislib.jobs.model import InboxRow, Job
from chrislib.views.context import ViewContext
from chrislib.views.jobs.doing import JobVerbs, later_until
from chrislib.views.tasks import PaneTasks

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

_DAY = 86400.0
_UNDO_SECONDS = 8.0


class InboxVerbs:
    """Does verbs with outcomes.

    Parameters
    ----------
    only : callable
        Shows one feed or batch only: gets "feed" or "batch" and the row.
    changed : callable
        Called after rows were marked.
    window : callable
        Where sheets open.
    """

    def __init__(
        self,
        context: ViewContext,
        tasks: PaneTasks,
        *,
        only: Callable[[str, InboxRow], None],
        changed: Callable[[], None],
        window: "Callable[[], QWidget]",
    ) -> None:
        self._context = context
        self._tasks = tasks
        self._only = only
        self._changed = changed
        self._verbs = JobVerbs(context, tasks, lambda _key: None, window=window)

    def do(self, name: str, rows: Sequence[InboxRow]) -> None:
        """Do a verb with rows."""
        if not rows:
            return
        if name.startswith("mute-"):
            self._start(self._mute(name, rows[0]), "mute")
        elif name.startswith("only-"):
            self._only(name.removeprefix("only-"), rows[0])
        elif name == "seen":
            unread = any(row.seen_at is None for row in rows)
            self._start(self._mark(rows, seen=unread), "mark")
        elif name == "discard":
            self._start(self._discard(rows), "discard")
        elif name.startswith("later"):
            self._start(self._later(name, rows), "later")
        elif name == "get" and len(rows) > 1:
            jobs = [job for row in rows if (job := self._job(row)) is not None]
            self._verbs.get_all(jobs)
        elif name == "show" or len(rows) == 1:
            self._verbs.do(name, job=self._job(rows[0]), row=rows[0])
        else:
            for row in rows:
                self._verbs.do(name, job=self._job(row), row=row)

    def _job(self, row: InboxRow) -> Job | None:
        jobs = self._context.jobs
        return jobs.get(row.job_key) if row.job_key is not None else None

    async def _mark(self, rows: Sequence[InboxRow], *, seen: bool) -> None:
        keys = [row.dedupe_key for row in rows]
        await self._context.jobs.notices.mark(keys, seen=seen)
        self._changed()

    async def _discard(self, rows: Sequence[InboxRow]) -> None:
        await self._act(rows, "discard")
        count = len(rows)
        self._context.messages.info(
            "Discarded" if count == 1 else f"{count:,} discarded",
            "Nothing is deleted on the server.",
            action=("Undo", lambda: self._start(self._act(rows, "undo"), "undo")),
            seconds=_UNDO_SECONDS,
        )

    async def _act(self, rows: Sequence[InboxRow], action: str) -> None:
        for row in rows:
            await self._context.jobs.act(row.dedupe_key, action)
        self._changed()

    async def _later(self, name: str, rows: Sequence[InboxRow]) -> None:
        until = later_until(name, self._context.now())
        for row in rows:
            job = self._job(row)
            if job is None or not _waits(job):
                await self._context.jobs.act(row.dedupe_key, "later")
            else:
                await self._context.jobs.results.later(job.key, until)
        self._changed()

    async def _mute(self, name: str, row: InboxRow) -> None:
        _, scope, *day = name.split("-")
        notices = self._context.jobs.notices
        job = self._job(row)
        account = row.account_id or (job.account_id if job is not None else 0)
        ref = {
            "feed": str(row.feed_id),
            "batch": row.batch_key,
            "job": str(row.job_key),
        }[scope]
        until = self._context.now() + _DAY if day else None
        await notices.mute(account, scope, ref, until=until)
        words = {"feed": f"feed {row.feed_id}", "batch": "this batch"}
        self._context.messages.info(
            f"No desktop messages of {words.get(scope, 'this job')}",
            "The inbox has them all the same. Settings, Notifications lists what is "
            "muted.",
            action=(
                "Undo",
                lambda: self._start(notices.unmute(account, scope, ref), "unmute"),
            ),
            seconds=_UNDO_SECONDS,
        )

    def _start(self, coro: Coroutine[Any, Any, None], name: str) -> None:
        self._tasks.start(coro, name=name)


def _waits(job: Job) -> bool:
    from chrislib.views.jobs.words import result_open

    return result_open(job)
