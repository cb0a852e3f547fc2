"""What stands below the head of the list of feeds: rows, placeholders, or words."""

from collections.abc import Callable, Mapping

from PySide6.QtWidgets import QStackedWidget, QWidget

from chrislib.feeds.arranging import Arranging
from chrislib.views.feeds.list_note import ListNote
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.skeleton import Skeleton


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

    def show_why(
        self,
        now: Arranging,
        scope: str,
        *,
        total: int,
        tags: str,
        ways: Mapping[str, Callable[[], object]],
    ) -> None:
        """Show why a tab has no row, and at most two ways on.

        Parameters
        ----------
        total : int
            Feeds of the tab without search and filters.
        tags : str
            Whether tags were read for the words: "known", "asked" or "failed".
        ways : mapping of str to callable
            What there is to press, by its words.
        """
        if not total:
            self._show_words(*_EMPTY[scope])
            return
        title, text, names = _why(now, tags)
        self._show_words(title, text, *((name, ways[name]) for name in names))

    def show_finding(self, what: str) -> None:
        """Show what the server is asked for, until `finding` ends."""
        self.finding = True
        self._show_words(what, "The server does this.")

    def show_error(self, error: BaseException, retry: Callable[[], object]) -> None:
        """Show what went wrong, with Try again."""
        self.finding = False
        self._note.show_error(error, retry)
        self.setCurrentWidget(self._note)

    def _show_words(
        self, title: str, text: str, *ways: tuple[str, Callable[[], object]]
    ) -> None:
        self._note.show_note(title, text, *ways)
        self.setCurrentWidget(self._note)


def _why(now: Arranging, tags: str) -> tuple[str, str, tuple[str, ...]]:
    """Return why feeds that are there are not shown: title, sentence, ways on."""
    show, files = "Show all", "Search file names"
    if now.only is not None:
        return "No feed is shown", "None has such files.", (show,)
    if not now.words.strip():
        return "No feed is shown", "None is like those that are wanted.", (show,)
    if tags == "asked":
        return (
            "Looking at tags",
            "No title, person or feed number has these words. The server is asked "
            "which feeds have such tags.",
            (show, files),
        )
    if tags == "failed":
        return (
            "No feed has these words",
            "The search looked at titles, people and feed numbers. The server did "
            "not say which feeds have such tags.",
            (show, "Try again"),
        )
    return (
        "No feed has these words",
        "The search looks at titles, people, tags and feed numbers.",
        (show, files),
    )


_EMPTY = {
    "mine": (
        "No feeds yet",
        "Tick something in the Library, then Create feed.",
    ),
    "shared": ("Nothing shared", "Feeds that others share with you appear here."),
    "public": ("No public feeds", "Feeds that are open to everybody appear here."),
}
