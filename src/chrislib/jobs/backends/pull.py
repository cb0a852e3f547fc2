"""Pulls: one series from a PACS to the server."""

from collections.abc import Callable
from typing import Protocol

from chrislib.cube.types import PacsSeries
from chrislib.jobs.backends.base import Outcome, Report
from chrislib.jobs.model import Job, Phase, Progress, PullIntent
from chrislib.pacs.errors import PullStopped
from chrislib.pacs.types import PullProgress, PullStage


class PullService(Protocol):
    """The part of ``chrislib.pacs`` that pulls need."""

    async def pull(
        self,
        *,
        pacs: str,
        study_uid: str,
        series_uid: str,
        expected: int | None,
        progress: Callable[[PullProgress], None],
        stall_seconds: float = 60,
        sent: bool = False,
    ) -> PacsSeries:
        """Bring one series to the server (network)."""


class PullBackend:
    """Carries out a pull through a `PullService`.

    Parameters
    ----------
    service : PullService
        Of the present connection.
    stall_seconds : float
        Without any news for so long, a pull has stopped.
    """

    def __init__(self, service: PullService, *, stall_seconds: float = 60.0) -> None:
        self._service = service
        self._stall = stall_seconds

    async def run(self, job: Job, report: Report) -> Outcome:
        """Pull until every image is registered (network).

        A series that is there already is found so at once; after a restart the
        pull is watched first and asked for again only when nothing comes.
        """
        intent = job.intent
        assert isinstance(intent, PullIntent)
        asked_before = job.progress is not None
        last = job.progress or Progress(0, intent.expected_images, "images")
        report.progress(last)

        def told(news: PullProgress) -> None:
            nonlocal last
            last = Progress(news.received, news.total, "images")
            report.progress(last)
            if news.stage is PullStage.REGISTERING:
                report.phase(Phase.REGISTERING)

        try:
            await self._service.pull(
                pacs=intent.pacs,
                study_uid=intent.study_uid,
                series_uid=intent.series_uid,
                expected=intent.expected_images,
                progress=told,
                stall_seconds=self._stall,
                sent=asked_before,
            )
        except PullStopped as stopped:
            total = stopped.expected or last.total
            return Outcome(
                Phase.FAILED,
                f"{stopped.title} {stopped.detail}",
                stopped.hint,
                progress=Progress(stopped.received, total, "images"),
                error_code="STOPPED",
            )
        total = last.total if last.total is not None else last.done
        detail = ""
        if last.done < total:
            # It was registered before, by whomever; asking again changes nothing.
            detail = f"The server has {last.done:,} of {total:,} images of it."
        return Outcome(
            Phase.FINISHED, detail, progress=Progress(last.done, total, "images")
        )
