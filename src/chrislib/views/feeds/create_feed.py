"""The sheet that makes a feed: title and note, data, first step, review."""

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from chrislib.cube.errors import Refused
from chrislib.feeds.making import proposed_title
from chrislib.jobs.model import Job
from chrislib.library.model import Item, ItemId
from chrislib.views.context import ViewContext
from chrislib.views.feeds.create_feed_compute import FeedCompute
from chrislib.views.feeds.create_feed_details import DetailsForm
from chrislib.views.feeds.create_feed_step import FirstStepHead, FirstStepPage
from chrislib.views.feeds.item_list import ItemList, away_words, count_words, is_here
from chrislib.views.feeds.item_picker import ItemPicker
from chrislib.views.navigation import ShowLibrary
from chrislib.views.widgets.banner import Banner
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.elsewhere import (
    ask_to_leave_out,
    here_of,
    places_of,
    where_words,
)
from chrislib.views.widgets.scrolled import scrolled
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.state_view import StateView
from chrislib.views.widgets.text import Label, line
from chrislib.views.widgets.thumbs import ThumbStore

TITLE, DATA, FIRST, REVIEW = range(4)


class CreateFeedSheet(Sheet):
    """Make a feed of library items; a refusal keeps everything that was typed.

    With data it begins at the review, where everything can be changed at once.

    Parameters
    ----------
    item_ids : sequence of str
        Which items; none means what is in the tray.
    """

    created = Signal(object)

    def __init__(
        self, window: QWidget, context: ViewContext, item_ids: Sequence[str]
    ) -> None:
        super().__init__(
            window,
            context.theme,
            "Create feed",
            "Data of the library, linked into one feed",
            steps=["Title and note", "Data", "First step", "Review"],
        )
        theme = context.theme
        self._context = context
        self._tasks = self.own(context.tasks("create feed"))
        self._ids = list(item_ids) or [str(i.item_id) for i in self._tray()]
        self._sending = False
        self.details = DetailsForm(theme)
        self.first = FirstStepHead(context)
        self._step_page = FirstStepPage(context, self.first, computes=True)
        self._list = ItemList(theme, name="create.items", removable=True)
        self._review_list = ItemList(theme, name="create.review.items")
        self._picker = ItemPicker(theme, is_in=lambda one: one in self._ids)
        self._banner = Banner(theme, "info", "")
        self._banner.setObjectName("create.banner")
        self.compute = FeedCompute(context)
        self._elsewhere = Banner(theme, "warn", "")
        self._elsewhere.setObjectName("create.elsewhere")
        self._data_head = Label(theme, style="small", token="text.muted")
        self._review_head = Label(theme, style="small", token="text.muted")
        self._thumbs = ThumbStore(context, self)
        for shown in (self._list, self._review_list):
            shown.set_pictures(self._thumbs.pixmap)
            self._thumbs.changed.connect(shown.viewport().update)
        self._nothing = StateView(
            theme,
            "layers",
            "No data chosen",
            "Tick what the feed is made of, at the left or in the Library.",
            [("Go to the Library", self._to_library)],
            primary=False,
        )
        pages = (self._title_page(), self._data_page(), self._step_page)
        for page in (*pages, self._review_page()):
            self.body.addWidget(page)
        self._connect()
        self._propose()
        self._refresh()
        self._go(REVIEW if self.items else TITLE)
        self._load()

    def open(self) -> None:
        """Show the sheet with the focus in the title."""
        super().open()
        self.details.go_in()

    def done(self, result: int) -> None:
        """Close, stop listening, and drop what runs."""
        self._stop()
        self._step_page.shutdown()
        self.compute.shutdown()
        self._thumbs.shutdown()
        super().done(result)

    @property
    def items(self) -> list[Item]:
        """The items of the feed on this server, as they are now."""
        elsewhere = self._context.library.tray.elsewhere
        return [item for item in self._all() if not elsewhere(item.item_id)]

    def _connect(self) -> None:
        self.back_pressed.connect(self._back)
        self.next_pressed.connect(self._next)
        self.step_chosen.connect(self._go)
        self._list.removed.connect(self._remove)
        self._picker.ticked.connect(self._turn)
        self.details.checked.connect(self._say)
        self.details.tags.changed.connect(lambda: self.details.refuse_tags(""))
        self.first.another.connect(self._another)
        self.first.list.changed.connect(self._show_step_words)
        self._step_page.said.connect(
            lambda words, kind: self.set_note(words, kind=kind)
        )
        self._step_page.moved.connect(self._show_button)
        self._step_page.taken.connect(lambda: self._go(REVIEW))
        self._step_page.placed.connect(self.compute.renew)
        self.compute.change_wanted.connect(self._change_compute)
        self._stop = self._context.library.subscribe(lambda _change: self._refresh())

    def _load(self) -> None:
        """Ask for what is offered: the Library's items, and known tags."""
        self._tasks.start(
            self._context.library.items(), name="items", done=self._picker.set_items
        )
        # a list of tags is a comfort: without it they are typed
        self._tasks.start(
            self._context.feeds.lists.tag_names(),
            name="tags",
            done=self.details.tags.offer,
            failed=lambda _error: None,
        )

    # -- data ------------------------------------------------------------------

    def _tray(self) -> Sequence[Item]:
        return tuple(self._context.library.tray.items())

    def _all(self) -> list[Item]:
        tray = {str(item.item_id): item for item in self._tray()}
        found = []
        for item_id in self._ids:
            item = tray.get(item_id) or self._context.library.item(ItemId(item_id))
            if item is not None:
                found.append(item)
        return found

    def _refresh(self) -> None:
        """Show items as they are now."""
        items = self.items
        self._list.items.set_items(items)
        self._review_list.items.set_items(items)
        self._picker.items.renew(items)
        words = count_words(items)
        self._data_head.setText(words)
        self._review_head.setText(words)
        sources = len({item.source for item in items})
        short = words.split(" · ")[0] + (f" · {sources} sources" if sources > 1 else "")
        self.steps.set_step(DATA, detail=short if items else "", complete=bool(items))
        self._list.setVisible(bool(items))
        self._nothing.setVisible(not items)
        self._show_elsewhere()
        self._show_banner(items)
        session = self._context.session
        user = f" as {session.username}" if session.username else ""
        where = f", on {session.host}{user}" if session.host else ""
        self.subtitle.setText(f"{words.split(' · ')[0]}{where}")
        self._show_button()

    def _show_elsewhere(self) -> None:
        """Say what is on other servers, and offer to leave it out."""
        places = places_of(self._context, self._ids)
        self._elsewhere.setVisible(bool(places))
        if not places:
            return
        where = " and ".join(places)
        self._nothing.show_state(
            "layers",
            f"Nothing of this is on {self._context.session.host}",
            f"It is on {where}. Connect there, or choose at the left from what is "
            "here.",
        )
        it = "it" if sum(places.values()) == 1 else "them"
        self._elsewhere.show_text(
            "warn",
            f"{where_words(places)}: a feed is made on one server. Leave {it} out "
            f"here, or connect there to use {it}.",
            ("Leave out", self._leave_out),
        )

    def _leave_out(self) -> None:
        """Make the feed of what is on this server; the tray keeps the rest."""
        self._ids = here_of(self._context, self._ids)
        self._refresh()

    def _show_banner(self, items: Sequence[Item]) -> None:
        words, lost = away_words(items)
        self._banner.setVisible(bool(words))
        if lost:
            self._banner.show_text("failed", words, ("Retry", self._bring))
        elif words:
            self._banner.show_text("info", words)

    def _show_button(self) -> None:
        review = self.body.currentIndex() == REVIEW
        self.next_button.setText("Create feed" if review else "Next")
        self.next_button.setEnabled(not self._sending)
        self.back_button.setEnabled(not self._sending)
        self.back_button.setVisible(self.body.currentIndex() != TITLE)

    def _bring(self) -> None:
        """Ask for what is not here."""
        away = [item.item_id for item in self.items if not is_here(item)]
        if away:
            self._tasks.start(self._context.library.bring(away), name="bring")

    def _remove(self, item_id: str) -> None:
        self._ids = [one for one in self._ids if one != item_id]
        self._refresh()
        self._picker.items.tick_changed(item_id)

    def _turn(self, item_id: str) -> None:
        if item_id in self._ids:
            self._remove(item_id)
            return
        self._ids.append(item_id)
        self._refresh()
        self._picker.items.tick_changed(item_id)

    def _to_library(self) -> None:
        self.reject()
        self._context.navigator.go(ShowLibrary())

    # -- going on --------------------------------------------------------------

    def _propose(self) -> None:
        """Offer a title that says what it is without naming a patient."""
        day = datetime.fromtimestamp(self._context.now()).astimezone().date()
        self.details.title.setText(proposed_title(self.items, day))

    def _say(self, problem: str = "") -> None:
        self.steps.set_step(TITLE, detail=self.details.text, complete=not problem)
        if problem:
            self.set_note("1 field needs attention", kind="failed")
        elif self.body.currentIndex() == REVIEW and self.items:
            self.set_note("Nothing is sent before Create feed.")
        else:
            self.set_note("")

    def _next(self) -> None:
        step = self.body.currentIndex()
        if self._sending or (step == FIRST and self._step_page.go_on()):
            return
        if step < REVIEW:
            self._go(step + 1)
        elif not self.items:
            self._go(DATA)
        elif self.compute.problem:
            self._change_compute()
        elif self.details.check():
            self._tasks.start(
                ask_to_leave_out(self._context, self._ids),
                name="ask",
                done=self._answered,
            )
        else:
            self.details.title.setFocus(Qt.FocusReason.OtherFocusReason)

    def _answered(self, agreed: bool) -> None:
        if agreed and not self._sending:
            self._leave_out()
            self._send()

    def _back(self) -> None:
        step = self.body.currentIndex()
        if not (step == FIRST and self._step_page.go_back()):
            self._go(step - 1)

    def _another(self) -> None:
        self._go(FIRST)
        self._step_page.show_plugins()

    def _change_compute(self) -> None:
        """Go to where the runs of the first step compute, at what is wrong there."""
        self._go(FIRST)
        self._step_page.show_compute(self.compute.table, self.compute.problem)

    def _go(self, step: int) -> None:
        if self._sending or step < TITLE:
            return
        self.details.tags.take_text()
        problem = self.details.problem
        if step > TITLE and problem and step != REVIEW:
            step = TITLE
        if step > DATA and not self.items:
            step = DATA
        # the same fields stand on two pages: they are where one looks
        if step == REVIEW:
            self._left.insertWidget(0, self.details)
            self._left.insertWidget(2, self.first)
        else:
            self._title_column.insertWidget(0, self.details)
            self._step_page.place.insertWidget(0, self.first)
        self.show_step(step)
        self.steps.set_step(TITLE, detail=self.details.text, complete=not problem)
        self._show_step_words()
        if step == TITLE:
            self.details.go_in()
        elif step == DATA:
            self._picker.search.setFocus(Qt.FocusReason.OtherFocusReason)
        elif step == FIRST:
            self.first.list.setFocus(Qt.FocusReason.OtherFocusReason)
        self._say(problem if step in (TITLE, REVIEW) and problem else "")
        self._show_button()

    def _show_step_words(self) -> None:
        chosen = self.first.list.chosen
        self.compute.show_recipe(chosen)
        words = chosen.title if chosen is not None else "None for now"
        self.steps.set_step(FIRST, detail=words, complete=bool(self.items))

    def _send(self) -> None:
        self.details.tags.take_text()
        self._sending = True
        self._show_button()
        self.set_note("Sending")
        self._tasks.start(
            self._context.feeds.making.create(
                title=self.details.text,
                items=self.items,
                note=self.details.note.toPlainText(),
                tags=self.details.tags.words,
                first=self.compute.placed(self.first.list.chosen),
            ),
            name="create",
            done=self._sent,
            failed=self._refused,
        )

    def _sent(self, job: Job) -> None:
        self._sending = False
        self.created.emit(job)
        self.accept()

    def _refused(self, error: BaseException) -> None:
        self._sending = False
        self._show_button()
        fields = dict(error.fields) if isinstance(error, Refused) else {}
        if "title" in fields:
            self.details.refuse_title(fields["title"])
            self.details.title.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        if str(error).startswith("The tag "):
            self.details.refuse_tags(str(error))
            self.details.tags.edit.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        words = str(error)
        if isinstance(error, Refused) and fields:
            words = f"{error.title} {' '.join(fields.values())}"
        self.set_note(words, kind="failed")

    # -- pages -----------------------------------------------------------------

    def _title_page(self) -> QWidget:
        page = QWidget()
        self._title_column = QVBoxLayout(page)
        self._title_column.setContentsMargins(24, 16, 24, 16)
        self._title_column.addStretch(1)
        return page

    def _data_page(self) -> QWidget:
        theme = self._context.theme
        page = QWidget()
        left = QVBoxLayout()
        left.setContentsMargins(0, 16, 0, 0)
        left.setSpacing(8)
        head = QHBoxLayout()
        head.setContentsMargins(24, 0, 24, 0)
        head.addWidget(Label(theme, "Your library", style="section"))
        left.addLayout(head)
        left.addWidget(self._picker, 1)
        right = QVBoxLayout()
        right.setContentsMargins(0, 16, 0, 0)
        right.setSpacing(8)
        right.addLayout(self._head("In this feed", self._data_head))
        right.addWidget(line())
        right.addWidget(self._list, 1)
        right.addWidget(self._nothing, 1)
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addLayout(left, 1)
        row.addWidget(line(vertical=True))
        row.addLayout(right, 1)
        return page

    def _review_page(self) -> QWidget:
        theme = self._context.theme
        page = QWidget()
        fields = QWidget()
        left = self._left = QVBoxLayout(fields)
        left.setContentsMargins(24, 16, 24, 16)
        left.setSpacing(8)
        left.addSpacing(12)
        left.addWidget(self.compute)
        left.addStretch(1)
        change = button(theme, "Change", kind="quiet", name="create.change", small=True)
        change.clicked.connect(lambda: self._go(DATA))
        head = self._head("Data", self._review_head)
        head.addWidget(change)
        right = QVBoxLayout()
        right.setContentsMargins(0, 16, 0, 0)
        right.setSpacing(8)
        right.addLayout(head)
        right.addWidget(self._elsewhere)
        right.addWidget(self._banner)
        right.addWidget(self._review_list, 1)
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        # a low window, or large text, has no room for all fields
        row.addWidget(scrolled(fields), 1)
        row.addWidget(line(vertical=True))
        row.addLayout(right, 1)
        return page

    def _head(self, words: str, counts: Label) -> QHBoxLayout:
        head = QHBoxLayout()
        head.setContentsMargins(24, 0, 16, 0)
        head.addWidget(Label(self._context.theme, words, style="section"))
        head.addWidget(counts, 1)
        return head
