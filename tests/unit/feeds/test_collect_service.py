"""Collecting over a server held in memory: politely, and nothing is dropped."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from chrislib.cube.errors import NotFound, ServerUnreachable
from chrislib.cube.types import StoragePath
from chrislib.feeds import collect as module
from chrislib.feeds.collect import Collecting
from chrislib.feeds.collect_files import MAX_BYTES, sources_of
from chrislib.feeds.collect_model import Row, Table, Wanted
from chrislib.feeds.model import OutputEntry
from tests.unit.feeds.test_collect_table import entry

NOW = datetime(2026, 3, 4, tzinfo=UTC)


@dataclass
class Server:
    """Feeds 1 to `count`, each a copy and a segmentation behind it."""

    count: int = 12
    status: dict[int, str] = field(default_factory=dict)
    contents: dict[int, bytes] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)
    lost: set[int] = field(default_factory=set)
    reads: list[int] = field(default_factory=list)
    listed: list[str] = field(default_factory=list)
    busy: int = 0
    busiest: int = 0
    base_url: str = "https://cube.example/api/v1/"
    username: str = "alex"
    server: None = None

    def __post_init__(self) -> None:
        self.feeds = SimpleNamespace(get=self._feed)
        self.instances = SimpleNamespace(of_feed=self._nodes)
        self.files = SimpleNamespace(read=self._read)
        self.folders = self

    async def _feed(self, feed_id: int) -> Any:
        await asyncio.sleep(0)
        if feed_id in self.lost:
            raise NotFound("This feed is not there any more.")
        return SimpleNamespace(
            id=feed_id, name=f"Subject {feed_id}", owner_username="alex",
            creation_date=NOW, public=False, jobs={}, deletion_status="inactive",
            folder_path="",
        )  # fmt: skip

    async def _nodes(self, feed_id: int) -> AsyncIterator[Any]:
        for number, name in enumerate(("pl-copy", "pl-seg")):
            node_id = 10 * feed_id + number
            yield SimpleNamespace(
                id=node_id, title="", plugin_id=1, plugin_name=name,
                plugin_version="1.0", plugin_type="ds", start_date=NOW, end_date=NOW,
                previous_id=node_id - 1 if number else None, error_code="",
                status=self.status.get(node_id, "finishedSuccessfully"), active=False,
                output_path=StoragePath(f"out/{node_id}"), compute_resource_name="h",
            )  # fmt: skip

    async def outputs(self, path: str) -> list[OutputEntry]:
        self.listed.append(path)
        await asyncio.sleep(0)
        node = int(path.rpartition("/")[2])
        if node % 10 == 0:
            return [replace(entry("0001.dcm", 5000 + node), kind="dicom")]
        return [
            replace(
                entry("v.json", node, len(self._content(node))),
                size=self.sizes.get(node, len(self._content(node))),
            )
        ]

    def _content(self, file_id: int) -> bytes:
        return self.contents.get(file_id, b'{"volume": %d}' % file_id)

    async def _read(self, file_id: int, limit: int) -> bytes:
        self.reads.append(file_id)
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        await asyncio.sleep(0.001)
        self.busy -= 1
        if file_id in self.lost:
            raise ServerUnreachable("The server did not answer.")
        return self._content(file_id)[:limit]


class Texts(dict[str, str]):
    """The key-value table of a catalog."""

    async def get(self, key: str) -> str | None:  # type: ignore[override]
        return dict.get(self, key)

    async def set(self, key: str, value: str) -> None:
        self[key] = value

    async def delete(self, key: str) -> None:
        self.pop(key, None)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    made = Server()

    async def listed(_folders: Any, roots: Sequence[Any]) -> list[OutputEntry]:
        return await made.outputs(roots[0].path)

    monkeypatch.setattr(module, "listed", listed)
    return made


def collecting(server: Server, texts: Any = None) -> Collecting:
    door: Any = SimpleNamespace(
        client=lambda: server, now=lambda: NOW, on_change=lambda _forget: None
    )
    return Collecting(door, texts)


async def rows_of(service: Collecting, server: Server) -> list[Row]:
    feeds = await service.survey(range(1, server.count + 1))
    listings = await service.listings(sources_of(feeds, Wanted("pl-seg")))
    return await service.gather(listings, "v.json")


async def test_every_feed_has_its_row_whatever_is_wrong(server: Server) -> None:
    server.lost = {3, 51}
    server.status[41] = "cancelled"
    server.status[61] = "started"
    server.contents[71] = b"{"
    server.sizes[81] = MAX_BYTES + 1
    server.sizes[91] = 999
    found = await rows_of(collecting(server), server)
    problems = {row.source.feed_id: row.problem for row in found if row.problem}
    assert [row.source.feed_id for row in found] == list(range(1, 13))
    assert problems == {
        3: "This feed is not there any more.",
        5: "The server did not answer.",
        6: "Running.",
        7: "The file is not JSON: line 1 cannot be read.",
        8: "The file is larger than 4 MB.",
        9: "The file arrived incomplete.",
    }
    assert found[0].values["volume"].number == 11
    assert 81 not in server.reads


async def test_no_more_than_eight_files_at_a_time_and_each_once(server: Server) -> None:
    server.count = 40
    service = collecting(server)
    steps: list[tuple[int, int]] = []
    begun: list[Row] = []
    told: dict[int, Sequence[Row]] = {}

    async def begin(rows: Sequence[Row]) -> None:
        assert not told
        begun.extend(rows)

    feeds = await service.survey(range(1, 41))
    listings = await service.listings(sources_of(feeds, Wanted("pl-seg")))
    await service.gather(
        listings, "v.json", begun=begin, told=told.__setitem__,
        progress=lambda done, total: steps.append((done, total)),
    )  # fmt: skip
    assert 1 < server.busiest <= 8
    assert steps[-1] == (40, 40)
    # first every row without values, then each as it is read
    assert not any(row.values for row in begun)
    assert [told[number][0].key for number in range(40)] == [row.key for row in begun]
    await rows_of(service, server)
    assert len(server.reads) == len(set(server.reads)) == 40
    assert len(server.listed) == 40


async def test_a_row_is_tried_again(server: Server) -> None:
    server.lost = {51}
    server.status[61] = "started"
    service = collecting(server)
    rows = await rows_of(service, server)
    broken = [row for row in rows if row.problem]
    assert [row.source.feed_id for row in broken] == [5, 6]
    server.lost.clear()
    server.status.clear()
    again = await service.again(broken, "v.json")
    assert [old for old, _ in again] == broken
    assert [fresh[0].values["volume"].number for _, fresh in again] == [51, 61]


async def test_images_are_looked_for_up_the_tree(server: Server) -> None:
    service = collecting(server)
    rows = await rows_of(service, server)
    kind, files = await service.images(rows[0])
    assert (kind, [one.file_id for one in files]) == ("dicom", [5010])


async def test_the_last_table_of_a_recipe_is_there_again(server: Server) -> None:
    texts = Texts()
    service = collecting(server, texts)
    rows = tuple(await rows_of(service, server))
    for number in range(20):
        wanted = Wanted("pl-seg", "", f"{number}.json")
        table = Table(wanted, (1, 2), service.server, rows, 5.0)
        await service.keep(table)
    later = collecting(server, texts)
    assert await later.last(wanted) == table
    assert await later.last(Wanted("pl-seg", "", "other")) is None
    # the oldest recipes were forgotten
    assert await later.last(Wanted("pl-seg", "", "1.json")) is None
    assert len(texts) == 13
