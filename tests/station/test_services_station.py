"""Our own backends keep the protocols too: runs and workflows on a real station."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from chrislib.catalog.catalog import Catalog
from chrislib.cube.client import CubeClient
from chrislib.jobs.clock import SystemClock
from chrislib.jobs.manager import JobManager
from chrislib.jobs.model import (
    Job,
    JobKey,
    Kind,
    Phase,
    Reach,
    RunIntent,
    WorkflowIntent,
)
from chrislib.jobs.protocols import (
    Backend,
    CredentialsNeeded,
    JobCanceller,
    JobCarrier,
    JobFinder,
    JobLister,
    JobObserver,
    JobPurger,
    JobSubmitter,
    LogReader,
    OnAccount,
    Order,
    ResultFetcher,
    ServiceRefused,
    ServiceUnreachable,
)
from chrislib.jobs.submission.chains import Chain

TREE = [
    {
        "plugin_name": "pl-simpledsapp",
        "plugin_version": "2.1.3",
        "title": title,
        "previous": previous,
        "plugin_parameter_defaults": [{"name": "prefix", "default": title}],
    }
    for title, previous in (("one", None), ("two", "one"))
]


class Desk:
    """A job manager signed in to a station."""

    def __init__(self, folder: Path, client: CubeClient) -> None:
        self.folder = folder
        self.client: CubeClient | None = client

    async def open(self) -> None:
        self.catalog = Catalog(self.folder / "catalog.db")
        await self.catalog.open()
        self.jobs = JobManager(
            catalog=self.catalog,
            client_for=lambda: self.client,
            pacs=lambda: None,
            clock=SystemClock(),
            base_period=0.15,
        )
        await self.jobs.start()
        await self.jobs.services.ready()
        await self.jobs.refresh()

    async def close(self) -> None:
        await self.jobs.stop()
        await self.catalog.close()

    def job(self, key: JobKey) -> Job:
        found = self.jobs.get(key)
        assert found is not None
        return found

    async def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, self.jobs.jobs()
            await asyncio.sleep(0.02)


@pytest.fixture
async def client(station: Any) -> AsyncIterator[CubeClient]:
    made = await CubeClient.sign_in(station.url, station.username, station.password)
    await made.identify()
    yield made
    await made.aclose()


@pytest.fixture
async def desk(tmp_path: Path, client: CubeClient) -> AsyncIterator[Desk]:
    made = Desk(tmp_path, client)
    await made.open()
    yield made
    await made.close()


async def root_of(client: CubeClient) -> int:
    """Return a finished run to hang others under."""
    (phantom,) = [p async for p in client.plugins.list(name_exact="pl-phantom_ct")]
    root = await client.instances.create(phantom.id, {"slices": 8, "matrix": 64})
    deadline = time.monotonic() + 60
    for _ in iter(lambda: time.monotonic() < deadline, False):
        if not (await client.instances.get(root.id)).active:
            return root.id
        await asyncio.sleep(0.05)
    pytest.fail("the root does not end")


async def run_intent(client: CubeClient, previous: int) -> RunIntent:
    found = client.plugins.list(name_exact="pl-simpledsapp")
    plugin = [p async for p in found][-1]
    return RunIntent(
        plugin_id=plugin.id,
        plugin_name=plugin.name,
        plugin_version=plugin.version,
        plugin_type="ds",
        parameters={"prefix": "x", "sleepLength": 1},
        previous_id=previous,
        title="by protocol",
    )


def test_each_says_what_it_can_do(desk: Desk) -> None:
    found = desk.jobs.extensions.backends
    protocols: dict[str, tuple[type[Any], ...]] = {
        "cube": (JobSubmitter, JobObserver, JobLister, JobCanceller, JobPurger),
        "workflow": (JobSubmitter, JobObserver, JobCanceller, OnAccount),
        "local": (JobSubmitter, JobFinder, JobObserver, JobLister, JobCanceller),
        "pull": (JobCarrier,),
        "upload": (JobCarrier,),
        "download": (JobCarrier,),
    }
    for name, wanted in protocols.items():
        assert isinstance(found[name], Backend)
        for protocol in wanted:
            assert isinstance(found[name], protocol), (name, protocol)
    assert isinstance(found["cube"], LogReader)
    for protocol in (JobPurger, LogReader, ResultFetcher):
        assert isinstance(found["local"], protocol)
    assert not isinstance(found["pull"], JobSubmitter)
    # Connected, but to nothing that has a PACS.
    assert desk.jobs.extensions.carrier("pull") is None
    assert desk.jobs.extensions.carrier("upload") is not None
    desk.client = None
    assert desk.jobs.extensions.carrier("upload") is None


async def test_runs_by_the_protocols(desk: Desk, client: CubeClient) -> None:
    cube: Any = desk.jobs.extensions.backend("cube")
    root = await root_of(client)
    intent = await run_intent(client, root)
    first = await cube.submit(Order(JobKey("k"), intent, time.time()))
    assert not first.phase.terminal
    assert first.token in {status.token async for status in cube.list_jobs()}
    await cube.cancel(first.token)
    second = await cube.submit(Order(JobKey("k"), intent, time.time()))
    seen = second
    deadline = time.monotonic() + 60
    while not seen.phase.terminal:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
        seen = (await cube.observe([second.token]))[second.token]
    assert seen.phase is Phase.FINISHED
    found = await cube.observe([first.token, "999999", "odd"])
    assert found[first.token].phase is Phase.CANCELLED
    assert found["999999"] is found["odd"] is None
    assert await cube.log(second.token)
    assert not (await cube.purge(second.token)).done
    while (await cube.observe([second.token]))[second.token] is not None:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def test_errors_of_a_cube_are_said_in_the_words_of_services(
    desk: Desk, client: CubeClient, station: Any
) -> None:
    cube: Any = desk.jobs.extensions.backend("cube")
    intent = await run_intent(client, 999_999)
    with pytest.raises(ServiceRefused) as refused:
        await cube.submit(Order(JobKey("k"), intent, time.time()))
    assert refused.value.fields
    with pytest.raises(ServiceRefused):
        await cube.purge(str(await root_of(client)))
    stranger = CubeClient(station.url, token="nobody")
    desk.client = stranger
    with pytest.raises(CredentialsNeeded):
        await cube.observe(["1"])
    await stranger.aclose()
    desk.client = None
    with pytest.raises(ServiceUnreachable) as down:
        await cube.observe(["1"])
    assert not down.value.sent


async def test_a_workflow_is_followed_across_a_restart(
    desk: Desk, client: CubeClient
) -> None:
    root = await root_of(client)
    name = f"pair {time.time_ns()}"
    pipeline = await client.workflows.create_pipeline(name, TREE)
    intent = WorkflowIntent(pipeline.id, name, root, title="two of them", nodes=2)
    key = await desk.jobs.submit(intent)
    await desk.until(lambda: desk.job(key).token)
    token = desk.job(key).token
    assert desk.job(key).kind is Kind.WORKFLOW
    await desk.close()
    await desk.open()
    assert desk.job(key).token == token
    await desk.until(lambda: desk.job(key).phase is Phase.FINISHED)
    assert desk.job(key).reach is Reach.FRESH
    assert [row.kind for row in await desk.jobs.inbox() if row.job_key == key] == [
        "READY"
    ]
    made = [w async for w in client.workflows.search(pipeline_name=name)]
    assert [str(workflow.id) for workflow in made] == [token]


async def test_a_paused_batch_holds_its_pipelines_back(
    desk: Desk, client: CubeClient
) -> None:
    root = await root_of(client)
    name = f"held {time.time_ns()}"
    pipeline = await client.workflows.create_pipeline(name, TREE)
    intent = WorkflowIntent(pipeline.id, name, root, title="held back", nodes=2)
    batches = desk.jobs.batches
    key = await batches.submit([Chain(intent)], "pipelines", paused=True)
    # a full look at the service, in which it would have been handed over
    await desk.jobs.refresh()
    view = batches.get(key)
    assert view is not None
    assert (view.state, view.sent, view.waiting) == ("PAUSED", 0, 1)
    await batches.resume(key)

    def state() -> str:
        now = batches.get(key)
        return now.state if now is not None else ""

    await desk.until(lambda: state() == "DONE")
    view = batches.get(key)
    assert view is not None
    assert (view.sent, view.done) == (1, 1)
    made = [w async for w in client.workflows.search(pipeline_name=name)]
    assert len(made) == 1
