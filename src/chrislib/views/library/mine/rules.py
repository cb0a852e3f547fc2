"""Rules of smart collections in people's words, and back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from chrislib.library.dates import parse_date
from chrislib.library.mine.model import Field, Flag, Label, Op, Place, Rule
from chrislib.library.model import ItemState, Source
from chrislib.views.library.mine.filters import FLAGS
from chrislib.views.library.mine.paint import LABEL_WORDS


class Kind(Enum):
    """How the value of a rule is written."""

    NOTHING = "nothing"
    TEXT = "text"
    LIST = "list"
    """Several words with commas between."""
    NUMBER = "number"
    MEGABYTES = "megabytes"
    DAYS = "days"
    DATE = "date"
    AGE = "age"
    CHOICE = "choice"
    COLLECTION = "collection"


@dataclass(frozen=True, slots=True)
class Ways:
    """How a field can be asked: words for it, and for each comparison."""

    words: str
    kind: Kind
    ops: tuple[tuple[Op, str], ...]
    choices: tuple[tuple[str, str | int | None], ...] = ()


_BLANK = ((Op.BLANK, "is empty"), (Op.FILLED, "is not empty"))
_TEXT = (
    (Op.CONTAINS, "contains"),
    (Op.LACKS, "does not contain"),
    (Op.IS, "is"),
    (Op.IS_NOT, "is not"),
    (Op.BEGINS, "begins with"),
    *_BLANK,
)
_NUMBER = ((Op.AT_LEAST, "is at least"), (Op.AT_MOST, "is at most"), (Op.IS, "is"))
_DATE = (
    (Op.LAST_DAYS, "is in the last (days)"),
    (Op.AT_LEAST, "is on or after"),
    (Op.AT_MOST, "is on or before"),
    (Op.IS, "is"),
)
_CHOICE = ((Op.IS, "is"), (Op.IS_NOT, "is not"))
_LIST = ((Op.ONE_OF, "is one of"), (Op.NONE_OF, "is none of"))

_SOURCES = (
    ("PACS", Source.PACS.value),
    ("Upload", Source.UPLOAD.value),
    ("Reference data", Source.REFERENCE.value),
    ("Feed", Source.FEED.value),
    ("This computer", None),
)
_PLACES = (
    ("on this computer only", Place.HERE.value),
    ("on the server only", Place.SERVER.value),
    ("on both", Place.BOTH.value),
)
_STATES = (
    ("Ready", ItemState.READY.value),
    ("On the way", ItemState.ON_THE_WAY.value),
    ("Registering files", ItemState.REGISTERING.value),
    ("Failed", ItemState.FAILED.value),
    ("Cancelled", ItemState.CANCELLED.value),
    ("Gone from server", ItemState.GONE.value),
)

FIELDS: Mapping[Field, Ways] = {
    Field.TITLE: Ways("Series or name", Kind.TEXT, _TEXT),
    Field.TEXT: Ways(
        "Any text",
        Kind.TEXT,
        ((Op.CONTAINS, "contains"), (Op.LACKS, "does not contain")),
    ),
    Field.MODALITY: Ways("Modality", Kind.LIST, (*_LIST, *_BLANK)),
    Field.NAME: Ways("Patient", Kind.TEXT, _TEXT),
    Field.PATIENT_ID: Ways("Patient ID", Kind.TEXT, _TEXT),
    Field.SEX: Ways(
        "Sex", Kind.CHOICE, _CHOICE, (("female", "F"), ("male", "M"), ("other", "O"))
    ),
    Field.BIRTH_DATE: Ways("Born", Kind.DATE, (*_DATE[1:], *_BLANK)),
    Field.AGE: Ways("Age at scan", Kind.AGE, (*_NUMBER[:2], *_BLANK)),
    Field.STUDY: Ways("Study", Kind.TEXT, _TEXT),
    Field.STUDY_DATE: Ways("Study date", Kind.DATE, (*_DATE, *_BLANK)),
    Field.ACCESSION: Ways("Accession", Kind.TEXT, _TEXT),
    Field.BODY_PART: Ways("Body part", Kind.TEXT, _TEXT),
    Field.STATION: Ways("Station", Kind.TEXT, _TEXT),
    Field.IMAGES: Ways("Images", Kind.NUMBER, _NUMBER),
    Field.SIZE: Ways("Size", Kind.MEGABYTES, _NUMBER[:2]),
    Field.FEEDS: Ways("Feeds that used it", Kind.NUMBER, _NUMBER),
    Field.ADDED: Ways("Added", Kind.DATE, _DATE),
    Field.STARS: Ways("Stars", Kind.NUMBER, _NUMBER),
    Field.FLAG: Ways(
        "Flag",
        Kind.CHOICE,
        _CHOICE,
        tuple((words, int(flag)) for flag, words in FLAGS.items()),
    ),
    Field.LABEL: Ways(
        "Label",
        Kind.CHOICE,
        _CHOICE,
        (
            *((words, int(label)) for label, words in LABEL_WORDS.items()),
            ("No label", int(Label.NONE)),
        ),
    ),
    Field.KEYWORD: Ways(
        "Keyword",
        Kind.TEXT,
        (
            (Op.IS, "is"),
            (Op.IS_NOT, "is not"),
            (Op.CONTAINS, "contains"),
            (Op.BLANK, "is missing"),
            (Op.FILLED, "is there"),
        ),
    ),
    Field.NOTE: Ways(
        "Note",
        Kind.TEXT,
        ((Op.CONTAINS, "contains"), (Op.LACKS, "does not contain"), *_BLANK),
    ),
    Field.SOURCE: Ways("Came from", Kind.CHOICE, _CHOICE, _SOURCES),
    Field.PLACE: Ways("Place", Kind.CHOICE, _CHOICE, _PLACES),
    Field.STATE: Ways("State", Kind.CHOICE, _CHOICE, _STATES),
    Field.COLLECTION: Ways("Collection", Kind.COLLECTION, _CHOICE),
}
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
AGES = (("years", 365.2425), ("months", 30.436875), ("weeks", 7.0), ("days", 1.0))
"""Units of an age, in days."""


def kind_of(field: Field, op: Op) -> Kind:
    """Return how the value of such a rule is written."""
    if op in (Op.BLANK, Op.FILLED):
        return Kind.NOTHING
    if op is Op.LAST_DAYS:
        return Kind.DAYS
    return FIELDS[field].kind


def first_rule() -> Rule:
    """Return the rule a new smart collection begins with."""
    return Rule(Field.STARS, Op.AT_LEAST, 3)


def usual_value(field: Field, op: Op) -> str | int | tuple[str, ...] | None:
    """Return a value to begin with."""
    match kind_of(field, op):
        case Kind.NUMBER:
            return 1
        case Kind.MEGABYTES:
            return 100_000_000
        case Kind.DAYS:
            return 30
        case Kind.AGE:
            return round(2 * 365.2425)
        case Kind.LIST:
            return ("MR",)
        case Kind.CHOICE:
            return FIELDS[field].choices[0][1]
        case Kind.NOTHING:
            return None
        case _:
            return ""


def as_age(days: float) -> tuple[int, int]:
    """Return a number of days as (number, place in `AGES`), the largest whole unit."""
    for place, (_, unit) in enumerate(AGES):
        number = round(days / unit)
        if number and round(number * unit) == round(days):
            return number, place
    return round(days), len(AGES) - 1


def is_whole(rule: Rule) -> bool:
    """Whether a rule says everything it needs to."""
    kind = kind_of(rule.field, rule.op)
    if kind in (Kind.NOTHING, Kind.CHOICE):
        return True
    if kind is Kind.DATE:
        text = str(rule.value)
        return bool(_ISO.fullmatch(text)) and parse_date(text) is not None
    if kind in (Kind.TEXT, Kind.COLLECTION):
        return bool(str(rule.value or "").strip())
    return bool(rule.value) if kind is Kind.LIST else rule.value is not None


__all__ = [
    "AGES",
    "FIELDS",
    "Flag",
    "Kind",
    "Ways",
    "as_age",
    "first_rule",
    "is_whole",
    "kind_of",
    "usual_value",
]
