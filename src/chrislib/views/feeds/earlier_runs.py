"""Earlier runs of a plugin, to take over what they were given."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
)

from chrislib.feeds.plugins import EarlierRun
from chrislib.library.dates import show_day, show_time
from chrislib.shown import one_line
from chrislib.views.context import ViewContext
from chrislib.views.feeds.beside_form import BesideForm
from chrislib.views.widgets.text import Label, plain_tooltip

_RUN = int(Qt.ItemDataRole.UserRole) + 1
_ROW = 44
_STATES = {
    "finishedSuccessfully": "ready",
    "finishedWithError": "failed",
    "cancelled": "cancelled",
}


class EarlierRuns(BesideForm):
    """The column beside the form; `picked` gives an `EarlierRun` and its values."""

    picked = Signal(object, object)

    def __init__(self, context: ViewContext) -> None:
        theme = context.theme
        super().__init__(theme, name="earlier", head="", verb="Fill in")
        self._context = context
        self._tasks = context.tasks("earlier runs")
        self._plugin = ""
        self._words = Label(theme, style="small", token="text.secondary", wrap=True)
        self.list = QListWidget()
        self.list.setObjectName("earlier.list")
        self.list.setAccessibleName("Earlier runs")
        self.list.setUniformItemSizes(True)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self._lay_out(self._words, self.list)
        self.list.itemActivated.connect(lambda _item: self._take())
        self.list.currentItemChanged.connect(
            lambda item, _before: self._use.setEnabled(item is not None)
        )
        self._use.clicked.connect(self._take)

    def open_for(self, plugin: str) -> None:
        """Offer the runs of a plugin (asked for behind), and take the focus."""
        self._head.setText(f"Earlier runs of {plugin}")
        self.list.setFocus(Qt.FocusReason.OtherFocusReason)
        if plugin == self._plugin and self.list.count():
            return
        self._plugin = plugin
        self.list.clear()
        self._say("Asking the server …")
        self._tasks.start(
            self._context.feeds.plugins.earlier(plugin),
            name="runs",
            done=self._show,
            failed=lambda error: self._say(str(error)),
        )

    def shutdown(self) -> None:
        """Cancel what runs."""
        self._tasks.cancel_all()

    # -- inside ----------------------------------------------------------------

    def _say(self, words: str) -> None:
        self._words.setText(words)
        self._words.setVisible(bool(words))

    def _show(self, runs: list[EarlierRun]) -> None:
        self._say("" if runs else "Nobody ran this plugin here yet.")
        now = self._context.now()
        for run in runs:
            words = run_words(run, now=now)
            row = QListWidgetItem(words)
            row.setData(_RUN, run)
            row.setSizeHint(QSize(0, self._context.theme.px(_ROW)))
            row.setToolTip(plain_tooltip(words))
            self.list.addItem(row)
        if runs:
            self.list.setCurrentRow(0)

    def _take(self) -> None:
        row = self.list.currentItem()
        run = row.data(_RUN) if row is not None else None
        if not isinstance(run, EarlierRun):
            return
        self._say("Asking for its values …")
        self._tasks.start(
            self._context.feeds.plugins.values_of(run),
            name="values",
            done=lambda values: self._taken(run, values),
            failed=lambda error: self._say(str(error)),
        )

    def _taken(self, run: EarlierRun, values: dict[str, str]) -> None:
        self._say("")
        self.picked.emit(run, values)


def run_words(run: EarlierRun, *, now: float) -> str:
    """Return a run in two lines: where and when, and how it ended."""
    first = f"{one_line(run.title) or 'Node'}, feed {run.feed_id}"
    when = ""
    if run.at is not None:
        at = run.at.timestamp()
        when = f"{show_day(at, now=now)} {show_time(at)}"
    state = _STATES.get(run.state, "not finished")
    second = " · ".join(part for part in (when, run.version, state) if part)
    return f"{first}\n{second}"
