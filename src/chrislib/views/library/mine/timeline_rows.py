"""How patients, studies on their line of time, and series are drawn."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QPainter, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem, QTreeView

from chrislib.library.dates import show_age, show_age_at, show_partial
from chrislib.library.mine.model import Level, Row
from chrislib.library.names import clean, isolate
from chrislib.library.words import join, series
from chrislib.views.library.mine import paint, words
from chrislib.views.library.mine.place import draw_place
from chrislib.views.library.mine.shows import Shows
from chrislib.views.library.rowview import FOLD, TICK, RowDelegate
from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paint import (
    draw_check,
    draw_glyph,
    draw_row,
    draw_text,
    fit,
)

TALL = {Level.PATIENT: 36, Level.STUDY: 36, Level.SERIES: 48}
"""Heights of rows, px at text size 1."""
LINE = 124
"""Where the line of time runs, px from the left."""
_RIGHT = Qt.AlignmentFlag.AlignRight
_MARK_DOT = 4.5
_DOT = 4
_MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
_LEFT_OF_TICK = {Level.PATIENT: 16, Level.STUDY: 140, Level.SERIES: 168}


class Pictures(Protocol):
    """What the rows need of the thumbnail store."""

    def of(self, row: Row, side: float) -> QPixmap | None:
        """Return a picture `side` device px wide or more; asks where there is none."""

    def look_at(self, shown: Iterable[Row], near: Iterable[Row], side: float) -> None:
        """Ask first for what is in sight, then for what is next to it."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When a study was, as far as that is known: "2026", "Mar", "16 y"."""

    year: str
    month: str
    age: str


def moment(row: Row) -> Moment:
    """Return when a study was; a date that is not whole says what there is of it."""
    age = show_age_at(row.birth_date, row.study_date) or show_age(row.age_days)
    when = row.study_date
    if when is None:
        known = show_partial(row.study_date_text).split("-")
        if not known[0]:
            return Moment("", "No date", age)
        month = _MONTHS[int(known[1]) - 1] if len(known) > 1 else ""
        return Moment(known[0], month, age)
    return Moment(f"{when.year:04d}", _MONTHS[when.month - 1], age)


@dataclass(frozen=True, slots=True)
class Places:
    """Where columns are in a row so wide; -1 for one there is no room for.

    Attributes
    ----------
    patient_id, born : int
        Left edges.
    studies, counted, feeds : int
        Right edges of numbers; `counted` is that of series and images.
    state : int
        Left edge of dates and states, which reach to the end.
    title_end : int
        Where the title ends.
    """

    patient_id: int
    born: int
    studies: int
    counted: int
    feeds: int
    state: int
    title_end: int


def places_in(width: int, theme: Theme) -> Places:
    """Return where the columns are; narrow rows do without feeds, ID and studies."""
    px = theme.px
    state = width - px(150)
    feeds = state - px(16)
    roomy, wide = width >= px(700), width >= px(820)
    counted = feeds - px(56) if roomy else feeds
    studies = counted - px(60) if roomy else -1
    edge = (studies if roomy else counted) - px(60)
    born = edge - px(104) if roomy else -1
    patient_id = born - px(104) if wide else -1
    ends = [one for one in (patient_id, born) if one > 0]
    return Places(
        patient_id,
        born,
        studies,
        counted,
        feeds if roomy else -1,
        state,
        (min(ends) if ends else edge) - px(8),
    )


