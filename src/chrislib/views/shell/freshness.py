"""How old what one sees is: "Checked 12 s ago", and a banner when it is too old."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from chrislib.jobs.model import Reach
from chrislib.jobs.polling.overview import AccountLook
from chrislib.views.context import ViewContext
from chrislib.views.jobs.words import ago_text, duration
from chrislib.views.widgets.text import ElidedLabel, plain_tooltip

_FAST_MS, _SLOW_MS = 1_000, 15_000
_PERIODS = 3


@dataclass(frozen=True, slots=True)
class Age:
    """How old the state of one account is, in words and color."""

    words: str
    token: str
    old: bool


def age_of(look: AccountLook, now: float, *, coarse: bool = False) -> Age:
    """Return how old what is known of an account is.

    Parameters
    ----------
    now : float
        Seconds since the epoch.
    coarse : bool
        To the minute.
    """
    if look.reach is Reach.AUTH_REQUIRED:
        return Age("Sign in again", "state.errors", True)
    if look.checked_at is None:
        return Age("Not checked yet", "text.muted", look.stale)
    ago = max(0.0, now - look.checked_at)
    if look.reach is Reach.OFFLINE:
        at = datetime.fromtimestamp(look.checked_at).astimezone()
        return Age(f"Offline, last known {at:%H:%M}", "state.errors", True)
    # an idle account is asked seldom and is not old for that
    if look.stale or ago > _PERIODS * max(look.period, 60.0):
        return Age(f"Not checked for {duration(ago)}", "state.errors", look.stale)
    return Age(f"Checked {ago_text(ago, coarse=coarse)}", "text.muted", False)


def stale_words(looks: Sequence[AccountLook], now: float) -> str:
    """Return what the banner says of accounts that are too old, "" for nothing.

    The present account's offline and sign-in are told by the connection's banner.
    """
    told = {Reach.OFFLINE, Reach.AUTH_REQUIRED}
    parts = []
    for look in looks:
        if not look.stale or (look.present and look.reach in told):
            continue
        age = age_of(look, now)
        known = ""
        if look.checked_at is not None:
            at = datetime.fromtimestamp(look.checked_at).astimezone()
            known = f" You see what was known at {at:%H:%M}."
        words = age.words[:1].lower() + age.words[1:]
        parts.append(f"{look.host}: {words}.{known}")
    if not parts:
        return ""
    return " ".join([*parts, "What runs there goes on."])


def looks_of(context: ViewContext) -> list[AccountLook]:
    """Return how well each account was looked at, named as the window names it."""
    host = context.session.host
    return [
        replace(look, host=host) if look.present and host else look
        for look in context.jobs.accounts()
    ]


class Freshness(QObject):
    """Keeps the label of the top bar true while somebody can see it.

    Parameters
    ----------
    running : callable
        How many jobs have not ended: where none runs, seconds are not counted.
    """

    def __init__(
        self,
        context: ViewContext,
        label: ElidedLabel,
        *,
        running: Callable[[], int],
    ) -> None:
        super().__init__(label)
        self._context = context
        self._running = running
        self._label = label
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.show_age)
        self.show_age()

    def start(self) -> None:
        """Begin to count."""
        self._timer.start(_FAST_MS)

    def stop(self) -> None:
        """Stop counting."""
        self._timer.stop()

    @property
    def timer(self) -> QTimer:
        """Ticks when the age may read differently."""
        return self._timer

    def show_age(self) -> None:
        """Say how old what one sees is; several accounts are in the tooltip."""
        window: QWidget = self._label.window()
        if self._timer.isActive() and not window.isVisible():
            self._timer.setInterval(_SLOW_MS)
            return
        now = self._context.now()
        looks = looks_of(self._context)
        idle = not self._running()
        ages = [(look, age_of(look, now, coarse=idle)) for look in looks]
        if not ages:
            self._label.setText("")
            return
        # others are told by the banner, which names them
        worst = ages[0][1]
        if worst.words != self._label.text():
            self._label.setText(worst.words)
            self._label.set_token(worst.token)
            self._label.setAccessibleName(worst.words)
        lines = [f"{one.host} {one.username}: {age.words}" for one, age in ages]
        self._label.setToolTip(plain_tooltip("\n".join(lines)))
        pace = _SLOW_MS if idle and not worst.old else _FAST_MS
        if self._timer.interval() != pace:
            self._timer.setInterval(pace)
