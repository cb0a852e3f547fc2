"""How it is drawn where the files of a row are."""

from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QPainter

from chrislib.library.mine.model import Row
from chrislib.views.library.mine import words
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paint import draw_glyph, draw_state, draw_text


def draw_place(painter: QPainter, rect: QRect, theme: Theme, row: Row) -> None:
    """Draw where the files of a row are: glyph, words, and a bar on their way."""
    found = words.where(row)
    key = found.token.removeprefix("state.")
    if key not in (found.token, "ready"):
        draw_state(
            painter, rect, theme, key, found.words, done=found.done, total=found.total
        )
        return
    spot = QPoint(rect.left(), rect.center().y() - 7)
    draw_glyph(painter, spot, theme, icon=found.icon, token=found.token, size=14)
    draw_text(
        painter,
        rect.adjusted(20, 0, 0, 0),
        theme,
        text=found.words,
        style="small",
        token=found.token,
    )
