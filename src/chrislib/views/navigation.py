"""Where to go in the window: places as data, one navigator, no pane knows another."""

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from chrislib.feeds.recipes import Recipe
from chrislib.views.viewer_content import ViewContent


@dataclass(frozen=True, slots=True)
class ShowLibrary:
    """A section of the Library.

    `section` is "overview", "pacs", "upload", "reference", "all", "patients",
    "studies", "series", "previous" or "files"; `payload` is the
    section's own business, e.g. the criteria of a lookup or an entry of History.
    """

    section: str = "overview"
    payload: object = None


@dataclass(frozen=True, slots=True)
class ShowFeed:
    """A feed, and in it a node; without a feed the list."""

    feed_id: int | None = None
    node_id: int | None = None


@dataclass(frozen=True, slots=True)
class ShowJobs:
    """The job list with one job highlighted, or only the jobs of one batch."""

    job_key: str | None = None
    batch_key: str = ""


@dataclass(frozen=True, slots=True)
class ShowInbox:
    """The inbox beside the job list.

    Attributes
    ----------
    toast, batch_key : str
        Only what one toast told of, or what belongs to a batch.
    item : str
        One outcome to be highlighted.
    verb : str
        What to do with it: "get" or "later".
    """

    toast: str = ""
    batch_key: str = ""
    item: str = ""
    verb: str = ""


@dataclass(frozen=True, slots=True)
class OpenViewer:
    """Something to look at in the viewer."""

    content: ViewContent


@dataclass(frozen=True, slots=True)
class NewFeed:
    """The sheet that makes a feed of library items; `many` makes one of each.

    A recipe that is at fault is shown there at what is wrong with it.
    """

    item_ids: tuple[str, ...] = ()
    many: bool = False
    recipe: Recipe | None = None


@dataclass(frozen=True, slots=True)
class ShowStarted:
    """Feeds that were started together; without a key those started last."""

    batch_key: str = ""


@dataclass(frozen=True, slots=True)
class CompareRuns:
    """Two nodes side by side, each as (feed, node)."""

    left: tuple[int, int]
    right: tuple[int, int]


Place = (
    ShowLibrary
    | ShowFeed
    | ShowJobs
    | ShowInbox
    | OpenViewer
    | NewFeed
    | ShowStarted
    | CompareRuns
)


class Navigator(QObject):
    """Carries wishes to go somewhere to the shell, which knows the modules."""

    requested = Signal(object)

    def go(self, place: Place) -> None:
        """Ask the shell to show `place`."""
        self.requested.emit(place)


def parse_link(link: str) -> Place | None:
    """Return the place of a deep link of a notification, None for an unknown one.

    Parameters
    ----------
    link : str
        "feed/12/node/34", "feed/12", "jobs/<key>", "jobs", "inbox",
        "inbox/toast/<id>", "inbox/batch/<key>", "inbox/item/<key>", "get/<key>",
        "later/<key>" or "library".
    """
    parts = link.strip("/").split("/")
    match parts:
        case ["feed", feed, "node", node] if _is_id(feed) and _is_id(node):
            return ShowFeed(int(feed), int(node))
        case ["feed", feed] if _is_id(feed):
            return ShowFeed(int(feed))
        case ["jobs", key]:
            return ShowJobs(key)
        case ["jobs"]:
            return ShowJobs()
        case ["inbox"]:
            return ShowInbox()
        case ["inbox", "toast", toast]:
            return ShowInbox(toast=toast)
        case ["inbox", "batch", key]:
            return ShowInbox(batch_key=key)
        case ["inbox", "item", key]:
            return ShowInbox(item=key)
        case ["get" | "later" as verb, key]:
            return ShowInbox(item=key, verb=verb)
        case ["library", *rest]:
            return ShowLibrary(rest[0] if rest else "overview")
    return None


def _is_id(text: str) -> bool:
    """Whether a part of a link is a number of the server."""
    # links come from outside: other scripts have digits too, and numbers no end
    return text.isascii() and text.isdigit() and len(text) < 16
