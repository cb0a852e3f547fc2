"""Keeps the job list arranged: large work in a thread, small work in small steps."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from chrislib.jobs.model import Job, JobChange, JobKey, Phase
from chrislib.jobs.stall import Limits, stalled
from chrislib.views.context import ViewContext
from chrislib.views.jobs import batches
from chrislib.views.jobs.arrange import Arrangement, Rules, Wanted
from chrislib.views.jobs.words import OUT_OF_REACH, RUNNING
from chrislib.views.tasks import PaneTasks

if TYPE_CHECKING:
    from chrislib.views.jobs.job_model import JobModel

_AT_ONCE = 1_500
"""Up to so many jobs are arranged at once; more in a thread."""
_SLICE = 250
"""Jobs looked at in one step on the window's thread."""
_STEP_MS = 20
_BATCHES_MS = 250
_LIMITS = Limits()


class Arranger(QObject):
    """Decides when the model is laid out anew, and when single rows move.

    Attributes
    ----------
    model : JobModel
        To be set before anything else is called.
    """

    arranged = Signal()
    """All rows were laid out anew."""

    model: "JobModel"

    def __init__(self, context: ViewContext, tasks: PaneTasks, parent: QObject) -> None:
        super().__init__(parent)
        self._context = context
        self._tasks = tasks
        self._problems: set[JobKey] | None = None
        self._round = 0
        self._missed: list[JobChange] = []
        self._cursor = 0
        self._due: list[JobKey] = []
        self._step = QTimer(self)
        self._step.setInterval(_STEP_MS)
        self._step.timeout.connect(self._judge_some)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_BATCHES_MS)
        self._soon.timeout.connect(self.read_batches)
        self._stops = [context.jobs.batches.subscribe(self._batches_changed)]
        self.busy = False

    def stop(self) -> None:
        """Do nothing more."""
        self._step.stop()
        self._soon.stop()
        self._round += 1
        for stop in self._stops:
            stop()
        self._stops.clear()

    def stall(self, job: Job) -> str:
        """Return why a job takes too long, "" while it does not."""
        if job.phase.terminal or job.reach in OUT_OF_REACH:
            return ""
        limits = _LIMITS
        if job.phase is Phase.REGISTERING:
            usual = self._context.jobs.durations.slow_registering(job) or 0.0
            if usual > limits.registering:
                limits = Limits(registering=usual)
        return stalled(job, now=self._context.now(), limits=limits)

    def arrange(self, wanted: Wanted) -> None:
        """Lay all rows out as `wanted`; large lists in a thread."""
        self._round += 1
        jobs = self._context.jobs.jobs()
        order = {view.key: batches.rank(view) for view in self.model.batches.values()}
        rules = Rules(wanted, self._problems, self.stall, order)
        if len(jobs) <= _AT_ONCE:
            self._install(_filled(jobs, rules), rules)
            return
        self.busy = True
        self._missed = []
        began = self._round

        def done(arrangement: Arrangement) -> None:
            if began == self._round:
                self._install(arrangement, rules)

        self._tasks.start(
            asyncio.to_thread(_filled, jobs, rules), name="arrange", done=done
        )

    def take(self, changes: Sequence[JobChange]) -> None:
        """Take a batch of changes in."""
        if self.busy:
            # what is being arranged is older than these
            self._missed.extend(changes)
        self.model.apply(changes)

    def read_problems(self) -> None:
        """Find out anew which troubles nobody has dealt with (disk, in a task)."""
        self._tasks.start(
            self._context.jobs.history.problems(),
            name="read problems",
            done=self._take_problems,
        )

    def read_batches(self) -> None:
        """Show the batches as they are now."""
        self.model.set_batches(self._context.jobs.batches.batches())

    def look_for_stalls(self) -> None:
        """Look whether some of the running jobs have stood still for too long."""
        keys = self.model.keys_of(RUNNING)
        if not keys:
            return
        self._cursor %= len(keys)
        self.model.judge(keys[self._cursor : self._cursor + _SLICE])
        self._cursor += _SLICE

    def _batches_changed(self, _keys: object) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def _take_problems(self, found: frozenset[JobKey]) -> None:
        first = self._problems is None
        other = found if self._problems is None else found ^ self._problems
        self._problems = set(found)
        self.model.rules.problems = self._problems
        if first or len(other) > 4 * _SLICE:
            self.arrange(self.model.rules.wanted)
            return
        self._due.extend(other)
        if self._due:
            self._judge_some()
            if self._due:
                self._step.start()

    def _judge_some(self) -> None:
        some, self._due = self._due[:_SLICE], self._due[_SLICE:]
        self.model.judge(some)
        if not self._due:
            self._step.stop()

    def _install(self, arrangement: Arrangement, rules: Rules) -> None:
        rules.problems = self._problems
        self.busy = False
        self.model.install(arrangement, rules)
        missed, self._missed = self._missed, []
        for first in range(0, len(missed), _SLICE):
            self.model.apply(missed[first : first + _SLICE])
        self.model.counted.emit()
        self.arranged.emit()


def _filled(jobs: Sequence[Job], rules: Rules) -> Arrangement:
    """Return jobs arranged; may run in a thread."""
    arrangement = Arrangement()
    arrangement.fill(jobs, rules)
    return arrangement
