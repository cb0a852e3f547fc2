"""The sheet of tags: put on feeds and taken off, made, renamed, recolored, deleted."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from chrislib.aio import several
from chrislib.errors import ChrislibError
from chrislib.feeds.markdown import clean
from chrislib.feeds.outcome import Outcome
from chrislib.feeds.tags import Tag
from chrislib.views.context import ViewContext
from chrislib.views.feeds.list_note import ListNote
from chrislib.views.feeds.tag_editor import TagEditor
from chrislib.views.feeds.tag_list import TagView
from chrislib.views.widgets.buttons import Field
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.text import line

_EACH = 200
"""Feeds whose tags are read one by one; of more it is not known which they have."""


_TOGETHER = 8


class TagSheet(Sheet):
    """Tags of one feed or of many; each change is sent at once and told.

    Parameters
    ----------
    feed_ids : sequence of int
        Those that are tagged.
    title : str
        Of the feed, where it is one.

    Signals
    -------
    changed : (object)
        Tuple of the feeds whose tags are others now.
    """

    changed = Signal(object)

    def __init__(
        self,
        window: QWidget,
        context: ViewContext,
        *,
        feed_ids: Sequence[int],
        title: str = "",
    ) -> None:
        count = len(feed_ids)
        subtitle = f"{clean(title)}, feed {feed_ids[0]}" if count == 1 else ""
        super().__init__(
            window,
            context.theme,
            "Tags" if count == 1 else f"Tags of {count:,} feeds",
            subtitle.removeprefix(", "),
            width=820,
            height=600,
        )
        self.setObjectName("tags")
        self._context = context
        self._feeds = tuple(feed_ids)
        self._tasks = self.own(context.tasks("feeds tags"))
        self._busy: set[int] = set()
        theme = context.theme
        self.search = Field(
            theme, "Search tags", name="tags.search", icon="search", label="Search tags"
        )
        self.view = TagView(theme)
        self._words = ListNote(theme, name="tags.note")
        self._pages = QStackedWidget()
        for part in (self.view, self._words):
            self._pages.addWidget(part)
        self.editor = TagEditor(theme)
        theme.follow(self.editor, lambda: self.editor.setFixedWidth(theme.px(320)))
        left = QVBoxLayout()
        left.setContentsMargins(24, 16, 16, 0)
        left.setSpacing(8)
        left.addWidget(self.search)
        left.addWidget(self._pages, 1)
        page = QWidget()
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addLayout(left, 1)
        row.addWidget(line(vertical=True))
        row.addWidget(self.editor)
        self.body.addWidget(page)
        self.cancel_button.hide()
        self.next_button.setText("Close")
        self.next_pressed.connect(self.accept)
        self.search.textChanged.connect(self._search)
        self.view.ticked.connect(self._tick)
        self.view.highlighted.connect(self.editor.show_tag)
        self.editor.fresh.clicked.connect(self._fresh)
        self.editor.made.connect(self._make)
        self.editor.changed.connect(self._change)
        self.editor.deleted.connect(self._delete)
        self.load()

    def load(self, wanted: int | None = None) -> None:
        """Read all tags, and those of the feeds (network)."""
        if not self.view.tags.total:
            self._words.show_note("Asking for tags")
            self._pages.setCurrentWidget(self._words)
        self._tasks.start(
            self._read(),
            name="tags",
            done=lambda found: self._show(*found, wanted),
            failed=self._unread,
        )

    # -- reading -----------------------------------------------------------------

    async def _read(self) -> tuple[tuple[Tag, ...], dict[int, str]]:
        tags = self._context.feeds.tags
        found = await tags.all()
        if len(self._feeds) > _EACH:
            return found, {tag.id: "some" for tag in found}
        count: dict[int, int] = {}
        for on in await several(self._feeds, tags.of, at_once=_TOGETHER):
            for tag in on:
                count[tag.id] = count.get(tag.id, 0) + 1
        whole = len(self._feeds)
        held = {
            key: "all" if number == whole else "some" for key, number in count.items()
        }
        return found, held

    def _show(
        self, tags: Sequence[Tag], held: Mapping[int, str], wanted: int | None
    ) -> None:
        current = self.view.tags.tag(self.view.currentIndex())
        keep = wanted if wanted is not None else current.id if current else None
        self.view.tags.show_tags(tags, held)
        if keep is not None:
            self.view.setCurrentIndex(self.view.tags.place(keep))
        self._sifted()

    def _unread(self, error: BaseException) -> None:
        self._words.show_error(error, self.load)
        self._pages.setCurrentWidget(self._words)

    def _search(self, words: str) -> None:
        self.view.tags.search(words)
        self._sifted()

    def _sifted(self) -> None:
        if self.view.tags.rowCount():
            self._pages.setCurrentWidget(self.view)
            return
        if self.view.tags.total:
            self._words.show_note("No tag fits", "", ("Show all", self.search.clear))
        else:
            self._words.show_note(
                "No tags yet",
                "A tag is a name with a color. Everybody on this server sees it.",
            )
        self._pages.setCurrentWidget(self._words)

    # -- feeds -------------------------------------------------------------------

    def _tick(self, tag: Tag) -> None:
        if tag.id in self._busy:
            return
        self._busy.add(tag.id)
        adding = self.view.tags.held(tag.id) != "all"
        tags = self._context.feeds.tags
        act = tags.add if adding else tags.remove
        self.view.tags.hold(tag.id, "all" if adding else "none")
        self._tasks.start(
            act(tag, self._feeds, progress=self._progress),
            name="tag",
            done=lambda outcome: self._ticked(tag, outcome, adding),
            failed=lambda error: self._not_ticked(tag, error),
        )

    def _not_ticked(self, tag: Tag, error: BaseException) -> None:
        self._busy.discard(tag.id)
        self.load()
        self._failed(error)

    def _progress(self, done: int, whole: int) -> None:
        if whole > 1 and done < whole:
            self.set_note(f"{done:,} of {whole:,} feeds")

    def _ticked(self, tag: Tag, outcome: Outcome, adding: bool) -> None:
        self._busy.discard(tag.id)
        name, done = clean(tag.label), len(outcome.done)
        if outcome.done:
            self.changed.emit(outcome.done)
        if not outcome.failed:
            where = "this feed" if done == 1 else f"{done:,} feeds"
            self.set_note(f"“{name}” is {'on' if adding else 'off'} {where}.")
            return
        state = "some" if done else "none" if adding else "all"
        self.view.tags.hold(tag.id, state)
        first = next(iter(outcome.failed.values()))
        many = f"{len(outcome.failed):,} of {len(self._feeds):,} feeds: "
        words = f"{first.title} {first.hint}".strip()
        self.set_note(words if len(self._feeds) == 1 else many + words, kind="failed")

    # -- tags themselves ---------------------------------------------------------

    def _fresh(self) -> None:
        self.view.selectionModel().clear()
        self.editor.show_tag(None)
        self.editor.name.setFocus(Qt.FocusReason.OtherFocusReason)

    def _make(self, name: str, color: str) -> None:
        def made(tag: Tag) -> None:
            self.set_note(f"“{clean(tag.label)}” is there. Tick it to put it on.")
            self.search.clear()
            self.load(tag.id)

        self._tasks.start(
            self._context.feeds.tags.create(name, color),
            name="create tag",
            done=made,
            failed=self._refused,
        )

    def _change(self, tag: Tag, name: str, color: str) -> None:
        def changed(fresh: Tag) -> None:
            self.set_note(f"The tag is “{clean(fresh.label)}” now, on all its feeds.")
            self.changed.emit(self._feeds)
            self.load(fresh.id)

        self._tasks.start(
            self._context.feeds.tags.change(tag, name=name, color=color),
            name="change tag",
            done=changed,
            failed=self._refused,
        )

    def _delete(self, tag: Tag) -> None:
        self._tasks.start(self._deleted(tag), name="delete tag", failed=self._failed)

    async def _deleted(self, tag: Tag) -> None:
        name = clean(tag.label)
        on = len(await self._context.feeds.tags.feeds_of(tag.id))
        where = (
            "It is on no feed."
            if not on
            else (
                "It goes off 1 feed, which stays."
                if on == 1
                else f"It goes off {on:,} feeds, which stay."
            )
        )
        sure = await self._context.dialogs.confirm(
            f"Delete the tag “{name}”?", where, action="Delete tag", danger=True
        )
        if not sure:
            return
        await self._context.feeds.tags.delete(tag)
        self.set_note(f"“{name}” is deleted.")
        self._fresh()
        self.changed.emit(self._feeds)
        self.load()

    def _refused(self, error: BaseException) -> None:
        self.editor.name.set_refused(True)
        self._failed(error)

    def _failed(self, error: BaseException) -> None:
        if not isinstance(error, ChrislibError):
            self._context.messages.failed(error)
            return
        self.set_note(f"{error.title} {error.hint}".strip(), kind="failed")
