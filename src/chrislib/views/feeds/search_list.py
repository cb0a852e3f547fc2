"""A search field over a list that is asked for, may be empty, and may fail."""

from collections.abc import Hashable
from typing import Generic, NamedTuple, TypeVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QListView, QStackedWidget, QVBoxLayout, QWidget

from chrislib.views.models.index import Index
from chrislib.views.models.searched import SearchedModel
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import Field
from chrislib.views.widgets.delegates import SizedDelegate
from chrislib.views.widgets.skeleton import Skeleton
from chrislib.views.widgets.state_view import StateView

_T = TypeVar("_T")


class Nothing(NamedTuple):
    """What is said where the server has none."""

    icon: str
    title: str
    text: str


class SearchList(QWidget, Generic[_T]):
    """Search and list; `chosen` and `activated` give a thing of the model.

    Parameters
    ----------
    delegate : type
        Paints the rows.
    kind : str
        What the things are ("plugin"); its plural begins the object names.
    looks_at : str
        The texts that are searched, in words.
    nothing : Nothing
        What is said where there are none at all.
    margin : tuple of int
        Room at the sides, and above and below, px.
    """

    chosen = Signal(object)
    activated = Signal(object)
    retry = Signal()

    def __init__(
        self,
        theme: Theme,
        model: SearchedModel[_T],
        *,
        delegate: type[SizedDelegate],
        kind: str,
        looks_at: str,
        nothing: Nothing,
        margin: tuple[int, int] = (0, 0),
    ) -> None:
        super().__init__()
        kinds = f"{kind}s"
        self._things = model
        self._kind = kind
        self._looks_at = looks_at
        self._nothing = nothing
        self.search = Field(
            theme, f"Search {kinds}", name=f"{kinds}.search", icon="search"
        )
        self.view = QListView()
        self.view.setObjectName(f"{kinds}.list")
        self.view.setAccessibleName(kinds.capitalize())
        self.view.setModel(model)
        self.view.setItemDelegate(delegate(theme, self.view))
        self.view.setUniformItemSizes(True)
        self.view.setMouseTracking(True)
        self.view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self._skeleton = Skeleton(theme, row_height=delegate.high)
        self._state = StateView(theme, nothing.icon, "", primary=False)
        self._stack = QStackedWidget()
        for page in (self.view, self._skeleton, self._state):
            self._stack.addWidget(page)
        beside, above = margin
        column = QVBoxLayout(self)
        column.setContentsMargins(beside, above, beside, above)
        column.setSpacing(12)
        column.addWidget(self.search)
        column.addWidget(self._stack, 1)
        self.search.textChanged.connect(self._search)
        self.search.returnPressed.connect(self._take_first)
        self.view.selectionModel().currentChanged.connect(self._current)
        self.view.activated.connect(self._activated)
        theme.changed.connect(self.view.viewport().update)

    def start_loading(self) -> None:
        """Show placeholders."""
        self._skeleton.start(f"Asking for {self._kind}s")
        self._stack.setCurrentWidget(self._skeleton)

    def show_loaded(self) -> None:
        """Show what the model has now."""
        self._skeleton.stop(self._show_page)

    def show_failure(self, error: BaseException) -> None:
        """Say why there are none."""
        self._state.show_error(error, self.retry.emit)
        self._skeleton.stop(lambda: self._stack.setCurrentWidget(self._state))

    @property
    def current(self) -> _T | None:
        """What is highlighted."""
        return self._things.at(self.view.currentIndex())

    def choose(self, key: Hashable) -> bool:
        """Highlight a thing by its key; False where it is not shown."""
        row = self._things.row_of(key)
        if row >= 0:
            self.view.setCurrentIndex(self._things.index(row))
        return row >= 0

    def keep_current(self, before: Hashable) -> None:
        """Highlight a thing again, or the first where it is not shown any more."""
        if before is None or not self.choose(before):
            self.view.setCurrentIndex(self._things.index(0))

    @property
    def current_key(self) -> Hashable:
        """What the highlighted thing is known by."""
        return self._things.key_at(self.view.currentIndex())

    def _search(self, words: str) -> None:
        before = self.current_key
        self._things.set_words(words)
        self.keep_current(before)
        self._show_page()

    def _take_first(self) -> None:
        index = self.view.currentIndex()
        if not index.isValid():
            index = self._things.index(0)
            self.view.setCurrentIndex(index)
        self._activated(index)

    def _show_page(self) -> None:
        if self._things.rowCount():
            self._stack.setCurrentWidget(self.view)
            return
        if self._things.total:
            self._state.show_state(
                "scan-search",
                f"No {self._kind} has these words",
                f"The search looks at {self._looks_at}.",
                [("Show all", self.search.clear)],
            )
        else:
            self._state.show_state(*self._nothing)
        self._stack.setCurrentWidget(self._state)

    def _current(self, index: Index, _before: object = None) -> None:
        self.chosen.emit(self._things.at(index))

    def _activated(self, index: Index) -> None:
        one = self._things.at(index)
        if one is not None:
            self.activated.emit(one)
