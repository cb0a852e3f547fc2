"""A batch of feeds as its author sees it: one line per subject. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from chrislib.feeds.limits import LABELS
from chrislib.feeds.recipes import blank
from chrislib.jobs.model import Job, JobKey, Phase, RunIntent, WorkflowIntent
from chrislib.jobs.submission.chains import Chain
from chrislib.jobs.submission.held import Next, is_refused

_ENDED_WELL = frozenset({Phase.FINISHED})


@dataclass(frozen=True, slots=True)
class SubjectRun:
    """The runs of one subject, its first one before the others.

    Attributes
    ----------
    state : str
        A word of the state vocabulary: queued, running, ready, errors, failed,
        cancelled.
    words : str
        How far it is, or what went wrong.
    hint : str
        What to do about it.
    """

    title: str
    jobs: tuple[Job, ...]
    above: tuple[int, ...]
    state: str
    words: str
    hint: str = ""

    @property
    def key(self) -> JobKey:
        """Of its first run."""
        return self.jobs[0].key

    @property
    def feed_id(self) -> int | None:
        """Its feed, once there is one."""
        return next((job.feed_id for job in self.jobs if job.feed_id is not None), None)

    @property
    def is_bad(self) -> bool:
        """Whether it needs a person."""
        return self.state in {"failed", "errors"}

    def retry(self) -> list[Chain]:
        """Return what runs again: each run that failed, with what hangs under it.

        What has ended well is not run twice: a first run that is on the server keeps
        its feed.
        """
        chains: list[Chain] = []
        taken: set[int] = set()
        for at, job in enumerate(self.jobs):
            if at in taken or not _is_bad(job):
                continue
            below = self._below(at)
            taken.update(below)
            chain = _chain(self.jobs, self.above, at, below=below)
            if chain is not None:
                chains.append(chain)
        return chains

    def _below(self, at: int) -> list[int]:
        found = [at]
        for number, above in enumerate(self.above):
            if number > at and above in found:
                found.append(number)
        return found[1:]


def runs_of(jobs: Iterable[Job], batch_key: str) -> list[SubjectRun]:
    """Return the subjects of a batch in the order they were written down."""
    members = sorted(
        (job for job in jobs if job.batch_key == batch_key), key=lambda job: job.key
    )
    by_key = {str(job.key): job for job in members}
    by_remote = {job.remote_id: job for job in members if job.remote_id is not None}
    parents: dict[JobKey, JobKey] = {}
    for job in members:
        found = by_key.get(getattr(job.intent, "after", ""))
        if found is None and job.previous_id is not None:
            found = by_remote.get(job.previous_id)
        if found is not None and found.key != job.key:
            parents[job.key] = found.key
    groups: dict[JobKey, list[Job]] = {}
    heads: dict[JobKey, JobKey] = {}
    for job in members:
        above = parents.get(job.key)
        head = heads.get(above, job.key) if above is not None else job.key
        heads[job.key] = head
        groups.setdefault(head, []).append(job)
    return [_run(group, parents) for group in groups.values()]


def _run(jobs: Sequence[Job], parents: Mapping[JobKey, JobKey]) -> SubjectRun:
    places = {job.key: at for at, job in enumerate(jobs)}
    above = tuple(
        places.get(parents[job.key], -1) if job.key in parents else -1 for job in jobs
    )
    state, words, hint = _state(jobs)
    return SubjectRun(
        title=getattr(jobs[0].intent, "title", "") or jobs[0].title,
        jobs=tuple(jobs),
        above=above,
        state=state,
        words=words,
        hint=hint,
    )


def _state(jobs: Sequence[Job]) -> tuple[str, str, str]:
    """Return state, words and hint of a subject."""
    bad = next((job for job in jobs if _is_bad(job)), None)
    over = sum(job.phase in _ENDED_WELL for job in jobs)
    if bad is not None:
        said = " ".join(_refusals(bad.field_errors)) or bad.detail
        state = "errors" if bad.phase is Phase.FINISHED_WITH_ERRORS else "failed"
        return state, f"{_name(bad)}: {said or 'it failed'}", bad.hint
    if over == len(jobs):
        return "ready", "Ready", ""
    if any(job.phase is Phase.CANCELLED for job in jobs):
        return "cancelled", "Cancelled", ""
    if all(job.phase is Phase.DRAFT for job in jobs):
        first = jobs[0]
        return "queued", first.detail or "Waits to be sent", first.hint
    return "running", f"{over:,} of {len(jobs):,} runs ready", ""


def _refusals(fields: Mapping[str, str]) -> list[str]:
    """Return what a server said of each field, and of which where it is a limit.

    Of a value it does not say which, of title and place it does so itself.
    """
    return [
        f"{LABELS[name]}: {text}" if name in LABELS else text
        for name, text in fields.items()
    ]


def _is_bad(job: Job) -> bool:
    """Whether a run ended otherwise than its author wanted; not what hung under one."""
    if job.phase is Phase.DRAFT:
        return is_refused(job) or bool(job.field_errors)
    return job.phase.terminal and job.phase not in {
        Phase.FINISHED,
        Phase.CANCELLED,
        Phase.CANCELLED_UPSTREAM,
    }


def _name(job: Job) -> str:
    intent = job.intent
    if isinstance(intent, WorkflowIntent):
        return intent.pipeline_name
    return getattr(intent, "plugin_name", "") or job.title


def _chain(
    jobs: Sequence[Job], above: Sequence[int], at: int, *, below: Sequence[int]
) -> Chain | None:
    """Return a run and what hung under it, to be made anew where it was."""
    head = jobs[at].intent
    if not isinstance(head, RunIntent | WorkflowIntent):
        return None
    if isinstance(head, RunIntent):
        # its items were linked by what is in the values: nothing is waited for
        head = replace(head, after="", waits_for=(), nonce="", issued_at="")
    places = {at: -1}
    then: list[Next] = []
    for number in below:
        intent = jobs[number].intent
        if isinstance(intent, RunIntent | WorkflowIntent):
            places[number] = len(then)
            then.append(Next(blank(intent), places[above[number]]))
    return Chain(head, tuple(then))
