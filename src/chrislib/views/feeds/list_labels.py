"""Which feeds have which tags: asked for once somebody wants to see it in the list."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from chrislib.aio import several
from chrislib.feeds.arranging import labels_with
from chrislib.views.context import ViewContext
from chrislib.views.feeds.asking import Asker

if TYPE_CHECKING:
    from chrislib.views.feeds.feed_list import FeedList

_AT_ONCE = 4
_MOST = 300
"""Tags that are asked about for an order by tag; own ones come first."""


class ListLabels:
    """Keeps the list's tags: their names at once, their feeds when they are needed.

    Rows of a list do not tell their tags, and a server has no filter for them: each
    tag has a list of its feeds (cube-api §8). For words only the tags are asked about
    that hold one of them: no other can add a feed.
    """

    def __init__(self, context: ViewContext, asker: Asker, feeds: "FeedList") -> None:
        self._context = context
        self._list = feeds
        self._asker = asker
        self._feeds: dict[str, frozenset[int]] = {}
        self._named = False
        self._era = 0
        feeds.in_sight.connect(self._name)
        feeds.tags_needed.connect(self._learn)
        feeds.tags_changed.connect(self.forget)
        feeds.words_rest.connect(self._look)

    def forget(self) -> None:
        """Ask again: tags were changed, or this is another server."""
        self._named = False
        self._feeds = {}
        self._era += 1
        now = self._list.model.arranging
        if self._list.loaded and (now.tag or now.order == "tag"):
            self._learn("" if now.order == "tag" else now.tag)
        elif now.tags:
            self._show()
        self._list.look_at_tags()

    def _name(self) -> None:
        """Ask for the names of tags, once (network)."""
        if self._named:
            return
        self._named = True
        self._asker.once(
            "tag names",
            self._context.feeds.tags.all,
            lambda tags: self._list.bar.offer_tags(
                list(dict.fromkeys(tag.label for tag in tags))
            ),
            failed=lambda _error: self._unname(),
        )
        if self._list.model.arranging.order == "tag":
            self._learn("")

    def _unname(self) -> None:
        self._named = False

    def _learn(self, name: str) -> None:
        """Ask which feeds have a tag, or all tags (network)."""
        if name in self._feeds:
            self._show()
            return
        self._list.show_finding("Asking which feeds have tags")
        self._asker.once(
            f"feeds of tag {name}",
            lambda: self._ask(lambda label: name in ("", label)),
            lambda found: self._take(found, name),
            failed=self._list.show_not_found,
        )

    def _look(self, words: str) -> None:
        """Ask which feeds have tags that words are found in (network)."""
        if not words or not self._list.loaded:
            return
        known, era = frozenset(self._feeds), self._era
        self._asker.once(
            "feeds of tags with words",
            lambda: self._ask(
                lambda label: label not in known and bool(labels_with(words, [label]))
            ),
            lambda found: self._looked(found, words, era=era),
            failed=lambda _error: self._list.show_looked(failed=True),
        )

    def _looked(
        self, found: dict[str, frozenset[int]], words: str, *, era: int
    ) -> None:
        now = self._list.search.text().strip()
        if era == self._era:
            self._feeds.update(found)
        if now and (now, self._era) != (words, era):
            self._look(now)  # other words, or tags were changed meanwhile
            return
        self._show()
        self._list.show_looked()

    async def _ask(self, wanted: Callable[[str], bool]) -> dict[str, frozenset[int]]:
        tags = self._context.feeds.tags
        asked = [tag for tag in await tags.all() if wanted(tag.label)][:_MOST]
        held = await several(asked, lambda tag: tags.feeds_of(tag.id), at_once=_AT_ONCE)
        found: dict[str, frozenset[int]] = {}
        # two people may each have a tag of one name
        for tag, ids in zip(asked, held, strict=True):
            found[tag.label] = found.get(tag.label, frozenset()) | ids
        return found

    def _take(self, found: dict[str, frozenset[int]], name: str) -> None:
        # also where no tag is called that, or there is none at all
        self._feeds.update({name: frozenset(), **found})
        self._list.end_finding()
        self._show()

    def _show(self) -> None:
        labels: dict[int, list[str]] = {}
        for label in sorted(self._feeds, key=str.casefold):
            for feed_id in self._feeds[label]:
                labels.setdefault(feed_id, []).append(label)
        self._list.show_tags({one: tuple(names) for one, names in labels.items()})
