"""What a service must be able to do to be followed: small protocols, any subset.

A backend is a name, a place and as many of these protocols as its service can keep.
Two manners fit: a service that answers with a token and works on, and one that works
while we wait and answers with the result at once (its status is then final already
when `JobSubmitter.submit` returns, and carries the result).

A backend only talks to its service. What is kept, retried, shown and notified is the
job manager's affair, so that no plug-in can lose a job.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from chrislib.catalog.rows import AccountRow
from chrislib.desktop.toast import Toast
from chrislib.errors import ChrislibError
from chrislib.jobs.backends.base import Outcome, Report
from chrislib.jobs.model import Intent, Job, JobKey, Phase, Progress


class ServiceError(ChrislibError):
    """A service said or did something that stops what was asked of it."""


class ServiceUnreachable(ServiceError):
    """No answer came.

    Parameters
    ----------
    sent : bool
        Whether the request may have arrived: then its effect is not known.
    retry_after : float
        Seconds the service asks to be left alone.
    """

    def __init__(
        self,
        title: str,
        detail: str = "",
        *,
        sent: bool = True,
        retry_after: float = 0.0,
        hint: str = "",
        context: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(title, detail, hint=hint, retryable=True, context=context)
        self.sent = sent
        self.retry_after = retry_after


class ServiceRefused(ServiceError):
    """The service answered no: nothing was done.

    Parameters
    ----------
    fields : mapping of str to str
        What is wrong with which value, where the service says it.
    """

    def __init__(
        self,
        title: str,
        detail: str = "",
        *,
        hint: str = "",
        fields: Mapping[str, str] | None = None,
        context: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(title, detail, hint=hint, context=context)
        self.fields: Mapping[str, str] = dict(fields or {})


class CredentialsNeeded(ServiceError):
    """The service does not know who is asking."""


class UnknownToken(ServiceError):
    """The service has no job of that token."""


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file that is part of a payload: named, never carried in memory.

    Attributes
    ----------
    path : str
        Where it lies on this computer.
    size : int or None
        Bytes.
    """

    path: str
    media_type: str = ""
    size: int | None = None
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Payload:
    """What goes to a service or comes back with its answer: small values and files."""

    values: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[FileRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a service is, and as whom it is asked; never a password."""

    address: str
    user: str = ""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a service likes to be asked.

    Attributes
    ----------
    batch : int
        Tokens one `JobObserver.observe` takes.
    at_once : int
        Calls under way together.
    timeout : float
        Seconds a call may take; a submission that is answered with its result may
        take `answer_timeout`.
    period : float or None
        Seconds between two looks; None takes the job manager's.
    own_follower : bool
        chrislib follows it by a loop made for it (CUBE, transfers).
    ours : bool
        All its jobs were made by this chrislib: what is in its queue and not known
        any more is followed again without a question.
    """

    batch: int = 1
    at_once: int = 4
    timeout: float = 30.0
    answer_timeout: float = 3600.0
    period: float | None = None
    own_follower: bool = False
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """One job to be handed over.

    Attributes
    ----------
    key : JobKey
        Ours. A service that can keep it makes a lost answer harmless.
    issued_at : float
        Seconds since the epoch.
    """

    key: JobKey
    intent: Intent
    issued_at: float


@dataclass(frozen=True, slots=True)
class JobStatus:
    """What a service says about one job.

    Attributes
    ----------
    token : str
        Its name there; "" only when the answer is final and nothing is kept there.
    phase : Phase
        The service's word in ours.
    status : str
        The service's own word, shown as it is when it is not understood.
    key : str
        Our key, if the service keeps it; pairs an uncertain submission exactly.
    submitted_at : float or None
        Seconds since the epoch, by the service's clock.
    result : Payload or None
        The result itself, of a service that answers at once.
    feed_id, workflow_id : int or None
        Where its work shows on a CUBE.
    intent : Intent or None
        What was asked for, if the service can still tell.
    """

    token: str
    phase: Phase
    status: str = ""
    detail: str = ""
    hint: str = ""
    error_code: str = ""
    progress: Progress | None = None
    title: str = ""
    key: str = ""
    submitted_at: float | None = None
    result: Payload | None = None
    feed_id: int | None = None
    workflow_id: int | None = None
    intent: Intent | None = None


@dataclass(frozen=True, slots=True)
class Artifact:
    """One file of a result, as the service lists it.

    Attributes
    ----------
    path : str
        Relative, with ``/``; never trusted.
    size : int or None
        Bytes, checked when known.
    """

    path: str
    size: int | None = None
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class PurgeTicket:
    """What a service says to being asked to delete a job: done, or under way."""

    done: bool
    detail: str = ""


@runtime_checkable
class Backend(Protocol):
    """The part every backend has."""

    @property
    def name(self) -> str:
        """What its jobs are filed under; never changes."""

    @property
    def place(self) -> Place:
        """Where it is; no request is made."""

    @property
    def manner(self) -> Manner:
        """How it likes to be asked."""


@runtime_checkable
class OnAccount(Protocol):
    """Says itself on which account its jobs are: that of a CUBE."""

    async def account(self) -> AccountRow | None:
        """Return the present account, None while there is none: it waits then."""


@runtime_checkable
class JobSubmitter(Protocol):
    """Takes work."""

    async def submit(self, order: Order) -> JobStatus:
        """Hand one job over by one request that is never repeated (network).

        Raises
        ------
        ServiceRefused
            It was not taken.
        ServiceUnreachable
            It was not taken, or that is not known (`sent`).
        """


@runtime_checkable
class JobFinder(Protocol):
    """Finds what became of a submission whose answer was lost."""

    async def find(self, order: Order) -> Sequence[JobStatus]:
        """Return the jobs this order may have made (network)."""


@runtime_checkable
class JobObserver(Protocol):
    """Says how jobs are."""

    async def observe(self, tokens: Sequence[str]) -> Mapping[str, JobStatus | None]:
        """Return the status per token (network).

        None means that the service has no such job. A token that is left out says
        nothing, it is asked again.
        """


@runtime_checkable
class JobLister(Protocol):
    """Lists its queue, so that a lost catalog loses no job."""

    def list_jobs(self) -> AsyncIterator[JobStatus]:
        """Return the user's jobs the service knows (network)."""


@runtime_checkable
class JobCanceller(Protocol):
    """Stops jobs."""

    async def cancel(self, token: str) -> Sequence[str]:
        """Ask to stop a job; returns every token that stops with it (network)."""


@runtime_checkable
class JobPurger(Protocol):
    """Deletes jobs there."""

    async def purge(self, token: str) -> PurgeTicket:
        """Delete a job and its result on the service (network).

        Raises
        ------
        UnknownToken
            It is gone already.
        ServiceRefused
            It may not be deleted.
        """


@runtime_checkable
class ResultFetcher(Protocol):
    """Hands results out. Where they are written is not its affair."""

    def artifacts(self, token: str) -> AsyncIterator[Artifact]:
        """Return the files of a result (network)."""

    def read(self, token: str, artifact: Artifact) -> AsyncIterator[bytes]:
        """Return the content of a file in blocks (network)."""


@runtime_checkable
class LogReader(Protocol):
    """Keeps what a job printed."""

    async def log(self, token: str) -> str:
        """Return the end of the log (network or disk)."""


@runtime_checkable
class JobCarrier(Protocol):
    """Work this computer drives itself: pulls, uploads, downloads."""

    def ready(self) -> bool:
        """Return whether it can work now, with the present connection."""

    async def run(self, job: Job, report: Report) -> Outcome:
        """Carry the job to its end (network, disk); repeated after interruptions."""


@runtime_checkable
class Marshaller(Protocol):
    """Turns what the user chose into what a service takes."""

    def accepts(self, operation: str, subject: object) -> int:
        """Return how well it can, 0 for not at all."""

    async def marshal(self, operation: str, subject: object) -> Payload:
        """Return small values and references to files (disk)."""


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A file of a result that is whole on this disk; `remote_path` as it came."""

    path: Path
    remote_path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class FetchedSet:
    """A result on this disk: its folder and its files."""

    folder: Path
    files: tuple[FetchedFile, ...] = ()


@dataclass(frozen=True, slots=True)
class MergeOutcome:
    """What a handler did with a result.

    Attributes
    ----------
    merged : bool
        False when the files were only left where they are.
    detail : str
        One sentence for the row of the job.
    """

    merged: bool
    detail: str = ""


@runtime_checkable
class ResultHandler(Protocol):
    """Does something with results that are on this disk."""

    def accepts(self, job: Job) -> int:
        """Return its priority for a job, 0 for no; the generic handler says 1."""

    async def apply(
        self, job: Job, files: FetchedSet, base: Any, *, replace: bool = False
    ) -> MergeOutcome:
        """Take the result in (disk).

        Parameters
        ----------
        base : StateFingerprint or None
            The state the job was submitted from, None when it is not known.
        replace : bool
            Whether it takes the place of an earlier result of the same work.
        """


@runtime_checkable
class NotificationSink(Protocol):
    """Something that can show a toast: the desktop, a recording in tests."""

    async def show(self, toast: Toast) -> bool | None:
        """Show it once; False says that nobody could see it."""


@runtime_checkable
class Policy(Protocol):
    """Decides for the user what to do with a result, where it knows better."""

    def decide(self, job: Job) -> str:
        """Return "get", "later", "discard" or "" to leave it to the user."""
