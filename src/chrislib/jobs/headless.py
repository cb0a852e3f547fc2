"""The commands of ``chrislib jobs``: the same catalog, without a window.

What only reads works beside a window. What must write is done by the running window,
which is asked over its local socket; where none runs, the command takes the lease of
the catalog, and gives it to the next window that comes.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chrislib.catalog.catalog import Catalog
from chrislib.catalog.lease import Lease
from chrislib.catalog.refusals import CatalogError
from chrislib.errors import ChrislibError
from chrislib.jobs import terminal
from chrislib.jobs.clock import SystemClock
from chrislib.jobs.model import Job, JobChange, JobKey, Phase
from chrislib.jobs.store import JobStore

if TYPE_CHECKING:
    # What only reads needs neither the network nor the rest of the job manager.
    from chrislib.jobs.manager import JobManager

READY, SOME_FAILED, INTERRUPTED, NOT_DONE = 0, 1, 130, 2
"""Exit codes: all ready; some were not; Ctrl-C; it could not be done."""

Say = Callable[[str], None]
Ask = Callable[[Mapping[str, Any]], Mapping[str, Any] | None]
_GOOD = frozenset({Phase.FINISHED})
_GIVE_WAY = 6.0


class Requests:
    """What the running window does for commands of the command line.

    Parameters
    ----------
    jobs : JobManager
    """

    def __init__(self, jobs: "JobManager") -> None:
        self._jobs = jobs

    async def __call__(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out one request (disk, network).

        Raises
        ------
        ChrislibError
            It cannot be done; says why.
        """
        what = request.get("do")
        if what == "get":
            folder = Path(str(request["folder"]))
            download = await self._jobs.results.get(JobKey(str(request["key"])), folder)
            return {"key": download or str(request["key"])}
        if what == "adopt":
            return {"keys": await adopted(self._jobs, str(request["what"]))}
        if what == "look":
            await self._jobs.refresh()
            return {}
        raise ChrislibError("The running chrislib does not know this command.")


async def adopted(jobs: "JobManager", what: str) -> list[str]:
    """Follow a run by number or address, or with "" whatever is found (network).

    Returns
    -------
    list of str
        The jobs that are followed now.
    """
    if not what:
        return list(await jobs.adoption.search())
    if what.isdigit():
        return [(await jobs.adoption.track(int(what))).key]
    return [(await jobs.adoption.track_url(what)).key]


@asynccontextmanager
async def to_read(path: Path) -> AsyncIterator[Catalog]:
    """Have the catalog for reading, also beside a running window (disk)."""
    catalog = Catalog(path, lease=Lease(path, yields=True))
    try:
        await catalog.open(look=True)
    except CatalogError:
        # There is none yet, or it is of an earlier version: nobody is at work.
        await catalog.open()
    try:
        yield catalog
    finally:
        await catalog.close()


async def shown(catalog: Catalog) -> JobStore:
    """Return every job of an open catalog (disk)."""
    store = JobStore(catalog.jobs, SystemClock())
    await store.load()
    return store


def list_jobs(
    jobs: Sequence[Job], *, live: bool, feed: int | None, as_json: bool, say: Say
) -> int:
    """Print jobs, newest first."""
    found = [
        job
        for job in jobs
        if not (live and job.phase.terminal) and feed in (None, job.feed_id)
    ]
    if as_json:
        rows = [terminal.as_json(job) for job in found]
        say(json.dumps(rows, indent=2, ensure_ascii=False))
        return READY
    if not found:
        say("Nothing is on its way." if live else "There are no jobs.")
    for job in found:
        say(terminal.line_of(job))
    return READY


async def export(
    catalog: Catalog, names: Sequence[str], *, feed: int | None, to: Path, say: Say
) -> int:
    """Write where jobs come from and what happened to them, as JSON (disk)."""
    from chrislib.jobs.outputs import provenance

    store = await shown(catalog)
    every = [tracked.job for tracked in store.all()]
    keys = [terminal.find(every, name).key for name in names]
    if feed is not None and not any(job.feed_id == feed for job in every):
        raise ChrislibError(
            f"No job of feed {feed} is followed.",
            "Nothing was written.",
            hint="“chrislib jobs list” shows which feeds are.",
        )
    made = provenance.Provenance(catalog.results, store)
    text = provenance.to_text(await made.of(keys, feed=feed))
    try:
        await asyncio.to_thread(to.write_text, text, encoding="utf-8")
    except OSError as error:
        raise ChrislibError(
            f"{to} could not be written.",
            "Nothing else was changed.",
            hint=f"{error.strerror or error}.",
        ) from error
    say(f"{len(json.loads(text)['jobs']):,} jobs written to {to}.")
    return READY


