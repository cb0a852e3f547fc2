"""Lists of My Library: which keys, in what order, and how many of each kind."""

import json
import sqlite3
from array import array
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import chain
from typing import Any, NamedTuple

from chrislib.catalog.folding import searchable
from chrislib.catalog.mine_conditions import (
    Asker,
    Condition,
    condition,
    feeds_of,
    place_of,
    source_of,
    state_of,
)
from chrislib.catalog.mine_rules import BadRule, Field, Group, Op, Rule, from_json

QUICK, PREVIOUS = "quick", "previous"
"""Collections that are always there."""

_PAUSE = 600.0
"""Seconds without anything new that end the previous import."""
_MANY = 20_000
_DEEP = 8
"""Smart collections within smart collections."""

_ROWS = {
    "name": "r.sort_name, r.study_date, r.number",
    "patient_id": "r.sort_patient_id",
    "birth_date": "r.birth_date",
    "sex": "nullif(r.sex, '')",
    "study_date": "r.study_date, r.sort_name, r.number",
    "study": "r.sort_study",
    "accession": "r.sort_accession",
    "age": "r.age_days",
    "modality": "nullif(r.modality, '')",
    "title": "r.sort_title",
    "number": "r.number",
    "body_part": "r.sort_body_part",
    "station": "r.sort_station",
    "images": "r.images",
    "size": "r.size",
    "added": "r.added_at",
    "stars": "r.stars",
    "flag": "r.flag",
    "label": "nullif(r.label, 0)",
}
_STUDIES = {
    **{name: _ROWS[name].replace("r.", "k.") for name in ("study", "accession", "age")},
    **{"study_date": "k.study_date", "modality": "nullif(k.modality, '')"},
    **{"station": "k.sort_station", "series": "k.series", "images": "k.images"},
    **{"size": "k.size", "added": "k.added_at", "title": "k.sort_study"},
    **{"name": "p.sort_name, k.study_date", "patient_id": "p.sort_patient_id"},
    **{"birth_date": "p.birth_date", "sex": "nullif(p.sex, '')"},
}
_PATIENTS = {
    **{"name": "k.sort_name", "patient_id": "k.sort_patient_id"},
    **{"birth_date": "k.birth_date", "sex": "nullif(k.sex, '')"},
    **{"study_date": "k.study_date", "modality": "nullif(k.modality, '')"},
    **{"studies": "k.studies", "series": "k.series", "images": "k.images"},
    **{"size": "k.size", "added": "k.added_at", "title": "k.sort_name"},
}
_SERIES, _DATA = "+r.row_key > 0", "r.row_key < 0"
"""Of the two kinds of rows; series are most of all, their index is no use."""
_BEST = {"stars": "max(r.stars)", "flag": "max(r.flag)", "label": "max(r.label)"}


class Wish(NamedTuple):
    """A list that is asked for.

    Attributes
    ----------
    level : str
        all, series, data, study or patient.
    rules : Group
        What its rows, or what is below them, must be like.
    sort : str
        A value of `chrislib.library.mine.model.Column`.
    collection : str
        Whose order ``manual`` is.
    """

    level: str
    rules: Group
    sort: str = "study_date"
    descending: bool = True
    collection: str = ""


def asker_of(db: sqlite3.Connection, account: str, today: date) -> Asker:
    """Return for whom rules are asked, now."""
    deep = 0

    def collection(collection_id: str) -> Condition:
        nonlocal deep
        if collection_id == PREVIOUS:
            return "r.added_at >= ?", (_previous(db),)
        found = db.execute(
            "SELECT kind, rules FROM mine_collection WHERE collection_id=?",
            (collection_id,),
        ).fetchone()
        if found is None or found[0] != "smart":
            text = "SELECT row_key FROM mine_member WHERE collection_id=?"
            return f"r.row_key IN ({text})", (collection_id,)
        if deep >= _DEEP:
            raise BadRule("a smart collection is about itself")
        deep += 1
        try:
            return condition(from_json(found[1]), asker)
        finally:
            deep -= 1

    asker = Asker(
        account=account,
        search=lambda text: words(db, text),
        collection=collection,
        today=today,
    )
    return asker


_LOCAL = (
    "SELECT l.row_key FROM {0} s CROSS JOIN mine_local l ON l.series_key=s.rowid "
    "WHERE {0} MATCH ?"
)
_OTHER = "SELECT rowid FROM {0} WHERE {0} MATCH ?"


def words(db: sqlite3.Connection, text: str) -> Condition:
    """Return the condition that a row has all words of a text."""
    texts: list[str] = []
    values: list[str] = []
    for hits, some in _searches(text):
        found = _keys(db, f"{hits} LIMIT {_MANY}", some)
        if len(found) < _MANY:
            # these are sorted, and not looked for once more
            texts.append("r.row_key IN (SELECT value FROM json_each(?))")
            values.append(json.dumps(found.tolist()))
        else:
            # those of the order that are among them are quicker to find (the sign
            # before the column takes it from the planner)
            texts.append(f"+r.row_key IN ({hits})")
            values += some
    return " AND ".join(texts) or "1", tuple(values)


