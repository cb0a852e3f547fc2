"""Uploads as the window follows them, made of their jobs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from chrislib.jobs.model import FailedFile, Job, Phase, UploadIntent

_STATES = {
    Phase.FINISHED: "ready",
    Phase.FINISHED_WITH_ERRORS: "errors",
    Phase.FAILED: "failed",
    Phase.NOT_SUBMITTED: "failed",
    Phase.ORPHANED: "failed",
    Phase.CANCELLED: "cancelled",
    Phase.CANCELLED_UPSTREAM: "cancelled",
    Phase.GONE: "gone",
    Phase.REGISTERING: "registering",
    Phase.RUNNING: "running",
}


@dataclass(frozen=True, slots=True)
class UploadRun:
    """One upload: where it goes, how far it is, and what did not make it."""

    job_key: str
    item_ids: tuple[str, ...]
    title: str
    folder: str
    state: str
    detail: str
    done: int
    total: int
    size: int
    failed: tuple[FailedFile, ...]
    changed_at: float
    sizes: Mapping[str, int] = field(default_factory=dict)
    """Bytes of the files that did not make it, by their paths."""
    bytes_done: int = 0
    paused: bool = False
    deidentified: bool = False
    """Whether the files were changed before they were sent; then there is a record."""

    @property
    def ended(self) -> bool:
        """Whether nothing more happens by itself."""
        return self.state in {"ready", "errors", "failed", "cancelled", "gone"}


def upload_runs(jobs: Iterable[Job]) -> list[UploadRun]:
    """Return the uploads among jobs, in their order."""
    return [
        UploadRun(
            job_key=job.key,
            item_ids=job.intent.item_ids,
            title=job.title or job.intent.title,
            folder=job.intent.folder,
            state=_STATES.get(job.phase, "queued"),
            detail=" ".join(part for part in (job.detail, job.hint) if part),
            done=job.progress.done if job.progress is not None else 0,
            total=len(job.intent.files),
            size=sum(file.size for file in job.intent.files),
            failed=job.failed_files,
            sizes=_sizes(job.intent, job.failed_files),
            bytes_done=job.progress.bytes_done if job.progress is not None else 0,
            paused=job.paused,
            changed_at=job.changed_at,
            deidentified=job.intent.deidentify is not None,
        )
        for job in jobs
        if isinstance(job.intent, UploadIntent)
    ]


def _sizes(intent: UploadIntent, failed: tuple[FailedFile, ...]) -> dict[str, int]:
    if not failed:
        return {}
    wanted = {file.path for file in failed}
    return {file.local: file.size for file in intent.files if file.local in wanted}
