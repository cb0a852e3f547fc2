"""My Library: toolbar, filters, grid or list or patients, inspector."""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from chrislib.errors import ChrislibError
from chrislib.library.mine.model import (
    Counts,
    Facets,
    Filters,
    Level,
    MineChange,
    Query,
    Row,
    RowId,
    Sort,
)
from chrislib.library.model import ItemId, LibraryChange
from chrislib.views.context import ViewContext
from chrislib.views.library.mine import words
from chrislib.views.library.mine.acts import Acts
from chrislib.views.library.mine.empty import MineState
from chrislib.views.library.mine.filter_line import FilterLine, counts_words
from chrislib.views.library.mine.hands import COMPARED, Hands
from chrislib.views.library.mine.imports_strip import ImportsStrip
from chrislib.views.library.mine.inspector import Inspector
from chrislib.views.library.mine.peek import Peek
from chrislib.views.library.mine.pictures import StorePictures
from chrislib.views.library.mine.remembered import Remembered
from chrislib.views.library.mine.sections import (
    Spot,
    can_remove,
    collection_of,
    total_of,
)
from chrislib.views.library.mine.surroundings import Surroundings
from chrislib.views.library.mine.ticks import Ticks
from chrislib.views.library.mine.toolbar import PEOPLE, Toolbar
from chrislib.views.library.mine.views import ShownRows, Views
from chrislib.views.library.opening import ItemOpener
from chrislib.views.widgets.skeleton import Skeleton
from chrislib.views.widgets.text import line
from chrislib.views.widgets.thumbs import ThumbStore

_SOON_MS = 40


