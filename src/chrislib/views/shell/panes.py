"""What the shell needs to know of the panes it holds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtWidgets import QWidget

from chrislib.feeds.recipes import Recipe
from chrislib.views.context import ViewContext
from chrislib.views.viewer_content import ViewContent

PaneFactory = Callable[[ViewContext], QWidget]

SECTIONS = (
    *("overview", "pacs", "upload", "reference"),
    *("all", "patients", "studies", "series", "previous", "collection:quick"),
    "files",
)
"""The sections of the Library that exist; the places panel shows no others."""


class LibraryModule(Protocol):
    """The Library's centre."""

    def show_section(self, section: str, payload: object = None) -> None:
        """Show a section; `payload` is its own business."""


class FeedsModule(Protocol):
    """The Feeds module."""

    def show_feed(self, feed_id: int | None, node_id: int | None = None) -> None:
        """Show a feed and highlight a node."""

    def show_started(self, batch_key: str) -> None:
        """Show feeds that were started together."""

    def compare_runs(self, left: tuple[int, int], right: tuple[int, int]) -> None:
        """Show two nodes side by side, each as (feed, node)."""

    def new_feed(
        self,
        item_ids: tuple[str, ...],
        *,
        many: bool = False,
        recipe: Recipe | None = None,
    ) -> None:
        """Open the sheet that makes a feed of library items."""


class JobsModule(Protocol):
    """The job list."""

    def show_job(self, job_key: str | None, batch_key: str = "") -> None:
        """Highlight a job, or show the jobs of one batch only."""


class ViewerModule(Protocol):
    """The viewer."""

    def show_content(self, content: ViewContent) -> None:
        """Look at `content`."""


@dataclass(frozen=True, slots=True)
class PaneFactories:
    """How each pane is made; each is called when it is first shown.

    A pane may offer, and the shell then calls: ``shutdown()`` at the end,
    ``refresh()`` for F5, ``focus_filter()`` for Ctrl+F, ``folded(side) -> bool`` and
    ``fold(side, folded)`` for F7, F8 and Tab (`side` "left" or "right"),
    ``escape() -> bool`` for Esc (True when it had something to close).
    """

    library: PaneFactory
    feeds: PaneFactory
    jobs: PaneFactory
    inbox: PaneFactory
    viewer: PaneFactory
    sections: tuple[str, ...] = SECTIONS
