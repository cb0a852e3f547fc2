"""What a place of My Library says when it lists nothing."""

from collections.abc import Callable

from PySide6.QtCore import Signal

from chrislib.errors import ChrislibError
from chrislib.library.mine.model import QUICK, Collection, CollectionKind
from chrislib.views.context import ViewContext
from chrislib.views.library.mine.sections import Spot
from chrislib.views.navigation import Navigator, ShowLibrary
from chrislib.views.widgets.state_view import StateView

_Said = tuple[str, str, str, list[tuple[str, Callable[[], object]]]]
"""Icon, title, text, and ways out."""


def _empty_words(
    navigator: Navigator,
    spot: Spot,
    collection: Collection | None,
    *,
    filtered: bool,
    clear: Callable[[], object],
    add_folder: Callable[[], object],
) -> _Said:
    """Return what to say of a list without rows.

    Parameters
    ----------
    collection : Collection or None
        The collection of the place, if it is one.
    filtered : bool
        Whether a search or filter leaves rows out.
    """
    if filtered:
        return (
            "scan-search",
            "Nothing here fits",
            "What you look for may be in another place, or written differently.",
            [("Clear search and filters", clear)],
        )
    if collection is not None and collection.kind is CollectionKind.SMART:
        return (
            "folder-cog",
            "Nothing fits its rules yet",
            "What fits them later appears here by itself.",
            [],
        )
    if collection is not None and collection.kind is CollectionKind.SET:
        return ("folder", "A set of collections", "Choose one of them at the left.", [])
    if collection is not None or spot.collection == QUICK:
        key = " or press B" if spot.collection == QUICK else ""
        return (
            "folder",
            "This collection is empty",
            f"Drag series here from My Library{key}.",
            [("Show all", lambda: navigator.go(ShowLibrary("all")))],
        )
    if spot.items or spot.below is not None:
        return (
            "images",
            "Nothing of it is here any more",
            "It was removed from your library, or has not arrived yet.",
            [("Show all", lambda: navigator.go(ShowLibrary("all")))],
        )
    return (
        "images",
        "Your library is empty",
        "Bring something in: from the PACS, from this computer, or reference data.",
        [
            ("PACS Lookup", lambda: navigator.go(ShowLibrary("pacs"))),
            ("Upload Data", lambda: navigator.go(ShowLibrary("upload"))),
            ("Add a folder …", add_folder),
        ],
    )


class MineState(StateView):
    """What stands in the place of rows that are not there.

    Signals
    -------
    cleared, folder_wanted, again
        Everything is to be shown; a folder is to be added; it is to be asked again.
    """

    cleared = Signal()
    folder_wanted = Signal()
    again = Signal()

    def __init__(self, ctx: ViewContext) -> None:
        super().__init__(ctx.theme, "images", "")
        self._navigator = ctx.navigator

    def say_empty(
        self, spot: Spot, collection: Collection | None, *, filtered: bool
    ) -> None:
        """Say why a place lists nothing, and what to do."""
        self.show_state(
            *_empty_words(
                self._navigator,
                spot,
                collection,
                filtered=filtered,
                clear=self.cleared.emit,
                add_folder=self.folder_wanted.emit,
            )
        )

    def say_failed(self, error: ChrislibError) -> None:
        """Say that a list could not be had."""
        self.show_state(
            "triangle-alert",
            error.title,
            f"{error.detail} {error.hint}".strip(),
            [("Try again", self.again.emit)],
        )
