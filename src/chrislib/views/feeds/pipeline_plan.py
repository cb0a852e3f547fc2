"""The nodes of a pipeline that is to be run: the values and the compute of each."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from chrislib.feeds.pipelines import NodePlan, PipelineTree
from chrislib.views.context import ViewContext
from chrislib.views.feeds.compute_view import ComputeView
from chrislib.views.feeds.form_page import FormPage
from chrislib.views.feeds.path_picker import Paths
from chrislib.views.feeds.pipeline_browser import shapes_of
from chrislib.views.feeds.pipeline_tree import PipelineTreeView
from chrislib.views.widgets.combos import combo
from chrislib.views.widgets.text import Label, line

WIDTH = 232


class PlanPage(QWidget):
    """One node at a time beside the tree; which one is chosen in either.

    Parameters
    ----------
    computes : bool
        Show compute resource and limits instead of the values.
    """

    changed = Signal()

    def __init__(self, context: ViewContext, *, own: Paths, computes: bool) -> None:
        super().__init__()
        theme = context.theme
        self._computes = computes
        self._tree: PipelineTree | None = None
        self._plans: dict[int, NodePlan] = {}
        self._here: NodePlan | None = None
        name = "plan.compute" if computes else "plan"
        self.setObjectName(name)
        self.tree_view = PipelineTreeView(theme, name=f"{name}.tree", choosing=True)
        self.box = combo(f"{name}.node", "Node of the pipeline")
        self.form = FormPage(context, own=own, name=f"{name}.form")
        self.compute = ComputeView(theme, prefix=f"{name}.")
        self._stack = QStackedWidget()
        self._stack.addWidget(self.form)
        self._stack.addWidget(self.compute)
        self._stack.setCurrentIndex(int(computes))
        side = QWidget()
        side.setFixedWidth(WIDTH)
        left = QVBoxLayout(side)
        left.setContentsMargins(16, 16, 16, 16)
        left.setSpacing(8)
        left.addWidget(Label(theme, "Node", style="small-strong"))
        left.addWidget(self.box)
        left.addWidget(self.tree_view, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(side)
        row.addWidget(line(vertical=True))
        row.addWidget(self._stack, 1)
        self.box.activated.connect(self._boxed)
        self.tree_view.chosen.connect(self._show_node)
        self.form.view.changed.connect(self._judge)
        self.compute.changed.connect(self._keep)

    def set_plans(self, tree: PipelineTree, plans: Sequence[NodePlan]) -> None:
        """Show a pipeline's nodes; the first one is chosen."""
        self._tree = tree
        self._plans = {plan.node.id: plan for plan in plans}
        self._here = None
        self.box.clear()
        for plan in plans:
            self.box.addItem(plan.node.title, plan.node.id)
        self._draw()
        if plans:
            self.tree_view.choose(plans[0].node.id)
            self._show_node(plans[0].node.id)

    def ask(self) -> bool:
        """Go to the first node with a mistake and return False, or True."""
        for plan in self._plans.values():
            wrong = plan.limits.errors() if self._computes else _mistakes(plan)
            if not wrong:
                continue
            self._show_node(plan.node.id)
            return self.compute.ask() if self._computes else self.form.view.ask()
        return True

    @property
    def problems(self) -> int:
        """How many values need attention, in all nodes."""
        return sum(
            len(plan.limits.errors() if self._computes else _mistakes(plan))
            for plan in self._plans.values()
        )

    def show_node(self, node_id: int) -> None:
        """Choose a node."""
        self._show_node(node_id)

    def go_in(self) -> None:
        """Take the focus in the first field of the node."""
        if self._computes:
            self.compute.go_in()
        else:
            self.form.view.go_in()

    def shutdown(self) -> None:
        """Cancel what runs."""
        self.form.shutdown()

    # -- inside ----------------------------------------------------------------

    def _boxed(self, place: int) -> None:
        number = self.box.itemData(place)
        if isinstance(number, int):
            self._show_node(number)

    def _show_node(self, number: int) -> None:
        plan = self._plans.get(number)
        if plan is None or plan is self._here:
            return
        self._here = plan
        self.box.setCurrentIndex(self.box.findData(number))
        self.tree_view.choose(number)
        if self._computes:
            self.compute.show_choices(
                plan.form.computes, plan.limits, wanted=plan.compute
            )
            plan.compute = self.compute.compute
        else:
            for name in plan.missing:
                plan.form.add(name)
            self.form.set_form(plan.form)

    def _keep(self) -> None:
        if self._here is not None:
            self._here.compute = self.compute.compute
        self._judge()

    def _judge(self) -> None:
        self._draw()
        self.changed.emit()

    def _draw(self) -> None:
        if self._tree is None:
            return
        wrong = {
            number: len(plan.limits.errors() if self._computes else _mistakes(plan))
            for number, plan in self._plans.items()
        }
        self.tree_view.show_shapes(shapes_of(self._tree, wrong))


def _mistakes(plan: NodePlan) -> list[str]:
    return [*plan.form.errors(), *plan.missing]
