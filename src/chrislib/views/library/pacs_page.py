"""PACS Lookup: ask, see, tick, add; every pull's progress in its own row."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from chrislib.errors import ChrislibError
from chrislib.library import criteria as asked
from chrislib.library.model import EntryId
from chrislib.library.silence import doubt, partly
from chrislib.library.words import join, series
from chrislib.pacs.types import Criteria, FoundPatient, LookupResult
from chrislib.views.context import ViewContext
from chrislib.views.library.archives import ArchiveChoice
from chrislib.views.library.asked_before import AskedBefore
from chrislib.views.library.found_pane import FoundPane
from chrislib.views.library.lookup_start import LookupStart
from chrislib.views.library.opening import ItemOpener
from chrislib.views.library.pacs_form import PacsForm
from chrislib.views.library.places import Lookup
from chrislib.views.widgets.banner import Banner
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.skeleton import Skeleton
from chrislib.views.widgets.state_view import StateView
from chrislib.views.widgets.text import ElidedLabel, Label, line
from chrislib.views.widgets.thumbs import ThumbStore

_T = TypeVar("_T")


class PacsPage(QWidget):
    """The whole section.

    Signals
    -------
    table_offered : (Path or str, str)
        A table to be looked up row by row, and the PACS.
    list_asked : str
        Id of a work list to be shown.
    """

    table_offered = Signal(object, str)
    list_asked = Signal(str)

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
        self._opener = opener
        self._archives = archives
        self._tasks = ctx.tasks("pacs lookup")
        self._asking: asyncio.Task[LookupResult] | None = None
        self._entry: EntryId | None = None
        self._criteria: Criteria | None = None
        self._again = 0
        self._broken = False
        self.setObjectName("library.pacs")
        self.setAccessibleName("PACS Lookup")
        self._form = PacsForm(ctx, archives)
        self._found = FoundPane(
            ctx, opener, thumb=thumbs.pixmap, entry=lambda: self._entry
        )
        thumbs.changed.connect(self._found.tree.repaint_rows)
        self._build()
        self._form.submitted.connect(self.run)
        self._form.table_offered.connect(self.table_offered)
        self._found.counted.connect(self._count)
        self._found.wanted_changed.connect(self._offer_add)
        self._unlisten = ctx.session.subscribe(self._on_session)
        self._form.yield_to_tray()
        self._show_start()

    def _build(self) -> None:
        theme = self._ctx.theme
        top = QWidget()
        column = QVBoxLayout(top)
        column.setContentsMargins(20, 12, 16, 12)
        column.setSpacing(10)
        column.addLayout(self._head())
        column.addWidget(self._form)
        self._banner = Banner(theme, "warn", "")
        self._banner.setObjectName("pacs.banner")
        self._banner.hide()
        self._skeleton = Skeleton(theme, row_height=48, picture=True)
        self._state = StateView(theme, "scan-search", "")
        self._start = LookupStart(self._ctx)
        self._before = AskedBefore(self._ctx, self._start, ask=self._ask_anew)
        self._start.list_asked.connect(self.list_asked)
        self._pages = QStackedWidget()
        for page in (self._start, self._state, self._skeleton, self._found):
            self._pages.addWidget(page)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(top)
        whole.addWidget(line())
        whole.addWidget(self._banner)
        whole.addWidget(self._pages, 1)
        self._opener.progressed.connect(self._tell_opening)

    def _head(self) -> QHBoxLayout:
        theme = self._ctx.theme
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(Label(theme, "PACS Lookup", style="page"))
        self._summary = ElidedLabel(
            theme, style="small", token="text.muted", name="pacs.summary"
        )
        head.addWidget(self._summary, 1)
        self._stop = button(
            theme, "Stop asking", name="pacs.stop", tooltip="What was found stays"
        )
        self._stop.clicked.connect(self.cancel)
        self._add = button(
            theme,
            "Add ticked",
            icon="arrow-down-to-line",
            name="pacs.add_ticked",
            tooltip="Pull what is ticked and not in your library yet (A)",
        )
        self._add.clicked.connect(self.add_ticked)
        paste = button(
            theme,
            "Paste list",
            kind="quiet",
            icon="clipboard-list",
            name="pacs.paste",
            tooltip="Patient IDs, names or accession numbers, or cells of a table",
        )
        paste.clicked.connect(self._form.paste_list)
        table = button(
            theme,
            "Open CSV",
            kind="quiet",
            icon="file-spreadsheet",
            name="pacs.csv",
            tooltip="Look up a table row by row: a work list",
        )
        table.clicked.connect(self._form.open_csv)
        self._save = button(
            theme,
            "Save search",
            kind="quiet",
            icon="star",
            name="pacs.save",
            tooltip="Keep these criteria under a name",
        )
        self._save.clicked.connect(self._save_search)
        before = button(
            theme,
            "Asked before",
            kind="quiet",
            icon="history",
            name="pacs.before",
            tooltip="Saved searches, work lists, and what was asked lately",
        )
        before.clicked.connect(self._turn_to_start)
        for part in (self._add, self._stop, self._save, before, paste, table):
            head.addWidget(part)
        # its place is kept, so that nothing moves when the first box is ticked
        policy = self._add.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._add.setSizePolicy(policy)
        self._add.hide()
        self._stop.hide()
        return head

    # --- asking ---

    def show_payload(self, payload: object) -> None:
        """Take criteria from another place and ask where that is wanted."""
        if isinstance(payload, Lookup):
            on_screen = payload.entry_id is not None and payload.entry_id == self._entry
            if on_screen and not self._found.empty:
                self._found.tree.setFocus(Qt.FocusReason.OtherFocusReason)
                return
            self._form.show_criteria(payload.criteria)
            if payload.run:
                self._form.submit()
        elif isinstance(payload, Criteria):
            self._form.show_criteria(payload)
        elif self._pages.currentWidget() is self._start:
            self._before.refresh()
        self._form.field.setFocus()

    def run(self, criteria: Criteria) -> None:
        """Ask the PACS; an answer that is still awaited is given up.

        The same question while it is being asked is not asked twice.
        """
        if self._asking is not None:
            if criteria == self._criteria:
                return
            self._asking.cancel()
        self._again += 1
        turn = self._again
        self._criteria, self._entry, self._broken = criteria, None, False
        self._banner.hide()
        self._form.yield_to_tray()
        self._summary.setText("")
        self._found.begin()
        self._skeleton.start(f"Asking {criteria.where}", self.cancel)
        self._pages.setCurrentWidget(self._skeleton)

        def mine(call: Callable[[_T], None]) -> Callable[[_T], None]:
            # an answer to an earlier question must not replace a later one
            return lambda value: call(value) if turn == self._again else None

        self._asking = self._tasks.start(
            self._ctx.library.lookup(
                criteria, found=mine(self._take), opened=mine(self._opened)
            ),
            name="lookup",
            done=mine(self._finished),
            failed=mine(self._failed),
        )

    def cancel(self) -> None:
        """Give up waiting; what was found so far stays."""
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None
        self._again += 1
        self._offer_stop(False)
        if not self._found.empty:
            self._pages.setCurrentWidget(self._found)
            self._found.end((), lambda: self._say(join(self._found.words(), "stopped")))
            return
        self._show_start()

    def _opened(self, entry_id: EntryId) -> None:
        self._entry = entry_id

    def _take(self, patients: tuple[FoundPatient, ...]) -> None:
        if not patients:
            return
        self._found.put(patients)
        self._count(self._found.words())
        self._skeleton.stop(self._show_found)

    def _show_found(self) -> None:
        self._offer_stop(self._asking is not None)
        self._pages.setCurrentWidget(self._found)

    def _offer_stop(self, offered: bool) -> None:
        # one takes the place of the other: a narrow window has no room for both
        self._stop.setVisible(offered)
        self._save.setVisible(not offered)

    def _count(self, words: str) -> None:
        if self._asking is not None:
            self._say(join(f"{words} so far", "still asking …"))
        elif not self._found.empty:
            self._say(words)

    def _say(self, words: str) -> None:
        self._summary.setText(words)

    def _finished(self, result: LookupResult) -> None:
        self._asking = None
        self._offer_stop(False)
        self._skeleton.stop(lambda: self._show_result(result))

    def _show_result(self, result: LookupResult) -> None:
        if not result.patients:
            self._show_no_match(result)
            return
        self._pages.setCurrentWidget(self._found)
        turn = self._again

        def all_there() -> None:
            if turn != self._again:
                return
            self._found.sort(result.patients)
            seconds = max(result.seconds, 0.1)
            self._say(join(self._found.words(), f"answered in {seconds:.1f} s"))

        self._found.end(result.patients, all_there)
        if words := partly(result):
            self._banner.show_text("warn", words, ("Retry", self._retry))
            self._banner.show()
        tree = self._found.tree
        if not tree.currentIndex().isValid():
            tree.setCurrentIndex(self._found.model.index(0, 0))
        if self._form.field.edit.hasFocus():
            tree.setFocus(Qt.FocusReason.OtherFocusReason)

    def _failed(self, error: BaseException) -> None:
        self._asking = None
        self._offer_stop(False)
        self._skeleton.stop(lambda: self._show_failure(error))

    def _show_failure(self, error: BaseException) -> None:
        if not self._found.empty:
            # what was found before it broke off is not thrown away
            words = str(error)
            if isinstance(error, ChrislibError):
                words = " ".join(filter(None, (error.title, error.hint)))
            self._found.end((), lambda: self._say(self._found.words()))
            self._pages.setCurrentWidget(self._found)
            self._banner.show_text(
                "warn", f"Not everything was asked. {words}", ("Retry", self._retry)
            )
            self._banner.show()
            return
        self._broken = True
        self._summary.setText("")
        if not isinstance(error, ChrislibError):
            self._ctx.messages.failed(error)
        self._state.show_error(error, self._retry)
        self._form.yield_to_tray(page=True)
        self._pages.setCurrentWidget(self._state)

    def _retry(self) -> None:
        if self._criteria is not None:
            self.run(self._criteria)

    def _show_start(self) -> None:
        self._summary.setText("")
        self._pages.setCurrentWidget(self._start)
        self._before.refresh()

    def _turn_to_start(self) -> None:
        """Show what was asked before; pressed again, the results."""
        if self._pages.currentWidget() is self._start and not self._found.empty:
            self._pages.setCurrentWidget(self._found)
            return
        if self._asking is not None:
            self.cancel()
        self._pages.setCurrentWidget(self._start)
        self._before.refresh()

    def _save_search(self) -> None:
        criteria = self._form.criteria()
        if criteria is not None:
            self._before.save(self.window(), criteria)

    def _show_no_match(self, result: LookupResult) -> None:
        criteria = result.criteria
        number = len(self._archives.names)
        everywhere = f"{number} PACS" if number > 1 else "the PACS"
        where = criteria.where if criteria.pacs else everywhere
        words = ", ".join(one.words for one in asked.split(criteria))
        wider = asked.wider(criteria)
        actions = []
        if wider is not None:
            label = next(v[0] for k, v in wider.values.items() if k == asked.NAME)
            actions.append((f"Search {label}", lambda: self._ask_anew(wider)))
        if asked.DATE in criteria.values and len(criteria.values) > 1:
            actions.append(
                ("Any date", lambda: self._ask_anew(asked.undated(criteria)))
            )
        self._state.show_state(
            "scan-search",
            f"No match in {where}",
            " ".join(
                filter(
                    None,
                    (
                        f"Nothing was found for {words}.",
                        "PACS names are often spelled as in the passport."
                        if asked.NAME in criteria.values
                        else "",
                        doubt(result),
                    ),
                )
            ),
            actions,
        )
        self._form.yield_to_tray(page=bool(actions))
        self._pages.setCurrentWidget(self._state)

    def _ask_anew(self, criteria: Criteria) -> None:
        self._form.show_criteria(criteria)
        self._form.submit()

    def _on_session(self) -> None:
        # a page that could not ask asks again as soon as there is a connection
        session = self._ctx.session
        if self._broken and session.client is not None and session.error is None:
            self._retry()

    # --- what is done with it ---

    def _tell_opening(self, words: str) -> None:
        self._say(words or self._found.words() if not self._found.empty else "")

    def _offer_add(self) -> None:
        number = len(self._found.acts.wanted())
        self._add.setText(f"Add {series(number)}")
        self._add.setVisible(number > 0)
        self._form.yield_to_tray()

    def add_ticked(self) -> None:
        """Pull everything that is ticked and not here."""
        # the button goes away: the focus must not wander to its neighbor
        self._found.tree.setFocus(Qt.FocusReason.OtherFocusReason)
        self._found.acts.pull(self._found.acts.wanted())

    def focus_filter(self) -> None:
        """Put the cursor into the criteria; once there are results, their filter."""
        if self._pages.currentWidget() is self._found:
            self._found.focus_filter()
            return
        self._form.field.setFocus()

    def primary(self) -> None:
        """Press the primary button."""
        self._form.submit()

    def shutdown(self) -> None:
        """Stop listening and cancel what runs here; pulls are jobs and go on."""
        self._again += 1  # an answer that is on its way finds nobody
        self._unlisten()
        self._tasks.cancel_all()
        self._before.shutdown()
        self._found.shutdown()
        self._form.shutdown()
