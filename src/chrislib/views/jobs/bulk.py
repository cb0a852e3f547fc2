"""What can be done with many jobs at once. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chrislib.jobs.model import Job, Kind
from chrislib.views.jobs.verbs import verbs_of


@dataclass(frozen=True, slots=True)
class Offer:
    """A verb with the jobs it can be done with."""

    name: str
    word: str
    key: str
    jobs: tuple[Job, ...]

    @property
    def words(self) -> str:
        """The button: the verb, and with how many."""
        more = " …" if self.name in {"cancel", "get", "compare"} else ""
        return f"{self.word} {len(self.jobs):,}{more}"


_ORDER = (
    ("get", "Get", "D"),
    ("retry", "Run again", "R"),
    ("cancel", "Cancel", "X"),
    ("discard", "Discard", "Del"),
    ("untrack", "Stop tracking", ""),
    ("compare", "Compare", ""),
)


def can(job: Job, name: str) -> bool:
    """Return whether a verb can be done with a job."""
    if name == "untrack":
        return job.tracked
    if name == "compare":
        known = job.feed_id is not None and job.remote_id is not None
        return job.kind is Kind.RUN and known
    return any(verb.name == name for verb in verbs_of(job))


def offers(jobs: Sequence[Job]) -> list[Offer]:
    """Return every verb that some of `jobs` offer, with those jobs."""
    found = []
    for name, word, key in _ORDER:
        able = tuple(job for job in jobs if can(job, name))
        if able and (name != "compare" or len(able) == len(jobs) == 2):
            found.append(Offer(name, word, key, able))
    return found


def which(jobs: Iterable[Job], name: str) -> list[Job]:
    """Return the jobs a verb can be done with."""
    return [job for job in jobs if can(job, name)]
