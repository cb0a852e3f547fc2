"""What is said of a batch, in the list of jobs and in the sheet of its feeds."""

from typing import Protocol


class BatchView(Protocol):
    """What is shown of a batch (`JobManager.batches` makes them)."""

    @property
    def key(self) -> str:
        """Its name, a UUIDv7."""

    @property
    def title(self) -> str:
        """What a person called it."""

    @property
    def state(self) -> str:
        """RUNNING, PAUSED, CANCELLED or DONE."""

    @property
    def total(self) -> int:
        """How many jobs are in it."""

    @property
    def sent(self) -> int:
        """How many the server has taken."""

    @property
    def done(self) -> int:
        """How many have ended well."""

    @property
    def failed(self) -> int:
        """How many have ended otherwise."""

    @property
    def uncertain(self) -> int:
        """Of how many it is not known whether they arrived."""

    @property
    def waiting(self) -> int:
        """How many are still to be sent."""

    @property
    def written(self) -> int:
        """How many are in the catalog: fewer than all while they are written."""

    @property
    def cancelled(self) -> int:
        """Of those that have ended otherwise, how many were cancelled."""

    @property
    def detail(self) -> str:
        """Why it waits, when nobody asked for that."""


def counted(view: BatchView, *, sent: str) -> list[str]:
    """Return how far a batch is, in words; `sent` says what was sent ("sent")."""
    parts = [f"{view.sent:,} of {view.total:,} {sent}", f"{view.done:,} ready"]
    if view.failed > view.cancelled:
        parts.append(f"{view.failed - view.cancelled:,} failed")
    if view.cancelled:
        parts.append(f"{view.cancelled:,} cancelled")
    if view.uncertain:
        parts.append(f"{view.uncertain:,} perhaps sent")
    return parts
