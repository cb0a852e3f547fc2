"""Standing policies: what is done with the outputs of a plugin without asking.

A policy can get an output or put it off. None can delete anything, here or on a
server.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from chrislib.catalog.results import PolicyRow, ResultTable
from chrislib.errors import ChrislibError
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import Job, RunIntent
from chrislib.jobs.protocols import Policy

_log = logging.getLogger(__name__)

MOST_MB = 1_000_000


class Action(Enum):
    """What happens to a finished output; the value is what the catalog stores."""

    ASK = "ask"
    AUTO_GET = "auto_get"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class StandingPolicy:
    """The policy of one plugin on one account.

    Attributes
    ----------
    plugin : str
        Its name; all versions are meant.
    limit_mb : int
        Outputs larger than this (10⁶ bytes) are asked for after all.
    at : float
        When it was set, seconds since the epoch: older outputs are left alone.
    """

    account_id: int
    plugin: str
    action: Action
    limit_mb: int = 0
    at: float = 0.0


class Policies:
    """The standing policies, in memory and in the catalog.

    Parameters
    ----------
    plugged : callable
        Policies that plug-ins bring; asked where the user has set none.
    """

    def __init__(
        self,
        table: ResultTable,
        clock: Clock,
        *,
        plugged: Callable[[], Sequence[Policy]] = tuple,
    ) -> None:
        self._table = table
        self._clock = clock
        self._plugged = plugged
        self._kept: dict[tuple[int, str], StandingPolicy] = {}

    async def load(self) -> None:
        """Read the policies of earlier starts (disk)."""
        for row in await self._table.policies():
            policy = _from_row(row)
            self._kept[policy.account_id, policy.plugin] = policy

    def all(self, account_id: int | None = None) -> tuple[StandingPolicy, ...]:
        """Return the policies of an account, or of all, by plugin."""
        found = (
            policy
            for policy in self._kept.values()
            if account_id in (None, policy.account_id)
        )
        return tuple(sorted(found, key=lambda p: (p.account_id, p.plugin)))

    def of(self, account_id: int, plugin: str) -> StandingPolicy | None:
        """Return the policy of a plugin, None where the user is asked."""
        return self._kept.get((account_id, plugin))

    async def set(
        self, account_id: int, plugin: str, *, action: Action, limit_mb: int = 0
    ) -> StandingPolicy:
        """Set a policy in place of an earlier one (disk).

        Raises
        ------
        ChrislibError
            An automatic Get needs a limit.
        """
        if action is Action.AUTO_GET and not 0 < limit_mb <= MOST_MB:
            raise ChrislibError(
                "Say how large an output may be.",
                "Nothing was changed.",
                hint=f"Give a limit between 1 and {MOST_MB:,} MB.",
            )
        limit = limit_mb if action is Action.AUTO_GET else 0
        policy = StandingPolicy(account_id, plugin, action, limit, self._clock.time())
        await self._table.set_policy(
            PolicyRow(
                account_id=account_id,
                plugin=plugin,
                action=action.value,
                limit_mb=limit,
                at=policy.at,
            )
        )
        self._kept[account_id, plugin] = policy
        return policy

    async def clear(self, account_id: int, plugin: str) -> None:
        """Ask again what to do with the outputs of a plugin (disk)."""
        await self._table.drop_policy(account_id, plugin)
        self._kept.pop((account_id, plugin), None)

    def decide(self, job: Job) -> str:
        """Return "auto_get", "get", "later", "discard", or "" to ask the user.

        What the user has set counts before what a plug-in thinks.
        """
        if isinstance(job.intent, RunIntent):
            policy = self.of(job.account_id, job.intent.plugin_name)
            if policy is not None:
                return "" if policy.action is Action.ASK else policy.action.value
        for plugged in self._plugged():
            try:
                word = plugged.decide(job)
            except Exception:  # noqa: BLE001 - a broken policy decides nothing
                _log.exception("a plug-in's policy failed")
                continue
            if word in ("get", "later", "discard"):
                return word
        return ""


def _from_row(row: PolicyRow) -> StandingPolicy:
    try:
        action = Action(row.action)
    except ValueError:
        action = Action.ASK  # of another version: what is not understood is asked
    return StandingPolicy(row.account_id, row.plugin, action, row.limit_mb, row.at)
