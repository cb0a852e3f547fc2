"""Markdown on screen: a text document put together from plain pieces, never HTML."""

from collections.abc import Iterator
from itertools import islice
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
_AT_A_TIME = 12
"""Blocks that are put in one turn of the event loop: some milliseconds."""


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
        self._goes_on = goes_on
        self._rest: Iterator[Block] = iter(())
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

    def show_text(self, text: str) -> None:
        """Show a text: its beginning at once, the rest as the window has time."""
        self._text = text
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
        self._rest = self._read()
        self._begun = False
        self._more()

    def _read(self) -> Iterator[Block]:
        yield from read(self._text)
        if len(self._text) > LIMIT:
            yield Block("text", (Span(self._goes_on, italic=True),))

    def _more(self) -> None:
        """Put as many blocks as a turn of the event loop has time for."""
        beginning = not self._begun
        some = list(islice(self._rest, _AT_A_TIME))
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.beginEditBlock()
        for block in some:
            self._put(cursor, block, first=not self._begun)
            self._begun = True
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
        if len(some) == _AT_A_TIME:
            self._turn.start(0)

    def _put(self, cursor: QTextCursor, block: Block, *, first: bool) -> None:
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
