"""Plugin runs of a CUBE as observations."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chrislib.cube.logs import program_log
from chrislib.cube.types import (
    LIMITS,
    Feed,
    FeedId,
    InstanceId,
    PluginId,
    PluginInstance,
)
from chrislib.jobs.backends.base import Abilities
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import RunIntent
from chrislib.jobs.polling.queries import (
    Active,
    CountActive,
    CountEnded,
    Digest,
    Ended,
    FeedCount,
    FeedCounts,
    FeedRuns,
    Point,
    Query,
    QueryResult,
    Registering,
)
from chrislib.jobs.steps import Observation

if TYPE_CHECKING:
    # The HTTP library is half of the start-up time: it waits for the first paint.
    from chrislib.cube.client import CubeClient
    from chrislib.cube.listing import Listed

_ENDED = frozenset({"finishedSuccessfully", "finishedWithError", "cancelled"})
TITLE_LIMIT = 100
"""Characters CUBE takes as an instance's title."""
_COUNTED = {
    "registering": "registeringFiles",
    "finished": "finishedSuccessfully",
    "errored": "finishedWithError",
}
"""A feed's counters whose names are not those of the statuses."""
_SOURCES: Mapping[type[Query], str] = {
    Active: "active",
    Registering: "active",
    Ended: "window",
    FeedRuns: "feed",
    CountActive: "active",
    CountEnded: "window",
}
_EARLIER = 60.0
"""Seconds a run may seem older than its intent: clocks differ."""


