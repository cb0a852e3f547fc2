"""Reference data as cards, or as rows where there are many."""

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPen,
    QPixmap,
    QResizeEvent,
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

from chrislib.library.model import Reference
from chrislib.library.words import join
from chrislib.views.library.reference_model import (
    ReferenceModel,
    action_of,
    facts_of,
    reason_of,
    state_of,
)
from chrislib.views.library.rowview import ACT, TICK, RowDelegate
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
    fit,
)
from chrislib.views.widgets.parts import PartsView

WIDTH, GAP, PICTURE = 256, 16, 112
HEIGHT = PICTURE + 136
ROW = 56
Pictures = Callable[[Reference, int], QPixmap | None]
"""The sample picture of a reference at a size in device pixels, None without one."""


class _Delegate(RowDelegate):
    """A card: picture, title, two lines, facts, license, state and button."""

    def __init__(self, theme: Theme, parent: QWidget, *, picture: Pictures) -> None:
        super().__init__(theme, parent)
        self._picture = picture
        self.rows = False
        self.width = WIDTH

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        if self.rows:
            return QSize(self.width, self.theme.px(ROW))
        return QSize(self.width + GAP, self.theme.px(HEIGHT) + GAP)

    def zone(self, index: Index, rect: QRect, at: QPoint) -> str:
        reference = _reference(index)
        if reference is None:
            return ""
        card = self._card(rect)
        box = self._box(card).adjusted(-6, -6, 6, 6)
        if not reference.hidden and box.contains(at):
            return TICK
        button = self._button(reference, card)
        return ACT if button.isValid() and button.contains(at) else ""

    def paint_cell(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        reference, model = _reference(index), index.model()
        if reference is None or not isinstance(model, ReferenceModel):
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if self.rows:
            self._row(painter, option, reference, model)
        else:
            self._whole_card(painter, option, reference, model)

    def _whole_card(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        reference: Reference,
        model: ReferenceModel,
    ) -> None:
        theme, card = self.theme, self._card(option.rect)
        self._frame(painter, option, card, reference)
        if not reference.hidden:
            ticked = model.is_ticked(reference)
            state = Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked
            draw_check(painter, self._box(card), theme, state=state)
        top = card.top() + theme.px(PICTURE)
        inner = QRect(card.left() + 12, top + 8, card.width() - 24, 0)
        title = QRect(inner.left(), inner.top(), inner.width(), theme.px(20))
        draw_text(painter, title, theme, text=reference.title, style="strong")
        words = QRect(inner.left(), title.bottom() + 2, inner.width(), theme.px(32))
        reason = reason_of(reference)
        _two_lines(
            painter,
            words,
            theme,
            text=reason or reference.description or "No description.",
            token="state.failed" if reason else "text.secondary",
        )
        line = QRect(inner.left(), words.bottom() + 4, inner.width(), theme.px(15))
        for text in (facts_of(reference), model.second_facts(reference)):
            draw_text(
                painter, line, theme, text=text, style="caption", token="text.muted"
            )
            line.translate(0, theme.px(15))
        self._foot(painter, option, reference, card)

    def _frame(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        card: QRect,
        reference: Reference,
    ) -> None:
        theme = self.theme
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        edge = "border.focus" if focused else "accent.glyph"
        token = edge if chosen or focused else "border.subtle"
        shape = QPainterPath()
        shape.addRoundedRect(card.adjusted(1, 1, -1, -1), 6, 6)
        painter.fillPath(shape, theme.color("bg.raised"))
        painter.save()
        painter.setClipPath(shape, Qt.ClipOperation.IntersectClip)
        above = QRect(card.left(), card.top(), card.width(), theme.px(PICTURE))
        self._draw_picture(painter, above, reference)
        painter.restore()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.color(token), 2 if chosen or focused else 1))
        painter.drawPath(shape)

    def _draw_picture(
        self, painter: QPainter, rect: QRect, reference: Reference
    ) -> None:
        theme = self.theme
        device = painter.device()
        ratio = device.devicePixelRatioF() if device is not None else 1.0
        picture = self._picture(reference, int(rect.height() * ratio))
        if picture is None:
            painter.fillRect(rect, theme.color("bg.highlight"))
            glyph = "settings" if reference.hidden else "library"
            size = 24 if rect.height() > 60 else 16
            spot = rect.center() - QPoint(size // 2 - 1, size // 2 - 1)
            draw_glyph(painter, spot, theme, icon=glyph, token="text.muted", size=size)
            return
        painter.fillRect(rect, theme.color("bg.image"))
        painter.drawPixmap(fit(picture.width(), picture.height(), rect), picture)

    def _foot(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        reference: Reference,
        card: QRect,
    ) -> None:
        theme = self.theme
        button = self._button(reference, card)
        right = button.left() - 8 if button.isValid() else card.right() - 12
        foot = QRect(card.left() + 12, card.bottom() - 33, 0, 24)
        foot.setRight(right)
        key, words = state_of(reference)
        if key:
            draw_state(painter, foot, theme, key, words)
        elif reference.hidden and reference.needs_values:
            text = "Needs values: run it in Feeds"
            draw_text(
                painter, foot, theme, text=text, style="caption", token="text.muted"
            )
        elif reference.license:
            self._license(painter, foot, reference.license)
        self._draw_button(painter, option, reference, button)

    def _row(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        reference: Reference,
        model: ReferenceModel,
    ) -> None:
        theme, row = self.theme, option.rect
        draw_row(painter, option, theme)
        if not reference.hidden:
            ticked = model.is_ticked(reference)
            state = Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked
            draw_check(painter, self._box(row), theme, state=state)
        side = theme.px(40)
        picture = QRect(row.left() + 32, row.center().y() - side // 2, side, side)
        self._draw_picture(painter, picture, reference)
        button = self._button(reference, row)
        right = button.left() if button.isValid() else row.right()
        text = QRect(picture.right() + 10, row.top() + 7, 0, theme.px(20))
        text.setRight(right - 8)
        key, words = state_of(reference)
        if key:
            width = theme.width("small", words) + 30
            spot = QRect(text.right() - width, row.center().y() - 12, width, 24)
            draw_state(painter, spot, theme, key, words)
            text.setRight(spot.left() - 8)
        draw_text(painter, text, theme, text=reference.title)
        text.translate(0, theme.px(21))
        reason = reason_of(reference)
        if reason:
            draw_text(
                painter, text, theme, text=reason, style="caption", token="state.failed"
            )
        else:
            facts = join(facts_of(reference), reference.category, reference.license)
            draw_text(
                painter, text, theme, text=facts, style="caption", token="text.muted"
            )
        self._draw_button(painter, option, reference, button)

    def _draw_button(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        reference: Reference,
        button: QRect,
    ) -> None:
        if button.isValid():
            word = action_of(reference)
            draw_button(
                painter,
                button,
                self.theme,
                text=word,
                kind="danger" if word == "Retry" else "secondary",
                hovered=self.hovers(option, button),
            )

    def _license(self, painter: QPainter, foot: QRect, words: str) -> None:
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
        return rect if self.rows else rect.adjusted(0, 0, -GAP, -GAP)

    def _box(self, card: QRect) -> QRect:
        if self.rows:
            return QRect(card.left() + 8, card.center().y() - 8, 16, 16)
        return QRect(card.left() + 10, card.top() + 10, 16, 16)

    def _button(self, reference: Reference, card: QRect) -> QRect:
        word = action_of(reference)
        if not word:
            return QRect()
        width, height = button_width(self.theme, word), self.theme.px(24)
        if self.rows:
            top = card.top() + (card.height() - height) // 2
            return QRect(card.right() - 8 - width, top, width, height)
        return QRect(
            card.right() - 12 - width, card.bottom() - 9 - height, width, height
        )


class ReferenceCards(PartsView, QListView):
    """Cards in lines, as many beside each other as fit; or rows."""

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
        picture: Pictures,
    ) -> None:
        super().__init__()
        self._theme = theme
        self._delegate = _Delegate(theme, self, picture=picture)
        self.setObjectName(name)
        self.setAccessibleName(label)
        self.setModel(model)
        self.setItemDelegate(self._delegate)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        theme.changed.connect(self.doItemsLayout)

    @property
    def as_rows(self) -> bool:
        """Whether it shows rows instead of cards."""
        return self._delegate.rows

    def show_rows(self, rows: bool) -> None:
        """Show rows, or cards."""
        if rows == self._delegate.rows:
            return
        top = self.indexAt(QPoint(GAP, GAP))
        self._delegate.rows = rows
        if rows:
            self.setFlow(QListView.Flow.TopToBottom)
            self.setWrapping(False)
        else:
            self.setFlow(QListView.Flow.LeftToRight)
            self.setWrapping(True)
        self._fit()
        self.doItemsLayout()
        if top.isValid():
            self.scrollTo(top, QAbstractItemView.ScrollHint.PositionAtTop)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Let the cards fill the width."""
        if self._fit():
            self.scheduleDelayedItemsLayout()
        super().resizeEvent(event)

    def _fit(self) -> bool:
        # Qt keeps room for the scroll bar whether it is there or not
        room = self.contentsRect().width() - self.verticalScrollBar().sizeHint().width()
        width = room - 4
        if not self._delegate.rows:
            beside = max(1, room // (self._theme.px(WIDTH) + GAP))
            width = room // beside - GAP - 2
        changed = width != self._delegate.width
        self._delegate.width = max(self._theme.px(160), width)
        return changed

    def part_at(self, at: QPoint) -> tuple[QModelIndex, object]:
        """Return the card at a point, and whether its box or button is there."""
        index = self.indexAt(at)
        if not index.isValid():
            return index, ""
        return index, self._delegate.zone(index, self.visualRect(index), at)

    def answer_part(self, index: QModelIndex, part: object, *, at: QPoint) -> None:
        """Tick, or act."""
        (self.ticked if part == TICK else self.acted).emit(index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Keep the look of buttons in step with the pointer."""
        super().mouseMoveEvent(event)
        index = self.indexAt(event.position().toPoint())
        if index.isValid():
            self.viewport().update(self.visualRect(index))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return acts; letters become signals."""
        index = self.currentIndex()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and index.isValid():
            self.acted.emit(index)
            return
        text = event.text().upper()
        if event.key() == Qt.Key.Key_Delete and not event.modifiers():
            self.key_pressed.emit("Del")
            return
        if text in ("T", "A", "E", "F", " ") and not event.modifiers():
            self.key_pressed.emit(text)
            return
        super().keyPressEvent(event)


def _two_lines(
    painter: QPainter, rect: QRect, theme: Theme, *, text: str, token: str
) -> None:
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
    draw_text(painter, upper, theme, text=head, style="small", token=token)
    rest = metrics.elidedText(rest, Qt.TextElideMode.ElideRight, rect.width())
    draw_text(painter, lower, theme, text=rest, style="small", token=token)


def _reference(index: Index) -> Reference | None:
    model = index.model()
    return model.reference(index) if isinstance(model, ReferenceModel) else None
