"""De-identified copies for an upload: made one by one, right before each is sent."""

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chrislib.aio import spawn
from chrislib.catalog.deidentify import DeidentifyTable, FileRow, RecordRow
from chrislib.dicom.deidentify.engine import Engine
from chrislib.dicom.deidentify.files import Copy, copy_file
from chrislib.dicom.deidentify.profile import STANDARD, VERSION, Profile
from chrislib.dicom.deidentify.pseudonyms import Pseudonyms
from chrislib.errors import ChrislibError
from chrislib.jobs.model import JobKey, UploadIntent

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ready:
    """A copy on disk that may leave the computer, and what was done in it."""

    path: Path
    copy: Copy


class Copies:
    """Makes de-identified copies in a folder of chrislib's own, and clears them away.

    Parameters
    ----------
    table : DeidentifyTable
        Keys of the projects, and the record of what is done.
    folder : Path
        Private to the user; what an ended process left in it is removed at once
        (disk).
    """

    def __init__(self, table: DeidentifyTable, folder: Path) -> None:
        self._table = table
        self._folder = folder / "de-identified"
        self._number = 0
        _clear(self._folder)

    async def open(self, key: JobKey, intent: UploadIntent, *, now: float) -> "Run":
        """Return what makes the copies of one upload, and begin its record (disk).

        Raises
        ------
        ChrislibError
            The project's key is not here, so the same pseudonyms cannot be made.
        """
        how = intent.deidentify
        assert how is not None
        project = await self._table.project(how.project_id)
        if project is None:
            raise ChrislibError(
                "The de-identification project of this upload is not on this computer.",
                "Without its key the files cannot get the same pseudonyms. "
                "No original was sent.",
                hint="Send them again with a project of this computer.",
            )
        profile = Profile.of(how.options)
        pseudonyms = Pseudonyms(bytes.fromhex(project.secret), project.code)
        body = {
            "standard": STANDARD,
            "profile": "Basic Application Level Confidentiality Profile",
            "options": list(profile.names),
            "codes": [list(code) for code in profile.codes],
            "tool": f"chrislib, de-identification {VERSION}",
            "project": project.code,
            "key": pseudonyms.mark(),
        }
        await self._table.begin_record(
            RecordRow(
                job_key=key,
                project_id=project.project_id,
                at=now,
                body=json.dumps(body),
            )
        )
        await asyncio.to_thread(self._make_folder)
        engine = Engine(profile, pseudonyms)
        agreed = how.text_agreed
        return Run(self, self._table, engine, key=key, text_agreed=agreed)

    def free_path(self) -> Path:
        """Return a path no copy has."""
        self._number += 1
        return self._folder / f"{os.getpid()}-{self._number}.dcm"

    def _make_folder(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)


class Run:
    """The copies of one upload."""

    def __init__(
        self,
        copies: Copies,
        table: DeidentifyTable,
        engine: Engine,
        *,
        key: JobKey,
        text_agreed: bool,
    ) -> None:
        self._copies = copies
        self._table = table
        self._engine = engine
        self._key = key
        self._text_agreed = text_agreed
        # Parsing holds the interpreter: several at once only slow the window down.
        self._one_at_a_time = asyncio.Lock()

    @asynccontextmanager
    async def copy(self, local: Path) -> AsyncIterator[Ready]:
        """Have the copy of a file while inside (disk, thread).

        Raises
        ------
        ChrislibError
            It cannot be de-identified; then it must not be sent.
        OSError
            The copy cannot be written.
        """
        target = self._copies.free_path()
        try:
            async with self._one_at_a_time:
                made = await _finished(
                    asyncio.to_thread(
                        copy_file,
                        local,
                        target,
                        self._engine,
                        text_agreed=self._text_agreed,
                    )
                )
            yield Ready(target, made)
        finally:
            await asyncio.shield(asyncio.to_thread(_remove, target))

    def row(self, remote: str, made: Copy) -> FileRow:
        """Return the record of one file."""
        return FileRow(
            job_key=self._key,
            remote_path=remote,
            size=made.size,
            sha256=made.sha256,
            pseudonym=made.pseudonym,
            counts=json.dumps(dict(made.counts)),
        )

    async def save(self, rows: list[FileRow]) -> None:
        """Write down what was done in files (disk)."""
        if rows:
            await self._table.save_files(rows)


async def _finished(work: Coroutine[Any, Any, Copy]) -> Copy:
    """Wait for a thread to its end even when cancelled: it is still writing."""
    task = spawn(work, name="de-identify", on_error=lambda _error: None)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        _log.warning("a de-identified copy could not be removed")


def _clear(folder: Path) -> None:
    """Remove what a process that is gone has left (disk).

    There is one process at a time that sends: the one that holds the catalog.
    """
    try:
        left = list(folder.iterdir())
    except OSError:
        return
    for path in left:
        _remove(path)
