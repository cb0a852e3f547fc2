"""Elements of a data set: stepped over, or kept when they are wanted.

PS3.5 section 7.1. No length is believed before it fits the file.
"""

import os
import struct
from collections.abc import Callable

from chrislib.dicom.conversion import (
    SKIPPED,
    SKIPPED_LONG,
    Quick,
    Tables,
    Unusual,
    Value,
    stored_tag,
)
from chrislib.dicom.layout import Kept
from chrislib.dicom.wanted import (
    CUT_SHORT,
    NO_PIXELS,
    UNCHECKED,
    WANTED,
    WHOLE,
    Facts,
)

Fetch = Callable[[int, int], bytes]
"""Gives up to so many bytes from a place on; fewer only at the end."""

_MORE = 4096
_LARGEST_VALUE = 1 << 16
_LONGEST_WALK = 20_000
"""Elements stepped over before it is left open what follows: functional groups of
ten thousand frames hold a million."""
_ELEMENTS_A_READ = 16
_MOST_FRAGMENTS = 4096
_DEEPEST = 16
UNDEFINED = 0xFFFFFFFF

# fmt: off
SHORT_VRS = frozenset((
    b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FL", b"FD", b"IS", b"LO", b"LT",
    b"PN", b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US",
))
LONG_VRS = frozenset((
    b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT",
    b"UV",
))
# fmt: on
_BEGINS = struct.Struct("<6sH").unpack_from
_BEGINS_IMPLICIT = struct.Struct("<4sI").unpack_from
_LENGTH = struct.Struct("<I").unpack_from
_LAST_WANTED = max(one.tag for one in WANTED)
EMPTY: list[Value] = list(Facts())
"""The facts of a file that says nothing."""
META_AT = len(WANTED)


class Form:
    """How elements are laid out: byte order, and with or without their VR."""

    def __init__(self, *, little: bool, implicit: bool) -> None:
        order = "<" if little else ">"
        self.little = little
        self.implicit = implicit
        self.head = struct.Struct(order + ("II" if implicit else "I2sH")).unpack_from
        self.length = struct.Struct(order + "I").unpack_from
        self.item = struct.Struct(order + "II").unpack_from
        self.character_set = stored_tag(0x00080005, little=little)
        self.start_of_item = stored_tag(0xFFFEE000, little=little)
        self.end_of_item = stored_tag(0xFFFEE00D, little=little)
        self.end_of_sequence = stored_tag(0xFFFEE0DD, little=little)


EXPLICIT_LITTLE = Form(little=True, implicit=False)
EXPLICIT_BIG = Form(little=False, implicit=False)
IMPLICIT_LITTLE = Form(little=True, implicit=True)


class Trace:
    """What was noted of a header while it was walked."""

    def __init__(self) -> None:
        self.kept: list[Kept] = []
        """Wanted values."""
        self.heads: list[slice] = []
        """Where is what the walk went by, and must be the same; in order."""
        self.end = 0
        self.pixels: int | None = None
        """How long the pixel data says it is; None without any."""


