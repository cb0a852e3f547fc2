"""Colors of tags: what a server has as free text, as something that can be drawn."""

from zlib import crc32

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from chrislib.views.theme.theme import Theme

PALETTE: tuple[tuple[str, str], ...] = (
    ("#e0605c", "Red"),
    ("#e08a3c", "Orange"),
    ("#d6b12f", "Yellow"),
    ("#4ea866", "Green"),
    ("#3fa8a0", "Teal"),
    ("#3f8fd2", "Blue"),
    ("#8f74d6", "Violet"),
    ("#d0679d", "Pink"),
)
"""Colors that can be told apart in both themes, with their names."""


def tag_color(text: str) -> QColor:
    """Return a tag's color; words that name none get one of ours, always the same."""
    text = text.strip()
    if QColor.isValidColorName(text):
        color = QColor(text)
        if color.alpha() == 255:
            return color
    return QColor(PALETTE[crc32(text.encode("utf-8", "replace")) % len(PALETTE)][0])


def color_word(text: str) -> str:
    """Return what a color is called, for who does not see it."""
    wanted = tag_color(text).name()
    return next((word for code, word in PALETTE if code == wanted), wanted)


def draw_dot(painter: QPainter, rect: QRect, theme: Theme, *, color: str) -> None:
    """Draw a tag's dot of 10 px centred in `rect`; its edge is seen on any ground."""
    dot = QRect(0, 0, 10, 10)
    dot.moveCenter(rect.center())
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.color("border.control"), 1))
    painter.setBrush(tag_color(color))
    painter.drawEllipse(dot)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.restore()
