"""What every pane gets in its constructor."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chrislib.paths import Paths
from chrislib.views.messages import Messages
from chrislib.views.models.job_feed import JobFeed
from chrislib.views.navigation import Navigator
from chrislib.views.ports import Dialogs, LayoutStore, Preferences
from chrislib.views.tasks import PaneTasks
from chrislib.views.theme.theme import Theme

if TYPE_CHECKING:
    from chrislib.accounts.session import Session
    from chrislib.feeds.service import FeedsService
    from chrislib.jobs.manager import JobManager
    from chrislib.library.history_book import HistoryBook
    from chrislib.library.mine.service import MyLibrary
    from chrislib.library.service import LibraryService
    from chrislib.library.storage.service import StorageService
    from chrislib.library.thumbnails.service import Thumbnails


@dataclass(frozen=True, slots=True)
class ViewContext:
    """Theme, ways to talk to the person, and the services behind the panes."""

    theme: Theme
    navigator: Navigator
    messages: Messages
    library: "LibraryService"
    my_library: "MyLibrary"
    thumbnails: "Thumbnails"
    history: "HistoryBook"
    feeds: "FeedsService"
    storage: "StorageService"
    jobs: "JobManager"
    job_feed: JobFeed
    settings: Preferences
    paths: Paths
    layout: LayoutStore
    session: "Session"
    dialogs: Dialogs
    now: Callable[[], float]
    """Seconds since the epoch; tests give their own."""

    def tasks(self, name: str) -> PaneTasks:
        """Return a task owner for the pane called `name`."""
        return PaneTasks(self.messages, name)
