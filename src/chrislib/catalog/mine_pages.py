"""Pages of My Library: the rows of some keys, with everything a screen tells."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from chrislib.catalog.index_writing import marks, parts
from chrislib.catalog.mine_conditions import AWAY, Asker, feeds_of
from chrislib.catalog.mine_lists import visible

Page = dict[int, dict[str, Any]]

_SERIES = (
    *("protocol", "manufacturer", "model", "rows", "columns", "slice_thickness"),
    *("slice_spacing", "repetition_time", "echo_time", "inversion_time"),
    *("field_strength",),
)
"""Columns of ``local_series`` that a row has beside its own."""
_URGENT = ("on_the_way", "registering", "failed", "gone", "cancelled", "ready")
"""States of what is below a study, the one that most needs to be known first."""


def rows(db: sqlite3.Connection, keys: Sequence[int], asker: Asker) -> Page:
    """Return series and data items."""
    found: Page = {}
    feeds, values = feeds_of(asker)
    more = ", ".join(f"s.{name}" for name in _SERIES)
    for some in parts(keys):
        for row in db.execute(
            f"SELECT r.*, {more}, ({feeds}) AS feeds, k.note FROM mine_row r "
            "LEFT JOIN local_series s ON s.series_key=r.local_key "
            "LEFT JOIN mine_mark k ON k.row_key=r.row_key "
            f"WHERE r.row_key IN ({marks(some)})",
            (*values, *some),
        ):
            found[row["row_key"]] = {**dict(row), "keywords": []}
        for row_key, keyword in db.execute(
            "SELECT row_key, keyword FROM mine_keyword "
            f"WHERE row_key IN ({marks(some)}) ORDER BY folded",
            some,
        ):
            if row_key in found:
                found[row_key]["keywords"].append(keyword)
    for row_key, item in _items(db, list(found), asker).items():
        found[row_key].update(item)
    for one in found.values():
        one.update(
            cover=one["row_key"],
            place=_place(one["local_key"], one.get("state")),
            series=int(one["kind"] == "series"),
            here=int(one["local_key"] is not None),
            ready=int(one.get("state", "ready") == "ready"),
        )
    return found


def above(
    db: sqlite3.Connection, level: str, keys: Sequence[int], *, asker: Asker
) -> Page:
    """Return studies or patients, each with what its series have in common."""
    found: Page = {}
    name = f"{level}_key"
    query = f"SELECT k.*, k.{name} AS row_key"
    if level == "study":
        query += ", p.patient_id, p.name, p.birth_date, p.sex"
    query += f" FROM mine_{level} k"
    if level == "study":
        query += " JOIN mine_patient p ON p.patient_key=k.patient_key"
    for some in parts(keys):
        for row in db.execute(f"{query} WHERE k.{name} IN ({marks(some)})", some):
            found[row["row_key"]] = dict(row)
    below: dict[int, list[dict[str, Any]]] = {one: [] for one in found}
    for one in _series_of(db, name, list(found), asker=asker):
        below[one[name]].append(one)
    used = _used(db, name, list(found), asker=asker)
    return {
        one: {**found[one], **_together(series), "feeds": used.get(one, 0)}
        for one, series in below.items()
        if series
    }


def _series_of(
    db: sqlite3.Connection, name: str, keys: Sequence[int], *, asker: Asker
) -> list[dict[str, Any]]:
    seen, values = visible(db, asker)
    found: list[dict[str, Any]] = []
    for some in parts(keys):
        found += (
            dict(row)
            for row in db.execute(
                "SELECT r.row_key, r.study_key, r.patient_key, r.local_key, r.images, "
                "r.size, r.stars, r.flag, r.label FROM mine_row r "
                f"WHERE r.{name} IN ({marks(some)}) AND ({seen or '1'}) "
                "ORDER BY r.row_key",
                (*some, *values),
            )
        )
    items = _items(db, [one["row_key"] for one in found], asker)
    words: dict[int, list[str]] = {}
    for some in parts([one["row_key"] for one in found]):
        for row_key, keyword in db.execute(
            "SELECT row_key, keyword FROM mine_keyword "
            f"WHERE row_key IN ({marks(some)}) ORDER BY folded",
            some,
        ):
            words.setdefault(row_key, []).append(keyword)
    for one in found:
        one.update(items.get(one["row_key"], {}))
        one["keywords"] = words.get(one["row_key"], [])
    return found


def _together(series: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what the series of a study or patient say together."""
    # the picture of most images stands for all, rather one that is here
    cover = max(
        series,
        key=lambda one: (
            one["local_key"] is not None,
            one["images"] or 0,
            -one["row_key"],
        ),
    )
    states = {one.get("state", "ready") for one in series}
    places = {_place(one["local_key"], one.get("state")) for one in series}
    keywords = dict.fromkeys(word for one in series for word in one["keywords"])
    sources = {one.get("source") for one in series}
    said: dict[str, Any] = {
        "studies": len({one["study_key"] for one in series}),
        "series": len(series),
        "here": sum(one["local_key"] is not None for one in series),
        "ready": sum(one.get("state", "ready") == "ready" for one in series),
        "images": _sum(series, "images"),
        "size": _sum(series, "size"),
        "cover": cover["row_key"],
        "local_key": cover["local_key"],
        "item_id": cover.get("item_id"),
        "state": next((one for one in _URGENT if one in states), "ready"),
        "place": places.pop() if len(places) == 1 else "both",
        "source": sources.pop() if len(sources) == 1 else None,
        "keywords": sorted(keywords, key=str.casefold),
    }
    for mark in ("stars", "flag", "label"):
        values = {one[mark] for one in series}
        said[mark] = values.pop() if len(values) == 1 else 0
    return said


def _items(
    db: sqlite3.Connection, keys: Sequence[int], asker: Asker
) -> dict[int, dict[str, Any]]:
    """Return the newest item of each row that the account sees."""
    found: dict[int, dict[str, Any]] = {}
    seen, values = asker.visible
    for some in parts(keys):
        for row in db.execute(
            "SELECT m.row_key, m.item_id, m.state, m.source FROM mine_item m "
            f"WHERE m.row_key IN ({marks(some)}) AND {seen} "
            "ORDER BY m.added_at, m.item_id",
            (*some, *values),
        ):
            found[row[0]] = dict(row)
    return found


def _used(
    db: sqlite3.Connection, name: str, keys: Sequence[int], *, asker: Asker
) -> dict[int, int]:
    """Return how many feeds used something of studies or patients."""
    found: dict[int, int] = {}
    seen, values = asker.visible
    for some in parts(keys):
        for key, count in db.execute(
            f"SELECT r.{name}, count(DISTINCT u.feed_id) FROM mine_use u "
            "JOIN mine_item m ON m.item_id=u.item_id "
            f"JOIN mine_row r ON r.row_key=m.row_key AND r.{name} IN ({marks(some)}) "
            f"WHERE {seen} GROUP BY 1",
            (*some, *values),
        ):
            found[key] = count
    return found


def _place(local_key: int | None, state: str | None) -> str:
    if local_key is None:
        return "server"
    return "here" if state is None or state in AWAY else "both"


def _sum(series: list[dict[str, Any]], name: str) -> int | None:
    known = [one[name] for one in series if one[name] is not None]
    return sum(known) if known else None
