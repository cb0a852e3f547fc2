"""What is run on every subject: what was run before, a pipeline, plugins in a row."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from chrislib.feeds.recipes import Recipe, then
from chrislib.jobs.model import RunIntent
from chrislib.views.context import ViewContext
from chrislib.views.feeds.create_feed_step import CHOICE, FirstStepHead, FirstStepPage
from chrislib.views.widgets.buttons import button


class RecipePage(QWidget):
    """The choices of Create feed, and a step more besides.

    Signals
    -------
    said : (str, str)
        Words for the sheet's foot, and their kind.
    moved
        Another of its parts is shown, or another recipe is chosen.
    """

    said = Signal(str, str)
    moved = Signal()

    def __init__(self, context: ViewContext) -> None:
        super().__init__()
        self._after: Recipe | None = None
        self.head = FirstStepHead(context)
        self.head.list.offers_first = True
        self.page = FirstStepPage(context, self.head)
        self.page.place.insertWidget(0, self.head)
        self._more = button(
            context.theme, "Add a step …", icon="plus", name="many.step", small=True
        )
        row = QHBoxLayout()
        row.addWidget(self._more)
        row.addStretch(1)
        self.page.place.insertLayout(1, row)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.page)
        self._more.clicked.connect(lambda: self._choose(self.chosen))
        self.head.another.connect(lambda: self._choose(None))
        self.head.list.changed.connect(self._changed)
        self.page.said.connect(self.said)
        self.page.moved.connect(self.moved)
        self.page.taken.connect(self._taken)
        self._changed()

    @property
    def chosen(self) -> Recipe | None:
        """What is run; None for nothing but the data."""
        return self.head.list.chosen

    @property
    def is_deep(self) -> bool:
        """Whether Back leads to the choices first."""
        return self.page.part != CHOICE

    def take(self, recipe: Recipe) -> None:
        """Choose a recipe that is known already."""
        self.head.list.take(recipe)

    def go_on(self) -> bool:
        """Do what Next means here; False when the sheet goes on itself."""
        return self.page.go_on()

    def go_back(self) -> bool:
        """Do what Back means here; False when the sheet goes back itself."""
        return self.page.go_back()

    def shutdown(self) -> None:
        """Cancel what runs."""
        self.page.shutdown()

    # -- inside ----------------------------------------------------------------

    def _choose(self, after: Recipe | None) -> None:
        self._after = after
        self.page.show_plugins()

    def _taken(self) -> None:
        """Hang what was put together under the steps there are."""
        after, self._after = self._after, None
        new = self.chosen
        if after is not None and new is not None:
            self.head.list.take(then(after, new.steps[0].intent))

    def _changed(self) -> None:
        chosen = self.chosen
        runs = chosen is not None and any(
            isinstance(one.intent, RunIntent) for one in chosen.steps
        )
        self._more.setEnabled(runs)
        self._more.setToolTip("" if runs else "Choose what is run first")
        self.moved.emit()
