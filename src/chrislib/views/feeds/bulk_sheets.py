"""Rename, duplicate, merge, get and delete: what each sheet shows and asks."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from chrislib.aio import Breather
from chrislib.feeds.bulk import Weight, copy_title, folder_names, merge_title
from chrislib.feeds.model import FeedRow
from chrislib.feeds.renaming import (
    PLACEHOLDERS,
    new_title,
    problem_of,
    unknown_marks,
)
from chrislib.feeds.states import feed_words
from chrislib.jobs.model import Job
from chrislib.library.words import count as counted
from chrislib.views.context import ViewContext
from chrislib.views.feeds.bulk_sheet import BulkSheet, BulkWords, feeds_words
from chrislib.views.feeds.bulk_table import BulkModel, BulkTable
from chrislib.views.feeds.words import files_words
from chrislib.views.widgets.buttons import Field
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.text import Label

_LINKS = (
    "The first node links to the files, as a new feed does to data of the Library; "
    "nothing is copied. Once an old feed is deleted, its files are gone here, too."
)


class RenameSheet(BulkSheet):
    """A pattern, and each feed's new title as it is typed."""

    def __init__(
        self, window: QWidget, context: ViewContext, rows: Sequence[FeedRow]
    ) -> None:
        super().__init__(
            window,
            context,
            rows,
            words=BulkWords(
                "Rename feeds",
                "Nothing is renamed before you press the button.",
                verb="Rename",
                past="renamed",
                heading="New title",
            ),
            act=lambda rows, told: context.feeds.bulk.rename(
                rows, self._titles, told=told
            ),
            name="feeds.rename",
        )
        theme = context.theme
        self._titles: dict[int, str] = {}
        self._pattern = Field(theme, name="feeds.rename.pattern", label="Pattern")
        self._pattern.setText("{name}")
        self._start = Field(theme, name="feeds.rename.start", label="Numbers start at")
        self._start.setText("1")
        self._start.setMaxLength(6)
        self._start.setFixedWidth(theme.px(120))
        marks = " · ".join(f"{mark} {words}" for mark, words in PLACEHOLDERS)
        fields = QWidget()
        grid = QGridLayout(fields)
        grid.setContentsMargins(0, 0, 0, 4)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(4)
        for column, words in enumerate(("Pattern", "Numbers start at")):
            head = Label(theme, words, style="caption", token="text.secondary")
            grid.addWidget(head, 0, column)
        grid.addWidget(self._pattern, 1, 0)
        grid.addWidget(self._start, 1, 1)
        help_ = Label(theme, marks, style="caption", token="text.muted", wrap=True)
        grid.addWidget(help_, 2, 0, 1, 2)
        grid.setColumnStretch(0, 1)
        self.add_above(fields)
        self._places = {row.id: place for place, row in enumerate(rows)}
        self._checking = self.own(context.tasks("feeds.rename check"))
        self._pattern.textChanged.connect(self._preview)
        self._start.textChanged.connect(self._preview)
        self.model.set_then(self._title)
        self._preview()

    def _number(self) -> int | None:
        """Return what {n} begins with, None where that is no number."""
        text = self._start.text().strip()
        return int(text) if text.isdecimal() and text.isascii() else None

    def _title(self, row: FeedRow) -> str:
        """Return a new title; numbers go on where a first try left off."""
        number = (self._number() or 0) + self._places[row.id]
        return new_title(self._pattern.text(), row, number)

    def _preview(self, *_change: object) -> None:
        """Show the titles, and look whether all of them can be used."""
        self.model.forget_failures()
        self.next_button.setEnabled(False)
        self._checking.cancel_all()
        self._start.set_refused(self._number() is None)
        if self._number() is None:
            self.set_note("Numbers start at a whole number, 0 or more.", kind="failed")
            return
        self._checking.start(self._check(), name="titles")

    async def _check(self) -> None:
        breather, titles, problem, same = Breather(), {}, "", 0
        for row in self.rows:
            await breather.rest()
            title = titles[int(row.id)] = self._title(row)
            problem = problem or problem_of(title)
            same += title == row.sent_title
        self._titles = titles
        self._pattern.set_refused(bool(problem))
        self.next_button.setEnabled(not problem and same < len(titles))
        unknown = unknown_marks(self._pattern.text())
        if problem:
            self.set_note(problem, kind="failed")
        elif unknown:
            self.set_note(f"{unknown[0]} means nothing; it stays as it is.")
        elif same:
            self.set_note(
                "The titles stay as they are."
                if same == len(titles)
                else f"{feeds_words(same)} keep the title."
            )
        else:
            self.set_note("")


