"""How My Library's rows are made of local series and library items.

A row is described anew from its sources whenever one of them changed, in the writer's
transaction; what it does not differ in is not written. A series has one row by its
patient ID, study and series UID, whether it lies here, on a server, or both. Files of
another patient that claim the same UIDs get a row of their own.
"""

import re
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from chrislib.catalog.folding import fold, searchable
from chrislib.catalog.index_writing import marks, parts
from chrislib.catalog.keys import key
from chrislib.catalog.mine_counting import ROW, recount_patients, recount_studies

_AGE = re.compile(r"^(\d{1,3})([DWMY])$", re.ASCII)
_DAYS = {"D": 1.0, "W": 7.0, "M": 30.436875, "Y": 365.2425}
_LOCAL = (
    "SELECT l.row_key, l.series_key AS local_key, s.number, s.modality, "
    "s.description AS title, s.body_part, s.station, s.images, s.bytes AS size, "
    "s.added_at, s.series_uid, t.study_key, t.study_uid, t.study_date, "
    "t.study_date_text, t.study_time, t.description AS study, "
    "t.accession_number AS accession, t.age, p.patient_key, p.patient_id, p.name, "
    "p.birth_date, p.sex FROM mine_local l JOIN local_series s USING (series_key) "
    "JOIN local_study t USING (study_key) JOIN local_patient p USING (patient_key) "
)


@dataclass(slots=True)
class Caught:
    """What was brought over: rows that came, changed or went, and if more is left."""

    rows: set[int] = field(default_factory=set)
    left: bool = False


def catch_up(db: sqlite3.Connection, limit: int = 500) -> Caught:
    """Bring over what changed of local series and library items, some at a time."""
    caught = Caught()
    touched: set[int] = set()
    for table, name, link in (
        ("mine_stale_series", "series_key", _link_series),
        ("mine_stale_item", "item_id", _link_items),
    ):
        found = db.execute(f"SELECT {name} FROM {table} LIMIT ?", (limit,))
        keys = [row[0] for row in found]
        for some in parts(keys):
            touched |= link(db, some)
            db.execute(f"DELETE FROM {table} WHERE {name} IN ({marks(some)})", some)
        caught.left |= len(keys) == limit
    if touched:
        describe(db, touched, caught)
    return caught


def row_key_of(patient_id: str, study_uid: str, series_uid: str) -> int:
    """Return the key of a series' row."""
    return key("row", fold(patient_id), study_uid, series_uid)


def _link_series(db: sqlite3.Connection, keys: Sequence[int]) -> set[int]:
    """Note which rows local series are part of; return those rows."""
    linked = dict(
        tuple(row)
        for row in db.execute(
            "SELECT series_key, row_key FROM mine_local "
            f"WHERE series_key IN ({marks(keys)})",
            keys,
        )
    )
    present = db.execute(
        "SELECT series_key, patient_id, study_uid, series_uid FROM local_series "
        "JOIN local_study USING (study_key) JOIN local_patient USING (patient_key) "
        f"WHERE series_key IN ({marks(keys)}) ORDER BY series_key",
        keys,
    ).fetchall()
    there = {row[0] for row in present}
    gone = [one for one in linked if one not in there]
    db.executemany("DELETE FROM mine_local WHERE series_key=?", [(k,) for k in gone])
    for series_key, patient_id, study_uid, series_uid in present:
        if series_key in linked:
            continue
        wanted = row_key_of(patient_id, study_uid, series_uid)
        add = "INSERT OR IGNORE INTO mine_local VALUES (?, ?)"
        if db.execute(add, (series_key, wanted)).rowcount != 1:
            # other files of these UIDs are there already: they are not overwritten
            wanted = key("row", str(series_key))
            db.execute(add, (series_key, wanted))
        linked[series_key] = wanted
    return set(linked.values())


def _link_items(db: sqlite3.Connection, ids: Sequence[str]) -> set[int]:
    """Note which rows library items are part of; return those rows."""
    before = dict(
        tuple(row)
        for row in db.execute(
            f"SELECT item_id, row_key FROM mine_item WHERE item_id IN ({marks(ids)})",
            ids,
        )
    )
    present = db.execute(
        "SELECT item_id, account_key, source, state, added_at, patient_id, study_uid, "
        f"series_uid FROM library_item WHERE item_id IN ({marks(ids)}) "
        # what was only ticked is not in the library
        "AND state <> 'wanted' AND source <> 'files'",
        ids,
    ).fetchall()
    touched = set(before.values())
    for row in present:
        item_id, account, source, state, added_at, patient_id, study, series = row
        # below 0 is what is no series, as every index tells
        row_key = (
            row_key_of(patient_id, study, series) if series else -key("item", item_id)
        )
        db.execute(
            "INSERT OR REPLACE INTO mine_item VALUES (?, ?, ?, ?, ?, ?)",
            (item_id, row_key, account, source, state, added_at),
        )
        before.pop(item_id, None)
        touched.add(row_key)
    db.executemany("DELETE FROM mine_item WHERE item_id=?", [(one,) for one in before])
    return touched


