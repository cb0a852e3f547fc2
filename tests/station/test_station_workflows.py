"""Workflows followed as jobs, on a station process of their own."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from chrislib.catalog.jobs import JobTable
from chrislib.cube.client import CubeClient
from chrislib.jobs.backends.slots import Slots
from chrislib.jobs.backends.workflow import Workflows
from chrislib.jobs.clock import SystemClock
from chrislib.jobs.extensions import Connection, PluginContext
from chrislib.jobs.model import JobKey, Phase, WorkflowIntent
from chrislib.jobs.protocols import (
    CredentialsNeeded,
    JobStatus,
    Order,
    ServiceRefused,
    ServiceUnreachable,
    UnknownToken,
)

_TREE = [
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
    """A signed-in client, a pipeline of two nodes and a finished root to run it on."""

    def __init__(self, client: CubeClient) -> None:
        self.client: CubeClient | None = client
        connection = Connection(
            client=lambda: self.client,
            pacs=lambda: None,
            table=cast(JobTable, None),
            slots=Slots(),
        )

        async def secret(_account: str) -> str | None:
            return None

        context = PluginContext(
            folder=Path("unused"),
            options={},
            secret=secret,
            clock=SystemClock(),
            connection=connection,
        )
        self.workflows = Workflows(context)
        self.pipeline = 0
        self.root = 0

    def order(self, title: str, **info: Any) -> Order:
        """Return an order for the pipeline; `info` goes to its first node."""
        nodes = ({"piping_id": self.first, **info},) if info else ()
        intent = WorkflowIntent(
            self.pipeline, "two steps", self.root, title=title, nodes_info=nodes
        )
        return Order(JobKey(title), intent, time.time())

    async def until(self, token: str, phase: Phase, seconds: float = 60) -> JobStatus:
        """Look until the workflow is in a phase."""
        deadline = time.monotonic() + seconds
        while True:
            seen = (await self.workflows.observe([token]))[token]
            assert seen is not None
            if seen.phase is phase:
                return seen
            assert time.monotonic() < deadline, f"it stays {seen.phase}"
            await asyncio.sleep(0.05)

    first: int = 0


async def _finished(client: CubeClient, instance_id: int) -> None:
    deadline = time.monotonic() + 60
    while (found := await client.instances.get(instance_id)).active:
        assert time.monotonic() < deadline, f"it stays {found.status}"
        await asyncio.sleep(0.05)
    assert found.status == "finishedSuccessfully", found.status


@pytest.fixture
async def desk(station: Any) -> AsyncIterator[Desk]:
    client = await CubeClient.sign_in(station.url, station.username, station.password)
    await client.identify()
    made = Desk(client)
    found = [p async for p in client.workflows.pipelines(name_exact="two steps")]
    pipeline = found[0] if found else None
    if pipeline is None:
        pipeline = await client.workflows.create_pipeline("two steps", _TREE)
    made.pipeline = pipeline.id
    made.first = (await client.workflows.pipings(pipeline.id))[0].id
    (phantom,) = [p async for p in client.plugins.list(name_exact="pl-phantom_ct")]
    values = {"slices": 8, "matrix": 64}
    root = await client.instances.create(phantom.id, values)
    made.root = root.id
    await _finished(client, root.id)
    yield made
    await client.aclose()


async def test_a_workflow_is_one_job_with_the_sum_of_its_nodes(desk: Desk) -> None:
    made = await desk.workflows.submit(desk.order("whole"))
    assert made.phase is Phase.SUBMITTED
    done = await desk.until(made.token, Phase.FINISHED)
    assert done.progress is not None
    assert (done.progress.done, done.progress.total) == (2, 2)
    log = await desk.workflows.log(made.token)
    assert "== one ==" in log
    assert "== two ==" in log


async def test_a_node_that_fails_is_said_of_the_whole(desk: Desk) -> None:
    wrong = [{"name": "sleepLength", "default": "not a number"}]
    order = desk.order("broken", plugin_parameter_defaults=wrong)
    made = await desk.workflows.submit(order)
    done = await desk.until(made.token, Phase.FINISHED_WITH_ERRORS)
    assert "1 of 2 nodes" in done.detail


async def test_a_lost_answer_is_found_by_its_place(desk: Desk) -> None:
    order = desk.order("lost")
    made = await desk.workflows.submit(order)
    found = await desk.workflows.find(order)
    assert made.token in [status.token for status in found]
    elsewhere = WorkflowIntent(desk.pipeline, "two steps", desk.root + 1000)
    assert not await desk.workflows.find(Order(JobKey("x"), elsewhere, time.time()))
    listed = [status.token async for status in desk.workflows.list_jobs()]
    assert made.token in listed


async def test_a_cancel_stops_every_node(desk: Desk) -> None:
    slow = [{"name": "sleepLength", "default": "60"}]
    made = await desk.workflows.submit(
        desk.order("slow", plugin_parameter_defaults=slow)
    )
    await desk.until(made.token, Phase.RUNNING)
    assert await desk.workflows.cancel(made.token) == (made.token,)
    done = await desk.until(made.token, Phase.CANCELLED)
    assert "2 of 2 nodes" in done.detail
    assert (await desk.workflows.purge(made.token)).done
    assert await desk.workflows.observe([made.token]) == {made.token: None}
    with pytest.raises(UnknownToken):
        await desk.workflows.purge(made.token)


async def test_a_refusal_names_what_is_wrong(desk: Desk) -> None:
    intent = WorkflowIntent(desk.pipeline, "two steps", 999_999)
    with pytest.raises(ServiceRefused) as caught:
        await desk.workflows.submit(Order(JobKey("x"), intent, time.time()))
    assert "previous_plugin_inst_id" in caught.value.fields


async def test_no_connection_sends_nothing(desk: Desk) -> None:
    client, desk.client = desk.client, None
    with pytest.raises(ServiceUnreachable) as caught:
        await desk.workflows.submit(desk.order("unsent"))
    assert not caught.value.sent
    assert desk.workflows.place.address == ""
    desk.client = client


async def test_a_refused_token_asks_for_the_sign_in(desk: Desk) -> None:
    good, desk.client = desk.client, CubeClient(desk.client.base_url, token="no")  # type: ignore[union-attr]
    with pytest.raises(CredentialsNeeded):
        await desk.workflows.submit(desk.order("refused"))
    assert desk.client is not None
    await desk.client.aclose()
    desk.client = good
