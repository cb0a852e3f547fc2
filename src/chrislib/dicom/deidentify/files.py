"""One file to its de-identified copy, pixels streamed past (reads and writes the disk).

The header is read, changed and written; the pixel data after it is copied in pieces,
so memory stays flat however large the file is. What stands after the pixel data
(signatures, padding, private groups) is left out.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

from chrislib.dicom.deidentify.blackout import (
    CODE,
    Area,
    Blackout,
    CannotBlackOut,
    blackout_of,
)
from chrislib.dicom.deidentify.burnt_in import LOOKED_AT, TextInPicture, reason_in
from chrislib.dicom.deidentify.engine import Change, Engine, Outcome
from chrislib.dicom.errors import BrokenDicom, DicomError, NotDicom
from chrislib.dicom.reading import (
    is_directory,
    quiet,
    read_dataset,
    read_stream,
    text,
)

_PIECE = 1 << 20
_DEFLATED = "1.2.840.10008.1.2.1.99"
_PIXELS = {
    0x7FE00008: "FloatPixelData",
    0x7FE00009: "DoubleFloatPixelData",
    0x7FE00010: "PixelData",
}
_UNDEFINED = 0xFFFFFFFF
_ITEM, _END_OF_SEQUENCE = 0xE000, 0xE0DD
_WHAT_IT_IS = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "Modality")
_OF_META = {
    "MediaStorageSOPClassUID": "SOPClassUID",
    "MediaStorageSOPInstanceUID": "SOPInstanceUID",
}
_META_KEPT = ("MediaStorageSOPClassUID", "TransferSyntaxUID")


@dataclass(frozen=True, slots=True)
class Copy:
    """A de-identified copy: `counts` says how often each thing was done in it."""

    size: int
    sha256: str
    pseudonym: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Preview:
    """What de-identifying a file would change."""

    pseudonym: str
    days: int
    changes: tuple[Change, ...]
    header: Any
    """The de-identified data set, without pixels."""
    text_in_picture: str
    """Why the picture may show text, or ""."""


def copy_file(
    source: Path,
    target: Path,
    engine: Engine,
    *,
    text_agreed: bool = False,
    black: Mapping[str, Sequence[Area]] = MappingProxyType({}),
) -> Copy:
    """Write the de-identified copy of a file (disk; slow: not on the UI thread).

    Parameters
    ----------
    source, target : Path
    engine : Engine
    text_agreed : bool
        Somebody agreed to send pictures that may show text.
    black : mapping of str to sequence of Area
        What is made black in the pictures of a series, by its UID.

    Raises
    ------
    CannotBlackOut
        Areas were chosen, and the picture's bytes cannot be changed safely.
    TextInPicture
        It may show text and nobody agreed.
    NotDicom
        It is no DICOM file, or a DICOMDIR, which cannot be de-identified.
    BrokenDicom
        It cannot be read or written again. Nothing is left at `target`.
    OSError
        The copy cannot be written.
    """
    header, body = _read(source)
    with quiet():
        areas = black.get(text(header, "SeriesInstanceUID"), ())
        blackout = blackout_of(header, areas) if areas else None
        reason = "" if text_agreed or areas else reason_in(header)
        if reason:
            raise TextInPicture(reason)
        outcome = _changed(header, engine)
        if blackout is not None:
            _say_black(header, blackout)
        start = _encoded(header)
    try:
        size, digest = _write(target, start, source, body, blackout)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return Copy(size, digest, outcome.subject.pseudonym, dict(outcome.counts))


def blackout_reason(source: Path) -> str:
    """Return why the picture of a file cannot be blacked out, or "" (disk).

    Raises
    ------
    NotDicom, BrokenDicom
        As `copy_file`.
    """
    header, _ = _read(source)
    with quiet():
        try:
            blackout_of(header, [Area(0, 0, 1, 1)])
        except CannotBlackOut as error:
            return error.detail.removesuffix(" It was not sent.")
    return ""


def text_in(source: Path) -> str:
    """Return why the picture of a file may show text, or "" (disk).

    Raises
    ------
    NotDicom, BrokenDicom
        As `copy_file`.
    """
    header = read_dataset(source, stop_before_pixels=True, tags=list(LOOKED_AT))
    with quiet():
        return reason_in(header)


def preview(source: Path, engine: Engine, *, trace: bool = True) -> Preview:
    """Return what de-identifying a file would change (disk; nothing is written).

    Parameters
    ----------
    source : Path
    engine : Engine
    trace : bool
        Tell every attribute before and after; without it only the header and name.

    Raises
    ------
    NotDicom, BrokenDicom
        As `copy_file`.
    """
    header, _ = _read(source)
    with quiet():
        reason = reason_in(header)
        outcome = _changed(header, engine, trace=trace)
    return Preview(
        pseudonym=outcome.subject.pseudonym,
        days=outcome.subject.days,
        changes=tuple(outcome.changes),
        header=header,
        text_in_picture=reason,
    )


def _changed(header: Any, engine: Engine, *, trace: bool = False) -> Outcome:
    try:
        outcome = engine.apply(header, trace=trace)
        _meta(header)
    except (DicomError, MemoryError):
        raise
    except Exception as error:
        raise BrokenDicom from error
    return outcome


def _read(source: Path) -> tuple[Any, "_Body"]:
    """Return the header, and where the pixel data is."""
    try:
        with source.open("rb") as file:
            header = read_stream(file, stop_before_pixels=True, tags=None)
            with quiet():
                meta = getattr(header, "file_meta", None)
                syntax = text(meta, "TransferSyntaxUID")
            body = None if syntax == _DEFLATED else _find_pixels(header, file)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BrokenDicom(f"{reason}.", title="This file cannot be read.") from error
    if body is None:
        header, body = read_dataset(source), _Body()
    with quiet():
        meta = getattr(header, "file_meta", None)
        if is_directory(
            text(header, "SOPClassUID") or text(meta, "MediaStorageSOPClassUID")
        ):
            raise NotDicom("It is the table of contents of a disc (DICOMDIR).")
        if not any(text(header, name) for name in _WHAT_IT_IS):
            raise BrokenDicom("It does not say what it is.")
    return header, body


@dataclass(frozen=True, slots=True)
class _Body:
    """The bytes of a file that are copied as they are."""

    start: int = 0
    end: int = 0
    ahead: int = 0
    """Bytes of tag, VR and length before the value."""


def _find_pixels(header: Any, file: BinaryIO) -> _Body | None:
    """Return the place of the pixel data element, from its tag to its end.

    The file is where reading the header has stopped. None means that something else
    stands there: then the file has to be read whole.
    """
    size, start = os.fstat(file.fileno()).st_size, file.tell()
    order = "little" if _little(header) else "big"
    front = file.read(12)
    if len(front) < 8:
        return _Body()
    group, element = _word(front, 0, order), _word(front, 2, order)
    if (group << 16 | element) not in _PIXELS:
        return None
    if _implicit(header):
        length, ahead = int.from_bytes(front[4:8], order), 8  # type: ignore[arg-type]
    elif front[4:6] in (b"OB", b"OW", b"OF", b"OD", b"UN", b"OL", b"OV"):
        length, ahead = int.from_bytes(front[8:12], order), 12  # type: ignore[arg-type]
    else:
        length, ahead = _word(front, 6, order), 8
    if length != _UNDEFINED:
        return _Body(start, min(start + ahead + length, size), ahead)
    return _Body(start, _end_of_fragments(file, start + ahead, size), ahead)


def _end_of_fragments(file: BinaryIO, at: int, size: int) -> int:
    """Return where encapsulated pixel data ends (PS3.5 section A.4)."""
    while at + 8 <= size:
        file.seek(at)
        front = file.read(8)
        if len(front) < 8 or _word(front, 0, "little") != 0xFFFE:
            break
        element = _word(front, 2, "little")
        length = int.from_bytes(front[4:8], "little")
        at += 8
        if element == _END_OF_SEQUENCE:
            return at
        if element != _ITEM or length == _UNDEFINED:
            break
        at += length
    return min(at, size)


def _word(data: bytes, at: int, order: str) -> int:
    return int.from_bytes(data[at : at + 2], order)  # type: ignore[arg-type]


def _little(header: Any) -> bool:
    return bool(header.original_encoding[1])


def _implicit(header: Any) -> bool:
    return bool(header.original_encoding[0])


def _meta(header: Any) -> None:
    """Replace the file meta information: senders and private parts may name places."""
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import (
        PYDICOM_IMPLEMENTATION_UID,
        ExplicitVRBigEndian,
        ExplicitVRLittleEndian,
        ImplicitVRLittleEndian,
    )

    old = getattr(header, "file_meta", None)
    new = FileMetaDataset()
    new.FileMetaInformationVersion = b"\0\1"
    for name in _META_KEPT:
        value = text(old, name) if old is not None else ""
        if value:
            setattr(new, name, value)
    if "TransferSyntaxUID" not in new:
        implicit, little = header.original_encoding
        explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        new.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else explicit
    for name, own in _OF_META.items():
        value = text(header, own)
        if value:
            setattr(new, name, value)
    new.ImplementationClassUID = PYDICOM_IMPLEMENTATION_UID
    new.ImplementationVersionName = "CHRISLIB"
    header.file_meta = new
    header.preamble = b"\0" * 128


def _encoded(header: Any) -> bytes:
    """Return the header as the beginning of a file; odd values are left out."""
    try:
        return _save(header)
    except Exception:  # noqa: BLE001 - pydicom writes what it read, or raises anything
        _drop_unwritable(header)
    try:
        return _save(header)
    except Exception as error:
        raise BrokenDicom("It cannot be written again.") from error


def _save(header: Any) -> bytes:
    from pydicom import dcmwrite

    implicit, little = header.original_encoding
    out = BytesIO()
    dcmwrite(
        out,
        header,
        implicit_vr=bool(implicit),
        little_endian=bool(little),
        enforce_file_format=False,
        force_encoding=True,
    )
    return out.getvalue()


def _drop_unwritable(header: Any) -> None:
    from pydicom.dataset import Dataset
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_dataset

    implicit, little = header.original_encoding
    for tag in list(header.keys()):
        alone = Dataset()
        try:
            alone[tag] = header[tag]
            buffer = DicomBytesIO()
            buffer.is_implicit_VR = bool(implicit)
            buffer.is_little_endian = bool(little)
            write_dataset(buffer, alone)
        except Exception:  # noqa: BLE001 - whatever it is, it cannot be sent
            del header[tag]


def _say_black(header: Any, blackout: Blackout) -> None:
    """Say in the data set that areas are black; do it where it holds the pixels."""
    from pydicom.dataset import Dataset

    item = Dataset()
    item.CodeValue, item.CodeMeaning = CODE
    item.CodingSchemeDesignator = "DCM"
    header.DeidentificationMethodCodeSequence.append(item)
    header.BurnedInAnnotation = "NO"
    if "PixelData" in header:
        pixels = bytearray(header.PixelData)
        blackout.cover(pixels, 0)
        header.PixelData = bytes(pixels)


def _write(
    target: Path,
    start: bytes,
    source: Path,
    body: _Body,
    blackout: Blackout | None,
) -> tuple[int, str]:
    digest = hashlib.sha256(start)
    size = len(start)
    descriptor = os.open(target, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with open(descriptor, "wb") as out:
        out.write(start)
        left = body.end - body.start
        if left:
            with source.open("rb") as file:
                file.seek(body.start)
                at = -body.ahead
                while left:
                    piece = file.read(min(_PIECE, left))
                    if not piece:
                        raise BrokenDicom("It became shorter while it was read.")
                    if blackout is not None:
                        piece = _covered(piece, blackout, at)
                    at += len(piece)
                    out.write(piece)
                    digest.update(piece)
                    size += len(piece)
                    left -= len(piece)
    return size, digest.hexdigest()


def _covered(piece: bytes, blackout: Blackout, at: int) -> bytes:
    """Return a piece with its areas black; `at` is below 0 where a tag stands first."""
    ahead, pixels = piece[: max(0, -at)], bytearray(piece[max(0, -at) :])
    blackout.cover(pixels, max(0, at))
    return ahead + bytes(pixels)