def describe(
    db: sqlite3.Connection, keys: Iterable[int], caught: Caught | None = None
) -> None:
    """Write rows anew from what they are made of, with their studies and patients."""
    caught = caught or Caught()
    work = _Describing(db, caught.rows)
    work.describe(list(keys))
    people = [one for one in work.people if one]
    for some in parts(people):
        # a patient who came or went can be the one whom items belong to
        rows = db.execute(
            "SELECT row_key, birth_date FROM mine_row WHERE local_key IS NULL "
            f"AND kind='series' AND patient_id IN ({marks(some)})",
            some,
        ).fetchall()
        # those without a birth date look for one among the others
        work.describe([row[0] for row in rows if row[1] is not None])
        work.describe([row[0] for row in rows if row[1] is None])
    recount_studies(db, work.studies)
    recount_patients(db, work.patients)


class _Describing:
    def __init__(self, db: sqlite3.Connection, changed: set[int]) -> None:
        self._db = db
        self._changed = changed
        self.studies: set[int] = set()
        self.patients: set[int] = set()
        self.people: set[str] = set()
        """Patient IDs of rows that came, went or moved to another patient."""

    def describe(self, keys: Sequence[int]) -> None:
        for some in parts(keys):
            self._some(some)

    def _some(self, keys: Sequence[int]) -> None:
        db, chosen = self._db, f"row_key IN ({marks(keys)})"
        before = {
            row[0]: tuple(row)
            for row in db.execute(
                f"SELECT {','.join(ROW)} FROM mine_row WHERE {chosen}", keys
            )
        }
        local = {
            row[0]: dict(row) for row in db.execute(f"{_LOCAL} WHERE {chosen}", keys)
        }
        items: dict[int, list[dict[str, Any]]] = {}
        for row in db.execute(
            "SELECT m.row_key, i.* FROM mine_item m JOIN library_item i USING (item_id)"
            f" WHERE m.{chosen} ORDER BY m.added_at, m.item_id",
            keys,
        ):
            items.setdefault(row[0], []).append(dict(row))
        marked = {
            row[0]: tuple(row)[1:]
            for row in db.execute(
                f"SELECT row_key, stars, flag, label FROM mine_mark WHERE {chosen}",
                keys,
            )
        }
        new: list[tuple[Any, ...]] = []
        gone: list[int] = []
        for one in keys:
            made = self._made(one, local.get(one), items.get(one, []))
            old = before.get(one)
            if made is None:
                if old is not None:
                    gone.append(one)
                    self._note(old, None)
                continue
            values = tuple(made[name] for name in ROW[:-3])
            values += marked.get(one, (0, 0, 0))
            if values != old:
                new.append(values)
                self._note(old, values)
        db.executemany("DELETE FROM mine_row WHERE row_key=?", [(k,) for k in gone])
        db.executemany(
            f"INSERT OR REPLACE INTO mine_row({','.join(ROW)}) VALUES ({marks(ROW)})",
            new,
        )
        write_words(db, [*gone, *(row[0] for row in new)])

    def _note(self, old: tuple[Any, ...] | None, new: tuple[Any, ...] | None) -> None:
        moved = old is None or new is None or old[3] != new[3]
        for one in (old, new):
            if one is None:
                continue
            self._changed.add(one[0])
            if one[3] is not None:
                self.patients.add(one[3])
                self.studies.add(one[4])
                if moved:
                    self.people.add(one[6])

    def _made(
        self, row_key: int, local: dict[str, Any] | None, items: list[dict[str, Any]]
    ) -> dict[str, Any] | None:
        """Return the columns of a row; None when there is nothing to make it of."""
        if local is None and not items:
            return None
        if local is not None:
            row = {**local, "kind": "series"}
        else:
            row = _of_item(items[-1])
            if row["kind"] == "series":
                row["patient_key"] = self._patient_of(row)
                row["study_key"] = key(
                    "study", str(row["patient_key"]), row["study_uid"]
                )
        row["row_key"] = row_key
        row["added_at"] = min([row["added_at"], *(one["added_at"] for one in items)])
        row["age_days"] = _age(row["birth_date"], row["study_date"], row["age"])
        for name, text in (
            *(("sort_name", "name"), ("sort_patient_id", "patient_id")),
            *(("sort_study", "study"), ("sort_accession", "accession")),
            *(("sort_title", "title"), ("sort_body_part", "body_part")),
            *(("sort_station", "station"),),
        ):
            row[name] = fold(row[text]) or None
        return row

    def _patient_of(self, row: dict[str, Any]) -> int:
        """Return the patient an item belongs to.

        Its own, by ID, name and birth date; without a birth date the only one whom
        the rest fits; or the only one of local files whose issuer of IDs items do not
        know.
        """
        patient_id, name, birth = row["patient_id"], row["name"], row["birth_date"]
        own = key(
            *("patient", patient_id, "", fold(name)),
            (birth or "").replace("-", ""),
        )
        if not patient_id:
            return own
        plain = _plain(name)
        local = {
            found[0]
            for found in self._db.execute(
                "SELECT patient_key, name, birth_date FROM local_patient "
                "WHERE patient_id=?",
                (patient_id,),
            )
            if _plain(found[1]) == plain and birth in (None, found[2])
        }
        if birth is None and not local:
            local = {
                found[0]
                for found in self._db.execute(
                    "SELECT patient_key, name FROM mine_row WHERE local_key IS NULL "
                    "AND kind='series' AND patient_id=? AND birth_date IS NOT NULL",
                    (patient_id,),
                )
                if _plain(found[1]) == plain
            }
        return local.pop() if len(local) == 1 else own


