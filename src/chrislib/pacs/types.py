"""What a PACS lookup asks and what it found."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum

_BETWEEN = "\\"
"""What parts values in DICOM (PS3.5 6.2), so that no name has it."""


def join_pacs(names: Iterable[str]) -> str:
    """Return the identifiers of several PACS as one text."""
    return _BETWEEN.join(dict.fromkeys(name for name in names if name))


def split_pacs(pacs: str) -> tuple[str, ...]:
    """Return the identifiers `join_pacs` has joined; none for all PACS."""
    return tuple(name for name in pacs.split(_BETWEEN) if name)


def pacs_words(pacs: str) -> str:
    """Return which PACS are asked: "all PACS", "Main", "Main and Old", "3 PACS"."""
    names = split_pacs(pacs)
    if not names:
        return "all PACS"
    return " and ".join(names) if len(names) < 3 else f"{len(names)} PACS"


@dataclass(frozen=True, slots=True)
class Criteria:
    """What to look up. Keys are DICOM attribute keywords CUBE's pfdcm knows.

    Several values of one key are asked one after the other and merged.
    Wildcards (``DOE*``) and date ranges (``20100101-20191231``) as in C-FIND
    (DICOM PS3.4 C.2.2.2). Empty criteria are refused: they match the whole PACS.
    """

    values: Mapping[str, tuple[str, ...]]
    pacs: str = ""
    """Identifier of one PACS, or of several as `join_pacs` joins them; "" asks all that
    are active."""

    @property
    def archives(self) -> tuple[str, ...]:
        """The PACS to be asked; none for all that are active."""
        return split_pacs(self.pacs)

    @property
    def where(self) -> str:
        """The PACS to be asked, in words."""
        return pacs_words(self.pacs)


@dataclass(frozen=True, slots=True)
class FoundSeries:
    """A series the PACS says it has."""

    pacs: str
    series_uid: str
    study_uid: str
    number: str
    description: str
    modality: str
    images: int | None
    """Number of series related instances; None when the PACS does not say."""
    body_part: str
    protocol: str
    station: str


@dataclass(frozen=True, slots=True)
class FoundStudy:
    """A study with its series, newest data as the PACS sent it."""

    pacs: str
    study_uid: str
    date: date | None
    description: str
    accession_number: str
    modalities: tuple[str, ...]
    station: str
    age_at_scan_days: int | None
    series: tuple[FoundSeries, ...]


@dataclass(frozen=True, slots=True)
class FoundPatient:
    """A patient: the same ID *and* name. One ID under two names is two patients."""

    patient_id: str
    name: str
    """DICOM PN text, component groups as sent."""
    birth_date: date | None
    sex: str
    studies: tuple[FoundStudy, ...]


@dataclass(frozen=True, slots=True)
class LookupResult:
    """What one lookup found.

    Attributes
    ----------
    unreachable : tuple of str
        PACS that did not answer, or that answered with nothing even for what they
        have sent before.
    unproven : tuple of str
        PACS that found nothing and never sent anything: a server cannot tell one
        that is switched off from one without a match (cube-api trap 24).
    service_down : bool
        The server could not reach its lookup service: no PACS was asked at all.
    """

    criteria: Criteria
    patients: tuple[FoundPatient, ...]
    seconds: float
    unreachable: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()
    service_down: bool = False


class PullStage(Enum):
    """How far a pull of one series is."""

    WAITING = "waiting"
    RECEIVING = "receiving"
    REGISTERING = "registering"
    READY = "ready"


@dataclass(frozen=True, slots=True)
class PullProgress:
    """Images received so far of one series; `total` None when unknown."""

    stage: PullStage
    received: int
    total: int | None
