"""What is done with nodes, against the real station process."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from chrislib.cube.errors import Refused
from chrislib.feeds.acts import parts_of, plan_delete
from chrislib.feeds.methods import paragraph
from chrislib.feeds.outputs import walk
from chrislib.feeds.provenance import to_text
from tests.station.test_feeds_station import Desk, Item, node_of, open_desk

Station = Any


@pytest.fixture
async def nodes_desk(station: Station, tmp_path: Path) -> AsyncIterator[Desk]:
    made, catalog = await open_desk(station, tmp_path)
    yield made
    await made.jobs.stop()
    await catalog.close()
    await made.client.aclose()


async def test_a_node_is_looked_at_run_again_split_and_deleted(
    nodes_desk: Desk, tmp_path: Path
) -> None:
    desk = nodes_desk
    feeds = desk.feeds
    remote = await desk.data(tmp_path)
    job = await feeds.making.create(title="Nodes", items=[Item(remote)])
    feed_id = job.feed_id
    assert feed_id is not None
    view = await desk.until(feed_id, lambda v: v.nodes[0].state == "ready")
    first = await desk.add(view.nodes[0], "pl-simpledsapp", prefix="x_")
    view = await desk.until(
        feed_id, lambda v: len(v.nodes) == 2 and v.nodes[1].state == "ready"
    )

    # what was given is told from what the program had by itself
    details = await feeds.details(feed_id, first)
    assert ("--prefix", "x_") in details.parameters
    assert "--sleepLength" in dict(details.defaults)
    assert "--prefix x_" in details.container
    assert details.container.startswith("docker run --rm")
    assert details.plugin_facts["Image"]
    assert details.log_lines == len(details.log.splitlines())
    assert details.run_facts["Started by"] == "local"

    # the same values once more, beside it
    again = await feeds.acts.again(node_of(view, first), feed_id=feed_id)
    assert again.remote_id is not None
    view = await desk.until(feed_id, lambda v: all(n.state == "ready" for n in v.nodes))
    twin = node_of(view, again.remote_id)
    assert twin.parents == node_of(view, first).parents
    given = await feeds.closely.values(int(twin.id))
    assert given == await feeds.closely.values(first)

    # two parts, each of them a node of the files it takes
    places = await feeds.acts.split_places()
    assert places is not None
    assert [one.name for one in places] == ["host"]
    # the first expression as it was recorded; the last one finds nothing
    wanted = [r".*a\.txt", r"\.csv$", r"nothing"]
    with pytest.raises(Refused) as refused:
        await feeds.acts.split(twin, wanted, compute="titan")
    assert "registered with compute resource 'titan'" in str(refused.value.fields)
    parts = await feeds.acts.split(twin, wanted, compute="host")
    assert len(parts) == 3
    view = await desk.until(
        feed_id,
        lambda v: (
            set(parts) <= {int(n.id) for n in v.nodes}
            and all(n.state == "ready" for n in v.nodes)
        ),
    )
    assert node_of(view, parts[0]).parents[0] == twin.id
    assert node_of(view, parts[0]).compute == "host"
    # each takes the files whose paths match, and the sheet said as many before
    whole = [f for f in walk(await feeds.outputs.of(twin)) if not f.is_folder]
    said = parts_of(wanted, [f"{twin.output_path}/{f.relative}" for f in whole])
    for number, (pattern, count) in zip(parts, said, strict=True):
        entries = walk(await feeds.outputs.of(node_of(view, number)))
        names = {one.relative for one in entries if not one.is_folder}
        assert names == {f.relative for f in whole if re.search(pattern, f.relative)}
        assert len(names) == count
    assert [count for _line, count in said] == [1, 1, 0]

    # the card and the paragraph know the whole way
    made = await feeds.provenance.card(view, node_of(view, parts[0]))
    chain = [int(one.node.id) for one in made.origins]
    assert chain == [int(view.nodes[0].id), int(twin.id), parts[0]]
    assert remote in to_text(made)
    assert "pl-simpledsapp" in paragraph(made)
    assert remote not in paragraph(made)

    # deleted with what hangs below, whether a job follows it or not
    plan = plan_delete(view.nodes, [int(twin.id), first])
    assert len(plan.nodes) == 5
    found = await feeds.acts.delete(plan, desk.jobs.results)
    assert found.failed == ()
    assert (found.nodes, found.pending) == (5, 0)
    view = await desk.until(feed_id, lambda v: len(v.nodes) == 1)
    assert [int(n.id) for n in view.nodes] == chain[:1]