def narrowed(db: sqlite3.Connection, text: str, among: Iterable[int]) -> "array[int]":
    """Return those of some keys that have all words of a text, in their order."""
    for hits, some in _searches(text):
        held = set(_keys(db, hits, some))
        among = array("q", filter(held.__contains__, among))
    return array("q", among)


def _searches(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield for each word a query for the keys of rows that have it, with values."""
    for word in text.split():
        signs = searchable(word).replace('"', " ").split()
        if not signs:
            continue
        phrase, whole = '"' + " ".join(signs) + '" *', f'"{"".join(signs)}"'
        hits = [_LOCAL.format("local_search"), _OTHER.format("mine_search")]
        some = [phrase, phrase]
        if len(whole) >= 5:
            hits += [_LOCAL.format("local_parts"), _OTHER.format("mine_parts")]
            some += [whole, whole]
        yield " UNION ALL ".join(hits), tuple(some)


def _keys(db: sqlite3.Connection, query: str, values: tuple[Any, ...]) -> "array[int]":
    cursor = db.cursor()
    cursor.row_factory = None
    return array("q", chain.from_iterable(cursor.execute(query, values).fetchall()))


def chosen(db: sqlite3.Connection, wish: Wish, asker: Asker) -> Condition:
    """Return the condition on ``mine_row AS r`` of a wish, and that it may be seen."""
    text, values = condition(wish.rules, asker)
    texts = [text] if text != "1" else []
    if wish.level == "data":
        texts.append(_DATA)
    elif wish.level != "all":
        texts.append(_SERIES)
    seen, more = visible(db, asker)
    if seen:
        texts.append(seen)
    return " AND ".join(f"({one})" for one in texts) or "1", (*values, *more)


def visible(db: sqlite3.Connection, asker: Asker) -> Condition:
    """Return the condition that the account sees a row; "" where it sees all."""
    if not asker.account:
        return "", ()
    others = db.execute(
        "SELECT EXISTS(SELECT 1 FROM mine_item WHERE account_key>'' AND account_key<?) "
        "OR EXISTS(SELECT 1 FROM mine_item WHERE account_key>?)",
        (asker.account, asker.account),
    ).fetchone()[0]
    if not others:
        return "", ()
    seen, values = asker.visible
    text = (
        "r.local_key IS NOT NULL OR EXISTS "
        f"(SELECT 1 FROM mine_item m WHERE m.row_key=r.row_key AND {seen})"
    )
    return text, values


def head(
    db: sqlite3.Connection, wish: Wish, most: int, *, asker: Asker
) -> tuple["array[int]", int]:
    """Return the first keys of a list, and how many it has."""
    where, _ = chosen(db, wish, asker)
    if where not in ("1", f"({_SERIES})", f"({_DATA})"):
        every = ids(db, wish, asker)
        return every[:most], len(every)

    def count(query: str) -> int:
        return int(db.execute(f"SELECT count(*) FROM {query}").fetchone()[0])

    if wish.level in ("study", "patient"):
        number = count(f"mine_{wish.level}")
    else:
        data = count(f"mine_row r WHERE {_DATA}")
        number = data if wish.level == "data" else count("mine_row")
        number -= data if wish.level == "series" else 0
    return ids(db, wish, asker, most=most), number


def ids(
    db: sqlite3.Connection, wish: Wish, asker: Asker, *, most: int = -1
) -> "array[int]":
    """Return the keys of a list in order, all or the first ones."""
    where, values = chosen(db, wish, asker)
    if wish.level in ("study", "patient"):
        query, values = _above(wish, where, values)
    else:
        query, values = _below(wish, where, values, asker=asker)
    query += f" LIMIT {most}" if most >= 0 else ""
    return _keys(db, query, values)


def _below(
    wish: Wish, where: str, values: tuple[Any, ...], *, asker: Asker
) -> tuple[str, tuple[Any, ...]]:
    if wish.sort == "manual" and wish.collection:
        return (
            "SELECT r.row_key FROM mine_row r JOIN mine_member o "
            f"ON o.row_key=r.row_key AND o.collection_id=? WHERE {where} "
            f"ORDER BY {_ordered('o.position', wish.descending)}, r.row_key",
            (wish.collection, *values),
        )
    made = {
        "feeds": feeds_of,
        "place": place_of,
        "state": state_of,
        "source": source_of,
    }.get(wish.sort)
    more: tuple[Any, ...] = ()
    if made is not None:
        text, more = made(asker)
        by = f"({text})"
    else:
        by = _ROWS.get(wish.sort, _ROWS["study_date"])
    order = _ordered(by, wish.descending, whole=made is not None)
    tail = "DESC" if wish.descending else "ASC"
    return (
        f"SELECT r.row_key FROM mine_row r WHERE {where} "
        f"ORDER BY {order}, r.row_key {tail}",
        (*values, *more),
    )


def _above(
    wish: Wish, where: str, values: tuple[Any, ...]
) -> tuple[str, tuple[Any, ...]]:
    name = f"{wish.level}_key"
    table, sorts = (
        ("mine_study", _STUDIES)
        if wish.level == "study"
        else ("mine_patient", _PATIENTS)
    )
    join = f"{table} k"
    if wish.level == "study":
        join += " JOIN mine_patient p ON p.patient_key=k.patient_key"
    limit = (
        ""
        if where == f"({_SERIES})"
        else f"WHERE k.{name} IN (SELECT r.{name} FROM mine_row r WHERE {where})"
    )
    if wish.sort in _BEST:
        by = f"(SELECT {_BEST[wish.sort]} FROM mine_row r WHERE r.{name}=k.{name})"
        order = _ordered(by, wish.descending, whole=True)
    else:
        other = "study_date" if wish.level == "study" else "name"
        order = _ordered(sorts.get(wish.sort, sorts[other]), wish.descending)
    tail = "DESC" if wish.descending else "ASC"
    return f"SELECT k.{name} FROM {join} {limit} ORDER BY {order}, k.{name} {tail}", (
        values if limit else ()
    )


def _ordered(columns: str, descending: bool, *, whole: bool = False) -> str:
    """Return terms of ORDER BY; what has no value comes last either way."""
    terms = [columns] if whole else _terms(columns)
    if descending:
        return ", ".join(f"{one} DESC" for one in terms)
    # for the first term only: so an index still serves
    first = f"{terms[0]} ASC NULLS LAST"
    return ", ".join([first, *(f"{one} ASC" for one in terms[1:])])


def _terms(columns: str) -> list[str]:
    return [columns] if "(" in columns else columns.split(", ")


def _previous(db: sqlite3.Connection) -> float:
    """Return when the last import began: before it nothing came for ten minutes."""
    cursor = db.cursor()
    cursor.row_factory = None
    began = float("inf")
    for (at,) in cursor.execute("SELECT added_at FROM mine_row ORDER BY added_at DESC"):
        if began - at > _PAUSE and began != float("inf"):
            break
        began = at
    return began


def counts(db: sqlite3.Connection, asker: Asker) -> dict[str, int]:
    """Return how many rows there are at each level and in each collection."""
    seen, values = visible(db, asker)
    where = seen or "1"
    kinds = dict(
        tuple(row)
        for row in db.execute(
            f"SELECT r.row_key > 0, count(*) FROM mine_row r WHERE {where} GROUP BY 1",
            values,
        )
    )
    found = {
        "series": kinds.get(1, 0),
        "data": kinds.get(0, 0),
        "all": sum(kinds.values()),
    }
    for level in ("study", "patient"):
        query = f"SELECT count(*) FROM mine_{level}"
        if seen:
            query = (
                f"SELECT count(DISTINCT r.{level}_key) FROM mine_row r WHERE {where}"
            )
        found[level] = db.execute(query, values).fetchone()[0]
    for collection_id in (PREVIOUS, QUICK):
        found[collection_id] = count_of(db, collection_id, asker)
    return found


def count_of(db: sqlite3.Connection, collection_id: str, asker: Asker) -> int:
    """Return how many rows a collection has, 0 for one whose rules have no meaning."""
    rules = Group((Rule(Field.COLLECTION, Op.IS, collection_id),))
    try:
        where, values = chosen(db, Wish("all", rules), asker)
    except BadRule:
        return 0
    query = f"SELECT count(*) FROM mine_row r WHERE {where}"
    return int(db.execute(query, values).fetchone()[0])


def facet(
    db: sqlite3.Connection, wish: Wish, name: str, *, asker: Asker
) -> dict[Any, int]:
    """Return how many rows of a list have each value of something."""
    where, values = chosen(db, wish, asker)
    if name == "keywords":
        query = (
            "SELECT min(w.keyword), count(*) FROM mine_row r JOIN mine_keyword w "
            f"ON w.row_key=r.row_key WHERE {where} GROUP BY w.folded"
        )
        return {row[0]: row[1] for row in db.execute(query, values)}
    before: tuple[Any, ...] = ()
    made = {"sources": source_of, "places": place_of, "states": state_of}.get(name)
    if made is not None:
        text, before = made(asker)
    else:
        text = {
            "modalities": "r.modality",
            "sexes": "r.sex",
            "years": "substr(r.study_date, 1, 4)",
            "stars": "r.stars",
            "flags": "r.flag",
            "labels": "r.label",
        }[name]
    query = f"SELECT {text}, count(*) FROM mine_row r WHERE {where} GROUP BY 1"
    return {row[0]: row[1] for row in db.execute(query, (*before, *values))}
