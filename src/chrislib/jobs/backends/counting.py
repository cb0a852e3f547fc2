"""Files and bytes of one transfer: how many there are, how many are done."""

import time
from collections.abc import Mapping

from chrislib.catalog.rows import ArtifactRow
from chrislib.jobs.backends.base import Report
from chrislib.jobs.model import Progress

_TELL_EVERY = 0.1


class Counting:
    """Counts what moves and tells it a few times a second.

    Parameters
    ----------
    rows : mapping
        The files as they were when the attempt began.
    report : Report
        Gets the progress.
    """

    def __init__(self, rows: Mapping[str, ArtifactRow], report: Report) -> None:
        self._report = report
        self._files = len(rows)
        self._bytes = sum(row.size or 0 for row in rows.values())
        done = [row for row in rows.values() if row.state == "DONE"]
        self._files_done = len(done)
        self._bytes_done = sum(row.size or 0 for row in done)
        self._under_way: dict[str, int] = {}
        self._told_at = time.monotonic()

    def resize(self, by: int) -> None:
        """Note that there are more bytes, or fewer, than there seemed to be."""
        self._bytes += by

    def moved(self, path: str, count: int) -> None:
        """Note how many bytes of a file have moved so far."""
        self._under_way[path] = count
        self.tell()

    def left(self, path: str) -> None:
        """Note that a file does not move any more."""
        self._under_way.pop(path, None)

    def done(self, size: int) -> None:
        """Note that a file of `size` bytes is where it belongs."""
        self._files_done += 1
        self._bytes_done += size

    def tell(self, *, now: bool = False) -> None:
        """Report files and bytes, now or when it was not done just before."""
        at = time.monotonic()
        if not now and at - self._told_at < _TELL_EVERY:
            return
        self._told_at = at
        self._report.progress(
            Progress(
                self._files_done,
                self._files,
                "files",
                bytes_done=self._bytes_done + sum(self._under_way.values()),
                bytes_total=self._bytes,
            )
        )
