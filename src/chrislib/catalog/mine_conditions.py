"""Rules about rows of My Library as conditions of SQL.

Everything that chooses rows (filters, smart collections) is a group of rules, so that
there is one way from a rule to a condition.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from chrislib.catalog.folding import fold
from chrislib.catalog.mine_rules import DEEP, BadRule, Field, Group, Op, Rule

Condition = tuple[str, tuple[Any, ...]]
"""An expression over ``mine_row AS r``, and the values of its question marks."""

_TEXTS = {
    Field.NAME: "r.sort_name",
    Field.PATIENT_ID: "r.sort_patient_id",
    Field.STUDY: "r.sort_study",
    Field.ACCESSION: "r.sort_accession",
    Field.TITLE: "r.sort_title",
    Field.BODY_PART: "r.sort_body_part",
    Field.STATION: "r.sort_station",
}
"""Columns of folded text, NULL where there is none."""
_NUMBERS = {
    Field.AGE: "r.age_days",
    Field.NUMBER: "r.number",
    Field.IMAGES: "r.images",
    Field.SIZE: "r.size",
    Field.STARS: "r.stars",
    Field.FEEDS: "({feeds})",
}
_DATES = {Field.BIRTH_DATE: "r.birth_date", Field.STUDY_DATE: "r.study_date"}
_CHOICES = {
    Field.KIND: "r.kind",
    Field.SEX: "r.sex",
    Field.MODALITY: "r.modality",
    Field.FLAG: "r.flag",
    Field.LABEL: "r.label",
    Field.PATIENT_KEY: "r.patient_key",
    Field.STUDY_KEY: "r.study_key",
}


@dataclass(frozen=True, slots=True)
class Asker:
    """For whom and when rules are asked.

    Attributes
    ----------
    account : str
        Whose library items count; "" for everybody's.
    search : callable
        Turns words into a condition.
    collection : callable
        Turns the id of a collection into a condition.
    today : date
    """

    account: str
    search: Callable[[str], Condition]
    collection: Callable[[str], Condition]
    today: date

    @property
    def visible(self) -> Condition:
        """Return the condition on ``mine_item AS m`` that this account sees it."""
        if not self.account:
            return "1", ()
        return "m.account_key IN ('', ?)", (self.account,)

    @property
    def newest(self) -> Condition:
        """Return FROM and WHERE of the newest item of each row this account sees."""
        seen, values = self.visible
        other = seen.replace("m.", "o.")
        text = (
            f"mine_item m WHERE {seen} AND NOT EXISTS (SELECT 1 FROM mine_item o "
            f"WHERE o.row_key=m.row_key AND {other} "
            "AND (o.added_at, o.item_id) > (m.added_at, m.item_id))"
        )
        return text, (*values, *values)


def condition(part: Rule | Group, asker: Asker, depth: int = 0) -> Condition:
    """Return what a rule or group asks of a row.

    Raises
    ------
    BadRule
        It has no meaning.
    """
    if isinstance(part, Rule):
        return _rule(part, asker)
    if depth > DEEP:
        raise BadRule("groups are too deep")
    texts: list[str] = []
    values: list[Any] = []
    for one in part.rules:
        text, some = condition(one, asker, depth + 1)
        texts.append(f"({text})")
        values += some
    if not texts:
        return "1", ()
    return (" OR " if part.any else " AND ").join(texts), tuple(values)


def _rule(rule: Rule, asker: Asker) -> Condition:
    field = rule.field
    if field in _TEXTS:
        return _text(_TEXTS[field], rule)
    if field in _NUMBERS:
        return _by_mark(rule, _number(rule, asker))
    if field in _DATES:
        return _date(_DATES[field], rule, asker)
    if field in _CHOICES:
        return _by_mark(rule, _choice(_CHOICES[field], rule))
    return _OTHERS[field](rule, asker)


def _by_mark(rule: Rule, found: Condition) -> Condition:
    """Look for rows with a mark by their marks: there are few of them."""
    op, value = rule.op, rule.value
    some = value if isinstance(value, tuple) else (value,)
    marked = rule.field in (Field.STARS, Field.FLAG, Field.LABEL) and (
        (all(one not in (0, None) for one in some) and op in (Op.IS, Op.ONE_OF))
        or (op is Op.AT_LEAST and isinstance(value, int) and value > 0)
    )
    if not marked:
        return found
    text, values = found
    text = text.replace("r.", "k.")
    return f"r.row_key IN (SELECT k.row_key FROM mine_mark k WHERE {text})", values


def _text(column: str, rule: Rule) -> Condition:
    op = rule.op
    if op is Op.BLANK:
        return f"{column} IS NULL", ()
    if op is Op.FILLED:
        return f"{column} IS NOT NULL", ()
    if op in (Op.ONE_OF, Op.NONE_OF):
        some = tuple(fold(str(one)) for one in _several(rule))
        inside = f"coalesce({column}, '') IN ({','.join('?' * len(some))})"
        return inside if op is Op.ONE_OF else f"NOT {inside}", some
    wanted = fold(str(rule.value or ""))
    whole = f"coalesce({column}, '')"
    if op is Op.CONTAINS:
        return f"instr({whole}, ?) > 0", (wanted,)
    if op is Op.LACKS:
        return f"instr({whole}, ?) = 0", (wanted,)
    if op is Op.BEGINS:
        return f"substr({whole}, 1, ?) = ?", (len(wanted), wanted)
    if op is Op.IS:
        return f"{whole} = ?", (wanted,)
    if op is Op.IS_NOT:
        return f"{whole} <> ?", (wanted,)
    raise _senseless(rule)


def _number(rule: Rule, asker: Asker) -> Condition:
    column, before = _NUMBERS[rule.field], ()
    if rule.field is Field.FEEDS:
        text, before = feeds_of(asker)
        column = f"({text})"
    op = rule.op
    if op is Op.BLANK:
        return f"{column} IS NULL", before
    if op is Op.FILLED:
        return f"{column} IS NOT NULL", before
    if op in (Op.ONE_OF, Op.NONE_OF):
        return _choice(column, rule, before=before)
    signs = {Op.IS: "=", Op.AT_LEAST: ">=", Op.AT_MOST: "<="}
    if isinstance(rule.value, bool) or not isinstance(rule.value, int | float):
        raise _senseless(rule)
    if op is Op.IS_NOT:
        return f"{column} IS NOT ?", (*before, rule.value)
    if op not in signs:
        raise _senseless(rule)
    return f"{column} {signs[op]} ?", (*before, rule.value)


def _date(column: str, rule: Rule, asker: Asker) -> Condition:
    op = rule.op
    if op is Op.BLANK:
        return f"{column} IS NULL", ()
    if op is Op.FILLED:
        return f"{column} IS NOT NULL", ()
    if op is Op.LAST_DAYS:
        first = asker.today - timedelta(days=_days(rule))
        return f"{column} BETWEEN ? AND ?", (
            first.isoformat(),
            asker.today.isoformat(),
        )
    signs = {Op.IS: "=", Op.AT_LEAST: ">=", Op.AT_MOST: "<=", Op.IS_NOT: "IS NOT"}
    if op not in signs:
        raise _senseless(rule)
    return f"{column} {signs[op]} ?", (_day(rule).isoformat(),)


def _choice(column: str, rule: Rule, *, before: tuple[Any, ...] = ()) -> Condition:
    op = rule.op
    if op in (Op.IS, Op.IS_NOT):
        sign = "IS" if op is Op.IS else "IS NOT"
        if isinstance(rule.value, tuple):
            raise _senseless(rule)
        return f"{column} {sign} ?", (*before, rule.value)
    if op is Op.BLANK:
        return f"coalesce({column}, '') = ''", before
    if op is Op.FILLED:
        return f"coalesce({column}, '') <> ''", before
    if op in (Op.ONE_OF, Op.NONE_OF):
        some = _several(rule)
        inside = f"coalesce({column}, '') IN ({','.join('?' * len(some))})"
        text = inside if op is Op.ONE_OF else f"NOT {inside}"
        return text, (*before, *("" if one is None else one for one in some))
    raise _senseless(rule)


def _added(rule: Rule, asker: Asker) -> Condition:
    def start(day: date) -> float:
        return datetime(day.year, day.month, day.day).timestamp()

    op = rule.op
    after = timedelta(days=1)
    if op is Op.LAST_DAYS:
        return "r.added_at >= ?", (start(asker.today - timedelta(days=_days(rule))),)
    if op is Op.AT_LEAST:
        return "r.added_at >= ?", (start(_day(rule)),)
    if op is Op.AT_MOST:
        return "r.added_at < ?", (start(_day(rule) + after),)
    if op is Op.IS:
        day = _day(rule)
        return "r.added_at >= ? AND r.added_at < ?", (start(day), start(day + after))
    raise _senseless(rule)


def _words(rule: Rule, asker: Asker) -> Condition:
    found = asker.search(str(rule.value or ""))
    return _either(rule, found, yes=Op.CONTAINS, no=Op.LACKS)


def _collection(rule: Rule, asker: Asker) -> Condition:
    found = asker.collection(str(rule.value))
    return _either(rule, found, yes=Op.IS, no=Op.IS_NOT)


def _either(rule: Rule, found: Condition, *, yes: Op, no: Op) -> Condition:
    """Return a condition or its opposite, as the rule asks; nothing else has sense."""
    text, values = found
    if rule.op is yes:
        return text, values
    if rule.op is no:
        return f"NOT ({text})", values
    raise _senseless(rule)


def _keyword(rule: Rule, _asker: Asker) -> Condition:
    inside = "r.row_key IN (SELECT row_key FROM mine_keyword WHERE {})"
    op = rule.op
    if op in (Op.BLANK, Op.FILLED):
        text = "r.row_key IN (SELECT row_key FROM mine_keyword)"
        return text if op is Op.FILLED else f"NOT {text}", ()
    if op in (Op.ONE_OF, Op.NONE_OF):
        some = tuple(fold(str(one)) for one in _several(rule))
        text = inside.format(f"folded IN ({','.join('?' * len(some))})")
        return text if op is Op.ONE_OF else f"NOT {text}", some
    wanted = fold(str(rule.value or ""))
    how = {
        Op.IS: "folded = ?",
        Op.IS_NOT: "folded = ?",
        Op.CONTAINS: "instr(folded, ?) > 0",
        Op.LACKS: "instr(folded, ?) > 0",
    }.get(op)
    if how is None:
        raise _senseless(rule)
    text = inside.format(how)
    return f"NOT {text}" if op in (Op.IS_NOT, Op.LACKS) else text, (wanted,)


def _note(rule: Rule, _asker: Asker) -> Condition:
    column = "(SELECT folded_note FROM mine_mark k WHERE k.row_key=r.row_key)"
    if rule.op is Op.BLANK:
        return f"coalesce({column}, '') = ''", ()
    if rule.op is Op.FILLED:
        return f"coalesce({column}, '') <> ''", ()
    if rule.op in (Op.CONTAINS, Op.LACKS):
        return _text(column, rule)
    raise _senseless(rule)


def _source(rule: Rule, asker: Asker) -> Condition:
    newest, values = asker.newest
    some = _chosen(rule)
    texts = [one for one in some if one is not None]
    found = [f"r.row_key IN (SELECT m.row_key FROM {newest} AND m.source IN "]
    text = f"{found[0]}({','.join('?' * len(texts))}))"
    every = (*values, *texts)
    if None in some:
        seen, more = asker.visible
        text += (
            " OR NOT EXISTS (SELECT 1 FROM mine_item m "
            f"WHERE m.row_key=r.row_key AND {seen})"
        )
        every = (*every, *more)
    return _told(rule, text), every


def _state(rule: Rule, asker: Asker) -> Condition:
    newest, values = asker.newest
    some = _chosen(rule)
    seen, more = asker.visible
    text = (
        f"r.row_key IN (SELECT m.row_key FROM {newest} AND m.state IN "
        f"({','.join('?' * len(some))}))"
    )
    every = (*values, *some)
    if "ready" in some:
        # files of this computer that were never sent can be opened
        text += (
            " OR NOT EXISTS (SELECT 1 FROM mine_item m "
            f"WHERE m.row_key=r.row_key AND {seen})"
        )
        every = (*every, *more)
    return _told(rule, text), every


AWAY = ("failed", "cancelled", "gone")
"""States of items that are not on the server."""


def place_of(asker: Asker) -> Condition:
    """Return the expression of a row's place: here, server or both."""
    newest, values = asker.newest
    away = ",".join(f"'{one}'" for one in AWAY)
    text = (
        "CASE WHEN r.local_key IS NULL THEN 'server' "
        f"WHEN EXISTS (SELECT 1 FROM {newest} AND m.row_key=r.row_key "
        f"AND m.state NOT IN ({away})) THEN 'both' ELSE 'here' END"
    )
    return text, values


