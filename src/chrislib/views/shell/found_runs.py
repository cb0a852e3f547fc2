"""Asks about runs of one's own that were started elsewhere, if that is wished."""

from chrislib.jobs.model import JobKey
from chrislib.jobs.submission.preferences import Adopt
from chrislib.views.context import ViewContext


class FoundRuns:
    """Puts the question once per run, as a message with one way on.

    Parameters
    ----------
    context : ViewContext
    """

    def __init__(self, context: ViewContext) -> None:
        self._context = context
        self._tasks = context.tasks("found runs")
        self._asked: set[JobKey] = set()
        self._stop = context.jobs.adoption.subscribe(self._found)

    async def shutdown(self) -> None:
        """Ask nothing more."""
        stop, self._stop = self._stop, _nothing
        stop()
        await self._tasks.close()

    def _found(self, account_id: int) -> None:
        jobs = self._context.jobs
        if jobs.preferences.adopt(account_id) is not Adopt.ASK:
            return
        new = [
            job.key
            for job in jobs.adoption.proposals(account_id)
            if job.key not in self._asked
        ]
        if not new:
            return
        self._asked.update(new)
        several = f"{len(new):,} of your runs were"
        runs = "A run of yours was" if len(new) == 1 else several

        def track() -> None:
            self._tasks.start(jobs.adoption.follow(new), name="track")

        self._context.messages.info(
            f"{runs} started elsewhere.",
            "Track to be told of the end; the list shows them anyway.",
            action=("Track", track),
            seconds=0,
        )


def _nothing() -> None:
    """Stop what has been stopped."""
