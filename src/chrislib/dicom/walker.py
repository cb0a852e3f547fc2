"""Walks from element to element of a DICOM file and keeps the wanted ones.

An element says how long it is, so that most of a header, and all of the pixels, are
stepped over unread (PS3.5 section 7.1). Whatever is out of the ordinary raises
`Unusual`: pydicom then reads the file.
"""

import os
import zlib
from typing import NamedTuple

from chrislib.dicom.conversion import (
    SKIPPED,
    SKIPPED_LONG,
    Memo,
    Quick,
    Tables,
    Unusual,
    Value,
    stored_tag,
)
from chrislib.dicom.elements import (
    EMPTY,
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    LONG_VRS,
    META_AT,
    SHORT_VRS,
    UNDEFINED,
    Fetch,
    Form,
    Trace,
    Walk,
    hurry,
)
from chrislib.dicom.errors import BrokenDicom
from chrislib.dicom.layout import Kept, Layout
from chrislib.dicom.reading import PREAMBLE
from chrislib.dicom.wanted import CUT_SHORT, META, NO_PIXELS, WHOLE, Facts

FIRST = 8192
"""Bytes read at once; most headers end within."""
_LAYOUTS = 4
"""Layouts that are tried before a header is walked."""
_CREDIT = 64
"""Layouts that are kept without any being found again: noting one costs a walk."""
_UNPACKED_HEAD = 1 << 18
_LARGEST_UNPACKED = 1 << 31

_IMPLICIT = "1.2.840.10008.1.2"
_BIG_ENDIAN = "1.2.840.10008.1.2.2"
_DEFLATED = "1.2.840.10008.1.2.1.99"

_PIXELS_AT = META_AT + len(META)
_META_PLACES = {
    stored_tag(one.tag, little=True): META_AT + place for place, one in enumerate(META)
}
_SYNTAX_AT = META_AT + 1
_SYNTAX = stored_tag(0x00020010, little=True)


