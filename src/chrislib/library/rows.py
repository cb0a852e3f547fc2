"""Items and history entries as rows of the catalog, and back."""

import json
from dataclasses import fields
from datetime import date
from enum import Enum
from typing import Any, TypeVar

from chrislib.catalog.rows import HistoryRow, ItemRow
from chrislib.library.model import (
    EntryId,
    EntryKind,
    HistoryEntry,
    Item,
    ItemId,
    ItemState,
    Source,
)


def item_row(item: Item, *, account: str) -> ItemRow:
    """Return the row of an item."""
    # not asdict: it copies every value deeply, and here are thousands of items
    values: dict[str, Any] = {name: getattr(item, name) for name in _FIELDS}
    values["source"] = item.source.value
    values["state"] = item.state.value
    values["birth_date"] = _day_text(item.birth_date)
    values["study_date"] = _day_text(item.study_date)
    return ItemRow(**values, account_key=account)


def item_of(row: ItemRow) -> Item:
    """Return the item of a row; words of a newer chrislib become known ones."""
    return Item(
        item_id=ItemId(row.item_id),
        source=_member(Source, row.source, Source.UPLOAD),
        title=row.title,
        state=_member(ItemState, row.state, ItemState.GONE),
        path=row.path,
        detail=row.detail,
        patient_id=row.patient_id,
        patient_name=row.patient_name,
        birth_date=_day(row.birth_date),
        sex=row.sex,
        study_uid=row.study_uid,
        study_date=_day(row.study_date),
        study_description=row.study_description,
        accession_number=row.accession_number,
        modality=row.modality,
        series_uid=row.series_uid,
        series_description=row.series_description,
        pacs=row.pacs,
        images=row.images,
        size=row.size,
        received=row.received,
        job_key=row.job_key,
        feed_id=row.feed_id,
        instance_id=row.instance_id,
        added_at=row.added_at,
    )


def entry_row(entry: HistoryEntry, *, account: str) -> HistoryRow:
    """Return the row of a history entry."""
    return HistoryRow(
        entry_id=entry.entry_id,
        kind=entry.kind.value,
        title=entry.title,
        at=entry.at,
        state=entry.state,
        detail=entry.detail,
        brought=entry.brought,
        done=entry.done,
        total=entry.total,
        request=json.dumps({**entry.request, _WORDS: entry.state_text}),
        item_ids=json.dumps(entry.item_ids),
        account_key=account,
    )


def entry_of(row: HistoryRow) -> HistoryEntry:
    """Return the history entry of a row."""
    request = _json(row.request)
    request = dict(request) if isinstance(request, dict) else {}
    words = request.pop(_WORDS, "")
    ids = _json(row.item_ids)
    return HistoryEntry(
        entry_id=EntryId(row.entry_id),
        kind=_member(EntryKind, row.kind, EntryKind.LOOKUP),
        title=row.title,
        detail=row.detail,
        at=row.at,
        state=row.state,
        brought=row.brought,
        done=row.done,
        total=row.total,
        request=request,
        item_ids=tuple(ItemId(str(one)) for one in ids)
        if isinstance(ids, list)
        else (),
        state_text=str(words),
    )


_FIELDS = tuple(field.name for field in fields(Item))
_WORDS = "state_text"
_E = TypeVar("_E", bound=Enum)


def _json(text: str) -> object:
    try:
        found: object = json.loads(text)
    except ValueError:
        return None
    return found


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _day_text(day: date | None) -> str:
    return "" if day is None else day.isoformat()


def _member(kind: type[_E], text: str, other: _E) -> _E:
    try:
        return kind(text)
    except ValueError:
        return other