def state_of(asker: Asker) -> Condition:
    """Return the expression of a row's state."""
    newest, values = asker.newest
    text = f"coalesce((SELECT m.state FROM {newest} AND m.row_key=r.row_key), 'ready')"
    return text, values


def source_of(asker: Asker) -> Condition:
    """Return the expression of a row's source, NULL for files of this computer."""
    newest, values = asker.newest
    return f"(SELECT m.source FROM {newest} AND m.row_key=r.row_key)", values


def feeds_of(asker: Asker) -> Condition:
    """Return the expression of how many feeds used a row."""
    seen, values = asker.visible
    text = (
        "SELECT count(DISTINCT u.feed_id) FROM mine_item m JOIN mine_use u "
        f"ON u.item_id=m.item_id WHERE m.row_key=r.row_key AND {seen}"
    )
    return text, values


def _place(rule: Rule, asker: Asker) -> Condition:
    text, values = place_of(asker)
    some = _chosen(rule)
    inside = f"({text}) IN ({','.join('?' * len(some))})"
    return _told(rule, inside), (*values, *some)


def _item(rule: Rule, asker: Asker) -> Condition:
    seen, values = asker.visible
    some = _chosen(rule)
    text = (
        f"r.row_key IN (SELECT m.row_key FROM mine_item m WHERE {seen} "
        "AND m.item_id IN (SELECT value FROM json_each(?)))"
    )
    return _told(rule, text), (*values, json.dumps(some))


