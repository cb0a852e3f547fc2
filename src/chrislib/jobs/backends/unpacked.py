"""Archives of an upload: unpacked again where their folder has gone meanwhile."""

import asyncio
import shutil
import threading
from collections.abc import Iterable
from pathlib import Path

from chrislib.aio import spawn
from chrislib.desktop.archives import unpack
from chrislib.jobs.model import Unpacking

_HALF = ".half"


async def restore(archives: Iterable[Unpacking]) -> None:
    """Unpack what is not there (disk, threads): the same files at the same places.

    Raises
    ------
    BadArchive
        An archive is gone or damaged, or there is no room.
    """
    for one in archives:
        stop = threading.Event()
        work = spawn(
            asyncio.to_thread(_restore, Path(one.archive), Path(one.folder), stop),
            name="upload: unpack",
            on_error=lambda _error: None,
        )
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            # The thread must not go on writing behind whoever removes the folder.
            stop.set()
            await asyncio.wait([work])
            raise


def _restore(archive: Path, folder: Path, stop: threading.Event) -> None:
    if folder.exists():
        return
    half = folder.with_name(folder.name + _HALF)
    shutil.rmtree(half, ignore_errors=True)
    try:
        half.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        unpack(archive, half, stop=stop)
        if not stop.is_set():
            half.rename(folder)
    finally:
        shutil.rmtree(half, ignore_errors=True)
