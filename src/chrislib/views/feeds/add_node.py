"""The sheet that adds nodes: plugin or pipeline, parameters, compute, review."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from chrislib.cube.errors import NotFound, Refused
from chrislib.cube.types import Plugin
from chrislib.feeds.faults import COMPUTE as PLACE
from chrislib.feeds.faults import VALUES, fault_of, node_meant, whole_words
from chrislib.feeds.form import ParameterForm
from chrislib.feeds.model import FeedView, Node
from chrislib.feeds.pipelines import PipelineTree
from chrislib.jobs.model import Job
from chrislib.views.context import ViewContext
from chrislib.views.feeds.add_node_joins import JoinList
from chrislib.views.feeds.add_node_review import ReviewPage, stacked
from chrislib.views.feeds.add_node_what import PIPELINES, WhatPage
from chrislib.views.feeds.add_node_work import (
    PipelineWork,
    PluginWork,
    Work,
    WorkShelf,
    parent_trouble,
    what_label,
)
from chrislib.views.feeds.compute_view import ComputeView
from chrislib.views.feeds.form_page import FormPage
from chrislib.views.feeds.graph_paint import node_name
from chrislib.views.feeds.pipeline_plan import PlanPage
from chrislib.views.widgets.sheet import Sheet

PLUGIN, PARAMETERS, COMPUTE, REVIEW = range(4)
_PARENT = frozenset({"previous_id", "previous_plugin_inst_id"})


class AddNodeSheet(Sheet):
    """Add a node, or the nodes of a pipeline; a refusal keeps what was typed.

    Parameters
    ----------
    again : Node, optional
        Start with this node's plugin and values (Run again).
    pipelines : bool
        Offer pipelines first.
    joins : sequence of Node
        Join these with `parent`: only plugins that join are offered.
    """

    created = Signal(object)

    def __init__(
        self,
        window: QWidget,
        context: ViewContext,
        *,
        view: FeedView,
        parent: Node,
        again: Node | None = None,
        pipelines: bool = False,
        joins: Sequence[Node] = (),
    ) -> None:
        super().__init__(
            window,
            context.theme,
            "Run again" if again else "Join nodes" if joins else "Add node",
            f"After {node_name(parent)} in {view.row.title}",
            steps=["Plugin or pipeline", "Parameters", "Compute", "Review"],
        )
        self._context = context
        self._tasks = self.own(context.tasks("add node"))
        self._view = view
        self._parent = parent
        self._again = again
        again_with = again.parents if again is not None else ()
        self._ticked = frozenset([*again_with, *(node.id for node in joins)])
        self._chosen: Plugin | PipelineTree | None = None
        self._work: Work | None = None
        self._shelf = WorkShelf(context.feeds, self._joined)
        self._loading = False
        self._sending = False
        theme = context.theme
        self.what = WhatPage(context, types=("ts",) if joins else ("ds", "ts"))
        self.plugins = self.what.plugins
        self.page = FormPage(context, own=self._paths)
        self.form_view = self.page.view
        self.plan = PlanPage(context, own=self._paths, computes=False)
        self.compute = ComputeView(theme)
        self.plan_compute = PlanPage(context, own=self._paths, computes=True)
        self.review = ReviewPage(theme)
        self._joins = JoinList(theme)
        self.form_view.extra.addWidget(self._joins)
        self._values = stacked(self.page, self.plan)
        self._places = stacked(self.compute, self.plan_compute)
        for page in (self.what, self._values, self._places, self.review):
            self.body.addWidget(page)
        self._connect()
        self.show_step(PLUGIN)
        self._load()
        if pipelines:
            self.what.show_kind(PIPELINES)

    def _connect(self) -> None:
        self.what.chosen.connect(self._choose)
        self.what.activated.connect(self._next)
        self.form_view.changed.connect(self._count)
        self.plan.changed.connect(self._count)
        self.compute.changed.connect(self._keep_compute)
        self.plan_compute.changed.connect(self._count)
        self.next_pressed.connect(self._next)
        self.back_pressed.connect(self._back)
        self.step_chosen.connect(self._go)
        self.page.runs.picked.connect(self._take_place)
        self.review.compute_wanted.connect(lambda: self._go(COMPUTE))
        self.review.title.textEdited.connect(lambda _text: self.set_note(""))

    def open(self) -> None:
        """Show the sheet with the focus in the search."""
        super().open()
        if self._again is None:
            self.what.go_in()
        trouble = parent_trouble(self._parent, self._view)
        if trouble:
            self.set_note(trouble, kind="failed")

    def done(self, result: int) -> None:
        """Close and drop what runs."""
        for page in (self.what, self.page, self.plan, self.plan_compute):
            page.shutdown()
        super().done(result)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let Esc put the column beside the form away first."""
        pages = (self.page, self.plan.form)
        if event.key() == Qt.Key.Key_Escape and any(p.escape() for p in pages):
            return
        super().keyPressEvent(event)

    # -- what ------------------------------------------------------------------

    def _load(self) -> None:
        self.what.load()
        if self._again is not None:
            self._loading = True
            self._tasks.start(
                self._shelf.again(self._again),
                name="form",
                done=self._show_again,
                failed=self._form_failed,
            )

    def _show_again(self, work: PluginWork) -> None:
        self._loading = False
        self._chosen = work.form.plugin
        self.what.show_plugin(work.form.plugin)
        self._show_work(work)
        self._go(PARAMETERS)

    def _choose(self, what: object) -> None:
        one = what if isinstance(what, Plugin | PipelineTree) else None
        if one == self._chosen:
            return
        self._chosen = one
        self._work = self._shelf.get(one) if one is not None else None
        self.set_note("")
        label = what_label(one) if one is not None else ""
        self.steps.set_step(PLUGIN, detail=label, complete=one is not None)
        if self._work is not None:
            self._show_work(self._work)
        else:
            for step in (PARAMETERS, COMPUTE, REVIEW):
                self.steps.set_step(step, detail="", complete=False)

    def _ask(self) -> None:
        """Fetch the parameters of what is chosen, then go on."""
        one = self._chosen
        if one is None or self._loading:
            return
        self._loading = True
        self.set_note(f"Asking for the parameters of {what_label(one)}")

        def show(work: Work) -> None:
            self._loading = False
            if self._chosen == one:
                self._show_work(work)
                self._go(PARAMETERS)

        self._tasks.start(
            self._shelf.make(one), name="form", done=show, failed=self._form_failed
        )

    def _form_failed(self, error: BaseException) -> None:
        self._loading = False
        if isinstance(error, NotFound):
            self._gone()
        else:
            self.set_note(str(error), kind="failed")

    def _gone(self) -> None:
        """Say that the plugin was removed, and offer what there is now."""
        self._go(PLUGIN)
        label = what_label(self._chosen) if self._chosen is not None else "It"
        self._context.feeds.plugins.forget()
        gone = self._chosen.id if isinstance(self._chosen, Plugin) else None
        self.what.load(gone)
        self.set_note(
            f"{label} was removed from the server. Nothing was sent. Choose another "
            "version or plugin; what was typed is kept.",
            kind="failed",
        )

    def _show_work(self, work: Work) -> None:
        self._work = work
        several = isinstance(work, PipelineWork)
        self._values.setCurrentIndex(int(several))
        self._places.setCurrentIndex(int(several))
        self._shelf.keep(work)
        if isinstance(work, PluginWork):
            self.page.set_form(work.form)
            self._fill_joins(work.form)
            self._show_compute(work)
        else:
            self.plan.set_plans(work.tree, work.plans)
            self.plan_compute.set_plans(work.tree, work.plans)
        self.steps.set_step(PLUGIN, detail=work.label, complete=True)

    # -- parameters, compute ---------------------------------------------------

    def _fill_joins(self, form: ParameterForm) -> None:
        join = form.plugin.type == "ts"
        self._joins.setVisible(join)
        if join:
            self._joins.fill(self._view.nodes, parent=self._parent, ticked=self._ticked)

    def _joined(self) -> list[Node]:
        return self._joins.nodes

    def _show_compute(self, work: PluginWork) -> None:
        wanted = work.compute or work.wanted_compute
        self.compute.show_choices(work.form.computes, work.limits, wanted=wanted)
        work.compute = self.compute.compute

    def _keep_compute(self) -> None:
        if isinstance(self._work, PluginWork):
            self._work.compute = self.compute.compute
        self._count()

    def _take_place(self, run: object, _values: object) -> None:
        """Take over where an earlier run was computed, beside its values."""
        work, run = self._work, self.page.last_run
        if isinstance(work, PluginWork) and run is not None:
            names = [one.name for one in work.form.computes]
            work.compute = run.compute if run.compute in names else work.compute
            work.limits.adopt(run.limits)
            self._show_compute(work)

    def _paths(self) -> Sequence[tuple[str, str]]:
        return [
            (f"{node_name(node)}, node {node.id}", str(node.output_path))
            for node in self._view.nodes
        ]

    # -- going on --------------------------------------------------------------

    def _next(self) -> None:
        step, work = self.body.currentIndex(), self._work
        if self._sending:
            return
        if step == PLUGIN:
            if self._chosen is None:
                several = self.what.kind == PIPELINES
                what = "a pipeline" if several else "a plugin"
                self.set_note(f"Choose {what} first.", kind="failed")
            elif work is None:
                self._ask()
            else:
                self._go(PARAMETERS)
        elif step == PARAMETERS and work is not None:
            self._go(COMPUTE if work.several else REVIEW)
        elif step == COMPUTE:
            self._go(REVIEW)
        else:
            self._send()

    def _back(self) -> None:
        step, work = self.body.currentIndex(), self._work
        skip = step == REVIEW and work is not None and not work.several
        self._go(PARAMETERS if skip else step - 1)

    def _fits(self, step: int) -> bool:
        """Judge a step; the first refused field gets the focus."""
        several = isinstance(self._work, PipelineWork)
        if step == PARAMETERS:
            return self.plan.ask() if several else self.form_view.ask()
        if several:
            return self.plan_compute.ask()
        return self.compute.ask() and not self.compute.problems

    def _go(self, step: int) -> None:
        work = self._work
        if self._sending or step < PLUGIN or (step > PLUGIN and work is None):
            return
        for before in (PARAMETERS, COMPUTE):
            if step > before and not self._fits(before):
                step = before
                break
        self.show_step(step)
        if work is not None and step > PARAMETERS:
            self.steps.set_step(PARAMETERS, detail=work.set_words, complete=True)
        if work is not None and step == REVIEW:
            self.steps.set_step(COMPUTE, detail=work.compute_words, complete=True)
            self._fill_review(work)
        last = "Run pipeline" if isinstance(work, PipelineWork) else "Add node"
        self.next_button.setText(last if step == REVIEW else "Next")
        self._count()
        if step == PLUGIN:
            self.what.go_in()
        elif step in (PARAMETERS, COMPUTE):
            self._go_in(step)
        elif step == REVIEW:
            self.next_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _go_in(self, step: int) -> None:
        """Take the focus in a step, at its first mistake where one is shown."""
        if self._problems(step):
            self._fits(step)
        elif isinstance(self._work, PipelineWork):
            (self.plan if step == PARAMETERS else self.plan_compute).go_in()
        elif step == PARAMETERS:
            self.form_view.go_in()
        else:
            self.compute.go_in()

    def _problems(self, step: int) -> int:
        """How many mistakes a step shows."""
        several = isinstance(self._work, PipelineWork)
        if step == PARAMETERS:
            shown = len(self.form_view.visible_errors())
            return self.plan.problems if several else shown
        if step == COMPUTE:
            return (self.plan_compute if several else self.compute).problems
        return 0

    def _count(self) -> None:
        """Say in the foot how many fields need attention."""
        step = self.body.currentIndex()
        if step not in (PARAMETERS, COMPUTE):
            return
        count = self._problems(step)
        if count:
            words = "1 field needs" if count == 1 else f"{count} fields need"
            self.set_note(f"{words} attention", kind="failed")
        else:
            self.set_note("")

    def _fill_review(self, work: Work) -> None:
        self.review.fill(work.rows(self._parent), work.command, title=work.title_words)
        known = self._context.feeds.known(self._view.row.id)
        self.review.warn(parent_trouble(self._parent, known or self._view))
        self.set_note("Nothing is sent before the button is pressed.")

    # -- sending ---------------------------------------------------------------

    def _send(self) -> None:
        work = self._work
        if work is None:
            return
        self._set_sending(True)

        async def send(work: Work) -> Job:
            return await work.send(
                self._context.feeds,
                view=self._view,
                parent=self._parent,
                title=self.review.title.text(),
            )

        self._tasks.start(
            send(work), name="add node", done=self._sent, failed=self._refused
        )

    def _set_sending(self, sending: bool) -> None:
        self._sending = sending
        self.next_button.setEnabled(not sending)
        self.back_button.setEnabled(not sending)
        self.set_note("Sending" if sending else "")

    def _sent(self, job: Job) -> None:
        self._set_sending(False)
        self.created.emit(job)
        self.accept()

    def _refused(self, error: BaseException) -> None:
        self._set_sending(False)
        work = self._work
        if isinstance(error, NotFound):
            self._gone()
            return
        if not isinstance(error, Refused) or work is None:
            self.set_note(str(error), kind="failed")
            return
        fields = error.fields
        if "title" in fields:
            self.review.refuse_title(fields["title"])
            self.review.title.setFocus(Qt.FocusReason.OtherFocusReason)
            self.set_note("1 field needs attention", kind="failed")
        elif _PARENT & fields.keys():
            self.set_note(
                f"{node_name(self._parent)} is not there any more: it or its feed was "
                "deleted. Nothing was sent; what was typed is kept.",
                kind="failed",
            )
        elif isinstance(work, PluginWork):
            self._refused_plugin(work, error)
        else:
            self._refused_pipeline(work, error)

    def _refused_plugin(self, work: PluginWork, error: Refused) -> None:
        fault = fault_of(error, work.form, work.limits)
        if fault.part == VALUES:
            self._go(PARAMETERS)
            self.form_view.ask()
        elif fault.part == PLACE:
            self._go(COMPUTE)
            self.compute.refuse(fault.place)
            self.compute.ask()
            self._count()
        if fault.words:
            self.set_note(fault.words, kind="failed")

    def _refused_pipeline(self, work: PipelineWork, error: Refused) -> None:
        node = node_meant(error, [plan.node.title for plan in work.plans])
        if node >= 0:
            self._go(PARAMETERS)
            self.plan.show_node(work.plans[node].node.id)
        self.set_note(f"{error.title} {whole_words(error)}".strip(), kind="failed")
