"""Inbox: every outcome that waits to be seen, until it was got or discarded."""

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QListView,
    QMenu,
    QStackedWidget,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from chrislib.jobs.model import InboxRow, JobChange
from chrislib.views.context import ViewContext
from chrislib.views.jobs.job_view import KEYS, place_buttons
from chrislib.views.jobs.verbs import JobVerbs, Verb, verbs_of_row
from chrislib.views.jobs.words import when
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.paint import (
    draw_button,
    draw_glyph,
    draw_row,
    draw_text,
)
from chrislib.views.widgets.state_view import StateView
from chrislib.views.widgets.text import Label, line

_Index = QModelIndex | QPersistentModelIndex
ROW = 96
ROW_ROLE = int(Qt.ItemDataRole.UserRole)
_LOOKS = {
    "READY": ("circle-check", "state.ready"),
    "ERRORS": ("triangle-alert", "state.errors"),
    "FAILED": ("circle-x", "state.failed"),
    "CANCELLED_EXTERNALLY": ("ban", "state.cancelled"),
    "AUTH": ("triangle-alert", "state.errors"),
    "SUBMIT_UNCERTAIN": ("triangle-alert", "state.errors"),
}


class InboxModel(QAbstractListModel):
    """The rows as the catalog gave them, newest first."""

    def __init__(self, parent: QWidget, context: ViewContext) -> None:
        super().__init__(parent)
        self._context = context
        self.rows: tuple[InboxRow, ...] = ()

    def rowCount(
        self, parent: QModelIndex | QPersistentModelIndex | None = None
    ) -> int:
        """Return the number of rows."""
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def data(self, index: _Index, role: int = 0) -> object:
        """Return the row under `ROW_ROLE`, and its words."""
        if not 0 <= index.row() < len(self.rows):
            return None
        row = self.rows[index.row()]
        if role == ROW_ROLE:
            return row
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            new = "unread" if row.seen_at is None else ""
            return ", ".join(part for part in (row.title, row.text, new) if part)
        if role == Qt.ItemDataRole.ToolTipRole:
            from chrislib.views.widgets.text import plain_tooltip

            return plain_tooltip(f"{row.title}\n{row.text}")
        return None

    def verbs(self, row: InboxRow) -> tuple[Verb, ...]:
        """Return what can be done with a row now."""
        jobs = self._context.jobs
        job = jobs.get(row.job_key) if row.job_key is not None else None
        return verbs_of_row(row, job)

    def show_rows(self, rows: tuple[InboxRow, ...]) -> None:
        """Show other rows; in place when they are the same ones."""
        if [r.dedupe_key for r in rows] == [r.dedupe_key for r in self.rows]:
            self.rows = rows
            if rows:
                self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
            return
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()


