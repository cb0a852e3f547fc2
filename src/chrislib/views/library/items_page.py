"""My Library: what came in, as a list (the first, simple form)."""

from collections.abc import Iterable

from PySide6.QtCore import QModelIndex, QPoint, Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QMenu, QStackedWidget, QVBoxLayout, QWidget

from chrislib.library.model import Item, ItemState, LibraryChange
from chrislib.library.words import count
from chrislib.views.context import ViewContext
from chrislib.views.library.items_list import ItemsList
from chrislib.views.library.items_model import ItemsModel, action_of
from chrislib.views.library.opening import ItemOpener
from chrislib.views.navigation import NewFeed, ShowLibrary
from chrislib.views.widgets.buttons import Field, button
from chrislib.views.widgets.state_view import StateView
from chrislib.views.widgets.text import Label, line
from chrislib.views.widgets.thumbs import ThumbStore

_TITLES = {
    "all": "All",
    "patients": "Patients",
    "studies": "Studies",
    "series": "Series",
    "previous": "Previous import",
    "files": "Browse Files",
}


class ItemsPage(QWidget):
    """Items with state, filter and tick; E opens one in the viewer."""

    def __init__(
        self, ctx: ViewContext, opener: ItemOpener, *, thumbs: ThumbStore
    ) -> None:
        super().__init__()
        theme = ctx.theme
        self._ctx = ctx
        self._opener = opener
        self._tasks = ctx.tasks("library items")
        self._verbs = ctx.tasks("library item verbs")
        self._only: frozenset[str] = frozenset()
        self._section = "all"
        self.setObjectName("library.items")
        self.setAccessibleName("My Library")
        self._model = ItemsModel(
            ticked=lambda item_id: item_id in ctx.library.tray,
            hidden=lambda: bool(ctx.settings.get("hide_names")),
            now=ctx.now,
            parent=self,
        )
        self._list = ItemsList(theme, self._model, thumb=thumbs.pixmap)
        thumbs.changed.connect(self._list.viewport().update)
        self._list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._title = Label(theme, "All", style="page", name="items.title")
        self._count = Label(
            theme, style="small", token="text.muted", name="items.count"
        )
        self._field = Field(
            theme,
            "Filter by name, patient, study or modality",
            name="items.filter",
            icon="filter",
            small=True,
        )
        self._field.setFixedWidth(theme.px(320))
        self._all = button(theme, "Show all", kind="quiet", name="items.show_all")
        self._all.clicked.connect(lambda: self.show_section("all", None))
        head = QHBoxLayout()
        head.setContentsMargins(20, 12, 16, 12)
        head.setSpacing(12)
        head.addWidget(self._title)
        head.addWidget(self._count, 1)
        head.addWidget(self._all)
        head.addWidget(self._field)
        self._state = StateView(theme, "images", "")
        self._pages = QStackedWidget()
        self._pages.addWidget(self._list)
        self._pages.addWidget(self._state)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(line())
        column.addWidget(self._pages, 1)
        self._field.textChanged.connect(self._filter)
        self._list.ticked.connect(self._tick_index)
        self._list.acted.connect(self._act)
        self._list.opened.connect(self._open_index)
        self._list.key_pressed.connect(self._key)
        self._list.customContextMenuRequested.connect(self._menu)
        opener.progressed.connect(self._tell_opening)
        self._unsubscribe = ctx.library.subscribe(self._on_change)
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.setInterval(250)
        self._again.timeout.connect(self.refresh)

    def show_section(self, section: str, payload: object) -> None:
        """Show all items, or those whose ids are given."""
        self._section = section
        ids = payload if isinstance(payload, (list, tuple)) else ()
        self._only = frozenset(str(one) for one in ids)
        self._title.setText(
            "What it brought" if self._only else _TITLES.get(section, "All")
        )
        self._all.setVisible(bool(self._only))
        self.refresh()
        self._list.setFocus()

    def refresh(self) -> None:
        """Read the items again."""
        self._tasks.start(self._ctx.library.items(), name="read", done=self._show)

    def focus_filter(self) -> None:
        """Put the cursor into the filter."""
        self._field.setFocus()

    def shutdown(self) -> None:
        """Stop listening and cancel what runs."""
        self._again.stop()
        self._unsubscribe()
        self._tasks.cancel_all()
        self._verbs.cancel_all()

    def _show(self, items: list[Item]) -> None:
        if self._only:
            items = [item for item in items if item.item_id in self._only]
        marked = {item.item_id for item in self._items()}
        self._model.show(items)
        if marked and not self._items():
            for row, item in enumerate(self._model.shown):
                if item.item_id in marked:
                    self._list.setCurrentIndex(self._model.index(row, 0))
        self._after()

    def _filter(self, text: str) -> None:
        self._model.filter(text)
        self._after()

    def _after(self) -> None:
        shown = self._model.shown
        ready = sum(item.state is ItemState.READY for item in shown)
        words = count(len(shown), "item")
        if ready != len(shown):
            words = f"{words} · {ready:,} ready"
        self._count.setText(words if shown else "")
        if shown:
            self._pages.setCurrentWidget(self._list)
            if not self._list.currentIndex().isValid():
                self._list.setCurrentIndex(self._model.index(0, 0))
            return
        if self._field.text():
            self._state.show_state(
                "scan-search",
                "No item fits",
                "Your library holds other items.",
                [("Clear filter", self._field.clear)],
            )
        else:
            go = self._ctx.navigator.go
            self._state.show_state(
                "images",
                "Your library is empty",
                "Bring something in: from the PACS, from this computer, or reference "
                "data.",
                [
                    ("PACS Lookup", lambda: go(ShowLibrary("pacs"))),
                    ("Upload", lambda: go(ShowLibrary("upload"))),
                ],
            )
        self._pages.setCurrentWidget(self._state)

    def _on_change(self, change: LibraryChange) -> None:
        if change.tray:
            self._model.ticks_changed()
        if change.items and self.isVisible() and not self._again.isActive():
            self._again.start()

    def _tell_opening(self, words: str) -> None:
        if words:
            self._count.setText(words)
        else:
            self._after()

    def _items(self) -> list[Item]:
        found = (self._model.item(index) for index in self._list.highlighted())
        return [item for item in found if item is not None]

    def _key(self, key: str) -> None:
        items = self._items()
        if key == "T":
            self._tick(items)
        elif key == "Shift+T":
            self._tick(self._model.shown)
        elif key in ("E", " "):
            self._look_at(items)
        elif key == "A":
            self._bring(items)

    def _tick_index(self, index: QModelIndex) -> None:
        item = self._model.item(index)
        if item is not None:
            items = self._items()
            self._tick(items if item in items and len(items) > 1 else [item])

    def _tick(self, items: Iterable[Item]) -> None:
        tray = self._ctx.library.tray
        ids = [item.item_id for item in items]
        if ids and all(one in tray for one in ids):
            tray.remove(*ids)
        else:
            tray.add(*ids)

    def _open_index(self, index: QModelIndex) -> None:
        item = self._model.item(index)
        self._look_at([item] if item is not None else [])

    def _look_at(self, items: Iterable[Item]) -> None:
        for item in list(items)[:1]:
            if item.state is ItemState.READY:
                self._opener.open(item)

    def _bring(self, items: Iterable[Item]) -> None:
        ids = [item.item_id for item in items]
        self._verbs.start(self._ctx.library.bring(ids), name="bring")

    def _act(self, index: QModelIndex) -> None:
        item = self._model.item(index)
        if item is None:
            return
        library, word = self._ctx.library, action_of(item)
        if word == "View":
            self._look_at([item])
        elif word == "Cancel":
            self._verbs.start(library.cancel(item.item_id), name="cancel")
        elif word:
            self._verbs.start(library.retry(item.item_id), name="retry")

    def _menu(self, at: QPoint) -> None:
        items = self._items()
        if not items:
            return
        ids = tuple(item.item_id for item in items)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("View\tE").triggered.connect(lambda: self._look_at(items))
        menu.addAction("Tick or untick\tT").triggered.connect(lambda: self._tick(items))
        menu.addAction("Create feed …").triggered.connect(
            lambda: self._ctx.navigator.go(NewFeed(ids))
        )
        menu.addSeparator()
        menu.addAction("Remove from library").triggered.connect(
            lambda: self._verbs.start(self._ctx.library.forget(ids), name="remove")
        )
        menu.popup(self._list.viewport().mapToGlobal(at))
