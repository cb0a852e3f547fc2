"""Uploads: local files to one folder of the server, each remembered by itself."""

import asyncio
from collections import deque
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from chrislib.catalog.jobs import JobTable
from chrislib.catalog.rows import ArtifactRow
from chrislib.cube.errors import CubeError
from chrislib.cube.storage_paths import path_as_stored
from chrislib.errors import ChrislibError
from chrislib.jobs.backends.base import Outcome, Report
from chrislib.jobs.backends.making import Making
from chrislib.jobs.backends.sending import Sending, renamed, size_here
from chrislib.jobs.backends.unpacked import restore
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import FailedFile, Job, Phase, Progress, UploadIntent

if TYPE_CHECKING:
    # The HTTP library is half of the start-up time: it waits for the first paint.
    from chrislib.cube.client import CubeClient
    from chrislib.jobs.backends.deidentified import Copies

CONNECTIONS = 8
STAGGER = 0.02
"""Seconds between opening two connections: a burst overruns a listen backlog."""
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
            await restore(intent.archives)
            making = await self._making(job, intent)
        except ChrislibError as error:
            return Outcome(Phase.FAILED, f"{error.title} {error.detail}", error.hint)
        try:
            return await self._run(job, intent, report=report, making=making)
        finally:
            await making.close()

    async def _run(
        self, job: Job, intent: UploadIntent, *, report: Report, making: Making
    ) -> Outcome:
        rows = await self._rows(job, intent)
        doubtful: set[str] = set()
        if rows is None:
            rows = await self._planned(job, intent)
        else:
            doubtful = {path for path, row in rows.items() if row.state != "DONE"}
            await self._settle_interrupted(intent, rows, making)
        todo = [row for row in rows.values() if row.state != "DONE"]
        sending = Sending(
            self._client,
            self._table,
            rows=rows,
            report=report,
            making=making,
            clock=self._clock,
        )
        sending.uncertain |= doubtful
        sending.tell(now=True)
        try:
            if todo:
                for folder in _folders(intent.folder, todo):
                    await self._client.files.make_folder(folder)
                # Alone: what is wrong with the folder shows once, not eight times.
                await sending.send(todo[0])
                await self._send_all(sending, deque(todo[1:]))
        finally:
            sending.tell(now=True)
            await sending.flush()
        await sending.sweep(intent.folder)
        return _outcome(rows)

    async def _making(self, job: Job, intent: UploadIntent) -> Making:
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

    async def _send_all(self, sending: Sending, queue: deque[ArtifactRow]) -> None:
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
        self, intent: UploadIntent, rows: dict[str, ArtifactRow], making: Making
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
            if size >= 0 and size == await size_here(row):
                row = replace(  # noqa: PLW2901
                    row,
                    state="DONE",
                    stored_path=cleaned,
                    remote_id=file_id,
                    size=size,
                    bytes_done=size,
                    reason="",
                )
            else:
                row = replace(row, state="WAITING")  # noqa: PLW2901
            rows[path] = row
            settled.append(row)
        await making.save(row for row in settled if row.state == "DONE")
        await self._table.save_artifacts(settled)


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
        others = renamed(rows)
        said = (
            f"{others:,} of {len(rows):,} files have another name on the server, "
            "because theirs were taken."
            if others
            else ""
        )
        return Outcome(Phase.FINISHED, said, progress=progress)
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


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the error to act on of several that ended one attempt."""
    leaves: list[BaseException] = []
    for error in group.exceptions:
        leaves.append(_first(error) if isinstance(error, BaseExceptionGroup) else error)
    return next((e for e in leaves if isinstance(e, CubeError)), leaves[0])
