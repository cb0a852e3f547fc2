"""The upper part of PACS Lookup: criteria, PACS, more fields, lists."""

from datetime import date

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from chrislib.errors import ChrislibError
from chrislib.library import criteria as asked
from chrislib.pacs.types import Criteria
from chrislib.views.context import ViewContext
from chrislib.views.library.archives import ArchiveChoice
from chrislib.views.library.criteria_field import CriteriaField
from chrislib.views.widgets.buttons import Field, button
from chrislib.views.widgets.text import Label

_MORE = (
    (
        (asked.DATE, "study_date", "Study date, 2024 or 2024-01-01 to today"),
        (asked.MODALITY, "modality", "Modality, MR CT"),
        (asked.STATION, "station", "Station"),
        (asked.STUDY, "study_description", "Study description"),
        (asked.SERIES, "series_description", "Series description"),
    ),
    (
        (asked.BIRTH, "birth_date", "Birth date, 1980 or 1980-03-04"),
        (asked.SEX, "sex", "Sex, M F O"),
        (asked.ACCESSION, "accession", "Accession number"),
        (asked.STUDY_UID, "study_uid", "Study UID"),
        (asked.SERIES_UID, "series_uid", "Series UID"),
    ),
)


class PacsForm(QWidget):
    """Chips, PACS choice, More fields and Search.

    Signals
    -------
    submitted : Criteria
        Search was asked for; the criteria are good.
    table_offered : (Path or str, str)
        A file, or the text of a table, to be looked up row by row; and the PACS.
    """

    submitted = Signal(object)
    table_offered = Signal(object, str)

    def __init__(self, ctx: ViewContext, archives: ArchiveChoice) -> None:
        super().__init__()
        theme = ctx.theme
        self._ctx = ctx
        self._archives = archives
        self._tasks = ctx.tasks("pacs form")
        self.field = CriteriaField(theme, name="pacs.criteria")
        self.field.submitted.connect(self.submit)
        self.field.refused.connect(self._refuse)
        self.field.table_pasted.connect(self._offer_table)
        self.pacs = archives.combo("pacs.archive")
        self._more = button(
            theme,
            "More fields",
            icon="sliders-horizontal",
            name="pacs.more",
            tooltip="Dates, sex, modality, station, descriptions, UIDs",
        )
        self._more.setCheckable(True)
        self._more.toggled.connect(self._unfold)
        self.search = button(
            theme, "Search", kind="primary", name="pacs.search", tooltip="Ctrl+Return"
        )
        self.search.clicked.connect(self.submit)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.field, 1)
        row.addWidget(self.pacs)
        row.addWidget(self._more)
        row.addWidget(self.search)
        self._fold = QWidget()
        self._fold.setObjectName("pacs.more.fields")
        grid = QGridLayout(self._fold)
        grid.setContentsMargins(0, 8, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        self._fields: dict[str, Field] = {}
        self._grid = grid
        self._at: dict[str, tuple[int, int]] = {}
        for line, fields in enumerate(_MORE):
            for column, (key, name, hint) in enumerate(fields):
                label = asked.LABELS[key]
                made = Field(theme, hint, name=f"pacs.more.{name}", label=label)
                made.returnPressed.connect(self.submit)
                made.textEdited.connect(lambda _text: self._refuse(""))
                grid.addWidget(made, 2 * line, column)
                grid.setColumnStretch(column, 3 if column == 0 else 2)
                self._fields[key] = made
                self._at[key] = (2 * line, column)
        self._under = Label(
            theme, style="small", token="state.failed", wrap=True, name="pacs.under"
        )
        self._under.hide()
        self._fold.hide()
        self._refusal = Label(
            theme, style="small", token="state.failed", wrap=True, name="pacs.refusal"
        )
        self._refusal.setContentsMargins(0, 4, 0, 0)
        self._refusal.hide()
        column_ = QVBoxLayout(self)
        column_.setContentsMargins(0, 0, 0, 0)
        column_.setSpacing(0)
        column_.addLayout(row)
        column_.addWidget(self._fold)
        column_.addWidget(self._refusal)

    def yield_to_tray(self, *, page: bool = False) -> None:
        """Leave the one primary button to a filled tray, or to a page's way out."""
        full = len(self._ctx.library.tray) > 0
        self.search.set_kind("secondary" if full or page else "primary")

    def shutdown(self) -> None:
        """Cancel what runs."""
        self._tasks.cancel_all()

    def show_criteria(self, criteria: Criteria) -> None:
        """Show criteria as chips."""
        self._refuse("")
        self.field.show_conditions(asked.split(criteria))
        self._archives.choose(self.pacs, criteria.pacs)

    def submit(self) -> None:
        """Check what was typed and ask for the search, or say what is wrong."""
        criteria = self.criteria()
        if criteria is not None:
            self.submitted.emit(criteria)

    def criteria(self) -> Criteria | None:
        """Return what is typed and chosen; None where something is wrong with it.

        What is wrong is said at the field, and stays as it was typed.
        """
        if not self.field.take_text():
            return None
        for key, field in self._fields.items():
            try:
                condition = asked.make(key, field.text())
            except ChrislibError as error:
                self._refuse_field(key, f"{error.title} {error.hint}")
                return None
            field.set_refused(False)
            if condition is not None:
                self.field.add(condition)
                field.clear()
        criteria = asked.together(
            self.field.conditions, pacs=self._archives.chosen(self.pacs)
        )
        try:
            asked.check(criteria)
        except ChrislibError as error:
            self._refuse(f"{error.title} {error.hint}")
            self.field.setFocus()
            return None
        self._refuse("")
        return criteria

    def paste_list(self) -> None:
        """Take the clipboard: a list is one condition, a table a work list."""
        if not self.field.take_lines(QGuiApplication.clipboard().text()):
            self._ctx.messages.info(
                "The clipboard holds no list",
                "Copy one patient ID, name or accession number a line.",
            )

    def open_csv(self) -> None:
        """Let a table be chosen and offer it as a work list."""
        self._tasks.start(self._open_csv(), name="open csv")

    async def _open_csv(self) -> None:
        chosen = await self._ctx.dialogs.open_files(
            "Open a list", self._ctx.paths.downloads
        )
        if chosen:
            self._offer_table(chosen[0])

    def _offer_table(self, source: object) -> None:
        self.table_offered.emit(source, self._archives.chosen(self.pacs))

    def _refuse(self, words: str) -> None:
        self._refusal.setText(words)
        self._refusal.setVisible(bool(words))
        if not words:
            self._under.hide()
            for field in self._fields.values():
                field.set_refused(False)

    def _refuse_field(self, key: str, words: str) -> None:
        """Say under a field what is wrong with it; what was typed stays."""
        self._refuse("")
        field = self._fields[key]
        field.set_refused(True)
        field.setFocus(Qt.FocusReason.OtherFocusReason)
        row, column = self._at[key]
        self._under.setText(words)
        # words are wider than a field: they begin under it where there is room
        column = min(column, 2)
        self._grid.removeWidget(self._under)
        self._grid.addWidget(self._under, row + 1, column, 1, -1)
        self._under.show()

    def _unfold(self, unfolded: bool) -> None:
        self._fold.setVisible(unfolded)
        self._more.setText("Fewer fields" if unfolded else "More fields")


def today_of(ctx: ViewContext) -> date:
    """Return the day of the context's clock."""
    return date.fromtimestamp(ctx.now())