_OTHERS: dict[Field, Callable[[Rule, Asker], Condition]] = {
    Field.TEXT: _words,
    Field.ADDED: _added,
    Field.SOURCE: _source,
    Field.PLACE: _place,
    Field.STATE: _state,
    Field.KEYWORD: _keyword,
    Field.NOTE: _note,
    Field.COLLECTION: _collection,
    Field.ITEM: _item,
}


def _told(rule: Rule, text: str) -> str:
    """Turn a condition round where the rule says not."""
    if rule.op in (Op.NONE_OF, Op.IS_NOT):
        return f"NOT ({text})"
    if rule.op in (Op.ONE_OF, Op.IS):
        return text
    raise _senseless(rule)


def _chosen(rule: Rule) -> tuple[str | int | None, ...]:
    if rule.op in (Op.IS, Op.IS_NOT):
        value = rule.value
        if isinstance(value, tuple | float):
            raise _senseless(rule)
        return (value,)
    return _several(rule)


def _several(rule: Rule) -> tuple[str | int | None, ...]:
    if not isinstance(rule.value, tuple):
        raise _senseless(rule)
    return rule.value


def _day(rule: Rule) -> date:
    try:
        return date.fromisoformat(str(rule.value))
    except ValueError:
        raise _senseless(rule) from None


def _days(rule: Rule) -> int:
    value = rule.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _senseless(rule)
    return max(0, min(int(value), 100_000))


def _senseless(rule: Rule) -> BadRule:
    return BadRule(f"{rule.field.value} cannot be asked {rule.op.value} so")
