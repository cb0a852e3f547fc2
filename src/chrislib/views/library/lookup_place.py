"""PACS Lookup as a place: lookups, and the work lists they grow into."""

from pathlib import Path

from PySide6.QtWidgets import QStackedWidget

from chrislib.library.worklist.columns import Columns
from chrislib.library.worklist.model import ListHead, ListId
from chrislib.pacs.types import Criteria
from chrislib.tables import Table
from chrislib.views.context import ViewContext
from chrislib.views.library.archives import ArchiveChoice
from chrislib.views.library.columns_sheet import ColumnsSheet
from chrislib.views.library.opening import ItemOpener
from chrislib.views.library.pacs_page import PacsPage
from chrislib.views.library.places import Lookup, WorkList
from chrislib.views.library.worklist_page import WorkListPage
from chrislib.views.widgets.thumbs import ThumbStore


class LookupPlace(QStackedWidget):
    """The lookup, or one work list."""

    def __init__(
        self,
        ctx: ViewContext,
        archives: ArchiveChoice,
        opener: ItemOpener,
        *,
        thumbs: ThumbStore,
    ) -> None:
        super().__init__()
        self._ctx = ctx
        self._archives = archives
        self._tasks = ctx.tasks("lookup place")
        self._page = PacsPage(ctx, archives, opener, thumbs=thumbs)
        self._list: WorkListPage | None = None
        self.addWidget(self._page)
        self._page.table_offered.connect(self._open_table)
        self._page.list_asked.connect(self.show_list)

    def show_payload(self, payload: object) -> None:
        """Take criteria or a list of another place; without any stay where one was."""
        if isinstance(payload, WorkList):
            self.show_list(payload.list_id)
            return
        if payload is not None:
            self.setCurrentWidget(self._page)
        if self.currentWidget() is self._page:
            self._page.show_payload(payload)

    def show_list(self, list_id: str) -> None:
        """Show a work list."""
        if self._list is None:
            self._list = WorkListPage(self._ctx)
            self._list.left.connect(self._go_back)
            self._list.shown.connect(self._look_up)
            self.addWidget(self._list)
        self.setCurrentWidget(self._list)
        self._list.show_list(ListId(list_id))

    def focus_filter(self) -> None:
        """Put the cursor into the criteria, or on the states of a list."""
        self._now().focus_filter()

    def primary(self) -> None:
        """Press the primary button."""
        self._now().primary()

    def shutdown(self) -> None:
        """Stop listening; what is asked goes on."""
        self._tasks.cancel_all()
        self._page.shutdown()
        if self._list is not None:
            self._list.shutdown()

    def _now(self) -> PacsPage | WorkListPage:
        page = self.currentWidget()
        return page if isinstance(page, WorkListPage) else self._page

    def _go_back(self) -> None:
        self.setCurrentWidget(self._page)
        self._page.show_payload(None)

    def _look_up(self, criteria: Criteria) -> None:
        self.show_payload(Lookup(criteria, run=True))

    def _open_table(self, source: Path | str, pacs: str) -> None:
        sheet = ColumnsSheet(
            self.window(), self._ctx, self._archives, source=source, pacs=pacs
        )
        sheet.chosen.connect(self._make)
        sheet.open()

    def _make(self, table: Table, columns: Columns, pacs: str, dates: str) -> None:
        async def make() -> ListHead:
            lists = self._ctx.library.work_lists
            head = await lists.make(table, columns, pacs=pacs, dates=dates)
            await lists.start(head.list_id)
            return head

        self._tasks.start(
            make(), name="make a list", done=lambda head: self.show_list(head.list_id)
        )
