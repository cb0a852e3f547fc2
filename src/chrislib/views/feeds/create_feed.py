"""The sheet that makes a feed: title and note, data, first step, review."""

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from chrislib.cube.errors import Refused
from chrislib.feeds.faults import whole_words
from chrislib.feeds.making import proposed_title
from chrislib.feeds.making_steps import Answers, MadeFeed
from chrislib.library.model import Item
from chrislib.views.context import ViewContext
from chrislib.views.feeds.create_feed_again import SameData, as_sent, found_items
from chrislib.views.feeds.create_feed_compute import FeedCompute
from chrislib.views.feeds.create_feed_details import DetailsForm
from chrislib.views.feeds.create_feed_local import LocalFiles
from chrislib.views.feeds.create_feed_pages import (
    data_page,
    review_page,
    show_away,
    show_elsewhere,
    title_page,
)
from chrislib.views.feeds.create_feed_sending import FeedSending
from chrislib.views.feeds.create_feed_step import CHOICE, FirstStepHead, FirstStepPage
from chrislib.views.feeds.item_list import ItemList, count_words, is_here
from chrislib.views.feeds.item_picker import ItemPicker
from chrislib.views.navigation import ShowLibrary
from chrislib.views.widgets.banner import Banner
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.elsewhere import ask_to_leave_out, here_of
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.state_view import StateView
from chrislib.views.widgets.text import Label
from chrislib.views.widgets.thumbs import ThumbStore

TITLE, DATA, FIRST, REVIEW = range(4)
FIRST_STEP = "its first step"


