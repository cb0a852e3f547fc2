"""Sheets of pipelines: making one of a file or a branch."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from chrislib.cube.errors import Refused
from chrislib.cube.types import Pipeline
from chrislib.feeds.drafts import NAME_LIMIT, PipelineDraft, Problem, parents_first
from chrislib.feeds.model import FeedView, Node
from chrislib.feeds.pipeline_files import read_pipeline
from chrislib.views.context import ViewContext
from chrislib.views.feeds.graph_paint import node_name
from chrislib.views.feeds.pipeline_tree import PipelineTreeView, Shape
from chrislib.views.widgets.buttons import Field
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.text import Label, line


class MakePipelineSheet(Sheet):
    """Name and words of a new pipeline, its tree, and what is wrong with it.

    Nothing is sent before the button is pressed; a refusal keeps what was typed.
    """

    made = Signal(object)

    def __init__(self, window: QWidget, context: ViewContext, *, title: str) -> None:
        super().__init__(
            window, context.theme, title, "Reading it", width=960, height=640
        )
        theme = context.theme
        self._context = context
        self._tasks = self.own(context.tasks("make pipeline"))
        self._draft: PipelineDraft | None = None
        self._problems: list[Problem] = []
        self._busy = False
        self.name = Field(theme, "A name", name="make.name", label="Name")
        self.category = Field(theme, "Optional", name="make.category", label="Category")
        self.authors = Field(theme, "Optional", name="make.authors", label="Authors")
        self.words = QPlainTextEdit()
        self.words.setObjectName("make.description")
        self.words.setAccessibleName("Description")
        self.words.setTabChangesFocus(True)
        self.words.setFixedHeight(72)
        self.locked = QCheckBox("Only I see it")
        self.locked.setObjectName("make.locked")
        self.locked.setChecked(True)
        self._name_error = Label(
            theme, style="small", token="state.failed", wrap=True, name="make.error"
        )
        self._name_error.hide()
        self.list = QListWidget()
        self.list.setObjectName("make.problems")
        self.list.setAccessibleName("What is wrong with it")
        self.list.setWordWrap(True)
        self.list.setSelectionMode(QListWidget.SelectionMode.SingleSelection)
        self._list_head = Label(theme, style="small-strong", name="make.problems.head")
        self.tree = PipelineTreeView(theme, name="make.tree")
        self.body.addWidget(self._page())
        self.next_button.setText("Make pipeline")
        self.next_pressed.connect(self._press)
        self.name.textEdited.connect(lambda _text: self._refuse_name(""))
        self._show_problems([])

    def show_file(self, name: str, text: str, *, kind: str) -> None:
        """Show what is in a file: everything that is wrong, or the pipeline."""
        self.subtitle.setText(name)
        self.subtitle.show()

        async def read() -> tuple[PipelineDraft | None, Sequence[Problem]]:
            # a megabyte of YAML takes seconds
            draft, problems = await asyncio.to_thread(read_pipeline, text, kind=kind)
            if draft is not None and not problems:
                check = self._context.feeds.pipelines.making.check
                problems = tuple(await check(draft))
            return draft, problems

        self._look(read(), "Reading the file")

    def show_branch(self, view: FeedView, node: Node) -> None:
        """Show the pipeline a node and all after it would make."""
        self.subtitle.setText(f"Of {node_name(node)} and all after it")
        self.subtitle.show()

        async def read() -> tuple[PipelineDraft | None, Sequence[Problem]]:
            branch = self._context.feeds.pipelines.making.branch
            draft = await branch(view, node)
            return replace(draft, authors=self._context.session.username), ()

        self._look(read(), "Asking for the values of the nodes")

    # -- looking ---------------------------------------------------------------

    def _look(
        self,
        coro: Coroutine[Any, Any, tuple[PipelineDraft | None, Sequence[Problem]]],
        words: str,
    ) -> None:
        self._set_busy(words)

        def show(found: tuple[PipelineDraft | None, Sequence[Problem]]) -> None:
            self._set_busy("")
            draft, problems = found
            self._draft = draft
            if draft is not None:
                self._fill(draft)
            self._show_problems(problems)
            self.name.setFocus(Qt.FocusReason.OtherFocusReason)

        self._tasks.start(coro, name="read", done=show, failed=self._failed)

    def _fill(self, draft: PipelineDraft) -> None:
        self.name.setText(draft.name)
        self.category.setText(draft.category)
        self.authors.setText(draft.authors)
        self.words.setPlainText(draft.description)
        self.locked.setChecked(draft.locked)
        self.tree.show_shapes(draft_shapes(draft))

    def _show_problems(self, problems: Sequence[Problem]) -> None:
        self._problems = list(problems)
        self.list.clear()
        for one in problems:
            self.list.addItem(
                f"{one.where}: {one.message}" if one.where else one.message
            )
        count = len(self._problems)
        self._list_head.setText(
            "1 thing is wrong with it" if count == 1 else f"{count} things are wrong"
        )
        self.list.setVisible(count > 0)
        self._list_head.setVisible(count > 0)
        if count:
            self.set_note(
                "Nothing was sent. Mend the file, then choose it again.", kind="failed"
            )
        elif self._draft is not None:
            self.set_note("Nothing is sent before Make pipeline.")
        # a name can be mended here, what is in the file cannot
        fixed = any(one.node or one.line for one in self._problems)
        self.next_button.setEnabled(self._draft is not None and not fixed)

    # -- making ----------------------------------------------------------------

    def _press(self) -> None:
        draft = self._draft
        if draft is None or self._busy:
            return
        name = self.name.text().strip()
        if not name:
            self._refuse_name("A pipeline needs a name.")
            return
        if len(name) > NAME_LIMIT:
            self._refuse_name(f"Up to {NAME_LIMIT} characters are allowed.")
            return
        wanted = replace(
            draft,
            name=name,
            category=self.category.text().strip(),
            authors=self.authors.text().strip(),
            description=self.words.toPlainText().strip(),
            locked=self.locked.isChecked(),
        )
        making = self._context.feeds.pipelines.making

        async def make() -> Pipeline | list[Problem]:
            problems = await making.check(wanted)
            return problems if problems else await making.create(wanted)

        self._set_busy("Sending")
        self._tasks.start(make(), name="make", done=self._sent, failed=self._failed)

    def _sent(self, answer: Pipeline | list[Problem]) -> None:
        self._set_busy("")
        if isinstance(answer, Pipeline):
            self._context.messages.success(
                "The pipeline is on the server.", "Add node offers it from now on."
            )
            self.made.emit(answer)
            self.accept()
            return
        names = [one for one in answer if not one.node and not one.line]
        if names and len(names) == len(answer):
            self._refuse_name(names[0].message)
        else:
            self._show_problems(answer)

    def _failed(self, error: BaseException) -> None:
        self._set_busy("")
        if isinstance(error, Refused) and "name" in error.fields:
            self._refuse_name(error.fields["name"])
            return
        words = str(error)
        if isinstance(error, Refused) and error.fields:
            words = f"{error.title} {' '.join(error.fields.values())}"
        self.set_note(words, kind="failed")

    def _refuse_name(self, message: str) -> None:
        self.name.set_refused(bool(message))
        self.name.setAccessibleDescription(message)
        self._name_error.setText(message)
        self._name_error.setVisible(bool(message))
        if message:
            self.set_note("1 field needs attention", kind="failed")
            self.name.setFocus(Qt.FocusReason.OtherFocusReason)

    def _set_busy(self, words: str) -> None:
        self._busy = bool(words)
        self.next_button.setEnabled(not words and self._draft is not None)
        self.set_note(words)

    # -- page ------------------------------------------------------------------

    def _page(self) -> QWidget:
        theme = self._context.theme
        page = QWidget()
        left = QVBoxLayout()
        left.setContentsMargins(24, 16, 24, 16)
        left.setSpacing(4)

        def add(label: str, piece: QWidget) -> None:
            left.addWidget(Label(theme, label, style="small"))
            left.addWidget(piece)
            if isinstance(piece, QLineEdit):
                piece.setMaxLength(1000)
            left.addSpacing(6)

        left.addWidget(Label(theme, "Name", style="small"))
        left.addWidget(self.name)
        left.addWidget(self._name_error)
        left.addSpacing(6)
        add("Category", self.category)
        add("Authors", self.authors)
        add("Description", self.words)
        left.addWidget(self.locked)
        left.addSpacing(6)
        left.addWidget(self._list_head)
        left.addWidget(self.list, 1)
        left.addStretch(0)
        side = QVBoxLayout()
        side.setContentsMargins(16, 16, 16, 16)
        side.setSpacing(8)
        side.addWidget(Label(theme, "Its nodes", style="small-strong"))
        side.addWidget(self.tree, 1)
        right = QWidget()
        right.setLayout(side)
        right.setFixedWidth(400)
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addLayout(left, 1)
        row.addWidget(line(vertical=True))
        row.addWidget(right)
        return page


def draft_shapes(draft: PipelineDraft) -> list[Shape]:
    """Return the nodes of a draft as they are drawn; circles are left out."""
    nodes = parents_first(draft.nodes)
    numbers = {node.title: place for place, node in enumerate(nodes, 1)}
    found = []
    for node in nodes:
        above = dict.fromkeys(
            [*([node.previous] if node.previous else ()), *node.joins]
        )
        parents = tuple(numbers[title] for title in above if title in numbers)
        words = f"{node.plugin} {node.version}"
        found.append(Shape(numbers[node.title], node.title, words, parents))
    return found
