"""Sending a new feed, and waiting a while for the answers to its first steps."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from chrislib.feeds.making_steps import Answers, MadeFeed
from chrislib.feeds.ports import FeedItem
from chrislib.feeds.recipes import Recipe
from chrislib.jobs.model import is_held
from chrislib.views.context import ViewContext
from chrislib.views.navigation import ShowJobs
from chrislib.views.tasks import PaneTasks

PATIENCE = 8.0
"""Seconds a sheet stays for answers; the job manager goes on without it."""
_GOES_ON = "That goes on when this is closed."


class FeedSending(QObject):
    """What becomes of a feed whose sheet is open: made, and its first steps taken.

    The feed is made once. What is sent after that is added to it.

    Signals
    -------
    changed : ()
        Something is sent, or is not any more, or the feed was made.
    said : str
        How far it is.
    ended : MadeFeed
        Nothing of it is for the sheet any more.
    refused : BaseException
        The feed was not made.
    step_refused : Answers
        The feed was made, but a step of it was refused.
    """

    changed = Signal()
    said = Signal(str)
    ended = Signal(object)
    refused = Signal(object)
    step_refused = Signal(object)

    def __init__(
        self, context: ViewContext, tasks: PaneTasks, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._tasks = tasks
        self.patience = PATIENCE
        self.busy = False
        self.written = False
        """Whether it is not lost any more, whoever goes away."""
        self.made: MadeFeed | None = None

    def send(
        self,
        *,
        title: str,
        items: Sequence[FeedItem],
        note: str,
        tags: Sequence[str],
        first: Recipe | None,
    ) -> None:
        """Make the feed, or add to the one that is made; answers come as signals."""
        steps = self._context.feeds.first_steps
        self._set_busy(True)
        self.said.emit("Sending")
        if self.made is not None:
            self._tasks.start(
                steps.again(self.made, first),
                name="send again",
                done=self._is_made,
                failed=self._failed,
            )
            return
        self._tasks.start(
            steps.start(
                title=title,
                items=items,
                note=note,
                tags=tags,
                first=first,
                written=self._is_written,
            ),
            name="create",
            done=self._is_made,
            failed=self._failed,
        )

    def leave(self) -> None:
        """Say what goes on, or is left, where somebody closes the sheet."""
        made = self.made
        if made is None:
            if self.busy and self.written:
                self._tell("The feed is being sent.", "Jobs shows how it ends.", None)
            return
        answers = self._context.feeds.first_steps.look(made)
        key = made.keys[answers.refused] if answers.refused >= 0 else made.root.key
        if answers.refused >= 0:
            self._tell(
                "The feed is made, its first step is not.",
                "Jobs keeps what was refused.",
                key,
            )
        elif answers.open:
            self._late(made)

    # -- inside ----------------------------------------------------------------

    def _set_busy(self, busy: bool) -> None:
        self.busy = busy
        self.changed.emit()

    def _is_written(self) -> None:
        if not self.written:
            self.written = True
            self.said.emit(f"Sending. {_GOES_ON}")
            self.changed.emit()

    def _is_made(self, made: MadeFeed) -> None:
        self.made = made
        self.changed.emit()
        if not made.keys or not made.is_there or is_held(made.root.intent):
            self._end(made)
            return
        self._tasks.start(
            self._context.feeds.first_steps.answered(
                made, patience=self.patience, told=self._progress
            ),
            name="answers",
            done=self._answered,
            failed=self._failed,
        )

    def _progress(self, answers: Answers) -> None:
        several = len(answers.states)
        what = "Its first step is being sent."
        if several > 1:
            what = f"{answers.taken} of its {several} steps are sent."
        self.said.emit(f"The feed is made. {what} {_GOES_ON}")

    def _answered(self, answers: Answers) -> None:
        made = self.made
        if made is None:
            return
        if answers.refused >= 0:
            self._set_busy(False)
            self.step_refused.emit(answers)
            return
        if answers.open:
            self._late(made)
        self._end(made)

    def _end(self, made: MadeFeed) -> None:
        self._set_busy(False)
        self.ended.emit(made)

    def _failed(self, error: BaseException) -> None:
        self.written = False
        self._set_busy(False)
        self.refused.emit(error)

    def _late(self, made: MadeFeed) -> None:
        self._tell(
            "The feed is made; its first step is still being sent.",
            "Jobs shows how it ends.",
            made.keys[0] if made.keys else made.root.key,
        )

    def _tell(self, title: str, hint: str, key: str | None) -> None:
        go = self._context.navigator.go
        action = ("Show", lambda: go(ShowJobs(key)))
        self._context.messages.info(title, hint=hint, action=action, seconds=12)
