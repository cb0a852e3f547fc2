"""The same recipe on many subjects: killed in the middle, nothing twice or lost."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chrislib.cube.client import CubeClient
from chrislib.feeds.many_runs import runs_of
from chrislib.jobs.submission import outbox
from chrislib.jobs.submission.chains import Chain
from chrislib.jobs.submission.held import Next
from tests.scenarios.proxy import Passing, Proxy
from tests.scenarios.submitting import Place, Program
from tests.scenarios.test_submission import KILLED

SUBJECTS, STOP_AT = 30, 41
"""Every second run is a feed's data; killed when some steps were sent already."""


@pytest.fixture
async def place(station: Any, tmp_path: Path) -> AsyncIterator[Place]:
    """Return a real station, and a catalog for processes to die on."""
    made = await Place.make(station, tmp_path)
    yield made
    await made.close()


@pytest.mark.logs("outcome of a submission unknown")
async def test_thirty_feeds_killed_in_the_middle(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "PER_SECOND", 500.0)
    chains = await _chains(place)

    def kill(passing: Passing) -> None:
        if passing.method == "POST" and passing.number >= STOP_AT:
            place.children[0].kill()
            passing.drop()

    with Proxy(place.station.url, after=kill) as proxy:
        child = place.child(chains, url=proxy.url)
        assert await place.wait(child, 120) == KILLED
    with Proxy(place.station.url) as proxy:
        client = CubeClient(proxy.url, token=place.station.token)
        await client.identify()
        async with Program(place.catalog_path, client, base=1.0) as program:
            (view,) = program.jobs.batches.batches()
            assert (view.written, view.total) == (2 * SUBJECTS, 2 * SUBJECTS)
            assert view.state == "RUNNING"
            await program.until(lambda: _settled(program, view.key))
            runs = runs_of(program.jobs.jobs(), view.key)
            assert [run.title for run in runs] == [f"s{n:02}" for n in range(SUBJECTS)]
            # what the server never saw is said, and runs once more with what follows
            again = [chain for run in runs for chain in run.retry()]
            if again:
                key = await program.jobs.batches.submit(again, "once more")
                await program.until(lambda: _settled(program, key))
                assert all(
                    job.remote_id is not None
                    for job in program.jobs.jobs()
                    if job.batch_key == key
                )
        await client.aclose()
    made = await _made(place)
    assert made == {f"s{n:02}": [f"p{n:02}"] for n in range(SUBJECTS)}


async def _chains(place: Place) -> list[Chain]:
    """Return feeds of two runs; nothing of them computes for long."""
    step = replace(await place.intent("p"), previous_id=None, feed_id=None)
    root = replace(
        step,
        plugin_id=await place.plugin("pl-dircopy"),
        plugin_name="pl-dircopy",
        plugin_type="fs",
    )
    folder = f"home/local/uploads/{place.feed}-many"
    await place.client.files.upload(Path(__file__), f"{folder}/a.py")
    return [
        Chain(
            replace(root, parameters={"dir": folder}, title=f"s{n:02}"),
            (Next(replace(step, parameters={"prefix": f"p{n:02}"}, title="step")),),
        )
        for n in range(SUBJECTS)
    ]


async def _made(place: Place) -> dict[str, list[str]]:
    """Return what hangs under each of the feeds on the server, by their titles."""
    feeds: dict[int, str] = {}
    async for row in place.client.instances.search(plugin_name="pl-dircopy"):
        if row.title[:1] == "s" and row.title[1:].isdigit() and row.id > place.root:
            feeds[int(row.id)] = row.title
    assert set(Counter(feeds.values()).values()) == {1}
    found: dict[str, list[str]] = {title: [] for title in feeds.values()}
    for number, title in feeds.items():
        async for row in place.client.instances.search(previous_id=number):
            values = await place.client.instances.parameters(row.id)
            found[title].append(values["prefix"])
    return found


def _settled(program: Program, batch_key: str) -> bool:
    """Whether it is known of each run of a batch what became of it."""
    view = program.jobs.batches.get(batch_key)
    assert view is not None
    gone = view.sent + view.failed >= view.total
    return gone and not view.uncertain and not program.jobs.submissions.sending
