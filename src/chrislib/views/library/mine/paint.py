"""How marks are drawn: stars, the digit of a color label, flags, plates on pictures."""

from functools import cache
from math import cos, pi, sin

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paint import draw_glyph, draw_text

STARS = 5
STAR = 12
"""Side of a star, px."""
STEP = 14
"""From star to star, px."""
LABELS = {6: "label.red", 7: "label.yellow", 8: "label.green", 9: "label.blue"}
LABEL_WORDS = {6: "Red", 7: "Yellow", 8: "Green", 9: "Blue"}
LABEL = 14
"""Side of a color label, px."""
PICK, REJECT = 1, -1
_PLATE = 160


@cache
def _star(side: int) -> QPainterPath:
    """Return a star with rounded joints inside a square of `side` px."""
    middle, outer = side / 2, side / 2
    points = []
    for corner in range(10):
        radius = outer if corner % 2 == 0 else outer * 0.45
        angle = pi * corner / 5 - pi / 2
        points.append(
            QPointF(middle + radius * cos(angle), middle * 1.06 + radius * sin(angle))
        )
    path = QPainterPath(points[0])
    for point in points[1:]:
        path.lineTo(point)
    path.closeSubpath()
    return path


def stars_width() -> int:
    """Return the width of five stars."""
    return STEP * STARS


def draw_stars(
    painter: QPainter,
    at: QPoint,
    theme: Theme,
    *,
    stars: int,
    hollow: bool = True,
    token: str = "text.muted",
) -> None:
    """Draw `stars` of five, their top left corner at `at`.

    Parameters
    ----------
    hollow : bool
        Draw the missing ones as outlines.
    token : str
        The color of the outlines.
    """
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    filled, edge = theme.color("star"), theme.color(token)
    for place in range(STARS if hollow else stars):
        painter.save()
        painter.translate(at.x() + place * STEP, at.y())
        if place < stars:
            painter.setPen(QPen(filled, 1, j=Qt.PenJoinStyle.RoundJoin))
            painter.setBrush(filled)
        else:
            painter.setPen(QPen(edge, 1, j=Qt.PenJoinStyle.RoundJoin))
            painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(_star(STAR))
        painter.restore()
    painter.restore()


def star_at(x: int) -> int:
    """Return which star (1 to 5) lies `x` px right of the first one's edge, else 0."""
    place = x // STEP + 1
    return place if x >= 0 and place <= STARS else 0


def draw_label(painter: QPainter, rect: QRect, theme: Theme, *, label: int) -> None:
    """Draw the color label of the keys 6 to 9 with its digit; nothing for 0."""
    token = LABELS.get(label)
    if token is None:
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color(token))
    painter.drawRoundedRect(QRectF(rect), 3, 3)
    painter.restore()
    draw_text(
        painter,
        rect,
        theme,
        text=str(label),
        style="group",
        token="text.on-label",
        align=Qt.AlignmentFlag.AlignHCenter,
    )


def draw_flag(
    painter: QPainter, at: QPoint, theme: Theme, *, flag: int, on_image: bool = False
) -> None:
    """Draw a pick or reject flag of 14 px; nothing for 0.

    Parameters
    ----------
    on_image : bool
        It stands on a picture: on a dark plate.
    """
    if flag == 0:
        return
    if on_image:
        draw_plate(painter, QRect(at.x() - 3, at.y() - 3, 20, 20))
    icon = "flag" if flag == PICK else "flag-off"
    token = "state.failed" if flag == REJECT else "text.primary"
    if on_image and flag == PICK:
        token = "text.on-image"
    draw_glyph(painter, at, theme, icon=icon, token=token, size=14)


def draw_plate(painter: QPainter, rect: QRect) -> None:
    """Draw a black plate of 63 %, so that words on a picture can be read."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, _PLATE))
    painter.drawRoundedRect(QRectF(rect), 3, 3)
    painter.restore()


def flag_words(flag: int) -> str:
    """Return what a flag is called, "" for none."""
    return {PICK: "Picked", REJECT: "Rejected"}.get(flag, "")


def marks_words(*, stars: int, flag: int, label: int) -> str:
    """Return the marks of a row for screen readers: "4 stars, picked, green"."""
    words = []
    if stars:
        words.append("1 star" if stars == 1 else f"{stars} stars")
    if flag:
        words.append(flag_words(flag).lower())
    if label:
        words.append(LABEL_WORDS[label].lower())
    return ", ".join(words)
