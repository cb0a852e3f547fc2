"""Pipelines through the rooms of the program against the real station process."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chrislib.cube.errors import NotFound, Refused
from chrislib.feeds.drafts import PipelineDraft
from chrislib.feeds.pipeline_files import read_pipeline, write_pipeline
from chrislib.feeds.pipelines import PipelineTree
from chrislib.feeds.recipes import recipe_of
from chrislib.jobs.model import Phase, WorkflowIntent
from chrislib.jobs.submission.held import Next
from tests.station.test_feeds_station import Desk, Item, node_of, open_desk

_FILE = """\
name: {name}
authors: me
category: demo
description: Two copies, one after the other.
locked: true
plugin_tree:
- title: first
  plugin: pl-simpledsapp v{version}
  previous: ~
  memory_limit: 300
  plugin_parameter_defaults:
    prefix: p_
    sleepLength: 0
- title: second
  plugin: pl-simpledsapp v{version}
  previous: first
  plugin_parameter_defaults:
    prefix: q_
    dummyInt: 7
"""


@pytest.fixture(params=[7, 6])
async def desk(
    request: pytest.FixtureRequest, station: Any, old_station: Any, tmp_path: Path
) -> AsyncIterator[Desk]:
    made, catalog = await open_desk(
        station if request.param == 7 else old_station, tmp_path
    )
    try:
        yield made
    finally:
        await made.jobs.stop()
        await catalog.close()
        await made.client.aclose()


async def drafted(desk: Desk, name: str) -> PipelineDraft:
    (plugin, *_) = await desk.feeds.plugins.versions("pl-simpledsapp")
    text = _FILE.format(name=name, version=plugin.version)
    draft, problems = read_pipeline(text)
    assert draft is not None
    assert problems == ()
    return draft


async def made(desk: Desk, name: str) -> PipelineTree:
    making = desk.feeds.pipelines.making
    draft = await drafted(desk, name)
    assert await making.check(draft) == []
    pipeline = await making.create(draft)
    found = next(one for one in await desk.feeds.pipelines.all() if one.name == name)
    assert found == pipeline
    return await desk.feeds.pipelines.tree(pipeline)


async def test_a_pipeline_of_a_file_is_run_and_made_again_of_its_branch(
    desk: Desk, tmp_path: Path
) -> None:
    pipelines = desk.feeds.pipelines
    name = f"Copies {tmp_path.parent.name} {tmp_path.name}"
    tree = await made(desk, name)
    assert tree.pipeline.locked
    first, second = tree.nodes
    assert (first.parents, second.parents) == ((), (first.id,))
    # a text parameter that was written as a number stays a text
    assert first.defaults["sleepLength"] == "0"
    assert second.defaults["dummyInt"] == 7

    # what a server has can be written down and read again, also what a node may use
    # (6.x has no limits in pipelines, and takes none)
    takes = pipelines.takes_limits
    assert takes is bool(first.limits)
    assert first.limits.get("memory_limit", 300) == 300
    draft = pipelines.draft_of(tree)
    for kind in ("yaml", "json"):
        again, problems = read_pipeline(write_pipeline(draft, kind=kind), kind=kind)
        assert again is not None
        assert problems == ()
        assert again.tree() == draft.tree()

    job = await desk.feeds.making.create(
        title="Pipes", items=[Item(await desk.data(tmp_path))]
    )
    assert job.feed_id is not None
    view = await desk.until(job.feed_id, lambda view: view.nodes)
    plans = await pipelines.plans(tree)
    plans[1].form.set("prefix", "changed_")
    plans[1].limits.set("cpu_limit", "2")
    assert plans[0].limits.words == ("Memory 300 MiB" if takes else "")
    intent = pipelines.intent(tree, plans, after=view.nodes[0], feed_id=job.feed_id)
    assert [info["piping_id"] for info in intent.nodes_info] == [second.id]
    assert [info.get("cpu_limit") for info in intent.nodes_info] == [
        2000 if takes else None
    ]
    # sent all the same, 6.x ignores it without a word
    (info,) = intent.nodes_info
    intent = replace(intent, nodes_info=({**info, "cpu_limit": 2000},))
    run = await pipelines.run(intent)
    assert run.workflow_id is not None
    view = await desk.until(job.feed_id, lambda view: len(view.nodes) == 3)
    titles = [node.title for node in view.nodes[1:]]
    assert titles == ["first", "second"]
    used = [await desk.feeds.plugins.limits_of(node) for node in view.nodes[1:]]
    assert [one["memory_limit"] for one in used] == [300 if takes else 200, 200]
    assert [one["cpu_limit"] for one in used] == [1000, 2000 if takes else 1000]
    given = await desk.client.instances.parameters(view.nodes[2].id)
    assert given["prefix"] == "changed_"
    assert pipelines.recent()[0] == tree.pipeline.id

    branch = await pipelines.making.branch(view, view.nodes[1])
    assert [node.title for node in branch.nodes] == ["first", "second"]
    assert branch.nodes[1].defaults["prefix"] == "changed_"
    assert branch.nodes[1].defaults["dummyInt"] == 7
    named = replace(branch, name=f"{name} again")
    assert await pipelines.making.check(named) == []
    pipeline = await pipelines.making.create(named)
    await pipelines.making.share(pipeline)
    await pipelines.making.delete(pipeline)
    numbers = [one.id for one in await pipelines.all()]
    assert pipeline.id not in numbers
    assert tree.pipeline.id in numbers


async def test_what_a_server_would_not_take_is_said_before_it_is_sent(
    desk: Desk, tmp_path: Path
) -> None:
    making = desk.feeds.pipelines.making
    name = f"Wrong {tmp_path.parent.name} {tmp_path.name}"
    draft = await drafted(desk, name)
    first, second = draft.nodes
    wrong = replace(
        draft,
        nodes=(
            replace(first, version="9.9.9"),
            replace(second, defaults={"dummyInt": "many", "nope": 1}, texts={}),
        ),
    )
    said = [str(one.message) for one in await making.check(wrong)]
    assert said[0].startswith("This server has no pl-simpledsapp 9.9.9. It has ")
    assert "takes a whole number" in said[1]
    assert said[2].endswith("has no parameter “nope”.")
    await making.create(draft)
    (taken,) = await making.check(draft)
    assert "already" in taken.message
    with pytest.raises(Refused) as caught:
        await making.create(draft)
    assert "name" in caught.value.fields


async def test_a_refused_run_comes_back_and_leaves_nothing(
    desk: Desk, tmp_path: Path
) -> None:
    tree = await made(desk, f"Refused {tmp_path.parent.name} {tmp_path.name}")
    intent = WorkflowIntent(
        pipeline_id=tree.pipeline.id,
        pipeline_name=tree.pipeline.name,
        previous_id=99_999_999,
    )
    with pytest.raises(Refused) as caught:
        await desk.feeds.pipelines.run(intent)
    assert "previous_plugin_inst_id" in caught.value.fields
    assert [job for job in desk.jobs.jobs() if job.intent == intent] == []


async def test_a_pipeline_is_the_first_step_of_a_new_feed(
    desk: Desk, tmp_path: Path
) -> None:
    tree = await made(desk, f"First {tmp_path.parent.name} {tmp_path.name}")
    plans = await desk.feeds.pipelines.plans(tree)
    intent = desk.feeds.pipelines.intent(tree, plans)
    job = await desk.feeds.making.create(
        title="With pipeline",
        items=[Item(await desk.data(tmp_path))],
        first=recipe_of([Next(intent)]),
    )
    assert job.feed_id is not None
    view = await desk.until(job.feed_id, lambda view: len(view.nodes) == 3)
    assert node_of(view, view.nodes[1].id).parents == (view.nodes[0].id,)
    runs = [one for one in desk.jobs.jobs() if isinstance(one.intent, WorkflowIntent)]
    assert runs[0].phase is not Phase.DRAFT


async def test_a_removed_plugin_is_no_crash(desk: Desk) -> None:
    with pytest.raises(NotFound):
        await desk.feeds.plugins.form_by_id(99_999)
