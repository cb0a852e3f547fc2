"""The client and the station, which share no code, understand each other."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from chrislib.cube.client import CubeClient
from chrislib.cube.errors import (
    BadCredentials,
    CubeError,
    NotACube,
    NotFound,
    Refused,
    ServerUnreachable,
    TokenRejected,
)
from chrislib.cube.types import Plugin, PluginInstance
from chrislib.pacs.errors import PullStopped
from chrislib.pacs.through_cube import PacsService
from chrislib.pacs.types import Criteria, FoundSeries, PullProgress, PullStage

_T = TypeVar("_T")
_PATIENCE = 60.0


@dataclass
class Served:
    """A station of one generation in a process of its own."""

    url: str
    home: Path
    generation: int
    process: "subprocess.Popen[bytes]"

    @property
    def folder(self) -> Path:
        return self.home / "data" / "station"

    @property
    def password(self) -> str:
        return (self.folder / "owner.secret").read_text().strip()

    def fault(self, text: str) -> None:
        """Switch a PACS fault on; "" switches all off."""
        (self.folder / "pacs-fault").write_text(text)


def _start(home: Path, generation: int) -> Served:
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "chrislib", "station", "serve"),
            *("--home", str(home), "--generation", str(generation)),
            *("--pace", "0.005", "--poll", "0.1"),
        ],
        env={**os.environ, "CHRISLIB_HOME": str(home)},
    )
    runtime = home / "data" / "station" / "station.json"
    loop = asyncio.new_event_loop()
    try:
        found = loop.run_until_complete(
            _eventually(lambda: _living(runtime, process), "the station answers")
        )
    finally:
        loop.close()
    return Served(url=found["url"], home=home, generation=generation, process=process)


def _stop(station: Served) -> None:
    station.process.terminate()
    station.process.wait(20)


async def _living(
    runtime: Path, process: "subprocess.Popen[bytes]"
) -> dict[str, Any] | None:
    assert process.poll() is None, "the station ended"
    try:
        found: dict[str, Any] = json.loads(runtime.read_text())
    except (OSError, ValueError):
        return None
    # one that was killed leaves its file behind
    return found if found.get("pid") == process.pid else None


async def _eventually(look: Callable[[], Awaitable[_T | None]], what: str) -> _T:
    deadline = asyncio.get_running_loop().time() + _PATIENCE
    while asyncio.get_running_loop().time() < deadline:
        found = await look()
        if found is not None:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"not within {_PATIENCE} s: {what}")


@pytest.fixture(scope="module", params=[7, 6])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """A station of each generation."""
    home = tmp_path_factory.mktemp(f"station{request.param}")
    station = _start(home, request.param)
    yield station
    _stop(station)


@pytest.fixture
async def client(served: Served) -> AsyncIterator[CubeClient]:
    """The station's one user, signed in."""
    made = await CubeClient.sign_in(served.url, "local", served.password)
    async with made:
        await made.identify()
        yield made


@pytest.fixture
def pacs(served: Served, client: CubeClient) -> Iterator[PacsService]:
    """Lookups and pulls; faults are off before and after."""
    served.fault("")
    yield PacsService(client)
    served.fault("")


async def _plugin(client: CubeClient, name: str) -> Plugin:
    found = [plugin async for plugin in client.plugins.list(name_exact=name)]
    assert found, f"{name} is not registered"
    return found[0]


async def _ended(client: CubeClient, instance: PluginInstance) -> PluginInstance:
    async def look() -> PluginInstance | None:
        now = await client.instances.get(instance.id)
        return None if now.active else now

    return await _eventually(look, f"{instance.plugin_name} ends")


async def _gone(asking: Callable[[], Awaitable[object]]) -> bool | None:
    try:
        await asking()
    except NotFound:
        return True
    return None


async def test_who_and_which(client: CubeClient, served: Served) -> None:
    assert client.server is not None
    assert client.server.generation == served.generation
    assert client.server.uuid
    assert client.username == "local"


async def test_wrong_password_and_wrong_token(served: Served) -> None:
    with pytest.raises(BadCredentials):
        await CubeClient.sign_in(served.url, "local", "wrong")
    async with CubeClient(served.url, token="0" * 40) as stranger:
        with pytest.raises(TokenRejected):
            await stranger.identify()
        with pytest.raises(TokenRejected):
            await stranger.files.read(1, 10)


