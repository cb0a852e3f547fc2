"""Running the same recipe on many, from the window."""

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from chrislib.feeds.recipes import Recipe
from chrislib.views.context import ViewContext
from chrislib.views.feeds.many_runs import ManyRunsSheet
from chrislib.views.feeds.many_sheet import ManySheet


class ManyActs:
    """Opens the sheets of many feeds over a pane.

    Parameters
    ----------
    pane : QWidget
        Over whose window.
    """

    def __init__(self, context: ViewContext, pane: QWidget) -> None:
        self._context = context
        self._pane = pane
        self._last = ""

    def open(self, item_ids: Sequence[str], recipe: Recipe | None = None) -> None:
        """Open the sheet; no ids means what is in the tray."""
        sheet = ManySheet(
            self._pane.window(), self._context, tuple(item_ids), recipe=recipe
        )
        sheet.started.connect(self._started)
        sheet.open()

    def show(self, batch_key: str = "") -> None:
        """Show how far feeds that were started together are; the last ones without."""
        if not batch_key:
            self.show_last()
            return
        self._last = batch_key
        sheet = ManyRunsSheet(self._pane.window(), self._context, batch_key)
        sheet.started.connect(self._started)
        sheet.open()

    def show_last(self) -> None:
        """Show those started last, also before a restart."""
        batches = self._context.jobs.batches
        if not self._last:
            self._last = next((view.key for view in batches.batches()), "")
        if self._last:
            self.show(self._last)
        else:
            self._context.messages.info(
                "Nothing was started together yet.",
                hint="Tick series, then choose Same recipe on many.",
            )

    def _started(self, batch_key: str, _title: str) -> None:
        self.show(batch_key)
