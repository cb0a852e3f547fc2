"""Filters and rows: as the window speaks of them, and as the catalog does."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from chrislib.catalog.mine_lists import Wish
from chrislib.catalog.mine_rules import BadRule, Field, Group, Op, Rule
from chrislib.errors import ChrislibError
from chrislib.library.mine.model import (
    Column,
    Facets,
    Filters,
    Flag,
    Label,
    Level,
    Place,
    Query,
    Row,
    RowId,
)
from chrislib.library.model import Item, ItemId, ItemState, Source


def rules_of(filters: Filters) -> Group:
    """Return filters as rules that must all hold."""
    found: list[Rule | Group] = []

    def one_of(field: Field, values: frozenset[Any]) -> None:
        if values:
            found.append(Rule(field, Op.ONE_OF, tuple(values)))

    if filters.text.strip():
        found.append(Rule(Field.TEXT, Op.CONTAINS, filters.text))
    one_of(Field.MODALITY, filters.modalities)
    one_of(Field.SEX, filters.sexes)
    dated = _dated(filters)
    if dated is not None:
        found.append(dated)
    one_of(
        Field.SOURCE,
        frozenset(None if one is None else one.value for one in filters.sources),
    )
    one_of(Field.PLACE, frozenset(one.value for one in filters.places))
    one_of(Field.STATE, frozenset(one.value for one in filters.states))
    if filters.stars > 0:
        found.append(Rule(Field.STARS, Op.AT_LEAST, filters.stars))
    one_of(Field.FLAG, frozenset(int(one) for one in filters.flags))
    one_of(Field.LABEL, frozenset(int(one) for one in filters.labels))
    found += (Rule(Field.KEYWORD, Op.IS, one) for one in sorted(filters.keywords))
    for field, value in (
        (Field.COLLECTION, filters.collection),
        (Field.PATIENT_KEY, filters.patient),
        (Field.STUDY_KEY, filters.study),
    ):
        if value is not None:
            found.append(Rule(field, Op.IS, value))
    one_of(Field.ITEM, filters.items)
    if filters.rules is not None:
        found.append(filters.rules)
    return Group(tuple(found))


def _dated(filters: Filters) -> Group | None:
    first, last = filters.dated_from, filters.dated_to
    if first is None and last is None:
        return None
    within: list[Rule | Group] = []
    if first is not None:
        within.append(Rule(Field.STUDY_DATE, Op.AT_LEAST, first.isoformat()))
    if last is not None:
        within.append(Rule(Field.STUDY_DATE, Op.AT_MOST, last.isoformat()))
    if not filters.undated:
        return Group(tuple(within))
    blank = Rule(Field.STUDY_DATE, Op.BLANK)
    return Group((Group(tuple(within)), blank), any=True)


def wish_of(query: Query) -> Wish:
    """Return what the catalog is asked for a list."""
    by = query.sort.by
    return Wish(
        level=query.level.value,
        rules=rules_of(query.filters),
        sort=by.value,
        descending=query.sort.descending,
        collection=query.filters.collection or "" if by is Column.MANUAL else "",
    )


_WITHOUT: Mapping[str, dict[str, Any]] = {
    "modalities": {"modalities": frozenset()},
    "sexes": {"sexes": frozenset()},
    "years": {"dated_from": None, "dated_to": None},
    "sources": {"sources": frozenset()},
    "places": {"places": frozenset()},
    "states": {"states": frozenset()},
    "stars": {"stars": 0},
    "flags": {"flags": frozenset()},
    "labels": {"labels": frozenset()},
    "keywords": {"keywords": frozenset()},
}


def facet_wishes(filters: Filters, level: Level) -> dict[str, Wish]:
    """Return the list each facet is counted in: not filtered by itself."""
    return {
        name: Wish(level.value, rules_of(replace(filters, **without)))
        for name, without in _WITHOUT.items()
    }


def facets_of(found: Mapping[str, Mapping[Any, int]]) -> Facets:
    """Return facets as the catalog counted them."""

    def of(name: str, make: Callable[[Any], Any]) -> dict[Any, int]:
        return {make(value): count for value, count in found[name].items()}

    return Facets(
        modalities={key: n for key, n in found["modalities"].items() if key},
        sexes={key: n for key, n in found["sexes"].items() if key},
        years=of("years", lambda year: int(year) if year else None),
        sources=of("sources", lambda one: None if one is None else Source(one)),
        places=of("places", Place),
        states=of("states", ItemState),
        stars=of("stars", int),
        flags=of("flags", Flag),
        labels=of("labels", Label),
        keywords=dict(found["keywords"]),
    )


def row_of(
    level: Level, said: Mapping[str, Any], *, item: Callable[[ItemId], Item | None]
) -> Row:
    """Return a row of what the catalog says, its item as it is now."""
    item_id = said.get("item_id")
    now = item(ItemId(item_id)) if item_id else None
    one = level not in (Level.PATIENT, Level.STUDY)
    if one:
        level = Level.SERIES if said["kind"] == "series" else Level.DATA
    live = now if one else None
    state = live.state if live else ItemState(said.get("state") or "ready")
    images = said["images"]
    if live is not None and said["local_key"] is None:
        images = live.images if live.images is not None else images
    source = said.get("source")
    titles = {Level.PATIENT: "name", Level.STUDY: "study"}
    return Row(
        row_id=RowId(said["row_key"]),
        level=level,
        title=said[titles.get(level, "title")],
        patient=_key(said, "patient_key"),
        study=_key(said, "study_key") if level is not Level.PATIENT else None,
        patient_id=said["patient_id"],
        patient_name=said["name"],
        birth_date=_day(said["birth_date"]),
        sex=said["sex"],
        study_uid=said.get("study_uid", ""),
        study_date=_day(said["study_date"]),
        study_date_text=said.get("study_date_text", ""),
        study_time=said.get("study_time", ""),
        study_description=said.get("study", ""),
        accession_number=said.get("accession", ""),
        age_days=said.get("age_days"),
        series_uid=said.get("series_uid", ""),
        number=said.get("number"),
        modality=said["modality"],
        body_part=said.get("body_part", ""),
        station=said.get("station", ""),
        protocol=said.get("protocol") or "",
        manufacturer=said.get("manufacturer") or "",
        model=said.get("model") or "",
        rows=said.get("rows"),
        columns=said.get("columns"),
        slice_thickness=said.get("slice_thickness"),
        slice_spacing=said.get("slice_spacing"),
        repetition_time=said.get("repetition_time"),
        echo_time=said.get("echo_time"),
        inversion_time=said.get("inversion_time"),
        field_strength=said.get("field_strength"),
        images=images,
        size=said["size"],
        received=live.received if live else 0,
        studies=said.get("studies", 0),
        series=said["series"],
        here=said["here"],
        ready=int(state is ItemState.READY) if one else said["ready"],
        place=Place(said["place"]),
        source=None if source is None else Source(source),
        state=state,
        detail=live.detail if live else "",
        path=live.path if live else "",
        pacs=live.pacs if live else "",
        item=now,
        series_key=said["local_key"],
        feeds=said["feeds"],
        added_at=said["added_at"],
        stars=said["stars"],
        flag=Flag(said["flag"]),
        label=Label(said["label"]),
        keywords=tuple(said["keywords"]),
        note=said.get("note") or "",
        cover=_key(said, "cover"),
    )


def _key(said: Mapping[str, Any], name: str) -> RowId | None:
    value = said.get(name)
    return None if value is None else RowId(value)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def bad_rule(error: BadRule) -> ChrislibError:
    """Return the words for rules without a meaning."""
    return ChrislibError(
        "These rules cannot be understood.",
        "Nothing was changed; what they would show is not known.",
        hint="Open the rules and correct them.",
        context={"reason": str(error)},
    )
