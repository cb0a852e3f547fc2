"""The files of one attempt of an upload: each sent once, whatever the server does."""

import asyncio
import errno
import logging
import re
import stat
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from chrislib.catalog.jobs import JobTable
from chrislib.catalog.rows import ArtifactRow
from chrislib.cube.errors import (
    CubeError,
    NotFound,
    ServerFault,
    ServerUnreachable,
    TokenRejected,
)
from chrislib.cube.storage_paths import path_as_stored
from chrislib.errors import ChrislibError
from chrislib.jobs.backends.base import Report
from chrislib.jobs.backends.counting import Counting
from chrislib.jobs.backends.making import Making
from chrislib.jobs.clock import Clock

if TYPE_CHECKING:
    # The HTTP library is half of the start-up time: it waits for the first paint.
    from chrislib.cube.client import CubeClient
    from chrislib.cube.types import StoredFile

_log = logging.getLogger(__name__)

_SAVE_EVERY = 0.25
_TRIES = 3
"""Times one file is begun before it counts as failed."""
_LONGEST_WAIT = 30.0
_FAULTS_IN_A_ROW = 3
"""Files in a row the server failed at (its disk may be full): the rest would too."""
_BUSY = frozenset({"429", "502", "503", "504"})
_DISK = {
    errno.ENOSPC: "This computer's disk is full.",
    errno.EDQUOT: "This computer's disk is full.",
    errno.EACCES: "This computer gave no permission to read it.",
    errno.ENOENT: "It is not there any more.",
}


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file as the server has it."""

    path: str
    file_id: int
    size: int


class Sending:
    """The files of one attempt and how far they are.

    Attributes
    ----------
    uncertain : set of str
        Remote paths the server may have got more than once.
    """

    def __init__(
        self,
        client: "CubeClient",
        table: JobTable,
        *,
        rows: dict[str, ArtifactRow],
        report: Report,
        making: Making,
        clock: Clock,
    ) -> None:
        self._client = client
        self._table = table
        self._making = making
        self._clock = clock
        self._rows = rows
        self._counting = Counting(rows, report)
        self.tell = self._counting.tell
        self.uncertain: set[str] = set()
        self._unsaved: list[ArtifactRow] = []
        self._saved_at = time.monotonic()
        self._faults = 0

    @property
    def hopeless(self) -> bool:
        """Whether the server fails at every file."""
        return self._faults >= _FAULTS_IN_A_ROW

    async def send(self, row: ArtifactRow) -> None:
        """Send one file (network, disk); what is wrong with it alone is not raised.

        A connection that breaks over it is no reason to begin anew with the others:
        the server is asked whether it has the file, and it is sent again.

        Raises
        ------
        CubeError
            The server cannot be reached, or does not accept the sign-in any more.
        """
        path = row.remote_path
        for number in range(1, _TRIES + 1):
            try:
                row, arrived = await self._post(row)
            except (ServerUnreachable, ServerFault) as error:
                if not _may_have_arrived(error):
                    if isinstance(error, ServerUnreachable):
                        raise
                    await self._failed(row, error)
                    return
                self.uncertain.add(path)
                found = await self._there(row)
                if found is None:
                    if number == _TRIES:
                        await self._failed(row, error)
                        return
                    await self._clock.sleep(_pause(error, number))
                    continue
                arrived = found
            except TokenRejected:
                raise
            except (ChrislibError, OSError) as error:
                await self._failed(row, error)
                return
            await self._stored(row, arrived)
            return

    async def flush(self) -> None:
        """Write down what became of the files since the last time (disk)."""
        rows, self._unsaved = self._unsaved, []
        self._saved_at = time.monotonic()
        if rows:
            await self._making.save(row for row in rows if row.state == "DONE")
            await self._table.save_artifacts(rows)

    async def sweep(self, folder: str) -> None:
        """Delete second copies of files that were sent twice (network).

        A request that was under way when the connection, or chrislib, ended may be
        carried out later than the one that repeated it. The server gives the later
        one a name of its own.
        """
        if not self.uncertain:
            return
        kept = {row.stored_path for row in self._rows.values()}
        wanted: dict[tuple[str, int | None], list[str]] = {}
        for path in self.uncertain:
            row = self._rows[path]
            if row.state == "DONE":
                folder_of = row.stored_path.rpartition("/")[0]
                wanted.setdefault((folder_of, row.size), []).append(
                    path_as_stored(path)
                )
        extra = []
        async for stored in self._client.files.tree(folder):
            place = stored.path.rpartition("/")[0], stored.size
            names = wanted.get(place, ())
            if stored.path not in kept and any(
                _is_renamed(stored.path, name) for name in names
            ):
                extra.append(stored.id)
        for file_id in extra:
            _log.info("an upload that came twice is deleted")
            with suppress(NotFound):
                await self._client.files.delete_file(file_id)

    async def _post(self, row: ArtifactRow) -> tuple[ArtifactRow, Arrived]:
        path = row.remote_path

        try:
            async with self._making.source(row) as (local, changed):
                self._counting.resize((changed.size or 0) - (row.size or 0))
                stored = await self._client.files.upload(
                    local,
                    path,
                    size=changed.size,
                    progress=partial(self._counting.moved, path),
                )
        finally:
            self._counting.left(path)
        return replace(changed, size=stored.size), _arrived(stored)

    async def _there(self, row: ArtifactRow) -> Arrived | None:
        """Return the whole file if the server has it after all (network)."""
        row = await self._making.measured(row)
        stored = await self._client.files.file_at(path_as_stored(row.remote_path))
        if stored is None or stored.size != await size_here(row):
            return None
        return _arrived(stored)

    async def _stored(self, row: ArtifactRow, arrived: Arrived) -> None:
        wanted = path_as_stored(row.remote_path)
        if arrived.path != wanted and row.remote_path in self.uncertain:
            # The first try came through after all: its place was taken by itself.
            earlier = await self._client.files.file_at(wanted)
            if earlier is not None and earlier.size == arrived.size:
                await self._client.files.delete_file(arrived.file_id)
                arrived = _arrived(earlier)
        if arrived.path != wanted:
            _log.info("the server chose another name for an uploaded file")
        self._faults = 0
        self._counting.done(arrived.size)
        await self._keep(
            replace(
                row,
                state="DONE",
                stored_path=arrived.path,
                remote_id=arrived.file_id,
                size=arrived.size,
                bytes_done=arrived.size,
                reason="",
            )
        )

    async def _failed(self, row: ArtifactRow, error: ChrislibError | OSError) -> None:
        if isinstance(error, ServerFault):
            self._faults += 1
        # What it is like now is looked at when it is sent again.
        size = await size_here(replace(row, size=None))
        await self._keep(
            replace(row, state="FAILED", reason=reason_of(error), size=size)
        )

    async def _keep(self, row: ArtifactRow) -> None:
        self._rows[row.remote_path] = row
        self._unsaved.append(row)
        self.tell()
        # A commit costs more than a small file; what a crash loses of this is found
        # again by listing the folder.
        if time.monotonic() - self._saved_at > _SAVE_EVERY:
            await self.flush()


async def size_here(row: ArtifactRow) -> int | None:
    """Return the bytes a file should have on the server (disk, a thread)."""
    if row.size is not None or not row.local_path:
        return row.size
    return await asyncio.to_thread(_size_of, Path(row.local_path))


def reason_of(error: ChrislibError | OSError) -> str:
    """Return why a file was not sent, in words."""
    if isinstance(error, ChrislibError):
        return " ".join(part for part in (error.title, error.hint) if part)
    known = _DISK.get(error.errno or 0)
    return known or f"{error.strerror or type(error).__name__}."


def renamed(rows: Mapping[str, ArtifactRow]) -> int:
    """Count the files that the server has under another name than was asked for."""
    return sum(
        row.state == "DONE" and row.stored_path != path_as_stored(row.remote_path)
        for row in rows.values()
    )


def _size_of(path: Path) -> int | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_size if stat.S_ISREG(facts.st_mode) else None


def _arrived(stored: "StoredFile") -> Arrived:
    return Arrived(stored.path, stored.id, stored.size)


def _may_have_arrived(error: CubeError) -> bool:
    """Whether the server may have taken a file all the same."""
    if isinstance(error, ServerFault):
        return error.context.get("status") in _BUSY
    return error.context.get("sent") == "yes"


def _pause(error: CubeError, number: int) -> float:
    asked = error.context.get("retry_after", "")
    seconds = float(asked) if asked else 0.5 * 2**number
    return min(seconds, _LONGEST_WAIT)


def _is_renamed(path: str, wanted: str) -> bool:
    """Whether the server makes this name of one that is taken (trap 15)."""
    name, asked = PurePosixPath(path).name, PurePosixPath(wanted)
    whole = "".join(asked.suffixes)
    for ending in {asked.suffix, whole}:
        stem = asked.name.removesuffix(ending) if ending else asked.name
        pattern = rf"{re.escape(stem)}_[A-Za-z0-9]{{7}}{re.escape(ending)}"
        if re.fullmatch(pattern, name):
            return True
    return False
