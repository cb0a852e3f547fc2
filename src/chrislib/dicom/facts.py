"""The facts of a DICOM file: walked quickly, or by pydicom where it is unusual."""

import os
import stat
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from chrislib.dicom.conversion import Unusual
from chrislib.dicom.elements import pixels_from
from chrislib.dicom.errors import BrokenDicom, DicomError, NotDicom
from chrislib.dicom.reading import (
    PREAMBLE,
    integer,
    numbers,
    plausible_start,
    quiet,
    read_stream,
    text,
)
from chrislib.dicom.walker import FIRST, Walker
from chrislib.dicom.wanted import META, UNCHECKED, WANTED, Facts, says_what_it_is

_OPEN = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
_DEFLATED = "1.2.840.10008.1.2.1.99"
_LARGEST_FOR_PYDICOM = 1 << 28
"""Bytes; an unusual file may be read whole, and larger ones are images cut out of
joint with no name worth the memory."""


class FactReader:
    """Reads the facts of many files; keeps what their common values meant."""

    def __init__(self) -> None:
        self._walker = Walker()
        self.fallbacks = 0
        """How many files pydicom had to read."""

    def read(self, path: Path | str | bytes) -> Facts:
        """Read the header of a DICOM file (disk).

        Raises
        ------
        NotDicom
            It is another kind of file.
        BrokenDicom
            It is DICOM and cannot be read, or it cannot be opened.
        """
        try:
            descriptor = os.open(path, _OPEN)
        except OSError as error:
            raise unreadable(error) from error
        try:
            return self.read_open(descriptor)
        finally:
            os.close(descriptor)

    def read_open(self, descriptor: int, found: os.stat_result | None = None) -> Facts:
        """Read the header of an open file from its beginning; it stays open (disk).

        `found` is what the system says of it, if that is known already.
        """
        try:
            found = found or os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise NotDicom("It is no ordinary file.")
            facts = self._read(descriptor, found.st_size)
        except OSError as error:
            raise unreadable(error) from error
        if not says_what_it_is(facts):
            raise BrokenDicom("It ends before it says what it is.")
        return facts

    def _read(self, descriptor: int, size: int) -> Facts:
        start = os.read(descriptor, FIRST)
        marked = start[PREAMBLE : PREAMBLE + 4] == b"DICM"
        if not marked and not plausible_start(start):
            raise NotDicom("" if start else "It is empty.")
        try:
            facts = self._walker.walk(descriptor, size, start)
        except Unusual:
            self.fallbacks += 1
            return by_pydicom(descriptor, size)
        if not marked and not _identified(facts):
            raise NotDicom
        return facts


def _identified(facts: Facts) -> bool:
    return bool(facts.sop_class or facts.sop_uid or facts.study_uid or facts.modality)


def unreadable(error: OSError) -> BrokenDicom:
    """Return the error of a file that the system does not give."""
    reason = error.strerror or type(error).__name__
    return BrokenDicom(f"{reason}.", title="This file cannot be read.")


def by_pydicom(descriptor: int, size: int) -> Facts:
    """Read the facts of an open file with pydicom (disk).

    Raises
    ------
    NotDicom
        It is another kind of file.
    BrokenDicom
        It is DICOM and cannot be read.
    """
    if size > _LARGEST_FOR_PYDICOM:
        raise BrokenDicom("Its header is damaged.")
    os.lseek(descriptor, 0, os.SEEK_SET)
    with os.fdopen(os.dup(descriptor), "rb") as stream:
        dataset = read_stream(stream, stop_before_pixels=True, tags=_tags())
        facts = facts_of(dataset, size=size)
        return facts._replace(pixels=_pixels(dataset, facts, stream, size))


def facts_of(dataset: Any, *, size: int = 0) -> Facts:
    """Return the facts of a data set that pydicom has read."""
    meta = getattr(dataset, "file_meta", None)
    found: dict[str, Any] = {"size": size}
    with quiet():
        for wanted in WANTED:
            if wanted.kind == "INTEGER":
                found[wanted.field] = integer(dataset, wanted.keyword)
            elif wanted.kind == "NUMBERS":
                several = numbers(dataset, wanted.keyword, wanted.several)
                one = wanted.several == 0 and several
                found[wanted.field] = several[0] if one and several else several
            else:
                found[wanted.field] = text(dataset, wanted.keyword)
        for wanted in META:
            found[wanted.field] = text(meta, wanted.keyword)
    return Facts(**found)


def _pixels(dataset: Any, facts: Facts, stream: BinaryIO, size: int) -> int:
    """Return what is known of the pixels: pydicom stops where they begin."""
    if facts.transfer_syntax == _DEFLATED:
        return UNCHECKED
    implicit, little = dataset.original_encoding
    if implicit is None or little is None:
        return UNCHECKED
    return pixels_from(
        stream.fileno(), stream.tell(), size=size, little=little, implicit=implicit
    )


@cache
def _tags() -> list[int]:
    return [wanted.tag for wanted in WANTED]


__all__ = ["DicomError", "FactReader", "by_pydicom", "facts_of", "unreadable"]
