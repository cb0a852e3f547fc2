"""What people gather, as places of the left panel."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QMimeData, SignalInstance

COLLECTIONS, SMART = "Collections", "Smart collections"
"""Heads of what people gather themselves."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """A collection as a place.

    Attributes
    ----------
    head : str
        `COLLECTIONS` or `SMART`.
    depth : int
        1 for what lies in a set.
    """

    section: str
    text: str
    icon: str
    head: str
    count: int | None = None
    depth: int = 0


class Places(Protocol):
    """The left panel, as whoever fills it knows it."""

    @property
    def plus_pressed(self) -> SignalInstance:
        """A new collection is wanted below a head (its text)."""

    @property
    def menu_asked(self) -> SignalInstance:
        """The menu of a section is wanted at a point of the screen."""

    @property
    def dropped(self) -> SignalInstance:
        """Something was dropped on a section: section, data."""

    def show_counts(self, counts: Mapping[str, int]) -> None:
        """Show how many things each place holds; collections keep theirs."""

    def show_collections(self, gathered: Sequence[Gathered]) -> None:
        """Show collections in their order."""

    def take_drops(self, takes: Callable[[str, QMimeData], bool]) -> None:
        """Ask `takes` whether a place takes what is dragged over it."""
