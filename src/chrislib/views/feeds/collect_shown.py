"""The collected table on show: filter, columns, order, and the plot beside it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from chrislib.errors import ChrislibError
from chrislib.feeds.collect_model import Row, Table, Wanted
from chrislib.feeds.collect_table import Arranged, Filter, arrange, parse_filter
from chrislib.library.words import count
from chrislib.views.context import ViewContext
from chrislib.views.feeds.collect_columns import ColumnList
from chrislib.views.feeds.collect_rows import PROBLEM, ResultModel, ResultTable
from chrislib.views.feeds.hidden_titles import HiddenTitles
from chrislib.views.feeds.plot_panel import PlotPanel
from chrislib.views.widgets.buttons import Field, button
from chrislib.views.widgets.text import ElidedLabel, line

_LOOKS = "feeds.collect.looks"
"""Under this key of the layout stand order and hidden columns by recipe."""
_PLOT = "feeds.collect.plot"
_MOST_LOOKS = 30
_TYPING_MS = 150
_MOST_LIVE = 1_000
"""Up to so many rows, the lines of a file are shown as soon as it is read."""


class ShownRows(QWidget):
    """Filter line, table and plot."""

    highlighted = Signal()
    opened = Signal(object)

    def __init__(self, context: ViewContext, titles: HiddenTitles) -> None:
        super().__init__()
        theme = context.theme
        self._context = context
        self._titles = titles
        self._tasks = context.tasks("collect rows")
        self._rows: list[Row] = []
        self._pieces: list[Sequence[Row]] = []
        """What was read so far for each row that waited."""
        self._lines = False
        """Whether lines of files are among them."""
        self._whole: Sequence[Row] | None = None
        """The rows of a table that is on its way to the screen."""
        self._arranged = Arranged()
        self._filter = Filter()
        self._recipe = ""
        self._order: tuple[str, bool] = ("", False)
        self._hidden: frozenset[str] = frozenset()
        self._fit = True
        self.model = ResultModel()
        self.table = ResultTable(theme, self.model)
        self.plot = PlotPanel(context)
        self.filter = Field(
            theme,
            "Filter: words, or volume > 1200; version = 1.0.4",
            name="collect.filter",
            icon="search",
            small=True,
            label="Filter rows",
        )
        self.filter.setClearButtonEnabled(True)
        self.summary = ElidedLabel(
            theme, style="small", token="text.muted", name="collect.summary"
        )
        self.columns_button = button(
            theme, "Columns", icon="list", name="collect.columns.open", small=True
        )
        self.plot_button = button(
            theme, "Plot", icon="panel-right", name="collect.plot.open", small=True
        )
        self.plot_button.setCheckable(True)
        self._columns = ColumnList(theme, self)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._build()
        self._typing.timeout.connect(self._filter_typed)
        self.filter.textChanged.connect(lambda _text: self._typing.start())
        self.columns_button.clicked.connect(self._open_columns)
        self.plot_button.toggled.connect(self._fold_plot)
        self._columns.changed.connect(self._columns_changed)
        self.table.head_pressed.connect(self._order_by)
        self.table.highlighted.connect(self._highlighted)
        self.table.opened.connect(self.opened)
        self.plot.chosen.connect(lambda rows: self.table.choose(rows, scroll=True))
        self.plot.changed.connect(self._keep_plot)
        kept = context.layout.get(_PLOT)
        self.plot.restore(kept)
        shown = not isinstance(kept, dict) or kept.get("shown") != "no"
        self.plot_button.setChecked(shown)
        self._fold_plot(shown)

    # -- what the page calls -------------------------------------------------------

    @property
    def rows(self) -> list[Row]:
        """All rows."""
        return self._rows

    @property
    def problems(self) -> int:
        """So many rows have no values."""
        return self._arranged.problems

    @property
    def shown_rows(self) -> list[Row]:
        """The rows that the filter leaves, in their order."""
        return [self._rows[place] for place in self.model.places]

    @property
    def shown_columns(self) -> list[str]:
        """The columns on show, without the reason."""
        return [one for one in self.model.columns if one != PROBLEM]

    @property
    def chosen(self) -> list[Row]:
        """The highlighted rows."""
        return [self._rows[place] for place in self.table.chosen]

    def clear(self) -> None:
        """Show nothing."""
        self._show_reading((), ())

    def begin(self, rows: Sequence[Row], shown: Sequence[Row]) -> None:
        """Show rows whose files are being read.

        Parameters
        ----------
        shown : sequence of Row
            They, as they are called now.
        """
        self._fit = True
        self._show_reading(rows, shown)

    def replace(self, fresh: Mapping[int, Sequence[Row]]) -> None:
        """Show what was read in the place of rows that waited; new columns come last.

        Parameters
        ----------
        fresh : mapping
            Rows by the number of the one they stand for.
        """
        for number, rows in fresh.items():
            self._pieces[number] = rows
        self._lines |= any(row.line for rows in fresh.values() for row in rows[:1])
        if self._lines and sum(map(len, self._pieces)) > _MOST_LIVE:
            return
        known = dict.fromkeys(self._arranged.columns)
        for rows in fresh.values():
            for row in rows:
                known.update(dict.fromkeys(row.values))
        columns = tuple(known)
        anew = self._lines or columns != self._arranged.columns
        if self._lines:
            self._rows = self._titles.naming(self._read())
            everything = tuple(range(len(self._rows)))
            self._arranged = replace(self._arranged, places=everything)
        else:
            named = {n: self._titles.naming(rows)[0] for n, rows in fresh.items()}
            for number, row in named.items():
                self._rows[number] = row
            self.model.replace(named)
        problems = sum(1 for row in self._rows if row.problem)
        self._arranged = replace(self._arranged, columns=columns, problems=problems)
        if anew:
            self._fill()
        else:
            self._say()

    def stopped(self) -> list[Row]:
        """Return what was read when reading is given up."""
        return [
            replace(row, problem="It was not read.") if row.waits else row
            for row in self._read()
        ]

    def show_table(self, table: Table) -> None:
        """Show a whole table, ordered and filtered as its recipe was the last time.

        What was there stays until a thread has worked it out.
        """
        self._whole = table.rows
        recipe = _recipe(table.wanted)
        if recipe != self._recipe:
            self._recipe, self._fit = recipe, True
            self._recall()
        self._arrange()

    def shutdown(self) -> None:
        """End what runs."""
        self._typing.stop()
        self._columns.close()
        self._tasks.cancel_all()
        self.plot.shutdown()

    # -- order, filter, columns ------------------------------------------------------

    def _arrange(self) -> None:
        """Work out what is shown, in a thread, and show it in one step."""
        whole, naming = self._whole, self._titles.naming
        by, descending = self._order
        kept = self._filter
        rows = self._rows

        def work() -> tuple[list[Row], Arranged]:
            named = list(rows) if whole is None else naming(whole)
            return named, arrange(named, kept, by=by, descending=descending)

        def show(found: tuple[list[Row], Arranged]) -> None:
            named, arranged = found
            if whole is not None:
                self._whole, self._rows = None, named
            elif len(named) != len(self._rows):
                return
            self._arranged = arranged
            self._fill()

        self._tasks.cancel_all()
        self._tasks.start(asyncio.to_thread(work), name="arrange", done=show)

    def _fill(self) -> None:
        """Show what was worked out; highlight and place stay."""
        chosen = self.table.chosen
        across = self.table.horizontalScrollBar().value()
        down = self.table.verticalScrollBar().value()
        arranged = self._arranged
        columns = ["@subject"]
        if arranged.reasons:
            columns.append(PROBLEM)
        columns += [one for one in arranged.columns if one not in self._hidden]
        numeric = frozenset(arranged.numeric) | {"@feed", "@node"}
        extra = ["@version", "@file"]
        columns += [one for one in extra if one not in self._hidden]
        same = columns == self.model.columns
        self.model.show_rows(self._rows, arranged.places, columns, numeric=numeric)
        if self._fit or not same:
            self.table.fit_columns(again=self._fit)
            self._fit = not arranged.columns
        by, descending = self._order
        self.table.mark_order(by, descending=descending)
        self.table.choose(chosen, scroll=False)  # says that rows are highlighted
        self.table.horizontalScrollBar().setValue(across)
        self.table.verticalScrollBar().setValue(down)
        self.plot.show_rows(self._rows, arranged)
        self._say()

    def _order_by(self, column: str) -> None:
        by, descending = self._order
        if column != by:
            self._order = (column, False)
        elif not descending:
            self._order = (column, True)
        else:
            self._order = ("", False)
        self._keep_looks()
        self._arrange()

    def _filter_typed(self) -> None:
        try:
            self._filter = parse_filter(self.filter.text(), self._arranged.columns)
        except ChrislibError as error:
            self.filter.set_refused(True)
            self.summary.setText(f"{error.title} {error.hint}".strip())
            return
        self.filter.set_refused(False)
        self._arrange()

    def _open_columns(self) -> None:
        corner = self.columns_button.rect().bottomRight() + QPoint(0, 4)
        at = self.columns_button.mapToGlobal(corner)
        columns = [*self._arranged.columns, "@version", "@file"]
        self._columns.open_at(at, columns, self._hidden)

    def _columns_changed(self, hidden: frozenset[str]) -> None:
        self._hidden = hidden
        self._keep_looks()
        self._fill()

    # -- the plot --------------------------------------------------------------------

    def _fold_plot(self, shown: bool) -> None:
        self.plot.setVisible(shown)
        self.plot_button.setText("Hide plot" if shown else "Plot")
        self._keep_plot()

    def _highlighted(self) -> None:
        self.plot.select(self.table.chosen)
        self.highlighted.emit()

    # -- keeping ---------------------------------------------------------------------

    def _keep_plot(self) -> None:
        shown = "yes" if self.plot_button.isChecked() else "no"
        self._context.layout.put(_PLOT, {**self.plot.state, "shown": shown})

    def _looks(self) -> dict[str, object]:
        kept = self._context.layout.get(_LOOKS)
        return dict(kept) if isinstance(kept, dict) else {}

    def _keep_looks(self) -> None:
        kept = self._looks()
        kept.pop(self._recipe, None)
        by, descending = self._order
        kept[self._recipe] = {
            "by": by,
            "descending": descending,
            "hidden": sorted(self._hidden),
        }
        self._context.layout.put(_LOOKS, dict(list(kept.items())[-_MOST_LOOKS:]))

    def _recall(self) -> None:
        kept = self._looks().get(self._recipe)
        found = kept if isinstance(kept, dict) else {}
        hidden = found.get("hidden")
        self._order = (str(found.get("by") or ""), bool(found.get("descending")))
        listed = hidden if isinstance(hidden, list) else []
        self._hidden = frozenset(str(one) for one in listed)

    # -- inside ----------------------------------------------------------------------

    def _show_reading(self, rows: Sequence[Row], shown: Sequence[Row]) -> None:
        """Show rows before anything is known of their values."""
        self._tasks.cancel_all()
        self._whole, self._lines = None, False
        self._pieces = [(row,) for row in rows]
        self._rows = list(shown)
        places = tuple(range(len(shown)))
        self._arranged = Arranged(places, reasons=bool(shown))
        self._fill()

    def _read(self) -> list[Row]:
        return [row for rows in self._pieces for row in rows]

    def _say(self) -> None:
        total, shown = len(self._rows), len(self.model.places)
        words = [
            count(total, "row") if shown == total else f"{shown:,} of {total:,} rows"
        ]
        columns = len(self._arranged.columns)
        hidden = len(self._hidden & set(self._arranged.columns))
        words.append(
            count(columns, "column")
            if not hidden
            else f"{columns - hidden:,} of {columns:,} columns"
        )
        if self._arranged.problems:
            words.append(f"{self._arranged.problems:,} without values")
        self.summary.setText(" · ".join(words))

    def _build(self) -> None:
        bar = QHBoxLayout()
        bar.setContentsMargins(16, 5, 16, 5)
        bar.setSpacing(12)
        self.filter.setFixedWidth(360)
        bar.addWidget(self.filter)
        bar.addWidget(self.summary, 1)
        bar.addWidget(self.columns_button)
        bar.addWidget(self.plot_button)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(self.table)
        splitter.addWidget(self.plot)
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(1)
        splitter.setStretchFactor(0, 1)
        splitter.setStretchFactor(1, 0)
        splitter.setSizes([900, 440])
        self.plot.setMinimumWidth(320)
        self.table.setMinimumWidth(360)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addWidget(line())
        column.addWidget(splitter, 1)


def _recipe(wanted: Wanted) -> str:
    each = () if wanted.each == "file" else (wanted.each,)
    return "|".join((wanted.plugin, wanted.place, wanted.pattern, *each))
