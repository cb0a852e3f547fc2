"""What My Library says of a row: lines, amounts, where it is."""

from dataclasses import dataclass
from datetime import date

from chrislib.library.dates import show_age, show_date, show_partial
from chrislib.library.mine.model import Level, Place, Row
from chrislib.library.model import ItemState, Source
from chrislib.library.names import NO_NAME, clean, isolate, show_full_name, show_name
from chrislib.library.words import count, join, series, studies
from chrislib.views.library.mine.paint import marks_words
from chrislib.views.theme.tokens import STATES

HIDDEN = "Name hidden"
UNITS = {
    Level.ALL: "item",
    Level.DATA: "item",
    Level.SERIES: "series",
    Level.STUDY: "study",
    Level.PATIENT: "patient",
}
_SOURCES = {
    None: "This computer",
    Source.PACS: "PACS",
    Source.UPLOAD: "Upload",
    Source.REFERENCE: "Reference data",
    Source.FEED: "Feed",
    Source.FILES: "Browse Files",
}
_ICONS = {
    Source.UPLOAD: "upload",
    Source.REFERENCE: "library",
    Source.FEED: "workflow",
    Source.FILES: "folder",
}
_UNTITLED = {
    Level.SERIES: "(no description)",
    Level.STUDY: "(no description)",
    Level.DATA: "(no name)",
}


@dataclass(frozen=True, slots=True)
class Where:
    """Where the files of a row are, or what keeps them: always glyph, words, color.

    Attributes
    ----------
    done, total : int
        n of m while it is on the way.
    detail : str
        Why it stopped.
    """

    icon: str
    words: str
    token: str
    done: int = 0
    total: int = 0
    detail: str = ""


_HERE = Where("circle-check", "On this computer", "state.ready")
_THERE = Where("server", "On the server", "text.muted")


def unit(level: Level, number: int) -> str:
    """Return "1 study", "4,812 series", "12 patients"."""
    one = UNITS[level]
    many = {"study": "studies", "series": "series"}.get(one, f"{one}s")
    return count(number, one, many)


def title(row: Row, *, hidden: bool) -> str:
    """Return the first line of a row."""
    if row.level is Level.PATIENT:
        return HIDDEN if hidden else show_name(row.patient_name or row.title)
    return isolate(clean(row.title)) or _UNTITLED.get(row.level, NO_NAME)


def where(row: Row) -> Where:
    """Return where a row's files are."""
    if row.level in (Level.PATIENT, Level.STUDY) and row.series:
        return _where_together(row)
    if row.state is ItemState.READY:
        if row.detail:
            look = STATES["errors"]
            return Where(look.glyph, look.word, "state.errors", detail=row.detail)
        return _THERE if row.place is Place.SERVER else _HERE
    if row.place is not Place.SERVER:
        return _HERE
    key, said, done = _state(row)
    total = (row.images or 0) if done else 0
    token = f"state.{key}"
    return Where(STATES[key].glyph, said, token, done, total, row.detail)


def _where_together(row: Row) -> Where:
    if row.state in (ItemState.ON_THE_WAY, ItemState.REGISTERING):
        said = f"{row.ready:,} of {row.series:,} ready"
        return Where("play", said, "state.running", row.ready, row.series)
    if row.state is not ItemState.READY:
        key, said, _ = _state(row)
        return Where(STATES[key].glyph, said, f"state.{key}", detail=row.detail)
    if row.here == row.series:
        return _HERE
    if not row.here:
        return _THERE
    return Where(
        "circle-check", f"{row.here:,} of {row.series:,} here", "text.secondary"
    )


def _state(row: Row) -> tuple[str, str, int]:
    total = row.images or 0
    match row.state:
        case ItemState.WANTED:
            return "queued", "Pulled when needed", 0
        case ItemState.ON_THE_WAY if row.received:
            of = f"{row.received:,} of {count(total, 'image')}"
            return (
                "running",
                of if total else count(row.received, "image"),
                row.received,
            )
        case ItemState.ON_THE_WAY:
            return "queued", "Waiting", 0
        case ItemState.REGISTERING:
            return "registering", "Registering files", 0
        case ItemState.CANCELLED:
            return "cancelled", "Cancelled", 0
        case ItemState.GONE:
            return "gone", "Gone from server", 0
        case _ if row.received and total:
            return "failed", f"Stopped at {row.received:,} of {total:,}", 0
        case _:
            return "failed", "Failed", 0


def action_of(row: Row) -> str:
    """Return the word of what a row waits for a person to do, "" for nothing."""
    match row.state:
        case ItemState.READY:
            return "View"
        case ItemState.ON_THE_WAY:
            return "Cancel"
        case ItemState.WANTED:
            return "Add"
        case ItemState.CANCELLED:
            return "Add" if row.source is Source.PACS else "Retry"
        case ItemState.FAILED:
            return "Retry"
        case _:
            return ""


def source(row: Row) -> str:
    """Return what brought a row: the name of the PACS, "Upload", "This computer"."""
    if row.source is Source.PACS and row.pacs:
        return row.pacs
    return _SOURCES[row.source]


def icon(row: Row) -> str:
    """Return the glyph that stands for a picture that is not there."""
    if row.level is Level.PATIENT:
        return "user"
    if row.level is Level.DATA and row.source is not None:
        return _ICONS.get(row.source, "image")
    return "image"


def amount(row: Row) -> str:
    """Return "MR · 192": what stands on a picture."""
    if row.level is Level.PATIENT:
        return join(clean(row.modality), studies(row.studies))
    if row.level is Level.STUDY:
        return join(clean(row.modality), series(row.series))
    return join(clean(row.modality), "" if row.images is None else f"{row.images:,}")


def images(row: Row) -> str:
    """Return "192 images", or "12 files" of what is no series; "" when unknown."""
    if row.images is None:
        return ""
    return count(row.images, "file" if row.level is Level.DATA else "image")


def day(row: Row) -> str:
    """Return the study date, or as much of it as there is."""
    if row.study_date is not None:
        return show_date(row.study_date)
    return show_partial(row.study_date_text)


def born(row: Row) -> str:
    """Return the date of birth, "" when unknown."""
    return show_date(row.birth_date) if isinstance(row.birth_date, date) else ""


def who(row: Row, *, hidden: bool) -> str:
    """Return whose it is, "" for what belongs to nobody."""
    if not row.patient_name and not row.patient_id:
        return ""
    return HIDDEN if hidden else show_full_name(row.patient_name)


def second_line(row: Row, *, hidden: bool) -> str:
    """Return the second line of a card: who and when, or what brought it."""
    if row.level is Level.PATIENT:
        if hidden:
            return series(row.series)
        born_on = join(clean(row.sex), born(row))
        return join(isolate(clean(row.patient_id)), born_on)
    person = who(row, hidden=hidden)
    return join(person, day(row)) if person else source(row)


def about(row: Row) -> str:
    """Return the line below a title in the list: what has no column of its own."""
    if row.level is Level.PATIENT:
        return join(studies(row.studies), series(row.series))
    if row.level is Level.STUDY:
        return join(series(row.series), show_age(row.age_days))
    study = isolate(clean(row.study_description))
    return join(study, show_age(row.age_days)) or source(row)


def spoken(row: Row, *, hidden: bool, ticked: bool) -> str:
    """Return what a screen reader says of a row."""
    said = (
        title(row, hidden=hidden),
        second_line(row, hidden=hidden),
        join(clean(row.modality), images(row)),
        marks_words(stars=row.stars, flag=row.flag, label=row.label),
        where(row).words,
        "ticked" if ticked else "",
    )
    return ", ".join(word for word in said if word)
