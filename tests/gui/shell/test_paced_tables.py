"""Tables whose rows are painted over several turns."""

import time

from PySide6.QtCore import QModelIndex, QPersistentModelIndex
from PySide6.QtGui import QColor, QPainter, QStandardItemModel
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem
from pytestqt.qtbot import QtBot

from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paced import PacedTable

ROWS = 12


class Slow(QStyledItemDelegate):
    """Notes what is painted, in one color, and takes its time."""

    def __init__(self, parent: PacedTable) -> None:
        super().__init__(parent)
        self.color = QColor("red")
        self.rows: list[int] = []

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        self.rows.append(index.row())
        until = time.thread_time() + 0.004
        while time.thread_time() < until:
            continue
        painter.fillRect(option.rect, self.color)


def test_rows_are_painted_a_few_in_a_turn_and_all_in_the_end(
    qtbot: QtBot, theme: Theme
) -> None:
    table = PacedTable(theme)
    qtbot.addWidget(table)
    table.setModel(QStandardItemModel(ROWS, 1, table))
    table.setShowGrid(False)
    table.verticalHeader().setDefaultSectionSize(20)
    slow = Slow(table)
    table.setItemDelegate(slow)
    table.resize(200, 400)
    table.show()
    qtbot.waitUntil(lambda: table.painted and set(slow.rows) == set(range(ROWS)))
    before, slow.rows = slow.color, []
    slow.color = QColor("blue")
    table.viewport().repaint()
    assert slow.rows == [0], "the others wait for the next turn"
    assert not table.painted
    # a picture shows all of it as it is now
    picture = table.viewport().grab().toImage()
    seen = {picture.pixelColor(10, 20 * row + 5).name() for row in range(ROWS)}
    assert seen == {slow.color.name()}
    # on screen the rows that wait keep their look, and then get the new one
    shown = table.window().backingStore().paintDevice().copy()  # type: ignore[attr-defined]
    at = table.viewport().mapTo(table, table.viewport().rect().topLeft())
    assert shown.pixelColor(at.x() + 10, at.y() + 5) == slow.color
    assert shown.pixelColor(at.x() + 10, at.y() + 20 * 5 + 5) == before
    slow.rows = []
    qtbot.waitUntil(lambda: table.painted)
    assert slow.rows == list(range(1, ROWS)), "each of them once"
    # what scrolls while rows wait is painted where it is by then
    table.resize(200, 150)
    qtbot.waitUntil(lambda: table.painted)
    slow.color = QColor("green")
    table.viewport().repaint()
    table.verticalScrollBar().setValue(table.verticalScrollBar().maximum())
    qtbot.waitUntil(lambda: table.painted)
    shown = table.window().backingStore().paintDevice().copy()  # type: ignore[attr-defined]
    height = table.viewport().height()
    seen = {
        shown.pixelColor(at.x() + 10, at.y() + y).name() for y in range(3, height, 7)
    }
    assert seen == {slow.color.name()}
