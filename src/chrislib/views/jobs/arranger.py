"""Keeps the job list arranged, in steps too small to be felt."""

import time
from collections.abc import Iterator, Sequence
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
"""Up to so many jobs are arranged in one go."""
_SMALL = 60
"""Up to so many changes are taken in at once."""
_STALLS = 100
_MOVES = 100
"""More rows than these change place in steps, beside what is shown."""
_STEP_MS = 4
_BUDGET = 0.0025
"""Seconds of one step on the window's thread."""
_BATCHES_MS = 250
_LIMITS = Limits()


class Arranger(QObject):
    """Decides when the model is laid out anew, and when single rows move.

    A few changes are taken in at once. Many are looked at in steps of some
    milliseconds; where hundreds of rows change place, a new arrangement is made
    beside the shown one, in steps as well, and put in its place when it is ready.

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
        self._making: Iterator[None] | None = None
        self._finished = False
        self._made = Arrangement()
        self._rules: Rules | None = None
        self._missed: dict[JobKey, JobChange] = {}
        self._due: dict[JobKey, None] = {}
        self._cursor = 0
        self._step = QTimer(self)
        self._step.setInterval(_STEP_MS)
        self._step.timeout.connect(self._work)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_BATCHES_MS)
        self._soon.timeout.connect(self.read_batches)
        self._stops = [
            context.jobs.batches.subscribe(self._batches_changed),
            context.jobs.subscribe_gone(self._gone),
        ]

    @property
    def busy(self) -> bool:
        """Whether a new arrangement is being made."""
        return self._making is not None

    @property
    def idle(self) -> bool:
        """Whether everything that was told is in its place."""
        return self._making is None and not self._due and not self.model.moves

    def stop(self) -> None:
        """Do nothing more."""
        self._step.stop()
        self._soon.stop()
        self._making = None
        self._due.clear()
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

    @property
    def begun(self) -> bool:
        """Whether rows were arranged yet."""
        return self._rules is not None

    def begin(self, wanted: Wanted) -> None:
        """Arrange for the first time, when the open troubles have been read (disk)."""

        def anyway(error: BaseException) -> None:
            # better all jobs with some in the wrong group than none
            self._context.messages.failed(error)
            self.arrange(wanted)

        def read(found: frozenset[JobKey]) -> None:
            self._problems = set(found)
            # meanwhile something else may have been wished for
            self.arrange(self._rules.wanted if self._rules is not None else wanted)

        self._tasks.start(
            self._context.jobs.history.problems(),
            name="read problems",
            done=read,
            failed=anyway,
        )

    def arrange(self, wanted: Wanted) -> None:
        """Lay all rows out as `wanted`; large lists in steps."""
        jobs = self._context.jobs.jobs()
        order = {view.key: batches.rank(view) for view in self.model.batches.values()}
        self._rules = Rules(wanted, self._problems, self.stall, order)
        self._made = Arrangement()
        self._finished = False
        self._missed.clear()
        self._due.clear()
        self._making = self._made.filling(jobs, self._rules)
        if len(jobs) <= _AT_ONCE:
            for _ in self._making:
                pass
            self._install()
        else:
            self._step.start()

    def take(self, changes: Sequence[JobChange]) -> None:
        """Take a batch of changes in."""
        if self._making is not None:
            # what is being arranged may be older than these
            self._missed.update((change.after.key, change) for change in changes)
            return
        if len(changes) <= _SMALL and not self._due:
            self.model.apply(changes)
            return
        self.model.note_troubles(changes)
        self._due.update((change.after.key, None) for change in changes)
        self._step.start()

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
        if not keys or not self.idle:
            return
        self._cursor %= len(keys)
        self.model.judge(keys[self._cursor : self._cursor + _STALLS])
        self._cursor += _STALLS

    # -- inside --------------------------------------------------------------

    def _gone(self, jobs: Sequence[Job]) -> None:
        """Take rows out whose jobs are no more."""
        self._due.update((job.key, None) for job in jobs)
        self._step.start()

    def _batches_changed(self, _keys: object) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def _take_problems(self, found: frozenset[JobKey]) -> None:
        first = self._problems is None
        other = found if self._problems is None else found ^ self._problems
        self._problems = set(found)
        self.model.rules.problems = self._problems
        if self._rules is not None:
            self._rules.problems = self._problems
        if first:
            self.arrange(self.model.rules.wanted)
            return
        self._due.update(dict.fromkeys(other))
        if self._due:
            self._step.start()

    def _work(self) -> None:
        """Do one step of what is to be done."""
        until = time.perf_counter() + _BUDGET
        if self._finished:
            self._install()
            return
        if self._making is not None:
            for _ in self._making:
                if time.perf_counter() > until:
                    return
            # a step of its own
            self._finished = True
            return
        while self._due:
            keys = [key for key, _ in zip(self._due, range(20), strict=False)]
            for key in keys:
                del self._due[key]
            self.model.weigh(keys)
            if time.perf_counter() > until:
                return
        self._step.stop()
        moves = self.model.moves
        if len(moves) <= _MOVES:
            self.model.commit()
            return
        # beside what is shown, which is replaced when it is ready
        self._rules = self.model.rules
        self._made, self._making = self.model.moved_beside()
        self._step.start()

    def _install(self) -> None:
        rules = self._rules
        assert rules is not None
        self._making = None
        self._finished = False
        self._step.stop()
        rules.problems = self._problems
        self.model.install(self._made, rules)
        missed = tuple(self._missed.values())
        self._missed.clear()
        if missed:
            self.take(missed)
        self.model.counted.emit()
        self.arranged.emit()