class TimelineDelegate(RowDelegate):
    """Draws whole rows: patients, studies with their dot, series with their picture."""

    wide = 40

    def __init__(
        self, theme: Theme, parent: QTreeView, *, shows: Shows, pictures: Pictures
    ) -> None:
        super().__init__(theme, parent)
        self._view = parent
        self._shows = shows
        self._pictures = pictures

    def tall(self, index: Index) -> int:
        """Return the height of a row at text size 1, px."""
        return TALL[level_of(index)]

    def zone(self, index: Index, rect: QRect, at: QPoint) -> str:
        """Return "tick" or "fold" for those parts of a row."""
        level = level_of(index)
        tick = self.theme.px(_LEFT_OF_TICK[level])
        x = at.x() - rect.left()
        if tick - 6 <= x < tick + 22:
            return TICK
        if level is not Level.SERIES and tick + 22 <= x < tick + 48:
            return FOLD
        return ""

    def paint_cell(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        """Draw one row."""
        level = level_of(index)
        draw_row(painter, option, self.theme)
        row = self._shows.row_of(index)
        if level is not Level.PATIENT:
            current = bool(option.state & QStyle.StateFlag.State_Selected)
            self._line(painter, option.rect, index, current=current)
        if row is None:
            return
        draw = {
            Level.PATIENT: self._patient,
            Level.STUDY: self._study,
            Level.SERIES: self._series,
        }[level]
        draw(painter, option.rect, row, index)

    # --- the line of time -----------------------------------------------------

    def _line(
        self, painter: QPainter, rect: QRect, index: Index, *, current: bool
    ) -> None:
        theme = self.theme
        x, middle = rect.left() + theme.px(LINE) + 0.5, rect.center().y() + 0.5
        study = index if level_of(index) is Level.STUDY else index.parent()
        first = study.row() == 0
        last = study.row() == study.model().rowCount(study.parent()) - 1
        top, bottom = float(rect.top()), float(rect.bottom() + 1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("text.muted"), 1.5))
        if level_of(index) is Level.SERIES:
            if not last:
                painter.drawLine(QPointF(x, top), QPointF(x, bottom))
            painter.restore()
            return
        if not first:
            painter.drawLine(QPointF(x, top), QPointF(x, middle))
        if not last:
            painter.drawLine(QPointF(x, middle), QPointF(x, bottom))
        if current:
            painter.setPen(QPen(theme.color("accent.glyph"), 1.5))
            painter.setBrush(theme.color("accent.glyph"))
            painter.drawEllipse(QPointF(x, middle), _MARK_DOT, _MARK_DOT)
        else:
            painter.setPen(QPen(theme.color("text.secondary"), 1.5))
            painter.setBrush(theme.color("bg.window"))
            painter.drawEllipse(QPointF(x, middle), _DOT, _DOT)
        painter.restore()

    def _moment(self, painter: QPainter, rect: QRect, row: Row) -> None:
        theme, when = self.theme, moment(row)
        px = theme.px
        year = QRect(rect.left() + px(16), rect.top(), px(40), rect.height())
        draw_text(painter, year, theme, text=when.year, style="strong")
        left = rect.left() + (px(58) if when.year else px(16))
        room = rect.left() + px(LINE) - px(8) - left
        lines = [one for one in (when.month, when.age) if one]
        high = px(14)
        top = rect.center().y() - high * len(lines) // 2
        for number, text in enumerate(lines):
            box = QRect(left, top + number * high, room, high)
            draw_text(
                painter, box, theme, text=text, style="caption", token="text.secondary"
            )

    # --- rows -----------------------------------------------------------------

    def _patient(self, painter: QPainter, rect: QRect, row: Row, index: Index) -> None:
        theme, px, hidden = self.theme, self.theme.px, self._shows.hidden()
        left = self._begin(painter, rect, row, index)
        spot = QPoint(left, rect.center().y() - 7)
        draw_glyph(painter, spot, theme, icon="user", token="text.secondary", size=16)
        at = places_in(rect.width(), theme)
        name = QRect(rect)
        name.setLeft(left + px(26))
        name.setRight(rect.left() + at.title_end)
        title = words.title(row, hidden=hidden)
        draw_text(painter, name, theme, text=title, style="strong")
        if not hidden:
            self._text(painter, rect, at.patient_id, isolate(clean(row.patient_id)))
            born = join(clean(row.sex), words.born(row))
            self._text(painter, rect, at.born, born)
        self._number(painter, rect, at.studies, f"{row.studies:,}")
        self._number(painter, rect, at.counted, f"{row.series:,}")
        self._number(painter, rect, at.feeds, f"{row.feeds:,}" if row.feeds else "")
        self._text(painter, rect, at.state, words.day(row), width=140)

    def _study(self, painter: QPainter, rect: QRect, row: Row, index: Index) -> None:
        theme, px = self.theme, self.theme.px
        self._moment(painter, rect, row)
        left = self._begin(painter, rect, row, index)
        at = places_in(rect.width(), theme)
        left += self._badge(painter, QPoint(left, rect.center().y()), row) + px(10)
        # a study has nothing in the columns of patients: its words reach further
        end = rect.left() + at.counted - px(72)
        text = QRect(left, rect.top(), end - left, rect.height())
        used = draw_text(painter, text, theme, text=words.title(row, hidden=False))
        hidden = self._shows.hidden()
        accession = "" if hidden else isolate(clean(row.accession_number))
        about = join(accession, isolate(clean(row.station)))
        text.setLeft(left + used + px(12))
        if text.width() > px(60):
            draw_text(
                painter,
                text,
                theme,
                text=about,
                style="small",
                token="text.muted",
            )
        self._number(painter, rect, at.counted, series(row.series), width=100)
        draw_place(painter, self._place_box(rect, at), theme, row)

    def _series(self, painter: QPainter, rect: QRect, row: Row, index: Index) -> None:
        theme, px = self.theme, self.theme.px
        left = self._begin(painter, rect, row, index)
        side = px(40)
        box = QRect(left, rect.top() + (rect.height() - side) // 2, side, side)
        self._picture(painter, box, row)
        at = places_in(rect.width(), theme)
        marks = rect.left() + at.counted - px(44) - paint.stars_width() - px(26)
        end = marks - (px(32) if row.flag else px(12))
        if not (row.stars or row.label or row.flag):
            end = rect.left() + at.counted - px(56)
        left = box.right() + 1 + px(12)
        half = rect.height() // 2
        upper = QRect(left, rect.top() + 6, end - left, half - 5)
        lower = QRect(left, rect.top() + half + 1, upper.width(), half - 7)
        about = how(row)
        if not about:
            upper.setRect(left, rect.top(), upper.width(), rect.height())
        draw_text(painter, upper, theme, text=words.title(row, hidden=False))
        if about:
            draw_text(
                painter,
                lower,
                theme,
                text=about,
                style="caption",
                token="text.muted",
            )
        top = rect.center().y() - paint.STAR // 2
        if row.stars:
            paint.draw_stars(painter, QPoint(marks, top), theme, stars=row.stars)
        label = QRect(
            marks + paint.stars_width() + px(6),
            rect.center().y() - paint.LABEL // 2,
            paint.LABEL,
            paint.LABEL,
        )
        paint.draw_label(painter, label, theme, label=row.label)
        if row.flag:
            flag = QPoint(marks - px(22), rect.center().y() - 7)
            paint.draw_flag(painter, flag, theme, flag=row.flag)
        images = "" if row.images is None else f"{row.images:,}"
        self._number(painter, rect, at.counted, images)
        draw_place(painter, self._place_box(rect, at), theme, row)

    # --- parts ----------------------------------------------------------------

    def _begin(self, painter: QPainter, rect: QRect, row: Row, index: Index) -> int:
        """Draw box and arrow; return where the rest begins."""
        theme = self.theme
        left = rect.left() + theme.px(_LEFT_OF_TICK[row.level])
        box = QRect(left, rect.top(), 16, rect.height())
        draw_check(painter, box, theme, state=self._shows.ticked(row))
        if row.level is Level.SERIES:
            return left + theme.px(28)
        open_ = self._view.isExpanded(index)
        icon = "chevron-down" if open_ else "chevron-right"
        spot = QPoint(left + theme.px(28), rect.center().y() - 6)
        draw_glyph(painter, spot, theme, icon=icon, token="text.secondary", size=14)
        return left + theme.px(50)

    def _badge(self, painter: QPainter, at: QPoint, row: Row) -> int:
        theme = self.theme
        text = clean(row.modality).split("/")[0] or "–"
        more = "+" if "/" in row.modality else ""
        wide = theme.width("group", text + more) + theme.px(10)
        box = QRect(at.x(), at.y() - theme.px(8), wide, theme.px(17))
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("bg.highlight"))
        painter.drawRoundedRect(box, 3, 3)
        painter.restore()
        draw_text(
            painter,
            box,
            theme,
            text=text + more,
            style="group",
            token="text.secondary",
            align=Qt.AlignmentFlag.AlignHCenter,
        )
        return wide

    def _picture(self, painter: QPainter, box: QRect, row: Row) -> None:
        theme = self.theme
        ratio = self._view.devicePixelRatioF()
        picture = self._pictures.of(row, box.width() * ratio)
        if picture is None:
            painter.fillRect(box, theme.color("bg.highlight"))
            spot = box.center() - QPoint(7, 7)
            draw_glyph(
                painter, spot, theme, icon=words.icon(row), token="text.muted", size=16
            )
            return
        painter.fillRect(box, theme.color("bg.image"))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(fit(picture.width(), picture.height(), box), picture)

    def _place_box(self, rect: QRect, at: Places) -> QRect:
        px = self.theme.px
        return QRect(rect.left() + at.state, rect.top(), px(140), rect.height())

    def _text(
        self, painter: QPainter, rect: QRect, at: int, text: str, *, width: int = 100
    ) -> None:
        if at > 0:
            box = QRect(rect.left() + at, rect.top(), width, rect.height())
            box.setWidth(self.theme.px(width))
            draw_text(
                painter,
                box,
                self.theme,
                text=text,
                style="small",
                token="text.secondary",
            )

    def _number(
        self, painter: QPainter, rect: QRect, at: int, text: str, *, width: int = 56
    ) -> None:
        if at > 0:
            wide = self.theme.px(width)
            box = QRect(rect.left() + at - wide, rect.top(), wide, rect.height())
            draw_text(
                painter,
                box,
                self.theme,
                text=text,
                style="small",
                token="text.secondary",
                align=_RIGHT,
            )


def level_of(index: Index) -> Level:
    """Return what an index of the tree is."""
    if not index.parent().isValid():
        return Level.PATIENT
    return Level.SERIES if index.parent().parent().isValid() else Level.STUDY


def how(row: Row) -> str:
    """Return how a series was taken, "3 T · 256 × 256 · 1.0 mm", as far as known."""
    field = f"{row.field_strength:g} T" if row.field_strength else ""
    thick = row.slice_thickness or row.slice_spacing
    slices = f"{thick:.1f} mm" if thick else ""
    size = f"{row.columns} × {row.rows}" if row.columns and row.rows else ""
    return join(field, size, slices) or join(clean(row.body_part), clean(row.protocol))