class DuplicateSheet(BulkSheet):
    """A new feed of the files of each."""

    def __init__(
        self, window: QWidget, context: ViewContext, rows: Sequence[FeedRow]
    ) -> None:
        titles = {int(row.id): copy_title(row) for row in rows}
        super().__init__(
            window,
            context,
            rows,
            words=BulkWords(
                "Duplicate feeds",
                "A new feed is made of the files of each.",
                verb="Duplicate",
                past="duplicated",
                heading="New feed",
            ),
            act=lambda rows, told: context.feeds.bulk.duplicate(
                rows, titles, told=told
            ),
            name="feeds.duplicate",
        )
        self.model.set_then(lambda row: titles[row.id])
        self.add_above(_small(context, _LINKS))


class DownloadSheet(BulkSheet):
    """Each feed goes to a folder of its own; Jobs does it in the background."""

    def __init__(
        self,
        window: QWidget,
        context: ViewContext,
        rows: Sequence[FeedRow],
        *,
        folder: Path,
    ) -> None:
        names = folder_names(rows)
        super().__init__(
            window,
            context,
            rows,
            words=BulkWords(
                "Get feeds",
                f"To {folder.name}. Files that are there already stay and are not "
                "fetched again.",
                verb="Get",
                past="on the way",
                heading="Folder",
                told=False,
            ),
            act=lambda rows, told: context.feeds.bulk.download(rows, folder, told=told),
            name="feeds.download",
        )
        self.model.set_then(lambda row: names[row.id])


class DeleteSheet(BulkSheet):
    """Says what goes along, then deletes."""

    def __init__(
        self, window: QWidget, context: ViewContext, rows: Sequence[FeedRow]
    ) -> None:
        super().__init__(
            window,
            context,
            rows,
            words=BulkWords(
                f"Delete {feeds_words(len(rows))} on the server?",
                "With all their files, for everybody. This cannot be undone.",
                verb="Delete",
                past="deleted",
                heading="Takes along",
            ),
            act=lambda rows, told: context.feeds.bulk.delete(rows, told=told),
            name="feeds.delete",
            danger=True,
        )
        self._counting = self.own(context.tasks("feeds.delete count"))
        me = context.session.username
        self._others = sorted({row.owner for row in rows if row.owner != me})
        self._sure = not self._others
        self.model.set_then(lambda row: feed_words(row.states))
        self._facts = Label(
            context.theme, style="strong", name="feeds.delete.facts", wrap=True
        )
        self._active = Label(
            context.theme, style="small", name="feeds.delete.active", wrap=True
        )
        self._active.hide()
        self.add_above(self._facts)
        self.add_above(self._active)
        self._facts.setText("Counting nodes and files …")
        self.next_button.setEnabled(False)
        self.set_note("Counting what goes along")
        self._counting.start(
            context.feeds.bulk.weigh(rows, told=self._counted),
            name="weigh",
            done=self._weighed,
            failed=self._not_weighed,
        )

    def open(self) -> None:
        """Show the sheet; the key first pressed takes nothing away."""
        super().open()
        self.cancel_button.setFocus()

    def _press(self) -> None:
        """Ask twice where feeds of others go: a server lets whoever shares them."""
        if self._sure or self.running:
            super()._press()
            return
        self._sure = True
        count = sum(row.owner in self._others for row in self.rows)
        names = ", ".join(self._others[:3])
        names += "" if len(self._others) < 4 else f" and {len(self._others) - 3} more"
        belong = "1 feed belongs" if count == 1 else f"{count:,} feeds belong"
        self.set_note(
            f"{belong} to {names}. Press again to delete for them, too.", kind="failed"
        )

    def only_failures(self) -> None:
        """Take away what was counted: part of it is gone."""
        self._facts.hide()
        self._active.hide()

    def _counted(self, done: int, total: int) -> None:
        if not self.running and total > 1:
            self.set_note(f"Counting what goes along: {done:,} of {total:,}")

    def _weighed(self, weight: Weight) -> None:
        files = files_words(weight.files, weight.size or 0)
        if weight.size is None:
            files = f"{weight.files:,} files"
        self._facts.setText(f"{counted(weight.nodes, 'node')} · {files}")

        def along(row: FeedRow) -> str:
            states = weight.states.get(row.id, row.states)
            return feed_words(states) if states else "Gone already"

        self.model.set_then(along)
        said = []
        if weight.active:
            are = (
                "has not finished and is"
                if weight.active == 1
                else ("have not finished and are")
            )
            said.append(f"{counted(weight.active, 'node')} {are} cancelled.")
        if weight.unknown:
            said.append(
                f"The files of {feeds_words(weight.unknown)} could not be counted; "
                "they go along, too."
            )
        self._active.setText(" ".join(said))
        self._active.set_token("state.errors" if weight.active else "text.secondary")
        self._active.setVisible(bool(said))
        self._ready()

    def _not_weighed(self, error: BaseException) -> None:
        self._facts.setText("What goes along could not be counted.")
        self._active.setText(getattr(error, "title", ""))
        self._active.show()
        self._ready()

    def _ready(self) -> None:
        self.set_note("What you saved on this computer stays.")
        self.next_button.setEnabled(True)


