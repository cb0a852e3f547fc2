"""A large look at what is highlighted, over the list; Space opens and closes it."""

from PySide6.QtCore import QEvent, QObject, QRect, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QWidget

from chrislib.library.mine.model import Row
from chrislib.library.words import join
from chrislib.views.library.mine import paint, words
from chrislib.views.library.mine.grid import Pictures
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paint import draw_glyph, draw_text, fit

_SIDE = 320
_FOOT = 56


class Peek(QWidget):
    """Covers its parent while it is shown; moving the pointer goes through a series.

    It never takes the focus: the arrows go on moving the highlight below it.
    """

    closed = Signal()

    def __init__(self, theme: Theme, pictures: Pictures, parent: QWidget) -> None:
        super().__init__(parent)
        self._below = parent
        self._theme = theme
        self._pictures = pictures
        self._row: Row | None = None
        self._hidden = False
        self._share: float | None = None
        self.setObjectName("mine.peek")
        self.setAccessibleName("Preview")
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        parent.installEventFilter(self)
        theme.changed.connect(self.update)
        self.hide()

    def show_row(self, row: Row, *, hidden: bool) -> None:
        """Show a row; the pointer begins anew."""
        if self._row is None or row.row_id != self._row.row_id:
            self._share = None
        self._row, self._hidden = row, hidden
        self.setAccessibleDescription(words.spoken(row, hidden=hidden, ticked=False))
        self.setGeometry(self._below.rect())
        self.show()
        self.raise_()
        self.update()

    def close_peek(self) -> bool:
        """Close it; False when it was not open."""
        if self.isHidden():
            return False
        self.hide()
        self._row = None
        self.closed.emit()
        return True

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go through the series."""
        self._share = event.position().x() / max(1, self.width() - 1)
        self.update()

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """Close it."""
        self.close_peek()

    def leaveEvent(self, event: QEvent) -> None:
        """Show the usual picture again."""
        super().leaveEvent(event)
        self._share = None
        self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the size of what lies below."""
        if event.type() == QEvent.Type.Resize and watched is self._below:
            self.setGeometry(self._below.rect())
        return False

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw picture, words and marks."""
        row, theme = self._row, self._theme
        if row is None:
            return
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color("bg.image"))
        foot = QRect(0, self.height() - _FOOT, self.width(), _FOOT)
        place = self.rect().adjusted(16, 16, -16, -_FOOT - 8)
        picture: QPixmap | None = None
        if self._share is not None:
            picture = self._pictures.scrub(row, self._share, _SIDE)
        picture = picture or self._pictures.of(row, _SIDE)
        if picture is None:
            spot = place.center()
            icon = words.icon(row)
            draw_glyph(painter, spot, theme, icon=icon, token="text.muted", size=32)
        else:
            size = picture.deviceIndependentSize().toSize()
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(fit(size.width(), size.height(), place), picture)
        painter.fillRect(foot, theme.color("bg.panel"))
        said = foot.adjusted(16, 8, -180, -28)
        first = words.title(row, hidden=self._hidden)
        draw_text(painter, said, theme, text=first, style="strong")
        below = foot.adjusted(16, 28, -180, -8)
        line = join(words.second_line(row, hidden=self._hidden), words.amount(row))
        draw_text(
            painter, below, theme, text=line, style="small", token="text.secondary"
        )
        middle = foot.center().y()
        at = foot.topRight()
        at.setX(foot.right() - 100)
        at.setY(middle - paint.STAR // 2)
        paint.draw_stars(painter, at, theme, stars=row.stars)
        side = paint.LABEL
        box = QRect(foot.right() - 128, middle - side // 2, side, side)
        paint.draw_label(painter, box, theme, label=row.label)
        at.setX(foot.right() - 156)
        at.setY(middle - 7)
        paint.draw_flag(painter, at, theme, flag=row.flag)
        painter.end()
