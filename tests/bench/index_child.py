"""Reads a folder of DICOM files into SQLite, one way or another, and says how long.

Run as ``index_child.py WAY CORPUS DATABASE``; prints JSON. The clock starts when
everything is imported and the database is there, and stops when it is all committed.
``pydicom`` and ``gdcm`` do what one would write with these libraries: walk, read the
attributes, one table with five indexes, batches of 500 in a write-ahead log.
"""

import asyncio
import json
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ATTRIBUTES = (
    ("PatientID", 0x0010, 0x0020, "p.patient_id"),
    ("PatientName", 0x0010, 0x0010, "p.name"),
    ("PatientBirthDate", 0x0010, 0x0030, "p.birth_date_text"),
    ("PatientSex", 0x0010, 0x0040, "p.sex"),
    ("StudyInstanceUID", 0x0020, 0x000D, "t.study_uid"),
    ("StudyDate", 0x0008, 0x0020, "t.study_date_text"),
    ("StudyTime", 0x0008, 0x0030, "t.study_time"),
    ("StudyDescription", 0x0008, 0x1030, "t.description"),
    ("AccessionNumber", 0x0008, 0x0050, "t.accession_number"),
    ("SeriesInstanceUID", 0x0020, 0x000E, "s.series_uid"),
    ("SeriesNumber", 0x0020, 0x0011, "s.number"),
    ("Modality", 0x0008, 0x0060, "s.modality"),
    ("SeriesDescription", 0x0008, 0x103E, "s.description"),
    ("BodyPartExamined", 0x0018, 0x0015, "s.body_part"),
    ("Manufacturer", 0x0008, 0x0070, "s.manufacturer"),
    ("SliceThickness", 0x0018, 0x0050, "s.slice_thickness"),
    ("SOPInstanceUID", 0x0008, 0x0018, "f.sop_uid"),
    ("SOPClassUID", 0x0008, 0x0016, "f.sop_class"),
    ("InstanceNumber", 0x0020, 0x0013, "f.instance_number"),
    ("Rows", 0x0028, 0x0010, "f.rows"),
    ("Columns", 0x0028, 0x0011, "f.columns"),
)
"""Keyword, group, element, and the column of the catalog that holds it."""
_NUMBERS = {"SeriesNumber", "InstanceNumber", "Rows", "Columns"}
Row = tuple[object, ...]


def rows_of_catalog(database: Path) -> list[Row]:
    """Return the attributes of all files from a catalog."""
    columns = ",".join(column for *_, column in ATTRIBUTES)
    db = sqlite3.connect(database)
    rows = db.execute(
        f"SELECT {columns} FROM local_file f JOIN local_series s USING (series_key) "
        "JOIN local_study t USING (study_key) JOIN local_patient p USING (patient_key) "
        "ORDER BY f.sop_uid"
    ).fetchall()
    db.close()
    return rows


def rows_of_table(database: Path) -> list[Row]:
    """Return the attributes of all files from the one table of the other ways."""
    columns = ",".join(keyword for keyword, *_ in ATTRIBUTES)
    db = sqlite3.connect(database)
    rows = db.execute(f"SELECT {columns} FROM file ORDER BY SOPInstanceUID").fetchall()
    db.close()
    return rows


async def ours(corpus: Path, database: Path, processes: int | None) -> dict[str, float]:
    """Bring the folder in, then look at it again; None is as the program does it."""
    from chrislib.catalog.catalog import Catalog
    from chrislib.library.indexing.indexer import Indexer

    catalog = Catalog(database)
    await catalog.open()
    indexer = Indexer(catalog.index, processes=processes)
    began = time.perf_counter()
    report = await indexer.bring_in(corpus)
    took = time.perf_counter() - began
    walks: list[float] = []
    rescans: list[float] = []
    for _ in range(5):
        began = time.perf_counter()
        walked = sum(1 for _ in files_of(bytes(corpus)))
        walks.append(time.perf_counter() - began)
        began = time.perf_counter()
        again = await indexer.bring_in(corpus)
        rescans.append(time.perf_counter() - began)
        if (again.seen, again.read) != (walked, 0):
            raise RuntimeError("the second look read something")
    await catalog.close()
    return {
        "seconds": took,
        "files": report.images,
        "walk": sorted(walks)[2],
        "rescan": sorted(rescans)[2],
    }


