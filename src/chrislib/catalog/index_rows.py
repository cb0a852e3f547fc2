"""Rows of local files on their way into the catalog, and what their numbers mean.

Processes that read headers import this and no database.
"""

from typing import Any, NamedTuple

INSTANCE, OTHER, UNREADABLE, APART = range(4)
"""What a file is: part of a series; no DICOM; DICOM that cannot be read; DICOM that
belongs to no series (a DICOMDIR, or without its UID)."""

UNSETTLED = -1
"""The time of change of a file that changed while it was read: it is read again."""

Stat = tuple[bytes, int, int, int]
"""Name, bytes, time of change in nanoseconds, inode."""


class Batch(NamedTuple):
    """What was read from some files, as rows without the time they came.

    Attributes
    ----------
    files : list of tuple
        ``(folder, *the rest of the columns of local_file)``.
    series, studies, patients : dict
        Rows by key.
    words : dict
        Texts for searching by the key of the series: patient, study, series, numbers.
    """

    files: list[tuple[Any, ...]]
    series: dict[int, tuple[Any, ...]]
    studies: dict[int, tuple[Any, ...]]
    patients: dict[int, tuple[Any, ...]]
    words: dict[int, tuple[str, str, str, str]]
