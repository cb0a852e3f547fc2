"""The life of the instances: one loop that moves each a step at a time.

The database is the truth. Every step is one statement that only succeeds when the
status still is what the step began with, so a cancel in between wins, and a station
that is started again simply goes on: what runs is found by its process, what was being
prepared or registered is begun anew, what vanished is cancelled with a code.
"""

import asyncio
import logging
import sqlite3
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime

from starlette.concurrency import run_in_threadpool

from chrislib.errors import ChrislibError
from chrislib.station import feed_sharing
from chrislib.station.context import StationContext
from chrislib.station.creation import first_status
from chrislib.station.environments import Environments
from chrislib.station.job import Job
from chrislib.station.reports import Reporter
from chrislib.station.storage import (
    RunFailed,
    gather,
    keep_outputs,
    make_links,
    values_of,
)
from chrislib.station.store import Row

_log = logging.getLogger(__name__)
_LOG_KEPT = 0.5  # seconds for which a CUBE of generation 7 keeps a log after the end
_SUMMARY_COLUMN = 4_000  # characters 6.x has for a summary, escapes counted
_LIVE = "('waiting','copying','scheduled','started','registeringFiles')"
_QUERY = (
    "SELECT i.*, p.version AS plugin_version, p.dock_image, m.name AS plugin_name, "
    "m.type AS plugin_type, c.max_job_exec_seconds FROM instances i "
    "JOIN plugins p ON p.id = i.plugin_id JOIN metas m ON m.id = p.meta_id "
    "JOIN compute_resources c ON c.id = i.compute_resource_id"
)
_SUBTREE = (
    "WITH RECURSIVE below(id) AS (SELECT ? UNION SELECT k.id FROM instances k "
    "JOIN below b ON k.previous_id = b.id) SELECT id FROM below"
)


