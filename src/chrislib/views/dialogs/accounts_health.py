"""Accounts and health: who is signed in where, and what does not work."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from chrislib.jobs.polling.overview import AccountLook
from chrislib.views.context import ViewContext
from chrislib.views.dialogs.answer_times import AnswerPanel
from chrislib.views.dialogs.health_rows import (
    Row,
    plugin_rows,
    report,
    rows_of,
    summary,
)
from chrislib.views.dialogs.services import ServiceList
from chrislib.views.shell.freshness import age_of, looks_of
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.banner import Banner
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.emptied import empty
from chrislib.views.widgets.paint import draw_glyph, draw_state, draw_text
from chrislib.views.widgets.scrolled import scrolled
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.text import Label, line

_EVERY_MS = 5_000
_ROW, _CARD = 40, 272


class HealthTable(QWidget):
    """Rows of icon, title over detail, how it is now, and a verdict in a word."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._rows: list[Row] = []
        self.setObjectName("health.table")
        self.setAccessibleName("Health")
        theme.changed.connect(self.update)

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show other rows."""
        self._rows = list(rows)
        said = "; ".join(f"{row.title}: {row.verdict}" for row in rows)
        self.setAccessibleDescription(said)
        self.setFixedHeight(self._theme.px(_ROW) * len(rows))
        self.update()

    @property
    def rows(self) -> tuple[Row, ...]:
        """What is shown."""
        return tuple(self._rows)

    def sizeHint(self) -> QSize:
        """Return the height of all rows."""
        return QSize(480, self._theme.px(_ROW) * len(self._rows))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the rows."""
        painter = QPainter(self)
        theme, height = self._theme, self._theme.px(_ROW)
        for number, row in enumerate(self._rows):
            rect = QRect(0, number * height, self.width(), height)
            hair = QRect(0, rect.bottom(), rect.width(), 1)
            painter.fillRect(hair, theme.color("border.subtle"))
            spot = QPoint(20, rect.top() + (height - 16) // 2)
            draw_glyph(painter, spot, theme, icon=row.icon)
            room = rect.width() - 48 - 300
            half = height // 2
            title = QRect(48, rect.top() + 1, room, half)
            below = QRect(48, rect.top() + half - 2, room, half)
            draw_text(painter, title, theme, text=row.title)
            draw_text(
                painter,
                below,
                theme,
                text=row.detail,
                style="caption",
                token="text.secondary",
            )
            draw_text(
                painter,
                QRect(rect.right() - 296, rect.top(), 150, height),
                theme,
                text=row.now,
                style="small",
                token="text.secondary",
                align=Qt.AlignmentFlag.AlignRight,
            )
            verdict = QRect(rect.right() - 130, rect.top(), 124, height)
            draw_state(painter, verdict, theme, row.state, row.verdict)
        painter.end()


class AccountsSheet(Sheet):
    """Accounts at the left; at the right what each part says of itself."""

    sign_in_requested = Signal()
    station_requested = Signal()

    def __init__(self, window: QWidget, context: ViewContext) -> None:
        super().__init__(
            window,
            context.theme,
            "Accounts and health",
            "Who is signed in where, and what does not work",
        )
        self.setObjectName("health.sheet")
        self._context = context
        self._tasks = self.own(context.tasks("health"))
        self.cancel_button.hide()
        self.next_button.setText("Close")
        self.next_pressed.connect(self.accept)
        theme = context.theme
        self._banner = Banner(theme, "info", "")
        self.table = HealthTable(theme)
        self._services = ServiceList(context, say=self.set_note)
        self._cards = QVBoxLayout()
        self._cards.setSpacing(8)
        self._shown_cards: tuple[tuple[str, str], ...] | None = None
        self._answers: dict[int, AnswerPanel] = {}
        self._plugins = QGridLayout()
        page = QWidget()
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._left())
        row.addWidget(line(vertical=True))
        row.addWidget(self._right(), 1)
        self.body.addWidget(page)
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(self.show_now)
        self._stop = context.jobs.health.subscribe(self.show_now)
        self._timer.start()
        self.show_now()

    def show_now(self) -> None:
        """Show how everything is now."""
        jobs = self._context.jobs
        now = self._context.now()
        looks = looks_of(self._context)
        rows = rows_of(
            looks,
            jobs.health.rows(),
            jobs.services.rows(),
            broken=jobs.extensions.broken,
            now=now,
        )
        self.table.show_rows(rows)
        kind, words = summary(rows)
        self._banner.show_text(kind, words)
        self._show_cards(looks, now)
        for account_id, panel in self._answers.items():
            panel.show_answers(jobs.answers(account_id))
        self._services.show_now()

    def done(self, result: int) -> None:
        """Close and stop looking."""
        self._timer.stop()
        self._stop()
        self._services.shutdown()
        super().done(result)

    # -- inside --------------------------------------------------------------

    def _left(self) -> QWidget:
        theme = self._theme
        side = QWidget()
        side.setFixedWidth(_CARD + 28)
        column = QVBoxLayout(side)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        head = QHBoxLayout()
        head.addWidget(Label(theme, "Accounts", style="section"))
        head.addStretch(1)
        add = button(theme, "Add account …", icon="plus", name="health.add", small=True)
        add.clicked.connect(self._sign_in)
        head.addWidget(add)
        column.addLayout(head)
        column.addLayout(self._cards)
        column.addStretch(1)
        column.addWidget(
            Label(
                theme,
                "Tokens are kept in the key ring of the system, never in a file of "
                "chrislib.",
                style="caption",
                token="text.secondary",
                wrap=True,
            )
        )
        return side

    def _right(self) -> QWidget:
        theme = self._theme
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(20, 10, 16, 10)
        head.addWidget(Label(theme, "Health", style="section"))
        head.addStretch(1)
        copy = button(
            theme,
            "Copy report",
            kind="quiet",
            icon="copy",
            name="health.copy",
            small=True,
        )
        copy.clicked.connect(self._copy)
        check = button(
            theme, "Check now", icon="rotate-cw", name="health.check", small=True
        )
        check.clicked.connect(self._check)
        head.addWidget(copy)
        head.addWidget(check)
        column.addLayout(head)
        column.addWidget(self._banner)
        inner = QWidget()
        rows = QVBoxLayout(inner)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self.table)
        rows.addWidget(self._services)
        self._fill_plugins()
        holder = QWidget()
        holder.setLayout(self._plugins)
        rows.addWidget(holder)
        rows.addStretch(1)
        scroll = scrolled(inner)
        scroll.setObjectName("health.scroll")
        column.addWidget(scroll, 1)
        return side

    def _fill_plugins(self) -> None:
        theme = self._theme
        grid = self._plugins
        grid.setContentsMargins(20, 12, 16, 12)
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(8)
        heads = ("Plugin, median", "Runs", "Run", "Files", "")
        for column, words in enumerate(heads):
            label = Label(theme, words, style="group", token="text.muted")
            grid.addWidget(label, 0, column)
        found = plugin_rows(self._context.jobs.durations.table())
        for number, row in enumerate(found[:100], start=1):
            for column, words in enumerate(row):
                token = "text.primary" if column == 0 else "text.secondary"
                label = Label(theme, words, style="small", token=token)
                if column in (1, 2, 3):
                    label.setAlignment(Qt.AlignmentFlag.AlignRight)
                grid.addWidget(label, number, column)
        if not found:
            words = "No run has ended here yet."
            label = Label(theme, words, style="small", token="text.muted")
            grid.addWidget(label, 1, 0, 1, 5)
        grid.setColumnStretch(0, 1)

    def _show_cards(self, looks: Sequence[AccountLook], now: float) -> None:
        ages = [age_of(look, now) for look in looks]
        shown = tuple(
            (f"{look.host}\n{look.username}", age.token)
            for look, age in zip(looks, ages, strict=True)
        )
        if shown == self._shown_cards:
            return
        self._shown_cards = shown
        self._answers.clear()
        empty(self._cards)
        for look, age in zip(looks, ages, strict=True):
            self._cards.addWidget(self._card(look, words=age.words, token=age.token))
        self._cards.addWidget(self._station_card())

    def _card(self, look: AccountLook, *, words: str, token: str) -> QFrame:
        theme = self._theme
        card, column = _card(look.host)
        head = QHBoxLayout()
        head.addWidget(Label(theme, look.host, style="strong"))
        head.addStretch(1)
        if look.present:
            used = Label(theme, "used now", style="caption", token="text.muted")
            head.addWidget(used)
        column.addLayout(head)
        column.addWidget(
            Label(theme, look.username, style="small", token="text.secondary")
        )
        well = "Signed in" if not look.stale else words
        shade = "state.ready" if not look.stale else token
        column.addWidget(Label(theme, well, style="small", token=shade))
        if look.why:
            why = Label(theme, look.why, style="caption", token="text.secondary")
            why.setWordWrap(True)
            column.addWidget(why)
        panel = self._answers[look.account_id] = AnswerPanel(theme, look.host)
        column.addWidget(panel)
        if look.stale:
            again = button(
                theme, "Sign in …", name=f"health.sign-in.{look.account_id}", small=True
            )
            again.clicked.connect(self._sign_in)
            column.addWidget(again, 0, Qt.AlignmentFlag.AlignLeft)
        return card

    def _station_card(self) -> QFrame:
        theme = self._theme
        card, column = _card("This computer")
        column.addWidget(Label(theme, "This computer", style="strong"))
        column.addWidget(
            Label(
                theme,
                "Samples, no server needed",
                style="small",
                token="text.secondary",
            )
        )
        if not self._context.session.is_station:
            use = button(
                theme, "Use it", icon="play", name="health.station", small=True
            )
            use.clicked.connect(self._station)
            column.addWidget(use, 0, Qt.AlignmentFlag.AlignLeft)
        return card

    def _sign_in(self) -> None:
        self.accept()
        self.sign_in_requested.emit()

    def _station(self) -> None:
        self.accept()
        self.station_requested.emit()

    def _copy(self) -> None:
        plugins = plugin_rows(self._context.jobs.durations.table())
        QGuiApplication.clipboard().setText(report(self.table.rows, plugins))
        self.set_note("The report is on the clipboard.")

    def _check(self) -> None:
        self.set_note("Looking …")

        def looked(_nothing: object) -> None:
            self.set_note("")
            self.show_now()

        async def look() -> None:
            # plug-ins that were set aside may be whole again
            await self._context.jobs.services.reload()
            await self._context.jobs.refresh()

        self._tasks.start(
            look(),
            name="check",
            done=looked,
            failed=lambda error: self.set_note(str(error), kind="failed"),
        )


def _card(name: str) -> tuple[QFrame, QVBoxLayout]:
    card = QFrame()
    card.setProperty("surface", "card")
    card.setAccessibleName(name)
    column = QVBoxLayout(card)
    column.setContentsMargins(16, 12, 16, 12)
    column.setSpacing(4)
    return card, column
