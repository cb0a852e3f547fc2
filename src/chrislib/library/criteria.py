"""From what a person types to criteria a PACS can be asked for, and back to words."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from chrislib.errors import ChrislibError
from chrislib.library.dates import show_partial
from chrislib.library.names import clean, show_name
from chrislib.pacs.types import Criteria

PATIENT_ID = "PatientID"
NAME = "PatientName"
ACCESSION = "AccessionNumber"
DATE = "StudyDate"
MODALITY = "Modality"
STATION = "PerformedStationAETitle"
STUDY = "StudyDescription"
SERIES = "SeriesDescription"
BIRTH = "PatientBirthDate"
SEX = "PatientSex"
STUDY_UID = "StudyInstanceUID"
SERIES_UID = "SeriesInstanceUID"

LABELS: Mapping[str, str] = {
    PATIENT_ID: "Patient ID",
    NAME: "Name",
    ACCESSION: "Accession number",
    DATE: "Study date",
    MODALITY: "Modality",
    STATION: "Station",
    STUDY: "Study description",
    SERIES: "Series description",
    BIRTH: "Birth date",
    SEX: "Sex",
    STUDY_UID: "Study UID",
    SERIES_UID: "Series UID",
}
_SHORT = {PATIENT_ID: "ID", ACCESSION: "Accession", NAME: "Name", BIRTH: "Born"}
_PREFIXES = {
    "id": PATIENT_ID,
    "mrn": PATIENT_ID,
    "name": NAME,
    "acc": ACCESSION,
    "accession": ACCESSION,
    "date": DATE,
    "modality": MODALITY,
    "station": STATION,
    "study": STUDY,
    "series": SERIES,
    "born": BIRTH,
    "birth": BIRTH,
    "sex": SEX,
    "study uid": STUDY_UID,
    "studyuid": STUDY_UID,
    "uid": STUDY_UID,
    "series uid": SERIES_UID,
    "seriesuid": SERIES_UID,
}
_SEXES = {
    **dict.fromkeys(("m", "male", "man", "boy", "männlich", "masculin", "homme"), "M"),
    **dict.fromkeys(("f", "female", "woman", "girl", "w", "weiblich", "femme"), "F"),
    **dict.fromkeys(("o", "other", "d", "divers"), "O"),
}
_UID = re.compile(r"(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))+", re.ASCII)
_MODALITY = re.compile(r"[A-Z][A-Z0-9_]{0,15}", re.ASCII)
_LIKE_DATE = re.compile(
    r"(?:(?:18|19|20|21)\d\d[-./]\d{1,2}(?:[-./]\d{1,2})?"
    r"|\d{1,2}[-./]\d{1,2}[-./](?:18|19|20|21)\d\d)",
    re.ASCII,
)
_LIMITS = {PATIENT_ID: 64, ACCESSION: 16, MODALITY: 16, STATION: 16, NAME: 64}
_MODALITIES = frozenset(
    re.split(
        " ",
        "CR CT DX ECG ES IO IVOCT MG MR NM OCT OP OT PT PX RF RG RTDOSE RTIMAGE "
        "RTPLAN RTSTRUCT SC SEG SM SR US XA XC",
    )
)
_RANGE = re.compile(r"^(.*?)\s*(?:\.\.| to | – |–|(?<=\d{4})-(?=\d{8}$))\s*(.*)$")


@dataclass(frozen=True, slots=True)
class Criterion:
    """One condition: a DICOM keyword and its values (any of them matches)."""

    key: str
    values: tuple[str, ...]

    @property
    def words(self) -> str:
        """The text of its chip."""
        if self.key in (DATE, BIRTH):
            shown = ", ".join(_show_range(value) for value in self.values)
            return shown if self.key == DATE else f"Born {shown}"
        many = "" if len(self.values) < 4 else f"{len(self.values)} "
        if many:
            plural = {
                PATIENT_ID: "patient IDs",
                NAME: "names",
                ACCESSION: "accession numbers",
                STUDY_UID: "study UIDs",
                SERIES_UID: "series UIDs",
            }
            return many + plural.get(self.key, LABELS[self.key].lower() + "s")
        values = self.values
        if self.key == NAME:
            values = tuple(show_name(value) for value in values)
        joined = ", ".join(values)
        if self.key == MODALITY:
            return joined
        return f"{_SHORT.get(self.key, LABELS[self.key])} {joined}"


def guess(text: str, *, today: date | None = None) -> Criterion | None:
    """Return what a piece of typed text most likely means; None when it is blank.

    "acc: 58684554" says what it is. Otherwise modality codes are modalities, dates
    are dates, UIDs are UIDs, text without a digit is a name, and the rest is a
    patient ID.

    Raises
    ------
    ChrislibError
        It looks like a date and is none: a typing error must not become an ID.
    """
    text = clean(text)
    if not text:
        return None
    prefix, colon, rest = text.partition(":")
    key = _PREFIXES.get(prefix.strip().lower()) if colon else None
    if key is not None:
        return make(key, rest)
    words = [word for word in re.split(r"[,\s]+", text.upper()) if word]
    if words and all(word in _MODALITIES for word in words):
        return Criterion(MODALITY, tuple(dict.fromkeys(words)))
    if (dicom := date_range(text, today=today)) and ("-" in text or " " in text):
        return Criterion(DATE, (dicom,))
    if len(text) > 12 and text.count(".") > 2 and _UID.fullmatch(text):
        return make(STUDY_UID, text)
    if looks_like_date(text):
        raise _no_date(text, more=f" For an ID write “id: {text}”.")
    if not any(char.isdigit() for char in text):
        return make(NAME, text)
    return make(PATIENT_ID, text)


def make(key: str, text: str) -> Criterion | None:
    """Return the condition for one field's text; None when it is blank.

    A name without a wildcard gets one at its end, because a PACS compares whole
    names: "Doe" alone would not find "Doe^Jonathan" (PS3.4 C.2.2.2). "Doe, Jon"
    becomes "Doe^Jon*".

    Raises
    ------
    ChrislibError
        A study date that cannot be read.
    """
    text = clean(text)
    if not text:
        return None
    if key in (DATE, BIRTH):
        found = date_range(text)
        if not found:
            raise _no_date(text)
        return Criterion(key, (found,))
    if key == NAME:
        return Criterion(NAME, (_name_pattern(text),))
    if key in _READERS:
        words = [word for word in re.split(r"[,;\s]+", text) if word]
        return Criterion(key, tuple(dict.fromkeys(map(_READERS[key], words))))
    values = [clean(part) for part in re.split(r"[;\n]+", text)]
    if key in {PATIENT_ID, ACCESSION}:
        values = [clean(part) for part in re.split(r"[;,\n\s]+", text)]
    if key in {STUDY, SERIES}:
        values = [value if "*" in value else f"*{value}*" for value in values if value]
    kept = tuple(dict.fromkeys(value for value in values if value))
    return Criterion(key, kept) if kept else None


def looks_like_date(text: str) -> bool:
    """Whether a person means a date, or two, though it may not be one."""
    parts = re.split(r"\s*(?:\.\.| to | – |–)\s*", text.strip())
    return any(_LIKE_DATE.fullmatch(part) for part in parts)


def _no_date(text: str, more: str = "") -> ChrislibError:
    return ChrislibError(
        f"“{text}” is not a date the PACS understands.",
        "Nothing was asked.",
        hint="Write 2026-03-04, 2026-03, 2026, or 2024-01-01 to 2026-03-04." + more,
    )


def _modality(word: str) -> str:
    if _MODALITY.fullmatch(word.upper()) is None:
        raise ChrislibError(
            f"“{word}” is not a modality.",
            "Nothing was asked.",
            hint="Write its code: MR, CT, US, CR, PT …",
        )
    return word.upper()


def _sex(word: str) -> str:
    found = _SEXES.get(word.lower())
    if found is None:
        raise ChrislibError(
            f"“{word}” is not a sex the PACS knows.",
            "Nothing was asked.",
            hint="Write M, F or O.",
        )
    return found


def _uid(word: str) -> str:
    if len(word) > 64 or _UID.fullmatch(word) is None:
        what = f"has {len(word)} characters" if len(word) > 64 else "is not a UID"
        raise ChrislibError(
            f"“{word[:24]}{'…' if len(word) > 24 else ''}” {what}.",
            "Nothing was asked.",
            hint="A UID has digits and dots only, 64 at most (DICOM PS3.5, 9.1).",
        )
    return word


_READERS: Mapping[str, Callable[[str], str]] = {
    MODALITY: _modality,
    SEX: _sex,
    STUDY_UID: _uid,
    SERIES_UID: _uid,
}


def _name_pattern(text: str) -> str:
    family, comma, given = text.partition(",")
    name = f"{family.strip()}^{given.strip()}" if comma else text
    return name if any(char in name for char in "*?") else f"{name}*"


def date_range(text: str, *, today: date | None = None) -> str:
    """Return a DICOM date range for typed text, "" when it is no date.

    "2026" and "2026-03" become the whole year or month; "2024-01-01 to today",
    "2024-01-01.." and "..2025" are understood.
    """
    text = text.strip()
    match = _RANGE.match(text)
    if match and (match[1] or match[2]):
        first = _bound(match[1], last=False, today=today) if match[1] else ""
        last = _bound(match[2], last=True, today=today) if match[2] else ""
        if first is None or last is None or (first and last and first > last):
            return ""
        return f"{first}-{last}"
    first, last = _bound(text, last=False, today=today), None
    if first is None:
        return ""
    last = _bound(text, last=True, today=today)
    return first if first == last else f"{first}-{last}"


def _bound(text: str, *, last: bool, today: date | None) -> str | None:
    text = text.strip()
    if text.lower() in {"today", "now"}:
        return (today or date.today()).strftime("%Y%m%d")
    shown = show_partial(text)
    if not shown or not "1850" <= shown[:4] <= "2200":
        return None
    digits = shown.replace("-", "")
    if len(digits) == 8:
        return digits
    if not last:
        return digits + ("0101" if len(digits) == 4 else "01")
    year = int(digits[:4])
    month = int(digits[4:6]) if len(digits) == 6 else 12
    following = date(year + month // 12, month % 12 + 1, 1)
    return date.fromordinal(following.toordinal() - 1).strftime("%Y%m%d")


def _show_range(value: str) -> str:
    first, dash, last = value.partition("-")
    if not dash:
        return show_partial(first) or first
    if not first:
        return f"until {show_partial(last)}"
    if not last:
        return f"from {show_partial(first)}"
    return f"{show_partial(first)} to {show_partial(last)}"


def together(criteria: Iterable[Criterion], *, pacs: str = "") -> Criteria:
    """Return the criteria of several conditions; those of one key are joined."""
    values: dict[str, tuple[str, ...]] = {}
    for criterion in criteria:
        before = values.get(criterion.key, ())
        values[criterion.key] = tuple(dict.fromkeys(before + criterion.values))
    return Criteria(values=values, pacs=pacs)


def split(criteria: Criteria) -> tuple[Criterion, ...]:
    """Return the conditions of criteria, for chips."""
    return tuple(
        Criterion(key, tuple(values)) for key, values in criteria.values.items()
    )


def check(criteria: Criteria) -> None:
    """Refuse what would ask for the whole PACS or cannot be sent.

    Raises
    ------
    ChrislibError
        With words for the person who typed it. Nothing was sent.
    """
    given = {
        key: [value for value in values if value.strip()]
        for key, values in criteria.values.items()
    }
    if not any(given.values()):
        raise ChrislibError(
            "There is nothing to look for yet.",
            "An empty lookup would ask for everything in the PACS. Nothing was sent.",
            hint="Enter a patient ID, a name or an accession number.",
        )
    narrow = [
        value
        for key, values in given.items()
        if key not in (MODALITY, SEX)
        for value in values
        if value.strip("*?^ -")
    ]
    if not narrow:
        raise ChrislibError(
            "This would ask for everything in the PACS.",
            "A modality, a sex or wildcards alone match too much. Nothing was sent.",
            hint="Add a patient ID, a name, an accession number or a date.",
        )
    for key, values in given.items():
        for value in values:
            _check_value(key, value)


def _check_value(key: str, value: str) -> None:
    label = LABELS.get(key, key)
    if "\\" in value or any(ord(char) < 32 for char in value):
        raise ChrislibError(
            f"{label}: “{clean(value)}” has a character a PACS cannot take.",
            "Nothing was sent.",
            hint="Take out backslashes and control characters.",
        )
    limit = _LIMITS.get(key)
    if limit is not None and len(value) > limit:
        raise ChrislibError(
            f"{label}: “{value[:24]}…” is too long.",
            f"A PACS takes up to {limit} characters here. Nothing was sent.",
            hint="Shorten it, or look for another field.",
        )


def to_request(criteria: Criteria) -> dict[str, object]:
    """Return criteria as plain data for History."""
    return {
        "values": {key: list(values) for key, values in criteria.values.items()},
        "pacs": criteria.pacs,
    }


def _inside(label: str) -> str:
    return label[:1].lower() + label[1:]


def from_request(request: Mapping[str, object]) -> Criteria:
    """Return the criteria of a History entry; empty where it cannot be read."""
    raw = request.get("values")
    values: dict[str, tuple[str, ...]] = {}
    if isinstance(raw, Mapping):
        for key, found in raw.items():
            if isinstance(found, (list, tuple)):
                values[str(key)] = tuple(str(value) for value in found)
    pacs = request.get("pacs")
    return Criteria(values=values, pacs=pacs if isinstance(pacs, str) else "")


def title_of(criteria: Criteria) -> str:
    """Return the title of a lookup in History: what was asked, without the fields."""
    found = []
    for criterion in split(criteria):
        values = criterion.values
        if criterion.key == NAME:
            values = tuple(show_name(value) for value in values)
        elif criterion.key in (DATE, BIRTH):
            values = (criterion.words,)
        if len(values) > 3:
            found.append(f"{', '.join(values[:2])} and {len(values) - 2} more")
        else:
            found.append(", ".join(values))
    return " — ".join(found)


def fields_of(criteria: Criteria) -> str:
    """Return which fields were asked, and where: "Patient ID, name · Main PACS"."""
    labels = [LABELS.get(key, key) for key in criteria.values]
    words = ", ".join([*labels[:1], *(_inside(label) for label in labels[1:])])
    return f"{words} · {criteria.where}"


def wider(criteria: Criteria) -> Criteria | None:
    """Return the criteria with a shorter name, None where there is none."""
    names = criteria.values.get(NAME, ())
    if len(names) != 1:
        return None
    stem = names[0].strip("*").split("^")[0]
    if len(stem) < 6:
        return None
    values = {**criteria.values, NAME: (f"{stem[:-3]}*",)}
    return Criteria(values=values, pacs=criteria.pacs)


def undated(criteria: Criteria) -> Criteria:
    """Return the criteria without a study date."""
    kept = {k: v for k, v in criteria.values.items() if k != DATE}
    return Criteria(values=kept, pacs=criteria.pacs)
