"""How patients, studies and series of a lookup are painted."""

from collections.abc import Callable

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPixmap
from PySide6.QtWidgets import QStyleOptionViewItem, QTreeView, QWidget

from chrislib.library.model import Item
from chrislib.views.library.found_model import (
    ACTION,
    IMAGES,
    MODALITY,
    NAME,
    SIZE,
    STATE,
    FoundModel,
    Node,
    state_words,
)
from chrislib.views.library.rowview import (
    ACT,
    FOLD,
    TICK,
    RowDelegate,
    draw_thumb,
)
from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paint import (
    button_width,
    draw_button,
    draw_check,
    draw_glyph,
    draw_row,
    draw_state,
    draw_text,
)

GROUP, SERIES = 36, 48
_STEP = 20
_PICTURE = 40


def _level(node: Node) -> int:
    return 2 if node.series is not None else 1 if node.study is not None else 0


class FoundDelegate(RowDelegate):
    """Rows of 36 (patient, study) and 48 (series), as on the drawing board."""

    wide = 40

    def __init__(
        self,
        theme: Theme,
        parent: QWidget,
        *,
        thumb: Callable[[Item | None], QPixmap | None],
    ) -> None:
        super().__init__(theme, parent)
        self._thumb = thumb

    def tall(self, index: Index) -> int:
        """Return the height of a row at text size 1, px."""
        node, tree = _node(index), self.parent()
        tall = node is not None and node.series is not None
        tall = tall or (isinstance(tree, QTreeView) and tree.uniformRowHeights())
        return SERIES if tall else GROUP

    def zone(self, index: Index, rect: QRect, at: QPoint) -> str:
        """Return whether a point is on the box, the arrow or the button."""
        node = _node(index)
        if node is None:
            return ""
        if index.column() == NAME:
            if self._box(node, rect).adjusted(-4, -8, 4, 8).contains(at):
                return TICK
            if node.series is None and self._arrow(node, rect).contains(at):
                return FOLD
            return ""
        if index.column() == ACTION:
            box = self._button(index, rect)
            return ACT if box.isValid() and box.contains(at) else ""
        return ""

    def tick_point(self, index: Index, rect: QRect) -> QPoint:
        """Return the middle of a row's box."""
        node = _node(index)
        return self._box(node, rect).center() if node is not None else rect.center()

    def action_point(self, index: Index, rect: QRect) -> QPoint:
        """Return the middle of a row's button."""
        return self._button(index, rect).center()

    def paint_row(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        """Paint a whole row: the ground once, then what stands on it."""
        node, model = _node(index), index.model()
        tree = option.widget
        if node is None or not isinstance(model, FoundModel):
            return
        if not isinstance(tree, QTreeView):
            return
        draw_row(
            painter,
            option,
            self.theme,
            surface="bg.panel" if node.study is None else "",
        )
        header = tree.header()
        columns: tuple[int, ...] = (NAME, MODALITY, IMAGES, SIZE, STATE, ACTION)
        if node.series is None:
            # a patient or study has no figures: its words go over these columns
            columns = (NAME, STATE, ACTION)
        cell = QStyleOptionViewItem(option)
        for column in columns:
            if header.isSectionHidden(column):
                continue
            cell.rect = QRect(
                header.sectionViewportPosition(column),
                option.rect.top(),
                header.sectionSize(column),
                option.rect.height(),
            )
            self._cell(painter, cell, node, column)

    def _cell(
        self, painter: QPainter, option: QStyleOptionViewItem, node: Node, column: int
    ) -> None:
        model, rect = self._model_of(option), option.rect
        if column == NAME:
            self._name(painter, option, node, model)
        elif column == STATE:
            self._state(painter, rect, node, model)
        elif column == ACTION:
            word = model.action(node)
            box = self._button_box(word, rect)
            if word:
                draw_button(
                    painter,
                    box,
                    self.theme,
                    text=word,
                    kind="danger" if word == "Retry" else "secondary",
                    hovered=self.hovers(option, box),
                )
        elif words := model.cell(node, column):
            align = Qt.AlignmentFlag
            draw_text(
                painter,
                rect.adjusted(8, 0, -8, 0),
                self.theme,
                text=words,
                style="small",
                token="text.muted" if column == SIZE else "text.primary",
                align=align.AlignLeft if column == MODALITY else align.AlignRight,
            )

    def _model_of(self, option: QStyleOptionViewItem) -> FoundModel:
        tree = option.widget
        model = tree.model() if isinstance(tree, QTreeView) else None
        assert isinstance(model, FoundModel)
        return model

    def _name(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        node: Node,
        model: FoundModel,
    ) -> None:
        theme, rect = self.theme, option.rect
        draw_check(painter, self._box(node, rect), theme, state=model.check_state(node))
        if node.series is not None:
            self._series(painter, rect, node, model)
            return
        arrow = self._arrow(node, rect)
        tree = option.widget
        unfolded = isinstance(tree, QTreeView) and tree.isExpanded(model.index_of(node))
        draw_glyph(
            painter,
            QPoint(arrow.left() + 4, arrow.top() + (arrow.height() - 16) // 2),
            theme,
            icon="chevron-down" if unfolded else "chevron-right",
        )
        icon = "user" if node.study is None else "briefcase-medical"
        left = arrow.right() + 5
        top = rect.top() + (rect.height() - 16) // 2
        draw_glyph(painter, QPoint(left, top), theme, icon=icon)
        self._group_words(painter, option, node, model)

    def _group_words(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        node: Node,
        model: FoundModel,
    ) -> None:
        tree, theme, rect = option.widget, self.theme, option.rect
        if not isinstance(tree, QTreeView):
            return
        header = tree.header()
        first = header.sectionViewportPosition(NAME)
        end = header.sectionViewportPosition(STATE)
        left = self._arrow(node, QRect(first, 0, 0, 0)).right() + 5
        text = QRect(left + 28, rect.top(), end - left - 36, rect.height())
        style = "strong" if node.study is None else "body"
        used = draw_text(painter, text, theme, text=model.title(node), style=style)
        text.setLeft(text.left() + used + 12)
        if text.width() > 40:
            draw_text(
                painter,
                text,
                theme,
                text=model.detail(node),
                style="small",
                token="text.secondary",
            )

    def _series(
        self, painter: QPainter, rect: QRect, node: Node, model: FoundModel
    ) -> None:
        theme = self.theme
        left = rect.left() + 20 + 2 * _STEP + 28
        side = min(_PICTURE, rect.height() - 6)
        box = QRect(left, rect.top() + (rect.height() - side) // 2, side, side)
        picture = self._thumb(model.item_of(node))
        draw_thumb(painter, box, theme, picture=picture)
        text = QRect(box.right() + 13, rect.top(), 0, rect.height())
        text.setRight(rect.right() - 8)
        detail = model.detail(node)
        if not detail:
            draw_text(painter, text, theme, text=model.title(node))
            return
        half = rect.height() // 2
        upper = QRect(text.left(), rect.top() + 6, text.width(), half - 5)
        lower = QRect(text.left(), rect.top() + half + 1, text.width(), half - 7)
        draw_text(painter, upper, theme, text=model.title(node))
        draw_text(
            painter, lower, theme, text=detail, style="caption", token="text.muted"
        )

    def _state(
        self, painter: QPainter, rect: QRect, node: Node, model: FoundModel
    ) -> None:
        theme = self.theme
        area = rect.adjusted(8, 0, -16, 0)
        if node.series is None:
            if node.study is not None:
                draw_text(
                    painter,
                    area,
                    theme,
                    text=model.summary(node),
                    style="small",
                    token="text.muted",
                    align=Qt.AlignmentFlag.AlignRight,
                )
            return
        item = model.item_of(node)
        key, words, done, total = state_words(item)
        if not key:
            if item is not None and model.check_state(node) == Qt.CheckState.Checked:
                draw_text(
                    painter,
                    area,
                    theme,
                    text="Ticked, not here yet",
                    style="small",
                    token="text.muted",
                )
            return
        if key == "failed" and item is not None and item.detail:
            upper = QRect(area.left(), area.top() + 4, area.width(), 22)
            lower = QRect(area.left(), area.top() + 24, area.width(), 18)
            draw_state(painter, upper, theme, key, words)
            draw_text(painter, lower, theme, text=item.detail, style="caption")
            return
        draw_state(painter, area, theme, key, words, done=done, total=total)

    def _box(self, node: Node, rect: QRect) -> QRect:
        left = rect.left() + 20 + _level(node) * _STEP
        return QRect(left, rect.top() + (rect.height() - 16) // 2, 16, 16)

    def _arrow(self, node: Node, rect: QRect) -> QRect:
        left = rect.left() + 20 + _level(node) * _STEP + 21
        return QRect(left, rect.top(), 24, rect.height())

    def _button(self, index: Index, rect: QRect) -> QRect:
        return self._button_box(str(index.data() or ""), rect)

    def _button_box(self, word: str, rect: QRect) -> QRect:
        if not word:
            return QRect()
        width, height = button_width(self.theme, word), self.theme.px(24)
        left = rect.right() - 16 - width
        return QRect(left, rect.top() + (rect.height() - height) // 2, width, height)


def _node(index: Index) -> Node | None:
    model = index.model()
    return model.node(index) if isinstance(model, FoundModel) else None


def action_width(metrics: QFontMetrics) -> int:
    """Return the width of the action column: the longest word and its edges."""
    return metrics.horizontalAdvance("Add patient") + 20 + 16 + 8
