"""A file of both sides, shown side by side."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from chrislib.feeds.collect_files import readable
from chrislib.feeds.compare_files import WORDS, FilePair
from chrislib.feeds.model import OutputEntry
from chrislib.shown import one_line
from chrislib.views.context import ViewContext
from chrislib.views.feeds.compare_difference import DifferenceView
from chrislib.views.feeds.output_preview import PREVIEW_BYTES, VIEWABLE
from chrislib.views.feeds.words import size_words
from chrislib.views.navigation import OpenViewer
from chrislib.views.viewer_content import ViewContent
from chrislib.views.widgets.buttons import Segments, button
from chrislib.views.widgets.preview import Preview
from chrislib.views.widgets.text import ElidedLabel, line


class _Half(QWidget):
    """One side: the file's words over its preview."""

    def __init__(self, context: ViewContext, words: str) -> None:
        super().__init__()
        self._words = words
        self._tasks = context.tasks(f"compare {words.lower()}")
        self._context = context
        self.preview = Preview(context)
        self.preview.setAccessibleName(f"{words} file")
        self._label = ElidedLabel(
            context.theme, style="caption", token="text.secondary"
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        top = QHBoxLayout()
        top.setContentsMargins(12, 4, 12, 4)
        top.addWidget(self._label)
        column.addLayout(top)
        column.addWidget(self.preview, 1)
        self.clear()

    def clear(self) -> None:
        """Show that no file is highlighted."""
        self._tasks.cancel_all()
        self._label.setText(self._words)
        self.preview.show_message("Highlight a file to look at it here.")

    def show_entry(self, entry: OutputEntry | None) -> None:
        """Fetch a file and show it (network, disk)."""
        self._tasks.cancel_all()
        if entry is None:
            self._label.setText(self._words)
            self.preview.show_message("This side has no such file.", icon="ghost")
            return
        size = size_words(entry.size)
        self._label.setText(" · ".join(p for p in (self._words, size) if p))
        if entry.kind not in VIEWABLE:
            self.preview.show_message("It has no preview.", icon="file")
            return
        if (entry.size or 0) > PREVIEW_BYTES:
            self.preview.show_message("It is too large for a preview.", icon="image")
            return
        self.preview.show_message("Fetching", icon="loader-circle")
        self._tasks.start(
            self._context.feeds.outputs.fetch(entry),
            name="fetch",
            done=lambda path: self.preview.show_file(path, entry.kind),
            failed=self._failed,
        )

    def shutdown(self) -> None:
        """End what runs."""
        self._tasks.cancel_all()
        self.preview.shutdown()

    def _failed(self, error: BaseException) -> None:
        title = getattr(error, "title", "It could not be fetched.")
        detail = getattr(error, "detail", "")
        self.preview.show_message(title, icon="triangle-alert", detail=detail)


_SHOWN = "feeds.compare.shown"
"""Under these keys of the layout stand what is shown of texts, and how."""
_WAY = "feeds.compare.way"
_CHANGED = frozenset({"differs", "size"})


def has_lines(pair: FilePair | None) -> bool:
    """Return whether both files are text or values, and may differ."""
    if pair is None or pair.left is None or pair.right is None:
        return False
    return pair.verdict in _CHANGED and readable(pair.left) and readable(pair.right)


class PicturePair(QWidget):
    """Both sides of the highlighted file; of texts, what differs in them."""

    contents_pressed = Signal()

    def __init__(self, context: ViewContext) -> None:
        super().__init__()
        theme = context.theme
        self._context = context
        self._tasks = context.tasks("compare viewer")
        self._looking = context.tasks("compare difference")
        self._pair: FilePair | None = None
        self.setObjectName("compare.pictures")
        self.left = _Half(context, "Left")
        self.right = _Half(context, "Right")
        self._name = ElidedLabel(theme, style="small", name="compare.file")
        self.contents = button(
            theme,
            "Compare contents",
            icon="scan-search",
            name="compare.contents",
            tooltip="Fetch files of the same size and compare every byte",
            small=True,
        )
        self.open_button = button(
            theme,
            "Open in viewer",
            icon="maximize",
            name="compare.open",
            shortcut="E",
            tooltip="Open both in the viewer (E)",
            small=True,
        )
        self.difference = DifferenceView(theme, way=str(context.layout.get(_WAY) or ""))
        self.shown = Segments(
            theme,
            (("difference", "Differences", ""), ("files", "Both files", "")),
            name="compare.shown",
        )
        if context.layout.get(_SHOWN) == "files":
            self.shown.choose("files")
        sides = QWidget()
        self._stack = QStackedWidget()
        self._stack.addWidget(sides)
        self._stack.addWidget(self.difference)
        halves = QHBoxLayout(sides)
        halves.setContentsMargins(0, 0, 0, 0)
        halves.setSpacing(0)
        halves.addWidget(self.left, 1)
        halves.addWidget(line(vertical=True))
        halves.addWidget(self.right, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(16, 6, 16, 6)
        foot.setSpacing(8)
        foot.addWidget(self._name, 1)
        foot.addWidget(self.shown)
        foot.addWidget(self.contents)
        foot.addWidget(self.open_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._stack, 1)
        column.addWidget(line())
        column.addLayout(foot)
        self.contents.clicked.connect(self.contents_pressed)
        self.open_button.clicked.connect(self.open_both)
        self.shown.chosen.connect(self._shown_chosen)
        self.difference.ways.chosen.connect(lambda way: context.layout.put(_WAY, way))
        self.show_pair(None)

    def show_pair(self, pair: FilePair | None) -> None:
        """Show a pair; None clears. The same pair again changes only its words."""
        before, self._pair = self._pair, pair
        sides = () if pair is None else (pair.left, pair.right)
        self.open_button.setEnabled(
            any(side is not None and side.kind in VIEWABLE for side in sides)
        )
        same = (
            before is not None
            and pair is not None
            and (before.left, before.right) == (pair.left, pair.right)
        )
        self.shown.setVisible(has_lines(pair))
        if pair is None:
            self._stack.setCurrentIndex(0)
            self._looking.cancel_all()
            self._name.setText("")
            self.left.clear()
            self.right.clear()
            return
        self._name.setText(f"{one_line(pair.relative)} · {WORDS[pair.verdict]}")
        if not same:
            self._look()

    def _shown_chosen(self, which: str) -> None:
        self._context.layout.put(_SHOWN, which)
        self._look()

    def _look(self) -> None:
        """Show both files, or what differs in them."""
        pair = self._pair
        self._looking.cancel_all()
        if pair is None:
            return
        if not has_lines(pair) or self.shown.current == "files":
            self._stack.setCurrentIndex(0)
            self.left.show_entry(pair.left)
            self.right.show_entry(pair.right)
            return
        self.left.clear()
        self.right.clear()
        self._stack.setCurrentIndex(1)
        self.difference.show_words("Comparing …")
        self._looking.start(
            self._context.feeds.comparing.difference(pair),
            name="difference",
            done=self.difference.show_difference,
            failed=self._not_compared,
        )

    def _not_compared(self, error: BaseException) -> None:
        title = getattr(error, "title", "The files could not be fetched.")
        self.difference.show_words(title)

    def open_both(self) -> None:
        """Open the files in the viewer, side by side where it can."""
        pair = self._pair
        if pair is None:
            return
        entries = [
            side
            for side in (pair.left, pair.right)
            if side is not None and side.kind in VIEWABLE
        ]
        if not entries:
            return
        kind = entries[0].kind
        title = one_line(pair.relative.rsplit("/", 1)[-1])

        def show(paths: object) -> None:
            content = ViewContent(kind, title, tuple(paths), "compare")  # type: ignore[arg-type]
            self._context.navigator.go(OpenViewer(content))

        self._tasks.start(
            self._context.feeds.outputs.fetch_all(entries), name="open", done=show
        )

    def shutdown(self) -> None:
        """End what runs."""
        self._tasks.cancel_all()
        self._looking.cancel_all()
        self.left.shutdown()
        self.right.shutdown()