class Runner:
    """Moves the instances of one station."""

    def __init__(self, context: StationContext) -> None:
        self._context = context
        self._store = context.store
        self._generation = context.config.generation
        self._report = Reporter(self._generation)
        self._environments = Environments(context.paths.plugin_envs)
        # Preparing can take minutes (a download), so it has threads of its own.
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="run")
        self._work: dict[tuple[int, str], Future[None]] = {}
        self._children: dict[int, subprocess.Popen[bytes]] = {}
        self._lock = threading.RLock()

    async def loop(self) -> None:
        """Look at all instances again and again (database, disk, processes)."""
        try:
            while True:
                await run_in_threadpool(self.tick)
                await asyncio.sleep(self._context.config.poll)
        finally:
            self._environments.stop()
            self._pool.shutdown(wait=False, cancel_futures=True)

    def wake(self) -> None:
        """Say that there is something new; the next look is soon enough."""

    def tick(self) -> None:
        """Move each instance by one step at most."""
        with self._lock:
            self._reap()
            query = f"{_QUERY} WHERE i.status IN {_LIVE} ORDER BY i.id"
            for row in self._store.rows(query):
                self._step(row)
            ended = f"{_QUERY} WHERE i.status NOT IN {_LIVE} AND i.cleaned < 2"
            for row in self._store.rows(ended):
                self._clean(row)

    def _step(self, row: Row) -> None:
        steps: dict[str, Callable[[Row, Job], None]] = {
            "waiting": self._waiting,
            "copying": self._copying,
            "scheduled": self._scheduled,
            "started": self._started,
            "registeringFiles": self._registering,
        }
        job = Job(self._context, row)
        try:
            steps[row["status"]](row, job)
        except RunFailed as error:
            self._give_up(row, job, error.code, str(error))
        except ChrislibError as error:
            reason = f"{error} {error.context.get('pip', '')}"
            self._give_up(row, job, "CODE01", reason.strip())
        except (OSError, sqlite3.Error) as error:
            _log.exception("instance %d could not be moved on", row["id"])
            code = "CODE18" if self._generation < 7 else "CODE19"
            self._give_up(row, job, code, type(error).__name__)

    def _waiting(self, row: Row, _job: Job) -> None:
        listed = str(values_of(self._store, row).get("plugininstances") or "")
        parents = [int(part) for part in listed.split(",") if part]
        if row["plugin_type"] != "ts" or not parents:
            parents = [row["previous_id"]]
        marks = ",".join("?" * len(parents))
        query = f"SELECT status FROM instances WHERE id IN ({marks})"
        statuses = [one["status"] for one in self._store.rows(query, *parents)]
        status = first_status(statuses, generation=self._generation)
        if status == "cancelled":
            self._move(row, "cancelled")
        elif status != "waiting":
            self._move(row, status)

    def _copying(self, row: Row, job: Job) -> None:
        done = self._do(row, lambda: job.prepare(self._environments))
        if done:
            summary = self._report.copying(row["id"], done=True)
            now = self._store.now()
            self._move(row, "scheduled", summary=summary, start_date=now, end_date=now)
        elif row["summary"] != (summary := self._report.copying(row["id"])):
            self._move(row, "copying", summary=summary)

    def _scheduled(self, row: Row, job: Job) -> None:
        if job.process() is not None:
            # Started by a station that was killed before it could say so.
            self._mark_started(row, job)
            return
        waits = not job.prepared or (row["id"], "scheduled") in self._work
        if waits and not self._do(row, lambda: job.prepare(self._environments)):
            return
        running = self._store.value(
            "SELECT COUNT(*) FROM instances WHERE status = 'started'"
        )
        if running >= self._context.config.slots:
            return
        self._refuse_empty(row, job)
        job.launch(self._environments)
        self._children[row["id"]] = job.child
        if not self._mark_started(row, job):
            job.kill()

    def _refuse_empty(self, row: Row, job: Job) -> None:
        """Give up a run without arguments, as the compute side of 6.x does."""
        if self._generation < 7 and not job.options(""):
            if row["plugin_type"] == "fs" and job.unextracted():
                return
            raise RunFailed("CODE01", "")

    def _mark_started(self, row: Row, job: Job) -> bool:
        summary, raw = self._report.launched(
            row["id"], row["dock_image"], command=job.command()
        )
        now = self._store.now()
        return self._move(
            row, "started", summary=summary, raw=raw, start_date=now, end_date=now
        )

    def _started(self, row: Row, job: Job) -> None:
        process = job.process()
        alive = process is not None and process.alive
        ending = (
            job.ending()
        )  # asked for after the process: it is written before its end
        if ending is None and alive:
            summary, raw = self._report.running(
                row["id"],
                row["dock_image"],
                command=job.command(),
                log=job.log(),
            )
            if (summary, raw) != (row["summary"], row["raw"]):
                self._move(row, "started", summary=summary, raw=raw)
            return
        if ending is None:
            text = (
                "The program disappeared: the computer was restarted, or it was ended"
            )
            raise RunFailed("CODE18", text)
        if ending["timed_out"]:
            limit = row["max_job_exec_seconds"]
            raise RunFailed("CODE13", f"The program ran longer than {limit} seconds")
        if ending["code"] is None:
            raise RunFailed("CODE01", f"The program did not start: {ending['reason']}")
        self._move(row, "registeringFiles", end_date=self._store.now())

    def _registering(self, row: Row, job: Job) -> None:
        ending = job.ending()
        if ending is None:
            raise RunFailed("CODE18", "The run folder is gone")
        good = ending["code"] == 0
        status = "finishedSuccessfully" if good else "finishedWithError"
        if self._generation < 7 and self._too_long(row, job, status):
            return
        sizes = self._sizes(row, job, good=good)
        if not self._do(row, sizes):
            return
        summary, raw = self._report.ended(
            row["id"],
            row["dock_image"],
            command=job.command(),
            log=job.log(),
            status=status,
            pulled=True,
        )
        # `end_date` is the end of the program; what comes after is our own work.
        self._move(row, status, summary=summary, raw=raw, ended_at=self._store.now())

    def _too_long(self, row: Row, job: Job, status: str) -> bool:
        """Give up a run whose log is too long when escaped, as 6.x does."""
        summary, raw = self._report.ended(
            row["id"],
            row["dock_image"],
            command=job.command(),
            log=job.log(),
            status=status,
            pulled=False,
        )
        if len(summary) <= _SUMMARY_COLUMN:
            return False
        now = self._store.now()
        columns = {"summary": summary, "raw": raw, "error_code": "CODE18"}
        with self._store.transaction():
            self._move(row, "cancelled", ended_at=now, **columns)
            for ident in self._subtree(row["id"])[1:]:
                self._cancel_one(ident)
        return True

    def _sizes(self, row: Row, job: Job, *, good: bool) -> Callable[[], None]:
        def register() -> None:
            size = keep_outputs(self._context, row, job.outgoing)
            if good:
                size += make_links(self._context, row, job.unextracted())
                if row["plugin_type"] == "ts":
                    size += gather(self._context, row)
            feed_sharing.open_output(self._store, row)
            if self._generation < 7:
                self._store.update("instances", row["id"], size=size)

        return register

    def _do(self, row: Row, work: Callable[[], None]) -> bool:
        """Do `work` of this status in a thread; True at the first look after it."""
        key = (row["id"], row["status"])
        future = self._work.get(key)
        if future is None:
            self._work[key] = self._pool.submit(work)
            return False
        if not future.done():
            return False
        del self._work[key]
        future.result()
        return True

    def _move(self, row: Row, status: str, **columns: object) -> bool:
        """Change the status if nobody else has; return whether it was changed."""
        names = ", ".join(f"{name} = ?" for name in ("status", *columns))
        with self._store.transaction():
            self._store.execute(
                f"UPDATE instances SET {names} WHERE id = ? AND status = ?",
                status,
                *columns.values(),
                row["id"],
                row["status"],
            )
            changed: int = self._store.value("SELECT changes()")
        return changed > 0

    def _give_up(self, row: Row, job: Job, code: str, text: str) -> None:
        job.kill()
        _log.warning("instance %d given up with %s", row["id"], code)
        # Like every ``cancelled`` of a CUBE this leaves `end_date` where it was.
        columns: dict[str, object] = {"error_code": code}
        if text:
            job.note(f"[{code}] {text}")
        if row["status"] in ("started", "registeringFiles"):
            columns["summary"], columns["raw"] = self._report.ended(
                row["id"],
                row["dock_image"],
                command=job.command(),
                log=job.log(),
                status="undefined",
                pulled=False,
            )
        elif text:
            columns["summary"] = self._report.refused(job.log())
        with self._store.transaction():
            self._move(row, "cancelled", ended_at=self._store.now(), **columns)
            for ident in self._subtree(row["id"])[1:]:
                self._cancel_one(ident)

    def cancel(self, ident: int) -> None:
        """Cancel an instance and all below it (database, processes)."""
        with self._lock, self._store.transaction():
            idents = self._subtree(ident)
            for one in idents:
                self._cancel_one(one)
        for one in idents:
            self._kill(one)

    def _subtree(self, ident: int) -> list[int]:
        return [row["id"] for row in self._store.rows(_SUBTREE, ident)]

    def _cancel_one(self, ident: int) -> None:
        now = self._store.now()
        self._store.execute(
            # A cancel moves no `end_date`: who lists by it does not find this one.
            "UPDATE instances SET status = 'cancelled', ended_at = ? "
            f"WHERE id = ? AND status IN {_LIVE}",
            now,
            ident,
        )

    def _kill(self, ident: int) -> None:
        row = self._store.row(f"{_QUERY} WHERE i.id = ?", ident)
        if row is not None and row["status"] == "cancelled":
            Job(self._context, row).kill()

    def forget_instance(self, ident: int) -> list[str]:
        """Stop an instance and all below it; return the folders to delete."""
        self.cancel(ident)
        path = self._store.value(
            "SELECT output_path FROM instances WHERE id = ?", ident
        )
        for one in self._subtree(ident):
            self._tidy(one)
        return [str(path).removesuffix("/data")]

    def forget_feed(self, ident: int) -> list[str]:
        """Stop all of a feed; return the folders to delete."""
        query = "SELECT id FROM instances WHERE feed_id = ?"
        for row in self._store.rows(query, ident):
            self.cancel(row["id"])
            self._tidy(row["id"])
        path = self._store.value("SELECT folder_path FROM feeds WHERE id = ?", ident)
        self._store.execute(
            "DELETE FROM linkfiles WHERE path = ? AND fname LIKE 'PUBLIC/%'", path
        )
        return [str(path)]

    def _tidy(self, ident: int) -> None:
        row = self._store.row(f"{_QUERY} WHERE i.id = ?", ident)
        if row is not None:
            Job(self._context, row).tidy()

    def _clean(self, row: Row) -> None:
        """Take away the folder of a run that has ended, and on 7 its log."""
        job = Job(self._context, row)
        ended = row["ended_at"]
        for key in [key for key in self._work if key[0] == row["id"]]:
            # Cancelled while a thread was at it: what it makes is taken away after.
            if not self._work[key].done():
                return
            del self._work[key]
        if row["cleaned"] == 0:
            job.kill()
            since = 1e9 if ended is None else _age(ended)
            if self._generation >= 7 and since < _LOG_KEPT:
                return
            if not self._has_log(row):
                job.tidy()
                self._store.update("instances", row["id"], cleaned=2)
                return
            if self._generation >= 7:
                summary, raw = self._report.emptied(row["id"])
                self._store.update("instances", row["id"], summary=summary, raw=raw)
            self._store.update("instances", row["id"], cleaned=1)
            return
        job.tidy()
        if self._generation >= 7:
            summary, raw = self._report.cleaned(row["id"])
            self._store.update("instances", row["id"], summary=summary, raw=raw)
        self._store.update("instances", row["id"], cleaned=2)

    def _has_log(self, row: Row) -> bool:
        return bool(row["raw"])

    def _reap(self) -> None:
        """Collect the exit codes of supervisors that have ended (POSIX)."""
        for ident, child in list(self._children.items()):
            if child.poll() is not None:
                del self._children[ident]


def _age(kept: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(kept)).total_seconds()
