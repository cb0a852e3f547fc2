"""Where the bytes of an upload's files come from: the files, or changed copies."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from chrislib.catalog.rows import ArtifactRow
from chrislib.errors import ChrislibError

if TYPE_CHECKING:
    from chrislib.dicom.deidentify.files import Copy
    from chrislib.jobs.backends.deidentified import Run


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
