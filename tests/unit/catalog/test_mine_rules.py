"""Rules, orders and facets of My Library: SQL against plain Python."""

import random
import sqlite3
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chrislib.catalog.folding import fold
from chrislib.catalog.mine_lists import Wish, asker_of, facet, ids
from chrislib.catalog.mine_marks import Marking
from chrislib.catalog.mine_marks import mark as write_marks
from chrislib.catalog.mine_pages import rows
from chrislib.catalog.mine_rules import (
    BadRule,
    Field,
    Group,
    Op,
    Rule,
    from_json,
    to_json,
)
from tests.unit.catalog.mine_tables import NOON, database, everything, item, local

TODAY = date(2026, 11, 22)
QUIET = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

# Rules and filters.

NAMES = ("Doe^Jane", "Müller^Jörg", "Yamada^Taro=山田^太郎", "")
DAYS = (None, "2026-11-20", "2024-02-29", "1999-01-01")
WORDS = ("T1", "FLAIR sagittal", "größe", "")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """A library of 120 rows of every kind, with marks."""
    db = database(tmp_path_factory.mktemp("mine") / "catalog.db")
    rng = random.Random(7)
    for number in range(60):
        local(
            db,
            number,
            patient=number // 6,
            study=number // 3,
            patient_id=f"ID{number // 6}",
            name=NAMES[number // 6 % 4],
            birth=rng.choice((None, "1970-01-01", "2023-05-05")),
            sex=rng.choice(("F", "M", "")),
            day=rng.choice(DAYS),
            text=rng.choice(WORDS),
            accession=rng.choice(("A12345", "ß77", "")),
            age=rng.choice(("", "016Y", "005D", "junk")),
            modality=rng.choice(("CT", "MR", "")),
            title=rng.choice(WORDS),
            images=rng.randrange(300),
            size=rng.randrange(10**6),
            at=NOON - rng.randrange(10) * 86400.0,
            body=rng.choice(("HEAD", "")),
            number=rng.choice((None, 1, 2, 3)),
        )
    states = ("ready", "on_the_way", "registering", "failed", "cancelled", "gone")
    for number in range(60):
        series = number < 45
        item(
            db,
            f"i{number:02}",
            source=rng.choice(("pacs", "upload", "reference", "feed")),
            state=rng.choice(states),
            account_key=rng.choice(("", "A", "A", "B")),
            patient_id=f"ID{number // 6}" if series else "",
            patient_name=NAMES[number // 6 % 4] if series else "",
            study_uid=f"1.{number // 3}" if series else "",
            study_date=rng.choice(DAYS) or "" if series else "",
            series_uid=f"1.{number // 3}.{number + (20 if number > 29 else 0)}"
            if series
            else "",
            series_description=rng.choice(WORDS),
            modality=rng.choice(("CT", "PT", "")) if series else "",
            images=rng.choice((None, 5)),
            added_at=NOON + rng.randrange(5),
        )
    for number in range(10):  # several items of a row
        item(
            db,
            f"again{number}",
            account_key=rng.choice(("A", "B")),
            state=rng.choice(states),
            source="upload",
            patient_id=f"ID{number // 6}",
            study_uid=f"1.{number // 3}",
            series_uid=f"1.{number // 3}.{number}",
            added_at=NOON + rng.randrange(5),
        )
    everything(db)
    keys = [row[0] for row in db.execute("SELECT row_key FROM mine_row")]
    for key in keys:
        words = tuple(rng.sample(("Chiari", "Émile", "pre-op"), rng.randrange(3)))
        marking = Marking(
            stars=rng.randrange(6),
            flag=rng.choice((-1, 0, 1)),
            label=rng.choice((0, 6, 9)),
            add=words,
            note=rng.choice(("", "Größe!", "two words")),
        )
        write_marks(db, [key], marking)
    db.execute("INSERT INTO mine_collection VALUES ('c','C','manual','','',1,'')")
    for at, key in enumerate(rng.sample(keys, 30)):
        db.execute("INSERT INTO mine_member VALUES ('c', ?, ?)", (key, at))
    yield db
    db.close()


def plain(db: sqlite3.Connection, account: str) -> list[dict[str, Any]]:
    """Return what the account sees, with what rules ask, from pages of rows."""
    asker = asker_of(db, account, TODAY)
    keys = [row[0] for row in db.execute("SELECT row_key FROM mine_row")]
    held = [row[0] for row in db.execute("SELECT row_key FROM mine_member")]
    found = rows(db, keys, asker)
    if account:
        found = {
            key: row
            for key, row in found.items()
            if row["local_key"] is not None or row.get("item_id")
        }
    for row in found.values():
        row["note"] = row["note"] or ""
        row["state"] = row.get("state") or "ready"
        row["source"] = row.get("source")
        row["collection"] = row["row_key"] in held
    return list(found.values())


TEXTS = {
    Field.NAME: "name",
    Field.PATIENT_ID: "patient_id",
    Field.STUDY: "study",
    Field.ACCESSION: "accession",
    Field.TITLE: "title",
    Field.BODY_PART: "body_part",
}
NUMBERS = {
    Field.AGE: "age_days",
    Field.NUMBER: "number",
    Field.IMAGES: "images",
    Field.SIZE: "size",
    Field.STARS: "stars",
}
CHOICES = {
    Field.KIND: "kind",
    Field.SEX: "sex",
    Field.MODALITY: "modality",
    Field.FLAG: "flag",
    Field.LABEL: "label",
    Field.SOURCE: "source",
    Field.PLACE: "place",
    Field.STATE: "state",
}


def fits(row: dict[str, Any], part: Rule | Group) -> bool:
    """Say the same as the rules, in plain Python."""
    held: Any
    wanted: Any
    if isinstance(part, Group):
        if not part.rules:
            return True
        said = (fits(row, one) for one in part.rules)
        return any(said) if part.any else all(said)
    field, op, value = part.field, part.op, part.value
    if field in TEXTS:
        text = fold(row[TEXTS[field]])
        return {
            Op.BLANK: lambda: not text,
            Op.FILLED: lambda: bool(text),
            Op.CONTAINS: lambda: fold(str(value)) in text,
            Op.LACKS: lambda: fold(str(value)) not in text,
            Op.BEGINS: lambda: text.startswith(fold(str(value))),
            Op.IS: lambda: text == fold(str(value)),
            Op.IS_NOT: lambda: text != fold(str(value)),
        }[op]()
    if field in CHOICES:
        one = row[CHOICES[field]]
        some = value if isinstance(value, tuple) else (value,)
        return (one in some) == (op in (Op.IS, Op.ONE_OF))
    if field in NUMBERS:
        held, wanted = row[NUMBERS[field]], value
    elif field is Field.KEYWORD:
        words = {fold(word) for word in row["keywords"]}
        return (fold(str(value)) in words) == (op is Op.IS)
    elif field is Field.NOTE:
        return (fold(str(value)) in fold(row["note"])) == (op is Op.CONTAINS)
    elif field is Field.COLLECTION:
        return bool(row["collection"]) == (op is Op.IS)
    elif field is Field.ADDED:
        held = date.fromtimestamp(row["added_at"])
        wanted = value if op is Op.LAST_DAYS else date.fromisoformat(str(value))
    else:
        name = "study_date" if field is Field.STUDY_DATE else "birth_date"
        text = row[name]
        held = date.fromisoformat(text) if text else None
        wanted = value
        if op is not Op.LAST_DAYS and value is not None:
            wanted = date.fromisoformat(str(value))
    return compared(held, op, wanted)


def compared(held: Any, op: Op, wanted: Any) -> bool:
    if op is Op.BLANK:
        return held is None
    if op is Op.FILLED:
        return held is not None
    if op is Op.IS_NOT:
        return bool(held != wanted)
    if held is None:
        return False
    if op is Op.LAST_DAYS:
        first = TODAY - timedelta(days=wanted)
        return bool(first <= held <= TODAY)
    if op is Op.AT_LEAST:
        return bool(held >= wanted)
    return bool(held <= wanted if op is Op.AT_MOST else held == wanted)


def choice(field: Field, values: tuple[Any, ...]) -> st.SearchStrategy[Rule]:
    one = st.builds(
        Rule,
        st.just(field),
        st.sampled_from((Op.IS, Op.IS_NOT)),
        st.sampled_from(values),
    )
    several = st.builds(
        Rule,
        st.just(field),
        st.sampled_from((Op.ONE_OF, Op.NONE_OF)),
        st.lists(st.sampled_from(values), max_size=3).map(tuple),
    )
    return one | several


DATES = st.sampled_from(("2026-11-20", "2024-02-29", "2026-11-15", "1970-01-01"))
RULES = st.one_of(
    st.builds(
        Rule,
        st.sampled_from(list(TEXTS)),
        st.sampled_from((Op.CONTAINS, Op.LACKS, Op.BEGINS, Op.IS, Op.IS_NOT)),
        st.sampled_from(("MULLER", "doe", "", "t1", "Große", "a123", "山", "id1")),
    ),
    st.builds(
        Rule,
        st.sampled_from([*TEXTS, Field.AGE, Field.NUMBER, Field.STUDY_DATE]),
        st.sampled_from((Op.BLANK, Op.FILLED)),
    ),
    st.builds(
        Rule,
        st.sampled_from(list(NUMBERS)),
        st.sampled_from((Op.IS, Op.IS_NOT, Op.AT_LEAST, Op.AT_MOST)),
        st.sampled_from((0, 1, 2, 3, 150, 500_000, 5844)),
    ),
    st.builds(
        Rule,
        st.sampled_from((Field.STUDY_DATE, Field.BIRTH_DATE)),
        st.sampled_from((Op.IS, Op.IS_NOT, Op.AT_LEAST, Op.AT_MOST)),
        DATES,
    ),
    st.builds(
        Rule,
        st.just(Field.ADDED),
        st.sampled_from((Op.IS, Op.AT_LEAST, Op.AT_MOST)),
        DATES,
    ),
    st.builds(Rule, st.just(Field.STUDY_DATE), st.just(Op.LAST_DAYS), st.just(3)),
    choice(Field.SOURCE, ("pacs", "upload", "reference", None)),
    choice(Field.PLACE, ("here", "server", "both")),
    choice(Field.STATE, ("ready", "failed", "gone")),
    choice(Field.KIND, ("series", "data")),
    choice(Field.MODALITY, ("CT", "MR", "PT")),
    choice(Field.FLAG, (-1, 0, 1)),
    choice(Field.LABEL, (0, 6, 9)),
    choice(Field.SEX, ("F", "M")),
    st.builds(
        Rule,
        st.just(Field.KEYWORD),
        st.sampled_from((Op.IS, Op.IS_NOT)),
        st.sampled_from(("chiari", "EMILE", "none")),
    ),
    st.builds(
        Rule,
        st.just(Field.NOTE),
        st.sampled_from((Op.CONTAINS, Op.LACKS)),
        st.sampled_from(("GROSSE", "words", "none")),
    ),
    st.builds(
        Rule,
        st.just(Field.COLLECTION),
        st.sampled_from((Op.IS, Op.IS_NOT)),
        st.just("c"),
    ),
)
GROUPS = st.recursive(
    RULES,
    lambda inner: st.builds(
        Group, st.lists(inner, max_size=4).map(tuple), st.booleans()
    ),
    max_leaves=6,
).map(lambda one: one if isinstance(one, Group) else Group((one,)))
ACCOUNTS = st.sampled_from(("", "A", "B"))


@QUIET
@given(rules=GROUPS, account=ACCOUNTS)
def test_rules_in_sql_choose_what_they_choose_in_python(
    filled: sqlite3.Connection, rules: Group, account: str
) -> None:
    asker = asker_of(filled, account, TODAY)
    seen = plain(filled, account)
    wanted = {row["row_key"] for row in seen if fits(row, rules)}
    assert set(ids(filled, Wish("all", rules), asker)) == wanted
    assert from_json(to_json(rules)) == rules
    series = [
        row for row in seen if row["row_key"] in wanted and row["study_key"] is not None
    ]
    for level in ("study", "patient"):
        above = {row[f"{level}_key"] for row in series}
        found = ids(filled, Wish(level, rules, "name"), asker)
        assert len(found) == len(set(found))
        assert set(found) == above


KEYS: dict[str, Any] = {
    "name": lambda row: fold(row["name"]),
    "study_date": lambda row: row["study_date"],
    "title": lambda row: fold(row["title"]),
    "modality": lambda row: row["modality"],
    "number": lambda row: row["number"],
    "images": lambda row: row["images"],
    "age": lambda row: row["age_days"],
    "stars": lambda row: row["stars"],
    "label": lambda row: row["label"] or None,
    "place": lambda row: row["place"],
    "state": lambda row: row["state"],
    "source": lambda row: row["source"],
    "added": lambda row: row["added_at"],
}


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("account", ["", "A"])
def test_sorted_both_ways_with_blanks_last(
    filled: sqlite3.Connection, descending: bool, account: str
) -> None:
    asker = asker_of(filled, account, TODAY)
    seen = {row["row_key"]: row for row in plain(filled, account)}
    for name, value in KEYS.items():
        found = ids(filled, Wish("all", Group(), name, descending), asker)
        assert set(found) == set(seen)
        held = [value(seen[key]) for key in found]
        said = [one for one in held if one not in (None, "")]
        assert said == sorted(said, reverse=descending), name
        assert held[: len(said)] == said, name


@pytest.mark.parametrize("account", ["", "A", "B"])
def test_facets_count_what_is_there(filled: sqlite3.Connection, account: str) -> None:
    asker = asker_of(filled, account, TODAY)
    seen = plain(filled, account)
    wish = Wish("all", Group())
    values: tuple[tuple[str, Callable[[dict[str, Any]], Any]], ...] = (
        ("modalities", lambda row: row["modality"]),
        ("places", lambda row: row["place"]),
        ("states", lambda row: row["state"]),
        ("sources", lambda row: row["source"]),
        ("labels", lambda row: row["label"]),
        ("years", lambda row: (row["study_date"] or "")[:4] or None),
    )
    for name, value in values:
        counted: dict[Any, int] = {}
        for row in seen:
            counted[value(row)] = counted.get(value(row), 0) + 1
        assert facet(filled, wish, name, asker=asker) == counted, name
    words = facet(filled, wish, "keywords", asker=asker)
    assert words["Émile"] == sum("Émile" in row["keywords"] for row in seen)


@pytest.mark.parametrize(
    "rule",
    [
        Rule(Field.NAME, Op.AT_LEAST, "x"),
        Rule(Field.STARS, Op.CONTAINS, 3),
        Rule(Field.STARS, Op.AT_LEAST, "many"),
        Rule(Field.STUDY_DATE, Op.IS, "yesterday"),
        Rule(Field.MODALITY, Op.ONE_OF, "CT"),
        Rule(Field.ADDED, Op.LAST_DAYS, "x"),
        Rule(Field.COLLECTION, Op.BLANK),
    ],
)
def test_rules_without_a_meaning_are_refused(
    filled: sqlite3.Connection, rule: Rule
) -> None:
    with pytest.raises(BadRule):
        ids(filled, Wish("all", Group((rule,))), asker_of(filled, "", TODAY))


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "3", '{"rules": [{"field": "x"}], "any": false}']
)
def test_rules_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(BadRule):
        from_json(text)
