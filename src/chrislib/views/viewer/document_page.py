"""Text, JSON, tables, and the facts of files that have no view here."""

import asyncio
from pathlib import Path
from typing import Any

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from chrislib.errors import ChrislibError
from chrislib.views.context import ViewContext
from chrislib.views.widgets.buttons import Segments
from chrislib.views.widgets.documents import (
    FileTrouble,
    JsonTree,
    TableFile,
    TableModel,
    TextFile,
    read_json,
    read_table,
    read_text,
    show_size,
)
from chrislib.views.widgets.preview import plain_text_box, table_view
from chrislib.views.widgets.state_view import StateView
from chrislib.views.widgets.text import Label

_KIND_WORDS = {
    "pdf": "A PDF document",
    "other": "A file without a view here",
}


class DocumentPage(QWidget):
    """One file as text, tree or table; or its facts and the way to another program."""

    def __init__(self, ctx: ViewContext) -> None:
        super().__init__()
        self._ctx = ctx
        self._tasks = ctx.tasks("viewer document")
        self._path: Path | None = None
        self._kind = self._title = ""
        self.text = plain_text_box(ctx.theme, name="viewer.text", label="Text")
        self.table = table_view(ctx.theme, name="viewer.table", label="Table")
        self.tree = JsonTree(ctx.theme, name="viewer.json")
        self.state = StateView(ctx.theme, "file", "", primary=False)
        self._pages = QStackedWidget()
        for page in (self.text, self.table, self.tree, self.state):
            self._pages.addWidget(page)
        self._note = Label(
            ctx.theme, style="small", token="text.muted", name="viewer.note"
        )
        self._shapes = Segments(
            ctx.theme,
            [("tree", "Tree", ""), ("text", "Text", "")],
            name="viewer.shape",
        )
        self._shapes.chosen.connect(self._shape)
        head = QHBoxLayout()
        head.setContentsMargins(16, 8, 16, 8)
        head.addWidget(self._note, 1)
        head.addWidget(self._shapes)
        self._head = QWidget()
        self._head.setLayout(head)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._head)
        column.addWidget(self._pages, 1)

    @property
    def page(self) -> QWidget | None:
        """What is on show: text, table, tree or state."""
        return self._pages.currentWidget()

    def open_path(self, path: Path, kind: str, title: str = "") -> None:
        """Read a file in a thread and show it."""
        self._tasks.cancel_all()
        self._path, self._kind, self._title = path, kind, title or path.name
        self._note.setText("")
        self._shapes.setVisible(kind == "json")
        self._shapes.choose("tree")
        self._head.setVisible(kind == "json")
        self._tasks.start(self._read(path, kind), name="file", failed=self._failed)

    def show_words(self, title: str, text: str, *, icon: str = "image") -> None:
        """Say why there is nothing to look at, with the way to another program."""
        self._head.hide()
        actions = [("Open with another program", self.open_elsewhere)]
        self.state.show_state(icon, title, text, actions if self._path else [])
        self._pages.setCurrentWidget(self.state)

    def show_trouble(self, error: ChrislibError, path: Path | None) -> None:
        """Show an error in the file's place."""
        self._path = path
        words = " ".join(part for part in (error.detail, error.hint) if part)
        self.show_words(error.title, words, icon="triangle-alert")

    def open_elsewhere(self) -> None:
        """Give the file to the program the system has for it."""
        if self._path is None:
            return
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._path))):
            self._ctx.messages.warning(
                "No program opened this file.",
                f"It is kept as {self._path}.",
                hint="Open it from your file manager.",
            )

    @property
    def pending(self) -> int:
        """Number of tasks that have not ended."""
        return self._tasks.pending

    def shutdown(self) -> None:
        """Stop reading."""
        self._tasks.cancel_all()

    async def _read(self, path: Path, kind: str) -> None:
        loaded, note = await asyncio.to_thread(_load, path, kind)
        if isinstance(loaded, TextFile):
            self.text.setPlainText(loaded.text)
            self._pages.setCurrentWidget(self.text)
        elif isinstance(loaded, TableFile):
            old = self.table.model()
            self.table.setModel(TableModel(loaded, self))
            if old is not None:
                old.deleteLater()
            self._pages.setCurrentWidget(self.table)
            self.table.resizeColumnsToContents()
        elif loaded is not None:
            self.tree.show_value(loaded[0])
            self._pages.setCurrentWidget(self.tree)
        else:
            self.show_words(
                self._title, f"{_KIND_WORDS.get(kind, 'A file')}, {note}.", icon="file"
            )
            return
        self._note.setText(note)
        self._head.setVisible(bool(note) or kind == "json")
        current = self._pages.currentWidget()
        if current is not None:
            current.setFocus()

    def _failed(self, error: BaseException) -> None:
        if self._kind == "json" and isinstance(error, FileTrouble) and self._path:
            self._tasks.start(
                self._read(self._path, "text"), name="text", failed=self._give_up
            )
            self._kind = "text"
            self._shapes.hide()
            return
        self._give_up(error)

    def _give_up(self, error: BaseException) -> None:
        if isinstance(error, ChrislibError):
            self.show_trouble(error, self._path)
        else:
            self._ctx.messages.failed(error)

    def _shape(self, key: str) -> None:
        if self._path is None:
            return
        kind = "pretty" if key == "text" else "json"
        self._tasks.start(
            self._read(self._path, kind), name="shape", failed=self._give_up
        )


def _load(
    path: Path, kind: str
) -> tuple[TextFile | TableFile | tuple[Any] | None, str]:
    """Read a file from disk in the shape of its kind; runs in a thread."""
    import json

    if kind == "json":
        return (read_json(path),), ""
    if kind == "pretty":
        text = json.dumps(read_json(path), indent=2, ensure_ascii=False)
        return TextFile(text), ""
    if kind == "table":
        table = read_table(path)
        words = f"{len(table.rows):,} rows · {len(table.head):,} columns"
        return table, " ".join(part for part in (words, table.note) if part)
    if kind == "text":
        found = read_text(path)
        return found, found.note
    try:
        return None, show_size(path.stat().st_size)
    except OSError as error:
        raise FileTrouble("This file cannot be read.", f"{error.strerror}.") from error
