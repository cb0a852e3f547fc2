"""The whole table of before and after, for any file of what is to be sent."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QHeaderView,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from chrislib.dicom.deidentify.files import Preview
from chrislib.library.deidentify.model import Choice
from chrislib.library.model import LocalScan
from chrislib.library.words import count, join
from chrislib.views.context import ViewContext
from chrislib.views.library.tags_model import (
    ACTION,
    AFTER,
    BEFORE,
    GROUP,
    NAME,
    TAG,
    TagsModel,
)
from chrislib.views.widgets.buttons import Field
from chrislib.views.widgets.combos import combo
from chrislib.views.widgets.preview import table_view
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.text import Label

_WIDTHS = {GROUP: 120, TAG: 96, NAME: 250, BEFORE: 230, AFTER: 230, ACTION: 170}


class TagsSheet(Sheet):
    """Every attribute of a file: on this computer, as sent, and what is done.

    Parameters
    ----------
    scan : LocalScan
        What was found; any series and image of it can be chosen.
    at : int
        The series shown first.
    """

    def __init__(
        self,
        window: QWidget,
        ctx: ViewContext,
        *,
        scan: LocalScan,
        choice: Choice,
        at: int,
    ) -> None:
        super().__init__(
            window, ctx.theme, "Before and after", "What de-identification changes"
        )
        self.setObjectName("tags.sheet")
        self._ctx, self._scan, self._choice = ctx, scan, choice
        self._tasks = self.own(ctx.tasks("before and after"))
        self._model = TagsModel(ctx.theme, self)
        self.cancel_button.hide()
        self.next_button.setText("Close")
        self.next_pressed.connect(self.accept)
        self.body.addWidget(self._page())
        self._series.setCurrentIndex(at)
        self._series.currentIndexChanged.connect(self._series_chosen)
        self._image.valueChanged.connect(self._look)
        self._series_chosen()

    def _page(self) -> QWidget:
        theme = self._theme
        self._series = combo("tags.series", "Series")
        for one in self._scan.series:
            self._series.addItem(one.description or one.modality or "Series")
        self._series.setMaximumWidth(theme.px(260))
        self._image = QSlider(Qt.Orientation.Horizontal)
        self._image.setObjectName("tags.image")
        self._image.setAccessibleName("Image of the series")
        self._image.setFixedWidth(theme.px(120))
        self._which = Label(theme, style="small", name="tags.which")
        self._search = Field(
            theme, "Search tags and values", name="tags.search", icon="search"
        )
        self._search.textChanged.connect(self._model.look_for)
        self._search.textChanged.connect(self._count_rows)
        self._only = QCheckBox("Changed only")
        self._only.setObjectName("tags.changed")
        self._only.setChecked(True)
        self._only.toggled.connect(self._model.set_changed_only)
        self._only.toggled.connect(self._count_rows)
        self._count = Label(theme, style="small", token="text.muted", name="tags.count")
        bar = QHBoxLayout()
        bar.setContentsMargins(24, 12, 24, 12)
        bar.setSpacing(12)
        bar.addWidget(self._series)
        bar.addWidget(self._image)
        bar.addWidget(self._which)
        bar.addWidget(self._search, 1)
        bar.addWidget(self._only)
        bar.addWidget(self._count)
        self._table = table_view(theme, name="tags.table", label="Before and after")
        self._table.setModel(self._model)
        self._table.verticalHeader().hide()
        self._table.setShowGrid(False)
        self._table.setSelectionBehavior(self._table.SelectionBehavior.SelectRows)
        header = self._table.horizontalHeader()
        for column, width in _WIDTHS.items():
            header.resizeSection(column, theme.px(width))
        header.setSectionResizeMode(BEFORE, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(AFTER, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        self._table.setContentsMargins(16, 0, 0, 0)
        page = QWidget()
        column_ = QVBoxLayout(page)
        column_.setContentsMargins(0, 0, 0, 0)
        column_.setSpacing(0)
        column_.addLayout(bar)
        column_.addWidget(self._table, 1)
        return page

    def _series_chosen(self) -> None:
        series = self._scan.series[max(0, self._series.currentIndex())]
        number = max(1, len(series.files))
        self._image.blockSignals(True)
        self._image.setRange(1, number)
        self._image.setValue(1)
        self._image.blockSignals(False)
        self._image.setVisible(number > 1)
        self._look()

    def _look(self) -> None:
        series = self._scan.series[max(0, self._series.currentIndex())]
        self._tasks.cancel_all()
        number = self._image.value()
        self._which.setText(f"Image {number:,} of {len(series.files):,}")
        file = Path(series.files[number - 1])
        self._tasks.start(
            self._ctx.library.deidentification.preview(file, self._choice),
            name="preview",
            done=self._show,
            failed=self._failed,
        )

    def _show(self, found: Preview) -> None:
        hidden = bool(self._ctx.settings.get("hide_names"))
        self._model.show(found.changes, days=found.days, hidden=hidden)
        self.set_note(found.text_in_picture)
        self._count_rows()

    def _failed(self, error: BaseException) -> None:
        self._model.show((), days=0, hidden=False)
        title = getattr(error, "title", "The file could not be read.")
        self.set_note(f"{title} It would not be sent.", kind="failed")
        self._count_rows()

    def _count_rows(self) -> None:
        shown, changed, whole = self._model.counts
        self._count.setText(
            join(count(shown, "row"), f"{changed:,} of {whole:,} changed")
        )
