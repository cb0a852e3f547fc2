"""What a header says of its picture, read without pydicom where it is laid out simply.

Making a small picture of a slice takes less than reading its header with pydicom does.
"""

from functools import cache
from typing import BinaryIO

from chrislib.dicom.conversion import (
    PIXELS,
    Convert,
    Entry,
    Memo,
    Quick,
    Tables,
    Unusual,
    stored_tag,
)
from chrislib.dicom.conversion import Value as Stored
from chrislib.dicom.elements import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE, Walk
from chrislib.dicom.errors import BrokenDicom
from chrislib.dicom.reading import PREAMBLE
from chrislib.dicom.wanted import WHOLE

_FIRST = 16_384
"""Bytes read at once; most headers end within."""
_PIXEL_DATA = 0x7FE00010
_DEFLATED = "1.2.840.10008.1.2.1.99"
_BIG_ENDIAN = "1.2.840.10008.1.2.2"
_IMPLICIT = "1.2.840.10008.1.2"

# Place in the list of values is place here; 0 stays free, as the walk takes a place
# below 1 for that of pixels.
_NAMES: tuple[tuple[str, int, bytes], ...] = (
    ("", 0, b""),
    ("Modality", 0x00080060, b"CS"),
    ("ImagerPixelSpacing", 0x00181164, b"DS"),
    ("NominalScannedPixelSpacing", 0x00182010, b"DS"),
    ("PatientOrientation", 0x00200020, b"CS"),
    ("SamplesPerPixel", 0x00280002, b"US"),
    ("PhotometricInterpretation", 0x00280004, b"CS"),
    ("PlanarConfiguration", 0x00280006, b"US"),
    ("NumberOfFrames", 0x00280008, b"IS"),
    ("Rows", 0x00280010, b"US"),
    ("Columns", 0x00280011, b"US"),
    ("PixelSpacing", 0x00280030, b"DS"),
    ("PixelAspectRatio", 0x00280034, b"IS"),
    ("BitsAllocated", 0x00280100, b"US"),
    ("BitsStored", 0x00280101, b"US"),
    ("HighBit", 0x00280102, b"US"),
    ("PixelRepresentation", 0x00280103, b"US"),
    ("PixelPaddingValue", 0x00280120, b"PP"),
    ("PixelPaddingRangeLimit", 0x00280121, b"PP"),
    ("WindowCenter", 0x00281050, b"DS"),
    ("WindowWidth", 0x00281051, b"DS"),
    ("RescaleIntercept", 0x00281052, b"DS"),
    ("RescaleSlope", 0x00281053, b"DS"),
    ("WindowCenterWidthExplanation", 0x00281055, b"LO"),
    ("VOILUTFunction", 0x00281056, b"CS"),
    ("ModalityLUTSequence", 0x00283000, b"SQ"),
    ("VOILUTSequence", 0x00283010, b"SQ"),
    ("PresentationLUTShape", 0x20500020, b"CS"),
    ("SharedFunctionalGroupsSequence", 0x52009229, b"SQ"),
    ("PerFrameFunctionalGroupsSequence", 0x52009230, b"SQ"),
)
TAGS = [tag for _, tag, _ in _NAMES if tag]
"""What is read of a header for its picture."""


class Glance:
    """The attributes of one picture, asked for as those of a pydicom data set.

    Attributes
    ----------
    at, length : int
        Where the pixel data begins, and how long it says it is.
    """

    def __init__(
        self, values: dict[str, object], syntax: str, *, at: int, length: int
    ) -> None:
        self._values = values
        self.at = at
        self.length = length
        self.file_meta = {"TransferSyntaxUID": syntax}
        self.original_encoding = (syntax == _IMPLICIT, syntax != _BIG_ENDIAN)

    def get(self, name: str) -> object:
        """Return a value, None when it is absent or empty."""
        return self._values.get(name)

    def __contains__(self, name: object) -> bool:
        """Whether an attribute is there and says something."""
        return name in self._values


