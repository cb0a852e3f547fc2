"""Reference Data: what was fetched beside what the server offers."""

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QModelIndex, QPoint, Qt, QTimer
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from chrislib.errors import ChrislibError
from chrislib.library.history_uses import FeedUse
from chrislib.library.model import Item, ItemState, LibraryChange, Reference
from chrislib.library.words import count, join, size
from chrislib.views.context import ViewContext
from chrislib.views.library.opening import ItemOpener
from chrislib.views.library.reference_acts import ReferenceActs
from chrislib.views.library.reference_cards import ReferenceCards
from chrislib.views.library.reference_column import ReferenceColumn
from chrislib.views.library.reference_head import ReferenceHead
from chrislib.views.library.reference_model import (
    ReferenceModel,
    is_mine,
    key_of,
    narrowed,
    size_of,
)
from chrislib.views.library.reference_pictures import ReferencePictures
from chrislib.views.widgets.skeleton import Skeleton
from chrislib.views.widgets.state_view import StateView
from chrislib.views.widgets.text import line
from chrislib.views.widgets.thumbs import ThumbStore

_MANY = 24
"""More than this in a column are rows, unless somebody chose."""
_VIEW = "references.view"
_NOTHING_MINE = (
    "Nothing was fetched yet. What you fetch stands here and is used again without "
    "another run."
)
_ALL_MINE = "Everything this server offers is among your references."
_NONE_FITS = "None of these fits."


