"""The toolbar of My Library: view, search, sort, size of the pictures."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QActionGroup,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSizePolicy,
    QSlider,
    QWidget,
)

from chrislib.library.mine.model import Column, Level, Sort
from chrislib.views.library.mine.grid import LARGEST, SMALLEST, USUAL
from chrislib.views.library.mine.keys import keeps_escape
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import Field, Segments
from chrislib.views.widgets.paint import draw_glyph, draw_text
from chrislib.views.widgets.text import plain_tooltip

GRID, LIST, PEOPLE = "grid", "list", "people"
VIEWS = (GRID, LIST, PEOPLE)
_LOUPE, _COMPARE = "loupe", "compare"
_SEGMENTS = (
    (GRID, "Grid", "layout-grid", "Pictures (G)"),
    (LIST, "List", "list", "Rows with every column (J)"),
    (PEOPLE, "Patients", "users", "Patients with their studies in time"),
    (_LOUPE, "Loupe", "maximize", "Look at the highlighted one (E)"),
    (_COMPARE, "Compare", "columns-2", "The two highlighted ones side by side (C)"),
)
_WAIT_MS = 120
"""Typing is searched for when it has stopped for so long."""

_DAYS = ("newest first", "oldest first")
_LETTERS = ("Z to A", "A to Z")
_AMOUNTS = ("most first", "fewest first")
_WAYS: Mapping[Column, tuple[str, tuple[str, str]]] = {
    # column: words, descending and ascending
    Column.STUDY_DATE: ("Study date", _DAYS),
    Column.ADDED: ("Added", _DAYS),
    Column.NAME: ("Patient", _LETTERS),
    Column.PATIENT_ID: ("Patient ID", _LETTERS),
    Column.BIRTH_DATE: ("Born", ("youngest first", "oldest first")),
    Column.SEX: ("Sex", _LETTERS),
    Column.STUDY: ("Study", _LETTERS),
    Column.ACCESSION: ("Accession", _LETTERS),
    Column.AGE: ("Age at scan", ("oldest first", "youngest first")),
    Column.MODALITY: ("Modality", _LETTERS),
    Column.TITLE: ("Name", _LETTERS),
    Column.NUMBER: ("Number", ("highest first", "lowest first")),
    Column.BODY_PART: ("Body part", _LETTERS),
    Column.STATION: ("Station", _LETTERS),
    Column.STUDIES: ("Studies", _AMOUNTS),
    Column.SERIES: ("Series", _AMOUNTS),
    Column.IMAGES: ("Images", _AMOUNTS),
    Column.SIZE: ("Size", ("largest first", "smallest first")),
    Column.FEEDS: ("Feeds", _AMOUNTS),
    Column.STARS: ("Stars", _AMOUNTS),
    Column.FLAG: ("Flag", ("picked first", "rejected first")),
    Column.LABEL: ("Label", ("blue first", "red first")),
    Column.SOURCE: ("Source", _LETTERS),
    Column.PLACE: ("Place", _LETTERS),
    Column.STATE: ("State", ("needs you last", "needs you first")),
    Column.MANUAL: ("Own order", ("last first", "first first")),
}
_DOWN = frozenset(column for column, (_, ways) in _WAYS.items() if ways is not _LETTERS)
"""What begins with the largest or newest when it is chosen."""
_SERIES = (
    Column.STUDY_DATE,
    Column.ADDED,
    Column.NAME,
    Column.TITLE,
    Column.MODALITY,
    Column.IMAGES,
    Column.SIZE,
    Column.STARS,
    Column.FLAG,
    Column.LABEL,
)
_STUDIES = (
    Column.STUDY_DATE,
    Column.ADDED,
    Column.NAME,
    Column.STUDY,
    Column.MODALITY,
    Column.SERIES,
    Column.IMAGES,
)
_PATIENTS = (
    Column.STUDY_DATE,
    Column.ADDED,
    Column.NAME,
    Column.PATIENT_ID,
    Column.BIRTH_DATE,
    Column.STUDIES,
    Column.SERIES,
    Column.IMAGES,
)


def sorts_of(level: Level) -> tuple[Column, ...]:
    """Return what the menu offers to sort rows of a level by."""
    return {Level.PATIENT: _PATIENTS, Level.STUDY: _STUDIES}.get(level, _SERIES)


def usual_sort(by: Column) -> Sort:
    """Return the way round a column is sorted when it is first chosen."""
    return Sort(by, descending=by in _DOWN)


class Search(Field):
    """The search field; Esc empties it, Down and Return go to the list."""

    left = Signal()

    def event(self, event: QEvent) -> bool:
        """Keep Esc while there is something to empty."""
        if self.text() and keeps_escape(event):
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave for the list with Down or Return, empty with Esc."""
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.left.emit()
        elif event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)


