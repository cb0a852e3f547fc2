"""What My Library's studies and patients say: told by the rows below them."""

import sqlite3
from collections.abc import Callable, Iterable
from itertools import groupby
from operator import itemgetter
from typing import Any

from chrislib.catalog.folding import fold
from chrislib.catalog.index_writing import marks, parts

ROW = (
    *("row_key", "kind", "local_key", "patient_key", "study_key", "title"),
    *("patient_id", "name", "birth_date", "sex", "study_uid", "study_date"),
    *("study_date_text", "study_time", "study", "accession", "age_days"),
    *("series_uid", "number", "modality", "body_part", "station", "images", "size"),
    *("added_at", "sort_name", "sort_patient_id", "sort_study", "sort_accession"),
    *("sort_title", "sort_body_part", "sort_station", "stars", "flag", "label"),
)
"""The columns of ``mine_row``."""
_STUDY = (
    *("study_key", "patient_key", "study_uid", "study_date", "study_date_text"),
    *("study_time", "study", "accession", "age_days", "modality", "station"),
    *("series", "images", "size", "added_at", "sort_study", "sort_accession"),
    *("sort_station",),
)
_PATIENT = (
    *("patient_key", "patient_id", "name", "birth_date", "sex", "study_date"),
    *("modality", "studies", "series", "images", "size", "added_at", "sort_name"),
    *("sort_patient_id",),
)


def recount_studies(db: sqlite3.Connection, keys: Iterable[int]) -> None:
    """Describe studies by their rows; without any they are dropped."""
    _recount(db, keys, _STUDY, make=_study)


def recount_patients(db: sqlite3.Connection, keys: Iterable[int]) -> None:
    """Describe patients by their rows; without any they are dropped."""
    _recount(db, keys, _PATIENT, make=_patient)


def _recount(
    db: sqlite3.Connection,
    keys: Iterable[int],
    names: tuple[str, ...],
    *,
    make: Callable[[list[sqlite3.Row]], tuple[Any, ...]],
) -> None:
    table, name = ("mine_" + names[0].removesuffix("_key")), names[0]
    for some in parts(list(keys)):
        rows = db.execute(
            f"SELECT {','.join(ROW)} FROM mine_row WHERE {name} IN ({marks(some)}) "
            # what the files say themselves comes before what a PACS says
            f"ORDER BY {name}, local_key IS NULL, row_key",
            some,
        )
        found = [make(list(group)) for _, group in groupby(rows, itemgetter(name))]
        left = {row[0] for row in found}
        db.executemany(
            f"DELETE FROM {table} WHERE {name}=?",
            [(one,) for one in some if one not in left],
        )
        db.executemany(
            f"INSERT OR REPLACE INTO {table}({','.join(names)}) "
            f"VALUES ({marks(names)})",
            found,
        )


def _study(rows: list[sqlite3.Row]) -> tuple[Any, ...]:
    first = rows[0]
    return (
        *(first[name] for name in _STUDY[:9]),
        *(_all_of(rows, "modality"), _all_of(rows, "station"), len(rows)),
        *(
            _sum(rows, "images"),
            _sum(rows, "size"),
            min(row["added_at"] for row in rows),
        ),
        *(first["sort_study"], first["sort_accession"]),
        fold(_all_of(rows, "station")) or None,
    )


def _patient(rows: list[sqlite3.Row]) -> tuple[Any, ...]:
    first = rows[0]
    dates = [row["study_date"] for row in rows if row["study_date"]]
    return (
        *(first["patient_key"], first["patient_id"], first["name"]),
        next((row["birth_date"] for row in rows if row["birth_date"]), None),
        next((row["sex"] for row in rows if row["sex"]), ""),
        *(max(dates, default=None), _all_of(rows, "modality")),
        *(len({row["study_key"] for row in rows}), len(rows)),
        *(
            _sum(rows, "images"),
            _sum(rows, "size"),
            min(row["added_at"] for row in rows),
        ),
        *(first["sort_name"], first["sort_patient_id"]),
    )


def _all_of(rows: list[sqlite3.Row], name: str) -> str:
    return "/".join(sorted({row[name] for row in rows if row[name]}))


def _sum(rows: list[sqlite3.Row], name: str) -> int | None:
    known = [row[name] for row in rows if row[name] is not None]
    return sum(known) if known else None
