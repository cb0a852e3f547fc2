"""Jobs: the list in the middle, the inbox at the right."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget


class JobsPage(QWidget):
    """Puts the job list beside the inbox."""

    fold_changed = Signal()

    def __init__(self, jobs: QWidget, inbox: QWidget) -> None:
        super().__init__()
        self.setObjectName("jobs.page")
        self.jobs = jobs
        self.inbox = inbox
        inbox.setMinimumWidth(264)
        inbox.setMaximumWidth(480)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setObjectName("jobs.splitter")
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(1)
        self.splitter.addWidget(jobs)
        self.splitter.addWidget(inbox)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setStretchFactor(1, 0)
        self.splitter.setSizes([1064, 376])
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.splitter)

    def folded(self, side: str) -> bool:
        """Return whether the inbox ("right") is folded."""
        return side == "right" and self.inbox.isHidden()

    def fold(self, side: str, folded: bool) -> None:
        """Fold or show the inbox ("right")."""
        if side == "right":
            self.inbox.setVisible(not folded)
            self.fold_changed.emit()
