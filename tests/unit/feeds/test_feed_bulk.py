"""Several feeds at once: each by itself, whatever becomes of the others."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

from chrislib.cube.errors import Forbidden, NotFound, ServerUnreachable
from chrislib.cube.types import FeedId
from chrislib.feeds.bulk import BulkFeeds
from chrislib.feeds.model import FeedRow


class Server:
    """Renames and deletes; `refused` holds what it says of some feeds."""

    username = "alex"

    def __init__(self, refused: dict[int, Exception]) -> None:
        self.refused = refused
        self.asked: list[int] = []
        self.owners: dict[int, str] = {}
        self.deletion = "pending"

    @property
    def feeds(self) -> "Server":
        return self

    async def rename(self, feed_id: int, _title: str) -> None:
        self._answer(feed_id)

    async def delete(self, feed_id: int) -> None:
        self._answer(feed_id)

    async def get(self, feed_id: int) -> Any:
        self._answer(feed_id)
        return SimpleNamespace(
            owner_username=self.owners.get(feed_id, "alex"),
            folder_path=f"home/alex/feeds/feed_{feed_id}",
            deletion_status=self.deletion,
            jobs={"finished": 2, "started": 1},
        )

    async def weight(self, _path: str, *, most: int) -> tuple[int, int | None]:
        return (3, 500) if most else (0, None)

    def _answer(self, feed_id: int) -> None:
        self.asked.append(feed_id)
        if feed_id in self.refused:
            raise self.refused[feed_id]


def rows(count: int) -> list[FeedRow]:
    states = {"ready": 2, "running": 1}
    return [
        FeedRow(FeedId(n), f"f{n}", "alex", None, public=False, states=states)
        for n in range(1, count + 1)
    ]


def bulk(server: Server) -> tuple[BulkFeeds, list[int]]:
    dropped: list[int] = []
    room = SimpleNamespace(client=lambda: server)
    lists = SimpleNamespace(drop=dropped.extend)
    made = BulkFeeds(
        cast("Any", room),
        cast("Any", None),
        copy_plugin=cast("Any", None),
        lists=cast("Any", lists),
    )
    return made, dropped


def quiet(_done: int, _total: int) -> None:
    """Tell nobody how far it is."""


async def test_a_refusal_stops_no_other_and_is_told_in_words() -> None:
    server = Server({2: Forbidden("403"), 4: NotFound("404")})
    told: list[tuple[int, int]] = []
    report = await bulk(server)[0].rename(
        rows(6),
        {**dict.fromkeys(range(1, 6), "new"), 6: "x" * 201},
        told=lambda done, total: told.append((done, total)),
    )
    assert sorted(report.done) == [1, 3, 5]
    assert [(one.row.id, one.error.title) for one in report.failed] == [
        (2, "It is not yours to change."),
        (4, "It was deleted on the server meanwhile."),
        (6, "It has 201 characters; 200 are allowed."),
    ]
    # what a server would refuse is not sent
    assert 6 not in server.asked
    assert told[-1] == (6, 6)


async def test_once_the_server_is_out_of_reach_the_rest_is_not_tried() -> None:
    server = Server({3: ServerUnreachable("No answer.")})
    report = await bulk(server)[0].rename(
        rows(40), dict.fromkeys(range(1, 41), "new"), told=quiet
    )
    assert len(server.asked) < 10
    assert len(report.done) + len(report.failed) == 40
    assert {one.error.title for one in report.failed} == {"No answer."}


async def test_what_goes_along_is_added_up_and_what_cannot_be_is_said() -> None:
    server = Server({1: NotFound("404")})
    server.owners[2] = "kim"
    # a list counts the nodes of a feed again for everybody it is shared with
    often = [
        replace(row, states={"ready": 6, "running": 3}) if row.id == 2 else row
        for row in rows(4)
    ]
    weight = await bulk(server)[0].weigh(often, told=quiet)
    assert (weight.nodes, weight.active) == (9, 3)
    assert weight.states == {
        1: {},
        **{key: {"ready": 2, "running": 1} for key in (2, 3, 4)},
    }
    assert (weight.files, weight.size) == (6, 1000)
    # one is gone already, one belongs to somebody whose files are not listed
    assert weight.unknown == 1


async def test_a_deletion_that_fails_on_the_server_is_told_and_the_feed_stays() -> None:
    server = Server({})
    server.deletion = "failed"
    made, dropped = bulk(server)
    report = await made.delete(rows(1), told=quiet)
    assert report.done == ()
    assert dropped == []
    assert "could not delete" in report.failed[0].error.title
    # one that somebody else has deleted is as wanted
    server.refused[1] = NotFound("404")
    report = await made.delete(rows(1), told=quiet)
    assert report.done == (1,)
    assert dropped == [1]
