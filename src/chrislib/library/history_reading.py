"""Reads a server's memory into the catalog, newest first, as far as it is wanted."""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from chrislib.catalog.catalog import Catalog
from chrislib.catalog.history import FeedInputRow
from chrislib.jobs.model import Job, RunIntent
from chrislib.library.history import search_words
from chrislib.library.history_found import Found
from chrislib.library.history_uses import FeedUses
from chrislib.library.model import EntryKind, HistoryEntry
from chrislib.library.ports import JobsPort
from chrislib.library.rows import entry_of, entry_row

if TYPE_CHECKING:
    # The HTTP library is half of the start-up time: it waits for the first paint.
    from chrislib.cube.client import CubeClient
    from chrislib.library.history_server import ServerHistory

_log = logging.getLogger(__name__)

_DAY = 86_400.0
_OVERLAP = 600.0
"""Seconds that are read again: what was on its way then has ended since."""
_WAITED_FOR = 2 * _DAY
ENOUGH = 150
"""Entries that are read without being asked for."""
_FEW = 100
_BEFORE_CHRIS = 1_293_840_000.0
"""2011, in seconds since the epoch: no ChRIS has anything older."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a server's memory was read: all between `frontier` and `newest`.

    Attributes
    ----------
    newest, frontier, open_since : float
        Seconds since the epoch, by the server. What began at `open_since` had not
        ended.
    complete : bool
        Nothing is older than `frontier`.
    """

    newest: float = 0.0
    frontier: float = 0.0
    open_since: float = 0.0
    complete: bool = False
    span: float = _DAY


