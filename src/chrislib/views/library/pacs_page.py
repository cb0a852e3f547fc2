"""PACS Lookup: ask, see, tick, add; every pull's progress in its own row."""

import asyncio
from collections.abc import Callable, Iterable
from typing import TypeVar

from PySide6.QtCore import QModelIndex, QPoint, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from chrislib.errors import ChrislibError
from chrislib.library import criteria as asked
from chrislib.library.model import EntryId, ItemState, LibraryChange
from chrislib.library.words import count, join, series, studies
from chrislib.pacs.types import Criteria, FoundPatient, LookupResult
from chrislib.views.context import ViewContext
from chrislib.views.library.archives import ArchiveChoice
from chrislib.views.library.facets import Facets
from chrislib.views.library.found_model import FoundModel, Node
from chrislib.views.library.found_tree import FoundTree
from chrislib.views.library.opening import ItemOpener
from chrislib.views.library.pacs_form import PacsForm, today_of
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
        self._pulls = ctx.tasks("pacs pulls")
        self._asking: asyncio.Task[LookupResult] | None = None
        self._entry: EntryId | None = None
        self._criteria: Criteria | None = None
        self._again = 0
        self._broken = False
        self.setObjectName("library.pacs")
        self.setAccessibleName("PACS Lookup")
        library = ctx.library
        self._model = FoundModel(
            item_of=library.state_of_series,
            ticked=lambda item_id: item_id in library.tray,
            hidden=lambda: bool(ctx.settings.get("hide_names")),
            parent=self,
        )
        self._tree = FoundTree(ctx.theme, self._model, thumb=thumbs.pixmap)
        thumbs.changed.connect(self._tree.viewport().update)
        self._facets = Facets(
            ctx.theme,
            item_of=library.state_of_series,
            today=lambda: today_of(ctx),
        )
        self._form = PacsForm(ctx, archives)
        self._build()
        self._form.submitted.connect(self.run)
        self._form.table_offered.connect(self.table_offered)
        self._facets.filtered.connect(self._refilter)
        self._tree.ticked.connect(self._tick_index)
        self._tree.acted.connect(self._act_index)
        self._tree.opened.connect(self._open_index)
        self._tree.key_pressed.connect(self._key)
        self._tree.menu_asked.connect(self._menu)
        self._unsubscribe = library.subscribe(self._on_change)
        self._unlisten = ctx.session.subscribe(self._on_session)
        self._pending: set[str] = set()
        self._flush = QTimer(self)
        self._flush.setSingleShot(True)
        self._flush.setInterval(250)  # bars move at most four times a second
        self._flush.timeout.connect(self._repaint)
        self._form.yield_to_tray()
        self._show_start()

    def _build(self) -> None:
        theme = self._ctx.theme
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(Label(theme, "PACS Lookup", style="page"))
        self._summary = ElidedLabel(
            theme, style="small", token="text.muted", name="pacs.summary"
        )
        head.addWidget(self._summary, 1)
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
        for part in (self._add, paste, table):
            head.addWidget(part)
        # its place is kept, so that nothing moves when the first box is ticked
        policy = self._add.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._add.setSizePolicy(policy)
        self._add.hide()
        top = QWidget()
        column = QVBoxLayout(top)
        column.setContentsMargins(20, 12, 16, 12)
        column.setSpacing(10)
        column.addLayout(head)
        column.addWidget(self._form)
        self._banner = Banner(theme, "warn", "")
        self._banner.setObjectName("pacs.banner")
        self._banner.hide()
        self._skeleton = Skeleton(theme, row_height=48, picture=True)
        self._state = StateView(theme, "scan-search", "")
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._split.setChildrenCollapsible(False)
        self._split.setHandleWidth(1)
        self._facets.setMinimumWidth(160)
        self._facets.setMaximumWidth(280)
        self._split.addWidget(self._facets)
        self._split.addWidget(self._tree)
        self._split.setStretchFactor(1, 1)
        self._split.setSizes([192, 1000])
        self._pages = QStackedWidget()
        for page in (self._state, self._skeleton, self._split):
            self._pages.addWidget(page)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(top)
        whole.addWidget(line())
        whole.addWidget(self._banner)
        whole.addWidget(self._pages, 1)
        self._opener.progressed.connect(self._tell_opening)

    # --- asking ---

    def show_payload(self, payload: object) -> None:
        """Take criteria from another place and ask where that is wanted."""
        if isinstance(payload, Lookup):
            on_screen = payload.entry_id is not None and payload.entry_id == self._entry
            if on_screen and self._model.patients:
                self._tree.setFocus(Qt.FocusReason.OtherFocusReason)
                return
            self._form.show_criteria(payload.criteria)
            if payload.run:
                self._form.submit()
        elif isinstance(payload, Criteria):
            self._form.show_criteria(payload)
        self._form.field.setFocus()

    def run(self, criteria: Criteria) -> None:
        """Ask the PACS; an answer that is still awaited is given up."""
        if self._asking is not None:
            self._asking.cancel()
        self._again += 1
        turn = self._again
        self._criteria, self._entry, self._broken = criteria, None, False
        self._banner.hide()
        self._form.yield_to_tray()
        self._summary.setText("")
        self._facets.clear()
        self._model.show((), None)
        where = criteria.pacs or "all PACS"
        self._skeleton.start(f"Asking {where}", self.cancel)
        self._pages.setCurrentWidget(self._skeleton)

        def mine(call: Callable[[_T], None]) -> Callable[[_T], None]:
            # an answer to an earlier question must not replace a later one
            return lambda value: call(value) if turn == self._again else None

        self._asking = self._tasks.start(
            self._ctx.library.lookup(
                criteria, found=mine(self._found), opened=mine(self._opened)
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
        if self._model.patients:
            self._pages.setCurrentWidget(self._split)
            return
        self._show_start()

    def _opened(self, entry_id: EntryId) -> None:
        self._entry = entry_id

    def _found(self, patients: tuple[FoundPatient, ...]) -> None:
        if not patients:
            return
        self._fill(patients)
        self._summary.setText(join(self._counts(), "still asking …"))
        self._skeleton.stop(lambda: self._pages.setCurrentWidget(self._split))

    def _finished(self, result: LookupResult) -> None:
        self._asking = None
        self._skeleton.stop(lambda: self._show_result(result))

    def _show_result(self, result: LookupResult) -> None:
        if not result.patients:
            self._show_no_match(result)
            return
        if result.patients != self._model.patients:
            self._fill(result.patients)
        self._summary.setText(
            join(self._counts(), f"answered in {max(result.seconds, 0.1):.1f} s")
        )
        self._pages.setCurrentWidget(self._split)
        if result.unreachable:
            names = ", ".join(result.unreachable)
            self._banner.show_text(
                "warn",
                f"No answer from {names}. What you see is from the others; more may "
                "be there.",
                ("Retry", self._retry),
            )
            self._banner.show()
        if not self._tree.currentIndex().isValid():
            self._tree.setCurrentIndex(self._model.index(0, 0))
        if self._form.field.edit.hasFocus():
            self._tree.setFocus(Qt.FocusReason.OtherFocusReason)

    def _failed(self, error: BaseException) -> None:
        self._asking = None
        self._skeleton.stop(lambda: self._show_failure(error))

    def _show_failure(self, error: BaseException) -> None:
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
        self._state.show_state(
            "search",
            "Who or what are you looking for?",
            "Type a patient ID, a name or an accession number. Several values at once "
            "are fine; a star stands for anything.",
        )
        self._pages.setCurrentWidget(self._state)

    def _show_no_match(self, result: LookupResult) -> None:
        criteria = result.criteria
        asked_ = 1 if criteria.pacs else len(self._archives.names)
        where = criteria.pacs or (f"{asked_} PACS" if asked_ > 1 else "the PACS")
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
            f"Nothing was found for {words}. PACS names are often spelled as in the "
            "passport.",
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

    # --- what is shown ---

    def _fill(self, patients: tuple[FoundPatient, ...]) -> None:
        self._facets.show_rows(patients)
        self._tree.show_found(patients, self._facets.keep())

    def _refilter(self) -> None:
        self._tree.show_found(self._model.patients, self._facets.keep())
        self._summary.setText(self._counts())

    def _counts(self) -> str:
        patients = self._model.patients
        number = sum(len(p.studies) for p in patients)
        found = sum(len(s.series) for p in patients for s in p.studies)
        shown = len(self._model.leaves())
        text = series(found) if shown == found else f"{shown:,} of {series(found)}"
        return join(count(len(patients), "patient"), studies(number), text)

    def _on_change(self, change: LibraryChange) -> None:
        self._pending |= {item.series_uid for item in change.items if item.series_uid}
        if change.tray:
            self._model.ticks_changed()
            self._tree.viewport().update()
            self._form.yield_to_tray()
            self._offer_add()
        if self._pending and not self._flush.isActive():
            self._flush.start()

    def _repaint(self) -> None:
        uids, self._pending = self._pending, set()
        self._model.items_changed(uids)
        self._tree.viewport().update()
        self._facets.recount()
        self._offer_add()

    def _tell_opening(self, words: str) -> None:
        self._summary.setText(words or self._counts() if self._model.patients else "")

    # --- ticking and adding ---

    def _wanted(self) -> list[Node]:
        states = {ItemState.WANTED, ItemState.CANCELLED, ItemState.FAILED}
        found = []
        for leaf in self._model.leaves():
            item = self._model.item(leaf)
            ticked = item is not None and item.item_id in self._ctx.library.tray
            if ticked and item is not None and item.state in states:
                found.append(leaf)
        return found

    def _offer_add(self) -> None:
        number = len(self._wanted())
        self._add.setText(f"Add {series(number)}")
        self._add.setVisible(number > 0)

    def add_ticked(self) -> None:
        """Pull everything that is ticked and not here."""
        # the button goes away: the focus must not wander to its neighbor
        self._tree.setFocus(Qt.FocusReason.OtherFocusReason)
        self._pull(self._wanted())

    def _nodes(self) -> list[Node]:
        found = (self._model.node(index) for index in self._tree.highlighted())
        return [node for node in found if node is not None]

    def _key(self, key: str) -> None:
        if key == "T":
            self._tick(self._nodes())
        elif key == "Shift+T":
            self._tick(list(self._model.roots))
        elif key == "A":
            self._pull(self._nodes() or self._wanted())
        elif key in (" ", "E"):
            self._look_at(self._nodes()[:1])

    def _tick_index(self, index: QModelIndex) -> None:
        node = self._model.node(index)
        if node is not None:
            nodes = self._nodes()
            self._tick(nodes if node in nodes and len(nodes) > 1 else [node])

    def _tick(self, nodes: Iterable[Node]) -> None:
        nodes = list(nodes)
        leaves = [leaf for node in nodes for leaf in node.leaves()]
        checked = Qt.CheckState.Checked
        off = all(self._model.check_state(node) == checked for node in nodes)
        tray = self._ctx.library.tray
        if off:
            items = (self._model.item(leaf) for leaf in leaves)
            tray.remove(*(item.item_id for item in items if item is not None))
            return
        wanted = [row for leaf in leaves for row in leaf.found()]

        async def tick() -> None:
            items = await self._ctx.library.want(wanted)
            tray.add(*(item.item_id for item in items))

        self._pulls.start(tick(), name="tick")

    def _act_index(self, index: QModelIndex) -> None:
        node = self._model.node(index)
        if node is None:
            return
        word = self._model.action(node)
        item = self._model.item(node)
        if word == "View":
            self._look_at([node])
        elif word == "Cancel" and item is not None:
            self._pulls.start(self._ctx.library.cancel(item.item_id), name="cancel")
        elif word:
            self._pull([node])

    def _open_index(self, index: QModelIndex) -> None:
        node = self._model.node(index)
        if node is None:
            return
        if node.series is None:
            first = self._model.index_of(node)
            self._tree.setExpanded(first, not self._tree.isExpanded(first))
        else:
            self._look_at([node])

    def _look_at(self, nodes: Iterable[Node]) -> None:
        for node in nodes:
            item = self._model.item(node)
            if item is not None and item.state is ItemState.READY:
                self._opener.open(item)

    def _pull(self, nodes: Iterable[Node]) -> None:
        wanted = [row for node in nodes for row in node.found()]
        if wanted:
            self._pulls.start(
                self._ctx.library.pull(wanted, entry_id=self._entry), name="pull"
            )

    def _menu(self, at: QPoint) -> None:
        nodes = self._nodes()
        if nodes:
            self._tree.popup(
                at,
                [
                    ("Add", "A", lambda: self._pull(nodes)),
                    ("View", "E", lambda: self._look_at(nodes[:1])),
                    ("Tick or untick", "T", lambda: self._tick(nodes)),
                ],
            )

    def focus_filter(self) -> None:
        """Put the cursor into the criteria."""
        self._form.field.setFocus()

    def primary(self) -> None:
        """Press the primary button."""
        self._form.submit()

    def shutdown(self) -> None:
        """Stop listening and cancel what runs here; pulls are jobs and go on."""
        self._again += 1  # an answer that is on its way finds nobody
        self._unsubscribe()
        self._unlisten()
        self._flush.stop()
        self._tasks.cancel_all()
        self._pulls.cancel_all()
        self._form.shutdown()
