"""What is looked at before anything is sent. Pure functions."""

from collections.abc import Sequence

from chrislib.cube.types import Plugin
from chrislib.errors import ChrislibError
from chrislib.feeds.ports import FeedItem
from chrislib.feeds.values import path_problem

TITLE_LIMIT = 100


def newest_first(plugin: Plugin) -> tuple[tuple[int, ...], int]:
    """Return what versions of a plugin are compared by: "1.10.2" is after "1.9"."""
    numbers = []
    for part in plugin.version.replace("-", ".").replace("+", ".").split("."):
        digits = "".join(char for char in part if char.isdigit())
        numbers.append(int(digits) if digits else 0)
    return tuple(numbers), plugin.id


def check_title(title: str, *, required: bool = False) -> None:
    """Refuse a title that servers refuse.

    Raises
    ------
    ChrislibError
        It is too long, or empty where one is `required`.
    """
    if len(title.strip()) > TITLE_LIMIT:
        raise ChrislibError(
            f"The title has {len(title.strip())} characters.",
            "Nothing was sent.",
            hint=f"Up to {TITLE_LIMIT} are allowed.",
        )
    if required and not title.strip():
        raise ChrislibError("The title is empty.", hint="Enter a title.")


def paths_of(items: Sequence[FeedItem]) -> list[str]:
    """Return the storage paths of items that are all here.

    Raises
    ------
    ChrislibError
        There are none, some are not here yet, or a path cannot be used.
    """
    if not items:
        raise ChrislibError(
            "There is no data for this feed.",
            "Nothing was created.",
            hint="Tick something in the Library first.",
        )
    away = [item for item in items if item.state.value != "ready" or not item.path]
    if away:
        count = len(away)
        raise ChrislibError(
            "1 item is not here yet."
            if count == 1
            else f"{count:,} items are not here yet.",
            "Nothing was created. They go on arriving.",
            hint="Create the feed when they are here, or take them out of the tray.",
        )
    paths = list(dict.fromkeys(item.path.strip("/") for item in items))
    for path in paths:
        problem = path_problem(path)
        if "," in path:
            problem = f"“{path}” has a comma in its name, which servers refuse."
        if problem:
            raise ChrislibError(
                "An item cannot be used in a feed.", problem, hint="Take it out."
            )
    return paths
