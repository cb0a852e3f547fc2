"""Choosing a pipeline: search, last used first, with a picture of its tree."""

from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QListView,
    QStackedWidget,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from chrislib.cube.types import Pipeline
from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import Field
from chrislib.views.widgets.delegates import SizedDelegate, draw_two_lines
from chrislib.views.widgets.paint import draw_row
from chrislib.views.widgets.skeleton import Skeleton
from chrislib.views.widgets.state_view import StateView

PIPELINE_ROLE = Qt.ItemDataRole.UserRole + 1
NOTES_ROLE = Qt.ItemDataRole.UserRole + 2
ROW = 52


class PipelineModel(QAbstractListModel):
    """Pipelines in the order given, filtered by words."""

    def __init__(self) -> None:
        super().__init__()
        self._all: tuple[Pipeline, ...] = ()
        self._shown: list[Pipeline] = []
        self._recent: frozenset[int] = frozenset()
        self._me = ""
        self._words: list[str] = []

    def set_pipelines(
        self, pipelines: Sequence[Pipeline], recent: Sequence[int], me: str
    ) -> None:
        """Show other pipelines; `me` is who is signed in."""
        self._all, self._recent, self._me = tuple(pipelines), frozenset(recent), me
        self._apply()

    def set_words(self, words: str) -> None:
        """Show only pipelines that have all the words."""
        self._words = words.casefold().split()
        self._apply()

    @property
    def total(self) -> int:
        """How many there are without the search."""
        return len(self._all)

    def own(self, pipeline: Pipeline) -> bool:
        """Whether it belongs to who is signed in."""
        return pipeline.owner_username == self._me

    def pipeline_at(self, index: Index) -> Pipeline | None:
        """Return the pipeline of an index."""
        return self._shown[index.row()] if index.isValid() else None

    def row_of(self, number: int) -> int:
        """Return the row of a pipeline, -1 where it is not shown."""
        return next((n for n, p in enumerate(self._shown) if p.id == number), -1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return how many pipelines are shown."""
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a pipeline's name, or the pipeline itself."""
        if not index.isValid() or index.row() >= len(self._shown):
            return None
        pipeline = self._shown[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return pipeline.name
        if role == PIPELINE_ROLE:
            return pipeline
        if role == NOTES_ROLE:
            return " · ".join(self._notes(pipeline))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join([pipeline.name, *self._notes(pipeline)])
        return None

    def _notes(self, pipeline: Pipeline) -> list[str]:
        notes = [pipeline.category]
        notes.append("yours" if self.own(pipeline) else pipeline.owner_username)
        notes.append("locked" if pipeline.locked else "")
        notes.append("used recently" if pipeline.id in self._recent else "")
        return [note for note in notes if note]

    def _apply(self) -> None:
        self.beginResetModel()
        self._shown = [one for one in self._all if _has(one, self._words)]
        self.endResetModel()


def _has(pipeline: Pipeline, words: Sequence[str]) -> bool:
    text = " ".join(
        (
            *(pipeline.name, pipeline.category, pipeline.description),
            *(pipeline.authors, pipeline.owner_username),
        )
    ).casefold()
    return all(word in text for word in words)


class _Delegate(SizedDelegate):
    wide, high = 280, ROW

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        pipeline = index.data(PIPELINE_ROLE)
        if not isinstance(pipeline, Pipeline):
            return
        theme = self.theme
        rect: QRect = option.rect
        draw_row(painter, option, theme, bar=True)
        draw_two_lines(
            painter,
            rect.adjusted(16, 0, -16, 0),
            theme,
            title=pipeline.name,
            below=str(index.data(NOTES_ROLE)),
            style="strong",
        )


class PipelineList(QWidget):
    """Search and list; `chosen` and `activated` give a `Pipeline`."""

    chosen = Signal(object)
    activated = Signal(object)
    retry = Signal()
    menu_wanted = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.model = PipelineModel()
        self.search = Field(
            theme, "Search pipelines", name="pipelines.search", icon="search"
        )
        self.view = QListView()
        self.view.setObjectName("pipelines.list")
        self.view.setAccessibleName("Pipelines")
        self.view.setModel(self.model)
        self.view.setItemDelegate(_Delegate(theme, self.view))
        self.view.setUniformItemSizes(True)
        self.view.setMouseTracking(True)
        self.view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._skeleton = Skeleton(theme, row_height=ROW)
        self._state = StateView(theme, "workflow", "", primary=False)
        self._stack = QStackedWidget()
        for page in (self.view, self._skeleton, self._state):
            self._stack.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(self.search)
        column.addWidget(self._stack, 1)
        self.search.textChanged.connect(self._search)
        self.search.returnPressed.connect(self._take_first)
        self.view.selectionModel().currentChanged.connect(self._current)
        self.view.activated.connect(self._activated)
        self.view.customContextMenuRequested.connect(
            lambda at: self.menu_wanted.emit(self.view.viewport().mapToGlobal(at))
        )
        theme.changed.connect(self.view.viewport().update)

    def start_loading(self) -> None:
        """Show placeholders."""
        self._skeleton.start("Asking for pipelines")
        self._stack.setCurrentWidget(self._skeleton)

    def set_pipelines(
        self, pipelines: Sequence[Pipeline], recent: Sequence[int], me: str
    ) -> None:
        """Show what the server has; the highlight stays."""
        before = self.current
        self.model.set_pipelines(pipelines, recent, me)
        if before is None or not self.choose(before.id):
            self.view.setCurrentIndex(self.model.index(0))
        self._skeleton.stop(self._show_page)

    def show_failure(self, error: BaseException) -> None:
        """Say why there are no pipelines."""
        self._state.show_error(error, self.retry.emit)
        self._skeleton.stop(lambda: self._stack.setCurrentWidget(self._state))

    @property
    def current(self) -> Pipeline | None:
        """The highlighted pipeline."""
        return self.model.pipeline_at(self.view.currentIndex())

    def choose(self, number: int) -> bool:
        """Highlight a pipeline by its number; False where it is not shown."""
        row = self.model.row_of(number)
        if row >= 0:
            self.view.setCurrentIndex(self.model.index(row))
        return row >= 0

    def _search(self, words: str) -> None:
        before = self.current
        self.model.set_words(words)
        if before is None or not self.choose(before.id):
            self.view.setCurrentIndex(self.model.index(0))
        self._show_page()

    def _take_first(self) -> None:
        index = self.view.currentIndex()
        if not index.isValid():
            index = self.model.index(0)
            self.view.setCurrentIndex(index)
        self._activated(index)

    def _show_page(self) -> None:
        if self.model.rowCount():
            self._stack.setCurrentWidget(self.view)
            return
        if self.model.total:
            self._state.show_state(
                "scan-search",
                "No pipeline has these words",
                "The search looks at names, categories, descriptions and authors.",
                [("Show all", self.search.clear)],
            )
        else:
            self._state.show_state(
                "workflow",
                "No pipelines yet",
                "Upload a file that holds one, or make one of a feed's branch: it is "
                "in the menu of a node.",
            )
        self._stack.setCurrentWidget(self._state)

    def _current(self, index: Index, _before: object = None) -> None:
        self.chosen.emit(self.model.pipeline_at(index))

    def _activated(self, index: Index) -> None:
        pipeline = self.model.pipeline_at(index)
        if pipeline is not None:
            self.activated.emit(pipeline)