def _of_item(item: dict[str, Any]) -> dict[str, Any]:
    series = bool(item["series_uid"])
    day = item["study_date"]
    return {
        "kind": "series" if series else "data",
        "local_key": None,
        "patient_key": None,
        "study_key": None,
        "title": item["series_description"] if series else item["title"],
        "patient_id": item["patient_id"],
        "name": item["patient_name"],
        "birth_date": item["birth_date"] or None,
        "sex": item["sex"],
        "study_uid": item["study_uid"],
        "study_date": day or None,
        "study_date_text": day.replace("-", ""),
        "study_time": "",
        "study": item["study_description"],
        "accession": item["accession_number"],
        "age": "",
        "series_uid": item["series_uid"],
        "number": None,
        "modality": item["modality"],
        "body_part": "",
        "station": "",
        "images": item["images"],
        "size": item["size"],
        "added_at": item["added_at"],
    }


def _plain(name: str) -> str:
    """Return the alphabetic group of a name, folded."""
    return fold(name.partition("=")[0] or name)


def _age(birth: str | None, day: str | None, stored: str) -> int | None:
    """Return the days from birth to study; from the age in the file without dates."""
    if birth and day:
        days = (date.fromisoformat(day) - date.fromisoformat(birth)).days
        if 0 <= days <= 150 * 366:
            return days
    found = _AGE.match(stored.strip())
    return int(int(found[1]) * _DAYS[found[2]]) if found else None


def write_words(db: sqlite3.Connection, keys: Sequence[int]) -> None:
    """Write the words of rows for searching anew.

    What a row's local files say is in ``local_search`` already.
    """
    rows: dict[int, tuple[str, str, str]] = {}
    for some in parts(keys):
        said: dict[int, list[str]] = {}
        for table in (
            "SELECT row_key, keyword FROM mine_keyword",
            "SELECT row_key, note FROM mine_mark",
        ):
            for one in db.execute(f"{table} WHERE row_key IN ({marks(some)})", some):
                said.setdefault(one[0], []).append(searchable(one[1]))
        for row in db.execute(
            "SELECT row_key, local_key, name, patient_id, study, accession, "
            "study_date_text, study_date, title, modality FROM mine_row "
            f"WHERE row_key IN ({marks(some)})",
            some,
        ):
            texts = numbers = ""
            if row[1] is None:
                found = (searchable(text) for text in tuple(row)[2:] if text)
                texts = " ".join(found)
                numbers = fold(f"{row['accession']} {row['patient_id']}")
            rows[row[0]] = (texts, " ".join(said.get(row[0], ())).strip(), numbers)
        for table in ("mine_search", "mine_parts"):
            db.execute(f"DELETE FROM {table} WHERE rowid IN ({marks(some)})", some)
    db.executemany(
        "INSERT INTO mine_search(rowid, texts, marks) VALUES (?, ?, ?)",
        [(one, t, m) for one, (t, m, _) in rows.items() if t or m],
    )
    db.executemany(
        "INSERT INTO mine_parts(rowid, numbers) VALUES (?, ?)",
        [(one, numbers) for one, (_, _, numbers) in rows.items() if numbers],
    )
