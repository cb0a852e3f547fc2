"""What the program tells the person: one stream, shown by the shell as toasts."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from chrislib.errors import ChrislibError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Message:
    """One message. All texts are plain text, wherever they came from.

    Attributes
    ----------
    kind : str
        "info", "success", "warning" or "error".
    action : (label, callback) or None
        The one way on, e.g. ("Undo", undo).
    seconds : float
        How long it stays; 0 stays until it is closed.
    """

    kind: str
    title: str
    detail: str = ""
    hint: str = ""
    action: tuple[str, Callable[[], object]] | None = None
    technical: str = ""
    seconds: float = 6.0


class Messages(QObject):
    """Where panes and services put what the person should know."""

    posted = Signal(object)

    def info(
        self,
        title: str,
        detail: str = "",
        *,
        hint: str = "",
        action: tuple[str, Callable[[], object]] | None = None,
        seconds: float = 6.0,
    ) -> None:
        """Tell something that needs no attention."""
        self.posted.emit(Message("info", title, detail, hint, action, seconds=seconds))

    def success(
        self,
        title: str,
        detail: str = "",
        *,
        hint: str = "",
        action: tuple[str, Callable[[], object]] | None = None,
        seconds: float = 6.0,
    ) -> None:
        """Tell that something arrived."""
        self.posted.emit(
            Message("success", title, detail, hint, action, seconds=seconds)
        )

    def warning(
        self,
        title: str,
        detail: str = "",
        *,
        hint: str = "",
        action: tuple[str, Callable[[], object]] | None = None,
        seconds: float = 12.0,
    ) -> None:
        """Tell something to be careful about."""
        self.posted.emit(
            Message("warning", title, detail, hint, action, seconds=seconds)
        )

    def error(
        self,
        title: str,
        detail: str = "",
        *,
        hint: str = "",
        action: tuple[str, Callable[[], object]] | None = None,
        technical: str = "",
    ) -> None:
        """Tell that something went wrong; it stays until it is closed."""
        self.posted.emit(
            Message("error", title, detail, hint, action, technical, seconds=0)
        )

    def failed(self, error: BaseException) -> None:
        """Tell about an exception: in its own words, or that it is our fault."""
        if isinstance(error, ChrislibError):
            technical = "\n".join(f"{k}: {v}" for k, v in error.context.items())
            self.error(error.title, error.detail, hint=error.hint, technical=technical)
            return
        _log.error("unexpected failure", exc_info=error)
        self.error(
            "Something went wrong in chrislib",
            "Nothing was changed on the server.",
            hint="Try again. If it happens again, the log tells what it was.",
            technical=f"{type(error).__name__}: {error}",
        )
