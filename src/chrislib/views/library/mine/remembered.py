"""What My Library remembers of how somebody looks at it."""

from chrislib.library.mine.model import Column, Level, Sort
from chrislib.views.library.mine.grid import LARGEST, SMALLEST, USUAL
from chrislib.views.library.mine.sections import Spot
from chrislib.views.library.mine.toolbar import PEOPLE, VIEWS
from chrislib.views.ports import LayoutStore

_PREFIX = "mine."


class Remembered:
    """View and order by place, size of the pictures, columns, folds."""

    def __init__(self, store: LayoutStore) -> None:
        self._store = store

    def view(self, spot: Spot) -> str:
        """Return how a place is looked at."""
        found = self._get(f"view.{spot.kind}")
        if spot.below is None and isinstance(found, str) and found in VIEWS:
            return found
        return spot.usual_view

    def put_view(self, spot: Spot, view: str) -> None:
        """Look at a place so from now on."""
        if spot.below is None:
            self._put(f"view.{spot.kind}", view)

    def sort(self, spot: Spot, view: str) -> Sort:
        """Return the order of a place; patients in time have their own."""
        people = view == PEOPLE
        found = self._get(f"sort.{PEOPLE if people else spot.kind}")
        if isinstance(found, list) and len(found) == 2:
            known = {one.value: one for one in Column}
            if found[0] in known:
                return Sort(known[found[0]], descending=bool(found[1]))
        return Sort(Column.NAME, descending=False) if people else spot.usual_sort

    def put_sort(self, spot: Spot, view: str, sort: Sort) -> None:
        """Sort a place so from now on."""
        kind = PEOPLE if view == PEOPLE else spot.kind
        self._put(f"sort.{kind}", [sort.by.value, sort.descending])

    @property
    def oldest_first(self) -> bool:
        """Whether each patient's oldest study comes first."""
        return self._get("oldest_first") is True

    @oldest_first.setter
    def oldest_first(self, oldest: bool) -> None:
        self._put("oldest_first", oldest)

    @property
    def side(self) -> int:
        """The size of the pictures, px."""
        found = self._get("side")
        if isinstance(found, int) and SMALLEST <= found <= LARGEST:
            return found
        return USUAL

    @side.setter
    def side(self, side: int) -> None:
        self._put("side", side)

    def columns(self, level: Level) -> dict[str, object] | None:
        """Return the columns of the list for rows of a level."""
        found = self._get(f"columns.{level.value}")
        return found if isinstance(found, dict) else None

    def put_columns(self, level: Level, layout: dict[str, object]) -> None:
        """Show these columns from now on."""
        self._put(f"columns.{level.value}", layout)

    @property
    def folds(self) -> object:
        """Which sections of the inspector are open."""
        return self._get("folds")

    @folds.setter
    def folds(self, folds: dict[str, bool]) -> None:
        self._put("folds", folds)

    @property
    def width(self) -> int:
        """The width of the inspector, px."""
        found = self._get("width")
        return found if isinstance(found, int) and 264 <= found <= 480 else 304

    @width.setter
    def width(self, width: int) -> None:
        self._put("width", width)

    def _get(self, name: str) -> object:
        return self._store.get(_PREFIX + name)

    def _put(self, name: str, value: object) -> None:
        self._store.put(_PREFIX + name, value)
