"""News of transfers, from the threads that receive to the clients that listen."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Message = dict[str, Any]
_EVERY_SECONDS = 0.5


class Listener:
    """One client's queue of news. Belongs to the event loop it was made in."""

    def __init__(self, hub: "ProgressHub") -> None:
        self._hub = hub
        self._loop = asyncio.get_running_loop()
        self.queue: asyncio.Queue[Message] = asyncio.Queue()

    def subscribe(self, pacs: str, series_uid: str) -> None:
        """Acknowledge, then hand on everything about a series from now on."""
        self.queue.put_nowait(_envelope(pacs, series_uid, {"subscribed": True}))
        self._hub.add(self, pacs, series_uid=series_uid)

    def follow(self, pacs: str, series_uids: Iterable[str]) -> None:
        """Hand on everything about some series, without acknowledging."""
        for uid in series_uids:
            self._hub.add(self, pacs, series_uid=uid)

    def unsubscribe(self) -> None:
        """Stop listening to everything and acknowledge."""
        self._hub.forget(self)
        self.queue.put_nowait({"message": {"subscribed": False}})

    def close(self) -> None:
        """Stop listening to everything."""
        self._hub.forget(self)

    def deliver(self, message: Message) -> None:
        """Take one message, from any thread."""
        try:
            self._loop.call_soon_threadsafe(self.queue.put_nowait, message)
        except RuntimeError:  # the loop is closed: nobody listens any more
            self._hub.forget(self)


class ProgressHub:
    """Knows who listens to which series. Nothing is kept for those who come late."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[tuple[str, str], set[Listener]] = {}

    def add(self, listener: Listener, pacs: str, *, series_uid: str) -> None:
        """Let a listener hear of a series."""
        with self._lock:
            self._listeners.setdefault((pacs, series_uid), set()).add(listener)

    def forget(self, listener: Listener) -> None:
        """Let a listener hear of nothing any more."""
        with self._lock:
            for key in [k for k, who in self._listeners.items() if listener in who]:
                self._listeners[key].discard(listener)
                if not self._listeners[key]:
                    del self._listeners[key]

    def publish(self, pacs: str, series_uid: str, message: Mapping[str, Any]) -> None:
        """Tell everybody who listens, from any thread."""
        with self._lock:
            listeners = tuple(self._listeners.get((pacs, series_uid), ()))
        envelope = _envelope(pacs, series_uid, message)
        for listener in listeners:
            listener.deliver(envelope)


class Counter:
    """Tells how many images of a series have come, not oftener than twice a second.

    Parameters
    ----------
    tell : callable
        Takes the messages.
    clock : callable
        Seconds, for tests.
    """

    def __init__(
        self,
        tell: Callable[[Mapping[str, Any]], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tell = tell
        self._clock = clock
        self._told_at: float | None = None
        self._told = 0
        self.count = 0

    def one_more(self) -> None:
        """Count an image that was stored."""
        self.count += 1
        now = self._clock()
        if self._told_at is None or now - self._told_at >= _EVERY_SECONDS:
            self._say(now)

    def failed(self, words: str) -> None:
        """Tell of an image that could not be stored."""
        self._tell({"error": words})

    def done(self) -> None:
        """Tell the last count if nobody knows it, and the end."""
        if self._told != self.count:
            self._say(self._clock())
        self._tell({"done": True})

    def _say(self, now: float) -> None:
        self._told_at, self._told = now, self.count
        self._tell({"ndicom": self.count})


def _envelope(pacs: str, series_uid: str, message: Mapping[str, Any]) -> Message:
    return {
        "pacs_name": pacs,
        "SeriesInstanceUID": series_uid,
        "message": dict(message),
    }