class SortButton(QAbstractButton):
    """The order in words, as high as the search field."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setObjectName("mine.sort")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """Return room for glyphs and words."""
        return QSize(self._theme.width("small", self.text()) + 60, self._theme.px(28))

    def minimumSizeHint(self) -> QSize:
        """Return the hint: the words are never cut."""
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw edge, glyphs and words."""
        theme = self._theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        focus = self.hasFocus()
        edge = theme.color("border.focus" if focus else "border.control")
        painter.setPen(QPen(edge, 2 if focus else 1))
        lit = self.underMouse() or self.isDown()
        painter.setBrush(theme.color("bg.hover") if lit else Qt.BrushStyle.NoBrush)
        off = 1.0 if focus else 0.5
        box = QRectF(self.rect()).adjusted(off, off, -off, -off)
        painter.drawRoundedRect(box, 4, 4)
        middle = self.height() // 2
        spot = QPoint(10, middle - 7)
        draw_glyph(painter, spot, theme, icon="arrow-up-down", size=14)
        spot = QPoint(self.width() - 24, middle - 7)
        draw_glyph(painter, spot, theme, icon="chevron-down", size=14)
        words = self.rect().adjusted(31, 0, -26, 0)
        draw_text(painter, words, theme, text=self.text(), style="small")
        painter.end()


