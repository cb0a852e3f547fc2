"""A rule-based state machine over the whole job manager, killed at every kind of point.

The manager, the catalog and the station's routes are the real ones; time is virtual. In
`make test` a short sample runs, in `make soak` a long one.
"""

import json
import os
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import Phase as Stage
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from chrislib.catalog.catalog import Catalog
from chrislib.catalog.lease import Lease
from chrislib.catalog.refusals import CatalogReadOnly
from chrislib.jobs.model import Phase
from tests.invariants import checks
from tests.invariants.crashing import repeatable
from tests.invariants.world import World, job_of, key_of
from tests.sim import faults
from tests.sim.faults import Fault

_REPORT = os.environ.get("CHRISLIB_SOAK", "")
_EXAMPLES, _STEPS = (40, 50) if _REPORT else (4, 26)

numbers = st.integers(0, 50)
kills = st.one_of(st.none(), st.integers(1, 60), st.integers(1, 600))
"""At which point from now on the process dies, if at all."""
statuses = st.sampled_from(
    ["waiting", "scheduled", "started", "registeringFiles", "finishedSuccessfully",
     "finishedSuccessfully", "finishedWithError", "cancelled", "archiving"]
)  # fmt: skip
codes = st.sampled_from(["", "", "CODE13", "CODE14"])


class Counts:
    """What all examples together came to."""

    examples = 0
    steps = 0
    crashes = 0
    points: ClassVar[Counter[str]] = Counter()
    died: ClassVar[Counter[str]] = Counter()


