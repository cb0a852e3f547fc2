"""What a sample study is: data, not pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

from chrislib.station.samples.people import Person
from chrislib.station.samples.recipes import Recipe


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """One series to be: what it is called and how its images are made."""

    description: str
    recipe: Recipe
    protocol: str = ""
    body_part: str = ""


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """One study to be; ``date`` may be partial or missing."""

    person: Person
    date: str
    time: str
    description: str
    accession: str
    station: str
    series: tuple[SeriesPlan, ...]


def ordered(plans: Sequence[StudyPlan]) -> list[StudyPlan]:
    """Return studies by patient, the newest of each first."""
    by_date = sorted(plans, key=lambda plan: plan.date, reverse=True)
    return sorted(by_date, key=lambda plan: (plan.person.id, plan.person.name))
