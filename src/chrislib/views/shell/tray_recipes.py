"""What was run before, at the tray: looked at again when it may be other."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, QTimer

from chrislib.jobs.model import JobChange, Kind
from chrislib.views.context import ViewContext
from chrislib.views.shell.tray import TrayPanel
from chrislib.views.tasks import PaneTasks

_SOON = 400
_RUNS = frozenset({Kind.RUN, Kind.WORKFLOW})


class TrayRecipes(QObject):
    """Keeps the recipes of a tray up to date; an empty tray costs nothing."""

    def __init__(self, context: ViewContext, tasks: PaneTasks) -> None:
        super().__init__()
        self._context = context
        self._tasks = tasks
        self._panel: TrayPanel | None = None
        self._stops: list[Callable[[], None]] = []
        self._known = False
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON)
        self._soon.timeout.connect(self._look)

    def follow(self, panel: TrayPanel) -> None:
        """Offer recipes at a panel from now on."""
        self._panel = panel
        context = self._context
        context.job_feed.changed.connect(self._jobs_changed)
        self._stops = [
            context.library.subscribe(self._library_changed),
            context.session.subscribe(self._session_changed),
        ]
        self._soon.start()

    def stop(self) -> None:
        """Follow no longer."""
        self._soon.stop()
        for stop in self._stops:
            stop()
        self._stops = []

    def _library_changed(self, _change: object) -> None:
        # told several times a second while something is pulled
        waits = self._soon.isActive()
        if not self._known and not waits and self._context.library.tray.ids:
            self._soon.start()

    def _session_changed(self) -> None:
        self._known = False
        self._soon.start()

    def _jobs_changed(self, changes: Sequence[JobChange]) -> None:
        """Look again once a run got its feed: it may be a new recipe."""
        if self._soon.isActive():
            return
        for change in changes:
            if change.after.kind not in _RUNS or change.after.feed_id is None:
                continue
            if change.before is None or change.before.feed_id is None:
                self._known = False
                self._soon.start()
                return

    def _look(self) -> None:
        if self._panel is None or not self._context.library.tray.ids:
            return
        self._known = True
        self._tasks.start(
            self._context.feeds.making.recipes(),
            name="recipes",
            done=self._panel.set_recipes,
        )
