"""How My Library's rows are made, and that marks survive a sudden end."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chrislib.catalog.catalog import Catalog
from chrislib.catalog.mine_pages import Page
from chrislib.catalog.opening import APPLICATION_ID
from chrislib.catalog.schema import MIGRATIONS
from tests.unit.catalog.mine_tables import NOON, database, everything, item, local

# How rows are made.

ORDER = st.permutations(range(9))


def put(db: sqlite3.Connection, which: int) -> None:
    one = {"patient_id": "P1", "patient_name": "DOE^JANE", "study_uid": "1.1"}
    if which < 3:
        birth = ("1970-01-01", "1970-01-01", "1988-08-08")[which]
        patient = 10 + (which == 2)
        local(
            db,
            which,
            patient=patient,
            study=patient,
            patient_id="P1" if which < 2 else "P2",
            birth=birth,
            uid=f"1.1.{which}",
            at=NOON + which,
        )
    elif which < 5:  # without a birth date: the only one whom the rest fits
        item(db, f"i{which}", series_uid=f"1.1.{which - 3}", **one)
    elif which == 5:
        item(db, "i5", series_uid="1.1.55", birth_date="1970-01-01", **one)
    elif which == 6:  # somebody else with this ID
        item(db, "i6", series_uid="1.1.66", birth_date="1999-09-09", **one)
    elif which == 7:
        item(db, "i7", **{**one, "series_uid": "1.7", "patient_id": "P9"})
    else:
        item(
            db,
            "i8",
            **{**one, "series_uid": "1.8", "patient_id": "P9"},
            birth_date="2001-01-01",
        )


def state(db: sqlite3.Connection) -> dict[str, Any]:
    """Return rows, studies and patients without the names of keys."""

    def said(query: str) -> list[tuple[Any, ...]]:
        return sorted(tuple(map(str, row)) for row in db.execute(query))

    return {
        "rows": said(
            "SELECT series_uid, r.name, r.birth_date, p.name, p.birth_date, "
            "p.studies, p.series, p.images, s.series, s.modality, r.local_key, "
            "r.added_at FROM mine_row r JOIN mine_patient p USING (patient_key) "
            "JOIN mine_study s USING (study_key)"
        ),
        "patients": said("SELECT patient_id, name, birth_date FROM mine_patient"),
        "studies": said("SELECT study_uid, series, added_at FROM mine_study"),
        "words": said("SELECT rowid FROM mine_search ORDER BY 1"),
    }


@settings(max_examples=15, deadline=None)
@given(order=ORDER, later=st.sets(st.integers(0, 8)))
def test_rows_are_the_same_in_whatever_order_things_come(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], later: set[int]
) -> None:
    folder = tmp_path_factory.mktemp("order")
    with (
        closing(database(folder / "a.db")) as one,
        closing(database(folder / "b.db")) as other,
    ):
        for which in range(9):
            put(one, which)
        everything(one)
        for which in order:
            put(other, which)
            if which in later:
                everything(other)
        everything(other)
        assert state(other) == state(one)
        for which in order:
            if which < 3:
                other.execute("DELETE FROM local_series WHERE series_key=?", (which,))
            else:
                other.execute(
                    "DELETE FROM library_item WHERE item_id=?", (f"i{which}",)
                )
            everything(other)
        assert not any(state(other).values())


# An end at any time.

_CHILD = """
import asyncio, sys
from pathlib import Path
from chrislib.catalog.catalog import Catalog
from chrislib.catalog.mine_marks import CollectionRow, Marking

async def main():
    catalog = Catalog(Path(sys.argv[1]))
    await catalog.open()
    keys = [int(one) for one in sys.argv[2].split(",")]
    print("ready", flush=True)
    for number in range(100_000):
        made = Marking(stars=number % 6, flag=number % 3 - 1, add=(f"k{number}",),
                       note=f"n{number}")
        await catalog.mine.mark("all", keys, made, account="")
        await catalog.mine.put_collection(
            CollectionRow(collection_id=f"c{number}", title="t", kind="manual"), keys)
        print(number, flush=True)

asyncio.run(main())
"""


async def read(path: Path, keys: list[int]) -> Page:
    catalog = Catalog(path)
    await catalog.open()
    assert catalog.notice == ""
    found = await catalog.mine.rows(keys, account="")
    await catalog.close()
    return found


def test_marks_survive_kill_9_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    with closing(database(path)) as db:
        for number in range(5):
            local(db, number, patient=1, study=1, patient_id="P")
        everything(db)
        db.execute(f"PRAGMA user_version={len(MIGRATIONS)}")
        db.execute(f"PRAGMA application_id={APPLICATION_ID}")
        keys = [row[0] for row in db.execute("SELECT row_key FROM mine_row")]
    told = -1
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(path), ",".join(map(str, keys))],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    with child.stdout as said:
        for line in said:
            if line.strip().isdigit():
                told = int(line)
            if told >= 12 and child.poll() is None:
                os.kill(child.pid, signal.SIGKILL)
    child.wait(30)
    assert told >= 12
    found = asyncio.run(read(path, keys))
    # all rows have the same marks, none older than what was told to be kept
    assert (
        len({(row["stars"], row["flag"], row["note"]) for row in found.values()}) == 1
    )
    words = {len(row["keywords"]) for row in found.values()}
    assert len(words) == 1
    assert words.pop() >= told + 1
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows_ = db.execute(
            "SELECT collection_id, (SELECT count(*) FROM mine_member m "
            "WHERE m.collection_id=c.collection_id) FROM mine_collection c"
        ).fetchall()
    assert {count for _, count in rows_} == {5}
    assert len(rows_) >= told + 1
