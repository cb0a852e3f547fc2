"""What is done with the tray: taken out, put in order, cleared; all can be undone."""

from collections.abc import Callable, Sequence

from chrislib.library.model import ItemId
from chrislib.views.context import ViewContext
from chrislib.views.navigation import NewFeed
from chrislib.views.shell.tray import TrayPanel

_UNDO_SECONDS = 8


class TrayVerbs:
    """Carries out what the tray's panel asks for.

    Parameters
    ----------
    go : callable
        Shows a place.
    """

    def __init__(self, context: ViewContext, go: Callable[[NewFeed], None]) -> None:
        self._context = context
        self._go = go

    def follow(self, panel: TrayPanel) -> None:
        """Listen to a panel."""
        panel.create_requested.connect(self.create_feed)
        panel.remove_requested.connect(self.remove)
        panel.clear_requested.connect(self.clear)
        panel.dropped.connect(self.drop)

    def create_feed(self) -> None:
        """Make a feed of what is in the tray."""
        ids = tuple(str(i.item_id) for i in self._context.library.tray.items())
        self._go(NewFeed(ids))

    def remove(self, ids: Sequence[str]) -> None:
        """Take items out."""
        tray = self._context.library.tray
        before = tray.ids
        gone = {ItemId(one) for one in ids} & set(before)
        tray.remove(*gone)
        if gone:
            self._offer_undo(len(gone), before)

    def clear(self) -> None:
        """Take everything out."""
        tray = self._context.library.tray
        before = tray.ids
        tray.clear()
        if before:
            self._offer_undo(len(before), before)

    def drop(self, ids: Sequence[str], place: int) -> None:
        """Put items at a place: those that are in move there, others are added."""
        tray = self._context.library.tray
        tray.add(*(ItemId(one) for one in ids))
        for one in ids:
            at = tray.ids.index(ItemId(one)) if ItemId(one) in tray.ids else -1
            if at < 0:
                continue
            # what stood before its new place moves up when it is taken out
            place -= at < place
            tray.move(ItemId(one), place)
            place += 1

    def _offer_undo(self, number: int, before: Sequence[ItemId]) -> None:
        tray = self._context.library.tray
        self._context.messages.info(
            f"Took {number:,} out of the tray",
            "Nothing was removed from your library.",
            action=("Undo", lambda: tray.put_back(before)),
            seconds=_UNDO_SECONDS,
        )