def glance(stream: BinaryIO) -> Glance | None:
    """Read the header of an open file for its picture (disk).

    None for whatever is out of the ordinary: no file meta information, tables for
    values, functional groups, a deflated data set, no pixels. pydicom reads it then.
    """
    first = stream.read(_FIRST)
    try:
        start, syntax = _syntax_of(first)
        form = {_IMPLICIT: IMPLICIT_LITTLE, _BIG_ENDIAN: EXPLICIT_BIG}.get(
            syntax, EXPLICIT_LITTLE
        )
        facts: list[Stored] = [None] * len(_NAMES)

        def fetch(place: int, count: int) -> bytes:
            stream.seek(place)
            return stream.read(count)

        walk = _Look(_tables(), form, facts)
        walk.run(fetch, start, size=1 << 62, first=first)
    except (Unusual, BrokenDicom):
        return None
    if walk.pixels is None:
        return None
    values = _values(facts, little=form.little)
    return Glance(values, syntax, at=walk.pixels[0], length=walk.pixels[1])


class _Look(Walk):
    """A walk that notes where the pixels are, and does not look at them."""

    pixels: tuple[int, int] | None = None

    def _whole(self, place: int, length: int) -> int:
        self.pixels = place, length
        return WHOLE


def _syntax_of(first: bytes) -> tuple[int, str]:
    """Return where the data set begins, and its transfer syntax (PS3.10 section 7.1).

    Raises
    ------
    Unusual
        There is no file meta information, or its length is not stated.
    """
    at = PREAMBLE + 4
    if first[PREAMBLE:at] != b"DICM" or first[at : at + 8] != b"\2\0\0\0UL\4\0":
        raise Unusual
    end = at + 12 + int.from_bytes(first[at + 8 : at + 12], "little")
    found = first.find(b"\2\0\x10\0UI", at, end)
    if found < 0 or end > len(first):
        raise Unusual
    length = int.from_bytes(first[found + 6 : found + 8], "little")
    syntax = first[found + 8 : found + 8 + length].decode("latin-1").strip(" \0")
    if syntax == _DEFLATED or not syntax.replace(".", "").isdigit():
        raise Unusual
    return end, syntax


def _values(facts: list[Stored], *, little: bool) -> dict[str, object]:
    values: dict[str, object] = {}
    padding: dict[str, bytes] = {}
    for (name, _, vr), raw in zip(_NAMES, facts, strict=True):
        if raw is None:
            continue
        if vr == b"PP":
            padding[name] = str(raw).encode("latin-1")
        elif vr == b"US":
            stored = str(raw).encode("latin-1")
            values[name] = _number(stored, little=little)
        else:
            parts = [part.strip(" \0") for part in str(raw).split("\\")]
            values[name] = parts if len(parts) > 1 else parts[0]
    signed = bool(values.get("PixelRepresentation"))
    for name, stored in padding.items():
        values[name] = _number(stored, little=little, signed=signed)
    return {name: value for name, value in values.items() if value != ""}


def _number(stored: bytes, *, little: bool, signed: bool = False) -> int:
    return int.from_bytes(stored[:2], "little" if little else "big", signed=signed)


def _kept(raw: bytes) -> str | None:
    """Return a value as it is stored; empty ones count as absent."""
    return raw.decode("latin-1") or None


def _two_bytes(raw: bytes) -> str | None:
    if len(raw) not in (0, 2):
        raise Unusual
    return _kept(raw)


def _not_here(_raw: bytes) -> str | None:
    """Sequences are pydicom's to read."""
    raise Unusual


class _PictureTables(Tables):
    """What of a header is kept, whatever its character set."""

    def of(self, *, little: bool, character_set: bytes = b"") -> dict[int, Entry]:
        """Return the attributes by their tag."""
        key = (little, b"")
        table = self._made.get(key)
        if table is None:
            table = self._made[key] = {}
            for place, (_, tag, vr) in enumerate(_NAMES):
                if not tag:
                    continue
                convert: Convert = _kept
                if vr in (b"US", b"PP"):
                    convert = _two_bytes
                elif vr == b"SQ":
                    convert = _not_here
                known = b"US" if vr == b"PP" else vr
                table[stored_tag(tag, little=little)] = (place, known, Memo(convert))
            pixels = stored_tag(_PIXEL_DATA, little=little)
            table[pixels] = (PIXELS, b"", Memo(_kept))
        return table

    def quick(
        self, character_set: bytes = b"", *, implicit: bool = False
    ) -> dict[bytes, Quick]:
        """Return the same by first bytes; padding is signed or not."""
        fresh = (implicit, b"") not in self._quick
        table = super().quick(b"", implicit=implicit)
        if fresh and not implicit:
            for begins, entry in tuple(table.items()):
                if begins[4:] == b"US" and _NAMES[entry[0]][2] == b"PP":
                    table[begins[:4] + b"SS"] = entry
        return table


@cache
def _tables() -> _PictureTables:
    return _PictureTables()
