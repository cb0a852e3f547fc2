"""Reference Data: what was fetched beside what the server offers."""

from dataclasses import replace

from PySide6.QtCore import QModelIndex, Qt, QTimer
from PySide6.QtWidgets import (
    QHBoxLayout,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from chrislib.errors import ChrislibError
from chrislib.library.model import Item, ItemState, LibraryChange, Reference
from chrislib.library.words import count
from chrislib.views.context import ViewContext
from chrislib.views.library.opening import ItemOpener
from chrislib.views.library.reference_cards import ReferenceCards
from chrislib.views.library.reference_model import (
    ReferenceModel,
    action_of,
    fits,
    is_mine,
)
from chrislib.views.widgets.buttons import Button, Field, button
from chrislib.views.widgets.skeleton import Skeleton
from chrislib.views.widgets.state_view import StateView
from chrislib.views.widgets.text import Label, line
from chrislib.views.widgets.thumbs import ThumbStore


class ReferencePage(QWidget):
    """My references and New references, each with its own scroll."""

    def __init__(
        self, ctx: ViewContext, opener: ItemOpener, *, thumbs: ThumbStore
    ) -> None:
        super().__init__()
        self._ctx = ctx
        self._opener = opener
        self._thumbs = thumbs
        self._tasks = ctx.tasks("references")
        self._verbs = ctx.tasks("reference fetches")
        self._all: list[Reference] = []
        self._chosen: set[tuple[str, str]] = set()
        self._loaded = False
        self.setObjectName("library.reference")
        self.setAccessibleName("Reference Data")
        self._mine = ReferenceModel(ticked=self._in_tray, parent=self)
        self._new = ReferenceModel(
            ticked=lambda r: _key(r) in self._chosen, parent=self
        )
        self._build()
        self._unsubscribe = ctx.library.subscribe(self._on_change)
        self._unlisten = ctx.session.subscribe(self._on_session)
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.setInterval(250)
        self._again.timeout.connect(self._take_items)
        self._pending: dict[str, Item] = {}

    def _build(self) -> None:
        theme = self._ctx.theme
        self._summary = Label(
            theme, style="small", token="text.muted", name="reference.summary"
        )
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(Label(theme, "Reference Data", style="page"))
        head.addWidget(self._summary, 1)
        self._field = Field(
            theme,
            "Search name, content, author or category",
            name="reference.search",
            icon="search",
        )
        self._field.setMaximumWidth(theme.px(480))
        self._field.textChanged.connect(lambda _text: self._apply())
        top = QVBoxLayout()
        top.setContentsMargins(24, 12, 16, 12)
        top.setSpacing(10)
        top.addLayout(head)
        top.addWidget(self._field)
        self._mine_view = ReferenceCards(
            theme,
            self._mine,
            name="reference.mine",
            label="My references",
            thumb=self._thumbs.pixmap,
        )
        self._new_view = ReferenceCards(
            theme,
            self._new,
            name="reference.new",
            label="New references",
            thumb=self._thumbs.pixmap,
        )
        self._fetch = button(
            theme,
            "Fetch",
            kind="primary",
            icon="download",
            name="reference.fetch",
            small=True,
        )
        policy = self._fetch.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._fetch.setSizePolicy(policy)
        self._fetch.hide()
        self._fetch.clicked.connect(self._fetch_ticked)
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._split.setChildrenCollapsible(False)
        self._split.setHandleWidth(1)
        self._mine_count, left = self._column(
            "My references",
            self._mine_view,
            "Nothing was fetched yet. What you fetch stands here and is used again "
            "without another run.",
        )
        self._new_count, right = self._column(
            "New references",
            self._new_view,
            "Everything this server offers is among your references.",
            self._fetch,
        )
        self._split.addWidget(left)
        self._split.addWidget(right)
        self._split.setSizes([500, 500])
        self._skeleton = Skeleton(theme, row_height=48)
        self._state = StateView(theme, "library", "")
        self._pages = QStackedWidget()
        for page in (self._skeleton, self._state, self._split):
            self._pages.addWidget(page)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(top)
        whole.addWidget(line())
        whole.addWidget(self._pages, 1)
        for view in (self._mine_view, self._new_view):
            view.acted.connect(self._act)
            view.ticked.connect(self._tick)
            view.key_pressed.connect(self._key)
            self._thumbs.changed.connect(view.viewport().update)

    def _column(
        self, title: str, view: ReferenceCards, empty: str, extra: Button | None = None
    ) -> tuple[Label, QWidget]:
        theme = self._ctx.theme
        number = Label(theme, style="small", token="text.muted")
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(Label(theme, title, style="section"))
        head.addWidget(number, 1)
        if extra is not None:
            head.addWidget(extra)
        hint = Label(theme, empty, token="text.muted", wrap=True)
        hint.setAlignment(Qt.AlignmentFlag.AlignTop)
        stack = QStackedWidget()
        stack.addWidget(view)
        stack.addWidget(hint)
        model = view.model()

        def settle() -> None:
            stack.setCurrentWidget(view if model.rowCount() else hint)

        model.modelReset.connect(settle)
        settle()
        widget = QWidget()
        column = QVBoxLayout(widget)
        column.setContentsMargins(24, 10, 0, 0)
        column.setSpacing(10)
        row = QWidget()
        row.setFixedHeight(theme.px(28))
        row.setLayout(head)
        column.addWidget(row)
        column.addWidget(stack, 1)
        head.setContentsMargins(0, 0, 16, 0)
        return number, widget

    # --- reading ---

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
            self._ctx.library.references(),
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
        if self.isVisible() and not self._loaded and self._ctx.session.client:
            self.refresh()

    # --- showing ---

    def _apply(self) -> None:
        if not self._loaded:
            return
        if not self._all:
            self._state.show_state(
                "library",
                "This server offers no reference data",
                "Whoever runs it can add plugins that deliver some.",
                [("Look again", self.refresh)],
            )
            self._pages.setCurrentWidget(self._state)
            return
        text = self._field.text()
        shown = [one for one in self._all if fits(one, text)]
        if not shown:
            self._state.show_state(
                "scan-search",
                "No reference fits",
                f"The server offers {count(len(self._all), 'reference')}.",
                [("Show all", self._field.clear)],
            )
            self._pages.setCurrentWidget(self._state)
            return
        mine = [one for one in shown if is_mine(one)]
        new = [one for one in shown if not is_mine(one)]
        self._mine.show(mine)
        self._new.show(new)
        self._mine_count.setText(f"{len(mine):,}")
        self._new_count.setText(f"{len(new):,}")
        all_mine = sum(is_mine(one) for one in self._all)
        self._summary.setText(
            f"{all_mine:,} of yours · {len(self._all) - all_mine:,} new on "
            f"{_inside(self._ctx.session.host)}"
        )
        self._chosen &= {_key(one) for one in self._all if not is_mine(one)}
        self._fetch.setVisible(bool(self._chosen))
        self._fetch.setText(f"Fetch {len(self._chosen)}")
        self._pages.setCurrentWidget(self._split)

    def _on_change(self, change: LibraryChange) -> None:
        self._pending.update({item.item_id: item for item in change.items})
        if change.tray:
            self._mine.repaint()
            self._yield_to_tray()
        if self._pending and not self._again.isActive():
            self._again.start()

    def _yield_to_tray(self) -> None:
        full = len(self._ctx.library.tray) > 0
        self._fetch.set_kind("secondary" if full else "primary")

    def _take_items(self) -> None:
        pending, self._pending = self._pending, {}
        self._all = [
            replace(one, item=pending[one.item.item_id])
            if one.item is not None and one.item.item_id in pending
            else one
            for one in self._all
        ]
        self._apply()

    def _in_tray(self, reference: Reference) -> bool:
        item = reference.item
        return item is not None and item.item_id in self._ctx.library.tray

    # --- doing ---

    def _reference(self, index: QModelIndex) -> Reference | None:
        model = index.model()
        return model.reference(index) if isinstance(model, ReferenceModel) else None

    def _act(self, index: QModelIndex) -> None:
        reference = self._reference(index)
        if reference is None:
            return
        word = action_of(reference)
        if word == "Use again":
            self._use(reference)
        elif word == "Cancel" and reference.item is not None:
            cancel = self._ctx.library.cancel(reference.item.item_id)
            self._verbs.start(cancel, name="cancel")
        elif word == "Fetch":
            self._fetch_one(reference)

    def _tick(self, index: QModelIndex) -> None:
        reference = self._reference(index)
        if reference is None:
            return
        if is_mine(reference) and reference.item is not None:
            if self._in_tray(reference):
                self._ctx.library.tray.remove(reference.item.item_id)
            else:
                self._use(reference)
            return
        self._chosen ^= {_key(reference)}
        self._new.repaint()
        self._apply()

    def _key(self, key: str) -> None:
        focused = self._mine_view if self._mine_view.hasFocus() else self._new_view
        index = focused.currentIndex()
        if not index.isValid():
            return
        if key == "T":
            self._tick(index)
        elif key == "A":
            self._act(index)
        else:
            reference = self._reference(index)
            item = reference.item if reference is not None else None
            if item is not None and item.state is ItemState.READY:
                self._opener.open(item)

    def _use(self, reference: Reference) -> None:
        tray = self._ctx.library.tray

        async def use() -> Item:
            item = await self._ctx.library.fetch_reference(reference)
            tray.add(item.item_id)
            return item

        self._verbs.start(use(), name="use", done=lambda i: self._taken(reference, i))

    def _fetch_one(self, reference: Reference) -> None:
        self._verbs.start(
            self._ctx.library.fetch_reference(reference),
            name="fetch",
            done=lambda item: self._taken(reference, item),
        )

    def _fetch_ticked(self) -> None:
        for reference in self._all:
            if _key(reference) in self._chosen:
                self._fetch_one(reference)
        self._chosen.clear()
        self._apply()

    def _taken(self, reference: Reference, item: Item) -> None:
        now = self._ctx.library.item(item.item_id) or item
        self._all = [
            replace(one, item=now) if _key(one) == _key(reference) else one
            for one in self._all
        ]
        self._apply()

    def focus_filter(self) -> None:
        """Put the cursor into the search."""
        self._field.setFocus()

    def shutdown(self) -> None:
        """Stop listening and cancel what runs here; fetches are jobs and go on."""
        self._unsubscribe()
        self._unlisten()
        self._again.stop()
        self._tasks.cancel_all()
        self._verbs.cancel_all()


def _key(reference: Reference) -> tuple[str, str]:
    return reference.plugin_name, reference.version


def _inside(host: str) -> str:
    """Return a host as it stands in a sentence: "this computer"."""
    return host.replace("This computer", "this computer")
