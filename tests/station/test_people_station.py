"""Notes, comments, tags and access as the window has them, between two people."""

import asyncio
import secrets
from types import SimpleNamespace
from typing import Any

import pytest

from chrislib.cube.client import CubeClient
from chrislib.cube.errors import Forbidden
from chrislib.errors import ChrislibError
from chrislib.feeds.comments import PAGE, FeedComments
from chrislib.feeds.lists import FeedLists
from chrislib.feeds.notes import FeedNotes, NoteConflict
from chrislib.feeds.server import FeedServer
from chrislib.feeds.sharing import AlreadyShared, FeedSharing
from chrislib.feeds.tags import FeedTags
from chrislib.feeds.unsent import Unsent
from tests.station.test_feed_sharing import person


class Desk:
    """What one of two people does with feeds."""

    def __init__(self, client: CubeClient) -> None:
        server = FeedServer(SimpleNamespace(client=client))
        self.client = client
        unsent = Unsent(account=lambda: 1)
        self.notes = FeedNotes(server, unsent)
        self.comments = FeedComments(server, unsent)
        self.tags = FeedTags(server)
        self.sharing = FeedSharing(server)
        self.lists = FeedLists(server)


@pytest.fixture
def feed(api: Any) -> int:
    top = f"home/local/uploads/desk-{secrets.token_hex(4)}"
    api.upload(f"{top}/Doe_John.txt")
    run = api.run("pl-dircopy", dir=top, title="desk")
    api.finish(run["id"])
    child = api.run("pl-simpledsapp", previous_id=run["id"], prefix="x_")
    api.finish(child["id"])
    return int(run["feed_id"])


async def test_two_people_and_a_feed(station: Any, feed: int) -> None:
    name, token = person(station)
    async with (
        CubeClient(station.url, token=station.token) as first,
        CubeClient(station.url, token=token) as second,
    ):
        await asyncio.gather(first.identify(), second.identify())
        mine, theirs = Desk(first), Desk(second)
        await _sharing(mine, theirs, feed, name)
        await _notes(mine, theirs, feed)
        await _comments(mine, theirs, feed)
        await _tags(mine, theirs, feed)
        await _public(mine, theirs, feed, name)


async def _sharing(mine: Desk, theirs: Desk, feed: int, name: str) -> None:
    with pytest.raises(Forbidden):
        await theirs.sharing.access(feed)
    for wrong in ("nobody-here", "ab", "x" * 40):
        with pytest.raises(ChrislibError, match="no person called"):
            await mine.sharing.share(feed, wrong)
    with pytest.raises(ChrislibError, match="No person was named"):
        await mine.sharing.share(feed, "  ")
    assert "all_users" in await mine.sharing.groups()
    await mine.sharing.share(feed, f" {name} ")
    with pytest.raises(AlreadyShared, match="can open it already"):
        await mine.sharing.share(feed, name)
    await mine.sharing.share(feed, "all_users", is_group=True)
    seen = await theirs.sharing.access(feed)
    assert not seen.may_change
    assert seen.grants is not None
    assert [(one.name, one.is_group) for one in seen.grants] == [
        (name, False),
        ("all_users", True),
    ]
    with pytest.raises(ChrislibError, match="may not do that") as caught:
        await theirs.sharing.share(feed, "local")
    assert "Only the owner" in caught.value.hint
    outcome = await mine.sharing.share_many((feed, 10**9), name)
    assert outcome.done == (feed,)
    assert list(outcome.failed) == [10**9]


async def _notes(mine: Desk, theirs: Desk, feed: int) -> None:
    assert await mine.notes.known(feed) == ""
    await mine.notes.write(feed, "# one", base="")
    base = await theirs.notes.read(feed)
    assert base == "# one"
    await theirs.notes.write(feed, "# two", base=base)
    with pytest.raises(NoteConflict) as caught:
        await mine.notes.write(feed, "# three", base="# one")
    assert caught.value.theirs == "# two"
    assert await mine.notes.read(feed) == "# two"
    # what was sent before an answer was lost is no conflict
    await mine.notes.write(feed, "# two", base="# one")
    await mine.notes.write(feed, "# three", base="# two")
    assert await mine.notes.known(feed) == "# three"


