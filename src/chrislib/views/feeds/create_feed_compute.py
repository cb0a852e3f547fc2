"""Where the first steps of a new feed compute, on the review of Create feed."""

from dataclasses import replace

from PySide6.QtWidgets import QVBoxLayout, QWidget

from chrislib.feeds.many import ManyTable, steps_of
from chrislib.feeds.recipes import Recipe
from chrislib.views.context import ViewContext
from chrislib.views.feeds.many_compute import ComputeRows
from chrislib.views.widgets.text import Label


class FeedCompute(QWidget):
    """A choice for each run of the recipe; nothing while there is none to choose."""

    def __init__(self, context: ViewContext) -> None:
        super().__init__()
        theme = context.theme
        self._context = context
        self._tasks = context.tasks("create feed: compute")
        self._recipe: Recipe | None = None
        self._table: ManyTable | None = None
        self._rows = ComputeRows(theme)
        self._rows.setObjectName("create.compute")
        self._error = Label(
            theme,
            style="small",
            token="state.failed",
            wrap=True,
            name="create.compute.error",
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(0)
        column.addWidget(Label(theme, "Compute", style="section"))
        column.addWidget(self._rows)
        column.addWidget(self._error)
        self._rows.chosen.connect(self._choose)
        self.hide()

    def show_recipe(self, recipe: Recipe | None) -> None:
        """Offer where the runs of a recipe can compute (asks the server)."""
        if recipe is self._recipe:
            return
        self._recipe, self._table = recipe, None
        self._tasks.cancel_all()
        self._rows.show_slots(())
        self._error.hide()
        self.hide()
        if recipe is not None:
            self._tasks.start(
                self._context.feeds.many.table(recipe),
                name="compute",
                done=self._show,
                failed=self._failed,
            )

    def placed(self, recipe: Recipe | None) -> Recipe | None:
        """Return the recipe as it is to be run: each run where it was chosen."""
        table = self._table
        if recipe is None or table is None or table.recipe is not recipe:
            return recipe
        if not any(slot.compute for slot in table.slots):
            return recipe
        cells: list[dict[str, str]] = [{} for _ in table.slots]
        return replace(recipe, steps=steps_of(recipe, table.slots, cells))

    def shutdown(self) -> None:
        """Cancel what runs."""
        self._tasks.cancel_all()

    def _show(self, table: ManyTable) -> None:
        self._table = table
        self._rows.show_slots(table.slots)
        self.setVisible(bool(table.slots))

    def _choose(self, slot: int, name: str) -> None:
        if self._table is not None:
            self._table.set_compute(slot, name)

    def _failed(self, error: BaseException) -> None:
        """Say what is wrong with the recipe before anything is sent."""
        self._error.setText(str(error))
        self._error.show()
        self.show()
