"""Opening library items in the viewer: files first, with progress, then the picture."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from chrislib.library.model import Item, OpenedItem
from chrislib.library.words import count
from chrislib.views.context import ViewContext
from chrislib.views.navigation import OpenViewer
from chrislib.views.viewer_content import ViewContent


class ItemOpener(QObject):
    """Brings an item's files to this computer and shows them; one at a time.

    Signals
    -------
    progressed : str
        Words about the item that is on its way, "" when there is none.
    """

    progressed = Signal(str)

    def __init__(self, ctx: ViewContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._tasks = ctx.tasks("open item")

    def open(self, item: Item) -> None:
        """Fetch and show `item` (network, disk); what was asked before is dropped."""
        self._tasks.cancel_all()
        self.progressed.emit(f"Getting “{item.title}” …")
        self._tasks.start(
            self._ctx.library.open_item(
                item, cache=self._ctx.paths.cache, progress=self._progress(item.title)
            ),
            name="get files",
            done=self._show,
            failed=self._failed,
        )

    def stop(self) -> bool:
        """Stop what is on its way; False when nothing is. What arrived is kept."""
        if not self._tasks.pending:
            return False
        self._tasks.cancel_all()
        self.progressed.emit("")
        return True

    def shutdown(self) -> None:
        """Cancel what runs."""
        self._tasks.cancel_all()

    def _progress(self, title: str) -> Callable[[int, int], None]:
        def tell(done: int, total: int) -> None:
            words = f"{done:,} of {count(total, 'file')}"
            self.progressed.emit(f"Getting “{title}”: {words} · Esc stops")

        return tell

    def _show(self, opened: OpenedItem) -> None:
        self.progressed.emit("")
        if opened.kind == "other":
            self._ctx.messages.info(
                f"“{opened.title}” holds nothing this viewer shows",
                f"{count(len(opened.paths), 'file')} of other kinds.",
                hint="Make a feed of it, or download it.",
            )
            return
        content = ViewContent(opened.kind, opened.title, opened.paths)
        self._ctx.navigator.go(OpenViewer(content))

    def _failed(self, error: BaseException) -> None:
        self.progressed.emit("")
        self._ctx.messages.failed(error)
