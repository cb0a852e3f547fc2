"""What delegates draw: states, buttons, text, donuts, rows. No state of its own."""

from collections.abc import Mapping
from functools import cache

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem

from chrislib.views.theme.theme import Theme
from chrislib.views.theme.tokens import DONUT_ORDER, STATES


def draw_glyph(
    painter: QPainter,
    at: QPoint,
    theme: Theme,
    *,
    icon: str,
    token: str = "text.secondary",
    size: int = 16,
) -> None:
    """Draw an icon with its top left corner at `at`."""
    device = painter.device()
    ratio = device.devicePixelRatioF() if device is not None else 1.0
    painter.drawPixmap(at, theme.pixmap(icon, token, size=size, dpr=ratio))


def draw_text(
    painter: QPainter,
    rect: QRect,
    theme: Theme,
    *,
    text: str,
    style: str = "body",
    token: str = "text.primary",
    align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
    elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
) -> int:
    """Draw one line of plain text, elided to `rect`; return the width used."""
    shown = theme.elided(style, text, rect.width(), mode=elide)
    painter.setFont(theme.font(style))
    painter.setPen(theme.color(token))
    painter.drawText(rect, _one_line(align), shown)
    return theme.width(style, shown)


@cache
def _one_line(align: Qt.AlignmentFlag) -> int:
    return int(align | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine)


