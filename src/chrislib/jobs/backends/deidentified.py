"""De-identified copies for an upload: made one by one, right before each is sent."""

import asyncio
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from chrislib.aio import spawn
from chrislib.catalog.deidentify import DeidentifyTable, FileRow, RecordRow
from chrislib.dicom.deidentify.files import Copy
from chrislib.dicom.deidentify.profile import STANDARD, VERSION, Profile
from chrislib.dicom.deidentify.pseudonyms import Pseudonyms
from chrislib.errors import ChrislibError
from chrislib.jobs.model import JobKey, UploadIntent

_log = logging.getLogger(__name__)

_TRIES = 2
_PATIENCE = 300.0
"""Seconds for one file, of whatever size; it would hold up the whole upload."""


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
            "tool": f"chrislib {_program()}, de-identification {VERSION}",
            "project": project.code,
            "key": pseudonyms.mark(),
            "files_unchanged": sum(file.as_it_is for file in intent.files),
            "texts_in_pictures_agreed": how.text_agreed,
            "series_blacked_out": len({uid for uid, *_ in how.black}),
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
        maker = Maker(
            {
                "key": project.secret,
                "code": project.code,
                "options": list(profile.names),
                "apart": list(how.apart),
                "black": [list(one) for one in how.black],
            }
        )
        return Run(self, self._table, maker, key=key, text_agreed=how.text_agreed)

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
        maker: "Maker",
        *,
        key: JobKey,
        text_agreed: bool,
    ) -> None:
        self._copies = copies
        self._table = table
        self._maker = maker
        self._key = key
        self._text_agreed = text_agreed
        # One process does it; the others of the upload wait their turn.
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
                        self._maker.make, local, target, text_agreed=self._text_agreed
                    )
                )
            yield Ready(target, made)
        finally:
            await asyncio.shield(asyncio.to_thread(_remove, target))

    async def close(self) -> None:
        """End the process that makes copies."""
        await asyncio.to_thread(self._maker.close)

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


class Maker:
    """Has copies made by a process of its own; every call blocks, so use a thread.

    Parameters
    ----------
    project : mapping
        Key, code and options, as the process takes them.
    """

    def __init__(self, project: Mapping[str, object]) -> None:
        self._project = project
        self._process: subprocess.Popen[str] | None = None

    def make(self, source: Path, target: Path, *, text_agreed: bool) -> Copy:
        """Return the copy made of a file (process, disk).

        Raises
        ------
        ChrislibError
            The file cannot be de-identified, or the process dies over it.
        OSError
            The copy cannot be written.
        """
        request = {
            "source": str(source),
            "target": str(target),
            "text_agreed": text_agreed,
        }
        for _ in range(_TRIES):
            answer = self._ask(request)
            if answer is not None:
                return _copy_of(answer)
            _log.info("the process that de-identifies ended; another one goes on")
        raise ChrislibError(
            "This file could not be de-identified.",
            "It was not sent.",
            hint="Leave it out.",
        )

    def close(self) -> None:
        """End the process, whatever it does, and wait for it."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(OSError):
            process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        process.wait()

    def _ask(self, request: Mapping[str, object]) -> dict[str, Any] | None:
        """Return the answer, None when the process has died over it."""
        process = self._process or self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        watch = threading.Timer(_PATIENCE, process.kill)
        watch.daemon = True
        watch.start()
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            answer: dict[str, Any] = json.loads(process.stdout.readline())
        except (OSError, ValueError):
            self.close()
            return None
        finally:
            watch.cancel()
        return answer

    def _started(self) -> "subprocess.Popen[str]":
        self._process = subprocess.Popen(
            [sys.executable, "-m", "chrislib.dicom.deidentify.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="ascii",  # JSON escapes everything else
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(self._project) + "\n")
        return self._process


def _copy_of(answer: Mapping[str, Any]) -> Copy:
    if "refused" in answer:
        told = answer["refused"]
        raise ChrislibError(told["title"], told["detail"], hint=told["hint"])
    if "system" in answer:
        raise OSError(*answer["system"])
    if "failed" in answer:
        raise ChrislibError(
            "This file could not be de-identified.",
            "It needs more memory than there is. It was not sent.",
            hint="Close other programs, then retry.",
        )
    return Copy(answer["size"], answer["sha256"], answer["pseudonym"], answer["counts"])


def _program() -> str:
    """Return the program's version (disk)."""
    try:
        return metadata.version("chrislib")
    except metadata.PackageNotFoundError:
        return "from its sources"


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
