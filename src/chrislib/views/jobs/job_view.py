"""How the job list is drawn and how it answers pointer and keys."""

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)

from chrislib.jobs.model import Job, JobKey
from chrislib.views.jobs.job_model import (
    ACTIONS,
    GROUP_ROLE,
    JOB_ROLE,
    STATE,
    TIME,
    TITLE,
    JobModel,
)
from chrislib.views.jobs.verbs import Verb, verbs_of
from chrislib.views.jobs.words import (
    FINISHED,
    KIND_ICONS,
    look_of,
    second_line,
    time_text,
)
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paint import (
    button_width,
    draw_button,
    draw_glyph,
    draw_ring,
    draw_row,
    draw_state,
    draw_text,
)

_Index = QModelIndex | QPersistentModelIndex
ROW, HEAD = 48, 32
KEYS = {
    Qt.Key.Key_D: ("get",),
    Qt.Key.Key_L: ("later",),
    Qt.Key.Key_Delete: ("discard",),
    Qt.Key.Key_R: ("retry", "look"),
    Qt.Key.Key_X: ("cancel",),
    Qt.Key.Key_M: ("seen",),
    Qt.Key.Key_Return: ("show", "folder"),
    Qt.Key.Key_Enter: ("show", "folder"),
}


def place_buttons(
    theme: Theme, verbs: tuple[Verb, ...], rect: QRect, *, right: bool
) -> list[tuple[Verb, QRect]]:
    """Return where the buttons of a row are, 24 px high and 8 px apart.

    Parameters
    ----------
    right : bool
        Whether they end at the right edge of `rect`, else they begin at its left.
    """
    height = theme.px(24)
    top = rect.top() + (rect.height() - height) // 2
    widths = [button_width(theme, verb.word, icon=verb.icon) for verb in verbs]
    left = rect.left()
    if right:
        left = rect.right() + 1 - sum(widths) - 8 * (len(widths) - 1)
    places = []
    for verb, width in zip(verbs, widths, strict=True):
        places.append((verb, QRect(left, top, width, height)))
        left += width + 8
    return places


