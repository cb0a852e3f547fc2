"""Downloads: files of the server to one folder of this computer."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from chrislib.catalog.jobs import JobTable
from chrislib.catalog.rows import ArtifactRow
from chrislib.cube.errors import (
    CubeError,
    NotFound,
    ServerUnreachable,
    ShortTransfer,
    TokenRejected,
)
from chrislib.cube.types import FileId, StoredFile
from chrislib.errors import ChrislibError
from chrislib.jobs.backends.base import Outcome, Report
from chrislib.jobs.backends.counting import Counting
from chrislib.jobs.backends.placing import (
    checked,
    drop_parts,
    named,
    placed,
    renamed,
    told,
)
from chrislib.jobs.backends.slots import EACH, STAGGER, Slots
from chrislib.jobs.model import DownloadIntent, FailedFile, Job, Phase, Progress
from chrislib.jobs.outputs import local_names, saving
from chrislib.jobs.outputs.parts import Saved
from chrislib.jobs.outputs.shelf import Shelf

if TYPE_CHECKING:
    # The HTTP library is half of the start-up time: it waits for the first paint.
    from chrislib.cube.client import CubeClient

_log = logging.getLogger(__name__)

_OF_REACH = (ServerUnreachable, TokenRejected)
_SAVE_EVERY = 0.25
_TRIES = 3
"""Times a file is begun in one attempt when its bytes end too early."""


class DownloadBackend:
    """Fetches files and keeps what became of each in the catalog.

    Parameters
    ----------
    slots : Slots, optional
        How many files may move at once, shared by all downloads.
    """

    def __init__(
        self, client: "CubeClient", table: JobTable, slots: Slots | None = None
    ) -> None:
        self._client = client
        self._table = table
        self._slots = slots or Slots()

    async def run(self, job: Job, report: Report) -> Outcome:
        """Fetch what is not there yet (network, disk).

        The first attempt lists the sources and fixes every local name; a repeated
        one goes by that list, so that nothing is fetched twice or named anew.

        Raises
        ------
        CubeError
            The server cannot be reached; what was saved is remembered.
        DiskFull
            Before anything is fetched, or on the way.
        """
        intent = job.intent
        assert isinstance(intent, DownloadIntent)
        folder = Path(intent.folder)
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        rows = await self._table.artifacts(job.key)
        if not rows:
            rows = await self._listed(job, intent, folder)
        elif any(row.state == "FAILED" for row in rows):
            rows = await self._looked_up(intent, rows)
        looked_at = await asyncio.to_thread(checked, rows)
        kept = {row.remote_path: row for row in looked_at}
        todo = [row for row in kept.values() if row.state != "DONE"]
        wanted = sum((row.size or 0) - row.bytes_done for row in todo)
        low = await asyncio.to_thread(saving.check_space, folder, wanted)
        fetching = _Fetching(
            self._client,
            self._table,
            rows=kept,
            report=report,
            folder=folder,
            root=await asyncio.to_thread(folder.resolve),
            slot=partial(self._slots.one, job.account_id),
        )
        fetching.tell(now=True)
        await self._table.save_artifacts(list(kept.values()))
        try:
            await self._fetch_all(fetching, deque(todo))
        except saving.DiskFull:
            await drop_parts(kept.values())
            raise
        finally:
            fetching.tell(now=True)
            await fetching.flush()
        # thousands of names: not on the event loop
        outcome = await asyncio.to_thread(_outcome, kept, folder)
        if outcome.failed_files:
            await drop_parts(kept.values())
        elif low:
            left = f"Less than {saving.megabytes(saving.LOW)} are left on this disk."
            detail = f"{left} {outcome.detail}".strip()
            outcome = replace(outcome, detail=detail, hint="Free some space soon.")
        return outcome

    async def _sources(self, intent: DownloadIntent) -> tuple[str, ...]:
        if intent.sources or intent.instance_id is None:
            return intent.sources
        instance = await self._client.instances.get(intent.instance_id)
        return (instance.output_path,)

    async def _listed(
        self, job: Job, intent: DownloadIntent, folder: Path
    ) -> list[ArtifactRow]:
        sources = await self._sources(intent)
        found: dict[str, tuple[ArtifactRow, str]] = {}
        for source in sources:
            top = _top(source) if len(sources) > 1 else ""
            async with aclosing(self._client.files.walk(source)) as entries:
                async for entry in entries:
                    file = entry.file
                    if file.path in found:
                        continue
                    single = file.path == source.strip("/")
                    relative = (
                        entry.relative
                        if single or not top
                        else f"{top}/{entry.relative}"
                    )
                    row = ArtifactRow(
                        job_key=job.key,
                        remote_path=file.path,
                        size=file.size,
                        remote_id=file.id,
                        state="WAITING",
                        position=len(found),
                    )
                    found[file.path] = row, relative
        wanted, taken = await asyncio.to_thread(named, found.values(), folder)
        before = await self._table.artifacts_at([str(target) for _, target in wanted])
        return await asyncio.to_thread(placed, wanted, taken, before)

    async def _looked_up(
        self, intent: DownloadIntent, rows: list[ArtifactRow]
    ) -> list[ArtifactRow]:
        """Ask again what the server has of the files that failed (network)."""
        found: dict[str, StoredFile] = {}
        try:
            for source in await self._sources(intent):
                async with aclosing(self._client.files.walk(source)) as entries:
                    async for entry in entries:
                        found[entry.file.path] = entry.file
        except NotFound:
            return rows  # each file says so itself
        return [
            replace(row, size=now.size, remote_id=now.id, bytes_done=0)
            if row.state == "FAILED"
            and (now := found.get(row.remote_path))
            and (now.size, now.id) != (row.size, row.remote_id)
            else row
            for row in rows
        ]

    async def _fetch_all(
        self, fetching: "_Fetching", queue: deque[ArtifactRow]
    ) -> None:
        async def worker(number: int) -> None:
            # a server answers eight that come at once with delays of seconds
            await asyncio.sleep(number * STAGGER)
            while queue:
                await fetching.fetch(queue.popleft())

        try:
            async with asyncio.TaskGroup() as group:
                # more than connections: those go on while files are put in place
                for number in range(min(4 * EACH, len(queue))):
                    group.create_task(worker(number), name=f"download {number}")
        except BaseExceptionGroup as errors:
            raise _first(errors) from errors


class _Fetching:
    """The files of one attempt and how far they are."""

    def __init__(
        self,
        client: "CubeClient",
        table: JobTable,
        *,
        rows: dict[str, ArtifactRow],
        report: Report,
        folder: Path,
        root: Path,
        slot: Callable[[], AbstractAsyncContextManager[None]],
    ) -> None:
        self._client = client
        self._table = table
        self._rows = rows
        self._counting = Counting(rows, report)
        self.tell = self._counting.tell
        self._folder = folder
        self._root = root
        self._slot = slot
        self._shelf = Shelf()
        self._unsaved: dict[str, ArtifactRow] = {}
        self._unsynced: set[Path] = set()
        self._saved_at = time.monotonic()

    async def fetch(self, row: ArtifactRow) -> None:
        """Fetch one file; what is wrong with it alone is noted and not raised."""
        try:
            saved = await self._saved(row, Path(row.local_path or ""))
        except (*_OF_REACH, saving.DiskFull):
            raise
        except (ChrislibError, ValueError, OSError) as error:
            now = self._rows[row.remote_path]
            await self._keep(replace(now, state="FAILED", reason=_reason(error)))
            return
        finally:
            self._counting.left(row.remote_path)
        self._counting.done(saved.size)
        self._unsynced.add(saved.path.parent)
        await self._keep(
            replace(
                row,
                state="DONE",
                local_path=str(saved.path),
                sha256=saved.sha256,
                bytes_done=saved.size,
                reason="",
            )
        )

    def _made(self, target: Path) -> Path:
        """Return where a file goes, its folders made, if that is inside (disk)."""
        parts = target.relative_to(self._root).parts
        # First where it would be, then, with its folders made, where it is.
        local_names.inside(self._folder, parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        return local_names.inside(self._folder, parts)

    async def _saved(self, row: ArtifactRow, target: Path) -> Saved:
        file_id = row.remote_id
        if file_id is None:
            raise NotFound("The server does not have this file any more.")

        async def synced(count: int) -> None:
            await self._keep(replace(row, state="MOVING", bytes_done=count))
            await self.flush()

        @asynccontextmanager
        async def opened(
            start: int,
        ) -> AsyncGenerator[tuple[int, AsyncIterator[bytes]]]:
            content = self._client.files.opened(
                FileId(file_id), size=row.size, start=start
            )
            async with self._slot(), content as given:
                yield given

        for last in (False,) * (_TRIES - 1) + (True,):
            try:
                return await saving.save(
                    opened,
                    target,
                    size=row.size,
                    moved=partial(self._counting.moved, row.remote_path),
                    start=self._rows[row.remote_path].bytes_done,
                    synced=synced,
                    make=self._made,
                    shelf=self._shelf,
                )
            except ShortTransfer:
                if last:
                    raise
        raise AssertionError("unreachable")

    async def flush(self) -> None:
        """Write down what became of the files since the last time (disk)."""
        rows, self._unsaved = self._unsaved, {}
        folders, self._unsynced = self._unsynced, set()
        self._saved_at = time.monotonic()
        if folders:
            await asyncio.to_thread(saving.sync_folders, folders)
        if rows:
            await self._table.save_artifacts(list(rows.values()))

    async def _keep(self, row: ArtifactRow) -> None:
        self._rows[row.remote_path] = self._unsaved[row.remote_path] = row
        self.tell()
        # A commit costs more than a small file; what a crash loses of this is seen
        # by what lies in the folder.
        if time.monotonic() - self._saved_at > _SAVE_EVERY:
            await self.flush()


def _top(source: str) -> str:
    """Return the sub-folder of one source among several: "data" says nothing."""
    parts = source.strip("/").split("/")
    return parts[-2] if parts[-1] == "data" and len(parts) > 1 else parts[-1]


def _outcome(rows: dict[str, ArtifactRow], folder: Path) -> Outcome:
    failed = tuple(
        FailedFile(row.remote_path, row.reason)
        for row in rows.values()
        if row.state != "DONE"
    )
    done = len(rows) - len(failed)
    size = sum(row.size or 0 for row in rows.values() if row.state == "DONE")
    total = sum(row.size or 0 for row in rows.values())
    progress = Progress(done, len(rows), "files", bytes_done=size, bytes_total=total)
    others = told(renamed(rows.values(), folder.resolve()))
    if not failed:
        return Outcome(Phase.FINISHED, others, progress=progress)
    phase = Phase.FINISHED_WITH_ERRORS if done else Phase.FAILED
    return Outcome(
        phase,
        f"{done:,} of {len(rows):,} files were saved. First reason: {failed[0].reason}"
        + (f" {others}" if others else ""),
        "Retry fetches only the files that are missing.",
        progress=progress,
        failed_files=failed,
    )


def _reason(error: Exception) -> str:
    if isinstance(error, ChrislibError):
        return " ".join(part for part in (error.title, error.hint) if part)
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return "Its name cannot be used here."


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    leaves: list[BaseException] = []
    for error in group.exceptions:
        leaves.append(_first(error) if isinstance(error, BaseExceptionGroup) else error)
    return next((e for e in leaves if isinstance(e, CubeError)), leaves[0])