class MinePage(QWidget):
    """Everything that is here or on the server, in one place.

    Signals
    -------
    new_collection_asked : (Level, ids)
        Rows are to be put into a new collection.
    """

    new_collection_asked = Signal(object, object)
    inspector_asked = Signal()
    """Something is to be done in the inspector, which may be folded."""

    def __init__(
        self, ctx: ViewContext, opener: ItemOpener, *, thumbs: ThumbStore
    ) -> None:
        super().__init__()
        self._ctx = ctx
        self._mine = ctx.my_library
        theme = ctx.theme
        self._kept = Remembered(ctx.layout)
        self._spot = Spot()
        self._total = 0
        self._asked = True
        self._inside: Row | None = None
        self._names_hidden = bool(ctx.settings.get("hide_names"))
        self._carried: tuple[RowId, ...] = ()
        self._first = True
        self.setObjectName("mine")
        self.setAccessibleName("My Library")
        self._pictures = StorePictures(thumbs, self)
        self.ticks = Ticks(ctx, self)
        self.model = ShownRows(ctx, self.ticks, self)
        self.toolbar = Toolbar(theme)
        self._line = FilterLine(theme)
        self.views = Views(
            ctx,
            self.model,
            ticks=self.ticks,
            pictures=self._pictures,
        )
        self.acts = Acts(ctx, self.ticks, opener, parent=self)
        self.undo, self.redo = self.acts.undo, self.acts.redo
        self.hands = Hands(ctx, self)
        self.inspector = Inspector(ctx, width=self._kept.width)
        self._imports = ImportsStrip(ctx)
        self._state = MineState(ctx)
        self._skeleton = Skeleton(theme, row_height=48, picture=True)
        self._pages = QStackedWidget()
        # a stack shows screen readers its current page only
        self._body = QWidget()
        self.peek = Peek(theme, self._pictures, self._body)
        self._around = Surroundings(ctx, self)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON_MS)
        self._build()
        self._connect(opener, thumbs)
        self._dress()
        self._unsubscribe: tuple[Callable[[], None], ...] = (
            self._mine.subscribe(self._on_mine),
            ctx.library.subscribe(self._on_library),
        )

    # --- for the pane ---------------------------------------------------------

    @property
    def spot(self) -> Spot:
        """Where somebody is."""
        return self._spot

    def show_section(self, section: str, payload: object) -> None:
        """Show a place; `payload` may hold the ids of the items to be shown only."""
        ids = payload if isinstance(payload, list | tuple) else ()
        self._go(Spot(section, frozenset(ItemId(str(one)) for one in ids)))

    def refresh(self) -> None:
        """Ask for the list again."""
        self._ask(by_hand=False)
        self._around.count()

    def focus_filter(self) -> None:
        """Put the cursor into the search field."""
        self.toolbar.focus_search()

    def escape(self) -> bool:
        """Close the preview, or leave a patient or study; False when nothing is."""
        if self.peek.close_peek() or self.acts.stop_looking():
            return True
        return self._leave_part()

    def _leave_part(self) -> bool:
        """Show the whole place again; False when it is shown."""
        part = self._spot.below is not None or bool(self._spot.items)
        if part:
            self._go(Spot(self._spot.section))
        return part

    def highlighted(self) -> tuple[Level, list[RowId]]:
        """Return level and ids of what is highlighted."""
        return self.views.highlighted()

    def shutdown(self) -> None:
        """Stop listening, keep the layout, and cancel what runs."""
        for stop in self._unsubscribe:
            stop()
        self._unsubscribe = ()
        self._soon.stop()
        self._around.shutdown()
        self._keep_layout()
        self.inspector.shutdown()
        self._imports.shutdown()
        self.views.shutdown()
        self.ticks.shutdown()
        self.acts.shutdown()

    # --- where ----------------------------------------------------------------

    def _go(self, spot: Spot) -> None:
        if spot != self._spot or self._first:
            self.peek.close_peek()
            self.views.clear_highlight()
            self._spot = spot
            self._line.show_filter(Filters())
            self.toolbar.show_text("")
        self._total = 0
        self._first = False
        head = self.views.table.head
        head.show_layout(spot.level, self._kept.columns(spot.level))
        self._show_view(self._kept.view(spot))
        self._skeleton.start("Reading My Library")
        if not self.views.length:
            self._pages.setCurrentWidget(self._skeleton)
        self._ask(by_hand=True)
        self._around.count()
        self.views.focus_rows()

    def _ask(self, *, by_hand: bool) -> None:
        """Ask for the list (disk, in the background)."""
        self._asked = self._asked or by_hand
        query = Query(self._spot.level, self._filters, self.toolbar.sort)
        self.views.show_query(query)
        self._around.look(self._filters, self._spot.level)

    def _listed(self) -> None:
        asked, self._asked = self._asked, False
        self._skeleton.stop(_nothing)
        if self.views.length:
            self._pages.setCurrentWidget(self.views)
            self.views.settle(asked=asked)
            if asked:
                self.views.highlight_first()
        else:
            self._show_empty()
        self._soon.start()

    def _show_empty(self) -> None:
        self.peek.close_peek()
        self._state.say_empty(
            self._spot,
            collection_of(self._spot, self._mine.collections),
            filtered=self._line.wanted != Filters() or bool(self.toolbar.text),
        )
        self._pages.setCurrentWidget(self._state)

    def _failed(self, error: BaseException) -> None:
        self._asked = False
        self._skeleton.stop(_nothing)
        if self.views.length or not isinstance(error, ChrislibError):
            self._ctx.messages.failed(error)
        else:
            self._state.say_failed(error)
            self._pages.setCurrentWidget(self._state)

    def clear_filters(self) -> None:
        """Show everything of the place."""
        self.toolbar.show_text("")
        self._line.show_filter(Filters())
        self._ask(by_hand=True)
        self.views.focus_rows()

    # --- view, sort, size -----------------------------------------------------

    def _show_view(self, view: str) -> None:
        people, sort = view == PEOPLE, self._kept.sort(self._spot, view)
        ordered = not people and can_remove(self._spot, self._mine.collections)
        level = Level.PATIENT if people else self._spot.level
        self.toolbar.show_view(view)
        self.toolbar.show_level(level, ordered=ordered)
        self.toolbar.show_sort(sort)
        self.views.show_sort(sort)
        self.views.show_view(view)
        if people:
            self._turn_studies(self._kept.oldest_first)

    def _turn_studies(self, oldest_first: bool) -> None:
        self._kept.oldest_first = oldest_first
        self.toolbar.show_turn(oldest_first)
        self.views.people.set_oldest_first(oldest_first)

    @property
    def view(self) -> str:
        """Which view of the place is in front."""
        return self._kept.view(self._spot)

    def choose_view(self, view: str) -> None:
        """Look at this place so from now on."""
        before = self.view
        self._kept.put_view(self._spot, view)
        self._show_view(view)
        if before != view and PEOPLE in (before, view):
            self._ask(by_hand=True)
        self.views.focus_rows()

    def _choose_sort(self, sort: Sort) -> None:
        self._kept.put_sort(self._spot, self.view, sort)
        self.toolbar.show_sort(sort)
        self.views.show_sort(sort)
        self._ask(by_hand=True)

    def _choose_side(self, side: int) -> None:
        self.views.grid.set_side(side)
        self.toolbar.show_size(self.views.grid.side)
        self._kept.side = self.views.grid.side

    def _keep_layout(self) -> None:
        self._kept.folds = self.inspector.folds()
        if self.inspector.isVisible():
            self._kept.width = self.inspector.width()

    # --- what is highlighted --------------------------------------------------

    def _inspect(self) -> None:
        """Show what is highlighted in inspector, counts and preview."""
        number = self.views.number
        rows = self.views.rows(COMPARED)
        if number == len(rows) or not rows:
            ids = [row.row_id for row in rows]
        else:
            ids = self.views.ids()
        self._say_place()
        self.inspector.show_rows(ids, rows)
        self._carry(ids)
        picture = self._pictures.of(rows[0], 320) if rows else None
        self.inspector.show_picture(picture)
        self.toolbar.set_able(loupe=number > 0, compare=number > 0)
        people = self.view == PEOPLE
        self._line.show_counts(
            counts_words(
                Level.PATIENT if people else self._spot.level,
                shown=self.views.length,
                of=self._total,
                highlighted=number,
                ticked=len(self._ctx.library.tray),
            )
        )
        self.hands.follow_preview(self.views.current())

    def _carry(self, ids: list[RowId]) -> None:
        """Know the items of what is highlighted before it is dragged."""
        if tuple(ids) != self._carried:
            self._carried = tuple(ids)
            self.views.items = ()
            self.acts.carry(self.highlighted()[0], ids, self.views.carry)

    def _pictures_came(self) -> None:
        self.views.repaint_rows()
        self.peek.update()
        rows = self.inspector.rows
        if rows:
            self.inspector.show_picture(self._pictures.of(rows[0], 320))

    def go_into(self, row: Row) -> None:
        """Show only what belongs to a patient or study."""
        self._inside = row
        self._go(Spot(self._spot.section, below=(row.level, row.row_id)))

    def _say_place(self) -> None:
        """Name the patient or study whose rows are shown, unless names are hidden."""
        hidden, said = bool(self._ctx.settings.get("hide_names")), ""
        if self._spot.items:
            said = "What it brought"
        elif self._spot.below is not None and self._inside is not None:
            said = words.title(self._inside, hidden=hidden)
        self._line.show_place(said)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Say everything anew after names were hidden or shown: all is painted then."""
        super().paintEvent(event)
        hidden = bool(self._ctx.settings.get("hide_names"))
        if hidden is not self._names_hidden:
            self._names_hidden = hidden
            self._soon.start()

    # --- changes --------------------------------------------------------------

    def _on_mine(self, change: MineChange) -> None:
        if change.lists or change.collections:
            self._around.count()
            self._around.look(self._filters, self._spot.level)
        self._soon.start()

    def _on_library(self, change: LibraryChange) -> None:
        if change.tray or change.items:
            self._soon.start()

    def _counted(self, counts: Counts) -> None:
        self._total = total_of(self._spot, counts, self._mine.collections)
        if self.view == PEOPLE and self._spot.section == "all":
            self._total = counts.patients
        unit = words.unit(self._spot.level, self._total) if self._total else ""
        self.toolbar.show_amount(unit)
        self._soon.start()

    def _chosen(self, facets: Facets, keywords: list[str]) -> None:
        self._line.show_facets(facets)
        self.inspector.show_known(keywords)

    @property
    def _filters(self) -> Filters:
        """What rows of this place must be like now."""
        found = self._spot.filters(self._line.wanted)
        return replace(found, text=self.toolbar.text)

    # --- putting together -----------------------------------------------------

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.toolbar)
        column.addWidget(self._line)
        column.addWidget(line())
        column.addWidget(self._imports)
        for page in (self.views, self._state, self._skeleton):
            self._pages.addWidget(page)
        body = QVBoxLayout(self._body)
        body.setContentsMargins(0, 0, 0, 0)
        body.addWidget(self._pages)
        column.addWidget(self._body, 1)

    def _connect(self, opener: ItemOpener, thumbs: ThumbStore) -> None:
        self._state.cleared.connect(self.clear_filters)
        self._state.folder_wanted.connect(self._imports.choose)
        self._state.again.connect(self.refresh)
        self.toolbar.view_chosen.connect(self.choose_view)
        self.toolbar.acted.connect(self.hands.act)
        self.toolbar.searched.connect(lambda _text: self._ask(by_hand=True))
        self.toolbar.search_left.connect(self._focus_list)
        self.toolbar.sort_chosen.connect(self._choose_sort)
        self.toolbar.studies_turned.connect(self._turn_studies)
        self.toolbar.sized.connect(self._choose_side)
        self._line.place_left.connect(self._leave_part)
        self._line.changed.connect(lambda: self._ask(by_hand=True))
        self.views.listed.connect(self._listed)
        self.views.failed.connect(self._failed)
        self.model.dataChanged.connect(lambda *_: self._soon.start())
        views = self.views
        views.highlight_changed.connect(self._soon.start)
        views.part_pressed.connect(self.hands.press_part)
        views.key_pressed.connect(self.hands.press)
        views.opened.connect(self.hands.opened)
        views.row_opened.connect(self.hands.row_opened)
        views.row_ticked.connect(self.hands.row_ticked)
        views.menu_asked.connect(self.hands.menu)
        views.grid.sized.connect(self._choose_side)
        views.table.head.sort_chosen.connect(self._choose_sort)
        views.table.head.layout_changed.connect(self._columns_changed)
        self.ticks.changed.connect(self._soon.start)
        self.inspector.marked.connect(self.hands.mark_ids)
        self.inspector.viewed.connect(self.hands.open_current)
        self.inspector.keyword_left.connect(self._focus_list)
        self._soon.timeout.connect(self._inspect)
        self._around.counted.connect(self._counted)
        self._around.chosen.connect(self._chosen)
        thumbs.changed.connect(self._pictures_came)
        self.acts.folders_asked.connect(self._imports.show_folders)
        opener.progressed.connect(self._tell_opening)

    def _columns_changed(self) -> None:
        self._kept.put_columns(self._spot.level, self.views.table.head.layout_words())

    def _focus_list(self) -> None:
        self.views.focus_rows()

    def _tell_opening(self, said: str) -> None:
        if said:
            self._line.show_counts(said)
        else:
            self._soon.start()

    def _dress(self) -> None:
        self.views.grid.set_side(self._kept.side)
        self.toolbar.show_size(self._kept.side)
        self.inspector.show_folds(self._kept.folds)


def _nothing() -> None:
    """Nothing is to be done when shapes have been shown long enough."""
