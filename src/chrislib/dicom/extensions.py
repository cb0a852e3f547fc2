"""Text in several character sets at once, by code extension (PS3.5 section 6.1.2.4).

An escape sequence says which set follows. Only what the standard describes is decoded
here; pydicom, which takes a third of a second to import, decodes the rest.
"""

import re
from collections.abc import Callable

_SETS = {
    b"6": "latin-1",
    b"13": "shift_jis",
    b"87": "iso2022_jp",
    b"100": "latin-1",
    b"101": "iso8859_2",
    b"109": "iso8859_3",
    b"110": "iso8859_4",
    b"126": "iso8859_7",
    b"127": "iso8859_6",
    b"138": "iso8859_8",
    b"144": "iso8859_5",
    b"148": "iso8859_9",
    b"149": "euc_kr",
    b"159": "iso2022_jp_2",
    b"166": "tis_620",
}
"""Python's codecs by ISO registration number, PS3.3 tables C.12-2 to C.12-4."""
_ESCAPES = {
    b"\x1b(B": b"6",
    b"\x1b(J": b"13",
    b"\x1b)I": b"13",
    b"\x1b$B": b"87",
    b"\x1b-A": b"100",
    b"\x1b-B": b"101",
    b"\x1b-C": b"109",
    b"\x1b-D": b"110",
    b"\x1b-F": b"126",
    b"\x1b-G": b"127",
    b"\x1b-H": b"138",
    b"\x1b-L": b"144",
    b"\x1b-M": b"148",
    b"\x1b$)C": b"149",
    b"\x1b$(D": b"159",
    b"\x1b-T": b"166",
}
"""Registration numbers by escape sequence, PS3.3 tables C.12-3 and C.12-4."""
_KEEP_ESCAPE = frozenset((b"87", b"159"))
"""Sets whose escape sequences Python's codecs want to see."""
_LATIN = b"6"
_PART = re.compile(rb"[^\x1b]+|\x1b[^\x1b]*")
_CONTROL = re.compile(rb"[\t\n\f\r]")
"""After these the first set is meant again (PS3.5 section 6.1.2.5.3)."""


def decoder(character_set: bytes) -> Callable[[bytes], str | None] | None:
    """Return what decodes values of a Specific Character Set as it is stored.

    The decoder gives None for what it does not know. Without a decoder (None) the
    character set itself is out of the ordinary.
    """
    numbers: list[bytes] = []
    for place, term in enumerate(character_set.rstrip(b" \0").split(b"\\")):
        if not term and place == 0:
            numbers.append(_LATIN)
            continue
        name, _, number = term.strip(b" ").rpartition(b" ")
        if name not in (b"ISO 2022 IR", b"ISO_IR") or number not in _SETS:
            return None
        numbers.append(number)
    first, stated = _SETS[numbers[0]], frozenset(numbers) | {_LATIN}

    def decode(raw: bytes) -> str | None:
        try:
            if b"\x1b" not in raw:
                return raw.decode(first)
            parts = [_part(part, first, stated) for part in _PART.findall(raw)]
        except UnicodeError:
            return None
        return None if None in parts else "".join(map(str, parts))

    return decode


def _part(part: bytes, first: str, stated: frozenset[bytes]) -> str | None:
    """Return what follows one escape sequence, or comes before any, as text."""
    if part[:1] != b"\x1b":
        return part.decode(first)
    length = 4 if part[1:3] in (b"$(", b"$)") else 3
    number = _ESCAPES.get(part[:length])
    if number is None or number not in stated:
        return None
    codec = _SETS[number]
    if number in _KEEP_ESCAPE:
        return part.decode(codec)
    rest = part[length:]
    control = _CONTROL.search(rest)
    if control is None:
        return rest.decode(codec)
    at = control.start()
    return rest[:at].decode(codec) + rest[at:].decode(first)
