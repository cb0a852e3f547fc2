"""What the server has though this computer never brought it: looked up by study."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from chrislib.aio import TaskOwner
from chrislib.cube.errors import CubeError
from chrislib.library.model import Item, ItemId, ItemState, LibraryChange, Source
from chrislib.library.names import clean

if TYPE_CHECKING:
    # The HTTP library is half of the start-up time: it waits for the first paint.
    from chrislib.cube.client import CubeClient
    from chrislib.cube.types import PacsSeries

_log = logging.getLogger(__name__)
_AT_ONCE = 3
_MOST_WAITING = 300


class Presence:
    """Registered series of studies that were looked up, as items nobody has kept yet.

    Parameters
    ----------
    client : callable
        The present connection, None without one.
    tell : callable
        Told which series are known to be there now.
    """

    def __init__(
        self,
        *,
        client: Callable[[], "CubeClient | None"],
        tell: Callable[[LibraryChange], None],
    ) -> None:
        self._client = client
        self._tell = tell
        self._items: dict[str, Item] = {}
        self._asked: set[str] = set()
        self._waiting: dict[str, None] = {}
        self._running = 0
        self._tasks = TaskOwner("library presence")

    def item(self, series_uid: str) -> Item | None:
        """Return an item for a series the server has, None where that is not known."""
        return self._items.get(series_uid)

    def look(self, study_uids: Iterable[str]) -> None:
        """Ask for studies soon, each once; the latest wishes first (network)."""
        fresh = [uid for uid in study_uids if uid and uid not in self._asked]
        for uid in reversed(fresh):
            self._waiting.pop(uid, None)
        self._waiting = {**dict.fromkeys(fresh), **self._waiting}
        while len(self._waiting) > _MOST_WAITING:
            self._waiting.popitem()
        while self._running < min(_AT_ONCE, len(self._waiting) + self._running):
            if not self._waiting:
                return
            self._running += 1
            self._tasks.start(self._work(), name="look for studies")

    def forget(self) -> None:
        """Forget all of it: another account, another server."""
        self._items.clear()
        self._asked.clear()
        self._waiting.clear()

    async def close(self) -> None:
        """Stop asking."""
        await self._tasks.close()

    async def _work(self) -> None:
        try:
            while self._waiting:
                uid = next(iter(self._waiting))
                del self._waiting[uid]
                await self._look(uid)
                # whoever searches waits for answers, not for badges
                await asyncio.sleep(0.02)
        finally:
            self._running -= 1

    async def _look(self, study_uid: str) -> None:
        client = self._client()
        if client is None or study_uid in self._asked:
            return
        self._asked.add(study_uid)
        try:
            found = await client.pacs.series_of_study(study_uid)
        except CubeError as error:
            # a badge less; the next lookup asks again
            self._asked.discard(study_uid)
            _log.info("a study could not be looked up: %s", error.title)
            return
        if client is not self._client() or not found:
            return
        for series in found:
            self._items[series.series_uid] = _item(series)
        self._tell(LibraryChange(series=tuple(one.series_uid for one in found)))


def _item(series: "PacsSeries") -> Item:
    return Item(
        item_id=ItemId(f"server-{series.series_uid}"),
        source=Source.PACS,
        title=clean(series.series_description) or "(no description)",
        state=ItemState.READY,
        path=series.folder_path,
        patient_id=series.patient_id,
        patient_name=series.patient_name,
        birth_date=series.patient_birth_date,
        sex=series.patient_sex,
        study_uid=series.study_uid,
        study_date=series.study_date,
        study_description=series.study_description,
        accession_number=series.accession_number,
        modality=series.modality,
        series_uid=series.series_uid,
        series_description=series.series_description,
        pacs=series.pacs_identifier,
    )
