"""What is dragged out of My Library: rows, to the tray or into collections."""

import json
from collections.abc import Callable, Sequence

from PySide6.QtCore import QMimeData, QModelIndex, QPoint, QRect, Qt
from PySide6.QtGui import QDrag, QPainter, QPixmap
from PySide6.QtWidgets import QAbstractItemView

from chrislib.library.mine.model import Level, RowId
from chrislib.views.library.mine.words import unit
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.dragging import items_data
from chrislib.views.widgets.paint import draw_text

ROWS = "application/x-chrislib-rows"
"""JSON: the level, and the ids of rows of My Library."""

Dragged = tuple[Level, list[RowId]]


class Drags:
    """Begins drags.

    Parameters
    ----------
    rows : callable
        What is highlighted in a view.
    items : callable
        The library items of that, as far as they are known.
    """

    def __init__(
        self,
        theme: Theme,
        rows: Callable[[], Dragged],
        items: Callable[[], Sequence[str]],
    ) -> None:
        self._theme = theme
        self._rows = rows
        self._items = items

    def start(self, view: QAbstractItemView, indexes: Sequence[QModelIndex]) -> None:
        """Carry what is highlighted until it is dropped."""
        level, ids = self._rows()
        if not ids or not indexes:
            return
        drag = QDrag(view)
        data = mime_of(level, ids)
        items = self._items()
        drag.setMimeData(items_data(items, data) if items else data)
        drag.setPixmap(self._tag(unit(level, len(ids)), view.devicePixelRatioF()))
        drag.setHotSpot(QPoint(-12, -8))
        # Qt has no other way to drag; its loop runs ours as well
        drag.exec(Qt.DropAction.CopyAction)

    def _tag(self, words: str, ratio: float) -> QPixmap:
        theme = self._theme
        wide, high = theme.width("small-strong", words) + 24, theme.px(26)
        tag = QPixmap(round(wide * ratio), round(high * ratio))
        tag.setDevicePixelRatio(ratio)
        tag.fill(theme.color("accent.fill"))
        painter = QPainter(tag)
        draw_text(
            painter,
            QRect(12, 0, wide - 12, high),
            theme,
            text=words,
            style="small-strong",
            token="text.on-accent",
        )
        painter.end()
        return tag


def mime_of(level: Level, ids: Sequence[RowId]) -> QMimeData:
    """Return rows as they are dragged."""
    found = QMimeData()
    found.setData(ROWS, json.dumps([level.value, list(ids)]).encode())
    return found


def dragged(data: QMimeData) -> Dragged | None:
    """Return the rows something dragged stands for, None when there are none."""
    if not data.hasFormat(ROWS):
        return None
    try:
        level, ids = json.loads(bytes(data.data(ROWS).data()))
        return Level(level), [RowId(int(one)) for one in ids]
    except (ValueError, TypeError):
        return None
