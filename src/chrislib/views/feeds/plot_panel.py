"""The plot beside a collected table: which kind, of what, and the drawing."""

import asyncio
from collections.abc import Collection, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from chrislib.feeds.collect_model import Row
from chrislib.feeds.collect_plot import MAX_GROUPS, Plot, plot_of
from chrislib.feeds.collect_table import Arranged, head_of
from chrislib.views.context import ViewContext
from chrislib.views.feeds.plot_view import PlotView
from chrislib.views.widgets.buttons import Segments
from chrislib.views.widgets.combos import combo, offer
from chrislib.views.widgets.state_view import StateView
from chrislib.views.widgets.text import Label

KINDS = (
    ("histogram", "Histogram", ""),
    ("scatter", "Scatter", ""),
    ("box", "Box", ""),
)


class PlotPanel(QWidget):
    """Kind and columns above a plot; `chosen` tells the places of clicked rows."""

    chosen = Signal(object)
    changed = Signal()

    def __init__(self, context: ViewContext) -> None:
        super().__init__()
        theme = context.theme
        self._tasks = context.tasks("collect plot")
        self._rows: Sequence[Row] = ()
        self._places: Sequence[int] = ()
        self._offered: tuple[list[str], list[str]] = ([], [])
        self._wanted: dict[str, str] = {}
        self.setObjectName("collect.plot.panel")
        self.kinds = Segments(theme, KINDS, name="collect.plot.kind")
        self.up = combo("collect.plot.up", "Values", small=True, chars=8)
        self.across = combo("collect.plot.across", "Against", small=True, chars=8)
        self._against = Label(theme, "against", style="small", token="text.muted")
        self.view = PlotView(theme)
        self._state = StateView(theme, "sliders-horizontal", "", primary=False)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.view)
        self._stack.addWidget(self._state)
        self._note = Label(theme, style="small", token="text.muted", wrap=True)
        self._note.setObjectName("collect.plot.note")
        top = QHBoxLayout()
        top.addWidget(self.kinds)
        top.addStretch(1)
        which = QHBoxLayout()
        which.setSpacing(8)
        which.addWidget(self.up, 1)
        which.addWidget(self._against)
        which.addWidget(self.across, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(8)
        column.addLayout(top)
        column.addLayout(which)
        column.addWidget(self._stack, 1)
        column.addWidget(self._note)
        self.kinds.chosen.connect(self._kind_chosen)
        self.up.activated.connect(self._column_chosen)
        self.across.activated.connect(self._column_chosen)
        self.view.chosen.connect(self._clicked)
        self._draw()

    @property
    def state(self) -> dict[str, str]:
        """What was chosen, to be kept."""
        return {"kind": self.kinds.current, **self._wanted}

    def restore(self, state: object) -> None:
        """Choose what was kept, as far as it is there."""
        if not isinstance(state, dict):
            return
        kind = state.get("kind")
        if kind in {key for key, _, _ in KINDS}:
            self.kinds.choose(str(kind))
        for key in ("up", "across", "group"):
            if isinstance(state.get(key), str):
                self._wanted[key] = state[key]
        self._offer()
        self._draw()

    def show_rows(self, rows: Sequence[Row], arranged: Arranged) -> None:
        """Show other rows."""
        self._rows, self._places = rows, arranged.places
        numeric, groups = list(arranged.numeric), list(arranged.groups)
        if (numeric, groups) != self._offered:
            self._offered = (numeric, groups)
            self._offer()
        self._draw()

    def select(self, places: Collection[int]) -> None:
        """Highlight rows."""
        self.view.select(places)

    @property
    def settled(self) -> bool:
        """Whether the plot is that of the rows and columns chosen."""
        return not self._tasks.pending

    def shutdown(self) -> None:
        """End what runs."""
        self._tasks.cancel_all()

    # -- inside ------------------------------------------------------------------

    def _offer(self) -> None:
        numeric, groups = self._offered
        box = self.kinds.current == "box"
        offer(self.up, [(n, head_of(n)) for n in numeric], self._wanted.get("up", ""))
        second = [("", "All together"), *((g, head_of(g)) for g in groups)]
        third = [(name, head_of(name)) for name in numeric]
        wanted = self._wanted.get("group" if box else "across", "")
        if not box and not wanted and len(numeric) > 1:
            wanted = numeric[1]
        offer(self.across, second if box else third, wanted)
        alone = self.kinds.current == "histogram"
        self.across.setVisible(not alone)
        self._against.setVisible(not alone)
        self._against.setText("by" if box else "against")
        self.across.setAccessibleName("Group" if box else "Against")

    def _kind_chosen(self, _kind: str) -> None:
        self._offer()
        self._draw()
        self.changed.emit()

    def _column_chosen(self, _index: int) -> None:
        self._wanted["up"] = str(self.up.currentData() or "")
        kind = self.kinds.current
        if kind != "histogram":
            key = "group" if kind == "box" else "across"
            self._wanted[key] = str(self.across.currentData() or "")
        self._draw()
        self.changed.emit()

    def _clicked(self, places: object) -> None:
        if self.settled:
            # else it is still the plot of other rows
            self.chosen.emit(places)

    def _draw(self) -> None:
        """Work the plot out in a thread, and show it."""
        self._tasks.cancel_all()
        up, across = self.up.currentData(), self.across.currentData()
        if not self._rows or not up:
            self._say(
                "Nothing to plot yet" if not self._rows else "No numbers",
                "Collect values first."
                if not self._rows
                else "None of the columns holds numbers.",
            )
            return
        rows, places = self._rows, self._places

        def show(plot: Plot) -> None:
            self._show(plot, rows, shown=len(places))

        self._tasks.start(
            asyncio.to_thread(
                plot_of,
                self.kinds.current,
                rows,
                places=places,
                up=str(up),
                across=str(across or ""),
            ),
            name="plot",
            done=show,
        )

    def _show(self, plot: Plot, rows: Sequence[Row], *, shown: int) -> None:
        if not plot.drawn:
            self._say("No numbers here", "None of the rows shown has one.")
            return
        self.view.show_plot(plot, rows)
        self._stack.setCurrentWidget(self.view)
        self._note.setText(_remark(plot, shown))

    def _say(self, title: str, text: str) -> None:
        self._state.show_state("sliders-horizontal", title, text)
        self._stack.setCurrentWidget(self._state)
        self._note.setText("")


def _remark(plot: Plot, shown: int) -> str:
    words = f"{plot.drawn:,} of {shown:,} rows have a number."
    if plot.drawn == shown:
        words = f"All {shown:,} rows." if shown > 1 else "1 row."
    if len(plot.boxes) == MAX_GROUPS:
        words += f" The {MAX_GROUPS} largest groups are drawn."
    return words
