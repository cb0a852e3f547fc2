"""What can be done with references: fetch, use, show feeds, hide, remove, delete."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu, QWidget

from chrislib.library.model import Item, ItemState, Reference
from chrislib.library.words import count
from chrislib.views.context import ViewContext
from chrislib.views.library.history_model import uses_words
from chrislib.views.library.opening import ItemOpener
from chrislib.views.library.reference_model import action_of, is_mine
from chrislib.views.navigation import ShowFeed, ShowJobs

_IN_MENU = 12
_UNDO_SECONDS = 8.0


class ReferenceActs:
    """The verbs of the page.

    Parameters
    ----------
    changed : callable
        Gets a reference as it is after a verb.
    again : callable
        Called when the list must be read anew.
    """

    def __init__(
        self,
        ctx: ViewContext,
        page: QWidget,
        opener: ItemOpener,
        *,
        changed: Callable[[Reference], None],
        again: Callable[[], object],
    ) -> None:
        self._ctx = ctx
        self._page = page
        self._opener = opener
        self._changed = changed
        self._again = again
        self._tasks = ctx.tasks("reference verbs")

    def shutdown(self) -> None:
        """Cancel what runs here; fetches are jobs and go on."""
        self._tasks.cancel_all()

    def act(self, reference: Reference) -> None:
        """Do what the button of a card says."""
        word = action_of(reference)
        if word == "Use as reference":
            self.take_for(reference, True)
        elif word == "Use again":
            self.use(reference)
        elif word == "Cancel" and reference.item is not None:
            cancel = self._ctx.library.cancel(reference.item.item_id)
            self._tasks.start(cancel, name="cancel")
        elif word in ("Fetch", "Retry"):
            self.fetch([reference])

    def use(self, reference: Reference) -> None:
        """Put a fetched reference into the tray."""
        tray = self._ctx.library.tray

        async def use() -> Item:
            item = await self._ctx.library.fetch_reference(reference)
            tray.add(item.item_id)
            return item

        self._tasks.start(
            use(),
            name="use",
            done=lambda item: self._changed(replace(reference, item=item)),
        )

    def fetch(self, references: Sequence[Reference]) -> None:
        """Fetch references, each by a job of its own."""
        for one in references:
            self._tasks.start(
                self._ctx.library.fetch_reference(one),
                name="fetch",
                done=partial(self._fetched, one),
            )

    def open(self, reference: Reference) -> None:
        """Open a fetched reference in the viewer."""
        item = reference.item
        if item is not None and item.state is ItemState.READY:
            self._opener.open(item)

    def feeds(self, reference: Reference, at: QPoint) -> None:
        """Open the feed that used a reference, or let one of several be chosen."""
        item = reference.item
        uses = self._ctx.history.feeds_of_item(item) if item is not None else ()
        if len(uses) == 1:
            self._ctx.navigator.go(ShowFeed(uses[0].feed_id))
        elif uses:
            menu = self._menu_of()
            self._add_feeds(menu, reference)
            menu.popup(at)

    def take_for(self, reference: Reference, shown: bool) -> None:
        """Say by hand that a source is reference data, or is not; with undo."""
        name, before = reference.plugin_name, not reference.hidden
        sources = self._ctx.library.sources

        async def say(value: bool | None) -> None:
            await sources.show(name, value)
            self._again()

        def said(_nothing: object) -> None:
            self._ctx.messages.info(
                f"“{reference.title}” is shown as reference data"
                if shown
                else f"“{reference.title}” is hidden from now on",
                "It stands among New references on this computer."
                if shown
                else "You find it under hidden sources. What was fetched stays.",
                action=(
                    "Undo",
                    lambda: self._tasks.start(
                        say(before if reference.overridden else None), name="undo"
                    ),
                ),
                seconds=_UNDO_SECONDS,
            )

        self._tasks.start(say(shown), name="take for", done=said)

    def remove(self, reference: Reference) -> None:
        """Take a reference out of the library; its files stay on the server."""
        item, sources = reference.item, self._ctx.library.sources
        if item is None or item.state is not ItemState.READY:
            return

        async def back() -> None:
            await sources.take_back(item)
            self._changed(replace(reference, item=item))

        def removed(_nothing: object) -> None:
            self._changed(replace(reference, item=None))
            self._ctx.messages.info(
                f"“{reference.title}” was taken out of your library",
                "Its files stay on the server: fetching it again needs no new run.",
                action=("Undo", lambda: self._tasks.start(back(), name="undo")),
                seconds=_UNDO_SECONDS,
            )

        self._ctx.library.tray.remove(item.item_id)
        self._tasks.start(sources.drop(reference), name="remove", done=removed)

    def delete(self, reference: Reference) -> None:
        """Delete the fetched files on the server, after asking."""
        self._tasks.start(self._delete(reference), name="delete")

    def menu(self, reference: Reference, at: QPoint) -> None:
        """Offer what can be done with a reference."""
        menu = self._menu_of()
        word = action_of(reference)
        if word:
            menu.addAction(f"{word}\tReturn").triggered.connect(
                lambda: self.act(reference)
            )
        item = reference.item
        if item is not None and item.state is ItemState.READY:
            menu.addAction("View\tE").triggered.connect(lambda: self.open(reference))
            if self._ctx.history.feeds_of_item(item):
                self._add_feeds(menu.addMenu(self._uses(reference)), reference)
        if item is not None and item.feed_id is not None and not reference.hidden:
            menu.addAction("Show the feed that fetched it").triggered.connect(
                lambda: self._ctx.navigator.go(ShowFeed(item.feed_id))
            )
        if item is not None and item.job_key and item.state is ItemState.FAILED:
            menu.addAction("Show what happened").triggered.connect(
                lambda: self._ctx.navigator.go(ShowJobs(item.job_key))
            )
        menu.addSeparator()
        if not reference.hidden:
            menu.addAction("Hide, it is no reference data").triggered.connect(
                lambda: self.take_for(reference, False)
            )
        if is_mine(reference) and item is not None and item.state is ItemState.READY:
            menu.addAction("Remove from my references\tDel").triggered.connect(
                lambda: self.remove(reference)
            )
            menu.addSeparator()
            menu.addAction("Delete on server …").triggered.connect(
                lambda: self.delete(reference)
            )
        menu.popup(at)

    # --- inside --------------------------------------------------------------------

    async def _delete(self, reference: Reference) -> None:
        item, sources = reference.item, self._ctx.library.sources
        if item is None:
            return
        others = await sources.runs_in_feed(item)
        uses = self._ctx.history.feeds_of_item(item)
        along = []
        if others:
            along.append(f"{count(others, 'other run')} in the same feed go too.")
        if uses:
            verb = "uses" if len(uses) == 1 else "use"
            along.append(
                f"{count(len(uses), 'feed')} {verb} its files and will miss them."
            )
        along.append("Other computers lose it as well. This cannot be undone.")
        sure = await self._ctx.dialogs.confirm(
            f"Delete “{reference.title}” on the server?",
            " ".join(along),
            action="Delete on server",
            danger=True,
        )
        if not sure:
            return
        self._ctx.library.tray.remove(item.item_id)
        await sources.delete_there(reference)
        self._changed(replace(reference, item=None))
        self._ctx.messages.info(
            f"“{reference.title}” is being deleted on the server",
            "It can be fetched again any time.",
        )

    def _fetched(self, reference: Reference, item: Item) -> None:
        now = self._ctx.library.item(item.item_id) or item
        self._changed(replace(reference, item=now))

    def _uses(self, reference: Reference) -> str:
        item = reference.item
        return uses_words(self._ctx.history.feeds_of_item(item)) if item else ""

    def _add_feeds(self, menu: QMenu, reference: Reference) -> None:
        item = reference.item
        uses = self._ctx.history.feeds_of_item(item) if item is not None else ()
        for use in uses[:_IN_MENU]:
            title = use.title.replace("&", "&&") or f"Feed {use.feed_id}"
            menu.addAction(title).triggered.connect(
                lambda _on=False, feed=use.feed_id: self._ctx.navigator.go(
                    ShowFeed(feed)
                )
            )

    def _menu_of(self) -> QMenu:
        menu = QMenu(self._page)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return menu
