"""Reads a portion of files: in this process, or in one that does nothing else."""

import gc
import os
import stat as modes

from chrislib.catalog.index_rows import UNSETTLED, Batch
from chrislib.dicom.errors import DicomError, NotDicom
from chrislib.dicom.facts import FactReader, unreadable
from chrislib.library.indexing import rows

Portion = list[tuple[bytes, list[bytes]]]
"""Folders, and the names of files in them that are to be read."""

_OPEN = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)


class PortionReader:
    """Reads portions of files into rows for the catalog."""

    def __init__(self) -> None:
        self._facts = FactReader()
        self._rows = rows.RowMaker()

    def read(self, portion: Portion) -> Batch:
        """Read the headers of files (disk); what is wrong with one is in its row."""
        batch = rows.empty()
        # Thousands of tuples and not one cycle: looking for any is a tenth of the time.
        collects = gc.isenabled()
        gc.disable()
        try:
            for folder, names in portion:
                place = os.path.join(folder, b"")
                for name in names:
                    self._file(batch, folder, name, place + name)
        finally:
            if collects:
                gc.enable()
        return batch

    def _file(self, batch: Batch, folder: bytes, name: bytes, path: bytes) -> None:
        try:
            descriptor = os.open(path, _OPEN)
        except FileNotFoundError:
            return  # it went away meanwhile: as if it had not been there
        except OSError as error:
            reason = reason_of(unreadable(error))
            rows.add_unreadable(batch, folder, _nothing(name, path), reason=reason)
            return
        try:
            before = os.fstat(descriptor)
            if not modes.S_ISREG(before.st_mode):
                rows.add_other(batch, folder, _stat(name, before, before))
                return
            try:
                facts = self._facts.read_open(descriptor, before)
            except NotDicom:
                stat = _stat(name, before, os.fstat(descriptor))
                rows.add_other(batch, folder, stat)
            except DicomError as error:
                stat = _stat(name, before, os.fstat(descriptor))
                rows.add_unreadable(batch, folder, stat, reason=reason_of(error))
            else:
                stat = _stat(name, before, os.fstat(descriptor))
                self._rows.add(batch, folder, stat, facts)
        finally:
            os.close(descriptor)


def reason_of(error: DicomError) -> str:
    """Return what is wrong with a file, in words for people."""
    return f"{error.title} {error.detail}".strip()


def _stat(
    name: bytes, before: os.stat_result, after: os.stat_result
) -> tuple[bytes, int, int, int]:
    settled = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    when = before.st_mtime_ns if settled else UNSETTLED
    return name, before.st_size, when, before.st_ino


def _nothing(name: bytes, path: bytes) -> tuple[bytes, int, int, int]:
    """Return what is known of a file that cannot be opened."""
    try:
        found = os.stat(path)
    except OSError:
        return name, 0, UNSETTLED, 0
    return name, found.st_size, found.st_mtime_ns, found.st_ino
