"""Names, dates, ages and counts as people read them."""

import time
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chrislib.library.dates import (
    age_in_days,
    parse_date,
    show_age,
    show_age_at,
    show_date,
    show_day,
    show_partial,
    show_time,
)
from chrislib.library.names import NO_NAME, clean, isolate, show_full_name, show_name
from chrislib.library.words import count, join, series, size, studies


@pytest.mark.parametrize(
    ("pn", "shown"),
    [
        ("Doe^Jonathan", "Doe, Jonathan"),
        ("DOE^JANE^Q^Dr^MD", "DOE, Dr JANE Q, MD"),
        ("Doe", "Doe"),
        ("^Jonathan", "Jonathan"),
        ("", NO_NAME),
        ("^^^^", NO_NAME),
        ("==", NO_NAME),
        ("山田^太郎", "山田 太郎"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "山田 太郎"),
        ("Hong^Gildong=洪^吉洞=홍^길동", "洪 吉洞"),
        ("=김^희중", "김 희중"),
        ("Papadopoulos^Ελένη", "Papadopoulos, Ελένη"),
        ("Іваненко^Олена", "Іваненко, Олена"),
        ("محمد^أحمد", "\u2068محمد أحمد\u2069"),
        ("כהן^שרה", "\u2068כהן שרה\u2069"),
        ("García Núñez^Lucía", "García Núñez, Lucía"),
        ("Buc^Jérôme\r\n", "Buc, Jérôme"),
    ],
)
def test_names_of_every_script(pn: str, shown: str) -> None:
    assert show_name(pn) == shown


def test_the_alphabetic_form_stands_behind() -> None:
    assert show_full_name("Yamada^Tarou=山田^太郎") == "山田 太郎 (Yamada, Tarou)"
    assert show_full_name("Doe^Jonathan") == "Doe, Jonathan"


@given(st.text())
def test_a_name_is_always_one_readable_line(pn: str) -> None:
    shown = show_name(pn)
    assert shown.strip()
    assert "\n" not in shown
    assert "^" not in shown
    # nothing of the name can turn round what follows it in the row
    assert shown.count("\u2068") == shown.count("\u2069")
    assert not set(shown) & set("\u202a\u202b\u202d\u202e\u2066\u2067")


@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert isolate(once).strip("\u2068\u2069") == once.strip("\u2068\u2069")


@given(st.dates(min_value=date(1, 1, 1)))
def test_dates_come_back(day: date) -> None:
    digits = f"{day.year:04d}{day.month:02d}{day.day:02d}"
    assert parse_date(digits) == day
    assert parse_date(day.isoformat()) == day
    assert show_partial(digits) == day.isoformat() == show_date(day)


@pytest.mark.parametrize(
    ("text", "partial", "whole"),
    [
        ("2010", "2010", None),
        ("201003", "2010-03", None),
        ("2010.03.04", "2010-03-04", date(2010, 3, 4)),
        ("20100230", "", None),
        ("20101301", "", None),
        ("0000", "", None),
        ("", "", None),
        ("no date", "", None),
    ],
)
def test_partial_dates(text: str, partial: str, whole: date | None) -> None:
    assert show_partial(text) == partial
    assert parse_date(text) == whole


@given(st.text(max_size=12))
def test_no_text_breaks_a_date(text: str) -> None:
    assert (parse_date(text) is None) or show_partial(text)


@pytest.mark.parametrize(
    ("days", "shown"),
    [
        (None, ""),
        (-1, ""),
        (0, "0 d"),
        (6, "6 d"),
        (35, "5 w"),
        (215, "7 m"),
        (6030, "16 y"),
    ],
)
def test_ages(days: int | None, shown: str) -> None:
    assert show_age(days) == shown


@given(
    st.dates(min_value=date(1900, 1, 1), max_value=date(2100, 1, 1)),
    st.integers(min_value=0, max_value=120),
)
def test_a_birthday_is_a_birthday(birth: date, years: int) -> None:
    day = min(birth.day, 28)
    birth = birth.replace(day=day)
    at = birth.replace(year=birth.year + years)
    shown = show_age_at(birth, at)
    assert shown == (
        f"{years} y" if years >= 2 else f"{years * 12} m" if years else "0 d"
    )
    if years >= 3:
        assert show_age_at(birth, at - timedelta(days=1)) == f"{years - 1} y"


def test_age_before_birth_is_unknown() -> None:
    assert age_in_days(date(2020, 1, 2), date(2020, 1, 1)) is None
    assert show_age_at(None, date(2020, 1, 1)) == ""


def test_an_age_nobody_reaches_is_unknown() -> None:
    assert show_age_at(date(1111, 1, 1), date(2005, 11, 30)) == ""


def test_days_of_history() -> None:
    now = time.mktime((2026, 11, 22, 12, 0, 0, 0, 0, -1))
    day = 24 * 3600
    assert show_day(now, now=now) == "Today"
    assert show_day(now - day, now=now) == "Yesterday"
    assert show_day(now - 2 * day, now=now) == "Fri 20"
    assert show_day(now - 30 * day, now=now) == "2026-10-23"
    assert show_day(now + 3 * day, now=now) == "2026-11-25"
    assert show_time(now) == "12:00"


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (None, ""),
        (0, "0 B"),
        (999, "999 B"),
        (1_500, "1.5 kB"),
        (9_960, "10 kB"),
        (226_000_000, "226 MB"),
        (1_900_000_000, "1.9 GB"),
        (999_600, "1.0 MB"),
    ],
)
def test_sizes(number: int | None, shown: str) -> None:
    assert size(number) == shown


def test_counts() -> None:
    assert count(1, "image") == "1 image"
    assert count(4290, "image") == "4,290 images"
    assert series(1) == series(1)
    assert studies(1) == "1 study"
    assert studies(2) == "2 studies"
    assert join("a", "", "b") == "a · b"
