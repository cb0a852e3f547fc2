"""How what was read from local files is written into the catalog."""

import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from chrislib.catalog.index_rows import Batch

_FILE = (
    *("folder_id", "name", "size", "mtime_ns", "inode", "state", "reason"),
    *("series_key", "sop_uid", "sop_class", "instance_number", "acquisition_number"),
    *("temporal_position", "echo_number", "trigger_time", "content_time", "place"),
    *("orientation", "slice_location", "rows", "columns", "frames", "photometric"),
    *("transfer_syntax", "pixels"),
)
_SERIES = (
    *("series_key", "study_key", "series_uid", "number", "modality", "description"),
    *("body_part", "laterality", "protocol", "station", "manufacturer", "model"),
    *("series_date", "series_time", "image_type", "sop_class", "frame_of_reference"),
    *("slice_thickness", "slice_spacing", "repetition_time", "echo_time"),
    *("inversion_time", "field_strength", "rows", "columns", "burned_in", "added_at"),
)
_STUDY = (
    *("study_key", "patient_key", "study_uid", "study_date", "study_date_text"),
    *("study_time", "description", "accession_number", "study_id"),
    *("referring_physician", "institution", "age", "added_at"),
)
_PATIENT = (
    *("patient_key", "patient_id", "issuer", "name", "sort_name", "birth_date"),
    *("birth_date_text", "sex", "added_at"),
)
_CHUNK = 500


def store(db: sqlite3.Connection, batch: Batch) -> None:
    """Write what was read."""
    now = time.time()
    folders = folder_ids(db, {row[0] for row in batch.files})
    db.executemany(
        _insert("local_patient", _PATIENT),
        [(*row, now) for row in batch.patients.values()],
    )
    db.executemany(
        _insert("local_study", _STUDY),
        [(*row, now) for row in batch.studies.values()],
    )
    add_series = _insert("local_series", _SERIES)
    for key, row in batch.series.items():
        if db.execute(add_series, (*row, now)).rowcount == 1:
            _write_words(db, key, batch.words[key])
    rows = [(folders[row[0]], *row[1:]) for row in batch.files]
    touched = set(batch.series)
    before = db.total_changes
    db.executemany(_insert("local_file", _FILE), rows)
    if db.total_changes - before < len(rows):
        touched |= _replace_files(db, rows)
        _describe_anew(db, batch)
    _count(db, touched)


def _replace_files(db: sqlite3.Connection, rows: Iterable[tuple[Any, ...]]) -> set[int]:
    """Write files that are known already; return the series they were of."""
    before: set[int] = set()
    sets = ",".join(f"{name}=?" for name in _FILE[2:])
    for row in rows:
        found = db.execute(
            "SELECT file_id, series_key FROM local_file WHERE folder_id=? AND name=?",
            row[:2],
        ).fetchone()
        if found[1] is not None:
            before.add(found[1])
        db.execute(
            f"UPDATE local_file SET {sets} WHERE file_id=?", (*row[2:], found[0])
        )
    return before


def _describe_anew(db: sqlite3.Connection, batch: Batch) -> None:
    """Let files that changed say anew what their series and studies are like."""
    for table, names, rows in (
        ("local_study", _STUDY, batch.studies),
        ("local_series", _SERIES, batch.series),
    ):
        sets = ",".join(f"{name}=?" for name in names[1:-1])
        db.executemany(
            f"UPDATE {table} SET {sets} WHERE {names[0]}=?",
            [(*row[1:], row[0]) for row in rows.values()],
        )
    for key, words in batch.words.items():
        for table in ("local_search", "local_parts"):
            db.execute(f"DELETE FROM {table} WHERE rowid=?", (key,))
        _write_words(db, key, words)


def _write_words(
    db: sqlite3.Connection, key: int, words: tuple[str, str, str, str]
) -> None:
    db.execute(
        "INSERT INTO local_search(rowid, patient, study, series) VALUES (?, ?, ?, ?)",
        (key, *words[:3]),
    )
    db.execute("INSERT INTO local_parts(rowid, numbers) VALUES (?, ?)", (key, words[3]))


