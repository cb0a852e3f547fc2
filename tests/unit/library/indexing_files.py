"""Small DICOM files for tests of bringing folders in, made quickly."""

import os
import sqlite3
import struct
from contextlib import closing
from pathlib import Path
from typing import Any

from chrislib.catalog.catalog import Catalog

_LONG = (b"OW", b"SQ", b"UN")


def dicom(**values: Any) -> bytes:
    """Return a file: explicit little endian, one small picture, given values."""
    facts = {
        (0x0008, 0x0005): (b"CS", values.get("charset", "ISO_IR 192")),
        (0x0008, 0x0016): (b"UI", "1.2.840.10008.5.1.4.1.1.2"),
        (0x0008, 0x0018): (b"UI", values.get("sop", "1.2.3.1")),
        (0x0008, 0x0020): (b"DA", values.get("date", "20240131")),
        (0x0008, 0x0050): (b"SH", values.get("accession", "A12345")),
        (0x0008, 0x0060): (b"CS", values.get("modality", "CT")),
        (0x0008, 0x1030): (b"LO", values.get("study_text", "Head")),
        (0x0008, 0x103E): (b"LO", values.get("text", "Thin")),
        (0x0010, 0x0010): (b"PN", values.get("name", "Doe^Jane")),
        (0x0010, 0x0020): (b"LO", values.get("patient", "P1")),
        (0x0010, 0x0030): (b"DA", values.get("birth", "19700101")),
        (0x0010, 0x0040): (b"CS", "F"),
        (0x0020, 0x000D): (b"UI", values.get("study", "1.2.3")),
        (0x0020, 0x000E): (b"UI", values.get("series", "1.2.3.4")),
        (0x0020, 0x0013): (b"IS", str(values.get("number", 1))),
        (0x0020, 0x0032): (b"DS", f"0\\0\\{values.get('number', 1)}"),
        (0x0020, 0x0037): (b"DS", "1\\0\\0\\0\\1\\0"),
        (0x0028, 0x0010): (b"US", struct.pack("<H", 4)),
        (0x0028, 0x0011): (b"US", struct.pack("<H", 4)),
        (0x7FE0, 0x0010): (b"OW", bytes(32)),
    }
    syntax = _element(2, 0x10, b"UI", "1.2.840.10008.1.2.1")
    body = b"".join(
        _element(group, element, vr, value)
        for (group, element), (vr, value) in facts.items()
        if value is not None
    )
    group = _element(2, 0, b"UL", struct.pack("<I", len(syntax)))
    return bytes(128) + b"DICM" + group + syntax + body


def _element(group: int, element: int, vr: bytes, value: str | bytes) -> bytes:
    data = value.encode("utf-8") if isinstance(value, str) else value
    if len(data) % 2:
        data += b"\0" if vr == b"UI" else b" "
    head = struct.pack("<HH2s", group, element, vr)
    if vr in _LONG:
        return head + struct.pack("<HI", 0, len(data)) + data
    return head + struct.pack("<H", len(data)) + data


def series(folder: Path, count: int, *, which: int = 1, **values: Any) -> None:
    """Write `count` files of one series into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, count + 1):
        data = dicom(
            sop=f"1.2.3.{which}.{number}",
            series=f"1.2.3.{which}",
            number=number,
            **values,
        )
        (folder / f"{which}-{number:04}.dcm").write_bytes(data)


def content(database: Path) -> dict[str, Any]:
    """Return what a catalog holds of local files, and whether it is sound."""
    with closing(sqlite3.connect(database)) as db:

        def rows(query: str) -> list[Any]:
            return db.execute(query).fetchall()

        files = rows(
            "SELECT path, name, state, reason, series_key, sop_uid, size, mtime_ns, "
            "inode FROM local_file JOIN local_folder USING (folder_id) ORDER BY 1, 2"
        )
        return {
            "check": rows("PRAGMA integrity_check"),
            "files": [
                (os.fsdecode(os.path.join(path, name)), *rest)
                for path, name, *rest in files
            ],
            "series": rows(
                "SELECT series_key, study_key, series_uid, images, files, bytes "
                "FROM local_series ORDER BY 1"
            ),
            "studies": rows(
                "SELECT study_key, patient_key, study_uid, series, images, modalities "
                "FROM local_study ORDER BY 1"
            ),
            "patients": rows(
                "SELECT patient_key, patient_id, name, studies, series, images "
                "FROM local_patient ORDER BY 1"
            ),
            "words": rows("SELECT rowid FROM local_search ORDER BY 1"),
            "parts": rows("SELECT rowid FROM local_parts ORDER BY 1"),
        }


async def opened(folder: Path) -> Catalog:
    """Open a catalog in a folder."""
    catalog = Catalog(folder / "state" / "catalog.db")
    await catalog.open()
    return catalog
