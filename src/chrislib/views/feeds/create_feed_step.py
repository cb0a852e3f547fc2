"""The page where the first step of a new feed is chosen, or put together."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from chrislib.cube.errors import Refused
from chrislib.cube.types import Plugin
from chrislib.feeds.faults import COMPUTE as PLACE
from chrislib.feeds.faults import VALUES, fault_of, node_meant, whole_words
from chrislib.feeds.form import ParameterForm
from chrislib.feeds.intents import run_of
from chrislib.feeds.many import ManyTable
from chrislib.feeds.many_model import Slot
from chrislib.feeds.pipelines import NodePlan, PipelineTree
from chrislib.feeds.recipes import Recipe, recipe_of
from chrislib.jobs.model import RunIntent, WorkflowIntent
from chrislib.jobs.submission.held import Next
from chrislib.views.context import ViewContext
from chrislib.views.feeds.add_node_what import PIPELINES, WhatPage
from chrislib.views.feeds.add_node_work import what_label, work_key
from chrislib.views.feeds.create_feed_first import FirstStepList
from chrislib.views.feeds.form_page import FormPage
from chrislib.views.feeds.pipeline_plan import PlanPage
from chrislib.views.feeds.runs_compute import RunsCompute
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.text import Label

CHOICE, PLUGIN, PARAMETERS, PLAN, COMPUTE = range(5)


class FirstStepHead(QWidget):
    """The choices with their head; it stands on two pages, one at a time."""

    another = Signal()

    def __init__(self, context: ViewContext) -> None:
        super().__init__()
        theme = context.theme
        self.list = FirstStepList(theme)
        other = button(theme, "Choose another …", kind="quiet", name="create.another")
        other.clicked.connect(self.another)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(Label(theme, "First step", style="section"))
        head.addWidget(Label(theme, "optional", style="small", token="text.muted"), 1)
        head.addWidget(other)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.list)


class FirstStepPage(QWidget):
    """Choices; behind "Choose another …" plugins and pipelines, and their values.

    Parameters
    ----------
    computes : bool
        Ask besides where the step computes, where there is a choice.

    Signals
    -------
    said : (str, str)
        Words for the sheet's foot, and their kind.
    moved
        Another of its parts is shown.
    taken
        A step was put together and is chosen now, or placed.
    placed
        What `show_compute` or `show_refused` show was changed.
    """

    said = Signal(str, str)
    moved = Signal()
    taken = Signal()
    placed = Signal()

    def __init__(
        self, context: ViewContext, head: FirstStepHead, *, computes: bool = False
    ) -> None:
        super().__init__()
        self._computes = computes
        self._made: ManyTable | None = None
        self._corrects = False
        self._context = context
        self._tasks = context.tasks("first step")
        self._head = head
        self._chosen: Plugin | PipelineTree | None = None
        self._shown: tuple[str, int] | None = None
        self._form: ParameterForm | None = None
        self._plans: list[NodePlan] = []
        self._stack = QStackedWidget()
        self._choice = QWidget()
        self.place = QVBoxLayout(self._choice)
        self.place.setContentsMargins(24, 16, 24, 16)
        self.place.addStretch(1)
        # what joins several nodes cannot follow the only one
        self.what = WhatPage(context, types=("ds",))
        self.plugins = self.what.plugins
        self.page = FormPage(context, own=_no_paths)
        self.form_view = self.page.view
        self.plan = PlanPage(context, own=_no_paths, computes=False)
        self.compute = RunsCompute(context.theme, prefix="first.")
        for page in (self._choice, self.what, self.page, self.plan, self.compute):
            self._stack.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)
        self.what.chosen.connect(self._choose)
        self.what.activated.connect(self.go_on)
        self.compute.changed.connect(
            lambda: self.said.emit(self.compute.problem_words, "failed")
        )
        self._load_recipes()

    @property
    def part(self) -> int:
        """CHOICE, PLUGIN, PARAMETERS (of a plugin), PLAN (of a pipeline) or COMPUTE."""
        return self._stack.currentIndex()

    def show_compute(self, table: ManyTable | None, problem: str = "") -> None:
        """Offer where the runs of a known recipe compute, at what is wrong there.

        Where there is no table, the recipe cannot be run: another is to be chosen.
        """
        self._made = None
        if table is None:
            self._leave()
            self.said.emit(problem, "failed")
            return
        self._show_compute(table)
        if not self.compute.ask():
            self.said.emit(self.compute.problem_words, "failed")

    def show_refused(self, table: ManyTable, step: int, error: Refused) -> str:
        """Offer what a server refused of a recipe's step, at the field at fault.

        Returns
        -------
        str
            What is to be said of it.
        """
        places = [at for at, slot in enumerate(table.slots) if slot.step == step]
        slots = [table.slots[at] for at in places]
        nodes = [slot.node.node.title for slot in slots if slot.node is not None]
        self._leave()
        if nodes:
            # of a pipeline a server says at most which node it is about
            node = node_meant(error, nodes)
            wrong = [at for at, slot in enumerate(slots) if slot.form.errors()]
            if node < 0 and len(wrong) == 1:
                node = wrong[0]
            if node >= 0:
                slots[node].form.refuse(error.fields)
                self._show_values(slots[node].form)
                return f"{nodes[node]}: {whole_words(error)}"
        elif slots:
            fault = fault_of(error, slots[0].form, slots[0].limits)
            if fault.part == VALUES:
                self._show_values(slots[0].form)
                shown = len(self.form_view.visible_errors())
                return fault.words or _attention(shown)
            if fault.part == PLACE:
                self._made = None
                self._show_compute(table)
                self.compute.refuse(places[0], fault.place)
                return fault.words or _attention(self.compute.view.problems)
            return fault.words
        return f"{error.title} {whole_words(error)}".strip()

    def show_plugins(self) -> None:
        """Offer every plugin that can follow the data, and the pipelines."""
        self._stack.setCurrentIndex(PLUGIN)
        self.moved.emit()
        if not self.plugins.model.total:
            self.what.load()
        self.what.go_in()

    def go_on(self) -> bool:
        """Do what Next means here; False when the sheet goes on itself."""
        if self.part == PLUGIN:
            if self._chosen is None:
                several = self.what.kind == PIPELINES
                what = "a pipeline" if several else "a plugin"
                self.said.emit(f"Choose {what} first.", "failed")
            else:
                self._ask(self._chosen)
            return True
        if self.part == PARAMETERS:
            if not self.form_view.ask():
                self._count(len(self.form_view.visible_errors()))
            elif self._corrects:
                self._take_values()
            else:
                self._take_plugin()
            return True
        if self.part == PLAN:
            if self.plan.ask():
                self._take_pipeline()
            else:
                self._count(self.plan.problems)
            return True
        if self.part == COMPUTE:
            self._placed()
            return True
        return False

    def go_back(self) -> bool:
        """Do what Back means here; False when the sheet goes back itself."""
        if self.part == CHOICE:
            return False
        before = {PLUGIN: CHOICE, PARAMETERS: PLUGIN, PLAN: PLUGIN, COMPUTE: CHOICE}
        to = before[self.part]
        if self.part == COMPUTE and self._made is not None:
            to = PLAN if isinstance(self._chosen, PipelineTree) else PARAMETERS
        if self.part == PARAMETERS and self._corrects:
            to = CHOICE
        self._stack.setCurrentIndex(to)
        self.said.emit("", "info")
        self.moved.emit()
        return True

    def shutdown(self) -> None:
        """Cancel what runs."""
        self._tasks.cancel_all()
        for page in (self.what, self.page, self.plan):
            page.shutdown()

    # -- inside ----------------------------------------------------------------

    def _show_values(self, form: ParameterForm) -> None:
        """Offer the values of a run of a known recipe, at what is wrong there."""
        self._made, self._corrects = None, True
        self.page.set_form(form)
        self._stack.setCurrentIndex(PARAMETERS)
        if self.form_view.ask():
            self.form_view.go_in()
        self.moved.emit()

    def _load_recipes(self) -> None:
        now = self._context.now()
        self._tasks.start(
            self._context.feeds.making.recipes(),
            name="recipes",
            done=lambda found: self._head.list.set_recipes(found, now),
        )

    def _choose(self, what: object) -> None:
        self._chosen = what if isinstance(what, Plugin | PipelineTree) else None
        self.said.emit("", "info")

    def _count(self, count: int) -> None:
        self.said.emit(_attention(count), "failed")

    def _ask(self, what: Plugin | PipelineTree) -> None:
        if self._shown == work_key(what):
            self._show(PLAN if isinstance(what, PipelineTree) else PARAMETERS)
            return
        self.said.emit(f"Asking for the parameters of {what_label(what)}", "info")
        feeds = self._context.feeds

        def failed(error: BaseException) -> None:
            self.said.emit(str(error), "failed")

        def planned(plans: list[NodePlan]) -> None:
            if isinstance(what, PipelineTree):
                self._plans = plans
                self.plan.set_plans(what, plans)
                self._shown = work_key(what)
                self._show(PLAN)

        def formed(form: ParameterForm) -> None:
            self._form = form
            self.page.set_form(form)
            self._shown = work_key(what)
            self._show(PARAMETERS)

        if isinstance(what, PipelineTree):
            plans = feeds.pipelines.plans(what)
            self._tasks.start(plans, name="form", done=planned, failed=failed)
        else:
            form = feeds.plugins.form_for(what)
            self._tasks.start(form, name="form", done=formed, failed=failed)

    def _show(self, part: int) -> None:
        self._corrects = False
        if part == PARAMETERS and self._form is not self.form_view.form and self._form:
            self.page.set_form(self._form)
        self._stack.setCurrentIndex(part)
        (self.plan if part == PLAN else self.form_view).go_in()
        self.said.emit("", "info")
        self.moved.emit()

    def _take_plugin(self) -> None:
        form = self._form
        if form is None:
            return
        plugin = form.plugin
        intent = run_of(plugin, dict(form.payload()))
        self._place(intent, [Slot.of(0, plugin.name, form)])

    def _take_pipeline(self) -> None:
        tree = self._chosen
        if isinstance(tree, PipelineTree):
            intent = self._context.feeds.pipelines.intent(tree, self._plans)
            slots = [
                Slot.of(0, plan.node.title or plan.node.plugin, plan.form, node=plan)
                for plan in self._plans
            ]
            self._place(intent, slots)

    def _place(self, intent: RunIntent | WorkflowIntent, slots: Sequence[Slot]) -> None:
        """Ask where a new step computes, where there is a choice; else take it."""
        recipe = recipe_of([Next(intent)])
        if self._computes and any(len(slot.form.computes) > 1 for slot in slots):
            self._made = ManyTable(recipe, slots)
            self._show_compute(self._made)
        else:
            self._take(recipe)

    def _show_compute(self, table: ManyTable) -> None:
        self.compute.show_table(table)
        self._stack.setCurrentIndex(COMPUTE)
        self.compute.go_in()
        self.said.emit("", "info")
        self.moved.emit()

    def _placed(self) -> None:
        if not self.compute.ask():
            self.said.emit(self.compute.problem_words, "failed")
        elif self._made is not None:
            self._take(self._made.placed())
        else:
            self._take_known()

    def _take_values(self) -> None:
        """Have corrected values taken over, by the plugin's own form as well."""
        form = self.form_view.form
        if form is not None and self._form and self._form.plugin.id == form.plugin.id:
            self._form = form
        self._take_known()

    def _take_known(self) -> None:
        """Have what was changed of a known recipe taken over."""
        self._leave()
        self.placed.emit()
        self.taken.emit()

    def _take(self, recipe: Recipe) -> None:
        self._head.list.take(recipe)
        self._leave()
        self.taken.emit()

    def _leave(self) -> None:
        self._stack.setCurrentIndex(CHOICE)
        self.moved.emit()


def _no_paths() -> Sequence[tuple[str, str]]:
    """Offer no outputs: the feed is not there yet."""
    return ()


def _attention(count: int) -> str:
    """Return how many fields are not right yet."""
    words = "1 field needs" if count == 1 else f"{count} fields need"
    return f"{words} attention"
