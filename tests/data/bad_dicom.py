"""Files that no test collection has: wrong in one way each (design: tricky files)."""

import os
import random
import zlib
from collections.abc import Iterator

from pydicom.datadict import dictionary_VR

from tests.data.dicom_bytes import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    UNDEFINED,
    element,
    marked,
)

LONG_UID = "1." * 32 + "1"
"""65 characters; 64 are allowed."""
MARKUP = "<b>Bold</b>^<img src=x onerror=alert(1)>&amp;"
_CT = b"1.2.840.10008.5.1.4.1.1.2\0"

_USUAL: dict[int, bytes] = {
    0x00080005: b"ISO_IR 100",
    0x00080016: _CT,
    0x00080018: b"1.2.3.4.5\0",
    0x00080020: b"20260131",
    0x00080060: b"CT",
    0x00081030: b"Head ",
    0x0008103E: b"Thin",
    0x00100010: b"Doe^Jane",
    0x00100020: b"P001",
    0x00100030: b"19700101",
    0x0020000D: b"1.2.3.1\0",
    0x0020000E: b"1.2.3.2\0",
    0x00200013: b"1 ",
    0x00280010: b"\x04\0",
    0x00280011: b"\x04\0",
}


def header(
    changes: dict[int, bytes | None] | None = None,
    *,
    syntax: str = EXPLICIT,
    vrs: dict[int, bytes] | None = None,
    extra: dict[int, bytes] | None = None,
) -> bytes:
    """Return a data set of a small CT image, changed.

    Parameters
    ----------
    changes : dict
        Values by tag; None leaves an element out.
    vrs : dict
        Other representations by tag.
    extra : dict
        Elements by tag as they are stored, of any kind.
    """
    values: dict[int, bytes | None] = {**_USUAL, **(changes or {})}
    parts = dict(extra or {})
    for tag, value in values.items():
        if value is None or tag in parts:
            continue
        swapped = syntax == BIG_ENDIAN and tag in (0x00280010, 0x00280011)
        vr = (vrs or {}).get(tag, dictionary_VR(tag).encode())
        parts[tag] = element(tag, vr, value[::-1] if swapped else value, syntax)
    return b"".join(parts[tag] for tag in sorted(parts))


def pixels(syntax: str = EXPLICIT, count: int = 32) -> bytes:
    """Return pixel data."""
    return element(0x7FE00010, b"OW", bytes(count), syntax)


def nested(depth: int, syntax: str = EXPLICIT, *, closed: bool = True) -> bytes:
    """Return sequences of undefined length, one in the other."""
    tag = 0x00081140
    begin = element(tag, b"SQ", b"", syntax, UNDEFINED)
    begin += element(0xFFFEE000, b"", b"", syntax, UNDEFINED)
    end = element(0xFFFEE00D, b"", b"", syntax) + element(0xFFFEE0DD, b"", b"", syntax)
    return begin * depth + (end * depth if closed else b"")


def cases() -> Iterator[tuple[str, bytes]]:
    """Yield names and contents of files."""
    for kind in (_values, _structures, _layouts, _character_sets, _others):
        for name, data in kind():
            yield f"{kind.__name__[1:]}-{name}", data


