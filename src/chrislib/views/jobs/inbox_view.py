"""How the inbox is drawn and how it answers pointer and keys."""

from collections.abc import Callable

from PySide6.QtCore import (
    QEvent,
    QPoint,
    QRect,
    QRectF,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QContextMenuEvent,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
)
from PySide6.QtWidgets import (
    QHeaderView,
    QMenu,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from chrislib.jobs.model import InboxRow
from chrislib.shown import one_line
from chrislib.views.context import ViewContext
from chrislib.views.jobs.inbox_model import HEAD_ROLE, ROW_ROLE, InboxModel
from chrislib.views.jobs.job_view import KEYS, place_buttons
from chrislib.views.jobs.verbs import Verb
from chrislib.views.jobs.words import when
from chrislib.views.models.index import Index
from chrislib.views.widgets.paint import (
    draw_button,
    draw_glyph,
    draw_row,
    draw_text,
)
from chrislib.views.widgets.row_table import of_whole_rows
from chrislib.views.widgets.text import isolate

ROW, HEAD = 96, 28
_LOOKS = {
    "READY": ("circle-check", "state.ready"),
    "ERRORS": ("triangle-alert", "state.errors"),
    "FAILED": ("circle-x", "state.failed"),
    "CANCELLED_EXTERNALLY": ("ban", "state.cancelled"),
    "CANCEL_IGNORED": ("triangle-alert", "state.errors"),
    "AUTH": ("triangle-alert", "state.errors"),
    "SUBMIT_UNCERTAIN": ("triangle-alert", "state.errors"),
    "GONE": ("ghost", "state.gone"),
    "STALLED": ("clock", "state.errors"),
    "PURGE_FAILED": ("circle-x", "state.failed"),
    "STATE_CHANGED": ("triangle-alert", "state.errors"),
}
LATER = (
    ("later", "In 1 hour"),
    ("later-evening", "This evening"),
    ("later-tomorrow", "Tomorrow"),
)
_ANY = {"seen", "discard", "show", "later"}
_Add = Callable[[QMenu, str, str], None]


class InboxDelegate(QStyledItemDelegate):
    """Heads of days 28 px; dot, glyph, title, text and buttons 96 px."""

    def __init__(self, context: ViewContext, view: "InboxView") -> None:
        super().__init__(view)
        self._theme = context.theme
        self._now = context.now
        self._view = view

    def buttons(self, row: InboxRow, rect: QRect) -> list[tuple[Verb, QRect]]:
        """Return the buttons of a row."""
        place = QRect(
            rect.left() + 50,
            rect.bottom() - self._theme.px(40),
            rect.width() - 58,
            self._theme.px(30),
        )
        return place_buttons(self._theme, self._view.verbs(row), place, right=False)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        """Draw one outcome, or the head of a day."""
        row = index.data(ROW_ROLE)
        if isinstance(row, InboxRow):
            self._paint_row(painter, option, row)
        else:
            self._paint_head(painter, option.rect, str(index.data(HEAD_ROLE)))

    def _paint_head(self, painter: QPainter, rect: QRect, words: str) -> None:
        theme = self._theme
        painter.fillRect(rect, theme.color("bg.panel"))
        hair = QRect(rect.left(), rect.bottom(), rect.width(), 1)
        painter.fillRect(hair, theme.color("border.subtle"))
        draw_text(
            painter,
            rect.adjusted(25, 0, -16, 0),
            theme,
            text=words,
            style="small-strong",
            token="text.secondary",
        )

    def _paint_row(
        self, painter: QPainter, option: QStyleOptionViewItem, row: InboxRow
    ) -> None:
        theme, rect = self._theme, option.rect
        draw_row(painter, option, theme)
        unread = row.seen_at is None
        line_height = theme.px(20)
        top = rect.top() + 10
        if unread:
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent.glyph"))
            middle = top + line_height / 2
            painter.drawEllipse(QRectF(rect.left() + 10, middle - 3, 6, 6))
            painter.restore()
        icon, token = _LOOKS.get(row.kind, ("info", "state.queued"))
        spot = QPoint(rect.left() + 25, top + (line_height - 16) // 2)
        draw_glyph(painter, spot, theme, icon=icon, token=token, size=16)
        clock = QRect(rect.right() - 92, top, 76, line_height)
        wide = draw_text(
            painter,
            clock,
            theme,
            text=when(row.created_at, self._now()),
            style="caption",
            token="text.secondary",
            align=Qt.AlignmentFlag.AlignRight,
        )
        left = rect.left() + 50
        room = rect.width() - 50 - 16
        words = QRect(left, top, room - wide - 12, line_height)
        style = "strong" if unread else "body"
        # a long title gives way, never what happened
        said = self._view.said(row)
        metrics = QFontMetrics(theme.font(style))
        rest = metrics.horizontalAdvance(f" {said}") if said else 0
        title = QRect(words)
        title.setWidth(max(words.width() - rest, 0))
        used = draw_text(
            painter, title, theme, text=isolate(one_line(row.title)), style=style
        )
        words.setLeft(left + used)
        draw_text(painter, words, theme, text=f" {said}" if said else "", style=style)
        below = QRect(left, top + line_height, room, theme.px(18))
        draw_text(
            painter,
            below,
            theme,
            text=self._view.second_line(row),
            style="small",
            token="text.secondary",
        )
        for verb, box in self.buttons(row, rect):
            draw_button(
                painter,
                box,
                theme,
                text=verb.word,
                kind=verb.kind,
                icon=verb.icon,
                hovered=box.contains(self._view.pointer),
            )


class InboxView(QTableView):
    """The list; tells which verb was asked for which rows.

    Attributes
    ----------
    asked : Signal
        Verb and tuple of rows. Beside the verbs of the rows: "seen", "later-evening",
        "later-tomorrow", "only-feed", "only-batch", "mute-feed", "mute-batch",
        "mute-job", and the same with "-day" behind.
    """

    asked = Signal(str, object)

    def __init__(self, context: ViewContext, model: InboxModel) -> None:
        super().__init__()
        self._inbox = model
        self._theme = context.theme
        self.pointer = QPoint(-1, -1)
        self.setObjectName("inbox.list")
        self.setAccessibleName("Inbox")
        self.setModel(model)
        self._delegate = InboxDelegate(context, self)
        self.setItemDelegate(self._delegate)
        of_whole_rows(self)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # a table keeps heights in its header: ten thousand rows are not measured
        across, down = self.horizontalHeader(), self.verticalHeader()
        across.hide()
        across.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        across.setMinimumSectionSize(40)
        down.setMinimumSectionSize(10)
        model.modelReset.connect(self._size_rows)
        model.rowsInserted.connect(lambda _p, first, _l: self._size_heads(first))
        self._size_rows()
        context.theme.changed.connect(self._size_rows)

    @property
    def at_top(self) -> bool:
        """Whether the newest row is in view."""
        return self.verticalScrollBar().value() < self._theme.px(ROW)

    def verbs(self, row: InboxRow) -> tuple[Verb, ...]:
        """Return what can be done with a row."""
        return self._inbox.verbs(row)

    def said(self, row: InboxRow) -> str:
        """Return a row's outcome in words."""
        return self._inbox.said(row)

    def second_line(self, row: InboxRow) -> str:
        """Return what stands under a row's title."""
        return self._inbox.second_line(row)

    def current_row(self) -> InboxRow | None:
        """Return the row with the focus."""
        row = self.currentIndex().data(ROW_ROLE)
        return row if isinstance(row, InboxRow) else None

    def highlighted(self) -> tuple[InboxRow, ...]:
        """Return the highlighted rows from the top, else the one with the focus."""
        found = sorted(self.selectionModel().selectedRows(), key=lambda i: i.row())
        rows = tuple(
            row for i in found if isinstance(row := i.data(ROW_ROLE), InboxRow)
        )
        current = self.current_row()
        return rows or ((current,) if current is not None else ())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Answer the keys of the inbox: D, L, Del, R, X, M, Return."""
        rows = self.highlighted()
        names = KEYS.get(Qt.Key(event.key()))
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if not rows or names is None or not plain:
            super().keyPressEvent(event)
            return
        offered = {verb.name for row in rows for verb in self.verbs(row)} | _ANY
        for name in names:
            if name in offered:
                self._ask(name, rows, self.visualRect(self.currentIndex()))
                break
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Press the button under the pointer."""
        super().mouseReleaseEvent(event)
        spot = event.position().toPoint()
        index = self.indexAt(spot)
        row = index.data(ROW_ROLE)
        if isinstance(row, InboxRow) and event.button() == Qt.MouseButton.LeftButton:
            for verb, box in self._delegate.buttons(row, self.visualRect(index)):
                if box.contains(spot):
                    self._ask(verb.name, (row,), box)
                    return

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show what the outcome is about."""
        row = self.indexAt(event.position().toPoint()).data(ROW_ROLE)
        if isinstance(row, InboxRow):
            self.asked.emit("show", (row,))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Light the button under the pointer."""
        self.pointer = event.position().toPoint()
        self.viewport().update()
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Light nothing."""
        self.pointer = QPoint(-1, -1)
        self.viewport().update()
        super().leaveEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Open the menu of the highlighted rows."""
        rows = self.highlighted()
        if rows:
            self.menu_of(rows).popup(event.globalPos())

    def menu_of(self, rows: tuple[InboxRow, ...]) -> QMenu:
        """Return the menu of rows: their verbs, later, read, only these, mute."""
        menu = QMenu(self)
        menu.setObjectName("inbox.menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def add(to: QMenu, words: str, name: str) -> None:
            action = to.addAction(words)
            action.setObjectName(f"inbox.menu.{name}")
            action.triggered.connect(lambda: self.asked.emit(name, rows))

        seen: list[str] = []
        for verb in (verb for row in rows for verb in self.verbs(row)):
            if verb.name in seen:
                continue
            seen.append(verb.name)
            if verb.name == "later":
                later = menu.addMenu("Later")
                for name, words in LATER:
                    add(later, words, name)
            else:
                add(menu, f"{verb.word}\t{verb.key}", verb.name)
        if "discard" not in seen:
            add(menu, "Discard\tDel", "discard")
        unread = any(row.seen_at is None for row in rows)
        add(menu, "Mark as read\tM" if unread else "Mark as unread\tM", "seen")
        if len(rows) == 1:
            self._add_scopes(menu, rows[0], add)
        return menu

    def _add_scopes(self, menu: QMenu, row: InboxRow, add: _Add) -> None:
        scopes = []
        if row.feed_id is not None:
            scopes.append(("feed", f"feed {row.feed_id}"))
        if row.batch_key:
            scopes.append(("batch", "this batch"))
        menu.addSeparator()
        for scope, words in scopes:
            add(menu, f"Only {words}", f"only-{scope}")
        if row.job_key is not None:
            scopes.append(("job", "this job"))
        if not scopes:
            return
        mute = menu.addMenu("No desktop messages")
        for scope, words in scopes:
            add(mute, f"Of {words}, until tomorrow", f"mute-{scope}-day")
            add(mute, f"Of {words}, until I want them again", f"mute-{scope}")

    def _ask(self, name: str, rows: tuple[InboxRow, ...], box: QRect) -> None:
        if name != "later":
            self.asked.emit(name, rows)
            return
        menu = QMenu(self)
        menu.setObjectName("inbox.later")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for verb, words in LATER:
            action = menu.addAction(words)
            action.setObjectName(f"inbox.later.{verb}")
            action.triggered.connect(
                lambda _on=False, verb=verb: self.asked.emit(verb, rows)
            )
        menu.setActiveAction(menu.actions()[0])
        menu.popup(self.viewport().mapToGlobal(box.bottomLeft()))

    def _size_rows(self) -> None:
        self.verticalHeader().setDefaultSectionSize(self._theme.px(ROW))
        self._size_heads(0)

    def _size_heads(self, first: int) -> None:
        height = self._theme.px(HEAD)
        for number in range(first, self._inbox.rowCount()):
            if isinstance(self._inbox.entry(number), str):
                self.setRowHeight(number, height)