class Walk:
    """One walk through one data set."""

    def __init__(self, tables: Tables, form: Form, facts: list[Value]) -> None:
        self._tables = tables
        self._form = form
        self._facts = facts
        self._left = _LONGEST_WALK
        self.trace: Trace | None = None
        """Set before `run` to have the layout of the header noted; None after it when
        there is none to be had."""

    def run(
        self, fetch: Fetch, start: int, *, size: int, first: bytes, base: int = 0
    ) -> int:
        """Walk from `start` until the pixels or the end; return how they are.

        `first` is what is at `base`.
        """
        self._fetch = fetch
        self._size = size
        self._buffer = first
        self._base = base
        if self._form.implicit:
            letters = first[start - base + 4 : start - base + 6]
            if len(letters) == 2 and all(0x40 < letter < 0x5B for letter in letters):
                raise Unusual  # it has VRs after all
        return self._elements(start)

    def _elements(self, place: int) -> int:  # noqa: C901, PLR0912, PLR0915
        # One long loop: a call for each element would double the time.
        form, facts, size = self._form, self._facts, self._size
        head, implicit = form.head, form.implicit
        buffer, base = self._buffer, self._base
        end = base + len(buffer)
        entry_of = self._tables.of(little=form.little).get
        quick = self._tables.quick(implicit=implicit) if form.little else None
        faster = hurry_implicit if implicit else hurry
        trace = self.trace
        vr, tag = b"", 0
        while True:
            if quick is not None:
                # A trace is of the first bytes of the file: base is 0 then.
                place = base + faster(
                    buffer, place - base, quick=quick, facts=facts, trace=trace
                )
            if place + 12 > end:
                if place + 8 > size:
                    if trace is not None:
                        trace.end = place
                    return NO_PIXELS if place == size else CUT_SHORT
                self.trace = trace = None
                self._left -= _ELEMENTS_A_READ
                if self._left < 0:
                    self._give_up(tag)
                    return UNCHECKED
                buffer = self._fetch(place, _MORE)
                base, end = place, place + len(buffer)
                if end - place < 8:
                    raise Unusual  # the file became shorter, or is not all here
            if implicit:
                tag, length = head(buffer, place - base)
                value = place + 8
            else:
                tag, vr, length = head(buffer, place - base)
                if vr in SHORT_VRS:
                    value = place + 8
                elif vr in LONG_VRS:
                    if place + 12 > end:
                        raise Unusual
                    length = form.length(buffer, place - base + 8)[0]
                    value = place + 12
                else:
                    raise Unusual
            if trace is not None:
                trace.heads.append(slice(place, value))
            entry = entry_of(tag)
            if entry is None:
                if length != UNDEFINED:
                    if implicit and tag & 0xFFFF == 0xFFFE:
                        raise Unusual
                    if quick is not None and not implicit:
                        begins = buffer[place - base : place - base + 6]
                        self._tables.skip(quick, begins, long=value > place + 8)
                    place = value + length
                    continue
                if not implicit and vr != b"SQ":
                    raise Unusual
                self._buffer, self._base = buffer, base
                try:
                    place = self._after_sequence(value, 0)
                except _EnoughWalked:
                    self._give_up(tag)
                    return UNCHECKED
                buffer, base = self._buffer, self._base
                end = base + len(buffer)
                trace = self.trace
                continue
            at, expected, meaning = entry
            if at < 0:
                if trace is not None:
                    trace.end, trace.pixels = value, length
                if length == UNDEFINED and not implicit and vr not in (b"OB", b"OW"):
                    return UNCHECKED
                return self._whole(value, length)
            if length > size - value or length > _LARGEST_VALUE:
                raise Unusual
            if not implicit and vr != expected:
                raise Unusual
            place = value + length
            if place > end:
                self.trace = trace = None
                buffer = self._fetch(value, max(length, _MORE))
                base, end = value, value + len(buffer)
                if end < place:
                    raise Unusual
            raw = buffer[value - base : place - base]
            if tag == form.character_set:
                if facts[:META_AT] != EMPTY[:META_AT]:
                    raise Unusual  # stated too late, or twice
                table = self._tables.of(little=form.little, character_set=raw)
                entry_of = table.get
                if quick is not None:
                    quick = self._tables.quick(raw, implicit=implicit)
                if trace is not None:
                    trace.heads.append(slice(value, place))
            elif trace is not None:
                trace.kept.append((value, place, at, meaning))
            facts[at] = meaning[raw]

    def _give_up(self, stored: int) -> None:
        """Stop, if what is wanted came before this tag; else pydicom goes on."""
        tag = stored_tag(stored, little=True) if self._form.little else stored
        if tag <= _LAST_WANTED:
            raise Unusual

    def _need(self, place: int, count: int) -> int:
        """Return where `place` is in the buffer, which then holds `count` bytes."""
        at = place - self._base
        if at < 0 or at + count > len(self._buffer):
            self.trace = None
            self._buffer = self._fetch(place, _MORE)
            self._base = place
            if len(self._buffer) < count:
                raise Unusual
            return 0
        return at

    def _after_sequence(self, place: int, depth: int) -> int:
        """Return where a sequence of undefined length ends (PS3.5 section 7.5)."""
        if depth > _DEEPEST:
            raise Unusual
        form = self._form
        while True:
            at = self._need(place, 8)
            tag, length = form.item(self._buffer, at)
            self._note(place, 8)
            place += 8
            if tag == form.end_of_sequence:
                return place
            if tag != form.start_of_item:
                raise Unusual
            place = self._after_item(place, length, depth)

    def _after_item(self, place: int, length: int, depth: int) -> int:
        form = self._form
        stop = None if length == UNDEFINED else place + length
        if stop is not None and stop > self._size:
            raise Unusual
        while stop is None or place < stop:
            self._left -= 1
            if self._left < 1:
                raise _EnoughWalked
            begin = place
            tag, size, place, sequence = self._nested(place)
            self._note(begin, place - begin)
            if tag == form.end_of_item:
                return place
            if size != UNDEFINED:
                place += size
            elif sequence:
                place = self._after_sequence(place, depth + 1)
            else:
                raise Unusual
            if place > self._size:
                raise Unusual
        return place

    def _note(self, place: int, length: int) -> None:
        if self.trace is not None:
            self.trace.heads.append(slice(place, place + length))

    def _nested(self, place: int) -> tuple[int, int, int, bool]:
        """Return tag, length, place and sequencehood of a value within an item."""
        form = self._form
        at = self._need(place, 8)
        if form.implicit:
            tag, size = form.head(self._buffer, at)
            return tag, size, place + 8, True
        tag, vr, size = form.head(self._buffer, at)
        if tag == form.end_of_item:
            return tag, 0, place + 8, False
        if vr in SHORT_VRS:
            return tag, size, place + 8, False
        if vr not in LONG_VRS:
            raise Unusual
        at = self._need(place + 8, 4)
        size = form.length(self._buffer, at)[0]
        return tag, size, place + 12, vr == b"SQ"

    def whole(self, fetch: Fetch, place: int, length: int, *, size: int) -> int:
        """Return whether the pixels are all there, without a walk (disk)."""
        self._fetch, self._size = fetch, size
        return self._whole(place, length)

    def _whole(self, place: int, length: int) -> int:
        """Whether the pixels that begin at `place` are all there."""
        if length != UNDEFINED:
            return WHOLE if place + length <= self._size else CUT_SHORT
        form = self._form
        tail = self._fetch(max(self._size - 8, place), 8)
        if len(tail) == 8 and form.item(tail, 0) == (form.end_of_sequence, 0):
            return WHOLE
        for _ in range(_MOST_FRAGMENTS):
            head = self._fetch(place, 8)
            if len(head) < 8:
                return CUT_SHORT
            tag, size = form.item(head, 0)
            if tag == form.end_of_sequence:
                return WHOLE
            if tag != form.start_of_item or size == UNDEFINED:
                return UNCHECKED
            place += 8 + size
            if place > self._size:
                return CUT_SHORT
        return UNCHECKED


