"""What the user is told on the desktop: presets, kinds, quiet hours, mutes."""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from chrislib.catalog.inbox import Mute
from chrislib.desktop.ways import Where
from chrislib.jobs.notices.policy import DAY, KINDS, Delivery, Policy
from chrislib.views.tasks import PaneTasks
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import Segments, button
from chrislib.views.widgets.emptied import empty
from chrislib.views.widgets.text import Label, line

if TYPE_CHECKING:
    from chrislib.jobs.notices.desk import Notices

_PRESETS = (
    ("all", "Everything"),
    ("problems", "Only problems"),
    ("none", "Nothing"),
    ("own", "As below"),
)
KIND_WORDS = {
    "READY": "Ready",
    "ERRORS": "Ready, with errors",
    "FAILED": "Failed",
    "CANCELLED_EXTERNALLY": "Cancelled by someone else",
    "STALLED": "Longer than usual",
    "SUBMIT_UNCERTAIN": "Not started, or not known",
    "CANCEL_IGNORED": "Goes on though cancelled",
    "GONE": "Gone from server",
    "PURGE_FAILED": "Could not be removed from server",
    "STATE_CHANGED": "Inputs have changed since",
    "AUTH": "Sign in again",
}
_HOW = (
    (Delivery.TOAST.value, "Desktop and inbox", ""),
    (Delivery.INBOX.value, "Inbox only", ""),
    (Delivery.OFF.value, "Off", ""),
)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_SNOOZES = (
    (15 * 60.0, "15 min"),
    (3600.0, "1 h"),
    (4 * 3600.0, "4 h"),
    (24 * 3600.0, "24 h"),
)


