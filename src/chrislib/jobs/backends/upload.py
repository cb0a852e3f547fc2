"""Uploads: local files to one folder of the server, each remembered by itself."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from chrislib.catalog.jobs import JobTable
from chrislib.catalog.rows import ArtifactRow
from chrislib.cube.errors import (
    CubeError,
    ServerFault,
    ServerUnreachable,
    TokenRejected,
)
from chrislib.cube.storage_paths import path_as_stored
from chrislib.errors import ChrislibError
from chrislib.jobs.backends.base import Outcome, Report
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import FailedFile, Job, Phase, Progress, UploadIntent

if TYPE_CHECKING:
    # The HTTP library is half of the start-up time: it waits for the first paint.
    from chrislib.cube.client import CubeClient
    from chrislib.dicom.deidentify.files import Copy
    from chrislib.jobs.backends.deidentified import Copies, Run

_log = logging.getLogger(__name__)

CONNECTIONS = 8
STAGGER = 0.02
"""Seconds between opening two connections: a burst overruns a listen backlog."""
_SAVE_EVERY = 0.25
_OF_REACH = (ServerUnreachable, TokenRejected)
_FAULTS_IN_A_ROW = 3
"""Files in a row the server failed at (its disk may be full): the rest would too."""


_NOT_TRIED = "Not sent, because the server failed at the files before it."


class UploadBackend:
    """Sends the files of an upload and keeps what became of each in the catalog."""

    def __init__(
        self,
        client: "CubeClient",
        table: JobTable,
        clock: Clock,
        *,
        copies: "Copies | None" = None,
    ) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._copies = copies

    async def run(self, job: Job, report: Report) -> Outcome:
        """Send what is not there yet (network, disk).

        Raises
        ------
        CubeError
            The server cannot be reached; what was sent is remembered.
        """
        intent = job.intent
        assert isinstance(intent, UploadIntent)
        try:
            making = await self._making(job, intent)
        except ChrislibError as error:
            return Outcome(Phase.FAILED, f"{error.title} {error.detail}", error.hint)
        try:
            return await self._run(job, intent, report=report, making=making)
        finally:
            await making.close()

    async def _run(
        self, job: Job, intent: UploadIntent, *, report: Report, making: "Making"
    ) -> Outcome:
        rows = await self._rows(job, intent)
        if rows is None:
            rows = await self._planned(job, intent)
        else:
            await self._settle_interrupted(intent, rows, making)
        todo = [row for row in rows.values() if row.state != "DONE"]
        sending = _Sending(
            self._client, self._table, rows=rows, report=report, making=making
        )
        sending.tell()
        try:
            if todo:
                for folder in _folders(intent.folder, todo):
                    await self._client.files.make_folder(folder)
                # Alone: what is wrong with the folder shows once, not eight times.
                await sending.send(todo[0])
                await self._send_all(sending, deque(todo[1:]))
        finally:
            await sending.flush()
        return _outcome(rows)

    async def _making(self, job: Job, intent: UploadIntent) -> "Making":
        """Return where the bytes of each file come from."""
        if intent.deidentify is None:
            return Making(None, frozenset())
        if self._copies is None:
            raise ChrislibError(
                "Files cannot be de-identified here.", "No original was sent."
            )
        run = await self._copies.open(job.key, intent, now=self._clock.time())
        plain = frozenset(file.local for file in intent.files if file.as_it_is)
        return Making(run, plain)

    async def _send_all(self, sending: "_Sending", queue: deque[ArtifactRow]) -> None:
        async def worker(number: int) -> None:
            await self._clock.sleep(number * STAGGER)
            while queue and not sending.hopeless:
                await sending.send(queue.popleft())

        try:
            async with asyncio.TaskGroup() as group:
                for number in range(min(CONNECTIONS, len(queue))):
                    group.create_task(worker(number), name=f"upload {number}")
        except BaseExceptionGroup as errors:
            raise _first(errors) from errors

    async def _rows(
        self, job: Job, intent: UploadIntent
    ) -> dict[str, ArtifactRow] | None:
        """Return the files of an earlier attempt, None when this is the first."""
        rows = await self._table.artifacts(job.key)
        if not rows and intent.files:
            return None
        return {row.remote_path: row for row in rows}

    async def _planned(self, job: Job, intent: UploadIntent) -> dict[str, ArtifactRow]:
        taken: set[str] = set()
        rows = [
            ArtifactRow(
                job_key=job.key,
                remote_path=_unused(file.remote, taken),
                local_path=file.local,
                size=file.size,
                state="WAITING",
                position=number,
            )
            for number, file in enumerate(intent.files)
        ]
        await self._table.save_artifacts(rows)
        return {row.remote_path: row for row in rows}

    async def _settle_interrupted(
        self, intent: UploadIntent, rows: dict[str, ArtifactRow], making: "Making"
    ) -> None:
        """Find out which files of an interrupted attempt have arrived.

        Sending one again would store a second copy under another name.
        """
        if all(row.state == "DONE" for row in rows.values()):
            return
        there: dict[str, tuple[int, int]] = {}
        if await self._client.files.folder(intent.folder) is not None:
            async for stored in self._client.files.tree(intent.folder):
                there[stored.path] = stored.size, stored.id
        settled = []
        for path, row in rows.items():
            if row.state == "DONE":
                continue
            cleaned = path_as_stored(path)
            size, file_id = there.get(cleaned, (-1, 0))
            if size >= 0:
                row = await making.measured(row)  # noqa: PLW2901
            if row.size is not None and size == row.size:
                row = replace(  # noqa: PLW2901
                    row, state="DONE", stored_path=cleaned, remote_id=file_id, reason=""
                )
            else:
                row = replace(row, state="WAITING")  # noqa: PLW2901
            rows[path] = row
            settled.append(row)
        await making.save(row for row in settled if row.state == "DONE")
        await self._table.save_artifacts(settled)


class Making:
    """Where the bytes of an upload's files come from: the files, or changed copies.

    Parameters
    ----------
    run : Run, optional
        Makes de-identified copies; None when the files are sent as they are.
    plain : frozenset of str
        Local paths that are sent as they are all the same.
    """

    def __init__(self, run: "Run | None", plain: frozenset[str]) -> None:
        self._run = run
        self._plain = plain
        self._made: dict[str, Copy] = {}

    @asynccontextmanager
    async def source(self, row: ArtifactRow) -> AsyncIterator[tuple[Path, ArtifactRow]]:
        """Have the file to send while inside, and the row with its true size (disk).

        Raises
        ------
        ChrislibError
            There is no copy; the original must not be sent in its place.
        """
        local = row.local_path or ""
        if self._run is None or local in self._plain:
            yield Path(local), row
            return
        async with self._run.copy(Path(local)) as ready:
            self._made[row.remote_path] = ready.copy
            made = ready.copy
            yield ready.path, replace(row, size=made.size, sha256=made.sha256)

    async def measured(self, row: ArtifactRow) -> ArtifactRow:
        """Return the row with the size its file has, or would have, on the server."""
        if self._run is None or row.sha256 is not None:
            return row
        try:
            async with self.source(row) as (_, changed):
                return changed
        except (ChrislibError, OSError):
            return row  # sending it meets the same and tells

    async def close(self) -> None:
        """End what makes copies."""
        if self._run is not None:
            await self._run.close()

    async def save(self, rows: Iterable[ArtifactRow]) -> None:
        """Write down what was done in files that were sent (disk)."""
        if self._run is not None:
            done = (row.remote_path for row in rows)
            made = [(path, self._made.pop(path, None)) for path in done]
            await self._run.save(
                [self._run.row(path, copy) for path, copy in made if copy is not None]
            )


class _Sending:
    """The files of one attempt and how far they are."""

    def __init__(
        self,
        client: "CubeClient",
        table: JobTable,
        *,
        rows: dict[str, ArtifactRow],
        report: Report,
        making: "Making",
    ) -> None:
        self._client = client
        self._table = table
        self._making = making
        self._rows = rows
        self._report = report
        self._bytes_total = sum(row.size or 0 for row in rows.values())
        done = [row for row in rows.values() if row.state == "DONE"]
        self._files_done = len(done)
        self._bytes_done = sum(row.size or 0 for row in done)
        self._under_way: dict[str, int] = {}
        self._unsaved: list[ArtifactRow] = []
        self._saved_at = time.monotonic()
        self._faults = 0

    @property
    def hopeless(self) -> bool:
        """Whether the server fails at every file."""
        return self._faults >= _FAULTS_IN_A_ROW

    def tell(self) -> None:
        """Report files done and bytes sent."""
        sent = self._bytes_done + sum(self._under_way.values())
        self._report.progress(
            Progress(
                self._files_done,
                len(self._rows),
                "files",
                bytes_done=sent,
                bytes_total=self._bytes_total,
            )
        )

    async def send(self, row: ArtifactRow) -> None:
        """Send one file; what is wrong with it alone is noted and not raised."""
        path = row.remote_path

        def moved(count: int) -> None:
            self._under_way[path] = count
            self.tell()

        try:
            async with self._making.source(row) as (local, changed):
                self._bytes_total += (changed.size or 0) - (row.size or 0)
                row = changed
                stored = await self._client.files.upload(local, path, progress=moved)
        except _OF_REACH:
            raise
        except (ChrislibError, OSError) as error:
            if isinstance(error, ServerFault):
                self._faults += 1
            await self._keep(replace(row, state="FAILED", reason=_reason(error)))
            return
        finally:
            self._under_way.pop(path, None)
        self._faults = 0
        if stored.path != path:
            _log.info("the server chose another name for an uploaded file")
        await self._keep(
            replace(
                row,
                state="DONE",
                stored_path=stored.path,
                remote_id=stored.id,
                bytes_done=stored.size,
                reason="",
            )
        )

    async def _keep(self, row: ArtifactRow) -> None:
        if row.state == "DONE":
            self._files_done += 1
            self._bytes_done += row.size or 0
        self._rows[row.remote_path] = row
        self._unsaved.append(row)
        self.tell()
        # A commit costs more than a small file; what a crash loses of this is found
        # again by listing the folder.
        if time.monotonic() - self._saved_at > _SAVE_EVERY:
            await self.flush()

    async def flush(self) -> None:
        """Write down what became of the files since the last time (disk)."""
        rows, self._unsaved = self._unsaved, []
        self._saved_at = time.monotonic()
        if rows:
            await self._making.save(row for row in rows if row.state == "DONE")
            await self._table.save_artifacts(rows)


def _unused(remote: str, taken: set[str]) -> str:
    """Return the path, numbered if another file of the upload has it already."""
    path = PurePosixPath(remote)
    number, candidate = 1, remote
    while candidate in taken:
        number += 1
        candidate = str(path.with_name(f"{path.stem}_{number}{path.suffix}"))
    taken.add(candidate)
    return candidate


def _folders(top: str, rows: list[ArtifactRow]) -> list[str]:
    """Return every folder that must be there, parents first."""
    found = {top}
    for row in rows:
        for parent in PurePosixPath(row.remote_path).parents:
            text = str(parent)
            if text.startswith(top + "/"):
                found.add(text)
    return sorted(found, key=lambda text: (text.count("/"), text))


def _outcome(rows: dict[str, ArtifactRow]) -> Outcome:
    failed = tuple(
        FailedFile(row.local_path or row.remote_path, row.reason or _NOT_TRIED)
        for row in rows.values()
        if row.state != "DONE"
    )
    done = len(rows) - len(failed)
    size = sum(row.size or 0 for row in rows.values() if row.state == "DONE")
    total = sum(row.size or 0 for row in rows.values())
    progress = Progress(done, len(rows), "files", bytes_done=size, bytes_total=total)
    if not failed:
        return Outcome(Phase.FINISHED, progress=progress)
    if done == 0:
        phase, what = Phase.FAILED, "No file could be sent."
    else:
        phase = Phase.FINISHED_WITH_ERRORS
        what = f"{done:,} of {len(rows):,} files are on the server."
    return Outcome(
        phase,
        f"{what} First reason: {_first_reason(failed)}",
        "Retry sends only the files that are missing.",
        progress=progress,
        failed_files=failed,
    )


def _first_reason(failed: tuple[FailedFile, ...]) -> str:
    return next((f.reason for f in failed if f.reason != _NOT_TRIED), _NOT_TRIED)


def _reason(error: ChrislibError | OSError) -> str:
    if isinstance(error, ChrislibError):
        return " ".join(part for part in (error.title, error.hint) if part)
    return error.strerror or type(error).__name__


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the error to act on of several that ended one attempt."""
    leaves: list[BaseException] = []
    for error in group.exceptions:
        leaves.append(_first(error) if isinstance(error, BaseExceptionGroup) else error)
    return next((e for e in leaves if isinstance(e, CubeError)), leaves[0])
