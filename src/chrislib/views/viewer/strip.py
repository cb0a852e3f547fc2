"""The strip left of the pictures: every series or file there is, with its picture."""

import asyncio
from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from chrislib.views.context import ViewContext
from chrislib.views.viewer.entries import THUMB, Entry, thumbnail
from chrislib.views.widgets.text import Label


class Strip(QWidget):
    """A list of entries; hidden while there is but one.

    Signals
    -------
    chosen : int
        The row of another entry.
    """

    chosen = Signal(int)

    def __init__(self, ctx: ViewContext) -> None:
        super().__init__()
        self._tasks = ctx.tasks("viewer")
        self._entries: tuple[Entry, ...] = ()
        self._blank = QPixmap(THUMB, THUMB)
        self._blank.fill(ctx.theme.color("bg.image"))
        self.setProperty("surface", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(200)
        self.list = QListWidget()
        self.list.setObjectName("viewer.strip")
        self.list.setAccessibleName("Series")
        self.list.setIconSize(QSize(THUMB, THUMB))
        self.list.setWordWrap(True)
        self.list.setStyleSheet("QListWidget::item { padding: 0 8px; }")
        self.list.setSpacing(0)
        self.list.setUniformItemSizes(True)
        self.list.setFont(ctx.theme.font("small"))
        self.list.currentRowChanged.connect(self._changed)
        self._head = Label(ctx.theme, style="small-strong", name="viewer.strip.head")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(8)
        head = QHBoxLayout()
        head.setContentsMargins(12, 0, 12, 0)
        head.addWidget(self._head)
        column.addLayout(head)
        column.addWidget(self.list, 1)
        self.hide()

    @property
    def row(self) -> int:
        """The current row, -1 for none."""
        return self.list.currentRow()

    @property
    def pending(self) -> int:
        """Number of tasks that have not ended."""
        return self._tasks.pending

    def show_entries(self, entries: Sequence[Entry]) -> None:
        """List entries, none of them chosen; their pictures follow."""
        self.stop()
        self._entries = tuple(entries)
        self.list.blockSignals(True)
        self.list.clear()
        for row in range(len(self._entries)):
            item = QListWidgetItem()
            item.setSizeHint(QSize(180, THUMB + 16))
            item.setIcon(QIcon(self._blank))
            self.list.addItem(item)
            self._label(row)
        self.list.blockSignals(False)
        self.fold(len(self._entries) < 2)
        if len(self._entries) > 1:
            self._tasks.start(self._draw(self._entries), name="strip")

    def choose(self, row: int) -> None:
        """Choose a row; `chosen` tells when it is another one."""
        self.list.setCurrentRow(row)

    def mark(self, row: int, views: Mapping[int, str]) -> None:
        """Follow without telling: the current row, and which row is in which views."""
        self.list.blockSignals(True)
        self.list.setCurrentRow(row)
        self.list.blockSignals(False)
        self._say(row)
        for place in range(len(self._entries)):
            self._label(place, views.get(place, ""))

    def fold(self, folded: bool) -> None:
        """Hide the strip, or show it if there is anything to choose."""
        self.setVisible(not folded and len(self._entries) > 1)

    def stop(self) -> None:
        """Stop making pictures."""
        self._tasks.cancel_all()

    def _changed(self, row: int) -> None:
        self._say(row)
        self.chosen.emit(row)

    def _say(self, row: int) -> None:
        self._head.setText(f"Series  {row + 1} of {len(self._entries)}")

    def _label(self, row: int, views: str = "") -> None:
        entry = self._entries[row]
        lines = (entry.title, entry.detail, f"In view {views}" if views else "")
        self.list.item(row).setText("\n".join(line for line in lines if line))

    async def _draw(self, entries: tuple[Entry, ...]) -> None:
        """Give the rows their pictures, decoded in threads."""
        for row, entry in enumerate(entries):
            image = await asyncio.to_thread(thumbnail, entry)
            item = self.list.item(row)
            if image is None or item is None:
                continue
            icon = QIcon(QPixmap.fromImage(image))
            # a highlighted row must not tint the picture
            icon.addPixmap(QPixmap.fromImage(image), QIcon.Mode.Selected)
            item.setIcon(icon)
