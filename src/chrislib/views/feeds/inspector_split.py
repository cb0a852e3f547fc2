"""The sheet that splits a node: one part for each expression, with what it takes."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from chrislib.cube.types import ComputeResource
from chrislib.feeds.acts import (
    COPY,
    by_folder,
    by_kind,
    parts_of,
    split_problem,
)
from chrislib.feeds.model import Node, OutputEntry
from chrislib.feeds.outputs import walk
from chrislib.views.context import ViewContext
from chrislib.views.feeds.graph_paint import node_name
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.section import Facts
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.text import Label

_SHOWN = 12


class SplitSheet(Sheet):
    """Divide the files of a node; each part becomes a node after it."""

    made = Signal(tuple)

    def __init__(self, window: QWidget, context: ViewContext, node: Node) -> None:
        super().__init__(
            window,
            context.theme,
            "Split",
            f"After {node_name(node)}, node {node.id}",
            width=760,
            height=640,
        )
        theme = context.theme
        self._context = context
        self._tasks = self.own(context.tasks("split"))
        self._node = node
        self._files: list[tuple[str, str]] | None = None
        self._sending = False
        self.lines = QPlainTextEdit()
        self.lines.setObjectName("split.lines")
        self.lines.setAccessibleName("Parts, one a line")
        self.lines.setTabChangesFocus(True)
        self.lines.setFont(theme.font("mono"))
        self.lines.setFixedHeight(132)
        self.lines.setPlaceholderText("/data/left/\n\\.nii\\.gz$")
        self.folders = button(
            theme, "By folder", name="split.folders", small=True, icon="folder"
        )
        self.kinds = button(
            theme, "By file type", name="split.kinds", small=True, icon="file"
        )
        self.places = QComboBox()
        self._places = self._place_row()
        self._parts = Facts(theme, mono=True, share=240)
        self._parts.setObjectName("split.parts")
        self._files_note = Label(
            theme, "Asking for the files of this node", style="small",
            token="text.muted", wrap=True, name="split.files",
        )  # fmt: skip
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(8)
        column.addWidget(
            Label(
                theme,
                "Each line is a regular expression. A file whose path matches it goes "
                "into that part, and each part becomes a node of its own. A file may "
                "be in several parts, or in none.",
                style="small",
                token="text.secondary",
                wrap=True,
            )
        )
        row = QHBoxLayout()
        row.addWidget(Label(theme, "Parts", style="small-strong"), 1)
        row.addWidget(self.folders)
        row.addWidget(self.kinds)
        column.addLayout(row)
        column.addWidget(self.lines)
        column.addWidget(self._places)
        column.addWidget(Label(theme, "What each part takes", style="small-strong"))
        column.addWidget(self._files_note)
        column.addWidget(self._parts)
        column.addStretch(1)
        self.body.addWidget(page)
        self.next_button.setText("Split")
        self.lines.textChanged.connect(self._show)
        self.folders.clicked.connect(lambda: self._fill(by_folder))
        self.kinds.clicked.connect(lambda: self._fill(by_kind))
        self.next_pressed.connect(self._send)
        for piece in (self.folders, self.kinds):
            piece.setEnabled(False)
        self._tasks.start(
            context.feeds.outputs.of(node),
            name="files to split",
            done=self._listed,
            failed=self._unlisted,
        )
        self._tasks.start(
            context.feeds.acts.split_places(),
            name="places of parts",
            done=self._can,
            # where they cannot be asked for, the server chooses
            failed=lambda _error: None,
        )
        self._show()

    def _place_row(self) -> QWidget:
        """Return the choice of a compute resource, hidden while there is none."""
        self.places.setObjectName("split.compute")
        self.places.setAccessibleName("Compute of the parts")
        whole = QWidget()
        row = QHBoxLayout(whole)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(Label(self._context.theme, "Compute", style="small-strong"))
        row.addWidget(self.places)
        row.addStretch(1)
        whole.hide()
        return whole

    def open(self) -> None:
        """Show the sheet with the focus in the parts."""
        super().open()
        self.lines.setFocus(Qt.FocusReason.OtherFocusReason)

    def _can(self, places: Sequence[ComputeResource] | None) -> None:
        for at, one in enumerate(places or ()):
            words = f"{one.name}, {one.description}" if one.description else one.name
            self.places.addItem(words, one.name if at else "")
        self._places.setVisible(self.places.count() > 1)
        if places is None:
            self.next_button.setEnabled(False)
            self.set_note(
                f"This server has no {COPY}, with which parts are made. Ask the "
                "person who runs it to register it.",
                kind="failed",
            )

    def _listed(self, entries: list[OutputEntry]) -> None:
        home = str(self._node.output_path)
        files = [entry for entry in walk(entries) if not entry.is_folder]
        self._files = [(e.relative, f"{home}/{e.relative}") for e in files]
        count = len(files)
        self._files_note.setText(
            f"Of {count:,} files of this node."
            if count != 1
            else "Of the one file of this node."
        )
        for piece, make, why in (
            (self.folders, by_folder, "There are no folders in its output."),
            (self.kinds, by_kind, "Its files have no endings."),
        ):
            able = bool(make([relative for relative, _path in self._files]))
            piece.setEnabled(able)
            piece.setToolTip("" if able else why)
        self._show()

    def _unlisted(self, error: BaseException) -> None:
        self._files_note.setText(
            f"{error} What each part takes cannot be shown; it can be split anyway."
        )

    def _fill(self, make: Callable[[Sequence[str]], list[str]]) -> None:
        if self._files is not None:
            lines = make([relative for relative, _path in self._files])
            self.lines.setPlainText("\n".join(lines))

    def _lines(self) -> Sequence[str]:
        return self.lines.toPlainText().split("\n")

    def _show(self) -> None:
        lines = self._lines()
        if not self._sending:
            self.set_note("")
        rows: list[tuple[str, str]] = []
        if self._files is not None:
            paths = [path for _relative, path in self._files]
            for line, count in parts_of(lines, paths):
                words = "1 file" if count == 1 else f"{count:,} files"
                rows.append((line, words if count else "no file"))
        more = len(rows) - _SHOWN
        shown = rows[:_SHOWN]
        if more > 0:
            shown.append(("…", f"and {more} more parts"))
        self._parts.show_facts(shown)
        count = sum(1 for line in lines if line.strip())
        self.next_button.setText("Split" if count < 2 else f"Split into {count} parts")

    def _send(self) -> None:
        problem = split_problem(self._lines())
        if problem:
            self.set_note(problem, kind="failed")
            self.lines.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        if self._sending:
            return
        self._sending = True
        self.next_button.setEnabled(False)
        self.set_note("Sending")
        self._tasks.start(
            self._context.feeds.acts.split(
                self._node, self._lines(), compute=str(self.places.currentData() or "")
            ),
            name="split",
            done=self._sent,
            failed=self._refused,
        )

    def _sent(self, ids: tuple[int, ...]) -> None:
        self.made.emit(ids)
        self.accept()

    def _refused(self, error: BaseException) -> None:
        self._sending = False
        self.next_button.setEnabled(True)
        fields = getattr(error, "fields", {})
        words = " ".join([str(error), *map(str, fields.values())])
        self.set_note(words, kind="failed")
