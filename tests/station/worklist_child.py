"""What is killed: a chrislib that asks and pulls a work list, and notes what it does.

``python -m tests.station.worklist_child <folder>``; ``place.json`` there says where the
station is. Each lookup and each retrieve is a line of ``did.txt``, written before it.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any, cast

from chrislib.catalog.catalog import Catalog
from chrislib.cube.client import CubeClient
from chrislib.jobs.clock import SystemClock
from chrislib.jobs.manager import JobManager
from chrislib.library.service import LibraryService
from chrislib.library.worklist.columns import guess
from chrislib.library.worklist.model import ListId, RowState, RunState
from chrislib.pacs.through_cube import PacsService
from chrislib.pacs.types import Criteria, LookupResult
from chrislib.tables import read_text

IDS = (*(f"NONE-{number:02}" for number in range(20)), "CL-1016", "CL-1013", "CL-1013")
TABLE = "MRN\n" + "\n".join(IDS) + "\n"


class Session:
    """The present connection, which stays."""

    error = None
    host = "station"

    def __init__(self, client: CubeClient, pacs: PacsService) -> None:
        self.client = client
        self.pacs = pacs
        self.username = client.username

    def subscribe(self, _listener: Any) -> Any:
        """Never call anybody."""
        return lambda: None


class Life:
    """One process's life."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def note(self, what: str, which: str) -> None:
        """Write a line that survives a kill."""
        flags = os.O_CREAT | os.O_APPEND | os.O_WRONLY
        descriptor = os.open(self._folder / "did.txt", flags, 0o600)
        os.write(descriptor, f"{what} {which}\n".encode())
        os.close(descriptor)

    def _watched(self, client: CubeClient) -> PacsService:
        pacs = PacsService(client)
        look, retrieve, query = pacs.lookup, client.pacs.retrieve, client.pacs.query
        asked: dict[int, str] = {}

        async def lookup(criteria: Criteria, **more: Any) -> LookupResult:
            self.note("asked", ",".join(criteria.values["PatientID"]))
            return await look(criteria, **more)

        async def queried(archive: Any, values: Any, **more: Any) -> Any:
            made = await query(archive, values, **more)
            asked[int(made.id)] = values.get("SeriesInstanceUID", "")
            return made

        async def retrieved(query_id: Any) -> Any:
            self.note("pulled", asked[int(query_id)])
            return await retrieve(query_id)

        cast("Any", pacs).lookup = lookup
        cast("Any", client.pacs).query = queried
        cast("Any", client.pacs).retrieve = retrieved
        return pacs

    async def live(self) -> None:
        """Go on with the list, or begin it, until all of it is pulled."""
        place = json.loads((self._folder / "place.json").read_text(encoding="utf-8"))
        client = CubeClient(place["url"], token=place["token"])
        await client.identify()
        pacs = self._watched(client)
        catalog = Catalog(self._folder / "state" / "catalog.db")
        await catalog.open()
        jobs = JobManager(
            catalog=catalog,
            client_for=lambda: client,
            pacs=lambda: pacs,
            clock=SystemClock(),
            base_period=0.3,
            stall_seconds=10.0,
        )
        library = LibraryService(
            catalog=catalog, jobs=jobs, session=cast("Any", Session(client, pacs))
        )
        await jobs.start()
        await library.start()
        lists = library.work_lists
        heads = lists.heads()
        if not heads:
            table = read_text(TABLE, title="killed.csv")
            heads = [await lists.make(table, guess(table))]
        list_id = heads[0].list_id
        changed = asyncio.Event()
        lists.subscribe(lambda _change: changed.set())
        await lists.start(list_id)
        known = await lists.open(list_id)
        while self._state(library, list_id) is RunState.ASKING:
            await changed.wait()
            changed.clear()
        await jobs.refresh()
        begun = self._folder / "begun.txt"
        if not begun.exists():
            # once: what was wished is carried out after any number of ends
            begun.touch()
            await lists.pull(list_id)
        moving = {RowState.FOUND, RowState.PULLING, RowState.STOPPED}
        while moving & set(known.states):
            await changed.wait()
            changed.clear()
            if RowState.STOPPED in known.states:
                await lists.pull(list_id)
        states = [state.value for state in known.states]
        (self._folder / "states.json").write_text(json.dumps(states), encoding="utf-8")
        await library.stop()
        await jobs.stop()
        await catalog.close()
        await client.aclose()

    @staticmethod
    def _state(library: LibraryService, list_id: ListId) -> RunState:
        head = library.work_lists.head(list_id)
        assert head is not None
        return RunState(head.state)


if __name__ == "__main__":
    asyncio.run(Life(Path(sys.argv[1])).live())