def folder_ids(db: sqlite3.Connection, paths: set[bytes]) -> dict[bytes, int]:
    """Return the ids of folders, known before or not, whose files change."""
    some = list(paths)
    db.executemany(
        "INSERT INTO local_folder(path) VALUES (?) "
        "ON CONFLICT(path) DO UPDATE SET digest=0",
        [(one,) for one in some],
    )
    found: dict[bytes, int] = {}
    for part in parts(some):
        rows = db.execute(
            f"SELECT path, folder_id FROM local_folder WHERE path IN ({marks(part)})",
            part,
        )
        found.update((row[0], row[1]) for row in rows)
    return found


def forget(db: sqlite3.Connection, file_ids: Sequence[int]) -> int:
    """Remove files, and what of series, studies and patients is left without any."""
    touched: set[int] = set()
    for part in parts(file_ids):
        rows = db.execute(
            "SELECT DISTINCT series_key FROM local_file WHERE series_key IS NOT NULL "
            f"AND file_id IN ({marks(part)})",
            part,
        )
        touched.update(row[0] for row in rows)
        db.execute(f"DELETE FROM local_file WHERE file_id IN ({marks(part)})", part)
    _count(db, touched)
    return len(file_ids)


def _count(db: sqlite3.Connection, series: Iterable[int]) -> None:
    """Count anew what some series hold; what holds nothing any more is dropped."""
    keys = [(key,) for key in series]
    if not keys:
        return
    db.execute("CREATE TEMP TABLE IF NOT EXISTS touched (key INTEGER PRIMARY KEY)")
    db.execute("DELETE FROM touched")
    db.executemany("INSERT INTO touched VALUES (?)", keys)
    for statement in _COUNT:
        db.execute(statement)


_COUNT = (
    """UPDATE local_series SET (files, images, bytes, cut) = (
      SELECT count(*), count(DISTINCT CASE sop_uid WHEN '' THEN file_id ELSE sop_uid
      END), coalesce(sum(size), 0), coalesce(sum(pixels=2), 0) FROM local_file
      WHERE local_file.series_key=local_series.series_key)
      WHERE series_key IN (SELECT key FROM touched)""",
    """CREATE TEMP TABLE IF NOT EXISTS touched_study (key INTEGER PRIMARY KEY)""",
    "DELETE FROM touched_study",
    """INSERT INTO touched_study SELECT DISTINCT study_key FROM local_series
      WHERE series_key IN (SELECT key FROM touched)""",
    """DELETE FROM local_search WHERE rowid IN (SELECT series_key FROM local_series
      WHERE files=0 AND series_key IN (SELECT key FROM touched))""",
    """DELETE FROM local_parts WHERE rowid IN (SELECT series_key FROM local_series
      WHERE files=0 AND series_key IN (SELECT key FROM touched))""",
    """DELETE FROM local_series WHERE files=0
      AND series_key IN (SELECT key FROM touched)""",
    """UPDATE local_study SET (series, images, modalities) = (
      SELECT count(*), coalesce(sum(images), 0),
      coalesce(group_concat(DISTINCT modality), '') FROM local_series
      WHERE local_series.study_key=local_study.study_key)
      WHERE study_key IN (SELECT key FROM touched_study)""",
    "DELETE FROM touched",
    """INSERT INTO touched SELECT DISTINCT patient_key FROM local_study
      WHERE study_key IN (SELECT key FROM touched_study)""",
    """DELETE FROM local_study WHERE series=0
      AND study_key IN (SELECT key FROM touched_study)""",
    """UPDATE local_patient SET (studies, series, images, last_study) = (
      SELECT count(*), coalesce(sum(series), 0), coalesce(sum(images), 0),
      max(study_date) FROM local_study
      WHERE local_study.patient_key=local_patient.patient_key)
      WHERE patient_key IN (SELECT key FROM touched)""",
    """DELETE FROM local_patient WHERE studies=0
      AND patient_key IN (SELECT key FROM touched)""",
)


def _insert(table: str, names: Sequence[str]) -> str:
    marks = ",".join("?" * len(names))
    return f"INSERT OR IGNORE INTO {table} ({','.join(names)}) VALUES ({marks})"


def parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Return values in portions that fit one statement."""
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]


def marks(values: Sequence[Any]) -> str:
    """Return as many marks of a statement as there are values."""
    return ",".join("?" * len(values))