class _Times(QComboBox):
    """Quarter hours; the wheel scrolls the page unless the list has the focus."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        for minute in range(0, DAY, 15):
            self.addItem(_clock(minute), minute)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the page."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class NotificationSettings(QScrollArea):
    """A page of the settings; each change counts at once.

    Parameters
    ----------
    account : (int, str)
        Whose wishes are shown: account id, and how it is called.
    now : callable
        Seconds since the epoch.
    """

    def __init__(
        self,
        theme: Theme,
        notices: "Notices",
        *,
        account: tuple[int, str],
        tasks: PaneTasks,
        now: Callable[[], float],
    ) -> None:
        super().__init__()
        self.setObjectName("settings.notices")
        self.setAccessibleName("Notifications")
        self._theme = theme
        self._notices = notices
        self._account, self._name = account
        self._tasks = tasks
        self._now = now
        self._filling = False
        self._kinds: dict[str, Segments] = {}
        self._days: list[QCheckBox] = []
        self._switches: dict[str, QCheckBox] = {}
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(12)
        self._lay_out(column)
        column.addStretch(1)
        self.setWidget(page)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._fill()
        self._read_mutes()
        tasks.start(notices.where(), name="where", done=self._show_where)

    # Building.

    def _lay_out(self, column: QVBoxLayout) -> None:
        theme = self._theme
        column.addWidget(Label(theme, "Desktop messages", style="section"))
        whose = self._name or "every account without wishes of its own"
        column.addWidget(
            Label(
                theme,
                f"For {whose}. The inbox keeps every outcome, whatever is shown.",
                style="small",
                token="text.secondary",
                wrap=True,
            )
        )
        self._where = Label(
            theme,
            "",
            style="small",
            token="text.secondary",
            wrap=True,
            name="notices.where",
        )
        self._where.hide()
        column.addWidget(self._where)
        self._preset = Segments(
            theme, [(key, words, "") for key, words in _PRESETS], name="notices.preset"
        )
        self._preset.chosen.connect(self._choose_preset)
        column.addWidget(self._preset)
        column.addLayout(self._kind_rows())
        column.addWidget(line())
        self._add_quiet(column)
        column.addWidget(line())
        self._add_snooze(column)
        column.addWidget(line())
        column.addWidget(Label(theme, "How", style="section"))
        for name, words, help_ in (
            (
                "per_node",
                "A message for each node",
                "Otherwise one for a feed, when its last node has ended, and one at "
                "once when its first node fails.",
            ),
            (
                "desktop",
                "Wait while the desktop does not want to be disturbed",
                "Then one message tells what happened meanwhile.",
            ),
            (
                "names",
                "Titles in messages",
                "Off: “Feed 812: run finished”. On: the run's title too. Titles can "
                "hold patients' names, and whoever sees the screen can read them, also "
                "while it is locked.",
            ),
        ):
            column.addLayout(self._switch(name, words, help_))
        column.addWidget(line())
        column.addWidget(Label(theme, "No messages of", style="section"))
        self._muted = QVBoxLayout()
        self._muted.setSpacing(4)
        column.addLayout(self._muted)

    def _show_where(self, where: Where | None) -> None:
        words, token = where_words(where)
        self._where.setText(words)
        self._where.set_token(token)
        self._where.setVisible(bool(words))

    def _kind_rows(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(4)
        for number, kind in enumerate(KINDS):
            words = KIND_WORDS.get(kind, kind)
            grid.addWidget(Label(self._theme, words, token="text.secondary"), number, 0)
            pieces = Segments(self._theme, _HOW, name=f"notices.kind.{kind}")
            pieces.setAccessibleName(words)
            pieces.chosen.connect(
                lambda how, kind=kind: self._change(
                    lambda policy: policy.with_kind(kind, Delivery(how))
                )
            )
            self._kinds[kind] = pieces
            grid.addWidget(pieces, number, 1)
        grid.setColumnStretch(2, 1)
        return grid

    def _add_quiet(self, column: QVBoxLayout) -> None:
        theme = self._theme
        self._quiet = QCheckBox("Quiet hours")
        self._quiet.setObjectName("notices.quiet")
        self._quiet.toggled.connect(lambda _on: self._change_quiet())
        self._from, self._to = _Times(), _Times()
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._quiet)
        for words, piece, name in (
            ("from", self._from, "from"),
            ("to", self._to, "to"),
        ):
            piece.setObjectName(f"notices.quiet.{name}")
            piece.setAccessibleName(f"Quiet hours {words}")
            piece.setFixedWidth(theme.px(96))
            piece.currentIndexChanged.connect(lambda _index: self._change_quiet())
            row.addWidget(Label(theme, words, token="text.secondary"))
            row.addWidget(piece)
        row.addStretch(1)
        column.addLayout(row)
        days = QHBoxLayout()
        days.setSpacing(12)
        days.addWidget(Label(theme, "beginning on", token="text.secondary"))
        for number, day in enumerate(_DAYS):
            box = QCheckBox(day)
            box.setObjectName(f"notices.quiet.day.{number}")
            box.toggled.connect(lambda _on: self._change_quiet())
            self._days.append(box)
            days.addWidget(box)
        days.addStretch(1)
        column.addLayout(days)
        column.addWidget(
            Label(
                theme,
                "What happens meanwhile comes as one message at their end.",
                style="small",
                token="text.muted",
                wrap=True,
            )
        )

    def _add_snooze(self, column: QVBoxLayout) -> None:
        theme = self._theme
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(Label(theme, "No messages for", token="text.secondary"))
        for seconds, words in _SNOOZES:
            piece = button(
                theme, words, name=f"notices.snooze.{seconds:.0f}", small=True
            )
            piece.setAccessibleName(f"No messages for {words}")
            piece.clicked.connect(lambda _on=False, s=seconds: self._snooze(s))
            row.addWidget(piece)
        row.addStretch(1)
        column.addLayout(row)
        ends = QHBoxLayout()
        self._snoozed = Label(theme, name="notices.snoozed")
        self._end_snooze = button(
            theme, "Show them again", name="notices.snooze.end", small=True
        )
        self._end_snooze.clicked.connect(self._wake)
        ends.addWidget(self._snoozed)
        ends.addWidget(self._end_snooze)
        ends.addStretch(1)
        column.addLayout(ends)
        box = self._box("snooze_errors", "Problems are shown all the same")
        column.addWidget(box)

    def _switch(self, name: str, words: str, help_: str) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(0)
        column.addWidget(self._box(name, words))
        text = Label(self._theme, help_, style="small", token="text.muted", wrap=True)
        text.setContentsMargins(24, 0, 0, 0)
        column.addWidget(text)
        return column

    def _box(self, name: str, words: str) -> QCheckBox:
        box = QCheckBox(words)
        box.setObjectName(f"notices.{name}")
        box.toggled.connect(
            lambda on: self._change(
                # the names of the boxes are the fields of a policy
                lambda policy: replace(policy, **{name: on})
            )
        )
        self._switches[name] = box
        return box

    # Showing.

    @property
    def _policy(self) -> Policy:
        return self._notices.policy(self._account)

    def _fill(self) -> None:
        policy = self._policy
        self._filling = True
        self._preset.choose(policy.preset)
        for kind, pieces in self._kinds.items():
            pieces.choose(policy.delivery(kind).value)
        quiet = policy.quiet
        self._quiet.setChecked(quiet.on)
        for piece, minute in ((self._from, quiet.start), (self._to, quiet.end)):
            if piece.findData(minute) < 0:
                piece.addItem(_clock(minute), minute)
            piece.setCurrentIndex(piece.findData(minute))
        for number, box in enumerate(self._days):
            box.setChecked(number in quiet.days)
        parts: tuple[QWidget, ...] = (self._from, self._to, *self._days)
        for part in parts:
            part.setEnabled(quiet.on)
        for name, box in self._switches.items():
            box.setChecked(bool(getattr(policy, name)))
        until = policy.snooze_until
        snoozed = until is not None and until > self._now()
        self._end_snooze.setVisible(snoozed)
        if snoozed and until is not None:
            then = datetime.fromtimestamp(until)
            same = then.date() == datetime.fromtimestamp(self._now()).date()
            clock = f"{then:%H:%M}" if same else f"{then:%a} {then:%H:%M}"
            self._snoozed.setText(f"No messages until {clock}")
        else:
            self._snoozed.setText("Messages are shown")
        self._filling = False

    def _show_mutes(self, mutes: tuple[Mute, ...]) -> None:
        empty(self._muted)
        mine = [mute for mute in mutes if mute.account_id == self._account]
        if not mine:
            words = "Nothing is muted. A row of the inbox has it in its menu."
            self._muted.addWidget(
                Label(self._theme, words, token="text.muted", name="notices.no-mutes")
            )
        for mute in mine:
            self._muted.addWidget(self._mute_row(mute))

    def _mute_row(self, mute: Mute) -> QWidget:
        words = {
            "feed": f"Feed {mute.ref}",
            "batch": f"Batch {mute.title}".strip(),
            "job": mute.title or "A job",
        }.get(mute.scope, mute.ref)
        if mute.until is not None:
            words += f", until {datetime.fromtimestamp(mute.until):%a %H:%M}"
        whole = QWidget()
        row = QHBoxLayout(whole)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(Label(self._theme, words), 1)
        piece = button(
            self._theme,
            "Remove",
            name=f"notices.unmute.{mute.scope}.{mute.ref}",
            small=True,
        )
        piece.setAccessibleName(f"Show messages of {words} again")
        piece.clicked.connect(lambda: self._unmute(mute))
        row.addWidget(piece)
        return whole

    # What was chosen.

    def _change(self, change: Callable[[Policy], Policy]) -> None:
        if self._filling:
            return
        self._start(
            self._notices.set_policy(self._account, change(self._policy)), "wishes"
        )

    def _choose_preset(self, name: str) -> None:
        if name == "own":
            self._fill()  # it follows from the rows below
        else:
            self._change(lambda policy: policy.with_preset(name))

    def _change_quiet(self) -> None:
        def changed(policy: Policy) -> Policy:
            quiet = replace(
                policy.quiet,
                on=self._quiet.isChecked(),
                start=int(self._from.currentData()),
                end=int(self._to.currentData()),
                days=frozenset(n for n, b in enumerate(self._days) if b.isChecked()),
            )
            return replace(policy, quiet=quiet)

        self._change(changed)

    def _snooze(self, seconds: float) -> None:
        self._start(self._notices.snooze(self._account, seconds), "snooze")

    def _wake(self) -> None:
        self._start(self._notices.end_snooze(self._account), "end snooze")

    def _unmute(self, mute: Mute) -> None:
        async def work() -> None:
            await self._notices.unmute(mute.account_id, mute.scope, mute.ref)
            self._read_mutes()

        self._start(work(), "unmute")

    def _read_mutes(self) -> None:
        self._tasks.start(
            self._notices.mutes(), name="read mutes", done=self._show_mutes
        )

    def _start(self, coro: Coroutine[Any, Any, object], name: str) -> None:
        self._tasks.start(coro, name=name, done=lambda _done: self._fill())


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def where_words(where: Where | None) -> tuple[str, str]:
    """Return where messages are shown, in words, and their color."""
    if where is Where.TRAY:
        return (
            "This desktop has no service for messages: they appear at the icon in its "
            "tray, without buttons. A click opens what the last one was about.",
            "text.secondary",
        )
    if where is Where.NOWHERE:
        return (
            "This desktop has neither a service for messages nor a tray: what becomes "
            "ready or fails is in the inbox only.",
            "state.errors",
        )
    return "", "text.secondary"