class Walker:
    """Reads headers; remembers what values meant from file to file.

    Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._tables = Tables()
        self._layouts: list[_Known] = []
        self._credit = _CREDIT

    def walk(self, descriptor: int, size: int, first: bytes) -> Facts:
        """Read the header of an open file (disk).

        Parameters
        ----------
        descriptor : int
            An ordinary file, open for reading.
        size : int
            Bytes of it.
        first : bytes
            What it begins with, `FIRST` bytes if there are as many.

        Raises
        ------
        Unusual
            pydicom should read it: other kinds of file end up here too.
        BrokenDicom
            It cannot be read, or not without risk.
        """

        def fetch(place: int, count: int) -> bytes:
            os.lseek(descriptor, place, os.SEEK_SET)
            return os.read(descriptor, count)

        for layout in self._layouts:
            found = layout.layout.read(first)
            if found is None:
                continue
            if layout.pixels is None:
                if size != layout.end:
                    continue
                found[_PIXELS_AT] = NO_PIXELS
            elif layout.pixels != UNDEFINED:
                there = layout.end + layout.pixels <= size
                found[_PIXELS_AT] = WHOLE if there else CUT_SHORT
            else:
                walk = Walk(self._tables, layout.form, found)
                found[_PIXELS_AT] = walk.whole(
                    fetch, layout.end, layout.pixels, size=size
                )
            found[_PIXELS_AT + 1] = size
            self._credit = min(self._credit + 1, _CREDIT)
            return Facts._make(found)

        facts: list[Value] = EMPTY.copy()
        facts[_PIXELS_AT + 1] = size
        begin = PREAMBLE + 4 if first[PREAMBLE : PREAMBLE + 4] == b"DICM" else 0
        start, syntax = _meta(first, begin, facts)
        if syntax == _DEFLATED:
            head, length = _unpacked(fetch, start)
            walk = Walk(self._tables, EXPLICIT_LITTLE, facts)
            pixels = walk.run(_from_memory(head), 0, size=length, first=head)
        else:
            form = _form_of(syntax) if syntax else _guessed(first, start)
            walk = Walk(self._tables, form, facts)
            if begin and form.little and self._credit > 0:
                walk.trace = Trace()
            pixels = walk.run(fetch, start, size=size, first=first)
            if walk.trace is not None and pixels in (WHOLE, NO_PIXELS):
                self._remember(first, start, walk.trace, form=form, facts=facts)
        facts[_PIXELS_AT] = pixels
        return Facts._make(facts)

    def _remember(
        self, first: bytes, start: int, trace: Trace, *, form: Form, facts: list[Value]
    ) -> None:
        """Keep how a header was laid out: the next file may be laid out alike."""
        self._credit -= 1
        constants = EMPTY.copy()
        constants[0] = facts[0]
        constants[_SYNTAX_AT] = facts[_SYNTAX_AT]
        kept, heads = _meta_values(first, start)
        layout = Layout(
            first,
            trace.end,
            kept=[*kept, *trace.kept],
            heads=[*heads, *trace.heads],
            constants=constants,
        )
        known = _Known(layout, form, trace.end, trace.pixels)
        self._layouts = [known, *self._layouts[: _LAYOUTS - 1]]


class _Known(NamedTuple):
    layout: Layout
    form: Form
    end: int
    pixels: int | None


def _meta_values(first: bytes, start: int) -> tuple[list[Kept], list[slice]]:
    """Return the wanted values of file meta information, and what must be the same."""
    kept: list[Kept] = []
    heads = [slice(PREAMBLE, PREAMBLE + 4)]
    at = PREAMBLE + 4
    while at < start:
        tag, vr, length = EXPLICIT_LITTLE.head(first, at)
        heads.append(slice(at, at + (12 if vr in LONG_VRS else 8)))
        if vr in LONG_VRS:
            length = EXPLICIT_LITTLE.length(first, at + 8)[0]
            at += 4
        at += 8
        if tag == _SYNTAX:
            heads.append(slice(at, at + length))
        elif tag in _META_PLACES:
            kept.append((at, at + length, _META_PLACES[tag], _UIDS))
        at += length
    return kept, heads


def _meta(first: bytes, at: int, facts: list[Value]) -> tuple[int, str]:
    """Return where the data set begins, and the transfer syntax (PS3.10 section 7.1).

    File meta information is explicit, little endian, and begins the file or follows
    the preamble.
    """
    head, length_of = EXPLICIT_LITTLE.head, EXPLICIT_LITTLE.length
    at = hurry(first, at, quick=_META_QUICK, facts=facts)
    syntax, end = str(facts[_SYNTAX_AT]), len(first)
    while at + 8 <= end:
        tag, vr, length = head(first, at)
        if tag & 0xFFFF != 2:
            break
        if vr in SHORT_VRS:
            at += 8
        elif vr in LONG_VRS:
            if at + 12 > end:
                raise Unusual
            length = length_of(first, at + 8)[0]
            at += 12
        else:
            raise Unusual
        if length > end - at:
            raise Unusual
        if tag in _META_PLACES:
            if vr != b"UI":
                raise Unusual
            text = _UIDS[first[at : at + length]]
            facts[_META_PLACES[tag]] = text
            if tag == _SYNTAX:
                syntax = str(text)
        at += length
    if at + 8 > end or first[at : at + 2] == b"\0\0":
        raise Unusual  # nothing follows, or a command set (PS3.7) does
    return at, syntax


def _uid(raw: bytes) -> str:
    text = raw.decode("latin-1").strip(" \0")
    if not text.replace(".", "").isdigit():
        raise Unusual
    return text


_UIDS = Memo(_uid)
_META_QUICK: dict[bytes, Quick] = {
    b"\2\0\0\0UL": SKIPPED,
    b"\2\0\1\0OB": SKIPPED_LONG,
    b"\2\0\2\0UI": (META_AT, _UIDS),
    b"\2\0\3\0UI": SKIPPED,
    b"\2\0\x10\0UI": (_SYNTAX_AT, _UIDS),
    b"\2\0\x12\0UI": SKIPPED,
    b"\2\0\x13\0SH": SKIPPED,
    b"\2\0\x16\0AE": SKIPPED,
}
"""The elements that usual file meta information has (PS3.10 table 7.1-1)."""


def _form_of(syntax: str) -> Form:
    if syntax == _IMPLICIT:
        return IMPLICIT_LITTLE
    return EXPLICIT_BIG if syntax == _BIG_ENDIAN else EXPLICIT_LITTLE


def _guessed(first: bytes, at: int) -> Form:
    """Return the form of a data set whose transfer syntax is not stated."""
    if first[at + 4 : at + 6] in SHORT_VRS | LONG_VRS:
        group = first[at] | first[at + 1] << 8
        return EXPLICIT_BIG if group >= 0x0400 else EXPLICIT_LITTLE
    return IMPLICIT_LITTLE


def _from_memory(head: bytes) -> Fetch:
    return lambda place, count: head[place : place + count]


def _unpacked(fetch: Fetch, start: int) -> tuple[bytes, int]:
    """Return the head of a deflated data set (PS3.5 annex A.5), and its length."""
    packer = zlib.decompressobj(-zlib.MAX_WBITS)
    head, length, place = b"", 0, start
    while not packer.eof:
        packed = packer.unconsumed_tail
        if not packed:
            packed = fetch(place, 1 << 16)
            place += len(packed)
        if not packed:
            raise BrokenDicom("It ends in the middle of its compressed content.")
        try:
            part = packer.decompress(packed, 1 << 18)
        except zlib.error as error:
            raise BrokenDicom("Its compressed content is damaged.") from error
        length += len(part)
        if len(head) < _UNPACKED_HEAD:
            head += part
        if length > _LARGEST_UNPACKED:
            raise BrokenDicom("It unpacks to far more than an image has.")
    return head, length