def draw_bar(
    painter: QPainter, rect: QRect, theme: Theme, *, token: str, share: float
) -> None:
    """Draw a 4 px bar, filled by `share` (0 to 1)."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("bg.pressed"))
    painter.drawRoundedRect(QRectF(rect), 2, 2)
    if share > 0:
        filled = QRectF(rect)
        filled.setWidth(max(4.0, rect.width() * min(share, 1.0)))
        painter.setBrush(theme.color(token))
        painter.drawRoundedRect(filled, 2, 2)
    painter.restore()


def draw_state(
    painter: QPainter,
    rect: QRect,
    theme: Theme,
    key: str,
    text: str = "",
    *,
    done: int = 0,
    total: int = 0,
    grey: bool = False,
) -> None:
    """Draw a state in a row: glyph 14, words 12, and a bar while there is n of m.

    Parameters
    ----------
    key : str
        State key ("running"), see `chrislib.views.theme.tokens.STATES`.
    text : str
        Other words than the state's own, e.g. "132 of 192 images".
    done, total : int
        Drawn as a bar when `total` > 0.
    grey : bool
        Draw it as last known: a clock, and no color.
    """
    look = STATES[key]
    token = "text.muted" if grey else f"state.{key}"
    line = theme.px(16)
    bar = total > 0
    height = line + (8 if bar else 0)
    top = rect.top() + (rect.height() - height) // 2
    draw_glyph(
        painter,
        QPoint(rect.left(), top + (line - 14) // 2),
        theme,
        icon="clock" if grey else look.glyph,
        token=token,
        size=14,
    )
    words = QRect(rect.left() + 20, top, rect.width() - 20, line)
    draw_text(painter, words, theme, text=text or look.word, style="small", token=token)
    if bar:
        draw_bar(
            painter,
            QRect(rect.left(), top + line + 4, rect.width(), 4),
            theme,
            token=token,
            share=done / total,
        )


def badge_width(theme: Theme, key: str, text: str = "") -> int:
    """Return the width of the outlined badge of a state."""
    return theme.width("caption", text or STATES[key].word) + 34


def draw_badge(
    painter: QPainter, at: QPoint, theme: Theme, key: str, *, text: str = ""
) -> int:
    """Draw a state as an outlined badge 20 px high; return its width."""
    token = f"state.{key}"
    width = badge_width(theme, key, text)
    box = QRectF(at.x() + 0.5, at.y() + 0.5, width - 1, 19)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.color(token), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(box, 10, 10)
    painter.restore()
    spot = QPoint(at.x() + 7, at.y() + 4)
    draw_glyph(painter, spot, theme, icon=STATES[key].glyph, token=token, size=12)
    words = QRect(at.x() + 23, at.y(), width - 30, 20)
    draw_text(
        painter,
        words,
        theme,
        text=text or STATES[key].word,
        style="caption",
        token=token,
    )
    return width


def button_width(theme: Theme, text: str, *, icon: str = "", small: bool = True) -> int:
    """Return the width `draw_button` needs for `text`."""
    words = theme.width("small-strong" if small else "button", text)
    return words + (22 if icon else 0) + (20 if small else 28)


def draw_button(
    painter: QPainter,
    rect: QRect,
    theme: Theme,
    *,
    text: str,
    kind: str = "secondary",
    icon: str = "",
    hovered: bool = False,
    enabled: bool = True,
) -> None:
    """Draw a button of a row into `rect` (normally 24 px high)."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    box = QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5)
    token = "text.primary"
    if not enabled:
        token = "text.disabled"
        painter.setPen(QPen(theme.color("border.subtle"), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
    elif kind == "primary":
        token = "text.on-accent"
        fill = theme.color("accent.fill-hover" if hovered else "accent.fill")
        painter.setPen(QPen(fill, 1))
        painter.setBrush(fill)
    elif kind == "quiet":
        token = "accent.text"
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(
            theme.color("bg.pressed") if hovered else Qt.BrushStyle.NoBrush
        )
    else:
        edge = "state.failed" if kind == "danger" else "border.control"
        token = "state.failed" if kind == "danger" else "text.primary"
        painter.setPen(QPen(theme.color(edge), 1))
        painter.setBrush(
            theme.color("bg.pressed") if hovered else Qt.BrushStyle.NoBrush
        )
    painter.drawRoundedRect(box, 4, 4)
    painter.restore()
    words = QRect(rect)
    if icon:
        spot = QPoint(rect.left() + 9, rect.top() + (rect.height() - 14) // 2)
        draw_glyph(painter, spot, theme, icon=icon, token=token, size=14)
        words.setLeft(rect.left() + 29)
        words.setRight(rect.right() - 6)
    draw_text(
        painter,
        words,
        theme,
        text=text,
        style="small-strong",
        token=token,
        align=Qt.AlignmentFlag.AlignLeft if icon else Qt.AlignmentFlag.AlignHCenter,
    )


def donut(
    painter: QPainter, rect: QRect, theme: Theme, states: Mapping[str, int]
) -> None:
    """Draw one arc per state, clockwise from the top; always with words beside it."""
    total = sum(states.values())
    width = max(3.0, rect.width() / 6)
    ring = QRectF(rect).adjusted(width / 2, width / 2, -width / 2, -width / 2)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = QPen(theme.color("bg.pressed"), width)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    painter.setPen(pen)
    painter.drawEllipse(ring)
    parts = [(key, states[key]) for key in DONUT_ORDER if states.get(key)]
    gap = 0.0 if len(parts) < 2 else 1.2 / (ring.width() / 2) * 57.3
    start = 90.0
    for key, count in parts:
        span = 360.0 * count / total
        pen.setColor(theme.color(f"state.{key}"))
        painter.setPen(pen)
        if len(parts) == 1:
            painter.drawEllipse(ring)
        else:
            drawn = max(span - gap, 2.0)
            painter.drawArc(ring, round((start - gap / 2) * 16), round(-drawn * 16))
        start -= span
    painter.restore()


def draw_row(
    painter: QPainter,
    option: QStyleOptionViewItem,
    theme: Theme,
    *,
    hairline: bool = True,
    bar: bool = False,
    surface: str = "",
    first: bool = True,
    last: bool = True,
) -> None:
    """Draw what is behind a row: hover, highlight, focus ring, hairline.

    Parameters
    ----------
    bar : bool
        Draw the accent bar of a current place or feed at the left.
    surface : str
        Token of the ground, "" leaves what is there.
    first, last : bool
        Whether this cell is the row's first and last, where the ring is closed.
    """
    rect = option.rect
    state = option.state
    selected = bool(state & QStyle.StateFlag.State_Selected)
    if surface:
        painter.fillRect(rect, theme.color(surface))
    if selected:
        painter.fillRect(rect, theme.color("bg.selected"))
        if bar and first:
            edge = QRect(rect.left(), rect.top(), 2, rect.height())
            painter.fillRect(edge, theme.color("accent.glyph"))
    elif state & QStyle.StateFlag.State_MouseOver:
        painter.fillRect(rect, theme.color("bg.hover"))
    if hairline:
        painter.fillRect(
            QRect(rect.left(), rect.bottom(), rect.width(), 1),
            theme.color("border.subtle"),
        )
    if state & QStyle.StateFlag.State_HasFocus:
        draw_ring(painter, rect, theme, first=first, last=last)


def draw_ring(
    painter: QPainter,
    rect: QRect,
    theme: Theme,
    *,
    first: bool = True,
    last: bool = True,
) -> None:
    """Draw the 2 px focus ring inside `rect`; the ends only where asked."""
    color = theme.color("border.focus")
    painter.fillRect(QRect(rect.left(), rect.top(), rect.width(), 2), color)
    painter.fillRect(QRect(rect.left(), rect.bottom() - 1, rect.width(), 2), color)
    if first:
        painter.fillRect(QRect(rect.left(), rect.top(), 2, rect.height()), color)
    if last:
        painter.fillRect(QRect(rect.right() - 1, rect.top(), 2, rect.height()), color)


def draw_check(
    painter: QPainter, rect: QRect, theme: Theme, *, state: Qt.CheckState
) -> None:
    """Draw a tick box of 16 px centred in `rect`."""
    box = QRectF(0, 0, 16, 16)
    box.moveCenter(QPointF(rect.center()) + QPointF(0.5, 0.5))
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if state == Qt.CheckState.Unchecked:
        painter.setPen(QPen(theme.color("border.control"), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
        painter.restore()
        return
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("accent.fill"))
    painter.drawRoundedRect(box, 3, 3)
    painter.restore()
    icon = "check" if state == Qt.CheckState.Checked else "minus"
    spot = (box.topLeft() + QPointF(2, 2)).toPoint()
    draw_glyph(painter, spot, theme, icon=icon, token="text.on-accent", size=12)


def fit(size_w: int, size_h: int, into: QRect) -> QRect:
    """Return the largest rectangle of that aspect inside `into`, centred."""
    if size_w <= 0 or size_h <= 0:
        return into
    scale = min(into.width() / size_w, into.height() / size_h)
    width, height = round(size_w * scale), round(size_h * scale)
    return QRect(
        into.left() + (into.width() - width) // 2,
        into.top() + (into.height() - height) // 2,
        width,
        height,
    )
