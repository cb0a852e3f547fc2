"""The feeds that used what is highlighted; a click opens one."""

from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QVBoxLayout, QWidget

from chrislib.errors import ChrislibError
from chrislib.feeds.model import FeedRow
from chrislib.feeds.naming import rows_of
from chrislib.library.mine.model import Row, RowId
from chrislib.library.names import clean
from chrislib.library.words import count
from chrislib.views.context import ViewContext
from chrislib.views.navigation import ShowFeed
from chrislib.views.theme.theme import Theme
from chrislib.views.theme.tokens import STATES
from chrislib.views.widgets.paint import donut, draw_ring, draw_text
from chrislib.views.widgets.text import Label, plain_tooltip

_MOST = 12
_TELLS = ("failed", "errors", "running", "registering", "preparing", "queued")


class _Feed(QAbstractButton):
    """Donut, title, and the word that matters most."""

    def __init__(self, theme: Theme, feed: FeedRow) -> None:
        super().__init__()
        self._theme = theme
        self._feed = feed
        self.setText(clean(feed.title) or f"Feed {feed.id}")
        self.setObjectName(f"mine.feed.{feed.id}")
        self.setAccessibleName(f"{self.text()}, {feed_words(feed)}")
        self.setToolTip(plain_tooltip(f"{self.text()}\nOpen the feed"))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(200, self._theme.px(28))

    def paintEvent(self, _event: QPaintEvent) -> None:
        theme, feed = self._theme, self._feed
        painter = QPainter(self)
        if self.underMouse():
            painter.fillRect(self.rect(), theme.color("bg.hover"))
        ring = QRect(0, (self.height() - 16) // 2, 16, 16)
        donut(painter, ring, theme, feed.states)
        said = feed_words(feed)
        wide = theme.width("small", said)
        right = QRect(self.width() - wide - 2, 0, wide + 2, self.height())
        draw_text(painter, right, theme, text=said, style="small", token="text.muted")
        words = QRect(24, 0, self.width() - wide - 34, self.height())
        draw_text(painter, words, theme, text=self.text(), style="small")
        if self.hasFocus():
            draw_ring(painter, self.rect(), theme)
        painter.end()


class FeedsBox(QWidget):
    """The feeds of one row."""

    counted = Signal(int)

    def __init__(self, ctx: ViewContext) -> None:
        super().__init__()
        self._ctx = ctx
        self._tasks = ctx.tasks("feeds of a row")
        self._of: tuple[RowId, int] | None = None
        self._pieces: list[QWidget] = []
        self._words = Label(
            ctx.theme, style="small", token="text.muted", name="mine.feeds", wrap=True
        )
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(self._words)

    def show_row(self, row: Row | None) -> None:
        """Show the feeds that used a row (disk, network)."""
        wanted = None if row is None else (row.row_id, row.feeds)
        if wanted == self._of:
            return
        self._of = wanted
        self._tasks.cancel_all()
        self._clear()
        if row is None:
            return
        self.counted.emit(row.feeds)
        self._say("" if row.feeds else "No feed has used it yet.")
        if row.feeds:
            self._tasks.start(
                self._read(row.row_id),
                name="read",
                done=self._show,
                failed=self._failed,
            )

    def shutdown(self) -> None:
        """Cancel what runs."""
        self._tasks.cancel_all()

    async def _read(self, row_id: RowId) -> tuple[list[int], list[FeedRow]]:
        ids = await self._ctx.my_library.feeds(row_id)
        client = self._ctx.session.client
        shown = sorted(ids, reverse=True)[:_MOST]
        return ids, await rows_of(client, shown) if client is not None else []

    def _show(self, found: tuple[Sequence[int], Sequence[FeedRow]]) -> None:
        ids, feeds = found
        self._clear()
        for feed in feeds:
            piece = _Feed(self._ctx.theme, feed)
            piece.clicked.connect(
                lambda _on=False, feed=feed: self._ctx.navigator.go(ShowFeed(feed.id))
            )
            self._pieces.append(piece)
            self._column.addWidget(piece)
            piece.show()
        self.counted.emit(len(ids))
        more = len(ids) - len(feeds)
        self._say(f"{count(more, 'feed')} more, or gone" if more else "")

    def _failed(self, error: BaseException) -> None:
        self._of = None
        if isinstance(error, ChrislibError):
            self._say(error.title)
        else:
            self._ctx.messages.failed(error)

    def _say(self, words: str) -> None:
        self._words.setText(words)
        self._words.setVisible(bool(words))

    def _clear(self) -> None:
        for piece in self._pieces:
            self._column.removeWidget(piece)
            piece.hide()
            piece.deleteLater()
        self._pieces = []


def feed_words(feed: FeedRow) -> str:
    """Return the word that matters most of a feed: "1 failed", "9 nodes"."""
    for key in _TELLS:
        number = feed.states.get(key, 0)
        if number:
            return f"{number:,} {STATES[key].word.split(',')[0].lower()}"
    return count(feed.nodes, "node")
