"""What followers are made of, put together in one place."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chrislib.catalog.catalog import Catalog
from chrislib.catalog.rows import AccountRow
from chrislib.jobs.clock import Clock
from chrislib.jobs.pace import Pace
from chrislib.jobs.polling.attention import Attention
from chrislib.jobs.polling.duty import Chore, Notes
from chrislib.jobs.polling.follower import Follower, Sweeper
from chrislib.jobs.polling.followers import ClientFor, Connections, Followers
from chrislib.jobs.polling.gate import Gates
from chrislib.jobs.polling.health import Health
from chrislib.jobs.polling.link import Link, MakeBackend
from chrislib.jobs.polling.looks import LogKeeper, Looks
from chrislib.jobs.polling.sweep import Sweep
from chrislib.jobs.store import JobStore

if TYPE_CHECKING:
    # The HTTP library is half of the start-up time: it waits for the first paint.
    from chrislib.cube.client import CubeClient


@dataclass(frozen=True, slots=True)
class Parts:
    """What the job manager gives its followers.

    Attributes
    ----------
    chores : mapping of str to Chore
        Shared by all accounts; each is told whose turn it is.
    on_account : callable
        Awaited when an account is connected; the second argument says whether it is
        the one of the session's present connection.
    answered_again : callable
        Called when the present connection's server is back.
    """

    catalog: Catalog
    store: JobStore
    clock: Clock
    pace: Pace
    logs: LogKeeper
    attention: Attention
    health: Health
    make_backend: MakeBackend
    chores: Mapping[str, Chore]
    on_account: Callable[[AccountRow, bool], Awaitable[None]]
    answered_again: Callable[[], None]


def make_followers(
    parts: Parts,
    *,
    client_for: Callable[[], "CubeClient | None"],
    connections: Connections | None,
) -> Followers:
    """Return the followers of all accounts; nothing is asked before their start."""
    gates = Gates(parts.clock, rate=parts.pace.requests, pause=parts.pace.back_off / 2)
    looks = Looks(
        parts.store,
        parts.catalog.jobs,
        clock=parts.clock,
        pace=parts.pace,
        logs=parts.logs,
    )
    chores = {
        **parts.chores,
        "Notes of new feeds": Notes(parts.store, parts.clock, parts.pace),
    }

    def sweep_for(account: AccountRow) -> Sweeper:
        return Sweep(
            parts.store,
            parts.catalog.jobs,
            polling=parts.catalog.polling,
            looks=looks,
            clock=parts.clock,
            account=account,
            base=parts.pace.base,
        )

    def make(client: ClientFor, account: AccountRow | None) -> Follower:
        present = account is None

        async def on_new_account(connected: AccountRow) -> None:
            await parts.on_account(connected, present)

        link = Link(
            client_for=client,
            make_backend=parts.make_backend,
            table=parts.catalog.jobs,
            accounts=parts.catalog.accounts,
            store=parts.store,
            clock=parts.clock,
            pace=parts.pace,
            gates=gates,
            health=parts.health,
            on_new_account=on_new_account,
            wake=parts.answered_again if present else lambda: None,
            others=lambda: followers.others() if present else (),
        )
        link.account = account
        return Follower(
            link=link,
            store=parts.store,
            looks=looks,
            sweep_for=sweep_for,
            chores=chores,
            attention=parts.attention,
            health=parts.health,
            clock=parts.clock,
            pace=parts.pace,
            healthy=parts.catalog.condition.healthy,
        )

    followers = Followers(
        client_for=client_for,
        make=make,
        accounts=parts.catalog.accounts,
        connections=connections,
        attention=parts.attention,
        store=parts.store,
        health=parts.health,
        clock=parts.clock,
        pace=parts.pace,
    )
    return followers
