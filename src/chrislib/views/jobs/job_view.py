"""The job list: pointer, keys, menu; it stays where the person left it."""

from collections.abc import Iterable

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QPoint,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QContextMenuEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
)
from PySide6.QtWidgets import (
    QHeaderView,
    QMenu,
    QTableView,
    QWidget,
)

from chrislib.jobs.model import Job, JobKey
from chrislib.shown import one_line
from chrislib.views.jobs import batches, job_menus
from chrislib.views.jobs.arrange import HEAD
from chrislib.views.jobs.job_delegate import (
    HEAD_ROW,
    ROW,
    JobDelegate,
    place_buttons,
)
from chrislib.views.jobs.job_follow import Follower
from chrislib.views.jobs.job_model import JobModel
from chrislib.views.jobs.job_rows import ACTIONS, STATE, TIME, TITLE
from chrislib.views.jobs.verbs import verbs_of
from chrislib.views.jobs.words import FINISHED, GROUPS, look_of, second_line
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.row_table import of_whole_rows

__all__ = ["KEYS", "JobView", "place_buttons"]

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
_FOLD_KEYS = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)
_SELECT = QItemSelectionModel.SelectionFlag


class JobView(QTableView):
    """The list; tells which verb was asked for which job."""

    asked = Signal(str, object)
    """One job's verb: name and job."""
    many_asked = Signal(str, list)
    """A verb for every highlighted job: name and jobs."""
    batch_asked = Signal(str, str)
    """A batch's verb: name and batch key."""
    get_all_asked = Signal(list)
    highlighted = Signal()
    """Another job, or other jobs, are highlighted now."""

    def __init__(self, theme: Theme, model: JobModel, parent: QWidget) -> None:
        super().__init__(parent)
        self.jobs = model
        self._theme = theme
        self.pointer = QPoint(-1, -1)
        self._anchors: list[tuple[str, int]] = []
        self._kept: tuple[str, list[JobKey]] = ("", [])
        self._heads: list[int] = []
        self.setObjectName("jobs.list")
        self.setAccessibleName("Jobs")
        self._delegate = JobDelegate(theme, self)
        self.setItemDelegate(self._delegate)
        of_whole_rows(self)
        self._dress_headers(model)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # Qt would scroll to wherever a change has put the current row
        self.setAutoScroll(False)
        model.modelAboutToBeReset.connect(self._keep)
        model.modelReset.connect(self._bring_back)
        self._follower = Follower(self)
        model.shifting.connect(self._shifting)
        model.shifted.connect(self._shifted)
        selection = self.selectionModel()
        selection.currentChanged.connect(lambda _new, _old: self._tell())
        selection.selectionChanged.connect(lambda _new, _old: self._tell())
        theme.changed.connect(self._measure)

    # -- what is highlighted -------------------------------------------------

    @property
    def hovered_name(self) -> str:
        """The job or head under the pointer."""
        return self.jobs.hovered or ""

    def is_selected(self, row: int) -> bool:
        """Return whether a row is highlighted."""
        return self.selectionModel().isSelected(self.jobs.index(row, TITLE))

    def current_job(self) -> Job | None:
        """Return the highlighted job that has the focus."""
        index = self.currentIndex()
        if not index.isValid():
            return None
        name = self.jobs.name_at(index.row())
        return None if name.startswith(HEAD) else self.jobs.read(JobKey(name))

    def selected_keys(self) -> list[JobKey]:
        """Return every highlighted job, in the order of the list."""
        chosen = self.selectionModel().selection()
        parts = [chosen.at(number) for number in range(chosen.size())]
        ranges = sorted((part.top(), part.bottom()) for part in parts)
        found: list[JobKey] = []
        for first, last in ranges:
            found.extend(self.jobs.keys_between(first, last))
        return found

    def selected_jobs(self) -> list[Job]:
        """Return every highlighted job as it is now."""
        found = (self.jobs.read(key) for key in self.selected_keys())
        return [job for job in found if job is not None]

    def show_job(self, key: JobKey) -> bool:
        """Highlight a job and scroll to it; False when it is not in the list."""
        self.jobs.reveal(key)
        return self.show_row(key)

    def show_row(self, name: str) -> bool:
        """Go to a job or head that is not folded away; False when it is not there."""
        row = self.jobs.row_of(name)
        if row < 0:
            return False
        index = self.jobs.index(row, TITLE)
        self.selectionModel().setCurrentIndex(
            index, _SELECT.ClearAndSelect | _SELECT.Rows
        )
        self.scrollTo(index)
        return True

    def menu_for(self, job: Job) -> QMenu:
        """Return the menu of a row: every verb of its buttons, with its key."""
        return job_menus.menu_for(self, job)

    def copy(self) -> None:
        """Put what is highlighted on the clipboard, a line each."""
        now = self.jobs.now()
        lines = []
        for job in self.selected_jobs():
            parts = (
                one_line(job.title),
                f"feed {job.feed_id}" if job.feed_id is not None else "",
                look_of(job, now).text,
                second_line(job),
            )
            lines.append("\t".join(parts))
        if lines:
            QGuiApplication.clipboard().setText("\n".join(lines))

    # -- events --------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Answer the keys of Jobs: D, L, Del, R, X, M, Return, and folding."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
            event.accept()
            return
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            super().keyPressEvent(event)
            return
        row = self.currentIndex().row()
        name = self.jobs.name_at(row) if row >= 0 else ""
        head = name.startswith(HEAD)
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            # of a table they go to the ends of the row
            last = self.jobs.rowCount() - 1
            end = 0 if key is Qt.Key.Key_Home else last
            self.setCurrentIndex(self.jobs.index(end, TITLE))
            self.scrollTo(self.currentIndex())
            event.accept()
            return
        names = KEYS.get(key)
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            if head and self.jobs.is_open(row) == (key is Qt.Key.Key_Left):
                self.jobs.toggle(row)
            event.accept()
        elif head and (verb := batches.verb_of_key(self.jobs.batches, name, key)):
            self.batch_asked.emit(*verb)
            event.accept()
        elif head and key in _FOLD_KEYS:
            self.jobs.toggle(row)
            event.accept()
        elif names is not None and self._press_key(names):
            event.accept()
        else:
            super().keyPressEvent(event)

    def _press_key(self, names: tuple[str, ...]) -> bool:
        """Do the first of some verbs that is offered; False without a job."""
        many = self.selected_jobs()
        if len(many) > 1:
            self.many_asked.emit(names[0], many)
            return True
        job = self.current_job()
        if job is None:
            return False
        offered = {verb.name for verb in verbs_of(job)} | {"seen"}
        found = next((name for name in names if name in offered), None)
        if found is not None:
            self.asked.emit(found, job)
        return True

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Fold with one click on a head; a click on a button highlights nothing."""
        spot = event.position().toPoint()
        index = self.indexAt(spot)
        if not index.isValid():
            super().mousePressEvent(event)
            return
        row = index.row()
        group, entry = self.jobs.at(row)
        if entry is None and GROUPS[group] == FINISHED:
            words, place = self._delegate.head_link(self._whole(row))
            if words and place.contains(spot):
                self.get_all_asked.emit(self.jobs.ready())
                return
        if event.button() != Qt.MouseButton.LeftButton:
            # the menu acts on what is highlighted, if the click is within
            if entry is not None and not self.is_selected(row):
                super().mousePressEvent(event)
            return
        if entry is None:
            self.jobs.toggle(row)
            return
        if entry[3].startswith(HEAD):
            if not self._batch_button(row, entry[3], spot):
                self.jobs.toggle(row)
            return
        if self._button_at(row, spot) is None:
            super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Press the button under the pointer."""
        spot = event.position().toPoint()
        index = self.indexAt(spot)
        super().mouseReleaseEvent(event)
        if not index.isValid() or event.button() != Qt.MouseButton.LeftButton:
            return
        found = self._button_at(index.row(), spot)
        if found is not None:
            self.asked.emit(*found)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show the job's thing."""
        spot = event.position().toPoint()
        index = self.indexAt(spot)
        if not index.isValid() or index.column() == ACTIONS:
            return
        name = self.jobs.name_at(index.row())
        job = None if name.startswith(HEAD) else self.jobs.read(JobKey(name))
        if job is not None:
            self.asked.emit("show", job)
        elif batch := batches.key_of(name):
            # the first of the two clicks has folded it
            self.jobs.toggle(index.row())
            self.batch_asked.emit("show", batch)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Note what is under the pointer; rows there do not move."""
        self.pointer = event.position().toPoint()
        index = self.indexAt(self.pointer)
        self._hover(self.jobs.name_at(index.row()) if index.isValid() else "")
        self.viewport().update()
        if event.buttons():
            super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Let rows move again."""
        self.pointer = QPoint(-1, -1)
        self._hover("")
        self.viewport().update()
        super().leaveEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Open the row's menu: at the pointer, or asked for with a key, at the row."""
        spot = event.globalPos()
        row = self.currentIndex().row()
        if event.reason() is QContextMenuEvent.Reason.Keyboard and row >= 0:
            rect = self._whole(row)
            beside = QPoint(self._theme.px(44), rect.bottom())
            spot = self.viewport().mapToGlobal(beside)
        job = self.current_job()
        batch = batches.key_of(self.jobs.name_at(row)) if row >= 0 else ""
        if job is not None:
            self.menu_for(job).popup(spot)
        elif batch:
            job_menus.menu_for_batch(self, batch).popup(spot)

    # -- staying in place ----------------------------------------------------

    def _keep(self) -> None:
        """Note what is highlighted before all rows are laid out anew."""
        index = self.currentIndex()
        name = self.jobs.name_at(index.row()) if index.isValid() else ""
        self._kept = (name, self.selected_keys())
        self._heads = [self.jobs.row_of(f"{HEAD}{group}") for group in GROUPS]
        self._note_place()

    def _bring_back(self) -> None:
        """Highlight and show what was highlighted and shown before."""
        header = self.verticalHeader()
        for row in self._heads:
            # Qt keeps the heights of rows by their numbers
            if row < header.count():
                header.resizeSection(row, self._theme.px(ROW))
        self._measure()
        name, keys = self._kept
        rows = sorted(row for key in keys if (row := self.jobs.row_of(key)) >= 0)
        selection = QItemSelection()
        first = last = -2
        for row in (*rows, -9):
            if row == last + 1:
                last = row
                continue
            if first >= 0:
                selection.select(
                    self.jobs.index(first, TITLE), self.jobs.index(last, ACTIONS)
                )
            first = last = row
        current = self.jobs.row_of(name) if name else -1
        if current >= 0:
            at = self.jobs.index(current, TITLE)
            self.selectionModel().setCurrentIndex(at, _SELECT.NoUpdate)
        if not selection.isEmpty():
            self.selectionModel().select(selection, _SELECT.ClearAndSelect)
        self.updateGeometries()  # Qt would find out later how far there is to scroll
        self._hold_place(())

    def _shifting(self, moved: Iterable[JobKey]) -> None:
        self._note_place()
        self._follower.before(moved)

    def _shifted(self, moved: object) -> None:
        if not self.jobs.laying_out:
            self._follower.after()
        self._hold_place(moved)

    def _note_place(self) -> None:
        """Remember which rows are seen, and where."""
        self._anchors = []
        if self.verticalScrollBar().value() == 0:
            # at the top one sees what comes
            return
        row = self.rowAt(0)
        bottom = self.viewport().height()
        while 0 <= row < self.jobs.rowCount():
            y = self.rowViewportPosition(row)
            if y > bottom:
                break
            name = self.jobs.name_at(row)
            # a feed may have a head in each group: jobs are there once
            if not name.startswith(HEAD):
                self._anchors.append((name, y))
            row += 1

    def _hold_place(self, moved: object) -> None:
        """Scroll so that the first row that has stayed is seen where it was."""
        gone = moved if isinstance(moved, (set, frozenset, tuple)) else set(moved)  # type: ignore[call-overload]
        anchors, self._anchors = self._anchors, []
        for name, y in anchors:
            row = -1 if name in gone else self.jobs.row_of(name)
            if row >= 0:
                self.updateGeometries()
                place = self.verticalHeader().sectionPosition(row) - y
                self.verticalScrollBar().setValue(place)
                return

    # -- inside --------------------------------------------------------------

    def _tell(self) -> None:
        if not self.jobs.laying_out and not self._follower.moving:
            self.highlighted.emit()

    def _whole(self, row: int) -> QRect:
        rect = self.visualRect(self.jobs.index(row, TITLE))
        return QRect(0, rect.top(), self.viewport().width(), rect.height())

    def _button_at(self, row: int, spot: QPoint) -> tuple[str, Job] | None:
        name = self.jobs.name_at(row)
        job = None if name.startswith(HEAD) else self.jobs.read(JobKey(name))
        if job is None:
            return None
        rect = self.visualRect(self.jobs.index(row, ACTIONS))
        for verb, box in self._delegate.buttons(job, rect):
            if box.contains(spot):
                return verb.name, job
        return None

    def _batch_button(self, row: int, name: str, spot: QPoint) -> bool:
        rect = self.visualRect(self.jobs.index(row, ACTIONS))
        for verb, box in self._delegate.batch_buttons(name, rect):
            if box.contains(spot):
                self.batch_asked.emit(verb.name, batches.key_of(name))
                return True
        return False

    def _hover(self, name: str) -> None:
        if (self.jobs.hovered or "") != name:
            self.jobs.hovered = JobKey(name) if name else None
            self.jobs.settle()

    def _dress_headers(self, model: JobModel) -> None:
        self.setModel(model)
        rows, columns = self.verticalHeader(), self.horizontalHeader()
        rows.setMinimumSectionSize(8)
        columns.hide()
        columns.setStretchLastSection(False)
        columns.setMinimumSectionSize(40)
        columns.setSectionResizeMode(TITLE, QHeaderView.ResizeMode.Stretch)
        for column in (STATE, TIME, ACTIONS):
            columns.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
        self._measure()

    def _measure(self) -> None:
        """Give rows and columns their sizes; only the three heads are lower."""
        self.viewport().update()
        px = self._theme.px
        rows = self.verticalHeader()
        if rows.defaultSectionSize() != px(ROW):
            rows.setDefaultSectionSize(px(ROW))
        for group in GROUPS:
            rows.resizeSection(self.jobs.row_of(f"{HEAD}{group}"), px(HEAD_ROW))
        for column, width in ((STATE, 216), (TIME, 104), (ACTIONS, 244)):
            self.horizontalHeader().resizeSection(column, px(width))
