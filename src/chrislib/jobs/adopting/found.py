"""Runs found on the server become rows of the catalog, each at most once."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from chrislib.catalog.adoption import AdoptionTable
from chrislib.catalog.rows import AccountRow
from chrislib.jobs import fsm, steps
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import Job, Kind, Phase, RunIntent
from chrislib.jobs.steps import Observation, Tracked
from chrislib.jobs.store import PAGE, JobStore, new_key
from chrislib.jobs.submission.preferences import Adopt, Preferences

_log = logging.getLogger(__name__)


class Pending(Protocol):
    """Tells runs that are just being made by this program."""

    def pending_like(self, account_id: int, plugin: str, previous: int | None) -> bool:
        """Whether a run of this plugin and parent may be one that is being sent."""

    async def claim(self, account_id: int, rows: Sequence[Observation]) -> None:
        """Join runs to jobs that were given up before they came (network, disk)."""


class Found:
    """Takes runs that are not known yet into the catalog.

    Parameters
    ----------
    table : AdoptionTable
        Knows which runs were forgotten on purpose.
    store : JobStore
    pending : Pending
        Runs that may be ours are left to those who look for them.
    preferences : Preferences
    clock : Clock
    """

    def __init__(
        self,
        *,
        table: AdoptionTable,
        store: JobStore,
        pending: Pending,
        preferences: Preferences,
        clock: Clock,
    ) -> None:
        self._table = table
        self._store = store
        self._pending = pending
        self._preferences = preferences
        self._clock = clock

    def owner(self, account: AccountRow, remote_id: int) -> Tracked | None:
        """Return the job of a run, if there is one."""
        return self._store.by_token(account.account_id, account.server_uuid, remote_id)

    async def take(
        self,
        account: AccountRow,
        rows: Sequence[Observation],
        *,
        rebuild: bool = False,
        asked: bool = False,
    ) -> tuple[Job, ...]:
        """Take what is not known into the catalog (disk); returns it.

        The server is asked where a run may be of a job that was given up (network).
        """
        unknown = {
            row.remote_id: row
            for row in rows
            if self.owner(account, row.remote_id) is None
            and not self._pending.pending_like(
                account.account_id, row.plugin_name, row.previous_id
            )
        }
        if not unknown:
            return ()
        own = [row for row in unknown.values() if is_own(row, account)]
        await self._pending.claim(account.account_id, own)
        buried = await self._table.buried(account.account_id, account.server_uuid)
        for remote_id in buried & set(unknown):
            if asked:
                await self._table.dig_up(
                    account.account_id, account.server_uuid, remote_id
                )
            else:
                del unknown[remote_id]
        steps = [
            self._step(account, row, rebuild=rebuild, asked=asked)
            for _, row in sorted(unknown.items())
            # The table was asked meanwhile: what was sent then has its own job now.
            if self.owner(account, row.remote_id) is None
        ]
        for start in range(0, len(steps), PAGE):
            await self._store.add(steps[start : start + PAGE])
        if steps:
            _log.info("%d runs were found on the server", len(steps))
        return tuple(step.tracked.job for step in steps)

    def _step(
        self, account: AccountRow, row: Observation, *, rebuild: bool, asked: bool
    ) -> steps.Step:
        now = self._clock.time()
        own = is_own(row, account)
        policy = self._preferences.adopt(account.account_id)
        tracked = asked or (
            own
            and (rebuild or policy is Adopt.ALL)
            and not self._of_workflow(account, row.workflow_id)
        )
        intent = RunIntent(
            plugin_id=row.plugin_id,
            plugin_name=row.plugin_name,
            plugin_version=row.plugin_version,
            plugin_type=row.plugin_type,
            parameters={},
            previous_id=row.previous_id,
            feed_id=row.feed_id,
            title=row.title,
            compute_resource=row.compute_resource,
            found=True,
            owner="" if own else row.owner,
        )
        job = Job(
            key=new_key(now),
            kind=Kind.RUN,
            phase=Phase.SUBMITTED,
            intent=intent,
            title=row.title or row.plugin_name,
            backend="cube",
            account_id=account.account_id,
            tracked=tracked,
        )
        step = fsm.adopt(Tracked(job, server_uuid=account.server_uuid), row, now=now)
        found = step.tracked.job
        # By its own dates, so that an old run does not stand on top of the list.
        found = replace(
            found,
            created_at=min(now, _seconds(row.start_date, now)),
            terminal_at=min(now, _seconds(row.end_date, now))
            if found.phase.terminal
            else None,
        )
        return replace(step, tracked=replace(step.tracked, job=found))

    def _of_workflow(self, account: AccountRow, workflow_id: int | None) -> bool:
        """Whether a workflow that is followed tells of this run."""
        if workflow_id is None:
            return False
        known = self._store.by_service_token(
            account.account_id,
            "workflow",
            server_uuid=account.server_uuid,
            token=str(workflow_id),
        )
        return known is not None


def is_own(row: Observation, account: AccountRow) -> bool:
    """Whether a run belongs to the account it was seen with."""
    return row.owner in ("", account.username)


def _seconds(text: str, fallback: float) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return fallback
