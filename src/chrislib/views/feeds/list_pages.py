"""What stands below the head of the list of feeds: rows, placeholders, or words."""

from collections.abc import Callable

from PySide6.QtWidgets import QStackedWidget, QWidget

from chrislib.feeds.arranging import Arranging
from chrislib.views.feeds.list_note import ListNote
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.skeleton import Skeleton

_Way = tuple[str, Callable[[], object]]


class ListPages(QStackedWidget):
    """Rows, placeholders or words, one of them at a time.

    Attributes
    ----------
    finding : bool
        The server is asked for what the list is to show; nothing takes the place of
        the words that say so.
    """

    def __init__(self, theme: Theme, rows: QWidget) -> None:
        super().__init__()
        self.finding = False
        self.skeleton = Skeleton(theme, row_height=52, picture=True)
        self._note = ListNote(theme, name="feeds.list.note")
        for page in (rows, self.skeleton, self._note):
            self.addWidget(page)

    def show_loading(self, words: str) -> None:
        """Show placeholders; `words` are for screen readers."""
        self.skeleton.start(words)
        self.setCurrentWidget(self.skeleton)

    def show_words(self, title: str, text: str, *ways: _Way | None) -> None:
        """Show why there are no rows, and at most two ways on."""
        self._note.show_note(title, text, *ways)
        self.setCurrentWidget(self._note)

    def show_finding(self, what: str) -> None:
        """Show what the server is asked for, until `finding` ends."""
        self.finding = True
        self.show_words(what, "The server does this.")

    def show_error(self, error: BaseException, retry: Callable[[], object]) -> None:
        """Show what went wrong, with Try again."""
        self.finding = False
        self._note.show_error(error, retry)
        self.setCurrentWidget(self._note)


def why_empty(now: Arranging, scope: str, *, total: int, tags: str) -> tuple[str, str]:
    """Return why a tab of the list of feeds has no row: a title and a sentence.

    Parameters
    ----------
    total : int
        Feeds of the tab without search and filters.
    tags : str
        Whether tags were read for the words: "known", "asked" or "failed".
    """
    if not total:
        return _EMPTY[scope]
    if now.only is not None:
        return "No feed is shown", "None has such files."
    if not now.words.strip():
        return "No feed is shown", "None is like those that are wanted."
    if tags == "asked":
        return (
            "Looking at tags",
            "No title, person or feed number has these words. The server is asked "
            "which feeds have such tags.",
        )
    if tags == "failed":
        return (
            "No feed has these words",
            "The search looked at titles, people and feed numbers. The server did "
            "not say which feeds have such tags.",
        )
    return (
        "No feed has these words",
        "The search looks at titles, people, tags and feed numbers.",
    )


_EMPTY = {
    "mine": (
        "No feeds yet",
        "Tick something in the Library, then Create feed.",
    ),
    "shared": ("Nothing shared", "Feeds that others share with you appear here."),
    "public": ("No public feeds", "Feeds that are open to everybody appear here."),
}
