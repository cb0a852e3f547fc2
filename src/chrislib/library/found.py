"""Everything a lookup has found so far: merged, counted, narrowed. No network."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from chrislib.library.names import clean
from chrislib.library.pull import Found
from chrislib.pacs.types import FoundPatient, FoundSeries, FoundStudy

MODALITY, DATE, STATION = "Modality", "Study date", "Station"
DESCRIPTION, IMAGES, ARCHIVE = "Series description", "Images per series", "PACS"
GROUPS = (MODALITY, DATE, STATION, DESCRIPTION, IMAGES, ARCHIVE)
ALL, HERE, RECENT = "all", "here", "recent"
_RECENT_DAYS = 183
_IMAGES = ((1, "1"), (20, "2 to 20"), (100, "21 to 100"), (500, "101 to 500"))

PatientKey = tuple[str, str]
StudyKey = tuple[str, str]


def patient_key(patient: FoundPatient) -> PatientKey:
    """Return what makes it the same patient in the next answer."""
    return patient.patient_id, patient.name


def study_key(study: FoundStudy) -> StudyKey:
    """Return what makes it the same study in the next answer."""
    return study.pacs, study.study_uid


def value_of(row: Found, group: str) -> str:
    """Return the facet value of a series."""
    _, study, series = row
    if group == MODALITY:
        return clean(series.modality) or "(none)"
    if group == DATE:
        return str(study.date.year) if study.date else "(no date)"
    if group == STATION:
        return clean(series.station or study.station) or "(none)"
    if group == DESCRIPTION:
        return clean(series.description) or "(no description)"
    if group == ARCHIVE:
        return study.pacs
    if series.images is None:
        return "(not told)"
    return next((word for most, word in _IMAGES if series.images <= most), "over 500")


class Findings:
    """What was found, each series once, with the counts of facets.

    Attributes
    ----------
    patients : dict
        By key, in the order in which they came.
    rows : dict
        Every series by its UID.
    here : set of str
        The UIDs of series that are in the library.
    counts : dict of Counter
        Facet group to how many series have each value, in the order in which the
        values came.
    """

    def __init__(
        self,
        *,
        since: date | None = None,
        here: Callable[[str], bool] = lambda _uid: False,
    ) -> None:
        self.patients: dict[PatientKey, FoundPatient] = {}
        self.rows: dict[str, Found] = {}
        self.counts: dict[str, Counter[str]] = {group: Counter() for group in GROUPS}
        self.studies = 0
        self.series = 0
        self.recent = 0
        self.since = since
        self.here: set[str] = set()
        self._is_here = here
        self._seen: dict[tuple[PatientKey, StudyKey], set[str]] = {}

    def take(self, patients: Iterable[FoundPatient]) -> None:
        """Take over patients that are new or have more than before."""
        for patient in patients:
            key = patient_key(patient)
            self.patients[key] = patient
            for study in patient.studies:
                self._take_study(key, patient, study)

    def look_again(self, series_uids: Iterable[str]) -> bool:
        """Count again which series are in the library; whether that is another."""
        before = len(self.here)
        for uid in series_uids:
            if uid in self.rows and self._is_here(uid):
                self.here.add(uid)
            else:
                self.here.discard(uid)
        return len(self.here) != before

    def _take_study(
        self, key: PatientKey, patient: FoundPatient, study: FoundStudy
    ) -> None:
        seen = self._seen.get((key, study_key(study)))
        if seen is None:
            seen = self._seen[key, study_key(study)] = set()
            self.studies += 1
        if len(seen) == len(study.series):
            return
        for series in study.series:
            if series.series_uid in seen:
                continue
            seen.add(series.series_uid)
            row = (patient, study, series)
            self.rows[series.series_uid] = row
            self.series += 1
            self.recent += is_recent(study, self.since)
            if self._is_here(series.series_uid):
                self.here.add(series.series_uid)
            for group in GROUPS:
                self.counts[group][value_of(row, group)] += 1


def is_recent(study: FoundStudy, since: date | None) -> bool:
    """Whether a study was made since a day; an undated one was not."""
    return since is not None and study.date is not None and study.date >= since


def recent_since(today: date) -> date:
    """Return the first day of the past six months."""
    return today - timedelta(days=_RECENT_DAYS)


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What is let through: OR inside a facet, AND between everything.

    Attributes
    ----------
    quick : str
        `ALL`, `HERE` (in the library) or `RECENT`.
    chosen : mapping
        Facet group to its ticked values; none for all.
    text : str
        Words that stand in a series or its study.
    patients, studies : dict
        Key to words of those that alone are shown; none for all.
    """

    quick: str = ALL
    chosen: dict[str, frozenset[str]] = field(default_factory=dict)
    text: str = ""
    patients: dict[PatientKey, str] = field(default_factory=dict)
    studies: dict[StudyKey, str] = field(default_factory=dict)

    @property
    def active(self) -> bool:
        """Whether anything is left out."""
        return bool(
            self.quick != ALL
            or any(self.chosen.values())
            or self.text.strip()
            or self.patients
            or self.studies
        )

    def only_patients(self, chosen: dict[PatientKey, str]) -> "Narrowing":
        """Return this with only some patients."""
        return replace(self, patients={**self.patients, **chosen})

    def only_studies(self, chosen: dict[StudyKey, str]) -> "Narrowing":
        """Return this with only some studies."""
        return replace(self, studies={**self.studies, **chosen})

    def keep(
        self, *, here: Callable[[str], bool], since: date | None
    ) -> "Callable[[FoundPatient, FoundStudy, FoundSeries], bool] | None":
        """Return what lets a series through; None when all are.

        Parameters
        ----------
        here : callable
            Whether a series is in the library.
        since : date
            From when on a study is recent.
        """
        if not self.active:
            return None
        words = [word for word in self.text.casefold().split() if word]
        groups = [(group, values) for group, values in self.chosen.items() if values]

        def let_through(
            patient: FoundPatient, study: FoundStudy, series: FoundSeries
        ) -> bool:
            if self.patients and patient_key(patient) not in self.patients:
                return False
            if self.studies and study_key(study) not in self.studies:
                return False
            if self.quick == HERE and not here(series.series_uid):
                return False
            if self.quick == RECENT and not is_recent(study, since):
                return False
            row = (patient, study, series)
            if any(value_of(row, group) not in values for group, values in groups):
                return False
            return not words or _holds(words, study, series)

        return let_through


def _holds(words: Sequence[str], study: FoundStudy, series: FoundSeries) -> bool:
    parts = (
        *(series.description, series.protocol, series.body_part, series.modality),
        *(study.description, study.accession_number),
    )
    text = " ".join(parts).casefold()
    return all(word in text for word in words)