class MergeSheet(Sheet):
    """One new feed of the files of several, under a title."""

    made = Signal(Job)

    def __init__(
        self, window: QWidget, context: ViewContext, rows: Sequence[FeedRow]
    ) -> None:
        super().__init__(
            window,
            context.theme,
            "Merge feeds",
            f"One new feed of the files of {feeds_words(len(rows))}.",
            width=760,
            height=520,
        )
        self.setObjectName("feeds.merge")
        theme = context.theme
        self._context = context
        self._rows = tuple(rows)
        self._tasks = self.own(context.tasks("feeds.merge"))
        self._field = Field(theme, name="feeds.merge.title", label="Title")
        self._field.setText(merge_title(rows))
        self._field.selectAll()
        model = BulkModel(rows, "Nodes")
        model.set_then(lambda row: feed_words(row.states))
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 16, 24, 0)
        column.setSpacing(8)
        head = Label(theme, "Title", style="caption", token="text.secondary")
        for piece in (head, self._field, _small(context, _LINKS)):
            column.addWidget(piece)
        column.addWidget(BulkTable(theme, model), 1)
        self.body.addWidget(page)
        self.next_button.setText(f"Merge {feeds_words(len(rows))}")
        self.next_pressed.connect(self._press)

    def open(self) -> None:
        """Show the sheet with the cursor in its field."""
        super().open()
        self._field.setFocus()

    def _press(self) -> None:
        title = self._field.text().strip()
        if not title:
            self._field.set_refused(True)
            self.set_note("The title is empty. Enter a title.", kind="failed")
            return
        self._field.set_refused(False)
        self.next_button.setEnabled(False)
        self.set_note("Making the feed")
        self._tasks.start(
            self._context.feeds.bulk.merge(self._rows, title),
            name="merge",
            done=self._made,
            failed=self._failed,
        )

    def _made(self, job: Job) -> None:
        self.accept()
        self.made.emit(job)

    def _failed(self, error: BaseException) -> None:
        self.next_button.setEnabled(True)
        self.set_note(str(error), kind="failed")


def _small(context: ViewContext, words: str) -> Label:
    return Label(context.theme, words, style="small", token="text.secondary", wrap=True)
