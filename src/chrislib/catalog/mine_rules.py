"""Rules about rows of My Library: what filters and smart collections are made of."""

import json
from dataclasses import dataclass
from enum import Enum
from typing import Any

Value = str | int | float | bool | tuple[str | int | None, ...] | None

DEEP = 16
"""Groups within groups; deeper ones are refused, whoever wrote them."""


class Field(Enum):
    """What a rule is about."""

    TEXT = "text"
    """All words, as the search field finds them."""
    NAME = "name"
    PATIENT_ID = "patient_id"
    BIRTH_DATE = "birth_date"
    SEX = "sex"
    STUDY_DATE = "study_date"
    STUDY = "study"
    ACCESSION = "accession"
    AGE = "age"
    """Days at the study."""
    MODALITY = "modality"
    TITLE = "title"
    BODY_PART = "body_part"
    STATION = "station"
    NUMBER = "number"
    IMAGES = "images"
    SIZE = "size"
    FEEDS = "feeds"
    """How many feeds used it."""
    ADDED = "added"
    KIND = "kind"
    """``series`` or ``data``."""
    SOURCE = "source"
    """Values of `Source`, None for files of this computer only."""
    PLACE = "place"
    STATE = "state"
    STARS = "stars"
    FLAG = "flag"
    LABEL = "label"
    KEYWORD = "keyword"
    NOTE = "note"
    COLLECTION = "collection"
    ITEM = "item"
    PATIENT_KEY = "patient_key"
    STUDY_KEY = "study_key"


class Op(Enum):
    """How a rule compares."""

    CONTAINS = "contains"
    LACKS = "lacks"
    IS = "is"
    IS_NOT = "is_not"
    BEGINS = "begins"
    ONE_OF = "one_of"
    NONE_OF = "none_of"
    AT_LEAST = "at_least"
    """Also for dates: on or after."""
    AT_MOST = "at_most"
    LAST_DAYS = "last_days"
    """Within so many days before today."""
    BLANK = "blank"
    FILLED = "filled"


@dataclass(frozen=True, slots=True)
class Rule:
    """One condition, such as stars at least 3.

    Dates are ISO text; lists of values are tuples. What has no value fits no
    comparison but BLANK, IS_NOT, LACKS and NONE_OF. Texts are compared without case
    and diacritics.
    """

    field: Field
    op: Op
    value: Value = None


@dataclass(frozen=True, slots=True)
class Group:
    """Rules of which all (or any) must hold; an empty group lets everything pass."""

    rules: "tuple[Rule | Group, ...]" = ()
    any: bool = False


class BadRule(ValueError):
    """A rule that has no meaning, such as text that is at least 3."""


# As text, for smart collections.


def to_json(group: Group) -> str:
    """Return a group as JSON."""
    return json.dumps(_plain(group))


def from_json(text: str) -> Group:
    """Return the group of a JSON text.

    Raises
    ------
    BadRule
        It is none: broken, or of a newer chrislib.
    """
    try:
        found = _made(json.loads(text), 0)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BadRule("the rules cannot be read") from error
    if not isinstance(found, Group):
        raise BadRule("a rule stands alone")
    return found


def _plain(part: Rule | Group) -> dict[str, Any]:
    if isinstance(part, Rule):
        return {"field": part.field.value, "op": part.op.value, "value": part.value}
    return {"any": part.any, "rules": [_plain(one) for one in part.rules]}


def _made(part: dict[str, Any], depth: int) -> Rule | Group:
    if depth > DEEP:
        raise BadRule("groups are too deep")
    if "rules" in part:
        rules = tuple(_made(one, depth + 1) for one in part["rules"])
        return Group(rules, bool(part["any"]))
    value = part["value"]
    if isinstance(value, list):
        value = tuple(value)
    return Rule(Field(part["field"]), Op(part["op"]), value)
