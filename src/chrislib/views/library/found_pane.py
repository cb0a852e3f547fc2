"""The results of a lookup: facets, steps, and a tree that grows while it is asked."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from chrislib.library.found import (
    ALL,
    HERE,
    Findings,
    Narrowing,
    recent_since,
)
from chrislib.library.model import EntryId, Item, ItemState, LibraryChange
from chrislib.library.names import clean
from chrislib.library.words import count, join, series, studies
from chrislib.pacs.types import FoundPatient
from chrislib.views.context import ViewContext
from chrislib.views.library.facets import Facets
from chrislib.views.library.found_acts import FoundActs
from chrislib.views.library.found_model import FoundModel
from chrislib.views.library.found_tree import FoundTree
from chrislib.views.library.opening import ItemOpener
from chrislib.views.library.pacs_form import today_of
from chrislib.views.library.step_band import Step, StepBand
from chrislib.views.widgets.buttons import Field
from chrislib.views.widgets.text import line

_STEP_SECONDS = 0.0012
"""So long results are taken over at a time; the window goes on in between."""
_SHOW_SECONDS = 0.1
_PIECE = 4
_AT_ONCE = 60
"""So few patients are taken over at once."""
_QUICK = {HERE: "In your library", "recent": "Past 6 months"}


class FoundPane(QWidget):
    """Everything under the criteria once there are results.

    Signals
    -------
    counted : str
        How much there is by now, in words.
    wanted_changed
        Other series are ticked and not asked for.
    """

    counted = Signal(str)
    wanted_changed = Signal()

    def __init__(
        self,
        ctx: ViewContext,
        opener: ItemOpener,
        *,
        thumb: Callable[[Item | None], QPixmap | None],
        entry: Callable[[], EntryId | None],
    ) -> None:
        super().__init__()
        self._ctx = ctx
        library = ctx.library
        self.model = FoundModel(
            item_of=library.state_of_series,
            ticked=lambda item_id: item_id in library.tray,
            hidden=lambda: bool(ctx.settings.get("hide_names")),
            parent=self,
        )
        self.tree = FoundTree(ctx.theme, self.model, thumb=thumb)
        self.facets = Facets(ctx.theme)
        self.acts = FoundActs(ctx, self.tree, self.model, opener=opener, entry=entry)
        self._narrow = Narrowing()
        self._found = self._findings()
        self._queue: deque[FoundPatient] = deque()
        self._shown_at = 0.0
        self._ended = True
        self._then: Callable[[], object] | None = None
        self._pending: set[str] = set()
        self._build()
        self._steps_timer = self._timer(2, self._step)
        self._count_timer = self._timer(250, self._count_later)
        self._count_again = False
        self._typed = self._timer(200, self._filter_by_text)
        # bars move at most four times a second
        self._flush = self._timer(250, self._repaint)
        self.facets.filtered.connect(self._filter_by_facets)
        self._text.textEdited.connect(lambda _text: self._typed.start())
        self._text.returnPressed.connect(self._filter_by_text)
        self.acts.only_asked.connect(self._show_only)
        self._band.cleared.connect(self.show_all)
        self.tree.expanded.connect(self._look_for)
        self._unsubscribe = library.subscribe(self._on_change)

    def _timer(self, milliseconds: int, call: Callable[[], None]) -> QTimer:
        made = QTimer(self)
        made.setSingleShot(True)
        made.setInterval(milliseconds)
        made.timeout.connect(call)
        return made

    def _build(self) -> None:
        theme = self._ctx.theme
        self._text = Field(
            theme,
            "Filter by description",
            name="pacs.filter",
            icon="filter",
            small=True,
            label="Filter by description",
        )
        self._band = StepBand(theme)
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        field = QHBoxLayout()
        field.setContentsMargins(12, 8, 12, 4)
        field.addWidget(self._text)
        column.addLayout(field)
        column.addWidget(self.facets, 1)
        side.setMinimumWidth(160)
        side.setMaximumWidth(280)
        right = QWidget()
        results = QVBoxLayout(right)
        results.setContentsMargins(0, 0, 0, 0)
        results.setSpacing(0)
        results.addWidget(self._band)
        self._hair = line()
        self._hair.hide()
        results.addWidget(self._hair)
        results.addWidget(self.tree, 1)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(1)
        split.addWidget(side)
        split.addWidget(right)
        split.setStretchFactor(1, 1)
        split.setSizes([192, 1000])
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(split)

    # --- results come in ----------------------------------------------------------

    @property
    def empty(self) -> bool:
        """Whether nothing was found yet."""
        return not self._found.patients

    @property
    def patients(self) -> tuple[FoundPatient, ...]:
        """Everything that was found."""
        return tuple(self._found.patients.values())

    def begin(self) -> None:
        """Forget what was found before."""
        self._queue.clear()
        self._ended, self._then = False, None
        self._narrow = Narrowing()
        self._found = self._findings()
        self._text.clear()
        self.facets.clear()
        self._show_steps()
        self.tree.begin(None)

    def put(self, patients: Iterable[FoundPatient]) -> None:
        """Take over patients that are new or have more, a few at a time."""
        self._queue.extend(patients)
        if len(self._queue) <= _AT_ONCE and not self._steps_timer.isActive():
            self._take(len(self._queue))
            self.tree.insert()
            self._count_soon()
        elif not self._steps_timer.isActive():
            self._steps_timer.start()

    def end(self, patients: Sequence[FoundPatient], then: Callable[[], object]) -> None:
        """Say that this is all; `then` is called once all of it is shown."""
        known = self._found.patients
        self._queue.extend(
            p for p in patients if known.get((p.patient_id, p.name)) is None
        )
        self._ended = True
        self._then = then
        if not self._queue:
            self._finish()
        elif not self._steps_timer.isActive():
            self._steps_timer.start()

    def sort(self, patients: Sequence[FoundPatient]) -> None:
        """Put few results in order, unless somebody is at them already."""
        touched = self.tree.verticalScrollBar().value() or (
            self.tree.selectionModel().hasSelection()
        )
        shown = [root.patient for root in self.model.roots]
        if len(patients) > _AT_ONCE or touched or shown == list(patients):
            return
        if not self._narrow.active:
            self.tree.show_found(tuple(patients), None)

    def words(self) -> str:
        """Return how much was found, and how much of it is shown."""
        found, shown = self._found, self.model.shown_series
        text = series(found.series)
        if shown != found.series:
            text = f"{shown:,} of {text}"
        patients = count(len(found.patients), "patient")
        return join(patients, studies(found.studies), text)

    def _step(self) -> None:
        began = time.perf_counter()
        due = not self._queue or began - self._shown_at >= _SHOW_SECONDS
        if due:
            # a view asks for the place of every row whenever some are added: seldom,
            # and in a step of its own
            self.tree.insert()
            self._shown_at = began
            self._count_again = True
            if not self._count_timer.isActive():
                self._count_timer.start()
        while not due and self._queue:
            self._take(min(_PIECE, len(self._queue)))
            due = time.perf_counter() - began >= _STEP_SECONDS
        if self._queue or self.model.waiting:
            self._steps_timer.start()
        elif self._ended:
            self._finish()

    def _take(self, number: int) -> None:
        patients = [self._queue.popleft() for _ in range(number)]
        self._found.take(patients)
        self.tree.prepare(patients)

    def _finish(self) -> None:
        self._count_timer.stop()
        self._count()
        then, self._then = self._then, None
        if then is not None:
            then()

    def _count_soon(self) -> None:
        """Count now, or a little later where that was done just before."""
        self._count_again = self._count_timer.isActive()
        if not self._count_again:
            self._count()
            self._count_timer.start()

    def _count_later(self) -> None:
        if self._count_again:
            self._count_soon()
            if self._steps_timer.isActive():
                # not in the same turn: what was counted is painted first
                self._steps_timer.start()

    def _count(self) -> None:
        self.facets.show_counts(self._found, ended=self._ended and not self._queue)
        self.counted.emit(self.words())

    def _findings(self) -> Findings:
        since = recent_since(today_of(self._ctx))
        return Findings(since=since, here=self._is_here)

    def _is_here(self, series_uid: str) -> bool:
        item = self._ctx.library.state_of_series(series_uid)
        return item is not None and item.state is ItemState.READY

    def _look_for(self, index: QModelIndex) -> None:
        """Ask which series of what was unfolded the server has already."""
        node = self.model.node(index)
        if node is None:
            return
        studies_ = [node.study] if node.study else [b.study for b in node.children]
        self._ctx.library.look_for(one.study_uid for one in studies_ if one is not None)

    # --- narrowing ----------------------------------------------------------------

    def focus_filter(self) -> None:
        """Put the cursor into the filter of the results."""
        self._text.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def show_all(self) -> None:
        """Take back every filter and step."""
        self.facets.clear()
        self._text.clear()
        self._narrow = Narrowing()
        self._refill()
        self._count()

    def _filter_by_facets(self) -> None:
        self._narrow = replace(
            self._narrow, quick=self.facets.quick, chosen=self.facets.chosen
        )
        self._refill()

    def _filter_by_text(self) -> None:
        self._typed.stop()
        text = self._text.text().strip()
        if text != self._narrow.text:
            self._narrow = replace(self._narrow, text=text)
            self._refill()

    def _show_only(
        self,
        patients: dict[tuple[str, str], str],
        studies_: dict[tuple[str, str], str],
    ) -> None:
        narrow = self._narrow.only_patients(patients).only_studies(studies_)
        self._narrow = narrow
        self._refill()

    def _refill(self) -> None:
        """Show again what is let through; the same stays folded and highlighted."""
        self._show_steps()
        keep = self._narrow.keep(here=self._is_here, since=self._found.since)
        waiting = list(self._queue)
        everybody = self.patients
        if len(everybody) <= _AT_ONCE:
            self.tree.show_found(everybody, keep)
        else:
            self.tree.begin(keep)
            self._queue = deque([*everybody, *waiting])
            self._steps_timer.start()
        self.counted.emit(self.words())

    def _show_steps(self) -> None:
        narrow, steps = self._narrow, list[Step]()
        hidden = bool(self._ctx.settings.get("hide_names"))
        for patient, name in narrow.patients.items():
            drop = partial(self._drop, patient=patient)
            steps.append(Step("user", "a patient" if hidden else name, drop))
        for study, name in narrow.studies.items():
            drop = partial(self._drop, study=study)
            steps.append(Step("briefcase-medical", name, drop))
        if narrow.quick != ALL:
            words = _QUICK.get(narrow.quick, narrow.quick)
            steps.append(Step("filter", words, partial(self.facets.drop, "")))
        for group, values in narrow.chosen.items():
            words = f"{group}: {', '.join(sorted(map(clean, values)))}"
            steps.append(Step("filter", words, partial(self.facets.drop, group)))
        self._band.show_steps(steps)
        self._hair.setVisible(bool(steps))

    def _drop(
        self,
        *,
        patient: tuple[str, str] | None = None,
        study: tuple[str, str] | None = None,
    ) -> None:
        narrow = self._narrow
        self._narrow = replace(
            narrow,
            patients={k: v for k, v in narrow.patients.items() if k != patient},
            studies={k: v for k, v in narrow.studies.items() if k != study},
        )
        self._refill()

    # --- the Library changes ------------------------------------------------------

    def shutdown(self) -> None:
        """Stop listening; pulls are jobs and go on."""
        self._unsubscribe()
        for timer in (self._steps_timer, self._count_timer, self._typed, self._flush):
            timer.stop()
        self.acts.shutdown()

    def _on_change(self, change: LibraryChange) -> None:
        self._pending |= {item.series_uid for item in change.items if item.series_uid}
        self._pending.update(change.series)
        if change.tray:
            self.model.ticks_changed()
            self.tree.repaint_rows()
            self.wanted_changed.emit()
        if self._pending and not self._flush.isActive():
            self._flush.start()

    def _repaint(self) -> None:
        uids, self._pending = self._pending, set()
        self.model.items_changed(uids)
        self.tree.repaint_rows()
        if self._found.look_again(uids):
            self.facets.recount()
        self.wanted_changed.emit()
