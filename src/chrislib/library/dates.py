"""Dates, times and ages as they stand in rows."""

import re
from datetime import date, datetime, timedelta

_DIGITS = re.compile(r"^(\d{4})(?:[.\-/]?(\d{2})(?:[.\-/]?(\d{2}))?)?$", re.ASCII)


def parse_date(text: str) -> date | None:
    """Return a full DICOM date (PS3.5 DA, or the older "1999.12.31"), else None.

    A date with only year or month is None as well: nothing is invented. `show_partial`
    keeps what there is.
    """
    parts = _parts(text)
    if parts is None or parts[2] is None or parts[1] is None:
        return None
    return date(parts[0], parts[1], parts[2])


def show_partial(text: str) -> str:
    """Return "2010", "2010-03" or "2010-03-04" for what a date text really says."""
    parts = _parts(text)
    if parts is None:
        return ""
    year, month, day = parts
    if month is None:
        return f"{year:04d}"
    if day is None:
        return f"{year:04d}-{month:02d}"
    return f"{year:04d}-{month:02d}-{day:02d}"


def _parts(text: str) -> tuple[int, int | None, int | None] | None:
    match = _DIGITS.match(text.strip())
    if match is None:
        return None
    year = int(match[1])
    month = int(match[2]) if match[2] else None
    day = int(match[3]) if match[3] else None
    if not 1 <= year <= 9999 or (month is not None and not 1 <= month <= 12):
        return None
    if day is not None and month is not None:
        try:
            date(year, month, day)
        except ValueError:
            return None
    return year, month, day


def show_date(day: date | None) -> str:
    """Return "2026-03-04", or "no date"."""
    return "no date" if day is None else day.isoformat()


def show_time(at: float) -> str:
    """Return the local time "14:23" of seconds since the epoch."""
    return datetime.fromtimestamp(at).strftime("%H:%M")


def show_day(at: float, *, now: float) -> str:
    """Return the head of a group of rows: Today, Yesterday, "Fri 20", "2026-03-04"."""
    day = datetime.fromtimestamp(at).date()
    today = datetime.fromtimestamp(now).date()
    if day == today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    if timedelta(0) < today - day < timedelta(days=7):
        return f"{_WEEKDAYS[day.weekday()]} {day.day}"
    return day.isoformat()


_OLDEST_DAYS = 150 * 366
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def show_age(days: int | None) -> str:
    """Return an age at scan: "6 d", "5 w", "7 m", "16 y", or "" when unknown.

    Days up to two weeks, weeks up to three months, months up to two years.
    """
    if days is None or days < 0:
        return ""
    if days < 14:
        return f"{days} d"
    if days < 91:
        return f"{days // 7} w"
    months = int(days / 30.436875)
    if months < 24:
        return f"{months} m"
    return f"{int(days / 365.2425)} y"


def age_in_days(birth: date | None, at: date | None) -> int | None:
    """Return the age at `at` in days; None when unknown or not a person's."""
    if birth is None or at is None or at < birth:
        return None
    days = (at - birth).days
    return days if days <= _OLDEST_DAYS else None


def show_age_at(birth: date | None, at: date | None) -> str:
    """Return the age at `at` by the calendar: 16 on the sixteenth birthday."""
    days = age_in_days(birth, at)
    if days is None or birth is None or at is None:
        return ""
    months = (at.year - birth.year) * 12 + at.month - birth.month
    months -= at.day < birth.day
    if days < 91:
        return show_age(days)
    return f"{months} m" if months < 24 else f"{months // 12} y"
