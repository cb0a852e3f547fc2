"""The note of a feed: read, written, and what to do when two people write."""

import logging

from chrislib.cube.errors import CubeError
from chrislib.errors import ChrislibError
from chrislib.feeds.refusals import explained
from chrislib.feeds.server import FeedServer
from chrislib.feeds.unsent import Draft, Unsent

_log = logging.getLogger(__name__)


class NoteConflict(ChrislibError):
    """Somebody else changed the note since it was read; nothing was written."""

    def __init__(self, theirs: str) -> None:
        super().__init__(
            "Somebody else changed this note meanwhile.",
            "Yours was not saved. Both are shown.",
            hint="Take over what you want to keep, then save again.",
        )
        self.theirs = theirs


class FeedNotes:
    """Notes as they were last seen, and what was typed and not saved.

    Parameters
    ----------
    unsent : Unsent
        Keeps what was typed.
    """

    def __init__(self, server: FeedServer, unsent: Unsent) -> None:
        self._client = server.client
        self._seen: dict[int, str] = {}
        self._unsent = unsent
        server.on_change(self.forget)

    def forget(self) -> None:
        """Begin anew: another server, or another user."""
        self._seen.clear()

    async def known(self, feed_id: int) -> str:
        """Return a note as it was last seen; at first it is read (network).

        One that cannot be read is "", and is not asked for at each look.
        """
        if feed_id not in self._seen:
            try:
                note = await self._client().feeds.note(feed_id)
            except CubeError as error:
                _log.info("the note of feed %s could not be read: %s", feed_id, error)
                note = ""
            self._seen.setdefault(feed_id, note)
        return self._seen[feed_id]

    async def read(self, feed_id: int) -> str:
        """Return a note as the server has it now (network)."""
        text = await self._client().feeds.note(feed_id)
        self._seen[feed_id] = text
        return text

    async def write(self, feed_id: int, text: str, *, base: str) -> None:
        """Write a note (network).

        Parameters
        ----------
        base : str
            What the text was made from: the note as its writer saw it.

        Raises
        ------
        NoteConflict
            The server has neither `base` nor `text`: somebody else wrote.
        ChrislibError
            The server refused it; what was typed is the caller's to keep.
        """
        try:
            now = await self.read(feed_id)
            if now not in (base, text):
                raise NoteConflict(now)
            if now != text:
                await self._client().feeds.write_note(feed_id, text)
        except CubeError as error:
            raise explained(
                error, what="The note was not saved. What you wrote stays here."
            ) from error
        self._seen[feed_id] = text
        self._unsent.put("note", feed_id, None)

    async def draft(self, feed_id: int) -> Draft | None:
        """Return what was typed for a feed and not saved (disk)."""
        return await self._unsent.get("note", feed_id)

    def keep_draft(self, feed_id: int, draft: Draft | None) -> None:
        """Keep what was typed until it is saved; None throws it away."""
        self._unsent.put("note", feed_id, draft)
