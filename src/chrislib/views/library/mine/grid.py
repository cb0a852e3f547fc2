"""The grid: pictures fitted on black, two lines, marks; parts answer the pointer."""

from typing import Protocol

from PySide6.QtCore import (
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
from PySide6.QtGui import (
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from chrislib.library.mine.model import Row
from chrislib.views.library.mine import paint, words
from chrislib.views.library.mine.dragging import Drags
from chrislib.views.library.mine.keys import key_of
from chrislib.views.library.mine.shows import Shows
from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paint import draw_check, draw_glyph, draw_text, fit
from chrislib.views.widgets.parts import PartsView

SMALLEST, LARGEST, USUAL = 96, 320, 200
GAP = 12
_TEXT = 64
"""Height of what stands below the picture, px at text size 1."""
_ROOM_FOR_PLACE = 140
"""Width of a card, px, from which on stars, place and label fit side by side."""
_SHAPE = 0.64
"""Height of a picture's place to its width."""
_STEPS = {
    int(Qt.Key.Key_Equal): 24,
    int(Qt.Key.Key_Plus): 24,
    int(Qt.Key.Key_Minus): -24,
}
"""With Ctrl: larger and smaller pictures, px."""
TICK, FLAG, STAR, PICTURE = "tick", "flag", "star", "picture"


class Pictures(Protocol):
    """What the grid needs of the thumbnail store."""

    def of(self, row: Row, side: float) -> QPixmap | None:
        """Return a picture `side` device px wide or more; asks where there is none."""

    def scrub(self, row: Row, share: float, side: float) -> QPixmap | None:
        """Return the picture at `share` (0 to 1) of a series that is here, if any."""


class Card:
    """Where the parts of one card are."""

    def __init__(self, cell: QRect, theme: Theme) -> None:
        half = GAP // 2
        self.frame = cell.adjusted(half, half, -half, -half)
        text = theme.px(_TEXT)
        inner = self.frame.adjusted(2, 2, -2, -2)
        self.picture = QRect(inner)
        self.picture.setHeight(max(24, inner.height() - text))
        low = self.picture.bottom() + 1
        left, width = inner.left() + 9, inner.width() - 18
        self.title = QRect(left, low + theme.px(5), width, theme.px(18))
        self.second = QRect(left, low + theme.px(23), width, theme.px(16))
        marks = low + theme.px(41)
        self.stars = QRect(left, marks, paint.stars_width(), theme.px(18))
        side = paint.LABEL
        self.label = QRect(inner.right() - 8 - side, marks + 1, side, side)
        self.box = QRect(self.picture.left() + 3, self.picture.top() + 3, 26, 26)
        self.flag = QRect(self.picture.right() - 27, self.picture.bottom() - 27, 26, 26)
        self.amount = QRect(
            self.picture.left() + 6,
            self.picture.bottom() - theme.px(18) - 4,
            self.picture.width() - 40,
            theme.px(18),
        )


class GridDelegate(QStyledItemDelegate):
    """Paints one card; all cards have one size, which the view gives."""

    def __init__(
        self, theme: Theme, parent: "GridView", *, shows: Shows, pictures: Pictures
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._view = parent
        self._shows = shows
        self._pictures = pictures

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        """Return the size of the view's cells."""
        return self._view.gridSize()

    def zone(self, rect: QRect, at: QPoint) -> tuple[str, int]:
        """Return the part of a card at a point, with the number of a star."""
        card = Card(rect, self._theme)
        if card.box.contains(at):
            return TICK, 0
        if card.flag.contains(at):
            return FLAG, 0
        if card.stars.adjusted(-2, -2, 2, 4).contains(at):
            star = paint.star_at(max(0, at.x() - card.stars.left()))
            if star:
                return STAR, star
        if card.picture.contains(at):
            return PICTURE, 0
        return "", 0

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        """Draw frame, picture, words and marks."""
        theme = self._theme
        card = Card(option.rect, theme)
        hovered = self._view.hovered == QPersistentModelIndex(index)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setClipRect(option.rect)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = "bg.selected" if chosen else "bg.hover" if hovered else "bg.raised"
        edge = "accent.glyph" if chosen else "border.subtle"
        painter.setBrush(theme.color(ground))
        painter.setPen(QPen(theme.color(edge), 2 if chosen else 1))
        off = 1.0 if chosen else 0.5
        painter.drawRoundedRect(QRectF(card.frame).adjusted(off, off, -off, -off), 4, 4)
        painter.fillRect(card.picture, theme.color("bg.image"))
        row = self._shows.row_of(index)
        if row is not None:
            self._picture(painter, card, row, hovered)
            self._words(painter, card, row, chosen)
            self._marks(painter, card, row, hovered)
        if option.state & QStyle.StateFlag.State_HasFocus and not chosen:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("border.focus"), 2))
            painter.drawRoundedRect(QRectF(card.frame).adjusted(1, 1, -1, -1), 4, 4)
        painter.restore()

    def _picture(self, painter: QPainter, card: Card, row: Row, hovered: bool) -> None:
        theme, place = self._theme, card.picture
        side = place.height() * self._view.devicePixelRatioF()
        picture = None
        if hovered and self._view.scrub is not None:
            picture = self._pictures.scrub(row, self._view.scrub, side)
        picture = picture or self._pictures.of(row, side)
        if picture is None:
            icon = words.icon(row)
            spot = place.center() - QPoint(11, 11)
            draw_glyph(painter, spot, theme, icon=icon, token="text.disabled", size=22)
        else:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(fit(picture.width(), picture.height(), place), picture)
        amount = words.amount(row)
        if amount:
            wide = min(theme.width("small", amount) + 8, card.amount.width())
            plate = QRect(card.amount)
            plate.setWidth(wide)
            paint.draw_plate(painter, plate)
            draw_text(
                painter,
                plate.adjusted(4, 0, 0, 0),
                theme,
                text=amount,
                style="small",
                token="text.on-image",
            )

    def _words(self, painter: QPainter, card: Card, row: Row, chosen: bool) -> None:
        theme = self._theme
        hidden = self._shows.hidden()
        first = words.title(row, hidden=hidden)
        draw_text(painter, card.title, theme, text=first, style="small-strong")
        draw_text(
            painter,
            card.second,
            theme,
            text=words.second_line(row, hidden=hidden),
            style="caption",
            token="text.secondary" if chosen else "text.muted",
        )

    def _marks(self, painter: QPainter, card: Card, row: Row, hovered: bool) -> None:
        theme, ticked = self._theme, self._shows.ticked(row)
        paint.draw_stars(
            painter,
            QPoint(card.stars.left(), card.stars.top() + 2),
            theme,
            stars=row.stars,
            hollow=hovered or bool(row.stars),
            token="text.secondary",
        )
        paint.draw_label(painter, card.label, theme, label=row.label)
        self._state(painter, card, row)
        unticked = ticked is Qt.CheckState.Unchecked
        if hovered or not unticked:
            box = QRect(card.box.left() + 5, card.box.top() + 5, 16, 16)
            if unticked:
                paint.draw_plate(painter, box.adjusted(-2, -2, 2, 2))
            draw_check(painter, box, theme, state=ticked)
        spot = QPoint(card.flag.left() + 6, card.flag.top() + 6)
        if row.flag:
            paint.draw_flag(painter, spot, theme, flag=row.flag, on_image=True)
        elif hovered:
            paint.draw_plate(painter, QRect(spot.x() - 3, spot.y() - 3, 20, 20))
            draw_glyph(painter, spot, theme, icon="flag", token="text.muted", size=14)

    def _state(self, painter: QPainter, card: Card, row: Row) -> None:
        """Draw where it is, left of the label; its words are in the tooltip."""
        place, theme = words.where(row), self._theme
        if card.frame.width() < _ROOM_FOR_PLACE:
            return
        right = card.label.left() - 6 if row.label else card.label.right()
        draw_glyph(
            painter,
            QPoint(right - 13, card.label.top()),
            theme,
            icon=place.icon,
            token=place.token,
            size=14,
        )


class GridView(PartsView, QListView):
    """Cards in rows; cells share the width so that nothing is left at the right."""

    pressed_part = Signal(QModelIndex, str, int)
    """A part of a card was clicked: "tick", "flag", or "star" with its number."""
    key_pressed = Signal(str)
    """A key of the grid, as in "Shift+T"."""
    opened = Signal(QModelIndex)
    sized = Signal(int)
    """Ctrl and the wheel asked for another size."""

    def __init__(self, theme: Theme, drags: Drags) -> None:
        super().__init__()
        self._theme = theme
        self._drags = drags
        self._side = USUAL
        self.hovered = QPersistentModelIndex()
        self.scrub: float | None = None
        self.setObjectName("mine.grid")
        self.setAccessibleName("My Library, grid")
        self.setProperty("surface", "canvas")
        # list mode with wrapping lays 100,000 cards out without asking for each
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setMouseTracking(True)
        self.setDragEnabled(True)
        self.setViewportMargins(6, 6, 0, 0)
        theme.changed.connect(self._fit)
        self._fit()

    @property
    def side(self) -> int:
        """The wanted width of a card, px."""
        return self._side

    def set_side(self, side: int) -> None:
        """Make cards about so wide; what is in the middle stays in sight."""
        side = max(SMALLEST, min(LARGEST, side))
        if side == self._side:
            return
        self._side = side
        seen = self.currentIndex()
        inside = seen.isValid() and self.viewport().rect().intersects(
            self.visualRect(seen)
        )
        self._fit()
        if inside:
            self.scrollTo(seen, QAbstractItemView.ScrollHint.PositionAtCenter)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the new width."""
        super().resizeEvent(event)
        self._fit()

    def highlighted(self) -> list[QModelIndex]:
        """Return the highlighted cards in the order of the grid."""
        return sorted(self.selectionModel().selectedIndexes(), key=QModelIndex.row)

    def zone_at(self, at: QPoint) -> tuple[QModelIndex, tuple[str, int]]:
        """Return the card at a point of the viewport and its part there."""
        index = self.indexAt(at)
        delegate = self.itemDelegate()
        if not index.isValid() or not isinstance(delegate, GridDelegate):
            return index, ("", 0)
        return index, delegate.zone(self.visualRect(index), at)

    def part_at(self, at: QPoint) -> tuple[QModelIndex, object]:
        """Return the card at a point, and what can be pressed there."""
        index, zone = self.zone_at(at)
        return index, "" if zone[0] in ("", PICTURE) else zone

    def answer_part(self, index: QModelIndex, part: object, *, at: QPoint) -> None:
        """Tell which part was pressed."""
        if isinstance(part, tuple):
            self.pressed_part.emit(index, *part)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open a card; on a part it is a second click."""
        index, part = self.part_at(event.position().toPoint())
        if part:
            self.mousePressEvent(event)
        elif index.isValid():
            self.opened.emit(index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show targets on the card under the pointer, and scrub through it."""
        at = event.position().toPoint()
        index, zone = self.zone_at(at)
        self.scrub = None
        if zone[0] == PICTURE and not event.buttons():
            place = Card(self.visualRect(index), self._theme).picture
            self.scrub = (at.x() - place.left()) / max(1, place.width() - 1)
        self._hover(index)
        if self._held is None:
            super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Take the targets back."""
        super().leaveEvent(event)
        self.scrub = None
        self._hover(QModelIndex())

    def startDrag(self, _actions: Qt.DropAction) -> None:
        """Carry the highlighted cards away."""
        self._drags.start(self, self.highlighted())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Turn the keys of lists into signals (ui.md §8)."""
        key, step = key_of(event), _STEPS.get(event.key(), 0)
        control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if control and step:
            self.sized.emit(self._side + step)
        elif key == "Return":
            if self.currentIndex().isValid():
                self.opened.emit(self.currentIndex())
        elif key:
            self.key_pressed.emit(key)
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll; with Ctrl make the pictures larger or smaller."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            step = 16 if event.angleDelta().y() > 0 else -16
            self.sized.emit(self._side + step)
            event.accept()
            return
        super().wheelEvent(event)

    def _hover(self, index: QModelIndex) -> None:
        before, self.hovered = self.hovered, QPersistentModelIndex(index)
        for one in (before, self.hovered):
            if one.isValid():
                self.viewport().update(self.visualRect(self._plain(one)))

    def _plain(self, index: QPersistentModelIndex) -> QModelIndex:
        return self.model().index(index.row(), index.column())

    def _fit(self) -> None:
        room = max(self.viewport().width() - 1, SMALLEST + GAP)
        columns = max(1, room // (self._side + GAP))
        wide = room // columns
        high = round((wide - GAP) * _SHAPE) + self._theme.px(_TEXT) + GAP + 4
        if QSize(wide, high) != self.gridSize():
            self.setGridSize(QSize(wide, high))