def files_of(folder: bytes) -> Iterator[tuple[bytes, os.stat_result]]:
    """Yield every file below a folder with its facts: the bare walk."""
    waiting = [folder]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    yield entry.path, entry.stat()


def with_pydicom() -> Callable[[str], Row]:
    """Return how pydicom reads the attributes of a file."""
    from pydicom import config, dcmread

    config.settings.reading_validation_mode = config.IGNORE
    keywords = [keyword for keyword, *_ in ATTRIBUTES]

    def text(value: object) -> object:
        return "" if value is None else str(value)

    def read(path: str) -> Row:
        found = dcmread(path, stop_before_pixels=True, specific_tags=keywords)
        values: list[object] = []
        for keyword in keywords:
            value = found.get(keyword)
            if keyword in _NUMBERS:
                values.append(None if value is None else int(value))
            elif keyword == "SliceThickness":
                values.append(None if value is None else float(value))
            else:
                values.append(text(value))
        return tuple(values)

    return read


def into_table(paths: Iterator[tuple[str, Row]], database: Path) -> int:
    """Write rows of attributes into one table with five indexes."""
    db = sqlite3.connect(database, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=NORMAL")
    names = ",".join(keyword for keyword, *_ in ATTRIBUTES)
    db.execute(f"CREATE TABLE file (path TEXT PRIMARY KEY, {names})")
    for number, keyword in enumerate(
        ("PatientID", "PatientName", "StudyDate", "SeriesInstanceUID", "SOPInstanceUID")
    ):
        db.execute(f"CREATE INDEX i{number} ON file({keyword})")
    marks = ",".join("?" * (len(ATTRIBUTES) + 1))
    count = 0
    batch: list[Row] = []

    def write() -> None:
        db.execute("BEGIN")
        db.executemany(f"INSERT INTO file VALUES ({marks})", batch)
        db.execute("COMMIT")
        batch.clear()

    for path, row in paths:
        batch.append((path, *row))
        count += 1
        if len(batch) == 500:
            write()
    write()
    db.close()
    return count


def other(way: str, corpus: Path, database: Path) -> dict[str, float]:
    """Read the folder with pydicom or GDCM."""
    if way == "pydicom":
        read = with_pydicom()
        began = time.perf_counter()
        rows = (
            (path.decode(), read(path.decode())) for path, _ in files_of(bytes(corpus))
        )
        count = into_table(rows, database)
    else:
        import gdcm  # type: ignore[import-not-found] # in an environment of its own

        began = time.perf_counter()
        count = into_table(_scanned(gdcm, corpus), database)
    return {"seconds": time.perf_counter() - began, "files": count}


def _scanned(gdcm: object, corpus: Path) -> Iterator[tuple[str, Row]]:
    scanner = gdcm.Scanner()  # type: ignore[attr-defined]
    tags = [gdcm.Tag(group, element) for _, group, element, _ in ATTRIBUTES]  # type: ignore[attr-defined]
    for tag in tags:
        scanner.AddTag(tag)
    paths = [path.decode() for path, _ in files_of(bytes(corpus))]
    if not scanner.Scan(paths):
        raise RuntimeError("GDCM could not read the files")
    for path in paths:
        yield path, tuple(_plain(scanner.GetValue(path, tag)) for tag in tags)


def _plain(value: object) -> str:
    # GDCM leaves the character set to the caller, and SQLite takes no surrogates
    return str(value or "").encode("utf-8", "replace").decode().strip()


if __name__ == "__main__":
    way, corpus, database = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    if way in ("ours", "program"):
        said = asyncio.run(ours(corpus, database, 0 if way == "ours" else None))
    else:
        said = other(way, corpus, database)
    sys.stdout.write(json.dumps(said))