def _values() -> Iterator[tuple[str, bytes]]:
    for name, tag, value in (
        ("markup", 0x00100010, MARKUP.encode()),
        ("markup in text", 0x0008103E, b"<script>1</script>&nbsp; "),
        ("path in id", 0x00100020, b"../../../../etc/passwd"),
        ("path in uid", 0x0020000E, b"../../1.2/../.."),
        ("windows path in uid", 0x00080018, b"..\\..\\C:\\x"),
        ("nul in name", 0x00100010, b"Doe\0^Jane\0\0"),
        ("controls in name", 0x00100010, b"\x07Doe\x1b[31m^\r\nJane\x7f "),
        ("seven groups", 0x00100010, b"a=b=c=d=e=f=g="),
        ("only separators", 0x00100010, b"^^^^=^^=^"),
        ("two names", 0x00100010, b"Doe^Jane\\Roe^Ann"),
        ("long name", 0x00100010, b"x" * 5000),
        ("65 uid", 0x0020000E, LONG_UID.encode() + b"\0"),
        ("uid of letters", 0x0020000D, b"not.a.uid "),
        ("uid with space", 0x0020000E, b" 1.2.3 \0\0"),
        ("no uid", 0x0020000E, b""),
        ("empty date", 0x00080020, b""),
        ("zero date", 0x00080020, b"00000000"),
        ("year", 0x00080020, b"2019"),
        ("month", 0x00080020, b"201902"),
        ("no such day", 0x00080020, b"20190231"),
        ("dotted date", 0x00080020, b"2019.02.03"),
        ("range of dates", 0x00080020, b"20190101-20190203 "),
        ("several dates", 0x00080020, b"20190101\\20200101 "),
        ("birth date of blanks", 0x00100030, b"        "),
        ("number of letters", 0x00200013, b"one "),
        ("huge number", 0x00200013, b"9" * 40),
        ("negative number", 0x00200013, b"-12 "),
        ("number with sign", 0x00200013, b"+7"),
        ("decimal as integer", 0x00200013, b"1.0 "),
        ("several numbers", 0x00200013, b"1\\2\\3 "),
        ("nan", 0x00200032, b"nan\\1\\2 "),
        ("infinite", 0x00200032, b"1e400\\1\\2 "),
        ("comma", 0x00200032, b"1,5\\2\\3 "),
        ("two of three", 0x00200032, b"1\\2 "),
        ("flat plane", 0x00200037, b"1\\0\\0\\1\\0\\0 "),
        ("zero frames", 0x00280008, b"0 "),
        ("frames without end", 0x00280008, b"99999999999 "),
        ("no rows", 0x00280010, b"\0\0"),
        ("rows of four bytes", 0x00280010, b"\x04\0\0\0"),
        ("rows of one byte", 0x00280010, b"\x04"),
        ("modality of blanks", 0x00080060, b"  "),
        ("unknown class", 0x00080016, b"1.2.3.4\0"),
        ("directory class", 0x00080016, b"1.2.840.10008.1.3.10"),
    ):
        yield name, marked(header({tag: value}) + pixels(), EXPLICIT)
    for name, gone in (
        ("no class", [0x00080016]),
        ("no instance", [0x00080018]),
        ("no patient", [0x00100010, 0x00100020, 0x00100030]),
        ("nothing but pixels", list(_USUAL)),
    ):
        left = header(dict.fromkeys(gone))
        yield name, marked(left + pixels(), EXPLICIT)
    # the same image by its identifier, but other pixels, and of another series
    twin: dict[int, bytes | None] = {0x00080018: b"1.2.3.4.99"}
    yield "twin one", marked(header(twin) + pixels(), EXPLICIT)
    other = element(0x7FE00010, b"OW", b"\x01" * 32, EXPLICIT)
    yield "twin two", marked(header(twin) + other, EXPLICIT)
    moved = header({**twin, 0x0020000E: b"1.2.3.77"})
    yield "twin in another series", marked(moved + pixels(), EXPLICIT)
    renamed = header({0x00100010: b"Other^Name", 0x00080018: b"1.2.3.4.6\0"})
    yield "same id other name", marked(renamed + pixels(), EXPLICIT)


