"""Files of the server on this computer, by their own names: for looks and drags."""

import asyncio
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from chrislib.jobs.outputs.local_names import legal_name
from chrislib.library.storage.model import Entry, Key, Leads
from chrislib.views.context import ViewContext
from chrislib.views.library.files.words import output_of

MOST_BYTES = 200_000_000
MOST_FILES = 50


class Handing:
    """Knows which files are here; the rest is fetched when it is asked for.

    Another program gets files as they are called on the server, not as the cache
    calls them.
    """

    def __init__(self, ctx: ViewContext) -> None:
        self._ctx = ctx
        self._folder = ctx.paths.cache / "dragged"
        self._here: dict[Key, Path] = {}

    def local(self, entry: Entry) -> Path | None:
        """Return where a file is on this computer, None while it is not."""
        return self._here.get(entry.key)

    def missing(self, entries: Sequence[Entry]) -> list[Entry]:
        """Return the files among entries that could be fetched for a drag."""
        files = [entry for entry in entries if entry.leads is Leads.FILE]
        away = [entry for entry in files if entry.key not in self._here]
        if len(files) > MOST_FILES or sum(e.size or 0 for e in files) > MOST_BYTES:
            return []
        return away

    async def bring(self, entry: Entry, *, limit: int = MOST_BYTES) -> Path:
        """Return a file of the server on this computer (network, disk)."""
        path = await self._ctx.feeds.outputs.fetch(output_of(entry), limit=limit)
        name = legal_name(entry.name if entry.is_link else entry.thing.name)
        place = self._folder / f"{entry.thing.kind}-{entry.thing.id}" / name
        with suppress(OSError):  # it can be looked at all the same
            self._here[entry.key] = await asyncio.to_thread(_named, path, place)
        return path


def _named(path: Path, place: Path) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    place.unlink(missing_ok=True)
    try:
        os.link(path, place)
    except OSError:
        shutil.copyfile(path, place)
    return place
