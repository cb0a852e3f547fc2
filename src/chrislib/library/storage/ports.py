"""What Browse Files needs of its neighbours, as narrow as it is used."""

from collections.abc import Callable, Iterable
from typing import Protocol

from chrislib.library.model import Item, ItemId, LibraryChange


class TrayPort(Protocol):
    """The tray, across all sources."""

    def items(self) -> tuple[Item, ...]:
        """Return the items that are in it, in order."""

    def add(self, *ids: ItemId) -> None:
        """Put items at the end."""

    def remove(self, *ids: ItemId) -> None:
        """Take items out."""

    def __contains__(self, item_id: object) -> bool: ...


class DeidentificationPort(Protocol):
    """Whether originals may leave this computer."""

    @property
    def required(self) -> bool:
        """Whether the present server only gets de-identified files."""


class LibraryPort(Protocol):
    """The part of the Library that holds what is ticked."""

    @property
    def tray(self) -> TrayPort:
        """What is ticked."""

    @property
    def deidentification(self) -> DeidentificationPort:
        """What is asked before anything is sent."""

    def item(self, item_id: ItemId) -> Item | None:
        """Return one item."""

    async def keep(self, items: Iterable[Item]) -> None:
        """Take over items and write them (disk)."""

    async def forget(self, ids: Iterable[ItemId]) -> None:
        """Take items out of the Library (disk)."""

    def subscribe(
        self, callback: Callable[[LibraryChange], None]
    ) -> Callable[[], None]:
        """Call `callback` after each change."""