class JobDelegate(QStyledItemDelegate):
    """Group heads 32 px, jobs 48 px; the buttons are in the last column."""

    def __init__(self, theme: Theme, view: "JobView") -> None:
        super().__init__(view)
        self._theme = theme
        self._view = view

    def sizeHint(self, _option: QStyleOptionViewItem, index: _Index) -> QSize:
        """Return the fixed height of a head or a job."""
        head = index.data(GROUP_ROLE) is not None
        return QSize(60, self._theme.px(HEAD if head else ROW))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: _Index
    ) -> None:
        """Draw one cell."""
        job = index.data(JOB_ROLE)
        if not isinstance(job, Job):
            self._paint_head(painter, option.rect, index)
            return
        theme, rect, column = self._theme, option.rect, index.column()
        if self._view.hovered_key == job.key:
            from PySide6.QtWidgets import QStyle

            option.state |= QStyle.StateFlag.State_MouseOver
        draw_row(
            painter,
            option,
            theme,
            first=column == TITLE,
            last=column == ACTIONS,
        )
        now = self._view.now()
        if column == TITLE:
            self._paint_title(painter, rect, job)
        elif column == STATE:
            look = look_of(job, now)
            draw_state(
                painter,
                rect.adjusted(0, 0, -8, -1),
                theme,
                look.key,
                look.text,
                done=look.done,
                total=look.total if not job.phase.terminal else 0,
            )
        elif column == TIME:
            draw_text(
                painter,
                rect.adjusted(0, 0, -8, -1),
                theme,
                text=time_text(job, now),
                style="small",
                token="text.secondary",
                align=Qt.AlignmentFlag.AlignRight,
            )
        else:
            for verb, box in self.buttons(job, rect):
                draw_button(
                    painter,
                    box,
                    theme,
                    text=verb.word,
                    kind=verb.kind,
                    icon=verb.icon,
                    hovered=box.contains(self._view.pointer),
                )

    def buttons(self, job: Job, rect: QRect) -> list[tuple[Verb, QRect]]:
        """Return the buttons of a job in the rectangle of its last cell."""
        room = rect.adjusted(0, 0, -16, -1)
        return place_buttons(self._theme, verbs_of(job), room, right=True)

    def head_link(self, rect: QRect) -> tuple[str, QRect]:
        """Return words and place of "Get all ready", or nothing."""
        count = self._view.ready_count
        if count < 2:
            return "", QRect()
        words = f"Get all ready ({count:,})"
        width = button_width(self._theme, words)
        return words, QRect(rect.right() - width - 6, rect.top() + 4, width, 24)

    def _paint_title(self, painter: QPainter, rect: QRect, job: Job) -> None:
        theme = self._theme
        spot = QPoint(16, rect.top() + (rect.height() - 16) // 2)
        draw_glyph(painter, spot, theme, icon=KIND_ICONS[job.kind], size=16)
        below = second_line(job)
        left, width = 44, rect.right() - 44 - 16
        half = theme.px(20)
        top = rect.top() + (rect.height() - 1 - half - theme.px(17)) // 2
        if not below:
            top = rect.top() + (rect.height() - half) // 2
        draw_text(painter, QRect(left, top, width, half), theme, text=job.title)
        if below:
            line = QRect(left, top + half, width, theme.px(17))
            draw_text(
                painter,
                line,
                theme,
                text=below,
                style="caption",
                token="text.secondary",
            )

    def _paint_head(self, painter: QPainter, rect: QRect, index: _Index) -> None:
        theme = self._theme
        painter.fillRect(rect, theme.color("bg.panel"))
        hair = QRect(rect.left(), rect.bottom(), rect.width(), 1)
        painter.fillRect(hair, theme.color("border.subtle"))
        group = str(index.data(GROUP_ROLE))
        spot = QPoint(16, rect.top() + (rect.height() - 12) // 2)
        arrow = "chevron-down" if self._view.is_open(group) else "chevron-right"
        draw_glyph(painter, spot, theme, icon=arrow, size=12)
        words = QRect(36, rect.top(), rect.width() - 280, rect.height())
        text = str(index.data(Qt.ItemDataRole.DisplayRole))
        wide = draw_text(painter, words, theme, text=text, style="small-strong")
        words.setLeft(36 + wide + 8)
        draw_text(
            painter,
            words,
            theme,
            text=f"{self._view.count_of(group):,}",
            style="small",
            token="text.muted",
        )
        end = QRect(rect.right() - 240, rect.top(), 224, rect.height())
        link, place = self.head_link(rect) if group == FINISHED else ("", QRect())
        if link:
            hovered = place.contains(self._view.pointer)
            draw_button(painter, place, theme, text=link, kind="quiet", hovered=hovered)
        else:
            draw_text(
                painter,
                end,
                theme,
                text=self._view.group_note(group),
                style="caption",
                token="text.muted",
                align=Qt.AlignmentFlag.AlignRight,
            )
        current = self._view.currentIndex()
        if self._view.hasFocus() and current.data(GROUP_ROLE) == group:
            draw_ring(painter, rect, theme)


class JobView(QTreeView):
    """The tree; tells which verb was asked for which job."""

    asked = Signal(str, object)
    get_all_asked = Signal(list)

    def __init__(self, theme: Theme, model: JobModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._jobs = model
        self.now = model._now
        self.pointer = QPoint(-1, -1)
        self.setObjectName("jobs.list")
        self.setAccessibleName("Jobs")
        self._delegate = JobDelegate(theme, self)
        self.setModel(model)
        self.setItemDelegate(self._delegate)
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        self.setIndentation(0)
        self.setExpandsOnDoubleClick(False)
        self.setMouseTracking(True)
        self.setAllColumnsShowFocus(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        header = self.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(40)
        header.setSectionResizeMode(TITLE, QHeaderView.ResizeMode.Stretch)
        for column in (STATE, TIME, ACTIONS):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
        self._theme = theme
        self._widen()
        model.modelReset.connect(self._open_groups)
        self.verticalScrollBar().valueChanged.connect(self._near_end)
        self._open_groups()
        theme.changed.connect(self._widen)

    @property
    def hovered_key(self) -> JobKey | None:
        """The job under the pointer."""
        return self._jobs.hovered

    def current_job(self) -> Job | None:
        """Return the highlighted job."""
        job = self.currentIndex().siblingAtColumn(TITLE).data(JOB_ROLE)
        return job if isinstance(job, Job) else None

    def count_of(self, group: str) -> int:
        """Return the number of jobs in a group."""
        return self._jobs.count_of(group)

    @property
    def ready_count(self) -> int:
        """How many results wait to be got."""
        return self._jobs.ready_count

    def group_note(self, group: str) -> str:
        """Return the words at the end of a group's head."""
        return self._jobs.group_note(group)

    def is_open(self, group: str) -> bool:
        """Return whether a group is unfolded."""
        for row in range(self._jobs.rowCount()):
            index = self._jobs.index(row, 0)
            if index.data(GROUP_ROLE) == group:
                return self.isExpanded(index)
        return False

    def menu_for(self, job: Job) -> QMenu:
        """Return the menu of a row: every verb of its buttons, with its key."""
        menu = QMenu(self)
        menu.setObjectName("jobs.menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for verb in verbs_of(job):
            action = menu.addAction(f"{verb.word}\t{verb.key}")
            action.triggered.connect(
                lambda _on=False, name=verb.name: self.asked.emit(name, job)
            )
        action = menu.addAction("Mark as read\tM")
        action.triggered.connect(lambda: self.asked.emit("seen", job))
        return menu

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Answer the keys of Jobs: D, L, Del, R, X, M, Return."""
        job = self.current_job()
        names = KEYS.get(Qt.Key(event.key()))
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if job is not None and names is not None and plain:
            offered = {verb.name for verb in verbs_of(job)} | {"seen"}
            for name in names:
                if name in offered:
                    self.asked.emit(name, job)
                    break
            event.accept()
            return
        super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Fold a group with one click on its head."""
        index = self.indexAt(event.position().toPoint())
        if index.data(GROUP_ROLE) is not None or (
            index.isValid() and not index.parent().isValid()
        ):
            head = index.siblingAtColumn(0)
            spot = event.position().toPoint()
            if head.data(GROUP_ROLE) == FINISHED:
                words, place = self._delegate.head_link(self.visualRect(head))
                if words and place.contains(spot):
                    self.get_all_asked.emit(self._jobs.ready())
                    return
            self.setExpanded(head, not self.isExpanded(head))
            return
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Press the button under the pointer."""
        spot = event.position().toPoint()
        index = self.indexAt(spot)
        job = index.data(JOB_ROLE)
        super().mouseReleaseEvent(event)
        if not isinstance(job, Job) or event.button() != Qt.MouseButton.LeftButton:
            return
        if index.column() != ACTIONS:
            return
        for verb, box in self._delegate.buttons(job, self.visualRect(index)):
            if box.contains(spot):
                self.asked.emit(verb.name, job)
                return

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show the job's thing."""
        index = self.indexAt(event.position().toPoint())
        job = index.data(JOB_ROLE)
        if isinstance(job, Job) and index.column() != ACTIONS:
            self.asked.emit("show", job)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Note what is under the pointer; rows there do not move."""
        self.pointer = event.position().toPoint()
        job = self.indexAt(self.pointer).data(JOB_ROLE)
        self._hover(job.key if isinstance(job, Job) else None)
        self.viewport().update()
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Let rows move again."""
        self.pointer = QPoint(-1, -1)
        self._hover(None)
        self.viewport().update()
        super().leaveEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Open the row's menu."""
        job = self.current_job()
        if job is not None:
            self.menu_for(job).popup(event.globalPos())

    def _hover(self, key: JobKey | None) -> None:
        if self._jobs.hovered != key:
            self._jobs.hovered = key
            self._jobs.settle()

    def _widen(self) -> None:
        for column, width in ((STATE, 216), (TIME, 96), (ACTIONS, 244)):
            self.header().resizeSection(column, self._theme.px(width))
        self.doItemsLayout()

    def _near_end(self, value: int) -> None:
        bar = self.verticalScrollBar()
        if value > bar.maximum() - self.viewport().height():
            self._jobs.show_more()

    def _open_groups(self) -> None:
        for row in range(self._jobs.rowCount()):
            self.setFirstColumnSpanned(row, QModelIndex(), True)
            self.expand(self._jobs.index(row, 0))
