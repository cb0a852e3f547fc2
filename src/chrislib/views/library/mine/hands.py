"""Keys, clicks and menus of My Library: what is done to what is highlighted."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QObject, QPoint

from chrislib.library.mine.model import Level, Mark, Row, RowId
from chrislib.views.context import ViewContext
from chrislib.views.library.mine.acts import mark_of
from chrislib.views.library.mine.grid import FLAG, STAR, TICK
from chrislib.views.library.mine.menu import row_menu
from chrislib.views.library.mine.sections import can_remove
from chrislib.views.library.mine.toolbar import GRID, LIST

if TYPE_CHECKING:
    from chrislib.views.library.mine.page import MinePage

COMPARED = 200
"""So many highlighted rows are looked at, to see what they have in common."""
_VIEW_KEYS = {"G": GRID, "J": LIST}


class Hands(QObject):
    """Turns keys and clicks into verbs."""

    def __init__(self, ctx: ViewContext, page: "MinePage") -> None:
        super().__init__(page)
        self._ctx = ctx
        self._page = page

    @property
    def _hidden(self) -> bool:
        return bool(self._ctx.settings.get("hide_names"))

    def press(self, key: str) -> None:
        """Do what a key of the list is for (ui.md §8)."""
        page = self._page
        level, ids = page.highlighted()
        mark = mark_of(key, page.views.rows(COMPARED))
        if mark is not None:
            page.acts.mark(level, ids, mark)
            return
        if key in _VIEW_KEYS:
            page.choose_view(_VIEW_KEYS[key])
            return
        verbs: dict[str, Callable[[], object]] = {
            "T": lambda: page.ticks.toggle(level, ids),
            "Shift+T": lambda: page.ticks.toggle_all(page.views.query),
            "E": self.open_current,
            "Space": self.preview,
            "A": lambda: page.acts.bring(level, ids),
            "D": lambda: page.acts.get_files(level, ids),
            "B": lambda: page.acts.toggle_quick(level, ids),
            "K": self._edit_keywords,
            "Del": self._remove,
            "C": lambda: page.acts.beside("C", level, ids),
            "N": lambda: page.acts.beside("N", level, ids),
        }
        if key in verbs:
            verbs[key]()

    def press_part(self, index: QModelIndex, part: str, number: int) -> None:
        """Answer a click on the box, the flag or a star of a row."""
        page = self._page
        row = page.model.row(index)
        if row is None:
            return
        level, ids = page.highlighted()
        if row.row_id not in ids:
            ids = [row.row_id]
        if part == TICK:
            page.ticks.toggle(level, ids)
        elif part == FLAG:
            page.acts.mark(level, ids, mark_of("U" if row.flag else "P", ()) or Mark())
        elif part == STAR:
            stars = 0 if number == row.stars else number
            page.acts.mark(level, ids, Mark(stars=stars))

    def mark_ids(self, ids: tuple[RowId, ...], mark: Mark) -> None:
        """Mark what the inspector shows."""
        self._page.acts.mark(self._page.highlighted()[0], ids, mark)

    def open_current(self) -> None:
        """Look at the current row in the viewer."""
        row = self._page.views.current()
        if row is not None:
            self._page.acts.open(row)

    def opened(self, index: QModelIndex) -> None:
        """Go into a patient or study; open a series in the viewer."""
        row = self._page.model.row(index)
        if row is None:
            return
        if row.level in (Level.PATIENT, Level.STUDY):
            self._page.go_into(row)
        else:
            self._page.acts.open(row)

    def row_opened(self, row: Row) -> None:
        """Open a row among patients: what is below it unfolds by the arrows."""
        self._page.acts.open(row)

    def row_ticked(self, row: Row) -> None:
        """Tick a row among patients, or all that are highlighted with it."""
        level, ids = self._page.highlighted()
        if level is not row.level or row.row_id not in ids:
            level, ids = row.level, [row.row_id]
        self._page.ticks.toggle(level, ids)

    def preview(self) -> None:
        """Show the current row large, or close that."""
        page = self._page
        row = page.views.current()
        if not page.peek.close_peek() and row is not None:
            page.peek.show_row(row, hidden=self._hidden)

    def follow_preview(self, row: Row | None) -> None:
        """Show the current row in the preview, if that is open."""
        if row is not None and not self._page.peek.isHidden():
            self._page.peek.show_row(row, hidden=self._hidden)

    def act(self, key: str) -> None:
        """Do what a button of the toolbar is for; the view stays chosen."""
        self._page.toolbar.show_view(self._page.view)
        self.press(key)

    def menu(self, at: QPoint) -> None:
        """Open the menu of what is highlighted."""
        page = self._page
        level, ids = page.highlighted()
        rows = page.views.rows(COMPARED)
        if ids and rows:
            row_menu(page, rows, ids, level=level).popup(at)

    def _edit_keywords(self) -> None:
        if self._page.views.number:
            self._page.inspector_asked.emit()
            self._page.inspector.edit_keywords()

    def _remove(self) -> None:
        page = self._page
        level, ids = page.highlighted()
        collection = page.spot.collection
        if collection is not None and can_remove(page.spot, page.acts.collections):
            page.acts.remove_from(collection, ids)
        else:
            page.acts.remove(level, ids)
