"""Asks the PACS, and notes in History what was asked and what came."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

from chrislib.errors import ChrislibError
from chrislib.library import criteria as asked
from chrislib.library.entries import outcome
from chrislib.library.history import History
from chrislib.library.model import EntryId, EntryKind, HistoryEntry
from chrislib.library.ports import SessionPort, pacs_of
from chrislib.library.silence import no_answer
from chrislib.pacs.types import Criteria, FoundPatient, LookupResult


class Lookups:
    """Lookups that are noted in History from their beginning to their end."""

    def __init__(self, *, history: History, session: SessionPort) -> None:
        self._history = history
        self._session = session

    async def ask(
        self,
        criteria: Criteria,
        *,
        found: Callable[[tuple[FoundPatient, ...]], None] | None,
        opened: Callable[[EntryId], None] | None,
    ) -> LookupResult:
        """Ask the PACS (network, disk); see `LibraryService.lookup`."""
        asked.check(criteria)
        pacs = pacs_of(self._session)
        fields = asked.fields_of(criteria)
        entry = await self._history.put(
            HistoryEntry(
                entry_id=EntryId(uuid4().hex),
                kind=EntryKind.LOOKUP,
                title=asked.title_of(criteria),
                detail=fields,
                at=time.time(),
                state="running",
                state_text=f"Asking {criteria.where}",
                request=asked.to_request(criteria),
            )
        )
        if opened is not None:
            opened(entry.entry_id)
        try:
            result = await pacs.lookup(criteria, found=found, key=entry.entry_id)
            if result.unreachable and not result.patients:
                raise no_answer(result)
        except asyncio.CancelledError:
            await self._close(entry, state="cancelled", text="Cancelled")
            raise
        except ChrislibError as error:
            failed = f"{fields} · {error.title}"
            await self._close(entry, state="failed", text="Failed", detail=failed)
            raise
        title, state, text, detail = outcome(result)
        await self._close(
            replace(entry, title=title), state=state, text=text, detail=detail
        )
        return result

    async def _close(
        self, entry: HistoryEntry, *, state: str, text: str, detail: str = ""
    ) -> None:
        now = self._history.get(entry.entry_id) or entry
        await self._history.put(
            replace(
                now,
                title=entry.title,
                state=state,
                state_text=text,
                detail=detail or now.detail,
            )
        )
