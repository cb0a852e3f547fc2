"""The list of My Library on screen."""

from collections.abc import Callable

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPixmap, QResizeEvent
from PySide6.QtWidgets import QHeaderView, QStyleOptionViewItem, QWidget

from chrislib.library.model import Item, Source
from chrislib.views.library.found_model import state_words
from chrislib.views.library.items_model import (
    ACTION,
    IMAGES,
    MODALITY,
    SIZE,
    STATE,
    TITLE,
    ItemsModel,
    action_of,
)
from chrislib.views.library.rowview import (
    ACT,
    TICK,
    Index,
    RowDelegate,
    RowView,
    draw_thumb,
)
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paint import (
    button_width,
    draw_button,
    draw_check,
    draw_row,
    draw_state,
    draw_text,
)

ROW = 48
_WIDTHS = {MODALITY: 76, IMAGES: 64, SIZE: 72, STATE: 200, ACTION: 92}
_ICONS = {
    Source.PACS: "image",
    Source.UPLOAD: "upload",
    Source.REFERENCE: "library",
    Source.FEED: "workflow",
}


class _Delegate(RowDelegate):
    """Rows of 48: box, picture, two lines, facts, state, button."""

    def __init__(
        self,
        theme: Theme,
        parent: QWidget,
        *,
        thumb: Callable[[Item | None], QPixmap | None],
    ) -> None:
        super().__init__(theme, parent)
        self._thumb = thumb

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(40, self.theme.px(ROW))

    def zone(self, index: Index, rect: QRect, at: QPoint) -> str:
        item = _item(index)
        if item is None:
            return ""
        if index.column() == TITLE:
            return TICK if at.x() < rect.left() + 44 else ""
        if index.column() == ACTION and self._button(item, rect).contains(at):
            return ACT
        return ""

    def paint_cell(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        item, model = _item(index), index.model()
        if item is None or not isinstance(model, ItemsModel):
            return
        column, rect, theme = index.column(), option.rect, self.theme
        draw_row(painter, option, theme, first=column == TITLE, last=column == ACTION)
        if column == TITLE:
            self._title(painter, rect, item, model)
        elif column == STATE:
            self._state(painter, rect.adjusted(8, 0, -16, 0), item)
        elif column == ACTION:
            word = action_of(item)
            if word:
                box = self._button(item, rect)
                draw_button(
                    painter,
                    box,
                    theme,
                    text=word,
                    kind="danger" if word == "Retry" else "secondary",
                    hovered=self.hovers(option, box),
                )
        else:
            draw_text(
                painter,
                rect.adjusted(8, 0, -8, 0),
                theme,
                text=str(index.data() or ""),
                style="small",
                token="text.muted" if column == SIZE else "text.primary",
                align=Qt.AlignmentFlag.AlignLeft
                if column == MODALITY
                else Qt.AlignmentFlag.AlignRight,
            )

    def _title(
        self, painter: QPainter, rect: QRect, item: Item, model: ItemsModel
    ) -> None:
        theme = self.theme
        ticked = model.is_ticked(item)
        draw_check(
            painter,
            QRect(rect.left() + 20, rect.top(), 16, rect.height()),
            theme,
            state=Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked,
        )
        side = min(40, rect.height() - 6)
        box = QRect(
            rect.left() + 48, rect.top() + (rect.height() - side) // 2, side, side
        )
        picture = self._thumb(item)
        draw_thumb(painter, box, theme, picture=picture, icon=_ICONS[item.source])
        left, width = box.right() + 13, rect.right() - box.right() - 24
        half = rect.height() // 2
        upper = QRect(left, rect.top() + 6, width, half - 5)
        lower = QRect(left, rect.top() + half + 1, width, half - 7)
        draw_text(painter, upper, theme, text=item.title)
        draw_text(
            painter,
            lower,
            theme,
            text=model.detail(item),
            style="caption",
            token="text.muted",
        )

    def _state(self, painter: QPainter, rect: QRect, item: Item) -> None:
        key, words, done, total = state_words(item)
        if not key:
            return
        if key == "ready":
            words = "Ready"
        if key in {"failed", "errors"} and item.detail:
            upper = QRect(rect.left(), rect.top() + 4, rect.width(), 22)
            lower = QRect(rect.left(), rect.top() + 24, rect.width(), 18)
            draw_state(painter, upper, self.theme, key, words)
            draw_text(painter, lower, self.theme, text=item.detail, style="caption")
            return
        draw_state(painter, rect, self.theme, key, words, done=done, total=total)

    def _button(self, item: Item, rect: QRect) -> QRect:
        width = button_width(self.theme, action_of(item))
        height = self.theme.px(24)
        top = rect.top() + (rect.height() - height) // 2
        return QRect(rect.right() - 16 - width, top, width, height)


class ItemsList(RowView):
    """Items with boxes, states and buttons."""

    def __init__(
        self,
        theme: Theme,
        model: ItemsModel,
        *,
        thumb: Callable[[Item | None], QPixmap | None],
    ) -> None:
        super().__init__(theme, name="items.list", label="My Library")
        self.setModel(model)
        self.setItemDelegate(_Delegate(theme, self, thumb=thumb))
        self.setUniformRowHeights(True)
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionsClickable(False)
        header.setSectionResizeMode(TITLE, QHeaderView.ResizeMode.Stretch)
        for column in _WIDTHS:
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
        theme.changed.connect(self._dress)
        self._dress()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Hide the columns there is no room for."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        self.fit_columns(_WIDTHS, first=380, giving_way=(SIZE, MODALITY, IMAGES))

    def _dress(self) -> None:
        self.header().setFont(self.theme.font("caption"))
        self._fit()


def _item(index: Index) -> Item | None:
    model = index.model()
    return model.item(index) if isinstance(model, ItemsModel) else None