def _structures() -> Iterator[tuple[str, bytes]]:
    whole = header() + pixels()
    for name, vrs in (
        ("name as UN", {0x00100010: b"UN"}),
        ("name as DS", {0x00100010: b"DS"}),
        ("date as LO", {0x00080020: b"LO"}),
        ("rows as IS", {0x00280010: b"IS"}),
        ("rows as OW", {0x00280010: b"OW"}),
        ("no such vr", {0x00080060: b"ZZ"}),
        ("small letters", {0x00080060: b"cs"}),
        ("nul vr", {0x00080060: b"\0\0"}),
        ("uid as UN", {0x0020000E: b"UN"}),
        ("name as sequence", {0x00100010: b"SQ"}),
    ):
        yield name, marked(header(vrs=vrs) + pixels(), EXPLICIT)
    private = 0x00291010
    creator = element(0x00290010, b"LO", b"SOMEBODY", EXPLICIT)
    for name, value in (
        ("huge private", element(private, b"OB", bytes(3 << 20), EXPLICIT)),
        ("huge private text", element(private, b"UT", b"x" * (1 << 20), EXPLICIT)),
        ("private beyond the end", element(private, b"OB", b"x", EXPLICIT, 1 << 30)),
        ("private of 4 GB", element(private, b"OB", b"x", EXPLICIT, UNDEFINED - 1)),
        ("private without end", element(private, b"UN", b"x" * 9, EXPLICIT, UNDEFINED)),
    ):
        extra = {0x00290010: creator, private: value}
        yield name, marked(header(extra=extra) + pixels(), EXPLICIT)
    early = {0x00091010: element(0x00091010, b"OB", bytes(1 << 20), EXPLICIT)}
    yield "huge private before", marked(header(extra=early) + pixels(), EXPLICIT)
    for syntax in (EXPLICIT, IMPLICIT, BIG_ENDIAN):
        for depth in (1, 15, 40, 3000):
            extra = {0x00081140: nested(depth, syntax)}
            data = header(syntax=syntax, extra=extra) + pixels(syntax)
            yield f"nested {depth} {_NAMES[syntax]}", marked(data, syntax)
    for depth in (1, 40):
        extra = {0x00081140: nested(depth, closed=False)}
        yield f"left open {depth}", marked(header(extra=extra) + pixels(), EXPLICIT)
    frame = element(0xFFFEE000, b"", b"", EXPLICIT, UNDEFINED)
    frame += element(0xFFFEE00D, b"", b"", EXPLICIT)
    end = element(0xFFFEE0DD, b"", b"", EXPLICIT)
    groups = element(0x52009230, b"SQ", frame * 10_000 + end, EXPLICIT, UNDEFINED)
    yield "ten thousand frames", marked(header() + groups + pixels(), EXPLICIT)
    stray = element(0xFFFEE00D, b"", b"", EXPLICIT)
    yield "stray delimiter", marked(stray + whole, EXPLICIT)
    yield "twice", marked(whole + whole, EXPLICIT)
    yield "backwards", marked(_backwards(), EXPLICIT)
    again = element(0x00100010, b"PN", b"Later^Name", EXPLICIT)
    yield "name again", marked(header() + again, EXPLICIT)
    yield "padding after", marked(whole + bytes(4096), EXPLICIT)
    trail = element(0xFFFCFFFC, b"OB", bytes(64), EXPLICIT)
    yield "trailing padding", marked(whole + trail, EXPLICIT)
    yield "odd length", marked(header({0x00100010: b"Doe"}) + pixels(), EXPLICIT)
    yield (
        "pixels beyond the end",
        marked(
            header() + element(0x7FE00010, b"OW", b"x", EXPLICIT, 1 << 28), EXPLICIT
        ),
    )
    yield (
        "pixels without end",
        marked(
            header() + element(0x7FE00010, b"OB", b"x" * 20, EXPLICIT, UNDEFINED),
            EXPLICIT,
        ),
    )
    lengths = element(0x00080000, b"UL", b"\xff\xff\xff\xff", EXPLICIT)
    yield "wrong group length", marked(lengths + whole, EXPLICIT)


def _backwards() -> bytes:
    tags = sorted(_USUAL, reverse=True)
    return b"".join(
        element(tag, dictionary_VR(tag).encode(), _USUAL[tag], EXPLICIT) for tag in tags
    )


_NAMES = {
    EXPLICIT: "explicit",
    IMPLICIT: "implicit",
    BIG_ENDIAN: "big endian",
    DEFLATED: "deflated",
}


