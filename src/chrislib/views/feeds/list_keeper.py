"""Keeps the list of feeds fresh: all pages seldom, the newest and the visible often."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from chrislib.feeds.arranging import works
from chrislib.feeds.measures import Measure
from chrislib.feeds.model import FeedRow
from chrislib.views.context import ViewContext
from chrislib.views.feeds.asking import Asker
from chrislib.views.feeds.list_labels import ListLabels

if TYPE_CHECKING:
    from chrislib.views.feeds.feed_list import FeedList

_OFTEN, _SELDOM = 60.0, 900.0
"""Seconds until the newest feeds, and until all feeds, are asked for again.

A feed in a list costs a server 2.4 ms (measured): 5,000 of them twelve seconds.
"""
_CHECKED = 12
"""Visible feeds that are looked at by themselves at a time."""

Scopes = dict[str, list[FeedRow]]


class ListKeeper:
    """Asks for feeds on behalf of the list.

    Parameters
    ----------
    shown : callable
        Gets what is known, and whether that is all there is.
    failed : callable
        Gets why nothing could be asked.
    """

    def __init__(
        self,
        context: ViewContext,
        feeds: "FeedList",
        asker: Asker,
        *,
        shown: Callable[[Scopes, bool], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        self._context = context
        self._list = feeds
        self._asker = asker
        self._shown = shown
        self._failed = failed
        self._whole_at = self._at = float("-inf")
        self.labels = ListLabels(context, asker, feeds)
        feeds.in_sight.connect(self.check)
        feeds.in_sight.connect(self._measure)
        feeds.files_wanted.connect(self.find_files)

    @property
    def asking(self) -> bool:
        """Whether the list is being asked for."""
        return self._asker.is_asking("list")

    def forget(self) -> None:
        """Ask for everything the next time: another server, another user."""
        self._whole_at = self._at = float("-inf")
        self.labels.forget()

    def load(self, *, whole: bool) -> None:
        """Ask for the newest feeds, or for all of them (network)."""
        if self.asking:
            return
        now = self._context.now()
        whole = whole or now - self._whole_at >= _SELDOM
        self._at = now
        if whole:
            self._whole_at = now

        def failed(error: BaseException) -> None:
            self._whole_at = self._at = float("-inf")
            self._failed(error)

        self._asker.once(
            "list",
            lambda: self._context.feeds.lists.all_feeds(
                whole=whole, told=lambda scopes: self._shown(scopes, False)
            ),
            lambda scopes: self._shown(scopes, True),
            failed=failed,
        )

    def tick(self) -> None:
        """Ask again when it is time (network)."""
        if self._context.now() - self._at >= _OFTEN:
            self.check(again=True)
            self.load(whole=False)

    def check(self, *, again: bool = False) -> None:
        """Ask for the counts of what is in sight, where a list cannot be trusted.

        It goes on until all of them are right. Lists never count too few, so that an
        order by counts is right then, too: no feed out of sight has more.
        """
        rows = self._list.rows_in_sight()
        if not rows or self.asking:
            return  # pages come first; the list rests again once it is whole
        working = tuple(row.id for row in rows if works(row)) if again else ()
        self._asker.once(
            "counts",
            lambda: self._context.feeds.lists.check_counts(
                [row.id for row in rows], again=working, most=_CHECKED
            ),
            self._take,
            failed=lambda _error: None,
        )

    def find_files(self, words: str) -> None:
        """Find the feeds that hold files of some names (network)."""
        self._list.show_finding()
        self._asker.once(
            "file names",
            lambda: self._context.feeds.lists.with_files(words),
            lambda found: self._list.show_found(words, found),
            failed=self._list.show_not_found,
        )

    def _measure(self) -> None:
        """Ask how long feeds in sight ran and what they take, one after the other."""
        if self.asking:
            return
        measures = self._context.feeds.measures
        missing = measures.missing(self._list.rows_in_sight())
        if not missing:
            return
        row = missing[0]

        def show(measure: Measure) -> None:
            self._list.model.measure(row.id, measure)
            self._measure()

        self._asker.once(
            "measure", lambda: measures.of(row), show, failed=lambda _error: None
        )

    def _take(self, rows: list[FeedRow]) -> None:
        for row in rows:
            self._list.replace(row)
        if rows:
            self.check()
