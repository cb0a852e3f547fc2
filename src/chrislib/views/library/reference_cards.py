"""Cards of reference data, painted."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QPixmap,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyleOptionViewItem,
    QWidget,
)

from chrislib.library.model import Item, Reference
from chrislib.library.words import join
from chrislib.views.library.reference_model import (
    ReferenceModel,
    action_of,
    facts_of,
    state_of,
)
from chrislib.views.library.rowview import (
    ACT,
    TICK,
    Index,
    RowDelegate,
    draw_thumb,
)
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paint import (
    button_width,
    draw_button,
    draw_check,
    draw_state,
    draw_text,
)

WIDTH, HEIGHT, GAP = 264, 164, 16


class _Delegate(RowDelegate):
    """A card: box, title, two lines, facts, licence, state and button."""

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
        return QSize(self.theme.px(WIDTH) + GAP, self.theme.px(HEIGHT) + GAP)

    def zone(self, index: Index, rect: QRect, at: QPoint) -> str:
        reference = _reference(index)
        if reference is None:
            return ""
        card = self._card(rect)
        if self._box(card).adjusted(-6, -6, 6, 6).contains(at):
            return TICK
        button = self._button(reference, card)
        return ACT if button.isValid() and button.contains(at) else ""

    def paint_cell(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        reference, model = _reference(index), index.model()
        if reference is None or not isinstance(model, ReferenceModel):
            return
        theme, card = self.theme, self._card(option.rect)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge = "border.focus" if focused else "accent.glyph"
        token = edge if chosen or focused else "border.subtle"
        painter.setPen(QPen(theme.color(token), 2 if chosen or focused else 1))
        painter.setBrush(theme.color("bg.raised"))
        painter.drawRoundedRect(card.adjusted(1, 1, -1, -1), 6, 6)
        ticked = model.is_ticked(reference)
        state = Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked
        draw_check(painter, self._box(card), theme, state=state)
        inner = card.adjusted(14, 12, -14, -12)
        picture = self._thumb(reference.item)
        if picture is not None:
            side = theme.px(72)
            box = QRect(inner.right() - side + 1, inner.top() + 26, side, side)
            draw_thumb(painter, box, theme, picture=picture)
        title = QRect(inner.left() + 26, inner.top(), inner.width() - 26, theme.px(20))
        draw_text(painter, title, theme, text=reference.title, style="strong")
        if picture is not None:
            inner.setRight(inner.right() - theme.px(72) - 12)
        words = QRect(inner.left(), title.bottom() + 8, inner.width(), theme.px(17) * 2)
        _two_lines(painter, words, theme, reference.description or "No description.")
        line = QRect(inner.left(), words.bottom() + 6, inner.width(), theme.px(16))
        draw_text(
            painter,
            line,
            theme,
            text=facts_of(reference),
            style="caption",
            token="text.muted",
        )
        line.translate(0, theme.px(16))
        draw_text(
            painter,
            line,
            theme,
            text=join(reference.category or "Reference data", reference.authors),
            style="caption",
            token="text.muted",
        )
        self._foot(painter, option, reference, card)

    def _foot(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        reference: Reference,
        card: QRect,
    ) -> None:
        theme = self.theme
        button = self._button(reference, card)
        right = button.left() - 8 if button.isValid() else card.right() - 14
        foot = QRect(card.left() + 14, card.bottom() - 36, 0, 24)
        foot.setRight(right)
        key, words = state_of(reference)
        if key:
            draw_state(painter, foot, theme, key, words)
        elif reference.license:
            self._licence(painter, foot, reference.license)
        if button.isValid():
            draw_button(
                painter,
                button,
                theme,
                text=action_of(reference),
                hovered=self.hovers(option, button),
            )

    def _licence(self, painter: QPainter, foot: QRect, words: str) -> None:
        theme = self.theme
        metrics = QFontMetrics(theme.font("caption"))
        width = min(metrics.horizontalAdvance(words) + 16, foot.width())
        chip = QRect(foot.left(), foot.top() + 2, width, 20)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("bg.highlight"))
        painter.drawRoundedRect(chip, 10, 10)
        draw_text(
            painter,
            chip.adjusted(8, 0, -6, 0),
            theme,
            text=words,
            style="caption",
            token="text.secondary",
        )

    def _card(self, rect: QRect) -> QRect:
        return rect.adjusted(0, 0, -GAP, -GAP)

    def _box(self, card: QRect) -> QRect:
        return QRect(card.left() + 14, card.top() + 14, 16, 16)

    def _button(self, reference: Reference, card: QRect) -> QRect:
        word = action_of(reference)
        if not word:
            return QRect()
        width, height = button_width(self.theme, word), self.theme.px(24)
        return QRect(
            card.right() - 14 - width, card.bottom() - 12 - height, width, height
        )


class ReferenceCards(QListView):
    """Cards in lines, as many beside each other as fit."""

    ticked = Signal(QModelIndex)
    acted = Signal(QModelIndex)
    key_pressed = Signal(str)

    def __init__(
        self,
        theme: Theme,
        model: ReferenceModel,
        *,
        name: str,
        label: str,
        thumb: Callable[[Item | None], QPixmap | None],
    ) -> None:
        super().__init__()
        self._delegate = _Delegate(theme, self, thumb=thumb)
        self._pressed: tuple[int, str] | None = None
        self.setObjectName(name)
        self.setAccessibleName(label)
        self.setModel(model)
        self.setItemDelegate(self._delegate)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        theme.changed.connect(self.doItemsLayout)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to press a part; elsewhere highlight."""
        index, zone = self._zone(event)
        if zone and event.button() == Qt.MouseButton.LeftButton:
            self._pressed = (index.row(), zone)
            return
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Answer a part that was pressed and released in the same place."""
        pressed, self._pressed = self._pressed, None
        if pressed is None:
            super().mouseReleaseEvent(event)
            return
        index, zone = self._zone(event)
        if (index.row(), zone) == pressed:
            (self.ticked if zone == TICK else self.acted).emit(index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Keep the look of buttons in step with the pointer."""
        super().mouseMoveEvent(event)
        index = self.indexAt(event.position().toPoint())
        if index.isValid():
            self.viewport().update(self.visualRect(index))

    def leaveEvent(self, event: QEvent) -> None:
        """Take the hover back."""
        super().leaveEvent(event)
        self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return acts; letters become signals."""
        index = self.currentIndex()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and index.isValid():
            self.acted.emit(index)
            return
        text = event.text().upper()
        if text in ("T", "A", "E", " ") and not event.modifiers():
            self.key_pressed.emit(text)
            return
        super().keyPressEvent(event)

    def _zone(self, event: QMouseEvent) -> tuple[QModelIndex, str]:
        at = event.position().toPoint()
        index = self.indexAt(at)
        if not index.isValid():
            return index, ""
        return index, self._delegate.zone(index, self.visualRect(index), at)


def _two_lines(painter: QPainter, rect: QRect, theme: Theme, text: str) -> None:
    """Draw text on two lines, the second one elided."""
    font = theme.font("small")
    metrics = QFontMetrics(font)
    layout = QTextLayout(text, font)
    layout.setTextOption(QTextOption(Qt.AlignmentFlag.AlignLeft))
    layout.beginLayout()
    first = layout.createLine()
    first.setLineWidth(rect.width())
    length = first.textLength() if first.isValid() else 0
    layout.endLayout()
    height = rect.height() // 2
    head, rest = text[:length].strip(), text[length:].strip()
    upper = QRect(rect.left(), rect.top(), rect.width(), height)
    lower = upper.translated(0, height)
    draw_text(painter, upper, theme, text=head, style="small", token="text.secondary")
    rest = metrics.elidedText(rest, Qt.TextElideMode.ElideRight, rect.width())
    draw_text(painter, lower, theme, text=rest, style="small", token="text.secondary")


def _reference(index: Index) -> Reference | None:
    model = index.model()
    return model.reference(index) if isinstance(model, ReferenceModel) else None