class CubeRuns:
    """The runs of one user on one CUBE.

    Parameters
    ----------
    client : CubeClient
        Signed in.
    clock : Clock
        Orders the looks.
    """

    def __init__(self, client: "CubeClient", clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def probe(self) -> str:
        """Ask which server this is (network): some 10 ms of it, less than 1 kB."""
        return await self._client.incarnation()

    async def submit(self, intent: RunIntent) -> Observation:
        """Make the run by one POST that is never repeated (network)."""
        sent = self._clock.monotonic()
        instance = await self._client.instances.create(
            PluginId(intent.plugin_id), values_of(intent)
        )
        return self._observation(instance, sent=sent, source="submit")

    async def candidates(
        self, intent: RunIntent, *, since: float, known: Callable[[int], bool]
    ) -> list[Observation]:
        """Return own runs with this intent's plugin, parent and values (network)."""
        start = datetime.fromtimestamp(since - _EARLIER, UTC)
        filters: dict[str, str | int] = {
            "plugin_id": intent.plugin_id,
            "owner_username": self._client.username,
            "min_start_date": start.isoformat(),
        }
        if intent.previous_id is not None:
            filters["previous_id"] = intent.previous_id
        if intent.nonce:
            filters["title"] = intent.nonce
        sent = self._clock.monotonic()
        found = []
        async for instance in self._client.instances.search(**filters):
            if intent.previous_id is None and instance.previous_id is not None:
                continue
            if instance.start_date is not None and instance.start_date < start:
                continue  # the server may have ignored the filter (trap 12)
            if instance.owner_username not in ("", self._client.username):
                continue
            if instance.plugin_id != intent.plugin_id or known(instance.id):
                continue
            given = await self._client.instances.parameters(instance.id)
            wanted = intent.parameters
            if instance.status == "created":
                # A server that failed while it saved the parameters leaves it so.
                wanted = {name: wanted[name] for name in given if name in wanted}
            if same_values(wanted, given):
                found.append(instance)
        found.sort(key=lambda instance: instance.id)
        return [self._observation(i, sent=sent, source="reconcile") for i in found]

    async def run(self, query: Query) -> QueryResult:
        """Put one question: exactly one request (network)."""
        sent = self._clock.monotonic()
        if isinstance(query, Point):
            row = await self._client.instances.get(InstanceId(query.remote_id))
            seen = (self._observation(row, sent=sent, source="point"),)
            return self._result(sent, rows=seen, received=1)
        if isinstance(query, FeedCount):
            feed = await self._client.feeds.get(FeedId(query.feed_id))
            return self._result(
                sent, digests=(counts_of(feed, exact=True),), received=1
            )
        if isinstance(query, Digest):
            feeds = await self._client.feeds.page(
                min_id=query.min_id,
                max_id=query.max_id,
                limit=query.limit,
                offset=query.offset or None,
            )
            digests = tuple(counts_of(feed) for feed in feeds.rows)
            return self._listed(sent, feeds, digests=digests)
        if isinstance(query, FeedRuns) and query.compact:
            found = await self._client.instances.page_of(
                query.feed_id, limit=query.limit, offset=query.offset
            )
        else:
            filters = filters_of(query, self._client.username)
            found = await self._client.instances.page(**filters)
        source = _SOURCES[type(query)]
        rows = tuple(
            self._observation(row, sent=sent, source=source) for row in found.rows
        )
        return self._listed(sent, found, rows=rows)

    async def abilities(self) -> Abilities:
        """Return what the server says it is able to do: one request (network)."""
        filters = await self._client.instances.filters()
        server = self._client.server
        return Abilities(filters, server.generation if server is not None else 0)

    def _listed(
        self,
        sent: float,
        page: "Listed[Any]",
        *,
        rows: tuple[Observation, ...] = (),
        digests: tuple[FeedCounts, ...] = (),
    ) -> QueryResult:
        return self._result(
            sent,
            rows=rows,
            digests=digests,
            received=page.received,
            total=page.total,
            more=page.more,
            bad=page.bad,
            date=page.date,
        )

    def _result(
        self,
        sent: float,
        *,
        received: int,
        rows: tuple[Observation, ...] = (),
        digests: tuple[FeedCounts, ...] = (),
        total: int | None = None,
        more: bool = False,
        bad: int = 0,
        date: datetime | None = None,
    ) -> QueryResult:
        return QueryResult(
            rows=rows,
            digests=digests,
            total=total,
            more=more,
            received_rows=received,
            sent=sent,
            received=self._clock.monotonic(),
            server_date=date or self._client.server_now(),
            anomalies=bad,
        )

    async def active(self) -> list[Observation]:
        """Return own runs that have not ended (network)."""
        rows = self._client.instances.search(
            active=True, owner_username=self._client.username
        )
        # Servers before 6.9 ignore the filter and list everything.
        return [o for o in await self._collect(rows, "active") if _active(o)]

    async def finished_since(self, low: datetime) -> list[Observation]:
        """Return own runs whose end is not before `low` (network)."""
        rows = self._client.instances.search(
            active=False,
            owner_username=self._client.username,
            min_end_date=low.isoformat(),
        )
        return [o for o in await self._collect(rows, "window") if not _active(o)]

    async def of_feed(self, feed_id: int) -> list[Observation]:
        """Return the runs of one feed; their rows carry no log (network)."""
        return await self._collect(
            self._client.instances.of_feed(FeedId(feed_id)), "feed"
        )

    async def look(self, remote_id: int) -> Observation:
        """Return one run (network)."""
        sent = self._clock.monotonic()
        instance = await self._client.instances.get(InstanceId(remote_id))
        return self._observation(instance, sent=sent, source="point")

    async def cancel(self, remote_id: int) -> int:
        """Stop a run; CUBE stops its active descendants with it (network)."""
        instance = await self._client.instances.get(InstanceId(remote_id))
        count = 0
        if instance.active:
            rows = [
                row async for row in self._client.instances.of_feed(instance.feed_id)
            ]
            below = _subtree(rows, instance.id)
            count = sum(1 for row in rows if row.id in below and row.active)
            await self._client.instances.cancel(InstanceId(remote_id))
        return count

    async def write_note(self, feed_id: int, text: str) -> None:
        """Put the user's words into the note of a new feed (network)."""
        await self._client.feeds.set_note(FeedId(feed_id), "", content=text)

    async def write_tags(self, feed_id: int, tags: Sequence[str]) -> None:
        """Put tags on a new feed, made where there are none of the name (network)."""
        for tag in tags:
            await self._client.feeds.add_tag(FeedId(feed_id), tag)

    def server_now(self) -> datetime:
        """Return the server's time; no request is made."""
        return self._client.server_now()

    async def _collect(
        self, rows: AsyncIterator[PluginInstance], source: str
    ) -> list[Observation]:
        # Every row counts as seen when the first page was asked for: the cautious
        # side, since a row can only be newer than that.
        sent = self._clock.monotonic()
        return [self._observation(row, sent=sent, source=source) async for row in rows]

    def _observation(
        self, instance: PluginInstance, *, sent: float, source: str
    ) -> Observation:
        return Observation(
            remote_id=instance.id,
            remote_status=instance.status,
            error_code=instance.error_code,
            sent=sent,
            received=self._clock.monotonic(),
            source=source,
            start_date=_iso(instance.start_date),
            end_date=_iso(instance.end_date),
            feed_id=instance.feed_id,
            previous_id=instance.previous_id,
            deletion_status=_deletion(instance),
            title=instance.title,
            workflow_id=instance.workflow_id,
            owner=instance.owner_username,
            plugin_id=instance.plugin_id,
            plugin_name=instance.plugin_name,
            plugin_version=instance.plugin_version,
            plugin_type=instance.plugin_type,
            compute_resource=instance.compute_resource_name,
            log=program_log(summary=instance.summary, raw=instance.raw),
        )


def counts_of(feed: Feed, *, exact: bool = False) -> FeedCounts:
    """Return a feed's counts by CUBE's names of statuses."""
    return FeedCounts(
        feed_id=feed.id,
        counts={_COUNTED.get(name, name): n for name, n in feed.jobs.items()},
        deletion_status=feed.deletion_status,
        exact=exact,
    )


_BEYOND = 1_000_000_000


def filters_of(query: Query, username: str) -> dict[str, Any]:
    """Return a search for runs as CUBE's filters; None values are left out."""
    if isinstance(query, FeedRuns):
        return {
            "feed_id": query.feed_id,
            "owner_username": username,
            "active": query.active,
            "status": query.status or None,
            "min_end_date": _when(query.min_end),
            "limit": query.limit,
            "offset": query.offset or None,
        }
    if isinstance(query, CountActive):
        return {"active": True, "owner_username": username, "limit": 1}
    if isinstance(query, CountEnded):
        return {
            "owner_username": username,
            "status": query.status,
            "min_end_date": _when(query.min_end),
            "max_end_date": _when(query.max_end),
            "limit": 1,
            # Behind the last row: the number is told, and nothing is sent.
            "offset": _BEYOND,
        }
    assert isinstance(query, Active | Registering | Ended)
    found: dict[str, Any] = {
        "owner_username": username,
        "limit": query.limit,
        "offset": query.offset or None,
    }
    if isinstance(query, Active):
        found |= {"status": query.status} if query.status else {"active": True}
        return found
    if isinstance(query, Registering):
        found["status"] = "registeringFiles"
    else:
        found |= {"status": query.status} if query.status else {"active": False}
        found["min_start_date"] = _when(query.min_start)
        found["max_start_date"] = _when(query.max_start)
    found["min_end_date"] = _when(query.min_end)
    found["max_end_date"] = _when(query.max_end)
    return found


def _when(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")


def values_of(intent: RunIntent) -> dict[str, str | int | float | bool]:
    """Return the flat object that ``plugins/<id>/instances/`` takes."""
    values: dict[str, str | int | float | bool] = dict(intent.parameters)
    title = title_of(intent)
    if title:
        values["title"] = title
    if intent.previous_id is not None:
        values["previous_id"] = intent.previous_id
    if intent.compute_resource:
        values["compute_resource_name"] = intent.compute_resource
    # null is no way to leave one out: 6.11 answers 500 to it
    for name in LIMITS:
        limit = getattr(intent, name)
        if limit is not None:
            # a bare number is millicores and MiB
            values[name] = limit
    return values


def title_of(intent: RunIntent) -> str:
    """Return the title a run gets: at most 100 characters, its nonce at the end."""
    if not intent.nonce:
        return intent.title[:TITLE_LIMIT]
    room = TITLE_LIMIT - len(intent.nonce) - 1
    return f"{intent.title[:room]} {intent.nonce}".strip()


def same_values(
    wanted: Mapping[str, str | int | float | bool], given: Mapping[str, str]
) -> bool:
    """Whether a run's stored values are those of an intent, whatever their spelling."""
    if set(wanted) != set(given):
        return False
    return all(_plain(wanted[name]) == _plain(given[name]) for name in wanted)


def _active(observation: Observation) -> bool:
    return observation.remote_status not in _ENDED


def _plain(value: object) -> str:
    text = str(value).strip()
    if text.lower() in ("true", "false"):
        return text.lower()
    try:
        return repr(float(text))
    except ValueError:
        return text.strip("/")


def _subtree(rows: list[PluginInstance], root: InstanceId) -> set[InstanceId]:
    found = {root}
    grew = True
    while grew:
        more = {r.id for r in rows if r.previous_id in found} - found
        found |= more
        grew = bool(more)
    return found


def _deletion(instance: PluginInstance) -> str:
    # The clean-up of a finished run also passes through this field.
    status = instance.deletion_status
    return status if status in ("pending", "failed") and not instance.active else ""


def _iso(moment: datetime | None) -> str:
    return moment.isoformat() if moment is not None else ""