class InboxDelegate(QStyledItemDelegate):
    """Dot, glyph, title, text and buttons; 96 px."""

    def __init__(self, context: ViewContext, view: "InboxView") -> None:
        super().__init__(view)
        self._theme = context.theme
        self._now = context.now
        self._view = view

    def sizeHint(self, _option: QStyleOptionViewItem, _index: _Index) -> QSize:
        """Return the fixed height."""
        return QSize(200, self._theme.px(ROW))

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
        self, painter: QPainter, option: QStyleOptionViewItem, index: _Index
    ) -> None:
        """Draw one outcome."""
        row = index.data(ROW_ROLE)
        if not isinstance(row, InboxRow):
            return
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
        draw_text(painter, words, theme, text=row.title, style=style)
        below = QRect(left, top + line_height, room, theme.px(18))
        draw_text(
            painter,
            below,
            theme,
            text=row.text,
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


class InboxView(QListView):
    """The list; tells which verb was asked for which row."""

    asked = Signal(str, object)

    def __init__(self, context: ViewContext, model: InboxModel) -> None:
        super().__init__()
        self._inbox = model
        self.pointer = QPoint(-1, -1)
        self.setObjectName("inbox.list")
        self.setAccessibleName("Inbox")
        self.setModel(model)
        self._delegate = InboxDelegate(context, self)
        self.setItemDelegate(self._delegate)
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        context.theme.changed.connect(self.doItemsLayout)

    def verbs(self, row: InboxRow) -> tuple[Verb, ...]:
        """Return what can be done with a row."""
        return self._inbox.verbs(row)

    def current_row(self) -> InboxRow | None:
        """Return the highlighted row."""
        row = self.currentIndex().data(ROW_ROLE)
        return row if isinstance(row, InboxRow) else None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Answer the keys of the inbox: D, L, Del, R, X, M, Return."""
        row = self.current_row()
        names = KEYS.get(Qt.Key(event.key()))
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if row is None or names is None or not plain:
            super().keyPressEvent(event)
            return
        offered = {verb.name for verb in self.verbs(row)} | {"seen", "discard", "show"}
        for name in names:
            if name in offered:
                self.asked.emit(name, row)
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
                    self.asked.emit(verb.name, row)
                    return

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show what the outcome is about."""
        row = self.indexAt(event.position().toPoint()).data(ROW_ROLE)
        if isinstance(row, InboxRow):
            self.asked.emit("show", row)

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
        """Open the row's menu."""
        row = self.current_row()
        if row is None:
            return
        menu = QMenu(self)
        menu.setObjectName("inbox.menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for verb in self.verbs(row):
            action = menu.addAction(f"{verb.word}\t{verb.key}")
            action.triggered.connect(
                lambda _on=False, name=verb.name: self.asked.emit(name, row)
            )
        action = menu.addAction("Mark as read\tM")
        action.triggered.connect(lambda: self.asked.emit("seen", row))
        menu.popup(event.globalPos())


class InboxPane(QWidget):
    """The inbox beside the job list."""

    def __init__(self, context: ViewContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.setObjectName("inbox")
        self.setAccessibleName("Inbox")
        self.setProperty("surface", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        theme = context.theme
        self._tasks = context.tasks("inbox")
        self._verbs = JobVerbs(context, self._tasks, lambda _key: None)
        self.model = InboxModel(self, context)
        self.view = InboxView(context, self.model)
        self.view.asked.connect(self._do)
        self._unread = Label(
            theme, style="caption", token="text.muted", name="inbox.unread"
        )
        self._all_read = button(
            theme, "Mark all read", kind="quiet", name="inbox.all-read", small=True
        )
        self._all_read.clicked.connect(self._mark_all)
        self._empty = StateView(
            theme,
            "bell",
            "Nothing waits for you",
            "Results and failures are put here when they come.",
        )
        head = QHBoxLayout()
        head.setContentsMargins(16, 0, 8, 0)
        head.setSpacing(8)
        head.addWidget(Label(theme, "Inbox", style="section", name="inbox.title"))
        head.addWidget(self._unread)
        head.addStretch(1)
        head.addWidget(self._all_read)
        bar = QWidget()
        bar.setFixedHeight(theme.px(55))
        bar.setLayout(head)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.view)
        self._stack.addWidget(self._empty)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(bar)
        whole.addWidget(line())
        whole.addWidget(self._stack, 1)
        self.setFocusProxy(self.view)
        context.job_feed.inboxChanged.connect(self.refresh)
        context.job_feed.changed.connect(self._jobs_changed)
        self._show(())
        self.refresh()

    def refresh(self) -> None:
        """Read the inbox again."""
        self._tasks.start(
            self._context.jobs.inbox(), name="read inbox", done=self._show
        )

    def shutdown(self) -> None:
        """Cancel what the pane asked for."""
        self._tasks.cancel_all()

    def _show(self, rows: tuple[InboxRow, ...]) -> None:
        current = self.view.current_row()
        self.model.show_rows(rows)
        if current is not None:
            for number, row in enumerate(rows):
                if row.dedupe_key == current.dedupe_key:
                    self.view.setCurrentIndex(self.model.index(number))
        unread = sum(1 for row in rows if row.seen_at is None)
        self._unread.setText(f"{unread:,} unread" if unread else "")
        self._all_read.setVisible(unread > 0)
        self._stack.setCurrentIndex(0 if rows else 1)

    def _jobs_changed(self, changes: tuple[JobChange, ...]) -> None:
        keys = {row.job_key for row in self.model.rows}
        if any(change.after.key in keys for change in changes):
            self.view.viewport().update()

    def _mark_all(self) -> None:
        async def mark() -> None:
            for row in self.model.rows:
                if row.seen_at is None:
                    await self._context.jobs.act(row.dedupe_key, "seen")

        self._tasks.start(mark(), name="mark all read")

    def _do(self, name: str, row: InboxRow) -> None:
        jobs = self._context.jobs
        job = jobs.get(row.job_key) if row.job_key is not None else None
        self._verbs.do(name, job=job, row=row)
