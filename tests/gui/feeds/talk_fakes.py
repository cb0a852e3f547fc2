"""Notes, comments, tags and permissions in memory."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from chrislib.errors import ChrislibError
from chrislib.feeds.comments import PAGE, CommentPage, Said
from chrislib.feeds.notes import NoteConflict
from chrislib.feeds.outcome import Outcome
from chrislib.feeds.sharing import Access, Grant, Published
from chrislib.feeds.tags import Tag
from chrislib.feeds.unsent import Draft

ME = "alex"


class FakeTalk:
    """What people made of every feed; `refusal` is raised by whatever changes it.

    Parameters
    ----------
    feeds : MemoryFeeds
        Holds the note.
    """

    def __init__(self, feeds: Any) -> None:
        self._feeds = feeds
        self.refusal: ChrislibError | None = None
        self.said: list[Said] = []
        self.tags: list[Tag] = []
        self.on: dict[int, set[int]] = {}
        self.grants: list[Grant] | None = []
        self.owner = ME
        self.public = False
        self.drafts: dict[int, Draft] = {}
        self.unsent: dict[int, Draft] = {}
        self.calls: list[tuple[Any, ...]] = []
        feeds.lose = lambda feed_id: self.calls.append(("lose", feed_id))
        feeds.notes = SimpleNamespace(
            read=self.read,
            write=self.write,
            draft=self.draft,
            keep_draft=self.keep_draft,
        )
        feeds.comments = SimpleNamespace(
            page=self.page,
            count=self.count,
            draft=self.unsent_of,
            keep_draft=self.keep_unsent,
            add=self.add,
            change=self.change,
            delete=self.delete,
        )
        feeds.tags = SimpleNamespace(
            all=self.all,
            of=self.tags_of,
            feeds_of=self.feeds_of,
            create=self.create,
            change=self.change_tag,
            delete=self.delete_tag,
            add=self.put,
            remove=self.take,
        )
        feeds.sharing = SimpleNamespace(
            access=self.access,
            groups=self.groups,
            share=self.share,
            share_many=self.share_many,
            revoke=self.revoke,
            publishes=self.publishes,
            set_public=self.set_public,
        )

    def _may(self) -> None:
        if self.refusal is not None:
            raise self.refusal

    # -- note --------------------------------------------------------------------

    async def read(self, _feed_id: int) -> str:
        await asyncio.sleep(0)
        return str(self._feeds.note)

    async def write(self, _feed_id: int, text: str, *, base: str) -> None:
        await asyncio.sleep(0)
        self._may()
        if self._feeds.note not in (base, text):
            raise NoteConflict(self._feeds.note)
        self._feeds.note = text

    async def draft(self, feed_id: int) -> Draft | None:
        return self.drafts.get(feed_id)

    def keep_draft(self, feed_id: int, draft: Draft | None) -> None:
        self.drafts.pop(feed_id, None)
        if draft is not None:
            self.drafts[feed_id] = draft

    async def unsent_of(self, feed_id: int) -> Draft | None:
        return self.unsent.get(feed_id)

    def keep_unsent(self, feed_id: int, draft: Draft | None) -> None:
        self.unsent.pop(feed_id, None)
        if draft is not None:
            self.unsent[feed_id] = draft

    # -- comments ----------------------------------------------------------------

    async def page(
        self, _feed_id: int, *, offset: int = 0, owner: str = ""
    ) -> CommentPage:
        await asyncio.sleep(0)
        rows = tuple(self.said[offset : offset + PAGE])
        more = offset + PAGE < len(self.said)
        return CommentPage(rows, len(self.said), more)

    async def count(self, _feed_id: int) -> int:
        await asyncio.sleep(0)
        return len(self.said)

    async def add(self, _feed_id: int, text: str) -> Said:
        await asyncio.sleep(0)
        self._may()
        number = 1 + max([one.id for one in self.said], default=0)
        self.said.insert(0, Said(number, text, ME, may_change=True))
        return self.said[0]

    async def change(self, said: Said, text: str, *, owner: str = "") -> Said:
        await asyncio.sleep(0)
        self._may()
        changed = replace(said, text=text)
        self.said = [changed if one.id == said.id else one for one in self.said]
        return changed

    async def delete(self, said: Said) -> None:
        await asyncio.sleep(0)
        self._may()
        self.said = [one for one in self.said if one.id != said.id]

    # -- tags --------------------------------------------------------------------

    async def all(self) -> tuple[Tag, ...]:
        await asyncio.sleep(0)
        return tuple(self.tags)

    async def tags_of(self, feed_id: int) -> tuple[Tag, ...]:
        await asyncio.sleep(0)
        held = self.on.get(feed_id, set())
        return tuple(tag for tag in self.tags if tag.id in held)

    async def feeds_of(self, tag_id: int, *, told: Any = None) -> set[int]:
        await asyncio.sleep(0)
        return {feed for feed, held in self.on.items() if tag_id in held}

    async def create(self, name: str, color: str) -> Tag:
        await asyncio.sleep(0)
        self._may()
        number = 1 + max([tag.id for tag in self.tags], default=0)
        self.tags.append(Tag(number, name, color, ME, mine=True))
        return self.tags[-1]

    async def change_tag(self, tag: Tag, *, name: str, color: str) -> Tag:
        await asyncio.sleep(0)
        self._may()
        changed = replace(tag, name=name, color=color)
        self.tags = [changed if one.id == tag.id else one for one in self.tags]
        return changed

    async def delete_tag(self, tag: Tag) -> None:
        await asyncio.sleep(0)
        self._may()
        self.tags = [one for one in self.tags if one.id != tag.id]

    async def put(
        self, tag: Tag, feed_ids: Sequence[int], *, progress: Any = None
    ) -> Outcome:
        await asyncio.sleep(0)
        return self._each(feed_ids, lambda held: held.add(tag.id))

    async def take(
        self, tag: Tag, feed_ids: Sequence[int], *, progress: Any = None
    ) -> Outcome:
        await asyncio.sleep(0)
        return self._each(feed_ids, lambda held: held.discard(tag.id))

    def _each(self, feed_ids: Sequence[int], act: Any) -> Outcome:
        if self.refusal is not None:
            return Outcome((), dict.fromkeys(feed_ids, self.refusal))
        for feed_id in feed_ids:
            act(self.on.setdefault(feed_id, set()))
        return Outcome(tuple(feed_ids), {})

    # -- people ------------------------------------------------------------------

    async def access(self, feed_id: int) -> Access:
        await asyncio.sleep(0)
        return Access(
            feed_id=feed_id,
            title="Chiari pilot",
            owner=self.owner,
            public=self.public,
            grants=None if self.grants is None else tuple(self.grants),
            may_change=self.owner == ME,
        )

    async def groups(self) -> tuple[str, ...]:
        await asyncio.sleep(0)
        return ("all_users", "pacs_users")

    async def share(self, feed_id: int, name: str, *, is_group: bool = False) -> Grant:
        await asyncio.sleep(0)
        self._may()
        assert self.grants is not None
        self.grants.append(Grant(len(self.grants) + 1, name, is_group))
        self.calls.append(("share", feed_id, name, is_group))
        return self.grants[-1]

    async def share_many(
        self,
        feed_ids: Sequence[int],
        name: str,
        *,
        is_group: bool = False,
        progress: Any = None,
    ) -> Outcome:
        await asyncio.sleep(0)
        self.calls.append(("share many", tuple(feed_ids), name, is_group))
        return self._each(feed_ids, lambda _held: None)

    async def revoke(self, grant: Grant) -> None:
        await asyncio.sleep(0)
        self._may()
        assert self.grants is not None
        self.grants.remove(grant)

    async def publishes(self, _feed_id: int) -> Published:
        await asyncio.sleep(0)
        return Published(
            nodes=10,
            files=214,
            size=2_100_000_000,
            note=True,
            comments=3,
            tags=2,
            others=1,
            links=("home/alex/uploads/Doe",),
        )

    async def set_public(self, _feed_id: int, public: bool) -> None:
        await asyncio.sleep(0)
        self._may()
        self.public = public