class HistoryReading:
    """Reads for one account.

    Parameters
    ----------
    uses : FeedUses
        Gets what feeds were made of.
    tell : callable
        Called when the catalog holds more than before.
    """

    def __init__(
        self,
        server: "ServerHistory",
        client: "CubeClient",
        *,
        account: str,
        catalog: Catalog,
        jobs: JobsPort,
        uses: FeedUses,
        tell: Callable[[], None],
    ) -> None:
        self._server = server
        self._client = client
        self._account = account
        self._catalog = catalog
        self._jobs = jobs
        self._uses = uses
        self._tell = tell
        self.mark = Mark()

    async def load(self) -> None:
        """Find out how far it was read before (disk)."""
        text = await self._catalog.settings_kv.get(self._key)
        try:
            self.mark = Mark(**json.loads(text)) if text else Mark()
        except (TypeError, ValueError):
            self.mark = Mark()

    async def newest(self) -> None:
        """Read what is new since it was read last (network, disk)."""
        now = self._client.server_now().timestamp()
        mark = self.mark
        since = now - _DAY
        if mark.newest:
            since = min(mark.newest, mark.open_since or mark.newest) - _OVERLAP
        found = await self._server.between(
            since, now + _OVERLAP, known_inputs=self._uses.instances
        )
        await self._take(found, renew=True)
        await self._take_uploads(await self._server.uploads())
        await self._drop_doubles()
        still_open = max(found.open_since, now - _WAITED_FOR)
        await self._advance(
            replace(
                mark,
                newest=now,
                frontier=mark.frontier or since,
                open_since=min(still_open, now),
            )
        )

    async def older(self, wanted: int) -> None:
        """Read on into the past until so many entries are new (network, disk)."""
        came = 0
        while came < wanted and not self.mark.complete:
            mark = self.mark
            left = await self._server.left_before(mark.frontier)
            # a server that does not know the filter always has more to tell
            everything = left <= _FEW or mark.frontier - mark.span < _BEFORE_CHRIS
            since = None if everything else mark.frontier - mark.span
            found = Found()
            if left:
                found = await self._server.between(
                    since, mark.frontier, known_inputs=self._uses.instances
                )
            new = await self._take(found, renew=False)
            await self._drop_doubles()
            came += new
            await self._advance(
                replace(
                    mark,
                    frontier=mark.frontier if since is None else since,
                    complete=everything,
                    # far apart: in greater steps
                    span=mark.span if new > _FEW else mark.span * 3,
                )
            )

    # --- inside --------------------------------------------------------------------

    @property
    def _key(self) -> str:
        return f"history.read.{self._account}"

    async def _advance(self, mark: Mark) -> None:
        self.mark = mark
        await self._catalog.settings_kv.set(self._key, json.dumps(asdict(mark)))
        self._tell()

    async def _take(self, found: Found, *, renew: bool) -> int:
        if found.inputs:
            await self._catalog.history.put_inputs(found.inputs)
            self._uses.add(found.inputs)
        return await self._put(found.entries, renew=renew)

    async def _put(self, entries: Sequence[HistoryEntry], *, renew: bool) -> int:
        if not entries:
            return 0
        return await self._catalog.history.put_found(
            [
                (entry_row(entry, account=self._account), search_words(entry))
                for entry in entries
            ],
            replace=renew,
        )

    async def _take_uploads(self, entries: Sequence[HistoryEntry]) -> None:
        table = self._catalog.history
        ids = {entry.entry_id for entry in entries}
        known = {
            entry_id
            for entry_id, origin, _ in await table.requests(self._account, "upload")
            if origin == "server"
        }
        await self._put(
            [entry for entry in entries if entry.entry_id not in known], renew=False
        )
        gone = [
            replace(entry_of(row), state="gone", state_text="Gone from server")
            for row in await table.rows(sorted(known - ids))
            if row.state != "gone"
        ]
        await self._put(gone, renew=True)

    async def _drop_doubles(self) -> None:
        """Take out what the server tells of entries that were made here."""
        table = self._catalog.history
        doubles: list[str] = []
        for kind, name in (
            (EntryKind.REFERENCE, "instance"),
            (EntryKind.UPLOAD, "folder"),
        ):
            here: set[object] = set()
            there: dict[str, object] = {}
            asked = await table.requests(self._account, kind.value)
            for entry_id, origin, request in asked:
                if origin == "server":
                    there[entry_id] = request.get(name)
                else:
                    here.add(request.get(name))
            if kind is EntryKind.REFERENCE:
                here |= self._sent_from_here()
            here.discard(None)
            doubles += [one for one, value in there.items() if value in here]
        doubles += await self._double_outputs()
        for entry_id in doubles:
            await table.delete(entry_id)

    async def _double_outputs(self) -> list[str]:
        asked = await self._catalog.history.requests(self._account, "output")
        here: set[str] = set()
        for _, origin, request in asked:
            if origin != "server":
                here |= _texts(request.get("paths_here"))
                here |= _texts(request.get("paths_there"))
        return [
            entry_id
            for entry_id, origin, request in asked
            if origin == "server" and _texts(request.get("paths_there")) <= here
        ]

    def _sent_from_here(self) -> set[object]:
        return {
            job.remote_id
            for job in self._jobs.jobs()
            if isinstance(job.intent, RunIntent)
            and job.intent.plugin_type == "fs"
            and job.intent.item_ids
            and not job.intent.found
            and job.remote_id is not None
        }


def _texts(value: object) -> set[str]:
    return {str(one) for one in value} if isinstance(value, list) else set()


def input_rows(account: str, job: Job) -> list[FeedInputRow]:
    """Return what the feed of a job was made of, as far as the job says it."""
    intent, remote, feed = job.intent, job.remote_id, job.feed_id
    if not isinstance(intent, RunIntent) or remote is None or feed is None:
        return []
    paths = str(intent.parameters.get("dir", "")).split(",")
    return [
        FeedInputRow(
            account_key=account,
            instance_id=int(remote),
            path=path.strip().strip("/"),
            feed_id=int(feed),
            title=intent.title,
            at=job.created_at,
        )
        for path in paths
        if path.strip()
    ]
