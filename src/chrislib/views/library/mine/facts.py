"""The facts of highlighted rows, in words; "(several)" where they differ."""

from collections.abc import Callable, Sequence
from datetime import date, datetime

from chrislib.library.dates import age_in_days, show_age
from chrislib.library.mine.model import Level, Row
from chrislib.library.names import clean, isolate, show_full_name
from chrislib.library.words import count, join, size
from chrislib.views.library.mine import words

SEVERAL = "(several)"
Facts = list[tuple[str, str]]
_Fact = tuple[str, Callable[[Row], str]]


def exact_age(birth: date | None, at: date | None, days: int | None = None) -> str:
    """Return an age with its months, "16 y 6 m"; shorter for little children."""
    known = age_in_days(birth, at)
    if known is None or birth is None or at is None:
        return show_age(days)
    months = (at.year - birth.year) * 12 + at.month - birth.month
    months -= at.day < birth.day
    if months < 24:
        return show_age(known)
    return f"{months // 12} y {months % 12} m"


def _time(row: Row) -> str:
    digits = row.study_time[:4]
    clock = (
        f"{digits[:2]}:{digits[2:]}" if len(digits) == 4 and digits.isdigit() else ""
    )
    return spaced(words.day(row), clock)


def spaced(*parts: str) -> str:
    """Return the parts that say something, with a space between."""
    return " ".join(part for part in parts if part)


def _images(row: Row) -> str:
    shape = f"{row.columns} × {row.rows}" if row.rows and row.columns else ""
    step = row.slice_spacing or row.slice_thickness
    number = "" if row.images is None else f"{row.images:,}"
    return join(number, shape, f"{step:.4g} mm" if step else "")


def _timing(row: Row) -> str:
    values = (row.repetition_time, row.echo_time, row.inversion_time)
    if not any(values):
        return ""
    return " / ".join("–" if one is None else f"{one:,.4g}" for one in values) + " ms"


def _station(row: Row) -> str:
    maker = spaced(clean(row.manufacturer), clean(row.model))
    field = f"{row.field_strength:.3g} T" if row.field_strength else ""
    return join(clean(row.station), maker, field)


def _added(row: Row) -> str:
    if not row.added_at:
        return ""
    return datetime.fromtimestamp(row.added_at).strftime("%Y-%m-%d %H:%M")


def _patient(*, hidden: bool) -> tuple[_Fact, ...]:
    if hidden:
        return (("Patient", lambda row: words.who(row, hidden=True)),)
    return (
        (
            "Patient",
            lambda row: (
                show_full_name(row.patient_name)
                if row.patient_id or row.patient_name
                else ""
            ),
        ),
        ("Patient ID", lambda row: isolate(clean(row.patient_id))),
        ("Born, sex", lambda row: join(words.born(row), clean(row.sex))),
    )


_STUDY: tuple[_Fact, ...] = (
    (
        "Age at scan",
        lambda row: exact_age(row.birth_date, row.study_date, row.age_days),
    ),
    ("Study", lambda row: isolate(clean(row.study_description))),
    ("Date", _time),
)
_SERIES: tuple[_Fact, ...] = (
    ("Modality", lambda row: join(clean(row.modality), clean(row.body_part))),
    ("Station", _station),
    ("Images", _images),
    ("TR / TE / TI", _timing),
    ("Protocol", lambda row: isolate(clean(row.protocol))),
)
_FILES: tuple[_Fact, ...] = (
    ("Size", lambda row: size(row.size)),
    ("Place", lambda row: words.where(row).words),
    ("Came from", words.source),
    ("Added", _added),
)


def _accession(*, hidden: bool) -> tuple[_Fact, ...]:
    if hidden:
        return ()
    return (("Accession", lambda row: isolate(clean(row.accession_number))),)


def _of_level(level: Level, *, hidden: bool) -> tuple[_Fact, ...]:
    together: tuple[_Fact, ...] = (
        ("Series", lambda row: f"{row.series:,}" if row.series else ""),
        ("Images", lambda row: "" if row.images is None else f"{row.images:,}"),
        ("Modality", lambda row: clean(row.modality)),
        *_FILES[:2],
    )
    if level is Level.PATIENT:
        studies: _Fact = ("Studies", lambda row: f"{row.studies:,}")
        latest: _Fact = ("Latest study", words.day)
        return (*_patient(hidden=hidden), studies, *together, latest)
    if level is Level.STUDY:
        own = (*_patient(hidden=hidden), *_STUDY, *_accession(hidden=hidden))
        return (*own, *together)
    uid: _Fact = ("Series UID", lambda row: clean(row.series_uid))
    return (
        *_patient(hidden=hidden),
        *_STUDY,
        *_accession(hidden=hidden),
        *_SERIES,
        *_FILES,
        *(() if hidden else (uid,)),
    )


def facts_of(rows: Sequence[Row], *, hidden: bool) -> Facts:
    """Return labels and values; what no row has is left out.

    Parameters
    ----------
    hidden : bool
        Leave out what names a person.
    """
    if not rows:
        return []
    levels = {row.level for row in rows}
    level = Level.SERIES if levels & {Level.SERIES, Level.DATA} else rows[0].level
    found: Facts = []
    for label, value in _of_level(level, hidden=hidden):
        values = {value(row) for row in rows}
        if values == {""}:
            continue
        found.append((label, values.pop() if len(values) == 1 else SEVERAL))
    return found


def together(rows: Sequence[Row], number: int) -> str:
    """Return what several rows come to: "12 series · 3 patients · 640 MB"."""
    if not rows:
        return ""
    level = rows[0].level
    mixed = any(row.level is not level for row in rows)
    words_ = words.unit(Level.ALL if mixed else level, number)
    if number > len(rows):
        return words_
    people = {(row.patient_id, row.patient_name) for row in rows if row.patient_id}
    patients = (
        "" if level is Level.PATIENT or not people else count(len(people), "patient")
    )
    return join(words_, patients, size(sum(row.size or 0 for row in rows) or None))
