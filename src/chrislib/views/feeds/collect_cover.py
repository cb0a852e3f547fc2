"""Pages that cover the whole Feeds module until Esc, and texts saved from them."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QSplitter, QVBoxLayout, QWidget
from shiboken6 import isValid

from chrislib.aio import Progress
from chrislib.errors import ChrislibError
from chrislib.views.context import ViewContext
from chrislib.views.navigation import ShowFeed
from chrislib.views.tasks import PaneTasks
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button, icon_button
from chrislib.views.widgets.text import ElidedLabel, Label, line

_T = TypeVar("_T")


class Cover(QWidget):
    """A page with a head and a way back; who inherits fills `tools` and `body`."""

    closed = Signal()

    def __init__(self, context: ViewContext, title: str, *, name: str) -> None:
        super().__init__()
        theme = context.theme
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.title = Label(theme, title, style="page", name=f"{name}.title")
        self.subtitle = ElidedLabel(
            theme, style="small", token="text.secondary", name=f"{name}.subtitle"
        )
        back = icon_button(
            theme, "arrow-left", name=f"{name}.back", tooltip="Back to the feed (Esc)"
        )
        back.clicked.connect(self.closed)
        self.tools = QHBoxLayout()
        self.tools.setSpacing(8)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.title)
        words.addWidget(self.subtitle)
        head = QHBoxLayout()
        head.setContentsMargins(12, 8, 16, 8)
        head.setSpacing(12)
        head.addWidget(back, 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(words, 1)
        head.addLayout(self.tools)
        self.body = QVBoxLayout()
        self.body.setSpacing(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(line())
        column.addLayout(self.body, 1)

    def focus_first(self) -> None:
        """Give the keys to what one begins with."""

    def focus_filter(self) -> None:
        """Go to the search field, where there is one."""

    def look_again(self) -> None:
        """Look again at what the page shows (F5)."""

    def escape(self) -> bool:
        """End what Esc ends before the page itself; says whether there was any."""
        return False

    def shutdown(self) -> None:
        """End what runs."""


class Covers:
    """Puts one page at a time over a pane, and takes it away again."""

    def __init__(self, context: ViewContext, pane: QWidget, under: QSplitter) -> None:
        self._pane = pane
        self._under = under
        self._page: Cover | None = None
        self._before: QWidget | None = None
        context.navigator.requested.connect(self._going)

    @property
    def page(self) -> Cover | None:
        """The page on show."""
        return self._page

    def show(self, page: Cover) -> None:
        """Show a page; one that was there is closed."""
        self.close()
        self._before = self._pane.window().focusWidget()
        self._page = page
        page.closed.connect(self.close)
        layout = self._pane.layout()
        if layout is not None:
            layout.addWidget(page)
        self._under.hide()
        page.show()
        page.focus_first()

    def close(self) -> None:
        """Take the page away, if there is one."""
        page, self._page = self._page, None
        if page is None:
            return
        page.shutdown()
        self._under.show()
        page.hide()
        page.deleteLater()
        before, self._before = self._before, None
        if before is not None and isValid(before) and before.isVisible():
            before.setFocus(Qt.FocusReason.OtherFocusReason)

    def escape(self) -> bool:
        """Close what Esc closes; says whether there was anything."""
        if self._page is None:
            return False
        if not self._page.escape():
            self.close()
        return True

    def look_again(self) -> bool:
        """Have the page look again; says whether there is one."""
        if self._page is not None:
            self._page.look_again()
        return self._page is not None

    def focus(self) -> bool:
        """Give the keys to the page; says whether there is one."""
        if self._page is not None:
            self._page.focus_first()
        return self._page is not None

    def focus_filter(self) -> bool:
        """Go to the page's search field; says whether there is a page."""
        if self._page is not None:
            self._page.focus_filter()
        return self._page is not None

    def _going(self, place: object) -> None:
        """Make way for a feed that is to be shown."""
        if isinstance(place, ShowFeed) and place.feed_id is not None:
            self.close()


class Work(QWidget):
    """What is being done, how far it is, and Cancel; hidden while nothing is."""

    cancelled = Signal()

    def __init__(self, theme: Theme, *, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self._words = Label(theme, style="small", token="text.secondary")
        self._words.setObjectName(f"{name}.words")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Progress")
        self._bar.setFixedWidth(200)
        cancel = button(theme, "Cancel", name=f"{name}.cancel", small=True)
        cancel.clicked.connect(self.cancelled)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 6, 16, 6)
        row.setSpacing(12)
        row.addWidget(self._words)
        row.addWidget(self._bar, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(cancel)
        row.addStretch(1)
        self.hide()

    @property
    def words(self) -> str:
        """What is said."""
        return self._words.text()

    def begin(self, words: str) -> None:
        """Show that something begins; how much there is, is not known yet."""
        self._words.setText(words)
        self._bar.setRange(0, 0)
        self.show()

    def advance(self, words: str, done: int, total: int) -> None:
        """Show how far it is."""
        self._words.setText(f"{words}: {done:,} of {total:,}")
        self._bar.setRange(0, max(total, 1))
        self._bar.setValue(done)

    def progress(self, words: str) -> Progress:
        """Return what shows under those words how far it is."""
        return lambda done, total: self.advance(words, done, total)

    def end(self) -> None:
        """Show that nothing goes on."""
        self.hide()

    def run(
        self,
        tasks: PaneTasks,
        make: Callable[[Progress], Coroutine[Any, Any, _T]],
        *,
        words: str,
        name: str,
        done: Callable[[_T], object] | None = None,
        failed: Callable[[BaseException], object] | None = None,
    ) -> None:
        """Start a task, and show it until it has ended; whoever cancels it says `end`.

        Parameters
        ----------
        make : callable
            Returns the coroutine; is given what tells of its progress.
        words : str
            What is being done.
        done, failed : callable, optional
            Get its result, or its exception; without, a message tells of a failure.
        """

        def ended(result: _T) -> None:
            self.end()
            if done is not None:
                done(result)

        def broke(error: BaseException) -> None:
            self.end()
            (failed or tasks.report)(error)

        self.begin(words)
        tasks.start(make(self.progress(words)), name=name, done=ended, failed=broke)


async def save_text(
    context: ViewContext, text: str, *, stem: str, ending: str, what: str
) -> None:
    """Save a text in a folder the person chooses, under a free name (disk).

    Raises
    ------
    ChrislibError
        The folder takes no file.
    """
    folder = await context.dialogs.open_folder(
        f"Folder for the {what}", context.paths.downloads
    )
    if folder is None:
        return
    try:
        path = await asyncio.to_thread(_write, folder, f"{stem}.{ending}", text)
    except OSError as error:
        raise ChrislibError(
            f"The {what} was not saved.",
            f"{folder.name} does not take a file: {error.strerror or error}.",
            hint="Choose another folder.",
        ) from error
    context.messages.success(
        f"{path.name} is saved.",
        "It may name patients: keep it where such files may be.",
    )


def _write(folder: Path, name: str, text: str) -> Path:
    """Write a text under a name that is free (disk)."""
    stem, _, ending = name.rpartition(".")
    number = 1
    path = folder / name
    while True:
        try:
            with path.open("x", encoding="utf-8", newline="") as out:
                out.write(text)
        except FileExistsError:
            number += 1
            path = folder / f"{stem}-{number}.{ending}"
        else:
            return path
