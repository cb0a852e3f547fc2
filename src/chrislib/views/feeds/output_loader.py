"""Bringing outputs to the screen: first rows at once, the rest behind."""

import time
from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from chrislib.feeds.output_book import OutputBook
from chrislib.feeds.output_walk import Batch, OutputWalk, Root
from chrislib.views.context import ViewContext
from chrislib.views.feeds.output_model import OutputModel

_EVERY = 0.25
"""Seconds between two looks at what arrived (ui.md §6)."""


class OutputLoader(QObject):
    """Lists outputs into the table's model.

    What is listed again takes the place of what is shown when all of it is there.

    Signals
    -------
    arrived : bool
        Rows are there; True when that is all of them.
    failed : object
        The exception; what was shown before is still there.
    """

    arrived = Signal(bool)
    failed = Signal(object)

    def __init__(
        self, context: ViewContext, model: OutputModel, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._model = model
        self._tasks = context.tasks("feeds.outputs")
        self._arranging = context.tasks("feeds.outputs.order")
        self._walk: OutputWalk | None = None
        self._wished = self._busy = False
        self.complete = False
        """Whether everything there is was listed."""

    @property
    def held(self) -> int:
        """Folders that were not looked into, because there are so many."""
        return self._walk.held if self._walk is not None else 0

    def load(self, roots: Sequence[Root], *, more: bool = False) -> None:
        """List outputs: on screen as they come, or behind what is shown (network).

        Parameters
        ----------
        more : bool
            They come beside what is shown, and do not take its place.
        """
        self.stop()
        self.complete = False
        self._tasks.start(
            self._load(roots, more=more), name="list", failed=self.failed.emit
        )

    def look_into(self, relative: str) -> None:
        """List a folder that somebody unfolded, if it was not (network)."""
        if self._walk is not None and self._walk.want(relative):
            self._go_on(self._walk)

    def look_into_all(self) -> None:
        """List what was held back because there is so much of it (network)."""
        if self._walk is not None and self._walk.held:
            self._walk.want_all()
            self._go_on(self._walk)

    def arrange(self) -> None:
        """Show what is there in the order and narrowing that is wished now."""
        self._wished = True
        if not self._busy:
            self._busy = True
            self._arranging.start(self._arrange(), name="arrange")

    def stop(self) -> None:
        """Stop asking."""
        self._tasks.cancel_all()
        self._walk = None

    def shutdown(self) -> None:
        """Stop asking and putting in order."""
        self.stop()
        self._arranging.cancel_all()

    # -- inside ----------------------------------------------------------------

    def _go_on(self, walk: OutputWalk) -> None:
        self.complete = False
        self._tasks.start(
            self._run(walk, self._model.book),
            name="go on",
            failed=self.failed.emit,
        )

    async def _load(self, roots: Sequence[Root], *, more: bool) -> None:
        model = self._model
        book = model.book if more or model.empty else model.next_book()
        book.opened |= model.book.opened
        self._walk = self._context.feeds.outputs.walk(roots)
        await self._run(self._walk, book)

    async def _run(self, walk: OutputWalk, book: OutputBook) -> None:
        shown_at = 0.0

        def take(batch: Batch) -> None:
            nonlocal shown_at
            self._model.take(batch, book)
            now = time.monotonic()
            if book is self._model.book and book.entries and now - shown_at > _EVERY:
                shown_at = now
                self._show()

        await walk.run(take)
        self.complete = not walk.held
        if book is not self._model.book:
            before = self._model.book
            # unfolded, narrowed and ordered as it is by now
            book.opened |= before.opened
            book.order, book.flat = before.order, before.flat
            book.narrowing = before.narrowing
        await self._model.arrange(book)
        self.arrived.emit(True)

    def _show(self) -> None:
        if self._model.book.narrowing.narrows or self._model.book.flat:
            self.arrange()
        else:
            self._model.flush()
        self.arrived.emit(False)

    async def _arrange(self) -> None:
        try:
            while self._wished:
                self._wished = False
                await self._model.arrange()
        finally:
            self._busy = False
        self.arrived.emit(self.complete)
