"""The Library's first page: three ways in, a quick lookup, and History."""

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QMenu,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from chrislib.errors import ChrislibError
from chrislib.library import criteria as asked
from chrislib.library.deidentify.model import choice_of
from chrislib.library.entries import paths_of
from chrislib.library.model import (
    EntryKind,
    HistoryEntry,
    ItemState,
    LibraryChange,
)
from chrislib.library.words import count
from chrislib.views.context import ViewContext
from chrislib.views.library.archives import ArchiveChoice
from chrislib.views.library.cards import Card
from chrislib.views.library.history_list import HistoryList
from chrislib.views.library.history_model import HistoryModel, action_of
from chrislib.views.library.places import Lookup
from chrislib.views.library.record_sheet import show_record
from chrislib.views.navigation import ShowLibrary
from chrislib.views.widgets.buttons import Field, Segments, button
from chrislib.views.widgets.state_view import StateView
from chrislib.views.widgets.text import Label


class Overview(QScrollArea):
    """One scrolling page; the head of History stays in sight."""

    def __init__(self, ctx: ViewContext, archives: ArchiveChoice) -> None:
        super().__init__()
        self._ctx = ctx
        self._tasks = ctx.tasks("library overview")
        self.setObjectName("library.overview")
        self.setAccessibleName("Overview")
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self._archives = archives
        self._model = HistoryModel(
            hidden=lambda: bool(ctx.settings.get("hide_names")), parent=self
        )
        self._list = HistoryList(ctx.theme, self._model)
        self._page = QWidget()
        self._page.setProperty("surface", "window")
        self._page.setMaximumWidth(ctx.theme.px(1680))
        column = QVBoxLayout(self._page)
        column.setContentsMargins(24, 16, 24, 24)
        column.setSpacing(0)
        column.addWidget(Label(ctx.theme, "Overview", style="page"))
        column.addSpacing(12)
        column.addLayout(self._cards())
        column.addSpacing(16)
        column.addWidget(self._quick())
        column.addWidget(self._refusal)
        column.addSpacing(8)
        self._place = QWidget()
        self._place.setFixedHeight(ctx.theme.px(44))
        column.addWidget(self._place)
        column.addWidget(self._list)
        self._empty = StateView(ctx.theme, "history", "", primary=False)
        self._empty.setMinimumHeight(ctx.theme.px(280))
        column.addWidget(self._empty)
        column.addStretch(1)
        self.setWidget(self._page)
        self._head = self._history_head()
        self._head.setParent(self.viewport())
        self._head.show()
        self._page.installEventFilter(self)
        self.verticalScrollBar().valueChanged.connect(self._stick)
        self._list.entry_opened.connect(self._show_entry)
        self._list.entry_acted.connect(self._act)
        self._list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._list.customContextMenuRequested.connect(self._menu)
        self._list.selectionModel().currentChanged.connect(self._keep_in_sight)
        self._unsubscribe = ctx.library.subscribe(self._on_change)
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.setInterval(120)
        self._again.timeout.connect(self.refresh)
        self._yield_to_tray()
        self.refresh()

    # --- parts -------------------------------------------------------------------

    def _cards(self) -> QGridLayout:
        theme = self._ctx.theme
        pacs = Card(
            theme,
            name="overview.card.pacs",
            icon="search",
            title="PACS Lookup",
            text="Find a patient, study or series in the PACS and pull it into your "
            "library.",
            action="Look up",
            keys="Ctrl+L",
        )
        upload = Card(
            theme,
            name="overview.card.upload",
            icon="upload",
            title="Upload Data",
            text="Add DICOM, NIfTI or any other files and folders from this computer.",
            action="Upload",
            keys="Ctrl+U",
            drops=True,
        )
        reference = Card(
            theme,
            name="overview.card.reference",
            icon="library",
            title="Reference Data",
            text="Fetch atlases, templates and public data sets, ready for use.",
            action="Browse references",
            keys="Ctrl+R",
        )
        pacs.clicked.connect(lambda: self._go("pacs"))
        upload.clicked.connect(lambda: self._go("upload"))
        upload.dropped.connect(lambda paths: self._go("upload", paths))
        reference.clicked.connect(lambda: self._go("reference"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        for column, card in enumerate((pacs, upload, reference)):
            grid.addWidget(card, 0, column)
            grid.setColumnStretch(column, 1)
        return grid

    def _quick(self) -> QWidget:
        theme = self._ctx.theme
        frame = QFrame()
        frame.setObjectName("overview.quick")
        frame.setProperty("surface", "card")
        row = QHBoxLayout(frame)
        row.setContentsMargins(16, 14, 16, 14)
        row.setSpacing(12)
        row.addWidget(Label(theme, "Quick PACS lookup", style="section"))
        row.addSpacing(12)
        self._fields: dict[str, Field] = {}
        for key, name in (
            (asked.PATIENT_ID, "patient_id"),
            (asked.NAME, "name"),
            (asked.ACCESSION, "accession"),
        ):
            field = Field(theme, asked.LABELS[key], name=f"overview.quick.{name}")
            field.setMinimumWidth(88)
            field.returnPressed.connect(self._search)
            field.textEdited.connect(lambda _text: self._refuse(""))
            self._fields[key] = field
            row.addWidget(field, 1)
        self._pacs = self._archives.combo("overview.quick.pacs")
        row.addWidget(self._pacs)
        self._go_button = button(
            theme, "Search", kind="primary", name="overview.quick.search"
        )
        self._go_button.clicked.connect(self._search)
        row.addWidget(self._go_button)
        self._refusal = Label(
            theme, style="small", token="state.failed", name="overview.quick.refusal"
        )
        self._refusal.setContentsMargins(16, 4, 16, 0)
        self._refusal.hide()
        return frame

    def _history_head(self) -> QWidget:
        theme = self._ctx.theme
        head = QWidget()
        head.setObjectName("overview.history.head")
        head.setProperty("surface", "window")
        head.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(head)
        row.setContentsMargins(0, 6, 0, 6)
        row.setSpacing(12)
        row.addWidget(Label(theme, "History", style="section"))
        self._count = Label(theme, style="small", token="text.muted")
        row.addWidget(self._count)
        row.addStretch(1)
        self._segments = Segments(
            theme,
            [
                ("all", "All", ""),
                ("lookups", "Lookups", "search"),
                ("uploads", "Uploads", "upload"),
                ("references", "References", "library"),
            ],
            name="overview.history.kind",
        )
        self._segments.chosen.connect(lambda _key: self._filter())
        row.addWidget(self._segments)
        self._text = Field(
            theme,
            "Filter history",
            name="overview.history.filter",
            icon="filter",
            small=True,
        )
        self._text.setFixedWidth(theme.px(200))
        self._text.textChanged.connect(lambda _text: self._filter())
        row.addWidget(self._text)
        return head

    # --- what it does --------------------------------------------------------------

    def refresh(self) -> None:
        """Read History again (disk)."""
        self._tasks.start(
            self._ctx.library.history(), name="read history", done=self._show
        )

    def shutdown(self) -> None:
        """Stop listening and cancel what runs."""
        self._again.stop()
        self._unsubscribe()
        self._tasks.cancel_all()

    def focus_filter(self) -> None:
        """Put the cursor into the filter of History."""
        self._text.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _go(self, section: str, payload: object = None) -> None:
        self._ctx.navigator.go(ShowLibrary(section, payload))

    def _search(self) -> None:
        conditions = []
        for key, field in self._fields.items():
            if (made := asked.make(key, field.text())) is not None:
                conditions.append(made)
        criteria = asked.together(conditions, pacs=self._archives.chosen(self._pacs))
        try:
            asked.check(criteria)
        except ChrislibError as error:
            self._refuse(f"{error.title} {error.hint}")
            return
        self._go("pacs", Lookup(criteria, run=True))

    def _refuse(self, words: str) -> None:
        self._refusal.setText(words)
        self._refusal.setVisible(bool(words))
        self._fields[asked.PATIENT_ID].set_refused(bool(words))

    def _on_change(self, change: LibraryChange) -> None:
        if change.tray:
            self._yield_to_tray()
        # many items change at once: one read for all of them
        if change.history and self.isVisible() and not self._again.isActive():
            self._again.start()

    def _yield_to_tray(self) -> None:
        # one primary button a screen: the tray's, while it holds something
        full = len(self._ctx.library.tray) > 0
        self._go_button.set_kind("secondary" if full else "primary")

    def _show(self, entries: list[HistoryEntry]) -> None:
        self._model.show(entries, now=self._ctx.now())
        self._after()

    def _filter(self) -> None:
        self._model.filter(self._segments.current, self._text.text())
        self._after()

    def _after(self) -> None:
        total, shown = self._model.count, self._model.shown
        words = count(total, "entry", "entries") if total else ""
        if total and shown != total:
            words = f"{shown:,} of {words}"
        self._count.setText(words)
        self._list.setVisible(shown > 0)
        self._empty.setVisible(shown == 0)
        if total == 0:
            self._empty.show_state(
                "history",
                "Nothing was brought in yet",
                "Lookups, uploads and reference fetches stand here with their state, "
                "newest first.",
            )
        elif shown == 0:
            self._empty.show_state(
                "scan-search",
                "No entry fits",
                "History holds other entries.",
                [("Show all", self._show_all)],
            )

    def _show_all(self) -> None:
        self._segments.choose("all")
        self._text.clear()
        self._filter()

    def _show_entry(self, entry: HistoryEntry) -> None:
        moving = entry.state in {"running", "registering"}
        if entry.item_ids and not moving:
            self._go("all", entry.item_ids)
        elif entry.kind is EntryKind.LOOKUP:
            criteria = asked.from_request(entry.request)
            self._go("pacs", Lookup(criteria, run=True, entry_id=entry.entry_id))
        else:
            upload = entry.kind is EntryKind.UPLOAD
            self._go("upload" if upload else "reference")

    def _act(self, entry: HistoryEntry) -> None:
        word = action_of(entry)
        if word == "Show":
            self._show_entry(entry)
        elif word == "Retry":
            self._retry(entry)
        elif entry.kind is EntryKind.UPLOAD:
            paths: list[Path] = paths_of(entry)
            self._go("upload", paths)
        elif entry.kind is EntryKind.LOOKUP:
            self._go("pacs", Lookup(asked.from_request(entry.request), run=True))
        else:
            self._tasks.start(
                self._ctx.library.again(entry.entry_id), name="fetch again"
            )

    def _menu(self, at: QPoint) -> None:
        """Offer what else can be done with an entry."""
        entry = self._list.entry_at(at)
        if entry is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Show what it brought").triggered.connect(
            lambda: self._show_entry(entry)
        )
        word = action_of(entry)
        if word not in ("", "Show"):
            menu.addAction(word).triggered.connect(lambda: self._act(entry))
        keys = {
            item.job_key
            for item in map(self._ctx.library.item, entry.item_ids)
            if item is not None and item.job_key
        }
        if choice_of(entry.request) is not None and keys:
            menu.addAction("What was changed …").triggered.connect(
                lambda: self._tasks.start(
                    show_record(self.window(), self._ctx, min(keys)), name="record"
                )
            )
        menu.popup(self._list.viewport().mapToGlobal(at))

    def _retry(self, entry: HistoryEntry) -> None:
        library = self._ctx.library
        jobs: set[str] = set()
        for item_id in entry.item_ids:
            item = library.item(item_id)
            if item is None or item.state is not ItemState.FAILED:
                continue
            # the parts of an upload share one job: it is retried once
            if item.job_key and item.job_key in jobs:
                continue
            jobs.add(item.job_key)
            self._tasks.start(library.retry(item_id), name="retry")

    # --- the head stays in sight -----------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Place the head after the page was laid out."""
        if watched is self._page and event.type() in (
            QEvent.Type.LayoutRequest,
            QEvent.Type.Resize,
        ):
            QTimer.singleShot(0, self, self._stick)
        return super().eventFilter(watched, event)

    def showEvent(self, event: QShowEvent) -> None:
        """Read what happened meanwhile."""
        super().showEvent(event)
        self.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Place the head after a new size."""
        super().resizeEvent(event)
        self._stick()

    def _stick(self) -> None:
        at = self._place.mapTo(self._page, self._place.rect().topLeft())
        top = max(0, at.y() - self.verticalScrollBar().value())
        self._head.setGeometry(at.x(), top, self._place.width(), self._place.height())
        self._head.raise_()

    def _keep_in_sight(self) -> None:
        rect = self._list.row_rect()
        middle = self._list.mapTo(self._page, rect.center())
        margin = rect.height() // 2 + self._place.height()
        self.ensureVisible(middle.x(), middle.y(), 0, margin)
