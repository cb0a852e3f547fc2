"""What the rows of a scan say."""

from dataclasses import dataclass

from chrislib.library.model import LocalScan, LocalSeries
from chrislib.library.words import count, join, series, studies

_MISSING_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Facts:
    """What a row stands for and what the delegate paints.

    `kind` is "patient", "conflict", "study", "series", "group", "file" or "unreadable";
    `level` how far it is moved in; `state` and `words` fill the check column.
    """

    kind: str
    level: int
    icon: str
    title: str
    detail: str = ""
    state: str = ""
    words: str = ""
    more: str = ""
    key: int | str | None = None
    can_tick: bool = True


def check_words(one: LocalSeries) -> tuple[str, str, str]:
    """Return state, words and a second line about a series' completeness."""
    number = len(one.missing)
    if number:
        if number == 1:
            words = f"Image {one.missing[0]} missing"
        elif number <= _MISSING_SHOWN:
            words = f"Images {', '.join(map(str, one.missing))} missing"
        else:
            words = f"{count(number, 'image')} missing"
        total = len(one.files) + number
        return "errors", words, f"{len(one.files):,} of {total:,}, by image number"
    if one.rivals:
        number = len(one.rivals)
        what = "image" if number == 1 else f"{number:,} images"
        return "errors", f"Same {what}, different content", ""
    if one.duplicates:
        return "ready", count(one.duplicates, "duplicate"), "each is sent once"
    return "ready", "Complete", ""


def summary_of(scan: LocalScan) -> str:
    """Return "3 patients · 4 studies · 10 series · 1,225 files"."""
    patients = {(one.patient_id, one.patient_name) for one in scan.series}
    number = {(one.patient_id, one.study_uid) for one in scan.series}
    if not scan.series:
        return count(scan.files, "file")
    return join(
        count(len(patients), "patient"),
        studies(len(number)),
        series(len(scan.series)),
        count(scan.files, "file"),
    )


def groups(
    scan: LocalScan,
) -> dict[tuple[str, str], dict[str, list[tuple[int, LocalSeries]]]]:
    """Return the series and their places, by patient and study."""
    found: dict[tuple[str, str], dict[str, list[tuple[int, LocalSeries]]]] = {}
    for at, one in enumerate(scan.series):
        patient = found.setdefault((one.patient_id, one.patient_name), {})
        patient.setdefault(one.study_uid, []).append((at, one))
    return found
