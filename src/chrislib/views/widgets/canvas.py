"""One medical picture on black: fitted, zoomed and moved, never cropped or stretched.

The canvas only draws a finished `QImage`; decoding and windowing happen elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from chrislib.dicom.render import Letters
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.writing import Corners, Writing

ZOOM_LIMITS = (0.1, 40.0)
_GRAB = 6
_DRAG = 4


@dataclass(frozen=True, slots=True)
class Guide:
    """A line that says where another plane cuts; can be dragged.

    `place` is in picture pixels, from the left (vertical) or from the top.
    """

    token: str
    vertical: bool
    place: float


class Canvas(QWidget):
    """A picture with corner texts, orientation letters and guides.

    Signals carry what the pointer did; the owner decides what it means.
    """

    stepped = Signal(int)
    """The wheel asks for this many pictures on (negative: back)."""
    window_dragged = Signal(float, float)
    """Width and level were asked to change by these shares of the canvas."""
    cursor_moved = Signal(object)
    """(column, row) of the picture under the pointer as ints, or None."""
    guide_dragged = Signal(int, float)
    """Guide number and its new place in picture pixels."""
    view_changed = Signal()
    """Zoom or place changed."""
    activated = Signal()
    """The canvas was pressed."""
    menu_requested = Signal(QPoint)
    """A context menu is wanted at this global place."""

    def __init__(self, theme: Theme, *, name: str, label: str) -> None:
        super().__init__()
        self._theme = theme
        self._image: QImage | None = None
        self._aspect = 1.0
        self._corners = Corners()
        self._letters = Letters()
        self._guides: tuple[Guide, ...] = ()
        self._words: tuple[str, str] = ("", "")
        self._square = ""
        self._writing = Writing(theme)
        self._zoom = 1.0
        self._shift = QPointF()
        self._active = False
        self._texts = True
        self._press: QPointF | None = None
        self._last = QPointF()
        self._dragging = ""
        self._wheel = 0
        self.tool = "window"
        """What a left drag does: "window", "pan" or "zoom"."""
        self.setObjectName(name)
        self.setAccessibleName(label)
        self.setProperty("foldsPanels", True)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        theme.changed.connect(self._dress)

    def _dress(self) -> None:
        self._writing.forget()
        self.update()

    def sizeHint(self) -> QSize:
        """Return a comfortable size; the layout decides."""
        return QSize(480, 480)

    def minimumSizeHint(self) -> QSize:
        """Return the least that can show anything."""
        return QSize(64, 64)

    # --- what is shown -------------------------------------------------------

    def show_image(
        self, image: QImage, *, aspect: float, letters: Letters | None = None
    ) -> None:
        """Show a picture; zoom and place stay."""
        self._image = image
        self._aspect = aspect if aspect > 0 else 1.0
        self._letters = letters or Letters()
        self._words = ("", "")
        self.update()

    def show_words(self, title: str, text: str = "") -> None:
        """Show words in the picture's place, for what cannot be shown."""
        self._image = None
        self._letters = Letters()
        self._words = (title, text)
        self.setAccessibleDescription(f"{title} {text}".strip())
        self.update()

    def set_corners(self, corners: Corners, *, square: str = "") -> None:
        """Show texts in the corners; `square` is the token of a mark before them."""
        self._corners = corners
        self._square = square
        every = (
            corners.top_left,
            corners.top_right,
            corners.bottom_left,
            corners.bottom_right,
        )
        self.setAccessibleDescription("; ".join(", ".join(c) for c in every if c))
        self.update()

    def set_guides(self, guides: Sequence[Guide]) -> None:
        """Show the lines of other planes."""
        self._guides = tuple(guides)
        self.update()

    def set_texts_shown(self, shown: bool) -> None:
        """Show or hide corner texts; letters stay."""
        self._texts = shown
        self.update()

    def set_small(self, small: bool) -> None:
        """Use captions and thin margins, for previews."""
        self._writing.small = small
        self.update()

    def set_active(self, active: bool) -> None:
        """Draw the frame of the view that keys act on."""
        self._active = active
        self.update()

    @property
    def image(self) -> QImage | None:
        """The picture drawn, None while there are words or nothing."""
        return self._image

    @property
    def words(self) -> tuple[str, str]:
        """Title and text shown instead of a picture."""
        return self._words

    @property
    def corners(self) -> Corners:
        """The corner texts."""
        return self._corners

    # --- zoom and place ------------------------------------------------------

    @property
    def zoom(self) -> float:
        """Factor over the fitted size."""
        return self._zoom

    @property
    def shift(self) -> QPointF:
        """How far the picture was moved from the middle."""
        return QPointF(self._shift)

    def show_view(self, zoom: float, shift: QPointF) -> None:
        """Zoom and move as another canvas does."""
        self._zoom, self._shift = zoom, QPointF(shift)
        self.view_changed.emit()
        self.update()

    @property
    def magnification(self) -> float:
        """Screen pixels per picture pixel, across."""
        if self._image is None or self._image.width() == 0:
            return 1.0
        return self.target().width() / self._image.width()

    def reset_view(self) -> None:
        """Fit the picture again."""
        self._zoom, self._shift = 1.0, QPointF()
        self.view_changed.emit()
        self.update()

    def zoom_by(self, factor: float, around: QPointF | None = None) -> None:
        """Zoom, keeping the place under `around` (default: the middle)."""
        anchor = around or QPointF(self.rect().center())
        low, high = ZOOM_LIMITS
        new = min(max(self._zoom * factor, low), high)
        middle = QPointF(self.width() / 2, self.height() / 2) + self._shift
        self._shift += (middle - anchor) * (new / self._zoom - 1)
        self._zoom = new
        self.view_changed.emit()
        self.update()

    def pan_by(self, delta: QPointF) -> None:
        """Move the picture."""
        self._shift += delta
        self.view_changed.emit()
        self.update()

    def target(self) -> QRectF:
        """Return where the picture is drawn."""
        if self._image is None:
            return QRectF()
        wide = float(self._image.width())
        high = self._image.height() * self._aspect
        if wide <= 0 or high <= 0:
            return QRectF()
        scale = min(self.width() / wide, self.height() / high) * self._zoom
        size = (wide * scale, high * scale)
        left = (self.width() - size[0]) / 2 + self._shift.x()
        top = (self.height() - size[1]) / 2 + self._shift.y()
        return QRectF(left, top, *size)

    def pixel_at(self, place: QPointF) -> tuple[int, int] | None:
        """Return (column, row) of the picture at a place of the canvas."""
        area = self.target()
        if self._image is None or area.isEmpty() or not area.contains(place):
            return None
        column = int((place.x() - area.left()) / area.width() * self._image.width())
        row = int((place.y() - area.top()) / area.height() * self._image.height())
        return (
            min(column, self._image.width() - 1),
            min(row, self._image.height() - 1),
        )

    # --- drawing -------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw picture, guides, texts, letters and the frame."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("bg.image"))
        if self._image is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(self.target(), self._image)
            self._draw_guides(painter)
        elif any(self._words):
            title, text = self._words
            self._writing.words(painter, self.size(), title=title, text=text)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._texts:
            self._writing.corners(
                painter, self.size(), corners=self._corners, square=self._square
            )
        if self._image is not None:
            self._writing.letters(painter, self.size(), self._letters)
        if self._active:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(QPen(self._theme.color("accent.glyph"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()

    def _draw_guides(self, painter: QPainter) -> None:
        for guide in self._guides:
            painter.setPen(QPen(self._theme.color(guide.token), 1))
            place = self._guide_place(guide)
            if guide.vertical:
                painter.drawLine(QPointF(place, 0), QPointF(place, self.height()))
            else:
                painter.drawLine(QPointF(0, place), QPointF(self.width(), place))

    def _guide_place(self, guide: Guide) -> float:
        area = self.target()
        if self._image is None:
            return 0.0
        if guide.vertical:
            return area.left() + guide.place / self._image.width() * area.width()
        return area.top() + guide.place / self._image.height() * area.height()

    # --- the pointer ---------------------------------------------------------

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leaf through the stack; with Ctrl zoom."""
        delta = event.angleDelta().y() or event.angleDelta().x()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_by(1.2 ** (delta / 120), event.position())
        else:
            # touch pads send many small turns: a picture per whole notch
            self._wheel += delta
            notches = int(self._wheel / 120)
            self._wheel -= notches * 120
            if notches:
                self.stepped.emit(-notches)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a drag of the picture, its window or a guide."""
        self.activated.emit()
        self._press = self._last = event.position()
        self._dragging = ""
        if event.button() == Qt.MouseButton.LeftButton:
            guide = self._guide_near(event.position())
            self._dragging = f"guide {guide}" if guide is not None else self.tool
        elif event.button() == Qt.MouseButton.MiddleButton:
            self._dragging = "pan"
        elif event.button() == Qt.MouseButton.RightButton:
            self._dragging = "window"
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with a drag, and tell what is under the pointer."""
        place = event.position()
        if self._press is None:
            self.cursor_moved.emit(self.pixel_at(place))
            near = self._guide_near(place)
            shape = Qt.CursorShape.ArrowCursor
            if near is not None:
                upright = self._guides[near].vertical
                shape = (
                    Qt.CursorShape.SplitHCursor
                    if upright
                    else Qt.CursorShape.SplitVCursor
                )
            self.setCursor(shape)
            return
        delta = place - self._last
        if (place - self._press).manhattanLength() < _DRAG and self._last == (
            self._press
        ):
            return
        self._last = place
        self._drag(delta, place)

    def _drag(self, delta: QPointF, place: QPointF) -> None:
        if self._dragging == "window":
            size = max(min(self.width(), self.height()), 1)
            self.window_dragged.emit(delta.x() / size, delta.y() / size)
        elif self._dragging == "pan":
            self.pan_by(delta)
        elif self._dragging == "zoom":
            self.zoom_by(1.01 ** (-delta.y()), self._press)
        elif self._dragging.startswith("guide ") and self._image is not None:
            number = int(self._dragging.removeprefix("guide "))
            area = self.target()
            if self._guides[number].vertical:
                share = (place.x() - area.left()) / max(area.width(), 1)
                self.guide_dragged.emit(number, share * self._image.width())
            else:
                share = (place.y() - area.top()) / max(area.height(), 1)
                self.guide_dragged.emit(number, share * self._image.height())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag; a right click without one asks for the menu."""
        moved = self._press is not None and self._last != self._press
        self._press = None
        self._dragging = ""
        if event.button() == Qt.MouseButton.RightButton and not moved:
            self.menu_requested.emit(event.globalPosition().toPoint())
        event.accept()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Answer the menu key; the right button is answered on release."""
        if event.reason() != QContextMenuEvent.Reason.Mouse:
            self.menu_requested.emit(self.mapToGlobal(self.rect().center()))
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        """Forget the value under the pointer."""
        self.cursor_moved.emit(None)
        super().leaveEvent(event)

    def _guide_near(self, place: QPointF) -> int | None:
        for number, guide in enumerate(self._guides):
            along = place.x() if guide.vertical else place.y()
            if abs(along - self._guide_place(guide)) <= _GRAB:
                return number
        return None