class Machine(RuleBasedStateMachine):
    """What a person, a server and bad luck can do."""

    world: World
    folder: Path

    @initialize()
    def begin(self) -> None:
        """Start chrislib for the first time."""
        self.folder = Path(tempfile.mkdtemp(prefix="chrislib-invariants-"))
        self._patched = repeatable(self._crasher)
        self._patched.__enter__()
        self.world = World(self.folder)

    def _crasher(self) -> Any:
        world = getattr(self, "world", None) or World.newest
        return world.process.crasher if world and world.process else None

    # The person.

    @rule(number=numbers, kill=kills)
    def submit(self, number: int, kill: int | None) -> None:
        """Start a run; a few names are used again and again."""
        title = f"run {number % 12}"
        self.world.meant.append(title)
        self.world.do(self.world.jobs.submit(self.world.intent(title)), crash=kill)

    @rule(number=numbers, kill=kills)
    def submit_and_wait(self, number: int, kill: int | None) -> None:
        """Start a run and wait for the server's answer."""
        title = f"run {number % 12}"
        self.world.meant.append(title)
        self.world.do(self.world.jobs.submit_now(self.world.intent(title)), crash=kill)

    @rule(number=numbers, kill=kills)
    def submit_many(self, number: int, kill: int | None) -> None:
        """Start several at once."""
        titles = [f"run {(number + n) % 12}" for n in range(3)]
        self.world.meant += titles
        intents = [self.world.intent(title) for title in titles]
        self.world.do(self.world.jobs.batches.submit(intents, "many"), crash=kill)

    @rule(number=numbers, kill=kills)
    def cancel(self, number: int, kill: int | None) -> None:
        """Stop a run."""
        key = key_of(self.world, number)
        if key is not None:
            self.world.do(self.world.jobs.cancel(key), crash=kill)

    @rule(number=numbers, what=st.sampled_from(["later", "discard", "undo", "get"]),
          kill=kills)  # fmt: skip
    def decide(self, number: int, what: str, kill: int | None) -> None:
        """Decide about an output."""
        job = job_of(self.world, number)
        if job is None or job.phase is not Phase.FINISHED:
            return
        asked = len(self.world.server.log)
        deed = getattr(self.world.jobs.results, what)
        self.world.do(deed(job.key), crash=kill)
        if what == "discard" and kill is None:
            sent = [a.method for a in self.world.server.log[asked:]]
            assert set(sent) <= {"GET"}, f"I14: a discard sent {sent}"

    # The server.

    @rule(number=numbers, status=statuses, code=codes)
    def server_moves(self, number: int, status: str, code: str) -> None:
        """Move a run, backwards too: CUBE's workers do."""
        runs = self.world.server.store.rows(
            "SELECT id FROM instances WHERE title LIKE 'run %' ORDER BY id"
        )
        if runs:
            run = int(runs[number % len(runs)][0])
            given = {"error_code": code} if status == "cancelled" else {}
            self.world.server.set(run, status, **given)

    @rule()
    def server_ends_everything(self) -> None:
        """Finish whatever is on its way."""
        self.world.finish_all()

    @rule(number=numbers)
    def someone_else_runs(self, number: int) -> None:
        """A run of the same user appears that nobody here started."""
        self.world.server.add_run(self.world.feed, status="started", title="foreign")

    @rule(number=numbers)
    def someone_deletes(self, number: int) -> None:
        """A run is deleted elsewhere."""
        if number % 5:
            return
        runs = self.world.server.store.rows(
            "SELECT id FROM instances WHERE title LIKE 'run %' ORDER BY id"
        )
        if runs:
            self.world.server.delete_run(int(runs[number % len(runs)][0]))

    @rule(kind=st.sampled_from(["drop", "drop_answer", "500", "429", "refuse"]),
          where=st.sampled_from(["POST", "GET", "PUT"]),
          times=st.integers(1, 3))  # fmt: skip
    def trouble(self, kind: str, where: str, times: int) -> None:
        """Have the next requests fail, before or after they took effect."""
        change = {
            "drop": faults.drop,
            "drop_answer": faults.drop_answer,
            "500": faults.status(500),
            "429": faults.status(429, retry_after=20),
            "refuse": faults.refuse,
        }[kind]
        self.world.server.faults.append(Fault(change, where=where, times=times))

    @rule(change=st.sampled_from([faults.truncated, faults.html, faults.empty_list]))
    def nonsense(self, change: Any) -> None:
        """Have a list come back as something else."""
        self.world.server.faults.append(Fault(change, where="GET", times=2))

    # Time, and the end of processes.

    @rule(seconds=st.sampled_from([1, 10, 40, 120]), kill=kills)
    def time_passes(self, seconds: int, kill: int | None) -> None:
        """Let the manager work."""
        self.world.advance(seconds, crash=kill)

    @rule(kill=kills)
    def look(self, kill: int | None) -> None:
        """Press F5, twice."""
        for _ in range(2):
            self.world.do(self.world.jobs.refresh(), crash=kill)

    @rule(kill=kills)
    def restart(self, kill: int | None) -> None:
        """End and start again."""
        self.world.restart(crash=kill)

    @rule()
    def another_process(self) -> None:
        """A second process tries to write (I19)."""
        path = self.world.path

        async def attempt() -> None:
            second = Catalog(path, lease=Lease(path))
            await second.open()
            try:
                assert second.read_only, "I19: two processes have the lease"
                with pytest.raises(CatalogReadOnly):
                    await second.settings_kv.set("two", "writers")
            finally:
                await second.close()

        self.world.do(attempt())

    @rule()
    def a_job_of_the_future(self) -> None:
        """The catalog holds what another version wrote (I18)."""
        if self.world.ask("SELECT 1 FROM job WHERE job_key='x'"):
            return
        with closing(sqlite3.connect(self.world.path)) as db, db:
            db.execute(
                "INSERT INTO job (job_key, account_id, backend, kind, phase, seq, "
                "intent_json, created_at, changed_at, terminal_at) SELECT 'x', "
                "account_id, 'dream', 'of the future', 'DREAMING', 1, '{\"a\": 1}', "
                "1, 1, 1 FROM account LIMIT 1"
            )
            db.execute(
                "INSERT INTO job_event (job_key, seq, kind, to_phase, source, at) "
                "SELECT job_key, 1, 'created', 'DREAMING', 'user', 1 FROM job "
                "WHERE job_key='x'"
            )

    @invariant()
    def holds(self) -> None:
        """Everything of I1 to I20."""
        if hasattr(self, "world"):
            Counts.steps += 1
            checks.check(self.world)

    def teardown(self) -> None:
        """Let the server end and recover: then nothing may be behind (I16)."""
        if not hasattr(self, "world"):
            return
        try:
            self.world.server.faults.clear()
            self.server_ends_everything()
            for _ in range(4):
                self.world.advance(100)
            checks.check(self.world)
            checks.at_rest(self.world)
        finally:
            Counts.examples += 1
            Counts.crashes += self.world.crashes
            for life in self.world.lives:
                Counts.points += life.crasher.passed
                if life.crasher.dead:
                    Counts.died[life.crasher.where] += 1
            self.world.close()
            self._patched.__exit__(None, None, None)
            shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture
def counted() -> Iterator[None]:
    """Write down what all examples came to, for `make soak`."""
    yield
    if _REPORT:
        told = {
            "examples": Counts.examples,
            "steps": Counts.steps,
            "crash points run": Counts.crashes,
            "died at": dict(Counts.died),
            "points passed": sum(Counts.points.values()),
        }
        Path(_REPORT).write_text(json.dumps(told), encoding="utf-8")


@pytest.mark.usefixtures("counted")
def test_the_invariants_hold_whatever_is_killed() -> None:
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=_EXAMPLES,
            stateful_step_count=_STEPS,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
            # Making a failure smaller takes minutes, the crash point names its place.
            phases=[Stage.generate],
        ),
    )
    assert Counts.crashes > _EXAMPLES // 2, "processes were killed"
