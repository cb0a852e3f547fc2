"""Whether the catalog can be written just now, and what to tell people if not."""

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why nothing is written.

    Attributes
    ----------
    kind : str
        NEWER (made by a newer chrislib), ELSEWHERE (another process writes), DISK
        (full, or it refuses), LOCKED (another program holds the file), DAMAGED.
    title, detail, hint : str
        What happened, what it means for the data, what to do.
    """

    kind: str
    title: str
    detail: str
    hint: str

    @property
    def for_reading_only(self) -> bool:
        """Whether the catalog is shown and not changed, by right of another."""
        return self.kind in ("NEWER", "ELSEWHERE")


class Condition:
    """The trouble of the moment; told on the event loop that opened the catalog.

    `trouble` is None while writes work. `regained` counts how often writing came back
    after another process had it: what is in memory is old then.
    """

    def __init__(self) -> None:
        self.trouble: Trouble | None = None
        self.regained = 0
        self._subscribers: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._well: asyncio.Event | None = None

    def attach(self) -> None:
        """Tell changes on the running event loop from now on."""
        self._loop = asyncio.get_running_loop()
        self._well = asyncio.Event()
        if self.trouble is None:
            self._well.set()

    def report(self, trouble: Trouble | None) -> None:
        """Note the trouble of the moment, None when there is none (any thread)."""
        with self._lock:
            before = self.trouble
            if before == trouble:
                return
            self.trouble = trouble
            if before is not None and before.kind == "ELSEWHERE":
                self.regained += trouble is None
        if trouble is None:
            _log.info("the catalog can be written again")
        else:
            _log.info("the catalog cannot be written: %s", trouble.kind)
        if self._loop is not None:
            # The loop may have ended meanwhile; then nobody is there to be told.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._tell)

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` after each change; returns how to stop that."""
        self._subscribers.append(callback)
        return lambda: (
            self._subscribers.remove(callback)
            if callback in self._subscribers
            else None
        )

    async def healthy(self) -> None:
        """Return once writes work."""
        while self.trouble is not None and self._well is not None:
            await self._well.wait()

    def _tell(self) -> None:
        if self._well is not None:
            if self.trouble is None:
                self._well.set()
            else:
                self._well.clear()
        for callback in tuple(self._subscribers):
            try:
                callback()
            except Exception:  # noqa: BLE001 - a view must not stop the catalog
                _log.exception("a subscriber of the catalog's condition failed")


NEWER = Trouble(
    "NEWER",
    "This catalog belongs to a newer chrislib.",
    "It is shown as it is and not changed. Your data on the server is not touched.",
    "Update chrislib on this computer to go on working with it.",
)
LOCKED = Trouble(
    "LOCKED",
    "The catalog is held by another program.",
    "Nothing half was saved; runs on the server go on.",
    "A backup may be under way: saving goes on by itself when it lets go.",
)
DISK = Trouble(
    "DISK",
    "The catalog on this computer could not be written.",
    "Nothing half was saved; runs on the server go on and are looked at later.",
    "Check that the disk is not full and the folder is writable.",
)
DAMAGED = Trouble(
    "DAMAGED",
    "The catalog file on this computer is damaged.",
    "Runs and data on the server are not touched.",
    "Start chrislib again: it begins a new catalog and finds the runs again.",
)


def elsewhere(host: str, *, here: bool) -> Trouble:
    """Return the trouble of a catalog that another process writes to."""
    place = "on this computer" if here else f"on {host}"
    return Trouble(
        "ELSEWHERE",
        f"Another chrislib {place} follows the runs.",
        "Everything is shown here as it was saved last; nothing is changed from here.",
        "End the other one and this one goes on by itself.",
    )
