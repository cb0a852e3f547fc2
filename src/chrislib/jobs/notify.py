"""From inbox rows to desktop toasts: claimed first, coalesced, never twice.

An inbox row is exactly once; a toast is at most once, since a process can die between
showing it and noting that. No toast carries a patient's data, a feed's title included.
"""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from chrislib.aio import spawn
from chrislib.catalog.jobs import JobTable
from chrislib.catalog.rows import InboxRowText
from chrislib.desktop.toast import Toast
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import Job, JobKey, Kind

_log = logging.getLogger(__name__)

GROUPS_AT_ONCE = 3
"""More outcomes than this at the same time become one summary."""

_WORDS = {
    (Kind.RUN, "READY"): "run finished",
    (Kind.RUN, "ERRORS"): "run finished with errors",
    (Kind.RUN, "FAILED"): "run failed",
    (Kind.RUN, "CANCELLED_EXTERNALLY"): "run cancelled on the server",
    (Kind.RUN, "SUBMIT_UNCERTAIN"): "A run was not started",
    (Kind.PULL, "READY"): "Pull finished",
    (Kind.PULL, "FAILED"): "Pull stopped",
    (Kind.UPLOAD, "READY"): "Upload finished",
    (Kind.UPLOAD, "ERRORS"): "Upload finished, some files are missing",
    (Kind.UPLOAD, "FAILED"): "Upload failed",
    (Kind.DOWNLOAD, "READY"): "Download finished",
    (Kind.DOWNLOAD, "ERRORS"): "Download finished, some files are missing",
    (Kind.DOWNLOAD, "FAILED"): "Download failed",
}


class NotificationSink(Protocol):
    """Something that can show a toast: the desktop, a recording in tests."""

    async def show(self, toast: Toast) -> None:
        """Show it once; failures are the sink's own affair."""


class Relay:
    """Takes pending toasts out of the catalog and shows them.

    Parameters
    ----------
    table : JobTable
    job_of : callable
        Looks up a job in memory.
    sinks : sequence of NotificationSink
    clock : Clock
    window : float
        Seconds rows are gathered before they are shown, so that what belongs
        together becomes one toast.
    """

    def __init__(
        self,
        *,
        table: JobTable,
        job_of: Callable[[JobKey], Job | None],
        sinks: Sequence[NotificationSink],
        clock: Clock,
        window: float,
    ) -> None:
        self._table = table
        self._job_of = job_of
        self._sinks = tuple(sinks)
        self._clock = clock
        self._window = window
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look for new rows soon: something was committed."""
        self._woken.set()

    async def run(self) -> None:
        """Show toasts until cancelled (disk)."""
        await self._table.forget_claims()
        while True:
            try:
                held = await self._round()
            except Exception:  # noqa: BLE001 - rows stay pending; the loop goes on
                _log.exception("a round of notifications failed")
                held = True
            if not self._woken.is_set():
                await self._wait(self._window if held else None)
            self._woken.clear()

    async def _round(self) -> bool:
        """Show what is due; True if rows are still held back."""
        await self._clock.sleep(self._window)
        now = self._clock.time()
        rows = await self._table.pending_toasts(now)
        if rows:
            await self._show(rows)
        later = await self._table.pending_toasts(now + 365 * 86400)
        return bool(later)

    async def _show(self, rows: Sequence[InboxRowText]) -> None:
        batch = uuid.uuid4().hex
        mine = set(await self._table.claim_toasts([r.dedupe_key for r in rows], batch))
        rows = [row for row in rows if row.dedupe_key in mine]
        if not rows:
            return
        for toast in self._toasts(rows, batch):
            for sink in self._sinks:
                await _contained(sink.show(toast))
        await self._table.settle_toasts(batch, "SHOWN")

    def _toasts(self, rows: Sequence[InboxRowText], batch: str) -> list[Toast]:
        groups: dict[tuple[str, str], list[InboxRowText]] = {}
        for row in rows:
            groups.setdefault(self._group(row), []).append(row)
        if len(groups) > GROUPS_AT_ONCE:
            return [_summary(rows, batch)]
        return [
            self._toast(group, f"{batch}-{number}")
            for number, group in enumerate(groups.values())
        ]

    def _group(self, row: InboxRowText) -> tuple[str, str]:
        job = self._job_of(JobKey(row.job_key)) if row.job_key else None
        if job is None:
            return row.dedupe_key, row.kind
        if job.kind is Kind.RUN:
            return f"feed:{row.feed_id or job.key}", row.kind
        return job.kind.value, row.kind

    def _toast(self, rows: Sequence[InboxRowText], number: str) -> Toast:
        # A click opens one thing: what came last, the farthest node of the feed.
        newest = max(rows, key=lambda row: (row.created_at, row.instance_id or 0))
        job = self._job_of(JobKey(newest.job_key)) if newest.job_key else None
        if job is None:
            return Toast(
                number, "Sign in again", "Jobs go on meanwhile.", "jobs", problem=True
            )
        problem = newest.kind != "READY"
        words = _WORDS.get((job.kind, newest.kind), "changed")
        if job.kind is Kind.RUN:
            title = f"Feed {newest.feed_id}: {words}" if newest.feed_id else words
            text = (
                "Click to open it."
                if len(rows) == 1
                else f"{len(rows)} of its nodes. Click to open it."
            )
            return Toast(number, title, text, _target(newest), problem)
        unit = {"READY": "Click to open the Library."}.get(
            newest.kind, "Click to see why."
        )
        count = f"{len(rows)} transfers. " if len(rows) > 1 else ""
        place = "jobs" if problem else "library"
        if job.kind is Kind.DOWNLOAD:
            place, unit = "jobs", "Click to see it."
        return Toast(number, words, f"{count}{unit}", place, problem)

    async def _wait(self, seconds: float | None) -> None:
        if seconds is None:
            await self._woken.wait()
            return
        sleeper = spawn(self._clock.sleep(seconds), name="notify: pause")
        waker = spawn(self._woken.wait(), name="notify: wake")
        try:
            await asyncio.wait({sleeper, waker}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeper.cancel()
            waker.cancel()


def _target(row: InboxRowText) -> str:
    if row.feed_id is None:
        return "inbox"
    if row.instance_id is None:
        return f"feed/{row.feed_id}"
    return f"feed/{row.feed_id}/node/{row.instance_id}"


def _summary(rows: Sequence[InboxRowText], batch: str) -> Toast:
    ready = sum(1 for row in rows if row.kind == "READY")
    trouble = len(rows) - ready
    parts = []
    if ready:
        parts.append(f"{ready} ready")
    if trouble:
        parts.append(f"{trouble} need attention")
    text = "Click to open the inbox."
    return Toast(batch, ", ".join(parts), text, "inbox", problem=trouble > 0)


async def _contained(showing: Awaitable[None]) -> None:
    try:
        await showing
    except Exception:  # noqa: BLE001 - a broken sink must not lose the others
        _log.exception("a notification sink failed")
