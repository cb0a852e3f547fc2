"""What people make of a feed together: note, comments, tags, who may open it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from chrislib.aio import together
from chrislib.errors import ChrislibError
from chrislib.feeds.model import FeedView
from chrislib.feeds.tags import Tag
from chrislib.views.context import ViewContext
from chrislib.views.feeds.note_sheet import NoteSheet
from chrislib.views.feeds.share_sheet import ShareSheet
from chrislib.views.feeds.tag_sheet import TagSheet
from chrislib.views.tasks import PaneTasks

if TYPE_CHECKING:
    from chrislib.views.feeds.pane import FeedsPane

_AGAIN = 60.0
"""Seconds until the head of an open feed is looked at anew."""


@dataclass(frozen=True, slots=True)
class _Talk:
    """What the head shows beside the feed itself."""

    tags: tuple[Tag, ...]
    people: int | None
    comments: int


class NoteActs:
    """Opens the sheets and keeps the head of the open feed up to date."""

    def __init__(
        self, context: ViewContext, tasks: PaneTasks, *, pane: "FeedsPane"
    ) -> None:
        self._context = context
        self._tasks = tasks
        self._pane = pane
        self._asked: tuple[int, float] | None = None
        head = pane.centre.head
        head.note_pressed.connect(self.open_note)
        head.tags_pressed.connect(self.open_tags)
        head.share_pressed.connect(self.open_share)

    def commands(self) -> list[QAction]:
        """Return the commands for palette and menu."""
        made = []
        for words, act in self._rows():
            action = QAction(words, self._pane)
            action.setObjectName("feeds.command." + words.split(" …")[0].lower())
            action.triggered.connect(lambda _on=False, act=act: act())
            made.append(action)
        return made

    def fill(self, menu: QMenu) -> None:
        """Put the commands into the menu of a feed."""
        for words, act in self._rows():
            menu.addAction(words).triggered.connect(act)

    def _rows(self) -> tuple[tuple[str, Callable[[], None]], ...]:
        return (
            ("Note and comments …", self.open_note),
            ("Tags …", self.open_tags),
            ("Share …", self.open_share),
        )

    def open_note(self) -> None:
        """Open the note and the comments of the feed on screen."""
        view = self._pane.feed
        if view is None:
            return
        sheet = NoteSheet(
            self._pane.window(), self._context, view=view, again=self.open_note
        )
        sheet.saved.connect(self._pane.refresh)
        sheet.finished.connect(lambda _code: self.look_again())
        sheet.open()

    def open_tags(self) -> None:
        """Open the tags of the feed on screen."""
        view = self._pane.feed
        if view is not None:
            row = view.row
            ids = (int(row.id),)
            sheet = TagSheet(
                self._pane.window(), self._context, feed_ids=ids, title=row.title
            )
            sheet.changed.connect(self.look_again)
            sheet.changed.connect(lambda _ids: self._pane.list.tags_changed.emit())
            sheet.open()

    def open_share(self) -> None:
        """Open who may see the feed on screen."""
        view = self._pane.feed
        if view is not None:
            row = view.row
            ids = (int(row.id),)
            sheet = ShareSheet(
                self._pane.window(), self._context, feed_ids=ids, title=row.title
            )
            sheet.changed.connect(self._shared)
            sheet.open()

    def _shared(self, _ids: Sequence[int]) -> None:
        self.look_again()
        # lists count the nodes of shared feeds otherwise, and public ones move
        self._pane.refresh()

    # -- the head ----------------------------------------------------------------

    def looked(self, view: FeedView) -> None:
        """Ask for tags, people and comments: at once, and once a minute (network)."""
        now = self._context.now()
        feed_id = int(view.row.id)
        if self._asked is not None:
            before, at = self._asked
            if before == feed_id and now - at < _AGAIN:
                return
        self._asked = (feed_id, now)
        self._tasks.start(
            self._talk(feed_id),
            name="talk",
            done=lambda talk: self._show(feed_id, talk),
            failed=self._unread,
        )

    def look_again(self, _ids: Sequence[int] = ()) -> None:
        """Ask anew: something of the feed on screen was changed (network)."""
        self._asked = None
        if self._pane.feed is not None:
            self.looked(self._pane.feed)

    async def _talk(self, feed_id: int) -> _Talk:
        feeds = self._context.feeds
        tags, access, page = await together(
            feeds.tags.of(feed_id),
            feeds.sharing.access(feed_id),
            feeds.comments.count(feed_id),
        )
        people = None if access.grants is None else len(access.grants)
        return _Talk(tags, people, page)

    def _show(self, feed_id: int, talk: _Talk) -> None:
        view = self._pane.feed
        if view is not None and view.row.id == feed_id:
            self._pane.centre.head.show_talk(
                talk.tags, people=talk.people, comments=talk.comments
            )

    def _unread(self, error: BaseException) -> None:
        """Leave the head as it is: the look at the feed itself tells what is wrong."""
        if not isinstance(error, ChrislibError):
            self._context.messages.failed(error)