class ReferencePage(QWidget):
    """My references and New references, each with its own scroll."""

    def __init__(
        self, ctx: ViewContext, opener: ItemOpener, *, thumbs: ThumbStore
    ) -> None:
        super().__init__()
        self._ctx = ctx
        self._tasks = ctx.tasks("references")
        self._kept = ctx.tasks("what references hold")
        self._all: list[Reference] = []
        self._chosen: set[tuple[str, str]] = set()
        self._loaded = False
        self._show_hidden = False
        self._pending: dict[str, Item] = {}
        self.setObjectName("library.reference")
        self.setAccessibleName("Reference Data")
        self._pictures = ReferencePictures(ctx, thumbs, self)
        self._acts = ReferenceActs(
            ctx, self, opener, changed=self._put, again=self.refresh
        )
        self._mine = ReferenceModel(
            ticked=self._in_tray, uses=self._uses, now=ctx.now, parent=self
        )
        self._new = ReferenceModel(
            ticked=lambda r: key_of(r) in self._chosen, now=ctx.now, parent=self
        )
        self._build()
        self._unsubscribe = (
            ctx.library.subscribe(self._on_change),
            ctx.session.subscribe(self._on_session),
            ctx.history.subscribe(self._mine.repaint),
        )
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.setInterval(250)
        self._again.timeout.connect(self._take_items)

    def _build(self) -> None:
        theme = self._ctx.theme
        self._head = ReferenceHead(theme)
        self._head.changed.connect(self._apply)
        self._head.view_chosen.connect(self._choose_view)
        self._head.hidden_asked.connect(self._toggle_hidden)
        self._left = ReferenceColumn(
            theme,
            self._mine,
            name="reference.mine",
            title="My references",
            picture=self._pictures.picture,
        )
        self._right = ReferenceColumn(
            theme,
            self._new,
            name="reference.new",
            title="New references",
            picture=self._pictures.picture,
            action="reference.fetch",
        )
        self._right.acted.connect(self._fetch_ticked)
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._split.setChildrenCollapsible(False)
        self._split.setHandleWidth(1)
        self._split.addWidget(self._left)
        self._split.addWidget(self._right)
        self._split.setSizes([500, 500])
        self._skeleton = Skeleton(theme, row_height=48)
        self._state = StateView(theme, "library", "")
        self._pages = QStackedWidget()
        for page in (self._skeleton, self._state, self._split):
            self._pages.addWidget(page)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self._head)
        whole.addWidget(line())
        whole.addWidget(self._pages, 1)
        for view in (self._left.view, self._right.view):
            view.acted.connect(self._act)
            view.ticked.connect(self._tick)
            view.key_pressed.connect(lambda key, view=view: self._key(view, key))
            view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            view.customContextMenuRequested.connect(
                lambda at, view=view: self._menu(view, at)
            )
            self._pictures.changed.connect(view.viewport().update)

    # --- reading ---------------------------------------------------------------------

    def show_payload(self, _payload: object) -> None:
        """Read what there is when the section is shown."""
        self._yield_to_tray()
        self.refresh()

    def refresh(self) -> None:
        """Read the references again (network)."""
        self._tasks.cancel_all()
        if not self._loaded:
            self._skeleton.start("Asking for reference data", self._cancelled)
            self._pages.setCurrentWidget(self._skeleton)
        self._tasks.start(
            self._ctx.library.sources.everything(),
            name="read",
            done=self._read,
            failed=self._failed,
        )

    def _cancelled(self) -> None:
        self._tasks.cancel_all()
        self._state.show_state(
            "library",
            "Reference data was not read",
            "You stopped it. Your library is as it was.",
            [("Try again", self.refresh)],
        )
        self._pages.setCurrentWidget(self._state)

    def _read(self, references: list[Reference]) -> None:
        self._loaded = True
        self._all = references
        self._pictures.load(references)
        self._remember(references)
        self._skeleton.stop(self._apply)

    def _failed(self, error: BaseException) -> None:
        if not isinstance(error, ChrislibError):
            self._ctx.messages.failed(error)
        if self._loaded:
            # what was read before stays: an error page only when there is nothing
            self._ctx.messages.failed(error)
            return
        self._skeleton.stop(lambda: self._show_error(error))

    def _show_error(self, error: BaseException) -> None:
        self._state.show_error(error, self.refresh)
        self._pages.setCurrentWidget(self._state)

    def _on_session(self) -> None:
        # What is being read goes on: begun anew with each change of the session, it
        # would never come to its end where the server is slow.
        waiting = self.isVisible() and not self._loaded and not self._tasks.pending
        if waiting and self._ctx.session.client is not None:
            self.refresh()

    def _remember(self, references: Sequence[Reference]) -> None:
        """Keep what fetches turned out to hold (disk)."""
        self._kept.start(self._ctx.library.sources.measured(references), name="keep")

    # --- showing ---------------------------------------------------------------------

    def _apply(self) -> None:
        if not self._loaded:
            return
        offered = [one for one in self._all if not one.hidden]
        hidden = [one for one in self._all if one.hidden]
        self._head.offer(offered)
        self._head.tell_hidden(len(hidden))
        if not offered and not self._show_hidden:
            self._state.show_state(
                "library",
                "This server offers no reference data",
                "Whoever runs it can add plugins that deliver some.",
                [("Look again", self.refresh)],
            )
            self._pages.setCurrentWidget(self._state)
            return
        wanted = self._head.wanted
        shown = narrowed(offered, wanted)
        concealed = narrowed(hidden, replace(wanted, kind="", license=""))
        if not shown and not (self._show_hidden and concealed):
            self._state.show_state(
                "scan-search",
                "No reference fits",
                f"The server offers {count(len(offered), 'reference')}.",
                [("Show all", self._head.show_all)],
            )
            self._pages.setCurrentWidget(self._state)
            return
        mine = [one for one in shown if is_mine(one)]
        new = [one for one in shown if not is_mine(one)]
        self._mine.show(mine)
        self._new.show(concealed if self._show_hidden else new)
        self._tell(offered, shown=len(shown))
        self._set_views()
        self._pages.setCurrentWidget(self._split)

    def _tell(self, offered: Sequence[Reference], *, shown: int) -> None:
        mine = [one for one in offered if is_mine(one)]
        self._head.tell(
            f"{len(mine):,} of yours · {len(offered) - len(mine):,} new on "
            f"{_inside(self._ctx.session.host)}"
        )
        self._chosen &= {key_of(one) for one in offered if not is_mine(one)}
        ticked = sum(self._in_tray(one) for one in mine)
        self._left.tell(
            "My references",
            f"{ticked} ticked" if ticked else "",
            empty=_NONE_FITS if mine and shown else _NOTHING_MINE,
        )
        if self._show_hidden:
            self._right.tell(
                "Hidden sources",
                "move data or make none of their own",
                empty=_NONE_FITS,
            )
            self._right.offer("")
            return
        words = ""
        if self._chosen:
            sizes = [size_of(one) for one in offered if key_of(one) in self._chosen]
            known = sum(one or 0 for one in sizes)
            about = f"about {size(known)}" if all(sizes) else ""
            words = join(f"{len(self._chosen)} ticked", about)
        self._right.tell(
            "New references",
            words,
            empty=_ALL_MINE if len(mine) == len(offered) else _NONE_FITS,
        )
        self._right.offer(f"Fetch {len(self._chosen)}" if self._chosen else "")

    def _set_views(self) -> None:
        kept = self._ctx.layout.get(_VIEW)
        for column, model in ((self._left, self._mine), (self._right, self._new)):
            many = len(model.shown) > _MANY
            column.view.show_rows(kept == "rows" or (kept != "cards" and many))
        rows = self._left.view.as_rows or self._right.view.as_rows
        self._head.show_view("rows" if rows else "cards")

    def _choose_view(self, view: str) -> None:
        self._ctx.layout.put(_VIEW, view)
        self._set_views()

    def _toggle_hidden(self, shown: bool) -> None:
        self._show_hidden = shown
        self._apply()

    def _on_change(self, change: LibraryChange) -> None:
        self._pending.update({item.item_id: item for item in change.items})
        if change.tray:
            self._yield_to_tray()
            if self._loaded:
                self._tell([one for one in self._all if not one.hidden], shown=1)
            self._mine.repaint()
        if self._pending and not self._again.isActive():
            self._again.start()

    def _yield_to_tray(self) -> None:
        self._right.yield_to_tray(len(self._ctx.library.tray) > 0)

    def _take_items(self) -> None:
        pending, self._pending = self._pending, {}
        changed = []
        for at, one in enumerate(self._all):
            if one.item is None or one.item.item_id not in pending:
                continue
            # taken out of the library elsewhere: it is no longer one of yours
            now = self._ctx.library.item(one.item.item_id)
            after = replace(one, item=now if _held(now) else None)
            if after != one:
                self._all[at] = after
                changed.append(after)
        if changed:
            self._remember(changed)
            self._apply()

    def _put(self, reference: Reference) -> None:
        key = key_of(reference)
        self._all = [
            replace(one, item=reference.item) if key_of(one) == key else one
            for one in self._all
        ]
        self._apply()

    def _in_tray(self, reference: Reference) -> bool:
        item = reference.item
        return item is not None and item.item_id in self._ctx.library.tray

    def _uses(self, reference: Reference) -> tuple[FeedUse, ...]:
        item = reference.item
        return self._ctx.history.feeds_of_item(item) if item is not None else ()

    # --- doing -----------------------------------------------------------------------

    def _reference(self, index: QModelIndex) -> Reference | None:
        model = index.model()
        return model.reference(index) if isinstance(model, ReferenceModel) else None

    def _act(self, index: QModelIndex) -> None:
        reference = self._reference(index)
        if reference is not None:
            self._acts.act(reference)

    def _tick(self, index: QModelIndex) -> None:
        reference = self._reference(index)
        if reference is None or reference.hidden:
            return
        if is_mine(reference) and reference.item is not None:
            if self._in_tray(reference):
                self._ctx.library.tray.remove(reference.item.item_id)
            else:
                self._acts.use(reference)
            return
        self._chosen ^= {key_of(reference)}
        self._new.repaint()
        self._apply()

    def _key(self, focused: ReferenceCards, key: str) -> None:
        index = focused.currentIndex()
        reference = self._reference(index)
        if reference is None:
            return
        if key == "T":
            self._tick(index)
        elif key == "A":
            self._acts.act(reference)
        elif key == "F":
            spot = focused.visualRect(index).center()
            self._acts.feeds(reference, focused.viewport().mapToGlobal(spot))
        elif key == "Del":
            self._acts.remove(reference)
        else:
            self._acts.open(reference)

    def _menu(self, view: ReferenceCards, at: QPoint) -> None:
        index = view.indexAt(at)
        reference = self._reference(index if index.isValid() else view.currentIndex())
        if reference is not None:
            self._acts.menu(reference, view.viewport().mapToGlobal(at))

    def _fetch_ticked(self) -> None:
        wanted = [one for one in self._all if key_of(one) in self._chosen]
        self._chosen.clear()
        self._acts.fetch(wanted)
        self._apply()

    def focus_filter(self) -> None:
        """Put the cursor into the search."""
        self._head.focus_filter()

    def shutdown(self) -> None:
        """Stop listening and cancel what runs here; fetches are jobs and go on."""
        for leave in self._unsubscribe:
            leave()
        self._again.stop()
        self._pictures.shutdown()
        self._acts.shutdown()
        self._tasks.cancel_all()
        self._kept.cancel_all()


def _held(item: Item | None) -> bool:
    return item is not None and item.state is not ItemState.GONE


def _inside(host: str) -> str:
    """Return a host as it stands in a sentence: "this computer"."""
    return host.replace("This computer", "this computer")