async def test_an_address_beside_the_api(served: Served) -> None:
    async with CubeClient(f"{served.url.split('/api')[0]}/elsewhere/") as lost:
        with pytest.raises(NotACube):
            await lost.identify()


async def test_upload_feed_child_outputs(
    client: CubeClient, served: Served, tmp_path: Path
) -> None:
    base = f"home/local/uploads/story{served.generation}"
    folder = await client.files.make_folder(base)
    assert (await client.files.make_folder(base)).id == folder.id
    local = tmp_path / "a.txt"
    local.write_bytes(b"hello world\n" * 1000)
    first = await client.files.upload(local, f"{base}/a.txt")
    assert (first.path, first.size) == (f"{base}/a.txt", 12_000)
    again = await client.files.upload(local, f"{base}/a.txt")
    assert again.path != first.path
    odd = await client.files.upload(local, f"{base}/deep er/b c#?%.txt")
    assert odd.path.startswith(f"{base}/deep er/b_c")
    files = {f.path: f async for f in client.files.tree(base)}
    assert set(files) == {first.path, again.path, odd.path}
    assert await client.files.read(odd, 1 << 20) == local.read_bytes()
    assert await client.files.file_at(first.path) == files[first.path]

    dircopy = await _plugin(client, "pl-dircopy")
    parameters = await client.plugins.parameters(dircopy.id)
    assert [(p.name, p.type, p.optional) for p in parameters] == [
        ("dir", "unextpath", False)
    ]
    assert await client.plugins.compute_resources(dircopy.id)
    root = await client.instances.create(dircopy.id, {"dir": base, "title": "Story"})
    assert root.active
    root = await _ended(client, root)
    assert (root.status, root.error_code) == ("finishedSuccessfully", "")
    assert await client.instances.parameters(root.id) == {"dir": base}

    feed = await client.feeds.get(root.feed_id)
    assert feed.name == "Story"
    assert ("copying" in feed.jobs) is (served.generation == 7)
    assert feed.id in [f.id async for f in client.feeds.list()]
    await client.feeds.set_note(feed.id, "why", content="because")
    assert await client.feeds.note(feed.id) == "because"
    assert (await client.feeds.rename(feed.id, "Renamed")).name == "Renamed"

    # its output is a link; the walk follows it
    entries = [e async for e in client.files.walk(root.output_path)]
    assert {e.file.path for e in entries} == set(files)
    assert all(e.relative.startswith(f"story{served.generation}/") for e in entries)

    copy = await _plugin(client, "pl-topologicalcopy")
    child = await client.instances.create(
        copy.id,
        {
            "previous_id": root.id,
            "plugininstances": str(root.id),
            "filter": ".*",
            "title": "join",
        },
    )
    assert child.previous_id == root.id
    child = await _ended(client, child)
    assert child.status == "finishedSuccessfully"
    nodes = {i.id: i async for i in client.instances.of_feed(feed.id)}
    assert set(nodes) == {root.id, child.id}
    outputs = [e async for e in client.files.walk(child.output_path)]
    assert [e.relative for e in outputs if e.relative.endswith("a.txt")]
    log = await client.instances.log_of(child)
    assert client.token not in log

    await client.feeds.delete(feed.id)
    assert await _eventually(
        lambda: _gone(lambda: client.feeds.get(feed.id)), "the feed is gone"
    )
    await client.files.delete_file(again.id)
    assert await client.files.file_at(again.path) is None


async def test_refusals(client: CubeClient) -> None:
    dircopy = await _plugin(client, "pl-dircopy")
    with pytest.raises(Refused) as caught:
        await client.instances.create(dircopy.id, {"dir": "home/local/none/here"})
    # a bad parameter value comes without the parameter's name (trap 11)
    assert set(caught.value.fields) == {"value"}
    with pytest.raises(Refused) as caught:
        await client.instances.create(dircopy.id, {})
    assert set(caught.value.fields) == {"dir"}
    with pytest.raises(NotFound):
        await client.instances.get(999_999)
    with pytest.raises(NotFound):
        await client.files.read(999_999, 10)


async def _smallest(pacs: PacsService, patient: str) -> FoundSeries:
    result = await pacs.lookup(Criteria(values={"PatientID": (patient,)}))
    series = [
        one
        for person in result.patients
        for study in person.studies
        for one in study.series
        if one.images is not None and one.images >= 4
    ]
    return min(series, key=lambda one: one.images or 0)


