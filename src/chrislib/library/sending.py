"""A scan to the server: checked, planned, journaled and handed to the job manager."""

import asyncio
import time
from dataclasses import replace
from datetime import date
from uuid import uuid4

from chrislib.library import words
from chrislib.library.conflicts import apart
from chrislib.library.deidentify.model import Choice
from chrislib.library.deidentify.service import Deidentification
from chrislib.library.entries import scan_words
from chrislib.library.follow import Follower
from chrislib.library.history import History
from chrislib.library.items import Items
from chrislib.library.model import (
    EntryId,
    EntryKind,
    HistoryEntry,
    Item,
    LocalScan,
)
from chrislib.library.ports import SessionPort, client_of
from chrislib.library.upload import UploadPlan, folder_for, plan


class Sender:
    """Makes an upload of a scan: its items, its History entry and its job."""

    def __init__(
        self,
        *,
        items: Items,
        history: History,
        session: SessionPort,
        follower: Follower,
        deidentification: Deidentification,
    ) -> None:
        self._items = items
        self._history = history
        self._session = session
        self._follower = follower
        self._deidentification = deidentification

    async def send(
        self, found: LocalScan, *, title: str, deidentify: Choice | None
    ) -> list[Item]:
        """Send the files of a scan to a new folder of the user (disk, network).

        Raises
        ------
        ChrislibError
            There is nothing to send, no connection, or it must not be sent this way.
        """
        client_of(self._session)
        found = replace(found, title=title or found.title)
        if deidentify is not None:
            deidentify = replace(deidentify, apart=apart(found.decisions))
        # first of all: asking for the folder would tell its name
        await self._deidentification.check(found, deidentify)
        folder = await self._free_folder(found.title)
        planned, extra = await self._planned(found, deidentify, folder=folder)
        await self._items.save(planned.items)
        await self._history.put(
            HistoryEntry(
                entry_id=EntryId(uuid4().hex),
                kind=EntryKind.UPLOAD,
                title=found.title,
                detail=words.join(scan_words(found), extra),
                at=time.time(),
                state="running",
                request={
                    "paths": list(found.roots),
                    "folder": folder,
                    "deidentify": deidentify.to_request() if deidentify else None,
                    "decisions": dict(found.decisions),
                },
                item_ids=tuple(item.item_id for item in planned.items),
            )
        )
        return await self._follower.send(planned.items, planned.intent)

    async def _free_folder(self, title: str) -> str:
        client = client_of(self._session)
        wished = folder_for(title, username=client.username, on=date.today())
        folder, number = wished, 1
        while await client.files.folder(folder) is not None:
            # a path that is taken would be renamed file by file (cube-api trap 15)
            number += 1
            folder = f"{wished}-{number}"
        return folder

    async def _planned(
        self, found: LocalScan, choice: Choice | None, *, folder: str
    ) -> tuple[UploadPlan, str]:
        """Return the plan, and what History says beside the counts."""
        if choice is None:
            return await asyncio.to_thread(plan, found, folder=folder), ""
        clean = await self._deidentification.plan(found, choice, folder=folder)
        left = clean.left_out
        return clean.upload, words.join(
            "de-identified", f"{words.count(left, 'file')} left out" if left else ""
        )
