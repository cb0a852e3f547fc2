"""Small libraries in the catalog, without reading any file."""

import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any

from chrislib.catalog.folding import fold
from chrislib.catalog.mine_writing import catch_up
from chrislib.catalog.opening import connect
from chrislib.catalog.schema import MIGRATIONS

NOON = datetime(2026, 11, 20, 12).timestamp()


def database(path: Path) -> sqlite3.Connection:
    db = connect(path)
    db.execute("PRAGMA synchronous=OFF")
    db.execute("PRAGMA journal_mode=WAL")
    for step in MIGRATIONS:
        step(db)
    return db


def local(db: sqlite3.Connection, series_key: int, /, **values: Any) -> None:
    """Put a series into the tables of the index, with its study and patient."""
    patient, study = values["patient"], values["study"]
    name, birth = values.get("name", "Doe^Jane"), values.get("birth")
    db.execute(
        "INSERT OR IGNORE INTO local_patient(patient_key, patient_id, issuer, name, "
        "sort_name, birth_date, birth_date_text, sex, added_at) "
        "VALUES (?, ?, '', ?, ?, ?, '', ?, 1)",
        (patient, values["patient_id"], name, fold(name), birth, values.get("sex", "")),
    )
    db.execute(
        "INSERT OR IGNORE INTO local_study(study_key, patient_key, study_uid, "
        "study_date, description, accession_number, study_date_text, study_time, "
        "study_id, referring_physician, institution, age, added_at) "
        "VALUES (?, ?, ?, ?, ?, ?, '', '', '', '', '', ?, 1)",
        (
            *(study, patient, f"1.{study}", values.get("day"), values.get("text", "")),
            *(values.get("accession", ""), values.get("age", "")),
        ),
    )
    blank = ", ".join(["''"] * 9)
    db.execute(
        "INSERT INTO local_series(series_key, study_key, series_uid, modality, "
        "description, images, bytes, added_at, body_part, number, laterality, "
        "protocol, station, manufacturer, model, series_time, image_type, sop_class, "
        f"frame_of_reference, burned_in) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, {blank}"
        ", '')",
        (
            *(series_key, study, values.get("uid", f"1.{study}.{series_key}")),
            *(values.get("modality", ""), values.get("title", "")),
            *(values.get("images", 1), values.get("size", 10), values.get("at", NOON)),
            *(values.get("body", ""), values.get("number")),
        ),
    )


def item(db: sqlite3.Connection, name: str, **values: Any) -> None:
    row = {
        "item_id": name,
        "source": "pacs",
        "title": name,
        "state": "ready",
        "added_at": NOON,
        **values,
    }
    db.execute(
        f"INSERT OR REPLACE INTO library_item({','.join(row)}) "
        f"VALUES ({','.join('?' * len(row))})",
        tuple(row.values()),
    )


def everything(db: sqlite3.Connection) -> None:
    while catch_up(db, 3).left:
        pass
