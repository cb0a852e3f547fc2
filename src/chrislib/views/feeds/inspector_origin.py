"""Where a result comes from: a card of every run before it, and a paragraph."""

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QPlainTextEdit,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from chrislib.feeds.methods import paragraph
from chrislib.feeds.model import FeedView, Node
from chrislib.feeds.provenance import (
    Card,
    Origin,
    rows_of,
    to_json,
    to_text,
    without_names,
)
from chrislib.jobs.model import Kind
from chrislib.views.context import ViewContext
from chrislib.views.feeds.graph_paint import node_name
from chrislib.views.feeds.inspector_values import CopyFacts
from chrislib.views.feeds.steps_view import Badge
from chrislib.views.widgets.buttons import Segments, button
from chrislib.views.widgets.emptied import empty
from chrislib.views.widgets.scrolled import scrolled
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.text import Label, line

_SHOWN = 60
"""Runs drawn as cards; of more, the nearest ones (text and JSON hold all)."""


class OriginSheet(Sheet):
    """The provenance card and the methods paragraph of a node."""

    def __init__(
        self,
        window: QWidget,
        context: ViewContext,
        *,
        view: FeedView,
        node: Node,
        page: str,
    ) -> None:
        super().__init__(
            window,
            context.theme,
            "Where this comes from",
            f"{node_name(node)}, node {node.id} of feed {view.row.id}",
            width=860,
        )
        theme = context.theme
        self._context = context
        self._tasks = self.own(context.tasks("origin"))
        self._view, self._node = view, node
        self._card: Card | None = None
        self.pages = Segments(
            theme,
            [("card", "Provenance", ""), ("methods", "Methods paragraph", "")],
            name="origin.pages",
        )
        self.nameless = QCheckBox(
            "Leave out titles and paths, which may name a patient"
        )
        self.nameless.setObjectName("origin.nameless")
        self.nameless.setChecked(True)
        self._cards = QVBoxLayout()
        self._cards.setContentsMargins(0, 0, 12, 0)
        self._cards.setSpacing(12)
        self.words = QPlainTextEdit()
        self.words.setObjectName("origin.methods")
        self.words.setAccessibleName("Methods paragraph")
        self.words.setReadOnly(True)
        self.words.setTabChangesFocus(True)
        theme.follow(self.words, lambda: self.words.setFont(theme.font("body")))
        self.copy_text = button(
            theme, "Copy as text", icon="copy", name="origin.copy.text"
        )
        self.copy_json = button(
            theme, "Copy as JSON", icon="braces", name="origin.copy.json"
        )
        self.copy_words = button(
            theme, "Copy paragraph", icon="copy", name="origin.copy.methods"
        )
        self._stack = QStackedWidget()
        self._lay_out()
        self.next_button.setText("Close")
        self.cancel_button.hide()
        self.next_pressed.connect(self.accept)
        self.pages.chosen.connect(self.show_page)
        self.nameless.toggled.connect(lambda _on: self._fill())
        self.copy_text.clicked.connect(self._copy_text)
        self.copy_json.clicked.connect(self._copy_json)
        self.copy_words.clicked.connect(self._copy_words)
        self.show_page(page)
        self._ask()

    def show_page(self, page: str) -> None:
        """Show the "card", or the "methods" paragraph."""
        self.pages.choose(page)
        self._stack.setCurrentIndex(1 if page == "methods" else 0)
        self.copy_text.setVisible(page == "card")
        self.copy_json.setVisible(page == "card")
        self.copy_words.setVisible(page == "methods")
        self.nameless.setVisible(page == "card")

    @property
    def card(self) -> Card | None:
        """What is shown, as it is copied."""
        card = self._card
        if card is None or not self.nameless.isChecked():
            return card
        return without_names(card)

    def _ask(self) -> None:
        self.set_note("Asking for every run before it")
        for piece in (self.copy_text, self.copy_json, self.copy_words):
            piece.setEnabled(False)
        self._tasks.start(
            self._context.feeds.provenance.card(self._view, self._node),
            name="provenance",
            done=self._show,
            failed=lambda error: self.set_note(str(error), kind="failed"),
        )

    def _show(self, card: Card) -> None:
        self._card = card
        self.set_note("")
        for piece in (self.copy_text, self.copy_json, self.copy_words):
            piece.setEnabled(True)
        self.words.setPlainText(paragraph(card))
        self._fill()

    def _fill(self) -> None:
        card = self.card
        if card is None:
            return
        empty(self._cards)
        shown = card.origins[-_SHOWN:]
        if len(shown) < len(card.origins):
            left = len(card.origins) - len(shown)
            words = f"{left} runs before these are in the text and the JSON."
            self._cards.addWidget(
                Label(self._context.theme, words, style="small", token="text.muted")
            )
        for one in reversed(shown):
            self._cards.addWidget(self._piece(one))
        self._cards.addStretch(1)

    def _piece(self, one: Origin) -> QWidget:
        theme = self._context.theme
        piece = QWidget()
        column = QVBoxLayout(piece)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        head = QHBoxLayout()
        words = f"{node_name(one.node)}, node {one.node.id}"
        head.addWidget(Label(theme, words, style="section"), 1)
        badge = Badge(theme)
        badge.show_state(one.node.state)
        head.addWidget(badge)
        column.addLayout(head)
        facts = CopyFacts(theme)
        facts.show_facts([row for row in rows_of(one) if row[0] != "State"])
        column.addWidget(facts)
        column.addSpacing(4)
        column.addWidget(line())
        return piece

    def _copy_text(self) -> None:
        if self.card is not None:
            self._put(to_text(self.card), "The provenance")

    def _copy_words(self) -> None:
        self._put(self.words.toPlainText(), "The paragraph")

    def _copy_json(self) -> None:
        card = self.card
        if card is None:
            return
        jobs = self._context.jobs
        ids = {int(one.node.id) for one in card.origins}
        keys = [
            job.key
            for job in jobs.jobs()
            if job.kind is Kind.RUN
            and job.remote_id in ids
            and job.account_id == jobs.account_id
        ]
        names = not self.nameless.isChecked()
        self._tasks.start(
            jobs.results.provenance(keys, names=names),
            name="provenance of jobs",
            done=lambda found: self._put(to_json(card, found), "The JSON"),
        )

    def _put(self, text: str, what: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self.set_note(f"{what} is on the clipboard.")

    def _lay_out(self) -> None:
        inner = QWidget()
        inner.setLayout(self._cards)
        scroll = scrolled(inner)
        scroll.setObjectName("origin.card")
        self._stack.addWidget(scroll)
        self._stack.addWidget(self.words)
        row = QHBoxLayout()
        row.addWidget(self.pages)
        row.addStretch(1)
        for piece in (self.copy_text, self.copy_json, self.copy_words):
            row.addWidget(piece)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(12)
        column.addLayout(row)
        column.addWidget(self.nameless)
        column.addWidget(self._stack, 1)
        self.body.addWidget(page)
