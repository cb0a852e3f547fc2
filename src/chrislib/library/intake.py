"""What is read before it is sent: scans, and the folders ZIP archives are opened in."""

import asyncio
import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from uuid import uuid4

from chrislib.aio import TaskOwner
from chrislib.jobs.model import Job, JobChange, Unpacking, UploadIntent
from chrislib.library.model import LocalScan
from chrislib.library.ports import JobsPort
from chrislib.library.scan import scan
from chrislib.library.thumbnails.makers import Makers

_log = logging.getLogger(__name__)

_TOLD_EVERY = 0.1
_GONE = ".gone"


class Intake:
    """Reads files and folders, and clears away what it unpacked for that.

    An archive is opened in a private folder, which lives as long as the scan is looked
    at and the upload of it runs. What a killed chrislib left is removed at the next
    start, unless an upload still needs it.

    Parameters
    ----------
    folder : Path
        Private to the user; made when an archive is opened.
    jobs : JobsPort
        Carries out the uploads.
    pictures : Makers, optional
        Makes small pictures of what was scanned; closed with this.
    """

    def __init__(
        self, *, folder: Path, jobs: JobsPort, pictures: Makers | None = None
    ) -> None:
        self._folder = folder
        self._pictures = pictures
        self._jobs = jobs
        self._open: set[Path] = set()
        self._tasks = TaskOwner("library intake")
        self._unsubscribe = jobs.subscribe(self._on_jobs)

    async def scan(
        self,
        paths: Sequence[Path],
        *,
        progress: Callable[[int], None] | None = None,
    ) -> LocalScan:
        """Read what files, folders and archives contain (disk, in a thread).

        `progress` gets the number of files looked at, on this thread, at most ten
        times a second. Cancelling stops the reading.
        """
        loop, stop, last = asyncio.get_running_loop(), threading.Event(), 0.0

        def tell(files: int) -> None:
            # who has cancelled may be gone by the time the loop comes to it
            if progress is not None and not stop.is_set():
                progress(files)

        def looked_at(files: int) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last > _TOLD_EVERY:
                last = now
                loop.call_soon_threadsafe(tell, files)

        place = self._folder / uuid4().hex
        self._open.add(place)

        def work() -> LocalScan:
            try:
                found = scan(
                    [Path(path) for path in paths],
                    progress=looked_at,
                    stop=stop,
                    unpack_into=place,
                )
            except BaseException:
                _remove(place)
                raise
            if stop.is_set() or not found.archives:
                _remove(place)
            return found

        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            return await asyncio.to_thread(work)
        finally:
            stop.set()

    async def picture(self, path: Path, *, side: int) -> bytes:
        """Return a small JPEG of a file, b"" if there is none (disk, a process)."""
        if self._pictures is None:
            return b""
        jpeg, _reason = await self._pictures.make(path, side=side, share=0.5)
        return jpeg

    def put_away(self, found: LocalScan) -> None:
        """Remove what was unpacked for a scan (disk, later), if no upload needs it."""
        needed = self._needed()
        for place in self._places(found.archives) - needed:
            self._start_removing(place)

    async def clear(self) -> None:
        """Remove what an earlier chrislib left (disk); its jobs must have been read."""
        kept = self._needed() | self._open
        await asyncio.to_thread(_clear, self._folder, kept)

    async def close(self) -> None:
        """Stop listening, and finish what is being removed; again changes nothing."""
        self._unsubscribe()
        self._unsubscribe = lambda: None
        if self._pictures is not None:
            await self._pictures.close()
        await self._tasks.close()

    def _on_jobs(self, changes: Sequence[JobChange]) -> None:
        for change in changes:
            archives = _archives(change.after)
            if archives and change.after.phase.terminal:
                for place in self._places(archives) - self._needed():
                    self._start_removing(place)

    def _needed(self) -> set[Path]:
        """Return the folders that uploads still take files from."""
        found: set[Path] = set()
        for job in self._jobs.jobs():
            if not job.phase.terminal:
                found |= self._places(_archives(job))
        return found

    def _places(self, archives: Iterable[Unpacking]) -> set[Path]:
        """Return the folders of ours that archives were opened in."""
        found = set()
        for one in archives:
            path = Path(one.folder)
            if self._folder in path.parents:
                found.add(self._folder / path.relative_to(self._folder).parts[0])
        return found

    def _start_removing(self, place: Path) -> None:
        self._open.discard(place)
        self._tasks.start(asyncio.to_thread(_remove, place), name="remove unpacked")


def _archives(job: Job) -> tuple[Unpacking, ...]:
    return job.intent.archives if isinstance(job.intent, UploadIntent) else ()


def _remove(place: Path) -> None:
    """Remove a folder: gone at once for whoever looks for it, then in fact (disk)."""
    gone = place.with_name(place.name + _GONE)
    try:
        place.rename(gone)
    except FileNotFoundError:
        return
    except OSError:
        gone = place
    shutil.rmtree(gone, ignore_errors=True)
    if gone.exists():
        _log.warning("an unpacked archive could not be removed")


def _clear(folder: Path, kept: set[Path]) -> None:
    try:
        left = [path for path in folder.iterdir() if path not in kept]
    except OSError:
        return
    for path in left:
        _remove(path)
