"""What feeds need of the rooms around them, and nothing more."""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from chrislib.jobs.model import (
    Intent,
    Job,
    JobChange,
    JobKey,
    Phase,
    RunIntent,
    WorkflowIntent,
)
from chrislib.jobs.submission.batches import BatchView
from chrislib.jobs.submission.chains import Chain
from chrislib.jobs.submission.held import Next

if TYPE_CHECKING:
    # The HTTP library is half of the start-up time: it waits for the first paint.
    from chrislib.cube.client import CubeClient


class SessionLike(Protocol):
    """The connection; `client` is None while there is none."""

    @property
    def client(self) -> "CubeClient | None":
        """The client of the present server."""


class Trace(Protocol):
    """What is known of a run's past."""

    @property
    def entered(self) -> tuple[tuple[Phase, float], ...]:
        """Phases and when they were seen, in order."""

    @property
    def log(self) -> str:
        """The program's log as captured."""


class HeldLike(Protocol):
    """Runs that are written down and wait for library items."""

    def waiting(self, account_id: int) -> list[Job]:
        """Return an account's runs that wait, oldest first."""

    async def release(
        self, key: JobKey, parameters: Mapping[str, str | int | float | bool]
    ) -> bool:
        """Have one sent with these values (disk)."""

    async def say(
        self, key: JobKey, detail: str, *, hint: str = "", trouble: bool = False
    ) -> None:
        """Say what one waits for (disk)."""

    def progress(self, key: JobKey, *, here: int, total: int) -> None:
        """Show how many of its items are here."""


class BatchesLike(Protocol):
    """Many runs as one thing to start, pause, count and hear about."""

    async def submit(
        self, members: Sequence[RunIntent | Chain], title: str, *, paused: bool = False
    ) -> str:
        """Write a batch down and begin to send it (disk); returns its key."""

    async def pause(self, batch_key: str) -> None:
        """Send no more of a batch (disk)."""

    async def resume(self, batch_key: str) -> None:
        """Go on with a batch where it stopped (disk)."""

    async def cancel(self, batch_key: str) -> int:
        """Take back what was not sent (disk); returns how many runs that are."""

    def batches(self) -> tuple[BatchView, ...]:
        """Return every batch, newest first."""

    def get(self, batch_key: str) -> BatchView | None:
        """Return one batch."""

    def subscribe(
        self, callback: Callable[[tuple[str, ...]], None]
    ) -> Callable[[], None]:
        """Call `callback` with the keys that changed; returns how to stop that."""


class JobsLike(Protocol):
    """The part of the job manager that feeds use."""

    @property
    def account_id(self) -> int:
        """The account of the present connection."""

    @property
    def held(self) -> HeldLike:
        """Runs that wait."""

    @property
    def batches(self) -> BatchesLike:
        """Many runs together."""

    async def submit(self, intent: Intent) -> JobKey:
        """Journal a job and start it in the background (disk, network)."""

    async def submit_now(
        self,
        intent: RunIntent | WorkflowIntent,
        then: Sequence[Next] = (),
        *,
        stays: bool = False,
        written: Callable[[Sequence[JobKey]], object] = ...,
    ) -> Job:
        """Journal a run and send it; returns once the server answered (network).

        `then` follows it, sent behind. With `stays` it is kept even where the caller
        goes away and the server does not take it. `written` gets the keys of all once
        they are on the disk.
        """

    async def submit_held(
        self, intent: RunIntent | WorkflowIntent, then: Sequence[Next] = ()
    ) -> list[JobKey]:
        """Journal a run that waits for items or a job, and what follows it (disk)."""

    async def cancel(self, key: JobKey) -> int:
        """Cancel a job; returns how many nodes it took along (network)."""

    async def trace(self, job: JobKey | int) -> Trace | None:
        """Return the phases a run was seen in and its captured log (disk)."""

    def jobs(self) -> tuple[Job, ...]:
        """Every job in memory, newest first."""

    def of_feed(self, feed_id: int) -> tuple[Job, ...]:
        """Return the jobs of a feed of the present account, in no order."""

    def get(self, key: JobKey) -> Job | None:
        """Return one job."""

    def subscribe(
        self, callback: Callable[[tuple[JobChange, ...]], None]
    ) -> Callable[[], None]:
        """Call `callback` after each commit; returns how to stop that."""

    def watch_feed(self, feed_id: int | None) -> None:
        """Say which feed is on screen, so that it is looked at more often."""


class FeedItem(Protocol):
    """A library item, as far as creating a feed needs it."""

    @property
    def item_id(self) -> str:
        """Its id in the library."""

    @property
    def title(self) -> str:
        """What it is called."""

    @property
    def path(self) -> str:
        """Storage path, "" while it is not known."""

    @property
    def state(self) -> Enum:
        """Whether its files can be opened: the value "ready" says so."""
