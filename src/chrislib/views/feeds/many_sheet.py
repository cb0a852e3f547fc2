"""The sheet that runs the same recipe on many: recipe, subjects, compute, review."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QVBoxLayout, QWidget

from chrislib.errors import ChrislibError
from chrislib.feeds.many import ManyTable
from chrislib.feeds.many_csv import Meaning, rows_of
from chrislib.feeds.many_keeping import carry, lost_words
from chrislib.feeds.many_model import REFUSED, Column
from chrislib.feeds.recipes import Recipe
from chrislib.feeds.subjects import Subject
from chrislib.library.model import Item, ItemId
from chrislib.library.words import count
from chrislib.tables import Table
from chrislib.views.context import ViewContext
from chrislib.views.feeds.create_feed_first import NOTHING
from chrislib.views.feeds.many_columns import ManyColumnsSheet
from chrislib.views.feeds.many_compute import ComputePage
from chrislib.views.feeds.many_recipe import RecipePage
from chrislib.views.feeds.many_review import ReviewPage, left_words
from chrislib.views.feeds.many_saving import save_text
from chrislib.views.feeds.many_table import ManyPage
from chrislib.views.widgets.banner import Banner
from chrislib.views.widgets.elsewhere import here_of, places_of, where_words
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.state_view import StateView

RECIPE, SUBJECTS, COMPUTE, REVIEW = range(4)
Rows = tuple[list[Subject], list[dict[Column, str]], list[str]]


class ManySheet(Sheet):
    """Make a feed of each of many subjects, all with the same recipe.

    Nothing is sent before the last button; what was typed stays while one goes back
    and forth.

    Parameters
    ----------
    item_ids : sequence of str
        What the rows are made of; none means what is in the tray.
    recipe : Recipe, optional
        Chosen already: the sheet begins with the subjects.

    Signals
    -------
    started : (str, str)
        A batch was written down: its key and its title.
    """

    started = Signal(str, str)

    def __init__(
        self,
        window: QWidget,
        context: ViewContext,
        item_ids: Sequence[str],
        *,
        recipe: Recipe | None = None,
    ) -> None:
        super().__init__(
            window,
            context.theme,
            "Same recipe on many",
            "A feed for each subject, started together",
            steps=["Recipe", "Subjects and values", "Compute", "Review"],
        )
        self.setObjectName("many")
        theme = context.theme
        self._context = context
        self._tasks = self.own(context.tasks("same recipe on many"))
        tray = context.library.tray.items()
        ids = list(item_ids) or [str(item.item_id) for item in tray]
        self._elsewhere = places_of(context, ids)
        self._ids = [ItemId(one) for one in here_of(context, ids)]
        self._table: ManyTable | None = None
        self._busy = False
        self.recipe = RecipePage(context)
        self.page = ManyPage(context)
        self.compute = ComputePage(theme)
        self.review = ReviewPage(context)
        self._banner = Banner(theme, "warn", "")
        self._banner.setObjectName("many.banner")
        self._nothing = StateView(
            theme,
            "layers",
            "No subjects yet",
            "Tick series in the Library first, or take rows from a table: open a CSV, "
            "or copy cells in a spreadsheet and press Paste.",
            [("Open CSV", self._open_csv), ("Paste", self._paste)],
            primary=False,
        )
        for page in (
            self.recipe,
            self._subjects_page(),
            self.compute,
            self.review,
        ):
            self.body.addWidget(page)
        self._connect()
        self._stop = context.library.subscribe(lambda _change: self._renew())
        self._show_elsewhere()
        self._show_subjects()
        if recipe is not None:
            self.recipe.take(recipe)
        self._go(RECIPE)
        if recipe is not None:
            self._next()

    @property
    def table(self) -> ManyTable | None:
        """The rows and their values, None before a recipe was chosen."""
        return self._table

    def done(self, result: int) -> None:
        """Close, stop listening, and drop what runs."""
        self._stop()
        self.recipe.shutdown()
        super().done(result)

    # -- rows ------------------------------------------------------------------

    def items(self) -> list[Item]:
        """Return what the rows are made of, as it is now."""
        tray = {item.item_id: item for item in self._context.library.tray.items()}
        found = [tray.get(one) or self._context.library.item(one) for one in self._ids]
        return [item for item in found if item is not None]

    def take_table(self, table: Table, meaning: Meaning) -> None:
        """Have the rows of a CSV."""
        self.set_note("Looking for the data of each row")
        many = self._table  # its columns are meant, whatever is chosen meanwhile
        self._tasks.start(
            self._match(table, meaning),
            name="match rows",
            done=lambda rows: self._matched(rows, many),
        )

    async def _match(self, table: Table, meaning: Meaning) -> Rows:
        """Find what each row means (thread)."""
        library = self._context.library
        everything = await library.items()
        elsewhere = library.tray.elsewhere
        here = [item for item in everything if not elsewhere(item.item_id)]
        return await asyncio.to_thread(rows_of, table, meaning, here)

    def _matched(self, rows: Rows, many: ManyTable | None) -> None:
        now = self._table
        if many is None or now is None:
            return
        subjects, values, titles = rows
        try:
            many.set_subjects(subjects, values, titles=titles)
        except ChrislibError as error:
            self.set_note(str(error), kind="failed")
            return
        self.page.set_from_table(True)
        lost = carry(many, now) if many is not now else []
        self.page.show_table(now)
        self._show_subjects()
        self.set_note(lost_words(now, lost))

    def _renew(self) -> None:
        if self._table is not None and self._table.rows:
            library = self._context.library
            ids = {
                item.item_id
                for row in self._table.rows
                for item in row.subject.items
                if item.item_id
            }
            found = [library.item(ItemId(str(one))) for one in ids]
            if self._table.renew([item for item in found if item is not None]):
                self.page.refresh()

    def _open_csv(self) -> None:
        self._tasks.start(self._choose_csv(), name="open a table")

    async def _choose_csv(self) -> None:
        home = Path.home()
        found = await self._context.dialogs.open_files("Open a table", home)
        if found:
            self._show_columns(found[0])

    def _paste(self) -> None:
        text = QGuiApplication.clipboard().text()
        if not text.strip():
            self.set_note(
                "There is nothing to paste: copy cells with their heads first.",
                kind="failed",
            )
            return
        self._show_columns(text)

    def _show_columns(self, source: Path | str) -> None:
        if self._table is None:
            return
        sheet = ManyColumnsSheet(
            self.window(), self._context, source=source, slots=self._table.slots
        )
        sheet.chosen.connect(self.take_table)
        sheet.open()

    # -- going on --------------------------------------------------------------

    def _connect(self) -> None:
        self.back_pressed.connect(self._back)
        self.next_pressed.connect(self._next)
        self.step_chosen.connect(self._jump)
        self.recipe.moved.connect(self._show_recipe)
        self.recipe.said.connect(lambda words, kind: self.set_note(words, kind=kind))
        self.page.changed.connect(self._count)
        self.page.csv_wanted.connect(self._open_csv)
        self.page.paste_wanted.connect(self._paste)
        self.page.said.connect(self.set_note)
        self.compute.changed.connect(self._used_otherwise)
        for dry in (self.page.dry, self.review.dry):
            dry.save_wanted.connect(self._save)

    def _next(self) -> None:
        step = self.body.currentIndex()
        if self._busy:
            return
        if step == RECIPE:
            if not self.recipe.go_on():
                self._use_recipe(SUBJECTS)
        elif step == SUBJECTS:
            if self._table is None or not self._table.rows:
                self.set_note("There are no subjects yet.", kind="failed")
            elif not self._table.to_start() and self.page.first_refused():
                self.set_note(left_words(self._table), kind="failed")
            elif not self._warned() and self.page.first_refused():
                # the second press goes on without them
                self._seen = left_words(self._table)
                self.set_note(
                    f"{left_words(self._table)}. Correct them, or press Next again "
                    "to go on without them.",
                    kind="failed",
                )
            else:
                self._go(COMPUTE)
        elif step == COMPUTE:
            self._go(REVIEW)
        else:
            self._start()

    _seen = ""

    def _warned(self) -> bool:
        """Whether the rows that are refused now were said already."""
        return self._table is not None and self._seen == left_words(self._table)

    def _back(self) -> None:
        step = self.body.currentIndex()
        if not (step == RECIPE and self.recipe.go_back()) and step > RECIPE:
            self._go(step - 1)

    def _jump(self, step: int) -> None:
        if self._busy:
            return
        if step > RECIPE and (self._table is None or self._changed()):
            self._use_recipe(step)
        else:
            self._go(step)

    def _changed(self) -> bool:
        """Whether another recipe is chosen than the table is for."""
        chosen = self.recipe.chosen or NOTHING
        return self._table is not None and self._table.recipe is not chosen

    def _use_recipe(self, then: int) -> None:
        """Ask for the forms of the recipe, then go on."""
        if self._table is not None and not self._changed():
            self._go(then)
            return
        self._busy = True
        self._show_button()
        self.set_note("Asking for the parameters")
        self._tasks.start(
            self._context.feeds.many.table(self.recipe.chosen or NOTHING),
            name="recipe",
            done=lambda table: self._take(table, then),
            failed=self._failed,
        )

    def _take(self, table: ManyTable, then: int) -> None:
        before, said = self._table, ""
        self._busy = False
        self._table = table
        if before is not None:
            said = lost_words(table, carry(before, table))
        self.page.show_table(table)
        try:
            if not table.rows:
                self.page.group(self.items())
        except ChrislibError as error:
            said = str(error)
        self.compute.show_table(table)
        self._go(then)
        if said:
            self.set_note(said, kind="info" if table.rows else "failed")

    def _failed(self, error: BaseException) -> None:
        self._busy = False
        self._show_button()
        if isinstance(error, ChrislibError):
            words = " ".join(part for part in (str(error), error.hint) if part)
            self.set_note(words, kind="failed")
        else:
            self.set_note("")
            self._context.messages.failed(error)

    def _used_otherwise(self) -> None:
        self._count()
        self.set_note(self.compute.runs.problem_words, kind="failed")

    def _go(self, step: int) -> None:
        wrong = step > COMPUTE and bool(self.compute.runs.problem_words)
        step = COMPUTE if wrong else step
        self.show_step(step)
        if step == SUBJECTS:
            self._show_subjects()
            self.page.view.setFocus(Qt.FocusReason.OtherFocusReason)
        elif step == COMPUTE:
            self.compute.runs.go_in()
        elif step == REVIEW:
            self.review.show_rows(self.page.model)
        elif step == RECIPE:
            self.recipe.head.list.setFocus(Qt.FocusReason.OtherFocusReason)
        self.set_note(self.compute.runs.problem_words if wrong else "", kind="failed")
        if wrong:
            self.compute.runs.ask()
        self._count()

    # -- what is shown ---------------------------------------------------------

    def _show_recipe(self) -> None:
        chosen = self.recipe.chosen or NOTHING
        words = chosen.title if chosen.steps else "Only the data"
        self.steps.set_step(RECIPE, detail=words, complete=True)
        self._show_button()

    def _show_subjects(self) -> None:
        table = self._table
        empty = table is not None and not table.rows
        self._nothing.setVisible(empty)
        self.page.setVisible(not empty)

    def _show_elsewhere(self) -> None:
        self._banner.setVisible(bool(self._elsewhere))
        if self._elsewhere:
            self._banner.show_text(
                "warn",
                f"{where_words(self._elsewhere)} and not among the rows: feeds are "
                "made on one server. Connect there to run on them.",
                ("All right", self._banner.hide),
            )

    def _count(self) -> None:
        """Say at the left and in the foot how many rows there are."""
        table = self._table
        if table is None:
            self._show_button()
            return
        can, refused = len(table.to_start()), left_words(table)
        detail = count(len(table.rows), "row")
        bad = table.counts().get(REFUSED, 0)
        detail += f", {bad:,} refused" if bad else ""
        self.steps.set_step(SUBJECTS, detail=detail, complete=bool(can) and not refused)
        uses = dict.fromkeys(slot.use_words for slot in table.slots)
        self.steps.set_step(
            COMPUTE,
            detail=", ".join(uses) or "Nothing is computed",
            complete=bool(can) and not table.use_problems,
        )
        self.subtitle.setText(
            f"{table.recipe.detail if table.recipe.steps else 'Only the data'} · "
            f"{count(can, 'subject')} · {count(can * table.runs_each, 'node')}"
        )
        if self.body.currentIndex() == REVIEW:
            self.review.show_rows(self.page.model)
        self._show_button()

    def _show_button(self) -> None:
        step = self.body.currentIndex()
        self.next_button.setText("Next")
        if step == REVIEW and self._table is not None:
            can = len(self._table.to_start())
            self.next_button.setText(f"Start {count(can, 'feed')}")
        self.next_button.setEnabled(not self._busy)
        self.back_button.setEnabled(not self._busy)
        self.back_button.setVisible(step > RECIPE or self.recipe.is_deep)

    # -- starting --------------------------------------------------------------

    def _start(self) -> None:
        table = self._table
        if table is None or self._busy:
            return
        number = len(table.to_start())
        title = f"{table.recipe.title} on {count(number, 'subject')}"
        if not table.recipe.steps:
            title = count(number, "feed")
        self._busy = True
        self._show_button()
        self.set_note("Writing them down")
        self._tasks.start(
            self._send(table, title),
            name="start",
            done=lambda key: self._sent(key, title),
            failed=self._failed,
        )

    async def _send(self, table: ManyTable, title: str) -> str:
        """Put the feeds together in a thread and have them made (disk, network)."""
        plans = await asyncio.to_thread(table.plans)
        return await self._context.feeds.many.start(plans, title)

    def _sent(self, key: str, title: str) -> None:
        self._busy = False
        self.accept()
        self.started.emit(key, title)

    def _save(self, text: str) -> None:
        self._tasks.start(
            save_text(self._context, text, name="dry run"), name="save the dry run"
        )

    # -- pages -----------------------------------------------------------------

    def _subjects_page(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._banner)
        column.addWidget(self.page, 1)
        column.addWidget(self._nothing, 1)
        return page
