"""In which order plugins and pipelines are offered."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

from chrislib.cube import reading
from chrislib.cube.types import Plugin
from chrislib.feeds.pipelines import FeedPipelines
from chrislib.feeds.plugins import MOST_RECENT, FeedPlugins
from chrislib.jobs.model import RunIntent, WorkflowIntent


def _plugin(number: int, name: str, version: str, kind: str) -> Plugin:
    row = {"id": number, "name": name, "version": version, "type": kind}
    return reading.plugin(row)


def _run(name: str) -> Any:
    return SimpleNamespace(
        intent=RunIntent(
            plugin_id=1,
            plugin_name=name,
            plugin_version="1.0",
            plugin_type="ds",
            parameters={},
        )
    )


async def test_used_last_comes_before_used_most_before_names() -> None:
    offered = [
        _plugin(number, f"pl-{letter}", "1.0", "ds")
        for number, letter in enumerate("hgfedcbaZ", 10)
    ]
    offered += [_plugin(30, "pl-a", "1.10", "ds"), _plugin(31, "pl-a", "1.9", "ds")]
    offered += [_plugin(32, "pl-first", "1.0", "fs"), _plugin(33, "pl-j", "1.0", "ts")]

    async def listed() -> AsyncIterator[Plugin]:
        for one in offered:
            yield one

    server = SimpleNamespace(
        client=lambda: SimpleNamespace(plugins=SimpleNamespace(list=listed)),
        on_change=lambda _forget: None,
    )
    # newest first: five different ones, then two more that were run often
    runs = [*"hgfed", *"ccc", *"bbbb", *"h"]
    assert len(set("hgfed")) == MOST_RECENT
    jobs = SimpleNamespace(jobs=lambda: [_run(f"pl-{letter}") for letter in runs])
    plugins = FeedPlugins(cast("Any", server), cast("Any", jobs))
    usable = await plugins.usable()
    names = [one.name.removeprefix("pl-") for one in usable]
    assert names == [*"hgfed", "b", "c", "a", "j", "Z"]
    assert usable[7].version == "1.10"


async def test_pipelines_used_last_come_before_used_most_before_own() -> None:
    numbers = {name: number for number, name in enumerate("abcdefghij", 1)}

    async def listed() -> AsyncIterator[Any]:
        for name, number in numbers.items():
            owner = "alex" if name == "j" else "somebody"
            yield SimpleNamespace(id=number, name=name, owner_username=owner)

    def run(name: str, account: int = 1) -> Any:
        intent = WorkflowIntent(numbers[name], name, previous_id=1, feed_id=2)
        return SimpleNamespace(intent=intent, account_id=account)

    # newest first; somebody else's runs do not count
    jobs = [run("i", 2), *map(run, [*"hgfed", *"ccc", *"bbbb", "h"])]
    client = SimpleNamespace(
        username="alex", workflows=SimpleNamespace(pipelines=listed)
    )
    server = SimpleNamespace(client=lambda: client, on_change=lambda _forget: None)
    known = SimpleNamespace(jobs=lambda: jobs, account_id=1)
    pipelines = FeedPipelines(
        cast("Any", server), cast("Any", known), cast("Any", None)
    )
    names = [one.name for one in await pipelines.all()]
    assert names == [*"hgfed", "b", "c", "j", "a", "i"]
    assert pipelines.recent()[:2] == [numbers["h"], numbers["g"]]
