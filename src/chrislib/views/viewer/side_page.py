"""Several stacks side by side, linked: what is done to one is done to the others."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import ceil, sqrt
from typing import Any

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from chrislib.dicom.render import Window
from chrislib.views.context import ViewContext
from chrislib.views.viewer.entries import Entry
from chrislib.views.viewer.linking import Anchor, goes_along, same_place
from chrislib.views.viewer.pages import PicturePage
from chrislib.views.viewer.stack_page import StackPage
from chrislib.views.widgets.frames import CACHE_BYTES

MOST = 12
"""Stacks that are shown at once; more would be too small to be looked at."""
_SMALL_FROM = 5
_GAP = 2


class SidePage(PicturePage):
    """Stacks in a grid; keys and tools act on the active one, links take the rest.

    Signals
    -------
    activated : int
        The view that keys act on is another one.
    """

    activated = Signal(int)

    def __init__(self, ctx: ViewContext) -> None:
        super().__init__(ctx)
        self._pages: list[StackPage] = []
        self._entries: list[Entry] = []
        self._active = 0
        self._linked = True
        self._anchors: dict[tuple[int, int], Anchor] = {}
        self._syncing = False
        self._frame = QWidget()
        self._frame.setProperty("surface", "canvas")
        self._frame.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._grid = QGridLayout(self._frame)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(_GAP)
        self._column.addWidget(self._frame, 1)
        self._column.addWidget(self.foot)

    # --- what the viewer calls -----------------------------------------------

    def open(self, entries: Sequence[Entry]) -> None:
        """Show stacks side by side, `MOST` at the most; decoded in threads."""
        self._entries = list(entries[:MOST])
        count = len(self._entries)
        columns = count if count <= 3 else ceil(sqrt(count))
        while len(self._pages) < count:
            self._pages.append(self._make(len(self._pages)))
        self._anchors.clear()
        for number, page in enumerate(self._pages):
            self._grid.removeWidget(page)
            page.setVisible(number < count)
            if number >= count:
                page.close_stack()
        with self._quietly():
            for number, entry in enumerate(self._entries):
                page = self._pages[number]
                page.limit_cache(CACHE_BYTES // count)
                page.set_brief(count >= _SMALL_FROM)
                self._grid.addWidget(page, number // columns, number % columns)
                self._open_in(page, entry)
        for column in range(self._grid.columnCount()):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)
        for row in range(self._grid.rowCount()):
            self._grid.setRowStretch(row, 1 if row < ceil(count / columns) else 0)
        self._anchor()
        self.activate(0)

    def show_in_active(self, entry: Entry) -> None:
        """Show another stack in the active view."""
        if not self._entries:
            return
        self._entries[self._active] = entry
        with self._quietly():
            self._open_in(self._pages[self._active], entry)
        self._anchor()
        self.activate(self._active)

    def close_all(self) -> None:
        """Drop every stack and what was decoded of it."""
        self._entries = []
        for page in self._pages:
            page.close_stack()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What is shown, in order."""
        return tuple(self._entries)

    @property
    def views(self) -> tuple[StackPage, ...]:
        """The views in use, in order."""
        return tuple(self._pages[: len(self._entries)])

    @property
    def active(self) -> int:
        """The view that keys act on, from 0."""
        return self._active

    @property
    def linked(self) -> bool:
        """Whether the views go together."""
        return self._linked

    def set_linked(self, linked: bool) -> None:
        """Let the views go together from what they show now, or each by itself."""
        self._linked = linked
        self._anchor()
        self._note()

    def activate(self, number: int) -> None:
        """Let keys and tools act on another view."""
        if not 0 <= number < len(self._entries):
            return
        self._active = number
        for place, page in enumerate(self.views):
            page.canvas.set_active(place == number)
        self._note()
        self._show_place()
        self.presets_changed.emit()
        self.activated.emit(number)

    def focus(self) -> None:
        """Give the active view the keyboard."""
        if self._entries:
            self._pages[self._active].canvas.setFocus()

    # --- PicturePage ---------------------------------------------------------

    @property
    def index(self) -> int:
        """The picture shown in the active view."""
        return self._pages[self._active].index if self._entries else 0

    @property
    def count(self) -> int:
        """Number of pictures of the active view."""
        return self._pages[self._active].count if self._entries else 0

    @property
    def presets(self) -> Sequence[Window]:
        """The windows offered for the active view."""
        return self._pages[self._active].presets if self._entries else ()

    def go(self, index: int) -> None:
        """Show another picture in the active view; linked ones follow."""
        if self._entries:
            self._pages[self._active].go(index)

    def turn(self, by: int) -> bool:
        """Let keys act on the next view."""
        self.activate(self._active + by)
        self.focus()
        return True

    def set_tool(self, tool: str) -> None:
        """Choose what a left drag does."""
        self._each(lambda page: page.set_tool(tool))

    def set_window(self, window: Window | None) -> None:
        """Show the active view by `window`; linked ones of its kind as well."""
        if self._entries:
            self._pages[self._active].set_window(window)

    def toggle_invert(self) -> None:
        """Swap black and white in the active view."""
        if self._entries:
            self._pages[self._active].toggle_invert()

    def set_texts_shown(self, shown: bool) -> None:
        """Show or hide the corner texts."""
        self._each(lambda page: page.set_texts_shown(shown))

    def reset(self) -> None:
        """Fit, and show as the files say."""
        with self._quietly():
            self._each(lambda page: page.reset())

    def refresh_names(self) -> None:
        """Read again whether names are hidden."""
        self._each(lambda page: page.refresh_names())

    @property
    def pending(self) -> int:
        """Number of tasks that have not ended."""
        return super().pending + sum(page.pending for page in self._pages)

    def shutdown(self) -> None:
        """Stop decoding."""
        self._each(lambda page: page.shutdown())
        super().shutdown()

    # --- inside --------------------------------------------------------------

    def _make(self, number: int) -> StackPage:
        page = StackPage(self._ctx)
        page.setParent(self._frame)
        page.foot.keep_away()
        page.canvas.setObjectName(f"viewer.canvas.{number}")
        page.canvas.setAccessibleName(f"View {letter(number)}")
        page.canvas.activated.connect(lambda: self._pressed(number))
        page.canvas.view_changed.connect(lambda: self._zoomed(number))
        page.moved.connect(lambda: self._moved(number))
        page.windowed.connect(lambda window: self._windowed(number, window))
        page.decoded.connect(lambda: self._decoded(number))
        page.menu_requested.connect(self.menu_requested)
        return page

    def _open_in(self, page: StackPage, entry: Entry) -> None:
        if entry.stack is not None:
            page.open_stack(entry.stack)
        else:
            page.open_files(entry.paths, entry.title)

    def _each(self, act: Callable[[StackPage], Any]) -> None:
        for page in self._pages:
            act(page)

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        """Change views without the others following."""
        before, self._syncing = self._syncing, True
        try:
            yield
        finally:
            self._syncing = before

    def _others(self, number: int) -> Iterator[tuple[int, StackPage]]:
        """Go through the views that follow a view, which do not answer meanwhile."""
        if self._syncing or not self._linked or number >= len(self._entries):
            return
        with self._quietly():
            for place, page in enumerate(self.views):
                if place != number:
                    yield place, page

    def _anchor(self) -> None:
        """Note what is shown together now."""
        shown = [page.index for page in self.views]
        self._anchors = {
            (one, other): Anchor(shown[one], shown[other])
            for one in range(len(shown))
            for other in range(len(shown))
        }
        if self._linked and self._entries:
            # views of one study begin at the same place of the body
            self._follow(self._active if self._active < len(shown) else 0)

    def _pressed(self, number: int) -> None:
        if number != self._active:
            self.activate(number)

    def _moved(self, number: int) -> None:
        if number == self._active:
            self._show_place()
        self._follow(number)

    def _follow(self, number: int) -> None:
        mine = self._pages[number]
        for place, page in self._others(number):
            if not goes_along(mine.stack, page.stack):
                continue
            page.go(
                same_place(
                    mine.stack,
                    page.stack,
                    index=mine.index,
                    counts=(mine.count, page.count),
                    anchor=self._anchors[number, place],
                )
            )

    def _zoomed(self, number: int) -> None:
        canvas = self._pages[number].canvas
        zoom, shift = canvas.zoom, canvas.shift
        wide, high = max(canvas.width(), 1), max(canvas.height(), 1)
        share = QPointF(shift.x() / wide, shift.y() / high)
        for _, page in self._others(number):
            other = page.canvas
            moved = QPointF(share.x() * other.width(), share.y() * other.height())
            other.show_view(zoom, moved)

    def _windowed(self, number: int, window: Window | None) -> None:
        kind = self._pages[number].modality
        for _, page in self._others(number):
            # values of different modalities have nothing in common
            if page.modality == kind:
                page.set_window(window)

    def _decoded(self, number: int) -> None:
        if number == self._active and self._entries:
            self.foot.show_decoded(self._pages[number].decoded_indexes)

    def _show_place(self) -> None:
        page = self._pages[self._active]
        entry = self._entries[self._active]
        self.foot.set_title(f"View {letter(self._active)} · {entry.title}")
        self.foot.show_place(page.index, max(page.count, 1))
        self.foot.show_decoded(page.decoded_indexes)

    def _note(self) -> None:
        """Say in the corners which view goes with which."""
        name = f"Linked to view {letter(self._active)}"
        active = self._pages[self._active].stack if self._entries else None
        for place, page in enumerate(self.views):
            follows = self._linked and place != self._active
            follows = follows and goes_along(active, page.stack)
            page.set_note(name if follows else "")


def letter(number: int) -> str:
    """Return what a view is called: A, B, C and so on."""
    return chr(ord("A") + number)
