"""The results of a lookup on screen: keeps its place while answers come in."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPixmap, QResizeEvent
from PySide6.QtWidgets import QHeaderView, QMenu

from chrislib.library.model import Item
from chrislib.pacs.types import FoundPatient
from chrislib.views.library.found_delegate import FoundDelegate, action_width
from chrislib.views.library.found_model import (
    ACTION,
    IMAGES,
    MODALITY,
    NAME,
    SIZE,
    STATE,
    FoundModel,
    Keep,
)
from chrislib.views.library.rowview import RowView
from chrislib.views.theme.theme import Theme

_WIDTHS = {MODALITY: 76, IMAGES: 64, SIZE: 72, STATE: 216}
_ALL_OPEN = 40
"""Up to so many series everything is unfolded; beyond, only the first study."""


class FoundTree(RowView):
    """Patients, studies and series; unfolded, highlighted and scrolled as before."""

    menu_asked = Signal(QPoint)

    def __init__(
        self,
        theme: Theme,
        model: FoundModel,
        *,
        thumb: Callable[[Item | None], QPixmap | None],
    ) -> None:
        super().__init__(theme, name="pacs.results", label="Patients, studies, series")
        self._model = model
        self.setModel(model)
        self.setItemDelegate(FoundDelegate(theme, self, thumb=thumb))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self.menu_asked)
        header = self.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(40)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        header.setSectionsClickable(False)
        for column in (*_WIDTHS, ACTION):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
        theme.changed.connect(self._dress)
        self._dress()

    def show_found(self, patients: tuple[FoundPatient, ...], keep: Keep | None) -> None:
        """Show results; what was folded, highlighted or scrolled to stays so."""
        known = {node.key for node in self._model.nodes()}
        open_ = {
            node.key
            for node in self._model.nodes()
            if self.isExpanded(self._model.index_of(node))
        }
        marked = {
            node.key
            for index in self.selectionModel().selectedRows(0)
            if (node := self._model.node(index)) is not None
        }
        current = self._model.node(self.currentIndex())
        current_key = current.key if current is not None else None
        at = self.verticalScrollBar().value()
        self._model.show(patients, keep)
        small = len(self._model.leaves()) <= _ALL_OPEN
        for node in self._model.nodes():
            if node.series is not None:
                continue
            fresh = node.key not in known
            first = node.study is None or (node.row == 0 and _is_first(node.parent))
            if node.key in open_ or (fresh and (small or first)):
                self.setExpanded(self._model.index_of(node), True)
        for node in self._model.nodes():
            index = self._model.index_of(node)
            if node.key == current_key:
                self.selectionModel().setCurrentIndex(
                    index, self.selectionModel().SelectionFlag.NoUpdate
                )
            if node.key in marked:
                self.selectionModel().select(
                    index,
                    self.selectionModel().SelectionFlag.Select
                    | self.selectionModel().SelectionFlag.Rows,
                )
        self.verticalScrollBar().setValue(at)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Hide the columns there is no room for: size first, then modality."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        metrics = QFontMetrics(self.theme.font("small-strong"))
        action = round(action_width(metrics) / self.theme.text_size)
        widths = {**_WIDTHS, ACTION: action}
        self.fit_columns(widths, first=300, giving_way=(SIZE, MODALITY, IMAGES))

    def popup(
        self, at: QPoint, actions: Sequence[tuple[str, str, Callable[[], object]]]
    ) -> None:
        """Show a context menu of (words, key, callback)."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for words, key, callback in actions:
            action = menu.addAction(f"{words}\t{key}")
            action.triggered.connect(lambda _on=False, callback=callback: callback())
        menu.popup(self.viewport().mapToGlobal(at))

    def _dress(self) -> None:
        self.header().setFont(self.theme.font("caption"))
        self._fit()


def _is_first(parent: object) -> bool:
    return getattr(parent, "row", 0) == 0
