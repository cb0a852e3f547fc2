"""What is written over a medical picture: corner texts, letters, words in its place."""

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter

from chrislib.dicom.render import Letters
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.outlined import OutlinedText

_MARGIN = 14


@dataclass(frozen=True, slots=True)
class Corners:
    """Lines of text in the four corners; the first line of each is set heavier."""

    top_left: tuple[str, ...] = ()
    top_right: tuple[str, ...] = ()
    bottom_left: tuple[str, ...] = ()
    bottom_right: tuple[str, ...] = ()


class Writing:
    """Draws texts that stay readable on any picture.

    Attributes
    ----------
    small : bool
        Captions and thin margins, for previews.
    """

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._outlines = OutlinedText(theme)
        self.small = False

    def forget(self) -> None:
        """Drop what was drawn in colors that are no longer so."""
        self._outlines.clear()

    def words(self, painter: QPainter, room: QSize, *, title: str, text: str) -> None:
        """Draw words in the middle, for what cannot be shown."""
        size = 24 if self.small else 32
        glyph = self._theme.pixmap(
            "image", "text.on-image", size=size, dpr=_ratio(painter)
        )
        font = self._theme.font("small-strong" if self.small else "section")
        line = QFontMetrics(font).height()
        top = room.height() // 2 - line - size
        painter.drawPixmap((room.width() - size) // 2, max(top, 0), glyph)
        painter.setPen(self._theme.color("text.on-image"))
        painter.setFont(font)
        area = QRectF(16, top + size + 8, room.width() - 32, line + 4)
        middle = int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        wrap = middle | int(Qt.TextFlag.TextWordWrap)
        painter.drawText(area, middle, title)
        painter.setFont(self._theme.font("caption" if self.small else "body"))
        below = QRectF(16, area.bottom() + 4, room.width() - 32, room.height())
        if below.width() > 344:
            below = QRectF((room.width() - 344) / 2, below.top(), 344, below.height())
        painter.drawText(below, wrap, text)

    def corners(
        self, painter: QPainter, room: QSize, *, corners: Corners, square: str
    ) -> None:
        """Draw texts in the corners; `square` is the token of a mark before them."""
        margin = 8 if self.small else _MARGIN
        marked = bool(square)
        for lines, left, top in (
            (corners.top_left, True, True),
            (corners.top_right, False, True),
            (corners.bottom_left, True, False),
            (corners.bottom_right, False, False),
        ):
            indent = 16 if marked and left and top else 0
            self._lines(painter, room, lines, left=left, top=top, indent=indent)
        if square and corners.top_left:
            high = self._line_height()
            box = QRectF(margin, margin + (high - 8) / 2, 8, 8)
            painter.fillRect(box, self._theme.color(square))

    def _line_height(self) -> int:
        return self._theme.px(14 if self.small else 17)

    def _lines(
        self,
        painter: QPainter,
        room: QSize,
        lines: tuple[str, ...],
        *,
        left: bool,
        top: bool,
        indent: int,
    ) -> None:
        margin = 8 if self.small else _MARGIN
        high = self._line_height()
        plain, strong = ("caption", "caption") if self.small else ("small", "strong")
        start = margin if top else room.height() - margin - high * len(lines)
        most = room.width() / 2 - margin - 16
        for number, words in enumerate(lines):
            heavy = number == 0 and top
            font = self._theme.font(strong if heavy else plain)
            if heavy and not self.small:
                font = QFont(font)
                font.setPixelSize(self._theme.font("small").pixelSize())
            metrics = QFontMetrics(font)
            shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, int(most))
            offset = indent if number == 0 else 0
            x = (
                float(margin + offset)
                if left
                else room.width() - margin - metrics.horizontalAdvance(shown)
            )
            y = start + number * high + metrics.ascent()
            self._outlined(painter, shown, font=font, place=QPointF(x, y))

    def _outlined(
        self,
        painter: QPainter,
        text: str,
        *,
        font: QFont,
        place: QPointF,
        token: str = "text.on-image",
    ) -> None:
        ratio = _ratio(painter)
        self._outlines.draw(
            painter, text, font=font, place=place, token=token, ratio=ratio
        )

    def letters(self, painter: QPainter, room: QSize, letters: Letters) -> None:
        """Draw where left and right, head and feet are, at the edges."""
        font = self._theme.font("caption" if self.small else "small-strong")
        metrics = QFontMetrics(font)
        margin = 6 if self.small else _MARGIN
        middle_x, middle_y = room.width() / 2, room.height() / 2
        half = metrics.ascent() / 2
        for edge, letter in (
            ("left", letters.left),
            ("right", letters.right),
            ("top", letters.top),
            ("bottom", letters.bottom),
        ):
            if not letter:
                continue
            wide = metrics.horizontalAdvance(letter)
            place = QPointF(middle_x - wide / 2, middle_y + half)
            if edge == "left":
                place.setX(margin)
            elif edge == "right":
                place.setX(room.width() - margin - wide)
            elif edge == "top":
                place.setY(margin + metrics.ascent())
            else:
                place.setY(room.height() - margin)
            self._outlined(
                painter, letter, font=font, place=place, token="mark.orientation"
            )


def _ratio(painter: QPainter) -> float:
    return painter.device().devicePixelRatioF()
