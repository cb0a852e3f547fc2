"""A comparison taken along: copied, or saved as text or JSON."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu, QWidget

from chrislib.feeds.compare_text import to_json, to_text
from chrislib.views.context import ViewContext
from chrislib.views.feeds.collect_cover import save_text
from chrislib.views.widgets.buttons import button

if TYPE_CHECKING:
    from chrislib.views.feeds.compare_page import ComparePage


class TakingAlong:
    """Copy and Save in the head of a page that compares."""

    def __init__(self, context: ViewContext, page: "ComparePage") -> None:
        theme = context.theme
        self._context = context
        self._page = page
        self._tasks = context.tasks("compare taking")
        self._copy = button(
            theme, "Copy", icon="copy", name="compare.copy",
            tooltip="Copy the whole comparison as text",
        )  # fmt: skip
        self._save = button(
            theme, "Save …", icon="file-text", name="compare.save",
            tooltip="Save the whole comparison as text or JSON",
        )  # fmt: skip
        self.buttons: tuple[QWidget, ...] = (self._copy, self._save)
        self.menu = QMenu(page)
        text, made = self.menu.addAction("As text …"), self.menu.addAction("As JSON …")
        text.triggered.connect(lambda _on=False: self.save("txt"))
        made.triggered.connect(lambda _on=False: self.save("json"))
        self._copy.clicked.connect(self.copy)
        self._save.clicked.connect(self._open_menu)

    def set_enabled(self, there: bool) -> None:
        """Offer it, or not."""
        for piece in self.buttons:
            piece.setEnabled(there)

    def copy(self) -> None:
        """Put the comparison on the clipboard."""

        def copy() -> None:
            QGuiApplication.clipboard().setText(to_text(self._page.report))
            self._context.messages.info("The comparison is copied.", seconds=3)

        self._read_all(copy)

    def save(self, ending: str) -> None:
        """Save the comparison in a folder, as "txt" or "json"."""

        def save() -> None:
            make = to_json if ending == "json" else to_text
            sides = self._page.sides
            left, right = sides.left.side.feed_id, sides.right.side.feed_id
            self._tasks.start(
                save_text(
                    self._context,
                    make(self._page.report),
                    stem=f"comparison-{left}-{right}",
                    ending=ending,
                    what="comparison",
                ),
                name="save",
            )

        self._read_all(save)

    def stop(self) -> None:
        """End what runs."""
        self._tasks.cancel_all()

    def _open_menu(self) -> None:
        self.menu.popup(self._save.mapToGlobal(self._save.rect().bottomLeft()))

    def _read_all(self, then: Callable[[], object]) -> None:
        """Read what was not looked at yet, then go on with all of it."""
        self._page.work.run(
            self._tasks,
            self._page.read_all,
            words="Reading what was not looked at yet",
            name="read all",
            done=lambda _nothing: then(),
        )