class Desk:
    """A job manager without a window, and what the commands do with it.

    Parameters
    ----------
    catalog : Catalog
        Open; its lease gives way.
    jobs : JobManager
        Not started.
    connect : callable
        Signs in as last time; awaited when this process follows the jobs itself.
    ask : callable
        Asks the running window; None when there is none.
    say : callable
        Prints a line.
    period : float
        Seconds between two looks at the catalog while another process writes it.
    """

    def __init__(
        self,
        *,
        catalog: Catalog,
        jobs: "JobManager",
        connect: Callable[[], Awaitable[None]],
        ask: Ask,
        say: Say,
        period: float = 0.5,
    ) -> None:
        self._catalog = catalog
        self._jobs = jobs
        self._connect = connect
        self._ask = ask
        self._say = say
        self._period = period
        self._said: dict[JobKey, str] = {}
        self._connected = False
        self._live: list[JobKey] = []

    async def open(self) -> None:
        """Load the jobs; follow them if nobody else does (disk, network)."""
        await self._jobs.start()
        # What ends while the server is asked for the first time is told as well.
        self._live = [j.key for j in self._jobs.jobs() if not j.phase.terminal]
        await self._connect_if_ours()

    async def watch(self, names: Sequence[str], *, feed: int | None) -> int:
        """Print what changes until all that is watched has ended."""
        every = self._jobs.jobs()
        if names:
            keys = [terminal.find(every, name).key for name in names]
        else:
            keys = [
                job.key
                for job in every
                if (job.feed_id == feed if feed is not None else job.key in self._live)
            ]
        if not keys:
            where = f" in feed {feed}" if feed is not None else ""
            self._say(f"Nothing is on its way{where}.")
            return READY
        return await self._until_ended(keys)

    async def get(self, name: str, folder: Path) -> int:
        """Save a run's output under a folder and wait until it is there."""
        job = terminal.find(self._jobs.jobs(), name)
        request = {"do": "get", "key": job.key, "folder": str(folder.absolute())}
        answer = await self._done(request)
        key = JobKey(str(answer["key"]))
        await self._catch_up()
        code = await self._until_ended([key], what="get")
        if code == READY:
            self._say(f"Saved to {folder.absolute()}.")
        return code

    async def adopt(self, what: str) -> int:
        """Follow runs that were started elsewhere."""
        answer = await self._done({"do": "adopt", "what": what})
        await self._catch_up()
        keys = [JobKey(str(key)) for key in answer["keys"]]
        for key in keys:
            job = self._jobs.get(key)
            if job is not None:
                self._say(terminal.line_of(job))
        self._say(f"{len(keys):,} followed now." if keys else "Nothing new was found.")
        return READY

    # Inside.

    async def _done(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Have a request carried out: here if this process may write."""
        if self._catalog.read_only:
            answer = await asyncio.to_thread(self._ask, request)
            if answer is not None:
                if "error" in answer:
                    raise ChrislibError(str(answer["error"]))
                return answer
            trouble = self._catalog.condition.trouble
            try:
                # The other one may just be ending, or about to give way.
                async with asyncio.timeout(_GIVE_WAY):
                    await self._catalog.condition.healthy()
            except TimeoutError:
                assert trouble is not None
                raise ChrislibError(
                    trouble.title, "Nothing was done.", hint=trouble.hint
                ) from None
        await self._connect_if_ours()
        return await Requests(self._jobs)(request)

    async def _connect_if_ours(self) -> None:
        if not self._catalog.read_only and not self._connected:
            self._connected = True
            await self._connect()
            await self._jobs.refresh()

    async def _until_ended(self, keys: Sequence[JobKey], *, what: str = "") -> int:
        changed = asyncio.Event()

        def heard(_changes: tuple[JobChange, ...]) -> None:
            changed.set()

        stop = self._jobs.subscribe(heard)
        try:
            while True:
                self._tell(keys, always=not what)
                if all(self._ended(key) for key in keys):
                    break
                try:
                    async with asyncio.timeout(self._period):
                        await changed.wait()
                except TimeoutError:
                    await self._catch_up()
                    await self._connect_if_ours()
                changed.clear()
        finally:
            stop()
        jobs = [job for key in keys if (job := self._jobs.get(key)) is not None]
        return READY if all(job.phase in _GOOD for job in jobs) else SOME_FAILED

    async def _catch_up(self) -> None:
        """See what the process that writes has changed."""
        if self._catalog.read_only:
            await self._jobs.catch_up()

    def _ended(self, key: JobKey) -> bool:
        job = self._jobs.get(key)
        return job is None or job.phase.terminal

    def _tell(self, keys: Sequence[JobKey], *, always: bool) -> None:
        for key in keys:
            job = self._jobs.get(key)
            if job is None:
                continue
            line = terminal.line_of(job)
            if self._said.get(key) == line:
                continue
            first = key not in self._said
            self._said[key] = line
            if first and not always and not job.phase.terminal:
                continue
            self._say(line)
            if job.phase.terminal and job.phase not in _GOOD:
                reason = terminal.reason_of(job)
                if reason:
                    self._say(f"          {reason}")
