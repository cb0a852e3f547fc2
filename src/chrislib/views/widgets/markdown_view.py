"""Markdown on screen: a text document put together from plain pieces, never HTML."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import ceil

from PySide6.QtCore import QMimeData, Qt, QTimer, QUrl
from PySide6.QtGui import (
    QDesktopServices,
    QFont,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextOption,
)
from PySide6.QtWidgets import QFrame, QTextBrowser

from chrislib.feeds.markdown import LIMIT, Block, Span, address, read
from chrislib.views.theme.theme import Theme

_LINE = "\u2028"
"""A new line inside a block of a text document."""
_HEADINGS = {1: "page", 2: "section"}
_INDENT = 20
_TURN = 2_000
"""Microseconds, roughly, that are spent in one turn of the event loop."""
_MOST = 6 * _TURN
"""As much of one line, without a place where it ends, is put at once."""
_BLOCK, _SPAN = 300, 60
"""What a block and a span of it take; a character takes one."""
_CHUNK = 2_000
"""Characters of one look that are put at once."""


class MarkdownView(QTextBrowser):
    """Shows Markdown and opens a link when it is clicked, and only then.

    The address of a link stands behind its words. Nothing is fetched for the text.

    Parameters
    ----------
    grows : bool
        Be as high as the text is, in a list that scrolls by itself.
    goes_on : str
        Stands at the end of what is shown of a text that is too long.
    """

    def __init__(
        self,
        theme: Theme,
        *,
        name: str,
        label: str,
        grows: bool = False,
        goes_on: str = "The text goes on. Write shows all of it.",
    ) -> None:
        super().__init__()
        self._theme = theme
        self._text = ""
        self._blocks: Sequence[Block] | None = None
        self._goes_on = goes_on
        self._rest: Iterator[tuple[Block, bool]] = iter(())
        self._place = 0
        self._begun = False
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.timeout.connect(self._more)
        self.setObjectName(name)
        self.setAccessibleName(label)
        self.setOpenLinks(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUndoRedoEnabled(False)
        self.document().setDocumentMargin(0)
        self.setStyleSheet("QTextBrowser { border: none; background: transparent; }")
        self.anchorClicked.connect(self.follow)
        if grows:
            self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            layout = self.document().documentLayout()
            layout.documentSizeChanged.connect(
                lambda size: self.setFixedHeight(max(1, ceil(size.height())))
            )
        theme.changed.connect(self._fill)

    def show_text(self, text: str, blocks: Sequence[Block] | None = None) -> None:
        """Show a text: its beginning at once, the rest as the window has time.

        Parameters
        ----------
        blocks : sequence of Block, optional
            What `read` makes of the text; else it is read here.
        """
        if text != self._text or not self._begun:
            self._text, self._blocks = text, blocks
            self._fill()

    def follow(self, url: QUrl) -> None:
        """Open a link in the program that is set for it."""
        given = url.toString(QUrl.ComponentFormattingOption.FullyEncoded)
        wanted = address(given)
        if wanted:
            QDesktopServices.openUrl(QUrl(wanted))

    def loadResource(self, _kind: int, _name: QUrl | str) -> object:
        """Fetch nothing, whatever a document asks for."""
        return None

    def createMimeDataFromSelection(self) -> QMimeData:
        """Copy the text as it is read."""
        made = QMimeData()
        made.setText(self.textCursor().selection().toPlainText())
        return made

    # -- inside ------------------------------------------------------------------

    def _fill(self) -> None:
        self._place = self.verticalScrollBar().value()
        document = self.document()
        document.clear()
        document.setDefaultFont(self._theme.font("body"))
        self._rest = (one for block in self._read() for one in pieces(block))
        self._begun = False
        self._more()

    def _read(self) -> Iterator[Block]:
        yield from read(self._text) if self._blocks is None else self._blocks
        if len(self._text) > LIMIT:
            yield Block("text", (Span(self._goes_on, italic=True),))

    def _more(self) -> None:
        """Put as many blocks as a turn of the event loop has time for."""
        beginning, weight = not self._begun, 0
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.beginEditBlock()
        for piece, continues in self._rest:
            self._put(cursor, piece, first=not self._begun, continues=continues)
            self._begun = True
            weight += _weight(piece)
            if weight > _TURN:
                self._turn.start(0)
                break
        cursor.endEditBlock()
        if beginning:
            # it went along with what was put there; what follows leaves it alone
            self.setTextCursor(QTextCursor(self.document()))
        bar = self.verticalScrollBar()
        if self._place:
            bar.setValue(self._place)
            # from then on the person's hand counts
            if bar.value() == self._place:
                self._place = 0

    def _put(
        self, cursor: QTextCursor, block: Block, *, first: bool, continues: bool
    ) -> None:
        look = QTextBlockFormat()
        look.setLineHeight(
            135, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value
        )
        look.setTopMargin(0 if first else 8)
        base = self._base(block)
        if block.kind == "heading":
            look.setTopMargin(0 if first else 16)
            look.setHeadingLevel(block.level)
        elif block.kind == "item":
            look.setTopMargin(0 if first else 2)
            look.setLeftMargin(_INDENT * (block.level + 1))
            look.setTextIndent(-_INDENT)
            tab = QTextOption.Tab()
            tab.position = _INDENT
            look.setTabPositions([tab])
        elif block.kind == "quote":
            look.setLeftMargin(_INDENT)
        elif block.kind == "code":
            look.setBackground(self._theme.color("bg.input"))
            look.setLineHeight(
                100, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value
            )
            look.setLeftMargin(8)
            look.setNonBreakableLines(False)
        if continues:
            look.setTopMargin(0)
            look.setTextIndent(0)
        if first:
            cursor.setBlockFormat(look)
            cursor.setBlockCharFormat(base)
        else:
            cursor.insertBlock(look, base)
        if block.kind == "rule":
            base.setForeground(self._theme.color("border.control"))
            cursor.insertText("─" * 24, base)
            return
        if block.mark:
            cursor.insertText(f"{block.mark}\t", base)
        for span in block.spans:
            self._write(cursor, span, base)

    def _base(self, block: Block) -> QTextCharFormat:
        base = QTextCharFormat()
        style = "body"
        if block.kind == "heading":
            style = _HEADINGS.get(block.level, "strong")
        elif block.kind == "code":
            style = "mono"
        base.setFont(self._theme.font(style))
        token = "text.secondary" if block.kind == "quote" else "text.primary"
        base.setForeground(self._theme.color(token))
        return base

    def _write(self, cursor: QTextCursor, span: Span, base: QTextCharFormat) -> None:
        look = QTextCharFormat(base)
        if span.code:
            look.setFont(self._theme.font("mono"))
            look.setBackground(self._theme.color("bg.input"))
        if span.bold:
            look.setFontWeight(QFont.Weight.DemiBold)
        look.setFontItalic(span.italic)
        look.setFontStrikeOut(span.struck)
        words = span.text.replace("\n", _LINE)
        if not span.link:
            cursor.insertText(words, look)
            return
        look.setAnchor(True)
        look.setAnchorHref(span.link)
        look.setToolTip("")
        look.setFontUnderline(True)
        look.setForeground(self._theme.color("accent.text"))
        cursor.insertText(words, look)
        shown = span.link.removeprefix("mailto:")
        if shown.removesuffix("/") != words.removesuffix("/"):
            plain = QTextCharFormat(base)
            plain.setForeground(self._theme.color("text.muted"))
            plain.setFont(self._theme.font("small"))
            cursor.insertText(f" ({shown})", plain)


def pieces(block: Block) -> Iterator[tuple[Block, bool]]:
    """Yield a block in pieces that take a turn each, and whether one goes on.

    One ends with a line, where there are lines; a line that fills a screen is broken.
    """
    if _weight(block) <= _TURN:
        yield block, False
        return
    spans: list[Span] = []
    weight, goes_on = 0, False
    for span in block.spans:
        for text in _chunks(span.text):
            rest = text
            if weight > _TURN:
                head, ends, tail = text.partition("\n")
                if ends:
                    spans.append(replace(span, text=head))
                    rest = tail
                elif weight > _MOST:
                    rest = text.lstrip(" ")
                if ends or weight > _MOST:
                    yield _piece(block, spans, goes_on=goes_on), goes_on
                    spans, weight, goes_on = [], 0, True
            spans.append(replace(span, text=rest))
            weight += _SPAN + len(rest)
    yield _piece(block, spans, goes_on=goes_on), goes_on


def _piece(block: Block, spans: Sequence[Span], *, goes_on: bool) -> Block:
    return replace(block, spans=tuple(spans), mark="" if goes_on else block.mark)


def _chunks(text: str) -> Iterator[str]:
    while len(text) > _CHUNK:
        cut = text.rfind("\n", 0, _CHUNK) + 1 or text.rfind(" ", 0, _CHUNK) + 1
        yield text[: cut or _CHUNK]
        text = text[cut or _CHUNK :]
    yield text


def _weight(block: Block) -> int:
    spans = block.spans
    return _BLOCK + _SPAN * len(spans) + sum(len(span.text) for span in spans)
