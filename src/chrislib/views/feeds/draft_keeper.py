"""Keeps what is typed into a box, while it is typed, for when the program dies."""

from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QPlainTextEdit

from chrislib.feeds.unsent import Draft
from chrislib.library.dates import show_day, show_time

_SOON = 1000
"""Milliseconds of typing that may be lost at most."""


class DraftKeeper(QTimer):
    """Hands on what is in a box a second after it changed, where it is to be kept.

    Parameters
    ----------
    draft : callable
        Gives what is to be kept now, None for nothing.
    keep : callable
        Keeps that.
    """

    def __init__(
        self,
        box: QPlainTextEdit,
        *,
        draft: Callable[[], Draft | None],
        keep: Callable[[Draft | None], None],
    ) -> None:
        super().__init__(box)
        self._draft = draft
        self._keep = keep
        self._kept = ("", "")
        self.setSingleShot(True)
        self.setInterval(_SOON)
        self.timeout.connect(self.now)
        box.textChanged.connect(self._soon)

    def took(self, draft: Draft) -> None:
        """Know what is kept already."""
        self._kept = (draft.text, draft.base)

    def now(self) -> None:
        """Keep what is there, or forget what was, at once."""
        self.stop()
        draft = self._draft()
        found = (draft.text, draft.base) if draft is not None else ("", "")
        if found != self._kept:
            self._kept = found
            self._keep(draft)

    def _soon(self) -> None:
        # not begun anew by each key: who types without a rest is kept as well
        if not self.isActive():
            self.start()


def when_words(at: float, *, now: float) -> str:
    """Return when a draft was typed: "14:02", "Yesterday, 14:02"."""
    day = show_day(at, now=now)
    return show_time(at) if day == "Today" else f"{day}, {show_time(at)}"
