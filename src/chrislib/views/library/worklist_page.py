"""A work list on screen: every row with its state, pulled and reported from here."""

from collections.abc import Sequence

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from chrislib.errors import ChrislibError
from chrislib.library.words import count, join, series
from chrislib.library.worklist.asking import criteria_of
from chrislib.library.worklist.model import (
    ListChange,
    ListId,
    ListRow,
    RowState,
    RunState,
)
from chrislib.library.worklist.opened import OpenList
from chrislib.pacs.types import pacs_words
from chrislib.views.context import ViewContext
from chrislib.views.library.choice_sheet import ChoiceSheet
from chrislib.views.library.worklist_model import WorkListModel
from chrislib.views.library.worklist_view import WorkListView
from chrislib.views.widgets.banner import Banner
from chrislib.views.widgets.buttons import Segments, button
from chrislib.views.widgets.text import ElidedLabel, Label, line

_FILTERS: dict[str, tuple[str, tuple[RowState, ...]]] = {
    "all": ("All", ()),
    "found": ("Found", (RowState.FOUND, RowState.STOPPED)),
    "ambiguous": ("Ambiguous", (RowState.AMBIGUOUS,)),
    "missing": ("Missing", (RowState.MISSING,)),
    "refused": ("Refused", (RowState.REFUSED,)),
    "pulled": ("Pulled", (RowState.PULLED, RowState.PULLING)),
}


