"""Telling subscribers what changed."""

import logging
from collections.abc import Callable

from chrislib.library.model import LibraryChange

_log = logging.getLogger(__name__)


class Changes:
    """A list of listeners; one that fails does not stop the others."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[LibraryChange], None]] = []

    def subscribe(
        self, listener: Callable[[LibraryChange], None]
    ) -> Callable[[], None]:
        """Call `listener` after each change; returns how to stop that."""
        self._listeners.append(listener)

        def stop() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return stop

    def tell(self, change: LibraryChange) -> None:
        """Hand `change` to everybody."""
        for listener in tuple(self._listeners):
            try:
                listener(change)
            except Exception:  # noqa: BLE001 - one bad listener
                _log.exception("a listener of the library failed")
