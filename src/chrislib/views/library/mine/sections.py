"""The places of My Library: what each lists, and how it is looked at first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chrislib.library.mine.model import (
    PREVIOUS,
    QUICK,
    Collection,
    CollectionId,
    CollectionKind,
    Column,
    Counts,
    Filters,
    Level,
    RowId,
    Sort,
)
from chrislib.library.model import ItemId
from chrislib.views.library.mine.toolbar import GRID, LIST, PEOPLE

COLLECTION = "collection:"
SECTIONS = ("all", "patients", "studies", "series", "previous")
_LEVELS = {
    "patients": Level.PATIENT,
    "studies": Level.STUDY,
    "series": Level.SERIES,
}
_VIEWS = {"patients": PEOPLE, "studies": LIST}


@dataclass(frozen=True, slots=True)
class Spot:
    """Where somebody is in My Library.

    Attributes
    ----------
    section : str
        "all", "patients", "studies", "series", "previous" or "collection:<id>".
    items : frozenset of ItemId
        Only these, such as what a lookup brought.
    below : (Level, RowId) or None
        Only what belongs to a patient or study.
    """

    section: str = "all"
    items: frozenset[ItemId] = frozenset()
    below: tuple[Level, RowId] | None = None

    @property
    def kind(self) -> str:
        """What view and order are remembered by: collections share one."""
        return "collection" if self.collection is not None else self.section

    @property
    def level(self) -> Level:
        """What the rows are."""
        if self.below is not None:
            return Level.STUDY if self.below[0] is Level.PATIENT else Level.SERIES
        return _LEVELS.get(self.section, Level.ALL)

    @property
    def collection(self) -> CollectionId | None:
        """The collection whose rows are listed."""
        if self.section == "previous":
            return PREVIOUS
        if self.section.startswith(COLLECTION):
            return CollectionId(self.section.removeprefix(COLLECTION))
        return None

    @property
    def usual_view(self) -> str:
        """How it is looked at until somebody chooses another view."""
        return GRID if self.below is not None else _VIEWS.get(self.section, GRID)

    @property
    def usual_sort(self) -> Sort:
        """How it is sorted until somebody chooses another order."""
        if self.section == "previous":
            return Sort(Column.ADDED, descending=True)
        return Sort()

    def filters(self, wanted: Filters) -> Filters:
        """Return filters that also keep to this place."""
        found = replace(wanted, collection=self.collection, items=self.items)
        if self.below is None:
            return found
        level, row_id = self.below
        if level is Level.PATIENT:
            return replace(found, patient=row_id)
        return replace(found, study=row_id)


def section_of(collection_id: CollectionId) -> str:
    """Return the section that shows a collection."""
    return f"{COLLECTION}{collection_id}"


def is_mine(section: str) -> bool:
    """Whether a section of the Library is one of My Library."""
    return section in SECTIONS or section.startswith(COLLECTION)


def collection_of(spot: Spot, collections: Sequence[Collection]) -> Collection | None:
    """Return the collection of a place; None for others and for the quick one."""
    for one in collections:
        if one.collection_id == spot.collection:
            return one
    return None


def can_remove(spot: Spot, collections: Sequence[Collection]) -> bool:
    """Whether rows can be taken out of a place without leaving the library."""
    found = collection_of(spot, collections)
    manual = found is not None and found.kind is CollectionKind.MANUAL
    return manual or spot.collection == QUICK


def total_of(spot: Spot, counts: Counts, collections: Sequence[Collection]) -> int:
    """Return how many rows a place has without filters, 0 when that is not known."""
    if spot.items or spot.below is not None:
        return 0
    if spot.section == "previous":
        return counts.previous
    if spot.collection == QUICK:
        return counts.quick
    found = collection_of(spot, collections)
    if found is not None:
        return found.count
    return {
        "all": counts.all,
        "patients": counts.patients,
        "studies": counts.studies,
        "series": counts.series,
    }.get(spot.section, 0)
