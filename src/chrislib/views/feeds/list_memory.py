"""What the list of feeds remembers of a person: pinned feeds, and those opened last."""

from collections.abc import Collection

from chrislib.views.context import ViewContext

_PINNED, _RECENT = "feeds.pinned", "feeds.recent"
_MOST = 50


class ListMemory:
    """Pinned and recently opened feeds of the present server and user.

    Numbers of feeds mean something on one server only, so they are kept by server.
    """

    def __init__(self, context: ViewContext) -> None:
        self._context = context

    @property
    def pinned(self) -> frozenset[int]:
        """Feeds that stand on top."""
        return frozenset(self._read(_PINNED))

    @property
    def recent(self) -> tuple[int, ...]:
        """Feeds that were opened, the last one first."""
        return tuple(self._read(_RECENT))

    def pin(self, feed_ids: Collection[int], *, pinned: bool) -> None:
        """Put feeds on top, or back to their places."""
        known = [one for one in self._read(_PINNED) if one not in feed_ids]
        self._write(_PINNED, [*feed_ids, *known] if pinned else known)

    def opened(self, feed_id: int) -> None:
        """Remember that a feed was opened."""
        known = [one for one in self._read(_RECENT) if one != feed_id]
        self._write(_RECENT, [feed_id, *known][:_MOST])

    def forget(self, feed_ids: Collection[int]) -> None:
        """Forget feeds that are deleted."""
        for key in (_PINNED, _RECENT):
            known = self._read(key)
            kept = [one for one in known if one not in feed_ids]
            if kept != known:
                self._write(key, kept)

    # Inside.

    def _place(self) -> str:
        client = self._context.session.client
        if client is None or client.server is None:
            return ""
        return f"{client.server.uuid} {client.username}"

    def _all(self, key: str) -> dict[str, object]:
        kept = self._context.layout.get(key)
        return dict(kept) if isinstance(kept, dict) else {}

    def _read(self, key: str) -> list[int]:
        found = self._all(key).get(self._place())
        if not isinstance(found, list):
            return []
        return [one for one in found if isinstance(one, int)]

    def _write(self, key: str, feed_ids: list[int]) -> None:
        place = self._place()
        if place:
            self._context.layout.put(key, {**self._all(key), place: feed_ids})
