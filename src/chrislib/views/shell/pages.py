"""The modules of the window, each made when it is first shown."""

from collections.abc import Callable
from typing import cast

from PySide6.QtWidgets import QStackedWidget, QWidget

from chrislib.views.context import ViewContext
from chrislib.views.navigation import (
    CompareRuns,
    NewFeed,
    OpenViewer,
    Place,
    ShowFeed,
    ShowInbox,
    ShowJobs,
    ShowLibrary,
    ShowStarted,
)
from chrislib.views.shell.jobs_module import JobsPage
from chrislib.views.shell.library_module import LibraryPage
from chrislib.views.shell.panes import (
    FeedsModule,
    JobsModule,
    LibraryModule,
    PaneFactories,
    ViewerModule,
)


def module_of(place: Place) -> str:
    """Return the module that shows `place`."""
    match place:
        case ShowLibrary():
            return "library"
        case ShowFeed() | NewFeed() | ShowStarted() | CompareRuns():
            return "feeds"
        case ShowJobs() | ShowInbox():
            return "jobs"
        case OpenViewer():
            return "viewer"


class Pages(QStackedWidget):
    """Library, Feeds, Jobs and viewer, one of them in front.

    Parameters
    ----------
    made : callable
        Called with (module, page) right after a page was made.
    """

    def __init__(
        self,
        context: ViewContext,
        factories: PaneFactories,
        *,
        made: Callable[[str, QWidget], None],
    ) -> None:
        super().__init__()
        self.setObjectName("modules")
        self._context = context
        self._factories = factories
        self._made = made
        self._pages: dict[str, QWidget] = {}
        self._panes: dict[str, QWidget] = {}
        self.module = ""

    @property
    def library(self) -> LibraryPage | None:
        """The Library's page, once it was made."""
        page = self._pages.get("library")
        return page if isinstance(page, LibraryPage) else None

    @property
    def panes(self) -> tuple[QWidget, ...]:
        """Every pane made so far."""
        return tuple(self._panes.values())

    def pane(self) -> QWidget | None:
        """Return the pane in front."""
        return self._panes.get(self.module)

    def page(self) -> QWidget | None:
        """Return the page in front: the pane with what belongs around it."""
        return self._pages.get(self.module)

    def show_module(self, module: str) -> None:
        """Bring a module to the front, making it the first time."""
        page = self._pages.get(module)
        if page is None:
            page = self._make(module)
            self._pages[module] = page
            self.addWidget(page)
            self._made(module, page)
        self.module = module
        self.setCurrentWidget(page)

    def show_place(self, place: Place) -> None:
        """Bring the module of `place` to the front and lead it there."""
        self.show_module(module_of(place))
        pane = self._panes[self.module]
        match place:
            case ShowLibrary(section, payload):
                cast("LibraryModule", pane).show_section(section, payload)
                if self.library is not None:
                    self.library.places.select(section)
            case ShowFeed(feed_id, node_id):
                cast("FeedsModule", pane).show_feed(feed_id, node_id)
            case NewFeed(item_ids, many, recipe):
                feeds = cast("FeedsModule", pane)
                feeds.new_feed(item_ids, many=many, recipe=recipe)
            case ShowStarted(batch_key):
                cast("FeedsModule", pane).show_started(batch_key)
            case CompareRuns(left, right):
                cast("FeedsModule", pane).compare_runs(left, right)
            case ShowJobs(job_key, batch_key):
                cast("JobsModule", pane).show_job(job_key, batch_key)
            case ShowInbox():
                inbox = self._panes["inbox"]
                inbox.setVisible(True)
                inbox.setFocus()
                if hasattr(inbox, "show_place"):
                    inbox.show_place(place)
            case OpenViewer(content):
                cast("ViewerModule", pane).show_content(content)

    def folded(self, side: str) -> bool:
        """Return whether a side ("left", "right", "tray") of the front is folded."""
        return any(
            bool(piece.folded(side))
            for piece in self._front()
            if hasattr(piece, "folded")
        )

    def fold(self, side: str, folded: bool) -> None:
        """Fold or show a side of what is in front."""
        for piece in self._front():
            if hasattr(piece, "fold"):
                piece.fold(side, folded)

    def toggle(self, side: str) -> None:
        """Fold a side of what is in front, or show it."""
        own = getattr(self.pane(), f"toggle_{side}", None)
        if own is not None:
            # the pane knows better whether it was folded by size or by hand
            own()
        else:
            self.fold(side, not self.folded(side))

    def _front(self) -> list[QWidget]:
        """Return the page in front and, where it is another widget, its pane."""
        page, pane = self.page(), self.pane()
        pieces = [page] if page is pane else [page, pane]
        return [piece for piece in pieces if piece is not None]

    def _make(self, module: str) -> QWidget:
        context, factories = self._context, self._factories
        if module == "library":
            pane = factories.library(context)
            self._panes["library"] = pane
            page = LibraryPage(context.theme, pane, sections=factories.sections)
            page.places.remember(context.layout)
            return page
        if module == "jobs":
            jobs, inbox = factories.jobs(context), factories.inbox(context)
            self._panes["jobs"], self._panes["inbox"] = jobs, inbox
            return JobsPage(jobs, inbox)
        made = factories.feeds if module == "feeds" else factories.viewer
        pane = made(context)
        self._panes[module] = pane
        return pane
