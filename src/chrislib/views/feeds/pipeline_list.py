"""Choosing a pipeline: search, last used first, with a picture of its tree."""

from collections.abc import Sequence

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyleOptionViewItem

from chrislib.cube.types import Pipeline
from chrislib.shown import one_line
from chrislib.views.feeds.search_list import Nothing, SearchList
from chrislib.views.models.index import Index
from chrislib.views.models.searched import ITEM_ROLE, SearchedModel
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.delegates import SizedDelegate, draw_two_lines
from chrislib.views.widgets.paint import draw_row

NOTES_ROLE = ITEM_ROLE + 1
ROW = 52


class PipelineModel(SearchedModel[Pipeline]):
    """Pipelines in the order given, filtered by words."""

    def __init__(self) -> None:
        super().__init__(
            key=lambda one: one.id,
            texts=lambda one: (
                *(one.name, one.category, one.description),
                *(one.authors, one.owner_username),
            ),
        )
        self._recent: frozenset[int] = frozenset()
        self._me = ""

    def set_pipelines(
        self, pipelines: Sequence[Pipeline], recent: Sequence[int], me: str
    ) -> None:
        """Show other pipelines; `me` is who is signed in."""
        self._recent, self._me = frozenset(recent), me
        self.set_all(pipelines)

    def own(self, pipeline: Pipeline) -> bool:
        """Whether it belongs to who is signed in."""
        return pipeline.owner_username == self._me

    def tell(self, one: Pipeline, role: int) -> object:
        """Return a pipeline's name, or its notes."""
        if role == Qt.ItemDataRole.DisplayRole:
            return one_line(one.name)
        if role == NOTES_ROLE:
            return " · ".join(self._notes(one))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join([one_line(one.name), *self._notes(one)])
        return None

    def _notes(self, pipeline: Pipeline) -> list[str]:
        notes = [one_line(pipeline.category)]
        notes.append("yours" if self.own(pipeline) else pipeline.owner_username)
        notes.append("locked" if pipeline.locked else "")
        notes.append("used recently" if pipeline.id in self._recent else "")
        return [note for note in notes if note]


class _Delegate(SizedDelegate):
    wide, high = 280, ROW

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        pipeline = index.data(ITEM_ROLE)
        if not isinstance(pipeline, Pipeline):
            return
        theme = self.theme
        rect: QRect = option.rect
        draw_row(painter, option, theme, bar=True)
        draw_two_lines(
            painter,
            rect.adjusted(16, 0, -16, 0),
            theme,
            title=one_line(pipeline.name),
            below=str(index.data(NOTES_ROLE)),
            style="strong",
        )


class PipelineList(SearchList[Pipeline]):
    """Search and list; `chosen` and `activated` give a `Pipeline`."""

    menu_wanted = Signal(object)

    def __init__(self, theme: Theme) -> None:
        model = PipelineModel()
        super().__init__(
            theme,
            model,
            delegate=_Delegate,
            kind="pipeline",
            looks_at="names, categories, descriptions and authors",
            nothing=Nothing(
                "workflow",
                "No pipelines yet",
                "Upload a file that holds one, or make one of a feed's branch: it is "
                "in the menu of a node.",
            ),
        )
        self.model = model
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.customContextMenuRequested.connect(
            lambda at: self.menu_wanted.emit(self.view.viewport().mapToGlobal(at))
        )

    def set_pipelines(
        self, pipelines: Sequence[Pipeline], recent: Sequence[int], me: str
    ) -> None:
        """Show what the server has; the highlight stays."""
        before = self.current_key
        self.model.set_pipelines(pipelines, recent, me)
        self.keep_current(before)
        self.show_loaded()
