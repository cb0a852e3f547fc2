"""The bytes of one header value as text or numbers, as pydicom understands them."""

import struct
from collections.abc import Callable
from functools import lru_cache, partial

from chrislib.dicom.extensions import decoder
from chrislib.dicom.reading import quiet, words
from chrislib.dicom.wanted import PIXEL_TAGS, WANTED, Wanted

Value = str | int | float | tuple[float, ...] | None
Convert = Callable[[bytes], Value]


class Unusual(Exception):
    """No error: the header holds something that pydicom should look at."""


_PYTHON_CODECS = {
    b"": "latin-1",
    b"ISO_IR 6": "latin-1",
    b"ISO_IR 100": "latin-1",
    b"ISO_IR 101": "iso8859_2",
    b"ISO_IR 109": "iso8859_3",
    b"ISO_IR 110": "iso8859_4",
    b"ISO_IR 126": "iso8859_7",
    b"ISO_IR 127": "iso8859_6",
    b"ISO_IR 138": "iso8859_8",
    b"ISO_IR 144": "iso8859_5",
    b"ISO_IR 148": "iso8859_9",
    b"ISO_IR 166": "tis_620",
    b"ISO_IR 192": "utf-8",
    b"GB18030": "gb18030",
    b"GBK": "gbk",
    b"ISO 2022 IR 6": "latin-1",
    b"ISO 2022 IR 100": "latin-1",
}
"""Character sets of one byte string each, PS3.3 table C.12-2 and C.12-5.

With code extensions (several values, escape sequences) pydicom decodes.
"""
_ESCAPE = 0x1B
_TABLES = 64
_REMEMBERED = 4096
"""Values kept per attribute; files of a series share most of them."""


class Memo(dict[bytes, Value]):
    """Remembers what byte strings meant; begins anew when there are too many."""

    def __init__(self, convert: Convert) -> None:
        super().__init__()
        self._convert = convert

    def __missing__(self, raw: bytes) -> Value:
        value = self._convert(raw)
        if len(self) >= _REMEMBERED:
            self.clear()
        self[raw] = value
        return value


Entry = tuple[int, bytes, Memo]
"""Place in ``Facts``, expected value representation, conversion."""

PIXELS = -1
"""The place of pixel data: there the header ends."""


Quick = tuple[int, Memo]
"""Place in ``Facts`` and conversion."""

SKIPPED: Quick = (-1, Memo(bytes.decode))
"""Stands for an element that nobody asked for."""
SKIPPED_LONG: Quick = (-2, Memo(bytes.decode))
"""The same, with a length of four bytes (PS3.5 section 7.1.2)."""

_SKIPPABLE = 8192
_DELIMITERS = (b"\xfe\xff\0\xe0", b"\xfe\xff\x0d\xe0", b"\xfe\xff\xdd\xe0")


class Tables:
    """Conversions by tag, one table per byte order and character set."""

    def __init__(self) -> None:
        self._made: dict[tuple[bool, bytes], dict[int, Entry]] = {}
        self._quick: dict[tuple[bool, bytes], dict[bytes, Quick]] = {}

    def quick(
        self, character_set: bytes = b"", *, implicit: bool = False
    ) -> dict[bytes, Quick]:
        """Return a table by the first bytes of little endian elements.

        Explicit ones by tag and representation: it begins with what is wanted and
        learns what can be skipped (`skip`). Implicit ones by tag: what is not in it is
        skipped, and ``SKIPPED`` stands for what is looked at more closely.
        """
        key = (implicit, character_set)
        table = self._quick.get(key)
        if table is None:
            if len(self._quick) >= _TABLES:
                self._quick.clear()
            table = self._quick[key] = {}
            entries = self.of(little=True, character_set=character_set)
            for tag, (place, vr, memo) in entries.items():
                begins = tag.to_bytes(4, "little")
                if place > 0:
                    table[begins if implicit else begins + vr] = (place, memo)
                elif implicit:
                    table[begins] = SKIPPED
            if implicit:
                table.update(dict.fromkeys(_DELIMITERS, SKIPPED))
        return table

    @staticmethod
    def skip(table: dict[bytes, Quick], begins: bytes, *, long: bool) -> None:
        """Let elements that begin with these six bytes be skipped from now on."""
        if len(table) < _SKIPPABLE:
            table[begins] = SKIPPED_LONG if long else SKIPPED

    def of(self, *, little: bool, character_set: bytes = b"") -> dict[int, Entry]:
        """Return the table for a character set as it is stored.

        Keys are tags as ``struct`` reads their four bytes at once, so that with
        little endian the element comes before the group.

        """
        key = (little, character_set)
        table = self._made.get(key)
        if table is None:
            if len(self._made) >= _TABLES:
                self._made.clear()
            codec = _PYTHON_CODECS.get(character_set.strip(b" "), "")
            if not codec and decoder(character_set) is None:
                _encodings(character_set)
            table = self._made[key] = {
                stored_tag(one.tag, little=little): (
                    place,
                    one.vr,
                    Memo(conversion(one, codec or character_set, little=little)),
                )
                for place, one in enumerate(WANTED)
            }
            for tag in PIXEL_TAGS:
                table[stored_tag(tag, little=little)] = (PIXELS, b"", Memo(_code))
        return table


