"""The column at the right: how one node stands, what it was given, what it said."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QHBoxLayout,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from chrislib.feeds.acts import why_not
from chrislib.feeds.model import Node, NodeDetails
from chrislib.feeds.states import ACTIVE, SENTENCES, reason_for
from chrislib.views.context import ViewContext
from chrislib.views.feeds.graph_paint import node_name
from chrislib.views.feeds.inspector_log import LogView
from chrislib.views.feeds.inspector_log_sheet import LogSheet
from chrislib.views.feeds.inspector_several import SeveralView
from chrislib.views.feeds.inspector_values import (
    CopyFacts,
    Values,
    set_text,
    text_box,
)
from chrislib.views.feeds.steps_view import Badge, StepsView
from chrislib.views.feeds.words import show_date
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button, icon_button
from chrislib.views.widgets.scrolled import scrolled
from chrislib.views.widgets.section import Section
from chrislib.views.widgets.text import ElidedLabel, Label, line, plain_tooltip


class Inspector(QWidget):
    """What is known of the highlighted node."""

    add_node = Signal()
    run_again = Signal()
    """With the same values, at once."""
    cancel_node = Signal()
    more_wanted = Signal(QPoint)
    """All that can be done with the node, at a point of the screen."""
    origin_wanted = Signal(str)
    """Where its result comes from: "card" or "methods"."""

    def __init__(self, context: ViewContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme = context.theme
        self._context = context
        self._theme = theme
        self._tasks = context.tasks("feeds.inspector")
        self._node: Node | None = None
        self._details: NodeDetails | None = None
        self._several = False
        self._sheet: LogSheet | None = None
        self.setObjectName("feeds.inspector")
        self.setProperty("surface", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._place = Label(theme, style="caption", token="text.muted")
        self._name = ElidedLabel(theme, style="section", name="inspector.name")
        self._badge = Badge(theme)
        self._steps = StepsView(theme)
        self._waits = Label(theme, style="small", wrap=True, name="inspector.waits")
        self._sentence = Label(
            theme,
            style="small",
            token="text.secondary",
            wrap=True,
            name="inspector.sentence",
        )
        self._run = CopyFacts(theme)
        self._plugin = CopyFacts(theme)
        self._values = Values(theme)
        self._command = text_box(theme, "inspector.command", "Command", lines=4)
        self._container_head = Label(
            theme, style="caption", token="text.muted", wrap=True
        )
        self._container = text_box(
            theme, "inspector.container", "Container command", lines=5
        )
        self.log_view = LogView(theme, self._tasks, context.messages)
        self._make_sections(theme)
        self._make_buttons(theme)
        self._stack = QStackedWidget(self)
        self._empty = Label(
            theme,
            "No node highlighted. Click one in the graph, or walk there with the "
            "arrow keys.",
            style="small",
            token="text.muted",
            wrap=True,
            name="inspector.empty",
        )
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setMargin(24)
        self.several = SeveralView(theme)
        self._build()
        for facts in (self._run, self._plugin, self._values):
            facts.copied.connect(lambda: self._said_copied("The value"))
        self.log_view.enlarge.connect(self.enlarge_log)
        self.show_node(None)

    def show_node(
        self, node: Node | None, *, place: str = "", cancels: int = 0
    ) -> None:
        """Show a node at once, from what the graph knows of it.

        Parameters
        ----------
        place : str
            "Node 5 of 10".
        cancels : int
            How many nodes a cancel takes along.
        """
        before, self._node = self._node, node
        self._turn(several=self._several and node is not None)
        self.more_button.setEnabled(node is not None)
        for piece, act, tip in (
            (self.add_button, "add", "Add a node after this one (A)"),
            (self.again_button, "again", "Run it again with the same values, at once"),
        ):
            why = "No node is highlighted."
            if node is not None:
                why = why_not(act, node, (node,))
            piece.setEnabled(not why)
            piece.setToolTip(plain_tooltip(why or tip))
        self.cancel_button.setVisible(node is not None and node.state in ACTIVE)
        if node is None:
            self._details = None
            return
        if before is None or before.id != node.id:
            self._clear(node)
        elif before.state != node.state:
            # what a closer look told belongs to the state before
            self._details = None
            self._show_waits("")
        self._place.setText(place)
        self._name.setText(node_name(node))
        state = self._details.node.state if self._details is not None else node.state
        self._badge.show_state(state)
        self._explain(node, state)
        words = "Cancel 1 node …" if cancels == 1 else f"Cancel {cancels} nodes …"
        self.cancel_button.setText(words)
        self._run.show_facts(self._facts(node))

    def show_several(self, nodes: Sequence[Node], siblings: Sequence[Node]) -> None:
        """Show what can be done with several nodes; none for one node again."""
        if nodes:
            self.several.show_nodes(nodes, siblings)
        self._turn(several=bool(nodes))

    def _turn(self, *, several: bool) -> None:
        self._several = several
        page = 2 if several else 0 if self._node is not None else 1
        self._stack.setCurrentIndex(page)
        self._foot.setVisible(not several)

    def show_details(self, details: NodeDetails) -> None:
        """Show what a close look told; a look at another node is dropped."""
        node = self._node
        if node is None or details.node.id != node.id:
            return
        self._details = details
        state = details.node.state
        self._badge.show_state(state)
        self._steps.show_steps(details.steps, state)
        self._show_waits(details.waits)
        self._explain(node, state)
        self._run.show_facts(self._facts(node))
        self._plugin.show_facts(list(details.plugin_facts.items()))
        self._values.show_values(details.parameters, details.defaults)
        given, total = len(details.parameters), len(details.defaults)
        words = f"{given} of {given + total} set" if total else f"{given} set"
        self._parameter_section.set_note(words if given else "none set")
        set_text(self._command, details.command)
        set_text(self._container, details.container)
        self._container_head.setText(
            "In a container, as the server ran it"
            if details.container_seen
            else "In a container, made from the values"
        )
        for piece in (self._container_head, self._container):
            piece.setVisible(bool(details.container))
        live = node.state in ACTIVE
        self.log_view.show_log(details.log, live=live, kept=details.log_kept)
        if self._sheet is not None:
            self._sheet.show_log(details.log, live=live, kept=details.log_kept)
        lines = details.log_lines
        words = "1 line" if lines == 1 else f"{lines:,} lines"
        empty = "none yet" if live else "none kept"
        self._log_section.set_note(words if details.log else empty)

    def shutdown(self) -> None:
        """Cancel what runs."""
        self._tasks.cancel_all()

    def copy_command(self) -> None:
        """Put the command on the clipboard."""
        self._copy(self._command.toPlainText(), "The command")

    def copy_container(self) -> None:
        """Put the command for a container on the clipboard."""
        self._copy(self._container.toPlainText(), "The container command")

    def copy_values(self) -> None:
        """Put all parameters on the clipboard, a line each."""
        self._copy(self._values.text(), "The values")

    def show_log(self) -> None:
        """Unfold the log and go to its end."""
        self._log_section.set_open(True)
        self.log_view.go_to_end()
        self._scroll.ensureWidgetVisible(self.log_view)

    def enlarge_log(self) -> None:
        """Show the log as large as the window allows."""
        node = self._node
        if node is None or self._sheet is not None:
            return
        details = self._details
        sheet = LogSheet(self.window(), self._context, node_name(node))
        sheet.show_log(
            self.log_view.text,
            live=node.state in ACTIVE,
            kept=details is not None and details.log_kept,
        )
        sheet.finished.connect(self._sheet_closed)
        self._sheet = sheet
        sheet.open()

    def _sheet_closed(self, _code: int) -> None:
        self._sheet = None

    def _clear(self, node: Node) -> None:
        self._details = None
        self._values.show_values((), ())
        self._parameter_section.set_note("")
        self._plugin.show_facts([])
        set_text(self._command, "")
        set_text(self._container, "")
        for piece in (self._container_head, self._container):
            piece.hide()
        self.log_view.clear()
        self._log_section.set_note("")
        self._steps.show_steps((), node.state)
        self._show_waits("")

    def _show_waits(self, words: str) -> None:
        self._waits.setText(words)
        self._waits.setVisible(bool(words))

    def _explain(self, node: Node, state: str) -> None:
        """Say what a state means; of a failure what happened, and what to do."""
        reason = reason_for(node.error_code)
        if reason is not None:
            self._show_waits(reason.text)
            self._sentence.setText(f"What to do: {reason.hint}")
        else:
            self._sentence.setText(node.reason or SENTENCES[state])
        code = f"The server's code is {node.error_code}." if node.error_code else ""
        for piece in (self._waits, self._sentence):
            piece.setToolTip(plain_tooltip(code))
        # what it waits for stands above already, and says more
        waits = bool(self._waits.text()) and state in {"queued", "preparing"}
        self._sentence.setVisible(not waits)

    def _copy(self, text: str, what: str) -> None:
        if text:
            QGuiApplication.clipboard().setText(text)
            self._said_copied(what)

    def _said_copied(self, what: str) -> None:
        verb = "are" if what.endswith("values") else "is"
        self._context.messages.info(f"{what} {verb} on the clipboard.")

    def _facts(self, node: Node) -> list[tuple[str, str]]:
        details = self._details
        facts = dict(details.run_facts) if details is not None else {}
        facts.setdefault("Compute", node.compute)
        rows = [("Compute", facts.pop("Compute"))]
        for label in ("CPU limit", "Memory limit", "GPU limit", "Time limit"):
            rows.append((label, facts.pop(label, "")))
        for label, when in (("Started", node.started), ("Ended", node.ended)):
            if when is not None:
                local = when.astimezone()
                rows.append((label, f"{show_date(local.date())} {local:%H:%M:%S}"))
        rows += list(facts.items())
        return [(label, value) for label, value in rows if value]

    def _make_sections(self, theme: Theme) -> None:
        def tool(name: str, words: str, icon: str = "copy") -> QWidget:
            made = icon_button(theme, icon, name=f"inspector.{name}", tooltip=words)
            made.clicked.connect(getattr(self, f"copy_{name}"))
            return made

        commands = QWidget()
        column = QVBoxLayout(commands)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self._command)
        row = QHBoxLayout()
        row.addWidget(self._container_head, 1)
        self._container_copy = tool("container", "Copy container command")
        row.addWidget(self._container_copy)
        column.addLayout(row)
        column.addWidget(self._container)
        origin = QWidget()
        column = QVBoxLayout(origin)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for name, words, tip in (
            ("card", "Provenance …", "What came from what, to copy or keep"),
            ("methods", "Methods paragraph …", "The steps in words, for a paper"),
        ):
            piece = button(
                theme, words, name=f"inspector.{name}", small=True, tooltip=tip
            )
            piece.clicked.connect(lambda _on=False, n=name: self.origin_wanted.emit(n))
            column.addWidget(piece, 0, Qt.AlignmentFlag.AlignLeft)
        self._parameter_section = Section(
            theme,
            "Parameters",
            self._values,
            name="inspector.parameters",
            tool=tool("values", "Copy values"),
        )
        self._log_section = Section(
            theme, "Log", self.log_view, name="inspector.log.head", open_=False
        )
        self._sections = (
            Section(theme, "Run", self._run, name="inspector.run"),
            self._parameter_section,
            Section(
                theme,
                "Command",
                commands,
                name="inspector.command.head",
                open_=False,
                tool=tool("command", "Copy command (Y)"),
            ),
            self._log_section,
            Section(
                theme, "Plugin", self._plugin, name="inspector.plugin", open_=False
            ),
            Section(theme, "Origin", origin, name="inspector.origin", open_=False),
        )

    def _make_buttons(self, theme: Theme) -> None:
        self.add_button = button(
            theme,
            "Add node",
            kind="primary",
            icon="plus",
            name="inspector.add",
            tooltip="Add a node after this one (A)",
        )
        self.again_button = button(
            theme,
            "Run again",
            icon="rotate-cw",
            name="inspector.again",
            tooltip="Run it again with the same values, at once",
        )
        self.more_button = icon_button(
            theme,
            "ellipsis",
            name="inspector.more",
            tooltip="More: split, join, delete, track",
            size=32,
        )
        self.cancel_button = button(
            theme, "Cancel …", kind="danger", icon="ban", name="inspector.cancel"
        )
        self.add_button.clicked.connect(self.add_node)
        self.again_button.clicked.connect(self.run_again)
        self.cancel_button.clicked.connect(self.cancel_node)
        self.more_button.clicked.connect(
            lambda: self.more_wanted.emit(
                self.more_button.mapToGlobal(QPoint(0, self.more_button.height()))
            )
        )

    def _build(self) -> None:
        # Filled in its place: moved there, all below it would be styled once more.
        inner = QWidget()
        scroll = self._scroll = scrolled(inner)
        self._stack.addWidget(scroll)
        head = QVBoxLayout()
        head.setContentsMargins(16, 12, 16, 12)
        head.setSpacing(2)
        head.addWidget(self._place)
        head.addWidget(self._name)
        head.addSpacing(4)
        badges = QHBoxLayout()
        badges.addWidget(self._badge)
        badges.addStretch(1)
        head.addLayout(badges)
        head.addSpacing(8)
        head.addWidget(self._steps)
        head.addSpacing(4)
        head.addWidget(self._waits)
        head.addWidget(self._sentence)
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        for section in self._sections:
            column.addWidget(section)
        column.addWidget(line())
        column.addStretch(1)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.several)
        self._foot = self._make_foot()
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self._stack, 1)
        whole.addWidget(line())
        whole.addWidget(self._foot)

    def _make_foot(self) -> QWidget:
        foot = QVBoxLayout()
        foot.setContentsMargins(16, 12, 16, 12)
        foot.setSpacing(8)
        foot.addWidget(self.cancel_button)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.add_button, 1)
        row.addWidget(self.again_button, 1)
        row.addWidget(self.more_button)
        foot.addLayout(row)
        made = QWidget()
        made.setLayout(foot)
        return made