async def _comments(mine: Desk, theirs: Desk, feed: int) -> None:
    with pytest.raises(ChrislibError, match="empty"):
        await mine.comments.add(feed, " ")
    first = await mine.comments.add(feed, "look")
    second = await theirs.comments.add(feed, "seen")
    page = await theirs.comments.page(feed, owner="local")
    assert [(one.text, one.may_change) for one in page.rows] == [
        ("seen", True),
        ("look", False),
    ]
    with pytest.raises(ChrislibError, match="may not"):
        await theirs.comments.change(first, "no")
    assert (await mine.comments.change(first, "look here")).text == "look here"
    with pytest.raises(ChrislibError, match="changed this comment meanwhile"):
        await mine.comments.change(first, "look there")
    # the owner of the feed may take others' comments away
    await mine.comments.delete(second)
    with pytest.raises(ChrislibError, match="does not have this"):
        await theirs.comments.delete(second)
    for number in range(PAGE):
        await mine.comments.add(feed, f"comment {number}")
    page = await mine.comments.page(feed)
    assert (len(page.rows), page.total, page.more) == (PAGE, PAGE + 1, True)
    rest = await mine.comments.page(feed, offset=PAGE)
    assert [one.text for one in rest.rows] == ["look here"]
    assert not rest.more


async def _tags(mine: Desk, theirs: Desk, feed: int) -> None:
    name = f"tag-{secrets.token_hex(4)}"
    tag = await theirs.tags.create(f"  {name} ", "#4ea866")
    assert (tag.name, tag.mine) == (name, True)
    with pytest.raises(ChrislibError, match="already"):
        await theirs.tags.create(name, "#4ea866")
    with pytest.raises(ChrislibError, match="no name"):
        await theirs.tags.create(" ", "#4ea866")
    seen = next(one for one in await mine.tags.all() if one.id == tag.id)
    assert not seen.mine
    assert (await mine.tags.add(seen, (feed, feed))).done == (feed, feed)
    assert [one.id for one in await theirs.tags.of(feed)] == [tag.id]
    assert await mine.tags.feeds_of(tag.id) == {feed}
    with pytest.raises(ChrislibError, match="may not") as caught:
        await mine.tags.change(seen, name="x", color="red")
    assert "Only alice" in caught.value.hint
    changed = await theirs.tags.change(tag, name=f"{name}-2", color="blue")
    assert [one.name for one in await mine.tags.of(feed)] == [changed.name]
    assert (await mine.tags.remove(seen, (feed, 10**9))).done == (feed,)
    assert await mine.tags.of(feed) == ()
    await theirs.tags.delete(changed)
    mine.tags.forget()
    assert tag.id not in [one.id for one in await mine.tags.all()]


async def _public(mine: Desk, theirs: Desk, feed: int, name: str) -> None:
    found = await mine.sharing.publishes(feed)
    assert (found.nodes, found.files, found.note) == (2, 1, True)
    assert found.size
    assert (found.comments, found.tags, found.others) == (PAGE + 1, 0, 0)
    assert len(found.links) == 1
    with pytest.raises(ChrislibError, match="refused"):
        await theirs.sharing.set_public(feed, public=True)
    await mine.sharing.set_public(feed, public=True)
    access = await mine.sharing.access(feed)
    assert access.public
    assert access.grants is not None
    for grant in access.grants:
        await mine.sharing.revoke(grant)
    # its files are found by their names, by the owner and by those who only read it
    words = f"/feed_{feed}/ x_"
    for desk in (mine, theirs):
        assert await desk.lists.with_files(words) == {feed}
    # readers of a public feed are not told who else has it, and write nothing
    seen = await theirs.sharing.access(feed)
    assert (seen.public, seen.grants, seen.may_change) == (True, None, False)
    with pytest.raises(ChrislibError, match="may not"):
        await theirs.comments.add(feed, "x")
    with pytest.raises(ChrislibError, match="What you wrote stays"):
        await theirs.notes.write(feed, "x", base=await theirs.notes.read(feed))
    await mine.sharing.set_public(feed, public=False)
    with pytest.raises(Forbidden):
        await theirs.sharing.access(feed)
    assert await theirs.lists.with_files(words) == set()
    with pytest.raises(ChrislibError, match="does not have this"):
        await mine.sharing.revoke(access.grants[0])
