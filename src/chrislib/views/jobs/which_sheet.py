"""The question after a lost answer: which of several runs is the one."""

import contextlib
from collections.abc import Sequence
from datetime import datetime

from PySide6.QtWidgets import QButtonGroup, QRadioButton, QVBoxLayout, QWidget

from chrislib.jobs.causes import PHASE_OF_STATUS
from chrislib.jobs.model import Job
from chrislib.jobs.submission.reconcile import Choice
from chrislib.shown import one_line
from chrislib.views.context import ViewContext
from chrislib.views.jobs.facts import PHASE_WORDS, local
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.text import Label

_NONE = 0


class WhichSheet(Sheet):
    """Runs a submission may have made; one is chosen, or none of them."""

    def __init__(
        self,
        window: QWidget,
        context: ViewContext,
        *,
        job: Job,
        choices: Sequence[Choice],
    ) -> None:
        super().__init__(
            window,
            context.theme,
            "Which of these runs is it?",
            f"{one_line(job.title)}: its answer was lost, and several runs look like "
            "it.",
            width=720,
            height=min(620, 232 + 32 * (len(choices) + 1)),
        )
        theme = context.theme
        self.setObjectName("which.sheet")
        self._context = context
        self._job = job
        self._tasks = self.own(context.tasks("which run"))
        self._group = QButtonGroup(self)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(10)
        for one in choices:
            made = QRadioButton(_words(one))
            made.setObjectName(f"which.{one.remote_id}")
            made.setFont(theme.font("body"))
            self._group.addButton(made, one.remote_id)
            column.addWidget(made)
        none = QRadioButton("None of them: it never arrived")
        none.setObjectName("which.none")
        none.setFont(theme.font("body"))
        self._group.addButton(none, _NONE)
        column.addWidget(none)
        column.addWidget(
            Label(
                theme,
                "Nothing is sent or stopped by this. The other runs stay as they are.",
                style="small",
                token="text.muted",
                wrap=True,
            )
        )
        column.addStretch(1)
        self.body.addWidget(page)
        self.next_button.setText("This one")
        self.cancel_button.setText("Not now")
        self.next_pressed.connect(self._press)
        self._group.idToggled.connect(lambda _id, _on: self._said())

    def _said(self) -> None:
        none = self._group.checkedId() == _NONE
        self.next_button.setText("None of them" if none else "This one")
        self.set_note("")

    def _press(self) -> None:
        button = self._group.checkedButton()
        if button is None:
            self.set_note("Choose one of them first.", kind="failed")
            return
        chosen = self._group.checkedId()
        self.next_button.setEnabled(False)
        self._tasks.start(
            self._context.jobs.submissions.choose(
                self._job.key, None if chosen == _NONE else chosen
            ),
            name="choose",
            done=lambda _job: self.accept(),
            failed=self._failed,
        )

    def _failed(self, error: BaseException) -> None:
        self.next_button.setEnabled(True)
        self.set_note(str(error), kind="failed")


def _words(one: Choice) -> str:
    started = one.started
    with contextlib.suppress(ValueError):
        started = local(datetime.fromisoformat(one.started).timestamp())
    where = f"feed {one.feed_id}, " if one.feed_id is not None else ""
    title = f"{one_line(one.title)}, " if one.title else ""
    phase = PHASE_OF_STATUS.get(one.status)
    state = PHASE_WORDS[phase] if phase is not None else one.status
    words = f"{where}node {one.remote_id}, {state.lower()}, since {started}"
    return f"{title}{words}" if title else words[:1].upper() + words[1:]
