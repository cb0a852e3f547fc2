"""pydicom, imported when first needed and kept quiet.

pydicom tells about odd values through warnings and its logger, and both quote the
values. A value can be a name, so neither may reach a terminal or a log file.
"""

import logging
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from chrislib.dicom.errors import BrokenDicom, DicomError, NotDicom

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

PREAMBLE = 128
"""Bytes before the word DICM, PS3.10 section 7.1."""

_MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"
_lock = threading.Lock()
_saved: "list[warnings.catch_warnings[None]]" = []
_inside = 0


@contextmanager
def quiet() -> Iterator[None]:
    """Silence warnings while any thread is inside.

    ``warnings.catch_warnings`` alone is not safe when threads overlap: the second
    to leave would restore the silence of the first.
    """
    global _inside  # noqa: PLW0603 - the filters it guards are process-wide too
    with _lock:
        if _inside == 0:
            catcher = warnings.catch_warnings()
            catcher.__enter__()
            _saved.append(catcher)
            warnings.simplefilter("ignore")
            logging.getLogger("pydicom").setLevel(logging.CRITICAL)
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _saved.pop().__exit__(None, None, None)


def read_dataset(
    path: Path, *, stop_before_pixels: bool = False, tags: list[int] | None = None
) -> "FileDataset":
    """Read a DICOM file from disk, tolerating a missing preamble.

    Parameters
    ----------
    path : Path
        The file.
    stop_before_pixels : bool
        Leave the pixel data unread.
    tags : list of int, optional
        Only these elements.

    Raises
    ------
    NotDicom
        It is another kind of file, or empty.
    BrokenDicom
        It begins as DICOM and cannot be read on, or not at all.
    """
    try:
        with path.open("rb") as stream:
            return read_stream(stream, stop_before_pixels=stop_before_pixels, tags=tags)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BrokenDicom(f"{reason}.", title="This file cannot be read.") from error


def read_stream(
    stream: BinaryIO, *, stop_before_pixels: bool, tags: list[int] | None
) -> "FileDataset":
    """Read an open file; parameters and errors are those of `read_dataset`."""
    start = stream.read(PREAMBLE + 4)
    stream.seek(0)
    marked = start[PREAMBLE:] == b"DICM"
    if not marked and not plausible_start(start):
        raise NotDicom("It is empty." if not start else "")
    with quiet():
        from pydicom import dcmread

        try:
            dataset = dcmread(
                stream,
                force=not marked,
                stop_before_pixels=stop_before_pixels,
                specific_tags=list(tags) if tags is not None else None,
            )
        except (DicomError, MemoryError):
            raise
        except Exception as error:
            if marked:
                raise BrokenDicom from error
            raise NotDicom from error
        if not marked and not _plausible(dataset):
            raise NotDicom
    return dataset


def plausible_start(start: bytes) -> bool:
    """Whether a file without preamble begins with an element DICOM begins with.

    The first element of a data set is of group 0002 or 0008 (a few old files begin
    with 0004), in either byte order; what follows is a value representation or a
    length that is not absurd.
    """
    if len(start) < 8:
        return False
    words = struct.unpack("<HHHH", start[:8]), struct.unpack(">HHHH", start[:8])
    letters = start[4:6]
    explicit = letters.isalpha() and letters.isupper()
    for little, (group, element, first, second) in zip(
        (True, False), words, strict=True
    ):
        length = first + (second << 16) if little else second + (first << 16)
        if group in {0x0002, 0x0004, 0x0008} and element <= 0x0100:
            return explicit or length < 1024
    return False


def _plausible(dataset: "FileDataset") -> bool:
    """Whether a data set that was read by force identifies itself as DICOM."""
    known = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "Modality")
    return any(text(dataset, name) for name in known)


def value(dataset: Any, name: str) -> Any:
    """Return an element's value, None when it is absent, empty or unreadable.

    pydicom converts when asked, so callers do this inside `quiet`.
    """
    try:
        found = dataset.get(name)
    except Exception:  # noqa: BLE001 - pydicom converts lazily; any type may come
        return None
    return None if found is None or found == "" else found


def text(dataset: Any, name: str) -> str:
    """Return an element as text; several values are joined by a backslash."""
    found = value(dataset, name)
    return "" if found is None else words(found)


def words(found: Any) -> str:
    """Return a value of pydicom's as text."""
    try:
        if isinstance(found, bytes):
            found = found.decode("latin-1")
        if isinstance(found, str) or _is_name(found) or not hasattr(found, "__iter__"):
            return str(found).strip(" \0")
        return "\\".join(str(part).strip(" \0") for part in found)
    except Exception:  # noqa: BLE001 - an undecodable value counts as missing
        return ""


def _is_name(found: object) -> bool:
    return type(found).__name__ == "PersonName"


def integer(dataset: Any, name: str) -> int | None:
    """Return an element as a whole number, None when it is none of 64 bits."""
    numbers_ = numbers(dataset, name)
    found = int(numbers_[0]) if numbers_ else None
    return found if found is not None and abs(found) < 1 << 63 else None


def numbers(dataset: Any, name: str, count: int = 0) -> tuple[float, ...] | None:
    """Return an element's numbers; None if they are not `count` finite ones."""
    found = value(dataset, name)
    if found is None:
        return None
    try:
        parts = [found] if isinstance(found, (str, int, float)) else list(found)
        result = tuple(float(part) for part in parts)
    except (TypeError, ValueError, OverflowError):
        return None
    # a NaN differs from itself, and infinity minus itself is one
    if not result or any(part - part != 0 for part in result):
        return None
    return result if count in (0, len(result)) else None


def is_directory(sop_class: str) -> bool:
    """Whether the SOP class is that of a DICOMDIR."""
    return sop_class == _MEDIA_DIRECTORY
