"""The upper part of PACS Lookup: criteria, PACS, more fields, lists."""

import csv
import io
from datetime import date
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from chrislib.errors import ChrislibError
from chrislib.library import criteria as asked
from chrislib.library.criteria import Criterion
from chrislib.library.words import count
from chrislib.pacs.types import Criteria
from chrislib.views.context import ViewContext
from chrislib.views.library.archives import ArchiveChoice
from chrislib.views.library.criteria_field import CriteriaField
from chrislib.views.widgets.buttons import Field, button
from chrislib.views.widgets.text import Label

_MORE = (
    (asked.DATE, "study_date", "Study date, 2024 or 2024-01-01 to today"),
    (asked.MODALITY, "modality", "Modality, MR CT"),
    (asked.STATION, "station", "Station"),
    (asked.STUDY, "study_description", "Study description"),
    (asked.SERIES, "series_description", "Series description"),
)
_CSV_KEYS = (
    (asked.ACCESSION, ("accession",)),
    (asked.PATIENT_ID, ("patientid", "patient_id", "patient id", "mrn", "id")),
    (asked.NAME, ("patientname", "name")),
)
_CSV_BYTES = 4_000_000


class PacsForm(QWidget):
    """Chips, PACS choice, More fields and Search.

    Signals
    -------
    submitted : Criteria
        Search was asked for; the criteria are good.
    """

    submitted = Signal(object)

    def __init__(self, ctx: ViewContext, archives: ArchiveChoice) -> None:
        super().__init__()
        theme = ctx.theme
        self._ctx = ctx
        self._archives = archives
        self._tasks = ctx.tasks("pacs form")
        self.field = CriteriaField(theme, name="pacs.criteria")
        self.field.submitted.connect(self.submit)
        self.field.refused.connect(self._refuse)
        self.pacs = archives.combo("pacs.archive")
        self._more = button(
            theme,
            "More fields",
            icon="sliders-horizontal",
            name="pacs.more",
            tooltip="Study date, modality, station, descriptions",
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
        self._fields: dict[str, Field] = {}
        for column, (key, name, hint) in enumerate(_MORE):
            made = Field(theme, hint, name=f"pacs.more.{name}", label=asked.LABELS[key])
            made.returnPressed.connect(self.submit)
            made.textEdited.connect(lambda _text: self._refuse(""))
            grid.addWidget(made, 0, column)
            grid.setColumnStretch(column, 3 if key == asked.DATE else 2)
            self._fields[key] = made
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
        if not self.field.take_text():
            return
        for key, field in self._fields.items():
            try:
                condition = asked.make(key, field.text())
            except ChrislibError as error:
                field.set_refused(True)
                self._refuse(f"{error.title} {error.hint}")
                return
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
            return
        self._refuse("")
        self.submitted.emit(criteria)

    def paste_list(self) -> None:
        """Take the lines of the clipboard as one condition."""
        taken = self.field.take_lines(QGuiApplication.clipboard().text())
        if not taken:
            self._ctx.messages.info(
                "The clipboard holds no list",
                "Copy one patient ID, name or accession number a line.",
            )

    def open_csv(self) -> None:
        """Let a table be chosen and take a column of it."""
        self._tasks.start(self._open_csv(), name="open csv")

    async def _open_csv(self) -> None:
        chosen = await self._ctx.dialogs.open_files(
            "Open a list", self._ctx.paths.downloads
        )
        if chosen:
            condition = read_list(chosen[0])
            self.field.add(condition)
            self._ctx.messages.info(
                f"{count(len(condition.values), 'value')} from {chosen[0].name}",
                f"Taken as {asked.LABELS[condition.key].lower()}.",
            )

    def _refuse(self, words: str) -> None:
        self._refusal.setText(words)
        self._refusal.setVisible(bool(words))

    def _unfold(self, unfolded: bool) -> None:
        self._fold.setVisible(unfolded)
        self._more.setText("Fewer fields" if unfolded else "More fields")


def read_list(path: Path) -> Criterion:
    """Return the values of a table's column of IDs (disk).

    The first line names the columns where it does; else the first column counts.

    Raises
    ------
    ChrislibError
        It cannot be read or holds no values.
    """
    try:
        with path.open("rb") as stream:
            raw = stream.read(_CSV_BYTES)
    except OSError as error:
        raise ChrislibError(
            f"{path.name} cannot be read.", f"{error.strerror}. Nothing was asked."
        ) from error
    text = raw.decode("utf-8-sig", errors="replace")
    ending = ";" if text.count(";") > text.count(",") else ","
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=ending) if row]
    key, column, start = asked.PATIENT_ID, 0, 0
    if rows:
        heads = [cell.strip().lower() for cell in rows[0]]
        for wanted, words in _CSV_KEYS:
            at = next((i for i, head in enumerate(heads) if head in words), None)
            if at is not None:
                key, column, start = wanted, at, 1
                break
    cells = [row[column].strip() for row in rows[start:] if len(row) > column]
    values: list[str] = []
    for cell in cells:
        made = asked.make(key, cell)
        values += made.values if made is not None else ()
    if not values:
        raise ChrislibError(
            f"{path.name} holds no patient IDs, names or accession numbers.",
            "Nothing was asked.",
            hint="Name the column “PatientID”, “Name” or “Accession”.",
        )
    return Criterion(key, tuple(dict.fromkeys(values)))


def today_of(ctx: ViewContext) -> date:
    """Return the day of the context's clock."""
    return date.fromtimestamp(ctx.now())