def _layouts() -> Iterator[tuple[str, bytes]]:
    for syntax, called in _NAMES.items():
        body = header(syntax=syntax) + pixels(syntax)
        yield f"plain {called}", marked(body, syntax)
        yield f"bare {called}", body
        yield f"preamble only {called}", bytes(128) + b"DICM" + body
        for said, other in _NAMES.items():
            if said != syntax:
                name = f"{called} said to be {other}"
                yield name, marked(body, said, packed=False)
    body = header() + pixels()
    yield "unknown syntax", marked(body, "1.2.3.4")
    yield "no syntax", marked(body, "")
    yield "long syntax", marked(body, "1." * 200)
    whole = marked(body, DEFLATED)
    yield "deflated cut", whole[: len(whole) // 2]
    yield "deflated damaged", whole[:-60] + b"\xff" * 30 + whole[-30:]
    yield "deflated with a header of zlib", whole[:-100] + zlib.compress(body)


_JAPANESE = b"\x1b$B;3ED\x1b(B^x"
_DAMAGED = b"\x1b$)C\xb1\xe8\xff^"


def _character_sets() -> Iterator[tuple[str, bytes]]:
    name = "Müller^Jürgen".encode("latin-1")
    for number, stated in enumerate(
        (
            *(b"", b"ISO_IR 999", b"klingon", b"\\\\\\", b"ISO_IR 192\\ISO_IR 100"),
            *(b"ISO 2022 IR 87\\GB18030", b"ISO_IR100", b"iso_ir 100", b"ISO-IR 100"),
            *(b"ISO_IR 100\0", b" ISO_IR 100 ", b"utf-8", b"UTF8", b"rot13", b"zlib"),
            *(b"ISO_IR 192", b"GB18030", b"ISO 2022 IR 149", b"\xff\xfe\xfd"),
            *(b"x" * 300, b"../../etc", b"ISO 2022 IR 6\\ISO 2022 IR 87", b"idna"),
        )
    ):
        for at, raw in enumerate(
            (name, b"\x1b$B;3ED\x1b(B^x", b"\x1b$)C\xb1\xe8\xff^")
        ):
            data = header({0x00080005: stated, 0x00100010: raw})
            yield f"{number} {at}", marked(data + pixels(), EXPLICIT)
    stated_late = header({0x00080005: None})
    late = element(0x00080005, b"CS", b"ISO_IR 192", EXPLICIT)
    yield "stated late", marked(stated_late + late, EXPLICIT)


def _others() -> Iterator[tuple[str, bytes]]:
    start = bytes(128) + b"DICM"
    rng = random.Random(20_261_122)
    yield "nothing", b""
    yield "zeros", bytes(5000)
    yield "word only", start
    yield "word and text", start + b"This is no DICOM file at all. " * 40
    yield "word and picture", start + b"\x89PNG\r\n\x1a\n" + rng.randbytes(500)
    yield "word and noise", start + rng.randbytes(5000)
    yield "text", b"patient,name\n1,Doe\n"
    yield "noise", rng.randbytes(9000)
    yield "archive", b"PK\x03\x04" + rng.randbytes(300)
    yield "like a bare one", b"\x08\0\x05\0CS\x0a\0ISO_IR 100" + rng.randbytes(200)
    yield "command set", b"\0\0\0\0UL\x04\0\0\0\0\0" + header()
    yield "html", b"<html><body>Not found</body></html>"
    yield "preamble of a tiff", b"II*\0" + bytes(124) + b"DICM" + header()


def bomb(megabytes: int) -> bytes:
    """Return a deflated data set that unpacks to so much (PS3.5 annex A.5)."""
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    body = packer.compress(header())
    zeros = element(0x7FE00010, b"OB", b"", EXPLICIT, megabytes << 20)
    body += packer.compress(zeros)
    for _ in range(megabytes):
        body += packer.compress(bytes(1 << 20))
    return marked(body + packer.flush(), DEFLATED, packed=False)


def name_on_disk(name: str) -> bytes:
    """Return a file name for a case: also names that are no text."""
    return os.fsencode(f"{name}.dcm") + (b"\xff\xfe" if "markup" in name else b"")