class CreateFeedSheet(Sheet):
    """Make a feed of library items; a refusal keeps everything that was typed.

    With data it begins at the review, where everything can be changed at once. Once the
    feed is made, it stays for what is run first: that is corrected and added to it.

    Parameters
    ----------
    item_ids : sequence of str
        Which items; none means what is in the tray.
    again : SameData, optional
        What a feed was made of, to be used once more instead.
    """

    created = Signal(object)

    def __init__(
        self,
        window: QWidget,
        context: ViewContext,
        item_ids: Sequence[str] = (),
        *,
        again: SameData | None = None,
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
        self._again = again
        tray = context.library.tray
        given = again.items if again is not None else tray.items()
        self._ids = list(item_ids) or [str(item.item_id) for item in given]
        self.sending = FeedSending(context, self._tasks, self)
        self._refusal: Answers | None = None
        self.details = DetailsForm(theme)
        self.first = FirstStepHead(context)
        self._step_page = FirstStepPage(context, self.first, computes=True)
        self._list = ItemList(theme, name="create.items", removable=True)
        self._review_list = ItemList(theme, name="create.review.items")
        self._picker = ItemPicker(theme, is_in=lambda one: one in self._ids)
        self._local = LocalFiles(context, self._tasks)
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
            "Tick what the feed is made of, at the left or in the Library, or drop "
            "files here.",
            [("Go to the Library", self._to_library)],
            primary=False,
        )
        self._change = button(
            theme, "Change", kind="quiet", name="create.change", small=True
        )
        self._title_column, page = title_page()
        self.body.addWidget(page)
        chosen = (self._list, self._nothing)
        page = data_page(
            theme, (self._picker, self._local), head=self._data_head, chosen=chosen
        )
        self._local.take_drops(page)
        self.body.addWidget(page)
        self.body.addWidget(self._step_page)
        self._left, page = review_page(
            theme,
            head=self._review_head,
            change=self._change,
            below=self.compute,
            data=(self._elsewhere, self._banner, self._review_list),
        )
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

    def reject(self) -> None:
        """Close; a feed that is made is shown, what is sent goes on."""
        self.sending.leave()
        if self.sending.made is not None:
            self.created.emit(self.sending.made.root)
        super().reject()

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
        self._local.added.connect(self._add)
        self._local.said.connect(lambda words, kind: self.set_note(words, kind=kind))
        self._local.left.connect(self.reject)
        self.details.checked.connect(self._say)
        self.details.tags.changed.connect(lambda: self.details.refuse_tags(""))
        self.first.another.connect(self._another)
        self._change.clicked.connect(lambda: self._go(DATA))
        self.first.list.changed.connect(self._show_step_words)
        self._step_page.said.connect(self._note_step)
        self._step_page.moved.connect(self._show_button)
        self._step_page.taken.connect(lambda: self._go(REVIEW))
        self._step_page.placed.connect(self.compute.renew)
        self.compute.change_wanted.connect(self._change_compute)
        self.compute.known.connect(self._show_refusal)
        self.sending.changed.connect(self._show_button)
        self.sending.said.connect(self.set_note)
        self.sending.ended.connect(self._ended)
        self.sending.refused.connect(self._refused)
        self.sending.step_refused.connect(self._step_refused)
        self._stop = self._context.library.subscribe(lambda _change: self._refresh())

    def _load(self) -> None:
        """Ask for what is offered: the Library's items, and known tags."""
        self._load_items()
        # a list of tags is a comfort: without it they are typed
        self._tasks.start(
            self._context.feeds.lists.tag_names(),
            name="tags",
            done=self.details.tags.offer,
            failed=lambda _error: None,
        )

    def _load_items(self) -> None:
        items = self._context.library.items()
        self._tasks.start(items, name="items", done=self._picker.set_items)

    # -- data ------------------------------------------------------------------

    def _all(self) -> list[Item]:
        given = self._again.items if self._again is not None else ()
        return found_items(self._context, self._ids, given)

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
        show_elsewhere(
            self._context,
            self._ids,
            banner=self._elsewhere,
            nothing=self._nothing,
            leave_out=self._leave_out,
        )
        show_away(self._banner, items, retry=self._bring)
        session = self._context.session
        user = f" as {session.username}" if session.username else ""
        where = f", on {session.host}{user}" if session.host else ""
        self.subtitle.setText(f"{words.split(' · ')[0]}{where}")
        self._show_button()

    def _leave_out(self) -> None:
        """Make the feed of what is on this server; the tray keeps the rest."""
        self._ids = here_of(self._context, self._ids)
        self._refresh()

    def _show_button(self) -> None:
        step, busy, made = self.body.currentIndex(), self.sending.busy, self._made
        words = "Create feed"
        if made:
            words = "Open feed" if self.first.list.chosen is None else "Add first step"
        self.next_button.setText(words if step == REVIEW else "Next")
        self.next_button.setEnabled(not busy)
        self.back_button.setEnabled(not busy)
        choices = step == FIRST and self._step_page.part == CHOICE
        self.back_button.setVisible(step != TITLE and not (made and choices))
        # what is on its way is not called back by closing the sheet
        gone = made or (busy and self.sending.written)
        self.cancel_button.setText("Close" if gone else "Cancel")
        self.details.setEnabled(not (busy or made))
        self._change.setVisible(not made)
        self.first.setEnabled(not busy)
        self.compute.setEnabled(not busy)

    @property
    def _made(self) -> bool:
        """Whether the feed is made: only what is run on it can be changed here."""
        return self.sending.made is not None

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

    def _add(self, item_ids: list[str]) -> None:
        """Take in what is sent from this computer."""
        self._ids += [one for one in item_ids if one not in self._ids]
        self._refresh()
        self._load_items()
        self.set_note("")

    def _to_library(self) -> None:
        self.reject()
        self._context.navigator.go(ShowLibrary())

    # -- going on --------------------------------------------------------------

    def _propose(self) -> None:
        """Offer a title that says what it is without naming a patient."""
        day = datetime.fromtimestamp(self._context.now()).astimezone().date()
        title = self._again.title if self._again is not None else ""
        self.details.title.setText(title or proposed_title(self.items, day))

    def _say(self, problem: str = "") -> None:
        self.steps.set_step(TITLE, detail=self.details.text, complete=not problem)
        if problem:
            self.set_note("1 field needs attention", kind="failed")
        elif self.body.currentIndex() == REVIEW and self.items:
            sent = self._made or self._local.sent
            self._note_step("" if sent else "Nothing is sent before Create feed.")
        else:
            self.set_note("")

    def _note_step(self, words: str, kind: str = "info") -> None:
        """Say something of the first step; that the feed is made stays said."""
        if self._made:
            words = words or f"{FIRST_STEP} is not there yet."
            words = f"The feed is made; {words[0].lower()}{words[1:]}"
        self.set_note(words, kind=kind)

    def _next(self) -> None:
        step = self.body.currentIndex()
        if self.sending.busy or (step == FIRST and self._step_page.go_on()):
            return
        if step < REVIEW:
            self._go(step + 1)
        elif self._local.busy:
            self._go(DATA)
            self.set_note("Files of this computer are still looked at.", kind="failed")
        elif self._made and self.first.list.chosen is None:
            self._send()
        elif not self.items and not self._made:
            self._go(DATA)
        elif self.compute.problem:
            self._change_compute()
        elif self._made:
            self._send()
        elif self.details.check():
            self._tasks.start(
                ask_to_leave_out(self._context, self._ids),
                name="ask",
                done=self._answered,
            )
        else:
            self.details.title.setFocus(Qt.FocusReason.OtherFocusReason)

    def _answered(self, agreed: bool) -> None:
        if agreed and not self.sending.busy:
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
        if self.sending.busy or step < TITLE:
            return
        if self._made and step < FIRST:
            self._note_step("title and data are changed in the feed itself.")
            return
        self.details.tags.take_text()
        problem = self.details.problem
        if step > TITLE and problem and step != REVIEW:
            step = TITLE
        if step > DATA and not self.items and not self._made:
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
        self._refusal = None
        self.sending.send(
            title=self.details.text,
            items=as_sent(self.items),
            note=self.details.note.toPlainText(),
            tags=self.details.tags.words,
            first=self.compute.placed(self.first.list.chosen),
        )

    def _ended(self, made: MadeFeed) -> None:
        self.created.emit(made.root)
        self.accept()

    def _step_refused(self, answers: Answers) -> None:
        self._refusal = answers
        self._go(FIRST)
        self._show_refusal()

    def _show_refusal(self) -> None:
        """Show a refused step at the field at fault, once its form is known."""
        answers, table = self._refusal, self.compute.table
        if answers is None or answers.error is None:
            return
        words = f"{answers.error.title} {whole_words(answers.error)}".strip()
        if table is not None:
            self._refusal = None
            words = self._step_page.show_refused(table, answers.refused, answers.error)
        several = len(answers.states)
        step = f"step {answers.refused + 1} of {several}" if several > 1 else FIRST_STEP
        self._note_step(f"{step} was refused: {words}", "failed")

    def _refused(self, error: BaseException) -> None:
        """Show at its field what was refused before the feed was made."""
        if not self._made and self.details.refuse(error):
            return
        words = str(error)
        if isinstance(error, Refused) and error.fields:
            words = f"{error.title} {whole_words(error)}"
            if not self._made:
                # all that is left of the run that makes a feed are its data
                self._go(DATA)
                item = self._list.show_meant(words)
                words = f"{item.title}: {words}" if item is not None else words
        self._note_step(words, "failed")
