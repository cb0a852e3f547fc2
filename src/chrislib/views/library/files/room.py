"""Where the parts of Browse Files go."""

from collections.abc import Sequence

from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from chrislib.views.library.files.dragging import Dragging
from chrislib.views.widgets.text import line

TREE = 320


class DropStack(QStackedWidget):
    """Pages that take files also where there is no table to drop them on."""

    def __init__(self, dragging: Dragging) -> None:
        super().__init__()
        self._dragging = dragging
        self.setAcceptDrops(True)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files for the folder that is shown."""
        if self._dragging.fits(event.mimeData(), None):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Hand on what was dropped."""
        self._dragging.dropped(event.mimeData(), None)
        event.acceptProposedAction()


def with_head(crumbs: QWidget, tools: Sequence[QWidget], body: QWidget) -> QWidget:
    """Return the breadcrumb and tools on a line of 44 over `body`."""
    head = QHBoxLayout()
    head.setContentsMargins(16, 8, 12, 8)
    head.setSpacing(8)
    head.addWidget(crumbs, 1)
    for tool in tools:
        head.addWidget(tool)
    made = QWidget()
    column = _column(made)
    column.addLayout(head)
    column.addWidget(line())
    column.addWidget(body, 1)
    return made


def with_foot(body: QWidget, foot: QWidget) -> QWidget:
    """Return `body` over a line that says how much it is."""
    row = QHBoxLayout()
    row.setContentsMargins(16, 4, 16, 4)
    row.addWidget(foot, 1)
    made = QWidget()
    column = _column(made)
    column.addWidget(body, 1)
    column.addWidget(line())
    column.addLayout(row)
    return made


def split(splitter: QSplitter, tree: QWidget, rows: QWidget) -> None:
    """Put tree and rows side by side; the rows take all change."""
    splitter.setObjectName("files.splitter")
    splitter.setChildrenCollapsible(False)
    splitter.setHandleWidth(1)
    tree.setMinimumWidth(184)
    splitter.addWidget(tree)
    splitter.addWidget(rows)
    splitter.setStretchFactor(0, 0)
    splitter.setStretchFactor(1, 1)
    splitter.setSizes([TREE, 600])


def _column(widget: QWidget) -> QVBoxLayout:
    made = QVBoxLayout(widget)
    made.setContentsMargins(0, 0, 0, 0)
    made.setSpacing(0)
    return made
