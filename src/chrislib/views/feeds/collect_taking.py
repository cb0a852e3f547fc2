"""What is done with collected rows: copied, saved, tried again, their images opened."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from chrislib.feeds.collect_model import Row
from chrislib.feeds.collect_table import to_csv, to_text
from chrislib.library.words import count
from chrislib.views.context import ViewContext
from chrislib.views.feeds.collect_cover import save_text
from chrislib.views.feeds.hidden_titles import named
from chrislib.views.navigation import OpenViewer, ShowFeed
from chrislib.views.viewer_content import ViewContent
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.text import ElidedLabel, line

if TYPE_CHECKING:
    from chrislib.views.feeds.collect_page import CollectPage


class Taking:
    """Buttons in the head and in the foot of a page, and what they do."""

    def __init__(self, context: ViewContext, page: "CollectPage") -> None:
        theme = context.theme
        self._context = context
        self._page = page
        self._tasks = context.tasks("collect taking")
        self._copy = button(
            theme, "Copy", icon="copy", name="collect.copy",
            tooltip="Copy the highlighted rows, or all (Ctrl+C)",
        )  # fmt: skip
        self._export = button(
            theme, "Save CSV …", icon="file-spreadsheet", name="collect.export",
            tooltip="Save the rows and columns shown, with where they come from",
        )  # fmt: skip
        self.buttons: tuple[QWidget, ...] = (self._copy, self._export)
        self._words = ElidedLabel(
            theme, style="small", token="text.secondary", name="collect.foot.words"
        )
        self._retry = button(
            theme, "Retry", icon="rotate-cw", name="collect.retry", small=True
        )
        self._node = button(
            theme, "Show node", icon="workflow", name="collect.node", small=True,
            tooltip="Go to the node in its feed",
        )  # fmt: skip
        self._images = button(
            theme, "Open images", icon="maximize", name="collect.images", small=True,
            shortcut="E", tooltip="Open the images of the row in the viewer (E)",
        )  # fmt: skip
        self.foot = QWidget()
        row = QHBoxLayout()
        row.setContentsMargins(16, 6, 16, 6)
        row.setSpacing(8)
        row.addWidget(self._words, 1)
        for piece in (self._retry, self._node, self._images):
            row.addWidget(piece)
        column = QVBoxLayout(self.foot)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(line())
        column.addLayout(row)
        shown = page.shown
        self._copy.clicked.connect(self.copy)
        self._export.clicked.connect(self.export)
        self._retry.clicked.connect(self.retry)
        self._node.clicked.connect(self.show_node)
        self._images.clicked.connect(lambda: self.open_images(None))
        shown.opened.connect(self.open_images)
        shown.highlighted.connect(self.dress)
        copy = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), shown.table)
        copy.setContext(Qt.ShortcutContext.WidgetShortcut)
        copy.activated.connect(self.copy)
        self.dress()

    def stop(self) -> None:
        """End what runs."""
        self._tasks.cancel_all()

    def dress(self) -> None:
        """Offer what can be done with the rows on show."""
        shown, table = self._page.shown, self._page.table
        chosen = shown.chosen
        there = table is not None and bool(shown.rows)
        self._copy.setEnabled(there)
        self._export.setEnabled(there)
        self.foot.setVisible(there)
        one = chosen[0] if len(chosen) == 1 else None
        node = one is not None and one.source.node is not None
        self._images.setEnabled(node)
        self._node.setEnabled(one is not None)
        broken = self._broken(chosen) if shown.problems else []
        self._retry.setVisible(bool(broken))
        self._retry.setText("Retry" if len(broken) < 2 else f"Retry {len(broken):,}")
        self._words.setText(self._about(chosen))

    def copy(self) -> None:
        """Put the highlighted rows, or all that are shown, on the clipboard."""
        shown = self._page.shown
        rows = shown.chosen or shown.shown_rows
        QGuiApplication.clipboard().setText(to_text(rows, shown.shown_columns))
        self._context.messages.info(f"{count(len(rows), 'row')} copied.", seconds=3)

    def export(self) -> None:
        """Save what is shown as CSV."""
        table, shown = self._page.table, self._page.shown
        if table is None:
            return
        rows, columns = shown.shown_rows, shown.shown_columns

        async def save() -> None:
            text = await asyncio.to_thread(to_csv, table, rows, columns)
            stem = f"{table.wanted.plugin}-results"
            await save_text(self._context, text, stem=stem, ending="csv", what="table")

        self._tasks.start(save(), name="export")

    def show_node(self) -> None:
        """Go to the node of the highlighted row."""
        chosen = self._page.shown.chosen
        if chosen:
            source = chosen[0].source
            node_id = None if source.node is None else int(source.node.id)
            self._context.navigator.go(ShowFeed(source.feed_id, node_id))

    def retry(self) -> None:
        """Read rows without values once more: the highlighted ones, or all."""
        broken = self._broken(self._page.shown.chosen)
        table = self._page.table
        if not broken or table is None:
            return
        known = (row for row in table.rows if row.problem)
        wanted, again = table.wanted, named(broken, known)
        self._page.work.run(
            self._tasks,
            lambda progress: self._page.collecting.again(
                again, wanted.pattern, each=wanted.each, progress=progress
            ),
            words="Reading again",
            name="again",
            done=self._page.replace_rows,
        )

    def open_images(self, row: Row | None) -> None:
        """Open the images that belong to a row, the highlighted one by itself."""
        chosen = self._page.shown.chosen
        row = row or (chosen[0] if chosen else None)
        if row is None or row.source.node is None:
            return
        self._tasks.cancel_all()
        self._page.work.run(
            self._tasks,
            lambda _progress: self._open(row),
            words="Looking for images",
            name="images",
        )

    async def _open(self, row: Row) -> None:
        kind, files = await self._page.collecting.images(row)
        if not files:
            self._context.messages.info(
                "There are no images for this row.",
                "Neither its node nor those before it hold any that can be shown.",
            )
            return
        paths = await self._context.feeds.outputs.fetch_all(
            files,
            progress=self._page.work.progress("Getting images"),
        )
        self._context.navigator.go(OpenViewer(ViewContent(kind, row.subject, paths)))

    def _broken(self, chosen: Sequence[Row]) -> list[Row]:
        """Return the rows without values that are highlighted, else all of them."""
        broken = [row for row in chosen if row.problem]
        return broken or [row for row in self._page.shown.rows if row.problem]

    def _about(self, chosen: Sequence[Row]) -> str:
        if not chosen:
            return "Highlight a row to open its images."
        if len(chosen) > 1:
            return f"{count(len(chosen), 'row')} highlighted"
        row = chosen[0]
        node = row.source.node
        parts = [row.subject, f"feed {row.source.feed_id}"]
        if node is not None:
            parts.append(f"{node.plugin_name} {node.plugin_version}")
        if row.line:
            parts.append(f"line {row.line:,}")
        parts.append(row.problem or row.note)
        return " · ".join(part for part in parts if part)
