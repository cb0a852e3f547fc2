"""The sheet that makes a feed: title and note, data, review."""

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from chrislib.cube.errors import Refused
from chrislib.jobs.model import Job
from chrislib.library.model import Item, ItemId
from chrislib.views.context import ViewContext
from chrislib.views.feeds.item_list import ItemList, is_here, may_come
from chrislib.views.feeds.words import size_words
from chrislib.views.navigation import ShowLibrary
from chrislib.views.widgets.banner import Banner
from chrislib.views.widgets.buttons import Field
from chrislib.views.widgets.section import Facts
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.state_view import StateView
from chrislib.views.widgets.text import Label, line

TITLE, DATA, REVIEW = range(3)
TITLE_LIMIT = 100


class CreateFeedSheet(Sheet):
    """Make a feed of library items; a refusal keeps everything that was typed.

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
            steps=["Title and note", "Data", "Review"],
        )
        theme = context.theme
        self._context = context
        self._tasks = context.tasks("create feed")
        self._ids = list(item_ids) or [str(i.item_id) for i in self._tray()]
        self._armed = False
        self._sending = False
        self._proposed = ""
        self._title = Field(theme, name="create.title", label="Title")
        self._title_error = Label(
            theme, style="small", token="state.failed", wrap=True, name="create.error"
        )
        self._note_field = QPlainTextEdit()
        self._list = ItemList(theme, name="create.items", removable=True)
        self._review_list = ItemList(theme, name="create.review.items")
        self._banner = Banner(theme, "info", "")
        self._banner.setObjectName("create.banner")
        self._data_head = Label(theme, style="small", token="text.muted")
        self._review_head = Label(theme, style="small", token="text.muted")
        self._facts = Facts(theme, share=96)
        self._nothing = StateView(
            theme,
            "layers",
            "No data chosen",
            "Tick series, uploads or references in the Library; they are kept in "
            "the tray until a feed is made of them.",
            [("Go to the Library", self._to_library)],
            primary=False,
        )
        for page in (self._title_page(), self._data_page(), self._review_page()):
            self.body.addWidget(page)
        self.back_pressed.connect(lambda: self._go(self.body.currentIndex() - 1))
        self.next_pressed.connect(self._next)
        self.step_chosen.connect(self._go)
        self._list.removed.connect(self._remove)
        self._title.textEdited.connect(self._title_edited)
        self._stop = context.library.subscribe(lambda _change: self._refresh())
        self._propose()
        self._refresh()
        self._go(TITLE)

    def open(self) -> None:
        """Show the sheet with the focus in the title."""
        super().open()
        self._title.setFocus(Qt.FocusReason.OtherFocusReason)
        self._title.selectAll()

    def done(self, result: int) -> None:
        """Close, stop listening, and drop what runs."""
        self._stop()
        self._tasks.cancel_all()
        super().done(result)

    @property
    def items(self) -> list[Item]:
        """The items of the feed, as they are now."""
        tray = {str(item.item_id): item for item in self._tray()}
        found = []
        for item_id in self._ids:
            item = tray.get(item_id) or self._context.library.item(ItemId(item_id))
            if item is not None:
                found.append(item)
        return found

    # -- data ------------------------------------------------------------------

    def _tray(self) -> Sequence[Item]:
        return tuple(self._context.library.tray.items())

    def _refresh(self) -> None:
        """Show items as they are now; send at last when that was wished for."""
        items = self.items
        self._list.items.set_items(items)
        self._review_list.items.set_items(items)
        words = _count_words(items)
        self._data_head.setText(words)
        self._review_head.setText(words)
        self.steps.set_step(DATA, detail=words.split(" · ")[0], complete=bool(items))
        self._list.setVisible(bool(items))
        self._nothing.setVisible(not items)
        away = [item for item in items if not is_here(item)]
        lost = [item for item in away if not may_come(item)]
        self._show_banner(len(away), len(lost))
        self._show_button()
        if self._armed and items and not away:
            self._armed = False
            self._send()

    def _show_banner(self, away: int, lost: int) -> None:
        self._banner.setVisible(away > 0)
        if lost:
            one = (
                "1 item did not arrive."
                if lost == 1
                else (f"{lost:,} items did not arrive.")
            )
            self._banner.show_text(
                "failed", f"{one} Take them out, or try again.", ("Retry", self._bring)
            )
        elif away:
            one = "1 item is" if away == 1 else f"{away:,} items are"
            self._banner.show_text(
                "info",
                f"{one} still on the way. The feed is made as soon as all are here, "
                "while this sheet is open.",
            )

    def _show_button(self) -> None:
        items = self.items
        away = sum(1 for item in items if not is_here(item))
        if self.body.currentIndex() != REVIEW:
            self.next_button.setText("Next")
            self.next_button.setEnabled(True)
            return
        if away and self._armed:
            self.next_button.setText(f"Waits for {away:,}")
            self.next_button.setEnabled(False)
        else:
            self.next_button.setText("Create feed")
            self.next_button.setEnabled(bool(items) and not self._sending)

    def _bring(self) -> None:
        """Ask for what is not here."""
        away = [ItemId(str(i.item_id)) for i in self.items if not is_here(i)]
        if away:
            self._tasks.start(self._context.library.bring(away), name="bring")

    def _remove(self, item_id: str) -> None:
        self._ids = [one for one in self._ids if one != item_id]
        self._refresh()

    def _to_library(self) -> None:
        self.reject()
        self._context.navigator.go(ShowLibrary())

    # -- going on --------------------------------------------------------------

    def _propose(self) -> None:
        """Offer a title that says what it is without naming a patient."""
        items = self.items
        first = items[0] if items else None
        day = datetime.fromtimestamp(self._context.now()).astimezone().date()
        base = "New feed"
        if first is not None:
            base = first.study_description or first.title
            if len(items) > 1:
                base = f"{base} and {len(items) - 1:,} more"
        self._proposed = f"{base[: TITLE_LIMIT - 13]}, {day.isoformat()}"
        self._title.setText(self._proposed)

    def _title_edited(self, _text: str) -> None:
        self._show_title_error(self._title_problem())

    def _title_problem(self) -> str:
        title = self._title.text().strip()
        if not title:
            return "A feed needs a title."
        if len(title) > TITLE_LIMIT:
            return (
                f"The title has {len(title)} characters. "
                f"Up to {TITLE_LIMIT} are allowed."
            )
        return ""

    def _show_title_error(self, message: str) -> None:
        self._title.set_refused(bool(message))
        self._title_error.setText(message)
        self._title_error.setVisible(bool(message))
        if message:
            self.set_note("1 field needs attention", kind="failed")
        else:
            self.set_note("Nothing is sent before Create feed.")

    def _next(self) -> None:
        step = self.body.currentIndex()
        if self._sending:
            return
        if step < REVIEW:
            self._go(step + 1)
        elif any(not is_here(item) for item in self.items):
            self._armed = True
            self._bring()
            self._show_button()
        else:
            self._send()

    def _go(self, step: int) -> None:
        if self._sending:
            return
        problem = self._title_problem()
        if step > TITLE and problem:
            self.show_step(TITLE)
            self._show_title_error(problem)
            self._title.setFocus(Qt.FocusReason.OtherFocusReason)
            self._show_button()
            return
        if step > DATA and not self.items:
            step = DATA
        self.show_step(step)
        self.steps.set_step(
            TITLE, detail=self._title.text().strip(), complete=not problem
        )
        if step == REVIEW:
            rows = [("Title", self._title.text().strip())]
            note = self._note_field.toPlainText().strip()
            if note:
                rows.append(("Note", note.splitlines()[0]))
            rows.append(("First node", "pl-dircopy links the data; nothing is copied"))
            self._facts.show_facts(rows)
            self.next_button.setFocus(Qt.FocusReason.OtherFocusReason)
        self._show_title_error(problem)
        self._show_button()

    def _send(self) -> None:
        self._sending = True
        self.next_button.setEnabled(False)
        self.back_button.setEnabled(False)
        self.set_note("Sending")
        self._tasks.start(
            self._context.feeds.create_feed(
                title=self._title.text().strip(),
                items=self.items,
                note=self._note_field.toPlainText(),
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
        self.back_button.setEnabled(True)
        self._show_button()
        if isinstance(error, Refused) and "title" in error.fields:
            self.show_step(TITLE)
            self._show_button()
            self._show_title_error(error.fields["title"])
            self._title.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        words = str(error)
        if isinstance(error, Refused) and error.fields:
            words = f"{error.title} {' '.join(error.fields.values())}"
        self.set_note(words, kind="failed")

    # -- pages -----------------------------------------------------------------

    def _title_page(self) -> QWidget:
        theme = self._context.theme
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(6)
        column.addWidget(Label(theme, "Title and note", style="section"))
        column.addSpacing(8)
        column.addWidget(Label(theme, "Title", style="small", token="text.secondary"))
        column.addWidget(self._title)
        column.addWidget(self._title_error)
        column.addSpacing(8)
        column.addWidget(Label(theme, "Note", style="small", token="text.secondary"))
        self._note_field.setObjectName("create.note")
        self._note_field.setAccessibleName("Note")
        self._note_field.setPlaceholderText("Optional")
        self._note_field.setTabChangesFocus(True)
        self._note_field.setFont(theme.font("body"))
        self._note_field.setMaximumHeight(160)
        column.addWidget(self._note_field)
        column.addStretch(1)
        self._title_error.hide()
        return page

    def _data_page(self) -> QWidget:
        theme = self._context.theme
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 16, 0, 0)
        column.setSpacing(8)
        head = QHBoxLayout()
        head.setContentsMargins(24, 0, 24, 4)
        head.addWidget(Label(theme, "Data", style="section"))
        head.addWidget(self._data_head, 1)
        column.addLayout(head)
        column.addWidget(line())
        column.addWidget(self._list, 1)
        column.addWidget(self._nothing, 1)
        return page

    def _review_page(self) -> QWidget:
        theme = self._context.theme
        page = QWidget()
        left = QVBoxLayout()
        left.setContentsMargins(24, 16, 24, 16)
        left.setSpacing(8)
        left.addWidget(Label(theme, "Review", style="section"))
        left.addWidget(self._facts)
        left.addStretch(1)
        head = QHBoxLayout()
        head.setContentsMargins(24, 16, 24, 4)
        head.addWidget(Label(theme, "Data", style="section"))
        head.addWidget(self._review_head, 1)
        right = QVBoxLayout()
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(8)
        right.addLayout(head)
        right.addWidget(self._banner)
        right.addWidget(self._review_list, 1)
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addLayout(left, 1)
        row.addWidget(line(vertical=True))
        row.addLayout(right, 1)
        return page


def _count_words(items: Sequence[Item]) -> str:
    """Return "7 items · 2 patients · 448 MB"."""
    count = len(items)
    words = ["1 item" if count == 1 else f"{count:,} items"]
    patients = {(item.patient_id, item.patient_name) for item in items}
    patients.discard(("", ""))
    if patients:
        number = len(patients)
        words.append("1 patient" if number == 1 else f"{number:,} patients")
    size = sum(item.size or 0 for item in items)
    if size:
        words.append(size_words(size))
    return " · ".join(words)
