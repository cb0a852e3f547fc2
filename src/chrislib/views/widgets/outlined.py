"""Text on pictures: light letters with a dark outline, drawn once and kept."""

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QPainter,
    QPainterPath,
    QPen,
    QPixmap,
)

from chrislib.views.theme.theme import Theme

_EDGE = 3
_KEPT = 160


class OutlinedText:
    """Draws texts with their outline; stroking one at every paint is slow."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._kept: dict[tuple[str, str, str, float], QPixmap] = {}

    def clear(self) -> None:
        """Forget what was drawn: the theme changed."""
        self._kept.clear()

    def draw(
        self,
        painter: QPainter,
        text: str,
        *,
        font: QFont,
        place: QPointF,
        token: str,
        ratio: float,
    ) -> None:
        """Draw `text` with its baseline beginning at `place`.

        Parameters
        ----------
        token : str
            Color of the letters.
        ratio : float
            Device pixels per pixel.
        """
        key = (text, font.key(), token, ratio)
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) > _KEPT:
                self._kept.clear()
            found = self._drawn(text, font, token=token, ratio=ratio)
            self._kept[key] = found
        ascent = QFontMetrics(font).ascent()
        painter.drawPixmap(place - QPointF(_EDGE, ascent + _EDGE), found)

    def _drawn(self, text: str, font: QFont, *, token: str, ratio: float) -> QPixmap:
        metrics = QFontMetrics(font)
        wide = metrics.horizontalAdvance(text) + 2 * _EDGE
        high = metrics.height() + 2 * _EDGE
        pixmap = QPixmap(round(wide * ratio) + 1, round(high * ratio) + 1)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        path = QPainterPath()
        path.addText(QPointF(_EDGE, metrics.ascent() + _EDGE), font, text)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.strokePath(path, QPen(QColor(0, 0, 0, 200), 3))
        painter.fillPath(path, self._theme.color(token))
        painter.end()
        return pixmap
