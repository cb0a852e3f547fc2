"""The parts of a job manager the panes talk to, in memory."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chrislib.jobs.history.estimate import Estimate
from chrislib.jobs.history.past import Past
from chrislib.jobs.model import Job, JobKey
from chrislib.jobs.outputs.offers import Offer
from chrislib.jobs.submission.preferences import Adopt

Calls = list[tuple[str, ...]]


@dataclass
class FakeDurations:
    """Estimates as they are set."""

    estimates: dict[JobKey, Estimate] = field(default_factory=dict)
    rows: list[Any] = field(default_factory=list)

    def left(self, job: Job, _now: float) -> Estimate | None:
        return self.estimates.get(job.key)

    def slow_registering(self, _job: Job) -> float | None:
        return None

    def table(self) -> list[Any]:
        return self.rows


@dataclass
class FakeHistory:
    """Pasts as they are set; open problems follow the inbox of the manager."""

    open: Callable[[], frozenset[JobKey]]
    pasts: dict[JobKey, Past] = field(default_factory=dict)

    async def of(self, key: JobKey) -> Past:
        return self.pasts.get(key, Past())

    async def problems(self) -> frozenset[JobKey]:
        return self.open()


@dataclass
class FakeBatch:
    """A batch as the list shows it."""

    key: str
    title: str
    state: str
    total: int
    sent: int = 0
    done: int = 0
    failed: int = 0
    uncertain: int = 0
    waiting: int = 1
    written: int = 0
    cancelled: int = 0
    detail: str = ""


@dataclass
class FakeBatches:
    """Batches as they are set."""

    calls: Calls
    views: dict[str, FakeBatch] = field(default_factory=dict)
    listeners: list[Callable[[tuple[str, ...]], None]] = field(default_factory=list)

    def batches(self) -> tuple[FakeBatch, ...]:
        return tuple(self.views.values())

    def get(self, key: str) -> FakeBatch | None:
        return self.views.get(key)

    def subscribe(
        self, callback: Callable[[tuple[str, ...]], None]
    ) -> Callable[[], None]:
        self.listeners.append(callback)
        return lambda: self.listeners.remove(callback)

    def put(self, view: FakeBatch) -> None:
        self.views[view.key] = view
        for listener in tuple(self.listeners):
            listener((view.key,))

    async def pause(self, key: str) -> None:
        self.calls.append(("pause", key))

    async def resume(self, key: str) -> None:
        self.calls.append(("resume", key))

    async def cancel(self, key: str) -> int:
        self.calls.append(("cancel-rest", key))
        return 1


@dataclass
class FakePlan:
    """What a purge would take."""

    nodes: int = 3
    running: int = 1
    token: str = "confirmed"


@dataclass
class FakeResults:
    """Outputs: notes what was asked."""

    calls: Calls
    comparison: Any = None
    offered: Offer = field(default_factory=lambda: Offer(True))

    def offer(self, _key: JobKey) -> Offer:
        return self.offered

    async def get(self, key: JobKey, folder: Path | None = None) -> JobKey | None:
        self.calls.append(("get", key, str(folder)))
        return None

    async def get_several(
        self, keys: Sequence[JobKey], folder: Path | None = None
    ) -> dict[JobKey, Any]:
        self.calls.append(("get_several", *keys))
        return dict.fromkeys(keys)

    async def later(self, key: JobKey, until: float | None = None) -> None:
        self.calls.append(("later", key, str(until)))

    async def discard(self, key: JobKey) -> None:
        self.calls.append(("discard", key))

    async def undo(self, key: JobKey) -> None:
        self.calls.append(("undo", key))

    async def compare(self, key: JobKey) -> Any:
        self.calls.append(("compare", key))
        return self.comparison

    async def settle(self, key: JobKey, how: str) -> bool:
        self.calls.append(("settle", key, how))
        return True

    async def purge_plan(self, key: JobKey) -> FakePlan:
        self.calls.append(("purge_plan", key))
        return FakePlan()

    async def purge(self, key: JobKey, token: str) -> None:
        self.calls.append(("purge", key, token))

    async def provenance(
        self, keys: Sequence[JobKey] = (), **_more: Any
    ) -> Mapping[str, Any]:
        return {"jobs": [str(key) for key in keys]}


@dataclass
class FakeAdoption:
    """Tracking: notes what was asked."""

    calls: Calls
    refuse: BaseException | None = None
    job: Job | None = None
    proposed: tuple[Job, ...] = ()
    listeners: list[Callable[[int], None]] = field(default_factory=list)

    def subscribe(self, callback: Callable[[int], None]) -> Callable[[], None]:
        self.listeners.append(callback)
        return lambda: self.listeners.remove(callback)

    def proposals(self, _account_id: int) -> tuple[Job, ...]:
        return self.proposed

    async def track(self, remote_id: int) -> Job | None:
        self.calls.append(("track", str(remote_id)))
        return self.job

    async def follow(self, keys: Sequence[JobKey]) -> None:
        self.calls.append(("follow", *keys))

    async def track_url(self, text: str, *, accept_host: str = "") -> Job | None:
        self.calls.append(("track_url", text, accept_host))
        if self.refuse is not None and not accept_host:
            raise self.refuse
        return self.job

    async def untrack(self, key: JobKey) -> None:
        self.calls.append(("untrack", key))


@dataclass
class FakeCancels:
    """Cancels: notes what was asked."""

    calls: Calls

    async def let_run(self, key: JobKey) -> None:
        self.calls.append(("let_run", key))


@dataclass
class FakeSubmissions:
    """Uncertain submissions."""

    calls: Calls
    found: list[Any] = field(default_factory=list)

    async def choices(self, _key: JobKey) -> list[Any]:
        return self.found

    async def choose(self, key: JobKey, remote_id: int | None) -> None:
        self.calls.append(("choose", key, str(remote_id)))


@dataclass
class FakeHealth:
    """Health rows as they are set."""

    found: tuple[Any, ...] = ()
    listeners: list[Callable[[], None]] = field(default_factory=list)

    def rows(self) -> tuple[Any, ...]:
        return self.found

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        self.listeners.append(callback)
        return lambda: self.listeners.remove(callback)


@dataclass
class FakeServices:
    """Services of plug-ins as they are set."""

    found: tuple[Any, ...] = ()

    def rows(self) -> tuple[Any, ...]:
        return self.found

    async def reload(self) -> None:
        return None


@dataclass
class FakeExtensions:
    """Plug-ins that were set aside."""

    broken: tuple[Any, ...] = ()


@dataclass
class FakeServiceSettings:
    """Services of plug-ins as they are set."""

    calls: Calls
    found: tuple[Any, ...] = ()
    known: tuple[Any, ...] = ()
    kept: bool = True

    def offers(self) -> tuple[Any, ...]:
        return self.found

    async def options(self, name: str) -> tuple[Any, ...]:
        return self.known

    async def save(
        self, name: str, values: dict[str, str], *, password: str = ""
    ) -> bool:
        self.calls.append(("service", name, *values.values(), password))
        return self.kept


@dataclass
class FakePreferences:
    """Choices about runs, in memory."""

    policy: Adopt = Adopt.HERE
    nonce: bool = False

    def adopt(self, _account_id: int) -> Adopt:
        return self.policy

    async def set_adopt(self, _account_id: int, policy: Adopt) -> None:
        self.policy = policy

    def with_nonce(self, _account_id: int) -> bool:
        return self.nonce

    async def set_nonce(self, _account_id: int, *, on: bool) -> None:
        self.nonce = on
