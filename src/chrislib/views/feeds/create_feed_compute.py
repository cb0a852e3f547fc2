"""Where the first steps of a new feed compute, on the review of Create feed."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from chrislib.feeds.many import ManyTable
from chrislib.feeds.recipes import Recipe, RecipeGone
from chrislib.views.context import ViewContext
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.section import Facts
from chrislib.views.widgets.text import Label


class FeedCompute(QWidget):
    """What each run of the recipe may use; nothing while nothing is run.

    Signals
    -------
    change_wanted : ()
        Another place or other limits are wanted.
    known : ()
        The runs of the recipe are known, or that they cannot be.
    """

    change_wanted = Signal()
    known = Signal()

    def __init__(self, context: ViewContext) -> None:
        super().__init__()
        theme = context.theme
        self._context = context
        self._tasks = context.tasks("create feed: compute")
        self._recipe: Recipe | None = None
        self._table: ManyTable | None = None
        self._touched = self._asks = False
        self._gone = ""
        self._facts = Facts(theme)
        self._facts.setObjectName("create.compute")
        self._change = button(
            theme,
            "Compute and limits …",
            kind="quiet",
            name="create.compute.change",
            small=True,
        )
        self._error = Label(
            theme,
            style="small",
            token="state.failed",
            wrap=True,
            name="create.compute.error",
        )
        head = QHBoxLayout()
        head.addWidget(Label(theme, "Compute", style="section"), 1)
        head.addWidget(self._change)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self._facts)
        column.addWidget(self._error)
        self._change.clicked.connect(self.change_wanted)
        self.hide()

    def show_recipe(self, recipe: Recipe | None) -> None:
        """Show where the runs of a recipe compute (asks the server)."""
        if recipe is self._recipe:
            return
        self._recipe, self._table, self._touched = recipe, None, False
        self._gone = ""
        self._tasks.cancel_all()
        self._facts.show_facts(())
        self._change.hide()
        self._error.hide()
        self.hide()
        if recipe is not None:
            self._tasks.start(
                self._context.feeds.many.table(recipe),
                name="compute",
                done=self._show,
                failed=self._failed,
            )

    @property
    def table(self) -> ManyTable | None:
        """The runs of the recipe, None while they are not known."""
        return self._table

    @property
    def problem(self) -> str:
        """Why the recipe cannot be run where it was, "" for nothing."""
        slots = self._table.slots if self._table is not None else ()
        for slot in slots:
            if slot.use_problem:
                return f"{slot.title}: {slot.use_problem}"
            if self._touched and slot.fixed:
                return f"{slot.title}: {next(iter(slot.fixed.values()))}"
        return self._gone

    def ask_at_fault(self) -> None:
        """Want a change as soon as the recipe is known, if it is at fault then."""
        self._asks = True

    def placed(self, recipe: Recipe | None) -> Recipe | None:
        """Return the recipe as it is to be run: each run where it was chosen."""
        table = self._table
        if recipe is None or table is None or table.recipe is not recipe:
            return recipe
        # what was run before is run as it was, unless something was changed
        return table.placed() if self._touched else recipe

    def renew(self) -> None:
        """Show what was chosen or corrected meanwhile."""
        self._touched = True
        if self._table is not None:
            self._table.look_again()
        self._fill()

    def shutdown(self) -> None:
        """Cancel what runs."""
        self._tasks.cancel_all()

    def _show(self, table: ManyTable) -> None:
        self._table = table
        self._change.setVisible(bool(table.slots))
        self.setVisible(bool(table.slots))
        self._fill()
        self._ask()

    def _fill(self) -> None:
        slots = self._table.slots if self._table is not None else ()
        self._facts.show_facts([(slot.title, slot.use_words) for slot in slots])
        self._error.setText(self.problem)
        self._error.setVisible(bool(self.problem))

    def _failed(self, error: BaseException) -> None:
        """Say what is wrong with the recipe before anything is sent."""
        if isinstance(error, RecipeGone):
            self._gone = f"{error.title} {error.hint}"
        self._error.setText(self._gone or str(error))
        self._error.show()
        self.show()
        self._ask()

    def _ask(self) -> None:
        self.known.emit()
        asks, self._asks = self._asks, False
        if asks and self.problem:
            self.change_wanted.emit()
