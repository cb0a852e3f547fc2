"""DICOM written byte by byte, so that it can be wrong in every way."""

import zlib
from typing import Literal

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"

UNDEFINED = 0xFFFFFFFF
_LONG = frozenset((b"OB", b"OW", b"SQ", b"UN", b"UT"))


def element(tag: int, vr: bytes, value: bytes, syntax: str, length: int = -1) -> bytes:
    """Return one element as it is stored (PS3.5 section 7.1)."""
    order: Literal["little", "big"] = "big" if syntax == BIG_ENDIAN else "little"
    length = len(value) if length < 0 else length
    head = (tag >> 16).to_bytes(2, order) + (tag & 0xFFFF).to_bytes(2, order)
    if syntax == IMPLICIT or not vr:
        return head + length.to_bytes(4, order) + value
    if vr in _LONG:
        return head + vr + b"\0\0" + length.to_bytes(4, order) + value
    return head + vr + length.to_bytes(2, order) + value


def marked(body: bytes, syntax: str, *, packed: bool = True) -> bytes:
    """Return a data set with preamble and file meta information (PS3.10 section 7.1).

    `packed`: deflate it, if the transfer syntax says so.
    """
    padded = syntax.encode() + b"\0" * (len(syntax) % 2)
    meta = element(0x00020010, b"UI", padded, EXPLICIT)
    group = element(0x00020000, b"UL", len(meta).to_bytes(4, "little"), EXPLICIT)
    if syntax == DEFLATED and packed:
        packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        body = packer.compress(body) + packer.flush()
    return bytes(128) + b"DICM" + group + meta + body
