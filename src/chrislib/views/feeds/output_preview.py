"""A look at the highlighted output, with the way into the viewer."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from chrislib.feeds.model import OutputEntry
from chrislib.shown import one_line
from chrislib.views.context import ViewContext
from chrislib.views.feeds.words import files_words, size_words
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.preview import Preview
from chrislib.views.widgets.state_view import StateView
from chrislib.views.widgets.text import ElidedLabel, line

PREVIEW_BYTES = 64_000_000
"""Larger files are looked at only when asked for."""

VIEWABLE = frozenset({"dicom", "nifti", "image", "table", "json", "text"})
"""Kinds the viewer shows."""


class OutputPreview(QWidget):
    """The right part of the outputs."""

    open_pressed = Signal()

    def __init__(self, context: ViewContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("feeds.preview")
        self.setMinimumWidth(280)
        self._stack = QStackedWidget(self)
        self._preview = Preview(context, self._stack)
        self._state = StateView(context.theme, "image", "", primary=False)
        self._stack.addWidget(self._preview)
        self._stack.addWidget(self._state)
        self._name = ElidedLabel(
            context.theme, style="small", name="feeds.preview.name"
        )
        self.open_button = button(
            context.theme,
            "Open in viewer",
            icon="maximize",
            name="feeds.preview.open",
            shortcut="E",
            tooltip="Open in the viewer (E)",
            small=True,
        )
        self.open_button.clicked.connect(self.open_pressed)
        foot = QHBoxLayout()
        foot.setContentsMargins(12, 8, 12, 8)
        foot.addWidget(self._name, 1)
        foot.addWidget(self.open_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._stack, 1)
        column.addWidget(line())
        column.addLayout(foot)
        self.clear()

    def clear(self) -> None:
        """Show that nothing is highlighted."""
        self._say("image", "", "Highlight an output to look at it here.")
        self._name.setText("")
        self.open_button.setEnabled(False)

    def announce(self, entry: OutputEntry, inside: Sequence[OutputEntry]) -> bool:
        """Name the entry; return whether its file should be fetched and shown.

        Parameters
        ----------
        inside : sequence of OutputEntry
            Files in a folder, as far as they were listed.
        """
        self._name.setText(one_line(entry.title or entry.relative.rsplit("/", 1)[-1]))
        dicom = any(child.kind == "dicom" for child in inside)
        can_open = (entry.file_id is not None and entry.kind in VIEWABLE) or dicom
        self.open_button.setEnabled(can_open)
        if entry.is_folder:
            words = "Its images open as one series." if dicom else ""
            size = sum(child.size or 0 for child in inside)
            self._say("folder", files_words(len(inside), size), words)
            return False
        if entry.file_id is None:
            self._say(
                "ghost",
                "Gone from server",
                "What this links to is not there any more, or is not yours to open.",
            )
            return False
        if entry.kind == "pdf":
            self._say(
                "file-text",
                "PDFs are not shown here",
                "Open it with another program: right click, or Shift+E.",
            )
            return False
        if entry.kind not in VIEWABLE:
            words = "Open it with another program: right click, or Shift+E."
            self._say("file", "No preview", words)
            return False
        if entry.size is not None and entry.size > PREVIEW_BYTES:
            words = f"It has {size_words(entry.size)}. Open it in the viewer."
            self._say("image", "Too large for a preview", words)
            return False
        self._say("loader-circle", "Fetching", "")
        return True

    def show_file(self, path: Path, kind: str) -> None:
        """Show a fetched file."""
        self._stack.setCurrentWidget(self._preview)
        self._preview.show_file(path, kind)

    def show_failure(self, error: BaseException) -> None:
        """Say why there is no preview."""
        title = getattr(error, "title", "It could not be fetched.")
        detail = getattr(error, "detail", "")
        self._say("triangle-alert", title, detail)

    def _say(self, icon: str, title: str, text: str) -> None:
        self._state.show_state(icon, title, text)
        self._stack.setCurrentWidget(self._state)
