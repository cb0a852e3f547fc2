"""The column at the right: how one node stands, what it was given, what it said."""

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from chrislib.feeds.model import Node, NodeDetails
from chrislib.feeds.states import ACTIVE, SENTENCES
from chrislib.views.context import ViewContext
from chrislib.views.feeds.graph_paint import node_name
from chrislib.views.feeds.steps_view import StepsView
from chrislib.views.feeds.words import show_date
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button, icon_button
from chrislib.views.widgets.paint import badge_width, draw_badge
from chrislib.views.widgets.section import Facts, Section
from chrislib.views.widgets.text import ElidedLabel, Label, line

LOG_LINES = 5_000
"""Older lines of a log are not shown (the whole is among the outputs or lost)."""


class Badge(QWidget):
    """A state as an outlined badge."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._state = "queued"
        self.setObjectName("inspector.state")
        theme.changed.connect(self.update)

    def show_state(self, state: str) -> None:
        """Show another state."""
        from chrislib.feeds.states import WORDS

        self._state = state
        self.setAccessibleName(WORDS[state])
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Return the size of the badge."""
        return QSize(badge_width(self._theme, self._state) + 2, 22)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the badge."""
        painter = QPainter(self)
        draw_badge(painter, QPoint(0, 1), self._theme, self._state)
        painter.end()


class Inspector(QWidget):
    """What is known of the highlighted node."""

    add_node = Signal()
    run_again = Signal()
    cancel_node = Signal()

    def __init__(self, context: ViewContext) -> None:
        super().__init__()
        theme = context.theme
        self._context = context
        self._theme = theme
        self._node: Node | None = None
        self._details: NodeDetails | None = None
        self.setObjectName("feeds.inspector")
        self.setProperty("surface", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._place = Label(theme, style="caption", token="text.muted")
        self._name = ElidedLabel(theme, style="section", name="inspector.name")
        self._badge = Badge(theme)
        self._steps = StepsView(theme)
        self._sentence = Label(
            theme,
            style="small",
            token="text.secondary",
            wrap=True,
            name="inspector.sentence",
        )
        self._run = Facts(theme)
        self._parameters = Facts(theme, mono=True)
        self._command = _text_box(theme, "inspector.command", "Command", lines=4)
        self._log = _text_box(theme, "inspector.log", "Log", lines=12)
        self._log.setMaximumBlockCount(LOG_LINES)
        copy = icon_button(
            theme, "copy", name="inspector.copy", tooltip="Copy command (Y)"
        )
        copy.clicked.connect(self.copy_command)
        self._run_section = Section(theme, "Run", self._run, name="inspector.run")
        self._parameter_section = Section(
            theme, "Parameters", self._parameters, name="inspector.parameters"
        )
        self._command_section = Section(
            theme,
            "Command",
            self._command,
            name="inspector.command.head",
            open_=False,
            tool=copy,
        )
        self._log_section = Section(
            theme, "Log", self._log, name="inspector.log.head", open_=False
        )
        self.add_button = button(
            theme,
            "Add node",
            kind="primary",
            icon="plus",
            name="inspector.add",
            shortcut="A",
            tooltip="Add a node after this one (A)",
        )
        self.again_button = button(
            theme,
            "Run again",
            icon="rotate-cw",
            name="inspector.again",
            tooltip="Make a new node with the same values (R)",
        )
        self.cancel_button = button(
            theme, "Cancel …", kind="danger", icon="ban", name="inspector.cancel"
        )
        self._stack = QStackedWidget()
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
        self._build(theme)
        self.add_button.clicked.connect(self.add_node)
        self.again_button.clicked.connect(self.run_again)
        self.cancel_button.clicked.connect(self.cancel_node)
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
        self._stack.setCurrentIndex(0 if node is not None else 1)
        for piece in (self.add_button, self.again_button):
            piece.setEnabled(node is not None)
        self.cancel_button.setVisible(node is not None and node.state in ACTIVE)
        if node is None:
            self._details = None
            return
        if before is None or before.id != node.id:
            self._details = None
            self._parameters.show_facts([])
            self._parameter_section.set_note("")
            self._set_text(self._command, "")
            self._set_text(self._log, "")
            self._log_section.set_note("")
            self._steps.show_steps((), node.state)
        self._place.setText(place)
        self._name.setText(node_name(node))
        self._badge.show_state(node.state)
        self._sentence.setText(node.reason or SENTENCES[node.state])
        words = "Cancel 1 node …" if cancels == 1 else f"Cancel {cancels} nodes …"
        self.cancel_button.setText(words)
        self._run.show_facts(self._facts(node))

    def show_details(self, details: NodeDetails) -> None:
        """Show what a close look told; a look at another node is dropped."""
        node = self._node
        if node is None or details.node.id != node.id:
            return
        self._details = details
        self._steps.show_steps(details.steps, details.node.state)
        self._run.show_facts(self._facts(node))
        self._parameters.show_facts(details.parameters)
        given = len(details.parameters)
        self._parameter_section.set_note(f"{given} set" if given else "none set")
        self._set_text(self._command, details.command)
        self._set_text(self._log, details.log)
        lines = details.log.count("\n") + 1 if details.log else 0
        empty = "none yet" if node.state in ACTIVE else "none kept"
        words = "1 line" if lines == 1 else f"{lines:,} lines"
        self._log_section.set_note(words if lines else empty)

    def copy_command(self) -> None:
        """Put the command on the clipboard."""
        text = self._command.toPlainText()
        if text:
            QGuiApplication.clipboard().setText(text)
            self._context.messages.info("The command is on the clipboard.")

    def show_log(self) -> None:
        """Unfold the log and go to its end."""
        self._log_section.set_open(True)
        bar = self._log.verticalScrollBar()
        bar.setValue(bar.maximum())
        self._log.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _facts(self, node: Node) -> list[tuple[str, str]]:
        details = self._details
        facts = dict(details.run_facts) if details is not None else {}
        facts.setdefault("Compute", node.compute)
        rows = [("Compute", facts.pop("Compute"))]
        if node.started is not None:
            local = node.started.astimezone()
            stamp = f"{show_date(local.date())} {local:%H:%M:%S}"
            rows.append(("Started", stamp))
        rows += list(facts.items())
        return [(label, value) for label, value in rows if value]

    def _set_text(self, box: QPlainTextEdit, text: str) -> None:
        if box.toPlainText() == text:
            return
        bar = box.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 4
        place = bar.value()
        box.setPlainText(text)
        bar.setValue(bar.maximum() if at_end and box is self._log else place)

    def _build(self, theme: Theme) -> None:
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
        head.addWidget(self._sentence)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        for section in (
            self._run_section,
            self._parameter_section,
            self._command_section,
            self._log_section,
        ):
            column.addWidget(section)
        column.addWidget(line())
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inner)
        scroll.viewport().setAutoFillBackground(False)
        inner.setAutoFillBackground(False)
        self._stack.addWidget(scroll)
        self._stack.addWidget(self._empty)
        foot = QVBoxLayout()
        foot.setContentsMargins(16, 12, 16, 12)
        foot.setSpacing(8)
        foot.addWidget(self.cancel_button)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.add_button, 1)
        row.addWidget(self.again_button, 1)
        foot.addLayout(row)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self._stack, 1)
        whole.addWidget(line())
        whole.addLayout(foot)


def _text_box(theme: Theme, name: str, label: str, *, lines: int) -> QPlainTextEdit:
    """Return a read-only box; plain text only, whatever it is given."""
    box = QPlainTextEdit()
    box.setObjectName(name)
    box.setAccessibleName(label)
    box.setReadOnly(True)
    box.setTabChangesFocus(True)

    def dress() -> None:
        box.setFont(theme.font("mono"))
        box.setFixedHeight(box.fontMetrics().lineSpacing() * lines + 14)

    theme.follow(box, dress)
    return box