class Toolbar(QWidget):
    """View switch, search, sort and size."""

    view_chosen = Signal(str)
    acted = Signal(str)
    """ "E" or "C": Loupe or Compare was pressed."""
    searched = Signal(str)
    search_left = Signal()
    sort_chosen = Signal(object)
    sized = Signal(int)
    studies_turned = Signal(bool)
    """Each patient's oldest study is to come first, or the newest."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._sort = Sort()
        self._sorts = sorts_of(Level.ALL)
        self._amount = ""
        self._people = False
        self._oldest = False
        self.setObjectName("mine.toolbar")
        self._views = Segments(theme, [one[:3] for one in _SEGMENTS], name="mine.view")
        for key, _words, _icon, tip in _SEGMENTS:
            piece = self._views.findChild(QWidget, f"mine.view.{key}")
            if isinstance(piece, QWidget):
                piece.setToolTip(tip)
        self._field = Search(
            theme,
            "Search",
            name="mine.search",
            icon="search",
            small=True,
            label="Search My Library",
        )
        self._field.setClearButtonEnabled(True)
        self._field.setMinimumWidth(theme.px(132))
        self._sorting = SortButton(theme)
        self._small, self._large = QLabel(), QLabel()
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setObjectName("mine.size")
        self._slider.setAccessibleName("Size of the pictures")
        self._slider.setToolTip("Size of the pictures (Ctrl+wheel)")
        self._slider.setRange(SMALLEST, LARGEST)
        self._slider.setSingleStep(8)
        self._slider.setPageStep(32)
        self._slider.setValue(USUAL)
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(_WAIT_MS)
        self._build()
        self._connect()
        self._dress()
        self.show_sort(self._sort)

    @property
    def text(self) -> str:
        """What is searched for."""
        return self._field.text().strip()

    @property
    def sort(self) -> Sort:
        """The order shown."""
        return self._sort

    def focus_search(self) -> None:
        """Put the cursor into the search field."""
        self._field.setFocus()
        self._field.selectAll()

    def show_text(self, text: str) -> None:
        """Show a text without searching for it."""
        self._field.blockSignals(True)
        self._field.setText(text)
        self._field.blockSignals(False)
        self._wait.stop()

    def show_view(self, view: str) -> None:
        """Show which view is in front; only the grid has a size."""
        self._views.choose(view)
        for piece in (self._small, self._slider, self._large):
            piece.setVisible(view == GRID)
        self._people = view == PEOPLE

    def show_amount(self, words: str) -> None:
        """Say how much the search goes through."""
        self._amount = words
        self._say_amount()

    def _say_amount(self) -> None:
        whole = f"Search {self._amount}".rstrip()
        room = self._field.width() - self._theme.px(56)
        fits = self._theme.width("small", whole) <= room
        self._field.setPlaceholderText(whole if fits else "Search")

    def show_sort(self, sort: Sort) -> None:
        """Show the order."""
        self._sort = sort
        words, ways = _WAYS[sort.by]
        way = ways[0] if sort.descending else ways[1]
        self._sorting.setText(f"{words}, {way.removesuffix(' first')}")
        self._sorting.updateGeometry()
        self._sorting.setToolTip(plain_tooltip(f"Order: {words}, {way}"))
        self._sorting.setAccessibleName(f"Order: {words}, {way}")

    def show_level(self, level: Level, *, ordered: bool) -> None:
        """Offer the orders of a level; `ordered` also the own one of a collection."""
        own = (Column.MANUAL,) if ordered else ()
        self._sorts = (*own, *sorts_of(level))

    def show_size(self, side: int) -> None:
        """Show the size of the pictures without telling of it."""
        self._slider.blockSignals(True)
        self._slider.setValue(side)
        self._slider.blockSignals(False)

    def set_able(self, *, loupe: bool, compare: bool) -> None:
        """Enable what can be done with the highlighted ones."""
        for key, able in ((_LOUPE, loupe), (_COMPARE, compare)):
            piece = self._views.findChild(QWidget, f"mine.view.{key}")
            if isinstance(piece, QWidget):
                piece.setEnabled(able)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the slider what is left over."""
        super().resizeEvent(event)
        wide = event.size().width() > self._theme.px(1000)
        self._slider.setFixedWidth(self._theme.px(128 if wide else 72))
        QTimer.singleShot(0, self, self._say_amount)

    def _build(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 16, 8)
        row.setSpacing(12)
        row.addWidget(self._views)
        row.addWidget(self._field, 1)
        row.addWidget(self._sorting)
        sizes = QHBoxLayout()
        sizes.setSpacing(6)
        for piece in (self._small, self._slider, self._large):
            sizes.addWidget(piece)
        row.addLayout(sizes)

    def _connect(self) -> None:
        self._views.chosen.connect(self._choose_view)
        self._field.textChanged.connect(lambda _text: self._wait.start())
        self._field.left.connect(self._leave_search)
        self._wait.timeout.connect(lambda: self.searched.emit(self.text))
        self._sorting.clicked.connect(self._choose_sort)
        self._slider.valueChanged.connect(self.sized)
        self._theme.changed.connect(self._dress)

    def _leave_search(self) -> None:
        if self._wait.isActive():
            self._wait.stop()
            self.searched.emit(self.text)
        self.search_left.emit()

    def _choose_view(self, key: str) -> None:
        if key in (_LOUPE, _COMPARE):
            self.acted.emit("E" if key == _LOUPE else "C")
        else:
            self.view_chosen.emit(key)

    def _choose_sort(self) -> None:
        menu = QMenu(self)
        menu.setObjectName("mine.sort.menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        now = self._sort
        shown = self._sorts if now.by in self._sorts else (*self._sorts, now.by)
        choices = [(_WAYS[by][0], usual_sort(by), by == now.by) for by in shown]
        self._add(menu, choices)
        menu.addSeparator()
        down, up = (way.capitalize() for way in _WAYS[now.by][1])
        self._add(
            menu,
            [
                (down, Sort(now.by, descending=True), now.descending),
                (up, Sort(now.by, descending=False), not now.descending),
            ],
        )
        if self._people:
            menu.addSeparator()
            self._add_turns(menu)
        corner = QPoint(0, self._sorting.height() + 2)
        menu.popup(self._sorting.mapToGlobal(corner))

    def _add(self, menu: QMenu, choices: Sequence[tuple[str, Sort, bool]]) -> None:
        group = QActionGroup(menu)
        for text, sort, now in choices:
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(now)
            action.setActionGroup(group)
            action.triggered.connect(lambda _on=False, one=sort: self._chose(one))

    def _add_turns(self, menu: QMenu) -> None:
        group = QActionGroup(menu)
        words = ("Newest study first", "Oldest study first")
        for text, oldest in zip(words, (False, True), strict=True):
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(oldest == self._oldest)
            action.setActionGroup(group)
            action.triggered.connect(
                lambda _on=False, oldest=oldest: self.studies_turned.emit(oldest)
            )

    def show_turn(self, oldest_first: bool) -> None:
        """Show which study of a patient comes first."""
        self._oldest = oldest_first

    def _chose(self, sort: Sort) -> None:
        if sort.by is not self._sort.by or sort.descending is not self._sort.descending:
            self.sort_chosen.emit(sort)

    def _dress(self) -> None:
        self.setFixedHeight(self._theme.px(44))
        for piece, size in ((self._small, 14), (self._large, 18)):
            ratio = self.devicePixelRatioF()
            pixmap = self._theme.pixmap("image", "text.muted", size=size, dpr=ratio)
            piece.setPixmap(pixmap)