class _EnoughWalked(Exception):
    """No error: enough time went to one header; what is wanted came before."""


def hurry(
    buffer: bytes,
    at: int,
    *,
    quick: dict[bytes, Quick],
    facts: list[Value],
    trace: "Trace | None" = None,
) -> int:
    """Go past the elements that usual files have; return where the first other is.

    Explicit little endian: what begins with six known bytes, tag and representation,
    is either skipped, or wanted and as expected.
    """
    end = len(buffer)
    last = end - 12
    entry_of, head = quick.get, _BEGINS
    note = trace.heads.append if trace is not None else _ignore
    while at <= last:
        begins, length = head(buffer, at)
        entry = entry_of(begins)
        if entry is SKIPPED:
            note(slice(at, at + 8))
            at += 8 + length
        elif entry is None:
            break
        elif entry is SKIPPED_LONG:
            (length,) = _LENGTH(buffer, at + 8)
            if length == UNDEFINED:
                break
            note(slice(at, at + 12))
            at += 12 + length
        else:
            stop = at + 8 + length
            if stop > end:
                break
            if trace is not None:
                note(slice(at, at + 8))
                trace.kept.append((at + 8, stop, *entry))
            facts[entry[0]] = entry[1][buffer[at + 8 : stop]]
            at = stop
    return at


def hurry_implicit(
    buffer: bytes,
    at: int,
    *,
    quick: dict[bytes, Quick],
    facts: list[Value],
    trace: "Trace | None" = None,
) -> int:
    """Do the same for implicit little endian, where all but a few tags are skipped."""
    end = len(buffer)
    last = end - 8
    entry_of, head = quick.get, _BEGINS_IMPLICIT
    note = trace.heads.append if trace is not None else _ignore
    while at <= last:
        begins, length = head(buffer, at)
        entry = entry_of(begins)
        if entry is None:
            if length == UNDEFINED:
                break
            note(slice(at, at + 8))
            at += 8 + length
        elif entry is SKIPPED:
            break
        else:
            stop = at + 8 + length
            if stop > end:
                break
            if trace is not None:
                note(slice(at, at + 8))
                trace.kept.append((at + 8, stop, *entry))
            facts[entry[0]] = entry[1][buffer[at + 8 : stop]]
            at = stop
    return at


def _ignore(_head: slice) -> None:
    """Note nothing."""


def pixels_from(
    descriptor: int, place: int, *, size: int, little: bool, implicit: bool
) -> int:
    """Return what is known of the pixels if their element begins at `place` (disk)."""

    def fetch(at: int, count: int) -> bytes:
        os.lseek(descriptor, at, os.SEEK_SET)
        return os.read(descriptor, count)

    walk = Walk(Tables(), Form(little=little, implicit=implicit), EMPTY.copy())
    try:
        return walk.run(fetch, place, size=size, first=fetch(place, 16), base=place)
    except Unusual:
        return UNCHECKED