async def test_a_lookup_and_a_pull(client: CubeClient, pacs: PacsService) -> None:
    archives = await pacs.archives()
    assert archives
    assert "default" not in archives
    wanted = await _smallest(pacs, "CL-1001")
    told: list[PullProgress] = []
    series = await pacs.pull(
        pacs=wanted.pacs,
        study_uid=wanted.study_uid,
        series_uid=wanted.series_uid,
        expected=wanted.images,
        progress=told.append,
        stall_seconds=20,
    )
    assert series.series_uid == wanted.series_uid
    assert series.study_uid == wanted.study_uid
    assert told[0].stage is PullStage.WAITING
    assert PullStage.RECEIVING in {p.stage for p in told}
    assert told[-1] == PullProgress(PullStage.READY, wanted.images or 0, wanted.images)
    # the helper query is gone, lookups stay
    titles = [q.title for q in await client.pacs.queries()]
    assert not [t for t in titles if t.startswith("chrislib pull ")]
    assert [t for t in titles if t.startswith("chrislib lookup ")]

    files = [f async for f in client.files.tree(series.folder_path)]
    assert len(files) == wanted.images
    async with aclosing(client.files.stream(files[0])) as chunks:
        content = b"".join([chunk async for chunk in chunks])
    assert content[128:132] == b"DICM"

    again: list[PullProgress] = []
    assert (
        await pacs.pull(
            pacs=wanted.pacs,
            study_uid=wanted.study_uid,
            series_uid=wanted.series_uid,
            expected=wanted.images,
            progress=again.append,
        )
    ).id == series.id
    assert [p.stage for p in again] == [PullStage.READY]


async def test_lookups_of_many_and_of_none(pacs: PacsService) -> None:
    both = await pacs.lookup(Criteria(values={"PatientID": ("CL-1001", "CL-1003")}))
    assert {p.patient_id for p in both.patients} == {"CL-1001", "CL-1003"}
    shared = await pacs.lookup(Criteria(values={"PatientID": ("CL-2001",)}))
    assert len(shared.patients) == 2
    assert len({p.name for p in shared.patients}) == 2
    none = await pacs.lookup(Criteria(values={"PatientID": ("NOBODY",)}))
    assert none.patients == ()
    undated = await pacs.lookup(Criteria(values={"PatientID": ("CL-1013",)}))
    assert undated.patients
    japanese = await pacs.lookup(Criteria(values={"PatientName": ("星空*",)}))
    assert [p.patient_id for p in japanese.patients] == ["CL-1003"]


async def test_a_pull_that_stops_half_way(pacs: PacsService, served: Served) -> None:
    wanted = await _smallest(pacs, "CL-1003")
    served.fault("stop:2")

    async def pull(stall: float) -> list[PullProgress]:
        told: list[PullProgress] = []
        await pacs.pull(
            pacs=wanted.pacs,
            study_uid=wanted.study_uid,
            series_uid=wanted.series_uid,
            expected=wanted.images,
            progress=told.append,
            stall_seconds=stall,
        )
        return told

    with pytest.raises(PullStopped) as caught:
        await pull(1.5)
    # counts come at most twice a second, so the second may not have been told
    assert caught.value.received in (1, 2)
    assert caught.value.expected == wanted.images
    served.fault("")
    assert (await pull(20))[-1].stage is PullStage.READY


@pytest.mark.logs("could not be stored")
async def test_an_image_that_cannot_be_stored(
    pacs: PacsService, served: Served
) -> None:
    wanted = await _smallest(pacs, "CL-1013")
    served.fault("error:1")
    with pytest.raises(PullStopped) as caught:
        await _pull(pacs, wanted, [])
    assert "could not store 1 " in caught.value.title
    assert caught.value.series is not None
    assert caught.value.received == (wanted.images or 0) - 1


