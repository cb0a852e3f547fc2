"""Items of several servers in one tray: said where they are, asked what to do."""

from collections.abc import Sequence

from chrislib.library.model import ItemId
from chrislib.views.context import ViewContext


def places_of(context: ViewContext, ids: Sequence[str]) -> dict[str, int]:
    """Return how many items are on each other server, by its name."""
    found: dict[str, int] = {}
    for one in ids:
        name = context.library.tray.elsewhere(ItemId(one))
        if name:
            found[name] = found.get(name, 0) + 1
    return found


def here_of(context: ViewContext, ids: Sequence[str]) -> list[str]:
    """Return the items that are on the present server."""
    elsewhere = context.library.tray.elsewhere
    return [one for one in ids if not elsewhere(ItemId(one))]


def where_words(places: dict[str, int]) -> str:
    """Return "2 items are on chris.example.org"."""
    number = sum(places.values())
    what = "1 item is" if number == 1 else f"{number:,} items are"
    return f"{what} on {' and '.join(places)}"


async def ask_to_leave_out(
    context: ViewContext, ids: Sequence[str], *, verb: str = "Create"
) -> bool:
    """Ask whether a feed shall be made without what is on other servers.

    True at once where everything is on this one.
    """
    places = places_of(context, ids)
    if not places:
        return True
    one = sum(places.values()) == 1
    return await context.dialogs.confirm(
        where_words(places),
        f"A feed is made on one server, this one on {context.session.host}. "
        f"{'It stays' if one else 'They stay'} in the tray: connect to "
        f"{' or '.join(places)} to make a feed there.",
        action=f"{verb} without {'it' if one else 'them'}",
    )
