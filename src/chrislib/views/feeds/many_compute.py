"""The page of a batch on which it is chosen where its runs compute."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from chrislib.feeds.many import ManyTable
from chrislib.views.feeds.runs_compute import RunsCompute
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.text import Label, line


class ComputePage(QWidget):
    """Where each run of the recipe computes and what it may use, for every row."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.runs = RunsCompute(theme, prefix="many.")
        self.changed = self.runs.changed
        words = Label(
            theme,
            "Where each run of the recipe computes and what it may use, the same for "
            "every row.",
            style="small",
            token="text.secondary",
            wrap=True,
        )
        words.setContentsMargins(24, 12, 24, 12)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(words)
        column.addWidget(line())
        column.addWidget(self.runs, 1)

    def show_table(self, table: ManyTable) -> None:
        """Offer the choices of another recipe."""
        self.runs.show_table(table)