async def test_pulls_at_once_and_one_taken_up_again(pacs: PacsService) -> None:
    result = await pacs.lookup(Criteria(values={"PatientID": ("CL-2001",)}))
    series = [
        one
        for person in result.patients
        for study in person.studies
        for one in study.series
    ]
    series.sort(key=lambda one: one.images or 0)
    *small, long = series[:4]
    arrived = asyncio.Event()

    def told(news: PullProgress) -> None:
        if news.stage is PullStage.RECEIVING:
            arrived.set()

    async def interrupted() -> None:
        going = asyncio.ensure_future(
            pacs.pull(
                pacs=long.pacs,
                study_uid=long.study_uid,
                series_uid=long.series_uid,
                expected=long.images,
                progress=told,
            )
        )
        await arrived.wait()
        # the window is closed: the server goes on by itself
        going.cancel()
        await asyncio.gather(going, return_exceptions=True)

    async with asyncio.TaskGroup() as group:
        group.create_task(interrupted())
        for one in small:
            group.create_task(_pull(pacs, one, []))
    news: list[PullProgress] = []
    await _pull(pacs, long, news, sent=True)
    assert news[-1] == PullProgress(PullStage.READY, long.images or 0, long.images)


async def _pull(
    pacs: PacsService,
    wanted: FoundSeries,
    told: list[PullProgress],
    *,
    sent: bool = False,
) -> None:
    await pacs.pull(
        pacs=wanted.pacs,
        study_uid=wanted.study_uid,
        series_uid=wanted.series_uid,
        expected=wanted.images,
        progress=told.append,
        stall_seconds=20,
        sent=sent,
    )


async def test_a_big_file_there_and_back(client: CubeClient, tmp_path: Path) -> None:
    local = tmp_path / "big.bin"
    content = os.urandom(1 << 20) * 24
    local.write_bytes(content)
    steps: list[int] = []
    stored = await client.files.upload(
        local, "home/local/uploads/big.bin", progress=steps.append
    )
    assert steps[-1] == stored.size == len(content)
    async with aclosing(client.files.stream(stored)) as chunks:
        assert b"".join([chunk async for chunk in chunks]) == content
    await client.files.delete_file(stored.id)


async def test_a_pacs_behind_a_lookup_service_that_is_down(
    pacs: PacsService, served: Served
) -> None:
    served.fault("down")
    result = await pacs.lookup(Criteria(values={"PatientID": ("CL-1001",)}))
    assert result.patients == ()
    assert result.unreachable


async def test_a_station_that_is_killed(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    station = await asyncio.to_thread(_start, tmp_path, 7)
    request.addfinalizer(lambda: _stop(station))
    async with await CubeClient.sign_in(
        station.url, "local", station.password
    ) as client:
        local = tmp_path / "a.txt"
        local.write_text("safe")
        await client.files.upload(local, "home/local/uploads/a.txt")
        station.process.send_signal(signal.SIGKILL)
        station.process.wait(20)
        with pytest.raises(ServerUnreachable):
            await client.identify()
        with pytest.raises(CubeError) as caught:
            await client.instances.create(1, {"dir": "home/local/uploads"})
        assert isinstance(caught.value, ServerUnreachable)
    again = await asyncio.to_thread(_start, tmp_path, 7)
    request.addfinalizer(lambda: _stop(again))
    async with CubeClient(again.url, token=client.token) as client:
        # the same server: the token and what was stored are still good
        file = await client.files.file_at("home/local/uploads/a.txt")
        assert file is not None
        assert await client.files.read(file, 10) == b"safe"


@pytest.mark.logs("a helper query stays")
async def test_a_station_that_is_killed_while_a_series_arrives(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    station = await asyncio.to_thread(_start, tmp_path, 7)
    request.addfinalizer(lambda: _stop(station))
    client = await CubeClient.sign_in(station.url, "local", station.password)

    def killing(news: PullProgress) -> None:
        if news.received > 20:
            station.process.kill()

    async def pull(told: Callable[[PullProgress], None], *, sent: bool) -> None:
        await PacsService(client).pull(
            pacs=wanted.pacs,
            study_uid=wanted.study_uid,
            series_uid=wanted.series_uid,
            expected=wanted.images,
            progress=told,
            stall_seconds=2,
            sent=sent,
        )

    async with client:
        found = await PacsService(client).lookup(
            Criteria(values={"SeriesDescription": ("AXIAL 300",)})
        )
        wanted = found.patients[0].studies[0].series[0]
        with pytest.raises(ServerUnreachable):
            await pull(killing, sent=False)
    again = await asyncio.to_thread(_start, tmp_path, 7)
    request.addfinalizer(lambda: _stop(again))
    client = CubeClient(again.url, token=client.token)
    async with client:
        told: list[PullProgress] = []
        await pull(told.append, sent=True)
    assert told[-1] == PullProgress(PullStage.READY, 300, 300)
