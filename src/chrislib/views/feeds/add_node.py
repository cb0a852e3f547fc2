"""The sheet that adds a node: plugin, parameters, compute, review."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from chrislib.cube.errors import Refused
from chrislib.cube.types import Plugin
from chrislib.feeds.form import ParameterForm
from chrislib.feeds.model import FeedView, Node
from chrislib.jobs.model import Job
from chrislib.library.model import ItemState
from chrislib.views.context import ViewContext
from chrislib.views.feeds.form_view import FormView
from chrislib.views.feeds.graph_paint import node_name
from chrislib.views.feeds.plugin_list import PluginList
from chrislib.views.widgets.buttons import Field
from chrislib.views.widgets.section import Facts
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.text import Label

PLUGIN, PARAMETERS, COMPUTE, REVIEW = range(4)


class AddNodeSheet(Sheet):
    """Add a node; a refusal keeps everything that was typed.

    Parameters
    ----------
    again : Node, optional
        Start with this node's plugin and values (Run again).
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
        joins: Sequence[Node] = (),
    ) -> None:
        super().__init__(
            window,
            context.theme,
            "Run again" if again else "Join nodes" if joins else "Add node",
            f"After {node_name(parent)} in {view.row.title}",
            steps=["Plugin", "Parameters", "Compute", "Review"],
        )
        self._context = context
        self._tasks = context.tasks("add node")
        self._view = view
        self._parent = parent
        self._again = again
        self._joined_ids = {node.id for node in joins}
        self._form: ParameterForm | None = None
        self._plugin: Plugin | None = None
        self._loading = False
        self._sending = False
        self._compute = ""
        theme = context.theme
        self.plugins = PluginList(theme)
        self.form_view = FormView(context, paths=self._paths)
        self._joins = QListWidget()
        self._joins.setObjectName("form.joins")
        self._joins.setAccessibleName("Nodes to join")
        self._joins.setMaximumHeight(132)
        self._joins_head = Label(theme, "Nodes to join", style="small-strong")
        self.form_view.extra.addWidget(self._joins_head)
        self.form_view.extra.addWidget(self._joins)
        self._computes = QVBoxLayout()
        self._computes.setSpacing(0)
        self._compute_group = QButtonGroup(self)
        self._facts = Facts(theme, share=120)
        self._facts.setObjectName("review.facts")
        self._title = Field(theme, "Optional", name="review.title", label="Title")
        self._command = QPlainTextEdit()
        for page in (
            self.plugins,
            self.form_view,
            self._compute_page(),
            self._review_page(),
        ):
            self.body.addWidget(page)
        self.plugins.chosen.connect(self._plugin_chosen)
        self.plugins.activated.connect(lambda _plugin: self._next())
        self.plugins.retry.connect(self._load)
        self.form_view.changed.connect(self._count)
        self.next_pressed.connect(self._next)
        self.back_pressed.connect(self._back)
        self.step_chosen.connect(self._go)
        self._title.textEdited.connect(lambda _text: self.set_note(""))
        self.show_step(PLUGIN)
        self._load()

    def open(self) -> None:
        """Show the sheet with the focus in the search."""
        super().open()
        if self._again is None:
            self.plugins.search.setFocus(Qt.FocusReason.OtherFocusReason)

    def done(self, result: int) -> None:
        """Close and drop what runs."""
        self._tasks.cancel_all()
        super().done(result)

    # -- plugin ----------------------------------------------------------------

    def _load(self) -> None:
        self.plugins.start_loading()
        feeds = self._context.feeds
        self._tasks.start(
            feeds.plugins.usable(),
            name="plugins",
            done=self._show_plugins,
            failed=self.plugins.show_failure,
        )
        if self._again is not None:
            self._loading = True
            self._tasks.start(
                feeds.plugins.form_again(self._again),
                name="form",
                done=self._show_again,
                failed=self._form_failed,
            )

    def _show_plugins(self, plugins: list[Plugin]) -> None:
        if self._joined_ids:
            plugins = [plugin for plugin in plugins if plugin.type == "ts"]
        self.plugins.set_plugins(plugins, self._context.feeds.plugins.recent())
        name = self._plugin.name if self._plugin is not None else ""
        if name:
            self.plugins.choose(name)

    def _show_again(self, form: ParameterForm) -> None:
        self._loading = False
        self._plugin = form.plugin
        self.plugins.choose(form.plugin.name)
        self._take(form)
        self._go(PARAMETERS)

    def _plugin_chosen(self, plugin: Plugin) -> None:
        if self._form is not None and self._form.plugin.name == plugin.name:
            return
        self._plugin = plugin
        self._form = None
        self.set_note("")
        detail = node_label(plugin)
        self.steps.set_step(PLUGIN, detail=detail, complete=True)
        for step in (PARAMETERS, COMPUTE, REVIEW):
            self.steps.set_step(step, detail="", complete=False)

    def _ask_form(self) -> None:
        """Fetch the plugin's parameters, then go on."""
        plugin = self._plugin
        if plugin is None or self._loading:
            return
        self._loading = True
        self.set_note(f"Asking for the parameters of {plugin.name}")

        def show(form: ParameterForm) -> None:
            self._loading = False
            self.set_note("")
            if self._plugin is plugin:
                self._take(form)
                self._go(PARAMETERS)

        self._tasks.start(
            self._context.feeds.plugins.form_for(plugin),
            name="form",
            done=show,
            failed=self._form_failed,
        )

    def _form_failed(self, error: BaseException) -> None:
        self._loading = False
        self.set_note(str(error), kind="failed")

    def _take(self, form: ParameterForm) -> None:
        self._form = form
        self.form_view.set_form(form)
        self._fill_joins(form)
        self._fill_computes(form)
        self.steps.set_step(PLUGIN, detail=node_label(form.plugin), complete=True)

    # -- parameters, compute ---------------------------------------------------

    def _fill_joins(self, form: ParameterForm) -> None:
        join = form.plugin.type == "ts"
        self._joins.setVisible(join)
        self._joins_head.setVisible(join)
        self._joins.clear()
        if not join:
            return
        ticked = {self._parent.id, *self._joined_ids}
        if self._again is not None:
            ticked.update(self._again.parents)
        for node in self._view.nodes:
            row = QListWidgetItem(f"{node_name(node)}  {node.detail}")
            row.setData(Qt.ItemDataRole.UserRole, int(node.id))
            on = node.id in ticked
            row.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
            if node.id == self._parent.id:
                row.setFlags(row.flags() & ~Qt.ItemFlag.ItemIsUserCheckable)
            self._joins.addItem(row)

    def _joined(self) -> list[Node]:
        rows = (self._joins.item(n) for n in range(self._joins.count()))
        ids = {
            row.data(Qt.ItemDataRole.UserRole)
            for row in rows
            if row.checkState() == Qt.CheckState.Checked
        }
        return [node for node in self._view.nodes if int(node.id) in ids]

    def _fill_computes(self, form: ParameterForm) -> None:
        while (item := self._computes.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        names = [resource.name for resource in form.computes]
        wanted = self._again.compute if self._again is not None else ""
        self._compute = wanted if wanted in names else (names[0] if names else "")
        for resource in form.computes:
            choice = QRadioButton(resource.name)
            choice.setObjectName(f"compute.{resource.name}")
            choice.setAccessibleName(resource.name)
            choice.setChecked(resource.name == self._compute)
            self._compute_group.addButton(choice)
            choice.toggled.connect(
                lambda on, name=resource.name: self._choose_compute(name, on=on)
            )
            self._computes.addWidget(choice)
            words = Label(
                self._context.theme,
                _compute_words(resource.description, resource.max_job_exec_seconds),
                style="caption",
                token="text.secondary",
                wrap=True,
            )
            # under the words of the choice, not under its circle
            words.setContentsMargins(23, 0, 0, 10)
            self._computes.addWidget(words)

    def _choose_compute(self, name: str, *, on: bool) -> None:
        if on:
            self._compute = name

    def _paths(self) -> Sequence[tuple[str, Sequence[tuple[str, str]]]]:
        nodes = [
            (f"{node_name(node)}, node {node.id}", str(node.output_path))
            for node in self._view.nodes
        ]
        try:
            tray = self._context.library.tray.items()
        except AttributeError:
            tray = ()
        items = [
            (item.title, item.path)
            for item in tray
            if item.path and item.state is ItemState.READY
        ]
        return (("Outputs of this feed", nodes), ("Tray", items))

    # -- going on --------------------------------------------------------------

    def _next(self) -> None:
        step = self.body.currentIndex()
        if self._sending:
            return
        if step == PLUGIN:
            if self._plugin is None:
                self.set_note("Choose a plugin first.", kind="failed")
            elif self._form is None:
                self._ask_form()
            else:
                self._go(PARAMETERS)
        elif step == PARAMETERS:
            if self.form_view.ask():
                several = self._form is not None and len(self._form.computes) > 1
                self._go(COMPUTE if several else REVIEW)
        elif step == COMPUTE:
            self._go(REVIEW)
        else:
            self._send()

    def _back(self) -> None:
        step = self.body.currentIndex()
        several = self._form is not None and len(self._form.computes) > 1
        self._go(PARAMETERS if step == REVIEW and not several else step - 1)

    def _go(self, step: int) -> None:
        if self._sending or (step > PLUGIN and self._form is None):
            return
        if step > PARAMETERS and not self.form_view.ask():
            step = PARAMETERS
        self.show_step(step)
        form = self._form
        if form is not None and step > PARAMETERS:
            given = len(form.given)
            words = f"{given} of {len(form.parameters)} set"
            self.steps.set_step(PARAMETERS, detail=words, complete=True)
        if step == REVIEW:
            self.steps.set_step(COMPUTE, detail=self._compute, complete=True)
            self._fill_review()
        self.next_button.setText("Add node" if step == REVIEW else "Next")
        self._count()
        if step == PARAMETERS:
            self.form_view.go_in()
        elif step == REVIEW:
            self.next_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _count(self) -> None:
        """Say in the foot how many fields need attention."""
        if self.body.currentIndex() != PARAMETERS:
            return
        count = len(self.form_view.visible_errors())
        if count:
            words = "1 field needs" if count == 1 else f"{count} fields need"
            self.set_note(f"{words} attention", kind="failed")
        else:
            self.set_note("")

    def _fill_review(self) -> None:
        form = self._form
        if form is None:
            return
        rows = [("Plugin", node_label(form.plugin)), ("After", node_name(self._parent))]
        if form.plugin.type == "ts":
            rows.append(("Joins", ", ".join(node_name(n) for n in self._joined())))
        if self._compute:
            rows.append(("Compute", self._compute))
        rows += [(p.flag or p.name, form.text(p.name)) for p in form.given]
        self._facts.show_facts(rows)
        self._command.setPlainText(form.made_command_line())
        self.set_note("Nothing is sent before Add node.")

    def _send(self) -> None:
        form = self._form
        if form is None:
            return
        self._set_sending(True)
        self._tasks.start(
            self._context.feeds.add_node(
                form=form,
                parent=self._parent,
                compute=self._compute if len(form.computes) > 1 else "",
                title=self._title.text(),
                parents=self._joined() if form.plugin.type == "ts" else (),
            ),
            name="add node",
            done=self._sent,
            failed=self._refused,
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
        form = self._form
        if not isinstance(error, Refused) or form is None:
            self.set_note(str(error), kind="failed")
            return
        fields = dict(error.fields)
        if "title" in fields:
            self._title.set_refused(True)
            self.set_note(fields["title"], kind="failed")
            return
        rest = form.refuse(fields)
        if len(rest) < len(fields):
            self._go(PARAMETERS)
            self.form_view.ask()
        if rest or not fields:
            words = " ".join(rest.values()) or error.detail
            self.set_note(f"{error.title} {words}".strip(), kind="failed")

    # -- pages -----------------------------------------------------------------

    def _compute_page(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(8)
        column.addWidget(Label(self._context.theme, "Compute", style="section"))
        column.addLayout(self._computes)
        column.addStretch(1)
        return page

    def _review_page(self) -> QWidget:
        theme = self._context.theme
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(8)
        column.addWidget(Label(theme, "Review", style="section"))
        column.addWidget(self._facts)
        column.addSpacing(12)
        column.addWidget(Label(theme, "Title of the node", style="small"))
        self._title.setMaxLength(100)
        column.addWidget(self._title)
        column.addSpacing(12)
        column.addWidget(Label(theme, "Command line", style="small"))
        self._command.setObjectName("review.command")
        self._command.setAccessibleName("Command line")
        self._command.setReadOnly(True)
        self._command.setTabChangesFocus(True)
        self._command.setFont(theme.font("mono"))
        self._command.setFixedHeight(84)
        column.addWidget(self._command)
        column.addStretch(1)
        return page


def node_label(plugin: Plugin) -> str:
    """Return "pl-dcm2niix 1.0.4"."""
    return f"{plugin.name} {plugin.version}"


def _compute_words(description: str, seconds: int) -> str:
    limit = "" if seconds < 0 else f"up to {max(1, round(seconds / 60))} min a run"
    return " · ".join(part for part in (description, limit) if part)
