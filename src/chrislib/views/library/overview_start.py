"""Where looking begins: the ways in, and a lookup without leaving the page."""

from collections.abc import Callable

from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from chrislib.errors import ChrislibError
from chrislib.library import criteria as asked
from chrislib.views.library.archives import ArchiveChoice
from chrislib.views.library.cards import Card
from chrislib.views.library.places import Lookup
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import Field, button
from chrislib.views.widgets.text import Label

Go = Callable[..., None]
"""Takes a section of the Library, and what it should show."""


def ways_in(theme: Theme, go: Go) -> QGridLayout:
    """Return three cards beside each other; each is one big button."""
    pacs = Card(
        theme,
        name="overview.card.pacs",
        icon="search",
        title="PACS Lookup",
        text="Find a patient, study or series in the PACS and pull it into your "
        "library.",
        action="Look up",
        keys="Ctrl+L",
    )
    upload = Card(
        theme,
        name="overview.card.upload",
        icon="upload",
        title="Upload Data",
        text="Add DICOM, NIfTI or any other files and folders from this computer.",
        action="Upload",
        keys="Ctrl+U",
        drops=True,
    )
    reference = Card(
        theme,
        name="overview.card.reference",
        icon="library",
        title="Reference Data",
        text="Fetch atlases, templates and public data sets, ready for use.",
        action="Browse references",
        keys="Ctrl+R",
    )
    pacs.clicked.connect(lambda: go("pacs"))
    upload.clicked.connect(lambda: go("upload"))
    upload.dropped.connect(lambda paths: go("upload", paths))
    reference.clicked.connect(lambda: go("reference"))
    grid = QGridLayout()
    grid.setHorizontalSpacing(16)
    for column, card in enumerate((pacs, upload, reference)):
        grid.addWidget(card, 0, column)
        grid.setColumnStretch(column, 1)
    return grid


class QuickLookup(QWidget):
    """Three fields and the choice of a PACS on one line."""

    def __init__(self, theme: Theme, archives: ArchiveChoice, go: Go) -> None:
        super().__init__()
        self._archives = archives
        self._go = go
        frame = QFrame()
        frame.setObjectName("overview.quick")
        frame.setProperty("surface", "card")
        row = QHBoxLayout(frame)
        row.setContentsMargins(16, 14, 16, 14)
        row.setSpacing(12)
        row.addWidget(Label(theme, "Quick PACS lookup", style="section"))
        row.addSpacing(12)
        self._fields: dict[str, Field] = {}
        for key, name in (
            (asked.PATIENT_ID, "patient_id"),
            (asked.NAME, "name"),
            (asked.ACCESSION, "accession"),
        ):
            field = Field(theme, asked.LABELS[key], name=f"overview.quick.{name}")
            field.setMinimumWidth(88)
            field.returnPressed.connect(self._search)
            field.textEdited.connect(lambda _text: self._refuse(""))
            self._fields[key] = field
            row.addWidget(field, 1)
        self._pacs = self._archives.combo("overview.quick.pacs")
        row.addWidget(self._pacs)
        self._go_button = button(
            theme, "Search", kind="primary", name="overview.quick.search"
        )
        self._go_button.clicked.connect(self._search)
        row.addWidget(self._go_button)
        self._refusal = Label(
            theme, style="small", token="state.failed", name="overview.quick.refusal"
        )
        self._refusal.setContentsMargins(16, 4, 16, 0)
        self._refusal.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(frame)
        column.addWidget(self._refusal)

    def yield_to_tray(self, full: bool) -> None:
        """Give up being the primary button while the tray has one."""
        self._go_button.set_kind("secondary" if full else "primary")

    def _search(self) -> None:
        conditions = []
        for key, field in self._fields.items():
            if (made := asked.make(key, field.text())) is not None:
                conditions.append(made)
        criteria = asked.together(conditions, pacs=self._archives.chosen(self._pacs))
        try:
            asked.check(criteria)
        except ChrislibError as error:
            self._refuse(f"{error.title} {error.hint}")
            return
        self._go("pacs", Lookup(criteria, run=True))
        # what is left in a field would narrow the next lookup, unseen
        for field in self._fields.values():
            field.clear()

    def _refuse(self, words: str) -> None:
        self._refusal.setText(words)
        self._refusal.setVisible(bool(words))
        self._fields[asked.PATIENT_ID].set_refused(bool(words))
