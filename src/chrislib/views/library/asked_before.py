"""What can be done with searches and lists of before: keep, ask again, forget."""

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from chrislib.library import criteria as asked
from chrislib.library.searches import SearchId
from chrislib.library.worklist.model import ListId
from chrislib.pacs.types import Criteria
from chrislib.views.context import ViewContext
from chrislib.views.library.lookup_start import LookupStart
from chrislib.views.library.name_sheet import NameSheet


class AskedBefore:
    """The verbs of the first page.

    Parameters
    ----------
    page : LookupStart
        Shows what was asked before.
    ask : callable
        Asks criteria.
    """

    def __init__(
        self,
        ctx: ViewContext,
        page: LookupStart,
        *,
        ask: Callable[[Criteria], object],
    ) -> None:
        self._ctx = ctx
        self._page = page
        self._ask = ask
        self._tasks = ctx.tasks("asked before")
        page.asked.connect(ask)
        page.saved_asked.connect(self._ask_saved)
        page.forgotten.connect(
            lambda kind, key: self._tasks.start(self._forget(kind, key), name="forget")
        )

    def refresh(self) -> None:
        """Show what there is now (reads the catalog's copy in memory)."""
        self._tasks.start(
            self._ctx.library.history(),
            name="what was asked",
            done=self._page.show_entries,
        )

    def save(self, window: QWidget, criteria: Criteria) -> None:
        """Let a name be written, and keep criteria under it."""
        words = ", ".join(one.words for one in asked.split(criteria))
        sheet = NameSheet(
            window,
            self._ctx.theme,
            "Save this search",
            text=asked.title_of(criteria),
            words=f"The criteria are kept on this computer, results are not. {words}",
        )
        sheet.named.connect(lambda title: self._keep(title, criteria))
        sheet.open()

    def shutdown(self) -> None:
        """Cancel what runs."""
        self._tasks.cancel_all()

    def _keep(self, title: str, criteria: Criteria) -> None:
        def kept(_search: object) -> None:
            self._ctx.messages.success(
                "Search saved", "You find it under Asked before in PACS Lookup."
            )
            self.refresh()

        self._tasks.start(
            self._ctx.library.searches.save(title, criteria),
            name="save a search",
            done=kept,
        )

    def _ask_saved(self, search_id: str) -> None:
        searches = self._ctx.library.searches
        for one in searches.all():
            if one.search_id == search_id:
                self._tasks.start(searches.use(one.search_id), name="use a search")
                self._ask(one.criteria)

    async def _forget(self, kind: str, key: str) -> None:
        library = self._ctx.library
        if kind == "search":
            await library.searches.delete(SearchId(key))
        elif await self._ctx.dialogs.confirm(
            "Forget this work list?",
            "Its rows and answers go. What was pulled for it stays in your library.",
            action="Forget list",
            danger=True,
        ):
            await library.work_lists.delete(ListId(key))
        self._page.show_entries(await library.history())
