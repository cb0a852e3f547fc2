"""What is done with the tray: taken out, put in order, cleared; all can be undone."""

from collections.abc import Callable, Sequence
from datetime import datetime

from chrislib.feeds.recipes import Recipe
from chrislib.jobs.model import Job, is_held
from chrislib.library.model import ItemId
from chrislib.shown import one_line
from chrislib.views.context import ViewContext
from chrislib.views.navigation import NewFeed
from chrislib.views.shell.tray import TrayPanel
from chrislib.views.shell.tray_recipes import TrayRecipes
from chrislib.views.widgets.elsewhere import ask_to_leave_out, here_of

_UNDO_SECONDS = 8
_CANCEL_SECONDS = 15


class TrayVerbs:
    """Carries out what the tray's panel asks for.

    Parameters
    ----------
    go : callable
        Shows a place.
    """

    def __init__(self, context: ViewContext, go: Callable[[NewFeed], None]) -> None:
        self._context = context
        self._go = go
        self._tasks = context.tasks("tray")
        self._recipes = TrayRecipes(context, self._tasks)
        self._panel: TrayPanel | None = None

    async def shutdown(self) -> None:
        """End what runs."""
        self._recipes.stop()
        await self._tasks.close()

    def run_last(self) -> None:
        """Run the recipe used last on what is in the tray."""
        if self._panel is not None:
            self._panel.run_last()

    def run(self, recipe: Recipe) -> None:
        """Make a feed of the tray and run a recipe on it, without any question."""
        ids = [str(one) for one in self._context.library.tray.ids]
        if not here_of(self._context, ids):
            self._context.messages.warning(
                "Nothing in the tray is on this server.",
                "Nothing was started.",
                hint="Connect to the server it is on.",
            )
            return
        if self._panel is not None:
            self._panel.set_busy(True)
        self._tasks.start(
            self._ask_and_run(recipe),
            name="run again",
            done=lambda job: self._started(job, recipe),
            failed=self._refused,
        )

    async def _ask_and_run(self, recipe: Recipe) -> Job | None:
        """Ask only where some of it is on another server (network)."""
        context = self._context
        tray = context.library.tray
        if not await ask_to_leave_out(
            context, [str(one) for one in tray.ids], verb="Run"
        ):
            return None
        fault = await context.feeds.many.fault(recipe)
        if fault:
            self._open_at_fault(recipe, fault)
            return None
        items = [i for i in tray.items() if not tray.elsewhere(i.item_id)]
        day = datetime.fromtimestamp(context.now()).astimezone().date()
        return await context.feeds.making.again(items, recipe, day=day)

    def _open_at_fault(self, recipe: Recipe, fault: str) -> None:
        """Show a recipe that cannot run any more where it can be put right."""
        self._context.messages.warning(
            f"{recipe.title} was not run.",
            f"{fault} Nothing was sent, and the tray is as it was.",
            hint="Create feed shows what to change.",
        )
        ids = tuple(str(i.item_id) for i in self._context.library.tray.items())
        self._go(NewFeed(ids, recipe=recipe))

    def many(self) -> None:
        """Run the same recipe on each item of the tray."""
        ids = tuple(str(i.item_id) for i in self._context.library.tray.items())
        self._go(NewFeed(ids, many=True))

    def _started(self, job: Job | None, recipe: Recipe) -> None:
        if self._panel is not None:
            self._panel.set_busy(False)
        if job is None:
            return
        held = is_held(job.intent)
        where = job.detail if held else f"It is feed {job.feed_id}."
        self._context.messages.success(
            f"{recipe.title} waits for its data" if held else f"Running {recipe.title}",
            f"“{one_line(job.title)}”. {where}",
            action=("Cancel", lambda: self._cancel(job)),
            seconds=_CANCEL_SECONDS,
        )

    def _refused(self, error: BaseException) -> None:
        if self._panel is not None:
            self._panel.set_busy(False)
        self._context.messages.failed(error)

    def _cancel(self, job: Job) -> None:
        self._tasks.start(
            self._context.feeds.making.stop(job.key),
            name="cancel",
            done=lambda number: self._cancelled(job, number),
        )

    def _cancelled(self, job: Job, number: int) -> None:
        now = self._context.jobs.get(job.key) or job
        runs = "1 run" if number == 1 else f"{number:,} runs"
        kept = "Its feed stays in Feeds." if now.feed_id is not None else ""
        self._context.messages.info(
            f"Cancelled {runs}" if number else "It was over already", kept
        )

    def follow(self, panel: TrayPanel) -> None:
        """Listen to a panel."""
        panel.create_requested.connect(self.create_feed)
        panel.remove_requested.connect(self.remove)
        panel.clear_requested.connect(self.clear)
        panel.dropped.connect(self.drop)
        self._panel = panel
        self._recipes.follow(panel)
        panel.run_requested.connect(self.run)
        panel.many_requested.connect(lambda _recipe: self.many())

    def create_feed(self) -> None:
        """Make a feed of what is in the tray."""
        ids = tuple(str(i.item_id) for i in self._context.library.tray.items())
        self._go(NewFeed(ids))

    def remove(self, ids: Sequence[str]) -> None:
        """Take items out."""
        tray = self._context.library.tray
        before = tray.ids
        gone = {ItemId(one) for one in ids} & set(before)
        tray.remove(*gone)
        if gone:
            self._offer_undo(len(gone), before)

    def clear(self) -> None:
        """Take everything out."""
        tray = self._context.library.tray
        before = tray.ids
        tray.clear()
        if before:
            self._offer_undo(len(before), before)

    def drop(self, ids: Sequence[str], place: int) -> None:
        """Put items at a place: those that are in move there, others are added."""
        tray = self._context.library.tray
        tray.add(*(ItemId(one) for one in ids))
        for one in ids:
            at = tray.ids.index(ItemId(one)) if ItemId(one) in tray.ids else -1
            if at < 0:
                continue
            # what stood before its new place moves up when it is taken out
            place -= at < place
            tray.move(ItemId(one), place)
            place += 1

    def _offer_undo(self, number: int, before: Sequence[ItemId]) -> None:
        tray = self._context.library.tray
        self._context.messages.info(
            f"Took {number:,} out of the tray",
            "Nothing was removed from your library.",
            action=("Undo", lambda: tray.put_back(before)),
            seconds=_UNDO_SECONDS,
        )
