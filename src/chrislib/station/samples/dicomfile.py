"""Write the DICOM files of one series, fast: what is equal is encoded once."""

import struct
import uuid
from collections.abc import Mapping, Sequence

from pydicom.charset import convert_encodings
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element
from pydicom.uid import ExplicitVRLittleEndian

_NAMESPACE = uuid.UUID("6b2f2b43-9d0e-4d55-8f6c-0c9f9a3f7f51")
_PIXEL_DATA = 0x7FE00010
_LONG_VRS = {"OB", "OW"}


def uid_of(*parts: object) -> str:
    """Return the UID under 2.25 that belongs to these parts, always the same one.

    Source: DICOM PS3.5, B.2 (UUID-derived UIDs).
    """
    return f"2.25.{uuid.uuid5(_NAMESPACE, '/'.join(map(str, parts))).int}"


IMPLEMENTATION_UID = uid_of("implementation", "station")


def decimal(*values: float) -> str:
    """Return numbers as a DICOM DS value, each at most 16 characters long."""
    texts = (f"{value:.6f}".rstrip("0").rstrip(".") for value in values)
    return "\\".join("0" if text == "-0" else text for text in texts)


class SeriesEncoder:
    """Encodes the images of one series as DICOM files (explicit little endian).

    Parameters
    ----------
    constant : Dataset
        Every attribute that all images share.
    varying : sequence of str
        Keywords whose values come with each image, beside the SOP Instance UID
        and the pixels.
    """

    def __init__(self, constant: Dataset, varying: Sequence[str]) -> None:
        charset = constant.get("SpecificCharacterSet", "ISO_IR 6")
        encodings = convert_encodings(charset)
        self._class_uid = str(constant.SOPClassUID)
        self._pixel_vr = "OB" if constant.BitsAllocated == 8 else "OW"
        pieces: list[tuple[int, str, bytes]] = []
        for element in constant:
            buffer = DicomBytesIO()
            buffer.is_little_endian = True
            buffer.is_implicit_VR = False
            write_data_element(buffer, element, encodings)
            pieces.append((int(element.tag), "", buffer.getvalue()))
        for keyword in (*varying, "SOPInstanceUID"):
            tag = tag_for_keyword(keyword)
            if tag is None:
                raise ValueError(f"unknown DICOM keyword {keyword}")
            pieces.append((tag, keyword, b""))
        pieces.sort(key=lambda piece: piece[0])
        self._pieces = _merged(pieces)

    def encode(
        self, sop_uid: str, values: Mapping[str, str], *, pixels: bytes
    ) -> bytes:
        """Return one whole DICOM file, preamble and file meta included."""
        parts = [_file_meta(self._class_uid, sop_uid)]
        for keyword, constant in self._pieces:
            if not keyword:
                parts.append(constant)
            else:
                value = sop_uid if keyword == "SOPInstanceUID" else values[keyword]
                parts.append(_keyword_element(keyword, value))
        if len(pixels) % 2:
            pixels += b"\0"
        parts.append(
            struct.pack("<HH", _PIXEL_DATA >> 16, _PIXEL_DATA & 0xFFFF)
            + self._pixel_vr.encode()
            + struct.pack("<HI", 0, len(pixels))
        )
        parts.append(pixels)
        return b"".join(parts)


def _merged(pieces: Sequence[tuple[int, str, bytes]]) -> list[tuple[str, bytes]]:
    merged: list[tuple[str, bytes]] = []
    for _, keyword, data in pieces:
        if not keyword and merged and not merged[-1][0]:
            merged[-1] = ("", merged[-1][1] + data)
        else:
            merged.append((keyword, data))
    return merged


def _keyword_element(keyword: str, value: str) -> bytes:
    tag = tag_for_keyword(keyword) or 0
    vr = dictionary_VR(tag)
    if vr == "FD":
        numbers = [float(part) for part in value.split("\\")]
        return _element(tag, vr, struct.pack(f"<{len(numbers)}d", *numbers))
    return _element(tag, vr, value.encode("ascii"))


def _element(tag: int, vr: str, value: bytes) -> bytes:
    if len(value) % 2:
        value += b"\0" if vr in {"UI", "OB"} else b" "
    head = struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr.encode()
    if vr in _LONG_VRS:
        return head + struct.pack("<HI", 0, len(value)) + value
    return head + struct.pack("<H", len(value)) + value


def _file_meta(class_uid: str, sop_uid: str) -> bytes:
    group = b"".join(
        (
            _element(0x00020001, "OB", b"\0\1"),
            _element(0x00020002, "UI", class_uid.encode()),
            _element(0x00020003, "UI", sop_uid.encode()),
            _element(0x00020010, "UI", str(ExplicitVRLittleEndian).encode()),
            _element(0x00020012, "UI", IMPLEMENTATION_UID.encode()),
            _element(0x00020013, "SH", b"STATION_1"),
        )
    )
    length = _element(0x00020000, "UL", struct.pack("<I", len(group)))
    return bytes(128) + b"DICM" + length + group