def stored_tag(tag: int, *, little: bool) -> int:
    """Return the four bytes of a tag as one number of the file's byte order."""
    return (tag & 0xFFFF) << 16 | tag >> 16 if little else tag


def conversion(wanted: Wanted, codec: str | bytes, *, little: bool) -> Convert:
    """Return how the values of an attribute are converted.

    `codec` is Python's name of a character set, or bytes: Specific Character Set as
    it is stored, for pydicom.
    """
    if wanted.kind == "CODE":
        return _code
    if wanted.kind in ("TEXT", "NAME"):
        if isinstance(codec, bytes):
            decode = decoder(codec) or _not_known
            return partial(_extended, codec, decode, wanted.kind == "NAME")
        return partial(_text if wanted.kind == "TEXT" else _name, codec)
    if wanted.vr == b"US":
        return partial(_short, "<H" if little else ">H")
    if wanted.kind == "INTEGER":
        return _integer
    return partial(_numbers, wanted.several)


def _code(raw: bytes) -> str:
    return _joined(raw.decode("latin-1"))


def _text(codec: str, raw: bytes) -> str:
    if raw.isascii():
        if _ESCAPE in raw:
            raise Unusual
        return _joined(raw.decode("ascii"))
    return _joined(_decoded(codec, raw))


def _joined(text: str) -> str:
    text = text.strip(" \0")
    if "\\" not in text:
        return text
    return "\\".join(part.strip(" \0") for part in text.split("\\"))


def _decoded(codec: str, raw: bytes) -> str:
    if _ESCAPE in raw:
        raise Unusual
    try:
        return raw.decode(codec)
    except UnicodeError as error:
        raise Unusual from error


def _name(codec: str, raw: bytes) -> str:
    raw = raw.rstrip(b"\0 ")
    text = _decoded(codec, raw)
    if "\\" in text or "\0" in text:
        raise Unusual
    groups = text.split("=")
    if len(groups) > 3:
        raise Unusual
    return text.rstrip("=").strip(" \0")


def _not_known(_raw: bytes) -> None:
    return None


def _extended(
    character_set: bytes,
    decode: Callable[[bytes], str | None],
    is_name: bool,
    raw: bytes,
) -> str:
    if raw.isascii() and _ESCAPE not in raw and b"=" not in raw:
        return _joined(raw.decode("ascii"))
    text = decode(raw.rstrip(b"\0 ") if is_name else raw)
    if text is not None and not is_name:
        return _joined(text)
    if text is not None and "\\" not in text and "\0" not in text:
        return text.rstrip("=").strip(" \0")
    from pydicom.values import convert_PN, convert_text

    encodings = _encodings(character_set)
    try:
        with quiet():
            return words((convert_PN if is_name else convert_text)(raw, encodings))
    except Exception as error:
        raise Unusual from error


@lru_cache(64)
def _encodings(character_set: bytes) -> list[str]:
    """Return what pydicom makes of a Specific Character Set with code extensions."""
    from pydicom.charset import convert_encodings
    from pydicom.values import convert_string

    try:
        with quiet():
            return convert_encodings(convert_string(character_set, True))
    except Exception as error:
        raise Unusual from error


def _integer(raw: bytes) -> int | None:
    text = raw.rstrip(b" \0").lstrip(b" ")
    if not text:
        return None
    if not text.removeprefix(b"-").isdigit() or len(text) > 15:
        raise Unusual
    return int(text)


def _short(form: str, raw: bytes) -> int | None:
    if not raw:
        return None
    if len(raw) != 2:
        raise Unusual
    return int(struct.unpack(form, raw)[0])


def _numbers(count: int, raw: bytes) -> float | tuple[float, ...] | None:
    text = raw.decode("latin-1").strip().rstrip(" \0")
    if not text:
        return None
    try:
        found = tuple(float(part) for part in text.split("\\"))
    except ValueError as error:
        raise Unusual from error
    if any(part - part != 0 for part in found):
        raise Unusual
    if count == 0:
        return found[0]
    return found if len(found) == count else None
