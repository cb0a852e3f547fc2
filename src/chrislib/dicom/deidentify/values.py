"""New values by value representation (VR, PS3.5 section 6.2): dummies, moved dates."""

import re
from datetime import date, timedelta
from typing import Any

TEXTS = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
DATES = frozenset({"DA", "DT", "TM"})
FREE = frozenset({"LO", "LT", "SH", "ST", "UC", "UT"})
"""VRs in which somebody may have typed."""
_NUMBERS = frozenset(
    {"AT", "FD", "FL", "SL", "SS", "SV", "UL", "US", "UV", "US or SS", "US or SS or OW"}
)
_DUMMIES: dict[str, Any] = {
    "AE": "REMOVED",
    "AS": "000Y",
    "CS": "REMOVED",
    "DA": "19000101",
    "DS": "0",
    "DT": "19000101000000",
    "IS": "0",
    "TM": "000000",
    "UR": "https://removed.invalid",
}
_OLDEST = 90
_DATE = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})\Z")
_DATE_TIME = re.compile(r"(\d{8})(\d{0,6}(?:\.\d{1,6})?(?:[+-]\d{4})?)\Z")


def dummy(vr: str) -> Any:
    """Return a value of a VR that says nothing and is not empty."""
    if vr in _DUMMIES:
        return _DUMMIES[vr]
    if vr in TEXTS:
        return "REMOVED"
    if vr in _NUMBERS:
        return 0
    return b"\0\0"


def empty(vr: str) -> Any:
    """Return the empty value of a VR."""
    return "" if vr in TEXTS or vr in DATES or vr in {"UI", "AS"} else None


def moved(text: str, vr: str, days: int) -> str:
    """Return a date or date and time moved by days; "" if it is not a whole date.

    Times of day (TM) stay.
    """
    text = text.strip(" \0")
    if vr == "TM" or not text:
        return text
    tail = ""
    if vr == "DT":
        parts = _DATE_TIME.match(text)
        if parts is None:
            return ""
        text, tail = parts[1], parts[2]
    found = _DATE.match(text)
    if found is None:
        return ""
    try:
        day = date(int(found[1]), int(found[2]), int(found[3])) + timedelta(days)
    except (ValueError, OverflowError):
        return ""
    return f"{day.year:04d}{day.month:02d}{day.day:02d}{tail}"


def age(text: str) -> str:
    """Return an age (AS) with those over 89 years told as 90."""
    found = re.fullmatch(r"(\d{3})([DWMY])", text.strip(" \0"))
    if found is None:
        return ""
    number, unit = int(found[1]), found[2]
    years = number / {"Y": 1.0, "M": 12.0, "W": 52.2, "D": 365.3}[unit]
    return f"{_OLDEST:03d}Y" if years >= _OLDEST else found[0]


def texts(value: Any) -> list[str]:
    """Return an element's value as texts, one for each of several."""
    if value is None:
        return []
    if isinstance(value, bytes):
        return [value.decode("latin-1")]
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        return [str(value)]
    if hasattr(value, "components"):  # a person's name is iterable letter by letter
        return [str(value)]
    return [str(part) for part in value]


def joined(parts: list[str]) -> str | list[str]:
    """Return texts as an element takes them."""
    return parts[0] if len(parts) == 1 else parts