class WorkListPage(QWidget):
    """One list.

    Signals
    -------
    left
        Back to PACS Lookup.
    shown : Criteria
        Look at this row in PACS Lookup.
    """

    left = Signal()
    shown = Signal(object)

    def __init__(self, ctx: ViewContext) -> None:
        super().__init__()
        self._ctx = ctx
        self._lists = ctx.library.work_lists
        self._tasks = ctx.tasks("work list")
        self._pulls = ctx.tasks("work list pulls")
        self._known: OpenList | None = None
        self._filter = "all"
        self._changed: set[int] = set()
        self.setObjectName("library.worklist")
        self.setAccessibleName("Work list")
        self._model = WorkListModel(
            hidden=lambda: bool(ctx.settings.get("hide_names")), parent=self
        )
        self._view = WorkListView(ctx.theme, self._model)
        self._build()
        self._model.wanted.connect(self._fetch)
        self._view.acted.connect(self._act)
        self._view.shown.connect(self._show_row)
        self._view.key_pressed.connect(self._key)
        self._flush = QTimer(self)
        self._flush.setSingleShot(True)
        self._flush.setInterval(250)
        self._flush.timeout.connect(self._repaint)
        self._unsubscribe = self._lists.subscribe(self._on_change)

    def _build(self) -> None:
        theme = self._ctx.theme
        back = button(
            theme,
            "PACS Lookup",
            kind="quiet",
            icon="arrow-left",
            name="worklist.back",
            tooltip="The list stays and goes on",
        )
        back.clicked.connect(self.left)
        self._title = Label(theme, style="page", name="worklist.title")
        self._summary = ElidedLabel(
            theme, style="small", token="text.muted", name="worklist.summary"
        )
        self._run = button(theme, "Continue", name="worklist.run", icon="play")
        self._run.clicked.connect(self._run_or_pause)
        self._save = button(
            theme,
            "Save report",
            icon="file-spreadsheet",
            name="worklist.report",
            tooltip="Every row and what became of it, as CSV",
        )
        self._save.clicked.connect(self._report)
        self._add = button(
            theme,
            "Add all found",
            kind="primary",
            icon="arrow-down-to-line",
            name="worklist.add",
            tooltip="Pull what was found and is not in your library yet (Ctrl+Return)",
        )
        self._add.clicked.connect(self.primary)
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(self._title)
        head.addWidget(self._summary, 1)
        for part in (self._run, self._save, self._add):
            head.addWidget(part)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Rows asked")
        self._segments = Segments(
            theme,
            [(key, words, "") for key, (words, _) in _FILTERS.items()],
            name="worklist.filter",
        )
        self._segments.chosen.connect(self._choose_filter)
        middle = QHBoxLayout()
        middle.addWidget(self._segments)
        middle.addStretch(1)
        self._where = Label(theme, style="small", token="text.muted")
        middle.addWidget(self._where)
        top = QWidget()
        column = QVBoxLayout(top)
        column.setContentsMargins(20, 8, 16, 10)
        column.setSpacing(8)
        first = QHBoxLayout()
        first.addWidget(back)
        first.addStretch(1)
        column.addLayout(first)
        column.addLayout(head)
        column.addWidget(self._bar)
        column.addLayout(middle)
        self._banner = Banner(theme, "warn", "")
        self._banner.setObjectName("worklist.banner")
        self._banner.hide()
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(top)
        whole.addWidget(line())
        whole.addWidget(self._banner)
        whole.addWidget(self._view, 1)

    # --- showing ------------------------------------------------------------------

    @property
    def list_id(self) -> ListId | None:
        """The list that is shown."""
        return self._known.head.list_id if self._known is not None else None

    def show_list(self, list_id: ListId) -> None:
        """Show a list (disk)."""
        self._known = None
        self._model.show(None, ())
        head = self._lists.head(list_id)
        self._title.setText(head.title if head is not None else "")
        self._summary.setText("Opening …")
        self._filter = "all"
        self._segments.choose("all")
        self._tasks.start(self._lists.open(list_id), name="open", done=self._opened)

    def _opened(self, known: OpenList) -> None:
        self._known = known
        self._refill()
        self._dress()
        self._view.setFocus()

    def _refill(self) -> None:
        if self._known is not None:
            states = _FILTERS[self._filter][1]
            self._model.show(self._known, self._known.numbers(states))

    def _choose_filter(self, key: str) -> None:
        self._filter = key
        self._refill()

    def _dress(self) -> None:
        known = self._known
        if known is None:
            return
        head, counts = known.head, known.counts
        waiting = counts[RowState.WAITING]
        done = head.total - waiting
        for key, (words, states) in _FILTERS.items():
            number = sum(counts[state] for state in states) if states else head.total
            self._segments.set_label(key, f"{words} {number:,}")
        asking = head.state is RunState.ASKING
        where = pacs_words(head.pacs)
        self._where.setText(f"Asking {where}" if asking else f"Asked of {where}")
        self._summary.setText(
            join(
                f"{done:,} of {count(head.total, 'row')} asked",
                f"{counts[RowState.PULLING]:,} on the way"
                if counts[RowState.PULLING]
                else "",
            )
        )
        self._bar.setRange(0, max(1, head.total))
        self._bar.setValue(done)
        self._bar.setVisible(asking or waiting > 0)
        self._run.setText("Pause" if asking else "Continue")
        self._run.set_icon("minus" if asking else "play")
        self._run.setVisible(asking or waiting > 0)
        found = counts[RowState.FOUND] + counts[RowState.STOPPED]
        self._add.setText(f"Add {count(found, 'row')}" if found else "Add all found")
        self._add.setEnabled(found > 0)
        # where the tray holds something, Create feed is the one primary button
        full = len(self._ctx.library.tray) > 0
        self._add.set_kind("secondary" if full else "primary")
        if head.reason and not asking:
            self._banner.show_text(
                "warn", head.reason, ("Continue", self._run_or_pause)
            )
        self._banner.setVisible(bool(head.reason) and not asking)

    def _on_change(self, change: ListChange) -> None:
        if self._known is None or change.list_id != self._known.head.list_id:
            return
        self._changed.update(change.rows)
        if not self._flush.isActive():
            self._flush.start()

    def _repaint(self) -> None:
        changed, self._changed = self._changed, set()
        self._model.changed(changed)
        self._dress()

    def _fetch(self, numbers: list[int]) -> None:
        if self.list_id is not None:
            self._tasks.start(
                self._lists.rows(self.list_id, numbers),
                name="read rows",
                done=self._model.fill,
            )

    # --- doing --------------------------------------------------------------------

    def primary(self) -> None:
        """Pull everything that was found and is not here."""
        if self._add.isEnabled():
            self._pull(None)

    def focus_filter(self) -> None:
        """Put the focus on the states."""
        self._segments.setFocus()

    def shutdown(self) -> None:
        """Stop listening; a list that is asked goes on."""
        self._unsubscribe()
        self._flush.stop()
        self._tasks.cancel_all()
        self._pulls.cancel_all()

    def _run_or_pause(self) -> None:
        known = self._known
        if known is None:
            return
        asking = known.head.state is RunState.ASKING
        verb = self._lists.pause if asking else self._lists.start
        self._tasks.start(verb(known.head.list_id), name="run or pause")

    def _pull(self, numbers: Sequence[int] | None) -> None:
        if self.list_id is not None:
            self._pulls.start(
                self._lists.pull(self.list_id, numbers),
                name="pull rows",
                done=self._pulled,
            )

    def _pulled(self, asked: int) -> None:
        if not asked:
            self._ctx.messages.info("Everything of it is in your library already.")
            return
        self._ctx.messages.info(
            f"{series(asked)} asked for", "Their rows follow as images arrive."
        )

    def _act(self, number: int) -> None:
        word = self._model.action(number)
        if word in ("Add", "Retry"):
            self._pull([number])
        elif word == "Choose":
            self._choose(number)
        elif word == "Ask again":
            self._ask_again([number])

    def _key(self, key: str) -> None:
        numbers = self._view.numbers()
        if not numbers:
            return
        if key == "A":
            self._pull(numbers)
        elif key == "R":
            self._ask_again(numbers)
        elif self._model.state(numbers[0]) is RowState.AMBIGUOUS:
            self._choose(numbers[0])

    def _ask_again(self, numbers: Sequence[int]) -> None:
        if self.list_id is not None:
            self._tasks.start(
                self._lists.ask_again(self.list_id, numbers), name="ask again"
            )

    def _choose(self, number: int) -> None:
        known, row = self._known, self._model.row(number)
        if known is None or row is None:
            return
        first, more = self._model.words(number)
        sheet = ChoiceSheet(
            self.window(),
            self._ctx.theme,
            known.choices(row),
            asked=join(f"Line {row.line:,}", first, more),
        )
        list_id = known.head.list_id
        sheet.chosen.connect(
            lambda key: self._tasks.start(
                self._lists.choose(list_id, number, key), name="choose"
            )
        )
        sheet.open()

    def _show_row(self, number: int) -> None:
        known, row = self._known, self._model.row(number)
        if known is None or row is None:
            return
        self._show_criteria(known, row)

    def _show_criteria(self, known: OpenList, row: ListRow) -> None:
        head = known.head
        try:
            criteria = criteria_of(
                row.cells, head.columns, pacs=head.pacs, dates=head.dates
            )
        except ChrislibError as error:
            self._ctx.messages.warning(error.title, error.detail, hint=error.hint)
            return
        self.shown.emit(criteria)

    def _report(self) -> None:
        self._tasks.start(self._save_report(), name="save report")

    async def _save_report(self) -> None:
        list_id = self.list_id
        if list_id is None:
            return
        folder = await self._ctx.dialogs.open_folder(
            "Folder for the report", self._ctx.paths.downloads
        )
        if folder is not None:
            path = await self._lists.report(list_id, folder)
            self._ctx.messages.success(
                f"{path.name} was written",
                "It holds names and IDs: keep it where such files may be.",
            )
