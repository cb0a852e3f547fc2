"""Reference data told from mechanisms, fetched once."""

import asyncio
import sys
from types import ModuleType
from typing import Any

import pytest

from chrislib.jobs.model import Phase, RunIntent
from chrislib.library.model import EntryKind, ItemState
from chrislib.library.references import may_deliver_data
from chrislib.library.service import LibraryService


@pytest.fixture
def fakes(neighbours: Any) -> ModuleType:
    return sys.modules[type(neighbours).__module__]


@pytest.mark.parametrize(
    ("name", "category", "expected"),
    [
        ("pl-mri10yr06mo01da_normal", "Raw Data", True),
        ("pl-mri_sag_anon_192", "data", True),
        ("pl-brainmgz", "", True),
        ("pl-mni152_template", "Atlas", True),
        ("pl-dircopy", "", False),
        ("pl-empty-feed", "", False),
        ("pl-simplefsapp", "", False),
        ("pl-download-url", "", False),
        ("pl-git-clone", "Import", False),
        ("pl-pull_scp", "", False),
        ("dbg-nvidia-smi", "", False),
        ("dbg-bigfiles", "test", False),
        ("pl-create_tetra", "modelling", False),
        ("pl-something", "Visualization", False),
    ],
)
def test_the_rule(fakes: ModuleType, name: str, category: str, expected: bool) -> None:
    assert may_deliver_data(fakes.a_plugin(1, name, category=category)) is expected


def test_only_fs_plugins(fakes: ModuleType) -> None:
    assert not may_deliver_data(fakes.a_plugin(1, "pl-atlas", type="ds"))


async def test_newest_version_without_required_values(
    library: LibraryService, neighbours: Any, fakes: ModuleType
) -> None:
    plugins = neighbours.session.fake.plugins
    plugins.known = [
        fakes.a_plugin(1, "pl-atlas", version="1.9"),
        fakes.a_plugin(2, "pl-atlas", version="1.10", title="An atlas"),
        fakes.a_plugin(3, "pl-needs_a_folder"),
        fakes.a_plugin(4, "pl-dircopy"),
    ]
    plugins.required = {3}
    (found,) = await library.references()
    assert (found.title, found.version, found.item) == ("An atlas", "1.10", None)


async def test_a_fetch_is_a_run_and_its_output_an_item(
    library: LibraryService, neighbours: Any, fakes: ModuleType
) -> None:
    plugin = fakes.a_plugin(1, "pl-atlas", title="An atlas", category="Atlas")
    neighbours.session.fake.plugins.known = [plugin]
    (reference,) = await library.references()
    item = await library.fetch_reference(reference)
    (intent,) = neighbours.jobs.submitted
    assert isinstance(intent, RunIntent)
    assert (intent.plugin_id, intent.item_ids) == (1, (item.item_id,))
    (entry,) = await library.history()
    assert (entry.kind, entry.state_text) == (EntryKind.REFERENCE, "Fetching")
    run = fakes.a_run(7, plugin)
    neighbours.session.fake.instances.known[7] = run
    neighbours.session.fake.files.stored[f"{run.output_path}/t1.nii.gz"] = b"12345"
    neighbours.jobs.move(item.job_key, Phase.REGISTERING, remote_id=7)
    assert library.item(item.item_id).state is ItemState.REGISTERING  # type: ignore[union-attr]
    neighbours.jobs.move(item.job_key, Phase.FINISHED, remote_id=7)
    async with asyncio.timeout(5):
        while library.item(item.item_id).size is None:  # type: ignore[union-attr] # noqa: ASYNC110
            await asyncio.sleep(0.005)
    ready = library.item(item.item_id)
    assert ready is not None
    assert (ready.path, ready.feed_id) == (run.output_path, 107)
    (entry,) = await library.history()
    assert entry.brought == "1 reference · 5 B"
    (again,) = await library.references()
    assert again.item is not None
    assert again.item.item_id == item.item_id
    assert (await library.fetch_reference(again)).item_id == item.item_id
    assert len(neighbours.jobs.submitted) == 1
    assert len(await library.history()) == 1


async def test_a_fetch_of_another_computer_is_used_again(
    library: LibraryService, neighbours: Any, fakes: ModuleType
) -> None:
    plugin = fakes.a_plugin(1, "pl-atlas")
    neighbours.session.fake.plugins.known = [plugin]
    instances = neighbours.session.fake.instances.known
    instances[5] = fakes.a_run(5, plugin, owner_username="somebody")
    instances[6] = fakes.a_run(6, plugin, plugin_version="0.9")
    instances[7] = fakes.a_run(7, plugin)
    (reference,) = await library.references()
    assert reference.item is not None
    assert reference.item.instance_id == 7
    item = await library.fetch_reference(reference)
    assert item.state is ItemState.READY
    assert neighbours.jobs.submitted == []
    assert [one.item_id for one in await library.items()] == [item.item_id]
    (entry,) = await library.history()
    assert entry.state == "ready"


async def test_a_failed_fetch_can_be_fetched_again(
    library: LibraryService, neighbours: Any, fakes: ModuleType
) -> None:
    neighbours.session.fake.plugins.known = [fakes.a_plugin(1, "pl-atlas")]
    (reference,) = await library.references()
    item = await library.fetch_reference(reference)
    neighbours.jobs.move(item.job_key, Phase.FAILED, detail="The disk is full.")
    (entry,) = await library.history()
    assert (entry.state, entry.state_text) == ("failed", "Failed")
    (reference,) = await library.references()
    second = await library.fetch_reference(reference)
    assert second.item_id != item.item_id
    assert len(neighbours.jobs.submitted) == 2
