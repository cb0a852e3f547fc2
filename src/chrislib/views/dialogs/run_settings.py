"""What becomes of runs that were started elsewhere, and how lost ones are found."""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Protocol

from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from chrislib.jobs.model import Job, JobKey
from chrislib.jobs.submission.preferences import Adopt
from chrislib.views.tasks import PaneTasks
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import Segments, button
from chrislib.views.widgets.text import Label, line

_POLICIES = (
    (Adopt.HERE, "Show them", "They are listed; no messages tell of them."),
    (Adopt.ASK, "Ask", "They are listed, and tracked once you say so here."),
    (Adopt.ALL, "Track them", "Messages tell how they end, as for those from here."),
)


class Wishes(Protocol):
    """Where the choices are kept: `jobs.submission.preferences.Preferences`."""

    def adopt(self, account_id: int) -> Adopt:
        """What becomes of own runs that were not started here."""

    async def set_adopt(self, account_id: int, policy: Adopt) -> None:
        """Choose it."""

    def with_nonce(self, account_id: int) -> bool:
        """Whether titles end with a mark."""

    async def set_nonce(self, account_id: int, *, on: bool) -> None:
        """Choose it."""


class Finder(Protocol):
    """Who finds them (`chrislib.jobs.adopting.adoption.Adoption`)."""

    def proposals(self, account_id: int) -> tuple[Job, ...]:
        """Return own runs under way that are not tracked."""

    async def follow(self, keys: Iterable[JobKey]) -> None:
        """Track them."""


class RunSettings(QWidget):
    """A page of the settings; each change counts at once.

    Parameters
    ----------
    account_id : int
        Whose choices are shown; 0 before the first sign-in.
    """

    def __init__(
        self,
        theme: Theme,
        wishes: Wishes,
        finder: Finder,
        *,
        account_id: int,
        tasks: PaneTasks,
    ) -> None:
        super().__init__()
        self.setObjectName("settings.runs")
        self.setAccessibleName("Runs")
        self._wishes = wishes
        self._finder = finder
        self._account = account_id
        self._tasks = tasks
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(12)
        column.addWidget(Label(theme, "Your runs started elsewhere", style="section"))
        column.addWidget(
            Label(
                theme,
                "On another computer, or in a browser. They are found at sign-in and "
                "every 15 minutes.",
                style="small",
                token="text.secondary",
                wrap=True,
            )
        )
        choices = [(policy.value, words, "") for policy, words, _ in _POLICIES]
        self._policy = Segments(theme, choices, name="runs.adopt")
        self._policy.setAccessibleName("Your runs started elsewhere")
        self._policy.choose(wishes.adopt(account_id).value)
        self._policy.chosen.connect(self._choose)
        column.addWidget(self._policy)
        self._meaning = Label(theme, style="small", token="text.muted", wrap=True)
        column.addWidget(self._meaning)
        row = QHBoxLayout()
        row.setSpacing(8)
        self._found = Label(theme, name="runs.found")
        self._track = button(theme, "Track them", name="runs.track", small=True)
        self._track.clicked.connect(self._follow)
        row.addWidget(self._found)
        row.addWidget(self._track)
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(line())
        column.addWidget(Label(theme, "When an answer gets lost", style="section"))
        self._nonce = QCheckBox("End each run's title with a mark")
        self._nonce.setObjectName("runs.nonce")
        self._nonce.setChecked(wishes.with_nonce(account_id))
        self._nonce.toggled.connect(self._mark)
        column.addWidget(self._nonce)
        text = Label(
            theme,
            "Six characters. A run whose answer got lost is then found exactly, also "
            "among others like it. Everyone who sees the run sees its mark.",
            style="small",
            token="text.muted",
            wrap=True,
        )
        text.setContentsMargins(24, 0, 0, 0)
        column.addWidget(text)
        column.addStretch(1)
        self.setEnabled(bool(account_id))
        self._show()

    def _show(self) -> None:
        """Say how many wait for an answer."""
        found = self._finder.proposals(self._account) if self._account else ()
        policy = self._wishes.adopt(self._account)
        self._meaning.setText(next(help_ for p, _, help_ in _POLICIES if p is policy))
        asked = policy is not Adopt.ALL
        words = "One is" if len(found) == 1 else f"{len(found):,} are"
        self._found.setText(f"{words} under way and not tracked.")
        self._found.setVisible(bool(found) and asked)
        self._track.setVisible(bool(found) and asked)

    def _choose(self, policy: str) -> None:
        chosen = Adopt(policy)
        self._start(lambda: self._wishes.set_adopt(self._account, chosen))

    def _mark(self, on: bool) -> None:
        self._start(lambda: self._wishes.set_nonce(self._account, on=on))

    def _follow(self) -> None:
        keys = [job.key for job in self._finder.proposals(self._account)]
        self._start(lambda: self._finder.follow(keys))

    def _start(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._tasks.start(work(), name="runs", done=lambda _none: self._show())
