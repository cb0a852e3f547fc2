"""What fills the window: top bar, modules, tray, toasts, and every way around."""

import inspect
from collections.abc import Awaitable
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import (
    QEvent,
    QObject,
    QPoint,
    QRect,
    Qt,
)
from PySide6.QtGui import (
    QAccessible,
    QKeyEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QGraphicsView,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from chrislib.errors import ChrislibError
from chrislib.views.context import ViewContext
from chrislib.views.navigation import (
    CompareRuns,
    NewFeed,
    Place,
    ShowFeed,
    ShowInbox,
    ShowJobs,
    ShowLibrary,
    ShowStarted,
    parse_link,
)
from chrislib.views.shell.commands import Command, make_actions, make_menu
from chrislib.views.shell.found_runs import FoundRuns
from chrislib.views.shell.keeping import SIDES, keep, restore_page, restore_window
from chrislib.views.shell.library_module import LibraryPage
from chrislib.views.shell.link_opener import LinkOpener
from chrislib.views.shell.menus import account_menu, pop_up_under
from chrislib.views.shell.pages import Pages, module_of
from chrislib.views.shell.palette import CommandPalette, Entry
from chrislib.views.shell.palette_entries import (
    PaneCommands,
    command_entries,
    data_entries,
)
from chrislib.views.shell.panes import PaneFactories
from chrislib.views.shell.status import Status
from chrislib.views.shell.table import shell_commands
from chrislib.views.shell.toasts import ToastHost
from chrislib.views.shell.top_bar import TopBar
from chrislib.views.shell.tray_verbs import TrayVerbs
from chrislib.views.widgets.banner import Banner
from chrislib.views.widgets.sheet import Sheet

if TYPE_CHECKING:
    from chrislib.views.shell.main_window import MainWindow

_PAST = 50


class Shell(QObject):
    """What fills the window and leads from place to place.

    Panes are made when they are first shown.

    Parameters
    ----------
    window : MainWindow
        Gets bar, modules and actions; may be on screen already.
    """

    def __init__(
        self, window: "MainWindow", context: ViewContext, panes: PaneFactories
    ) -> None:
        super().__init__(window)
        self.window = window
        self._context = context
        self._past: list[Place] = []
        self._future: list[Place] = []
        self._here: Place = ShowLibrary()
        self._by_size = False
        self._tasks = context.tasks("shell")
        theme = context.theme
        window.setWindowIcon(theme.icon("mark", "accent.fill", size=32))
        self._top = TopBar(theme)
        self._banner = Banner(theme, "offline", "")
        self._banner.setObjectName("connection.banner")
        self._pages = Pages(context, panes, made=self._page_made)
        self._status = Status(context, self._top, self._banner)
        self._tray_verbs = TrayVerbs(context, self.go)
        self._links = LinkOpener(context, self.go)
        self._found_runs = FoundRuns(context)
        self._toasts = ToastHost(window, theme, self._free_foot)
        self._palette: CommandPalette | None = None
        self._pane_commands = PaneCommands()
        centre = QWidget()
        centre.setObjectName("centre")
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._top)
        column.addWidget(self._banner)
        column.addWidget(self._pages, 1)
        self.commands = shell_commands(self)
        self._actions = make_actions(window, self.commands, allowed=self._allowed)
        self._connect()
        self.set_still(bool(context.settings.get("reduced_motion")))
        restore_window(window, context.layout)
        self._show(self._here)
        window.setCentralWidget(centre)
        # no field and no list has the focus at first: no ring where nobody went
        self._pages.setFocus()

    # -- for the program -----------------------------------------------------

    def go(self, place: Place) -> None:
        """Show `place`; Alt+Left comes back to where one was."""
        self._note_here()
        # a sheet is no place: what lies under it is where one comes back to
        sheet = isinstance(place, NewFeed | ShowStarted | CompareRuns)
        there = ShowFeed() if sheet else place
        sheet_here = sheet and self._pages.module == "feeds"
        if there != self._here and not sheet_here:
            self._past = [*self._past, self._here][-_PAST:]
            self._future.clear()
            self._here = there
        self._show(place)

    def open_link(self, link: str) -> None:
        """Come to the front, and go where a deep link of a notification leads."""
        elsewhere = link.lower().startswith("chris://")
        place = None if elsewhere else parse_link(link.removeprefix("chris:"))
        if not (isinstance(place, ShowInbox) and place.verb == "later"):
            # who says "later" does not want the window now
            self._to_front()
        if place is not None:
            self.go(place)
        elif link not in ("", "chris:"):
            self._links.open(link)

    def is_showing(self, link: str) -> bool:
        """Return whether the person looks at what a deep link leads to."""
        place = parse_link(link.removeprefix("chris:"))
        if place is None or not self.window.isActiveWindow():
            return False
        if module_of(place) != self._pages.module:
            return False
        if isinstance(place, ShowFeed):
            view = getattr(self._pages.pane(), "feed", None)
            return view is not None and view.row.id == place.feed_id
        return True

    async def shutdown(self) -> None:
        """Keep the layout and end every pane's tasks."""
        self._keep()
        # nothing that still ends may start anything in panes that are closed
        self._context.job_feed.close()
        await self._status.stop()
        await self._tasks.close()
        await self._links.shutdown()
        await self._found_runs.shutdown()
        await self._tray_verbs.shutdown()
        for pane in self._pages.panes:
            if hasattr(pane, "shutdown"):
                ended = pane.shutdown()
                if inspect.isawaitable(ended):
                    await cast("Awaitable[object]", ended)

    # -- for the commands ----------------------------------------------------

    def choose_module(self, module: str) -> None:
        """Show a module as it was left, or its start the first time."""
        for place in (self._here, *reversed(self._past)):
            if module_of(place) == module:
                if place != self._here:
                    self._past = [*self._past, self._here][-_PAST:]
                    self._here = place
                self._front(module)
                return
        self.go(ShowLibrary() if module == "library" else ShowFeed())

    def back(self) -> None:
        """Go to the place before."""
        if self._past:
            self._future.append(self._here)
            self._here = self._past.pop()
            self._show(self._here)

    def forward(self) -> None:
        """Go to the place one came back from."""
        if self._future:
            self._past.append(self._here)
            self._here = self._future.pop()
            self._show(self._here)

    def toggle(self, side: str) -> None:
        """Fold or show "left", "right" or "tray" of what is in front."""
        self._by_size = False
        self._pages.toggle(side)

    def toggle_sides(self, *, all_panels: bool) -> None:
        """Fold side panels (or all panels) if one is shown, else show them."""
        sides = SIDES if all_panels else SIDES[:2]
        shown = [side for side in sides if not self._pages.folded(side)]
        for side in sides:
            if not shown or side in shown:
                self._pages.toggle(side)

    def press_primary(self) -> None:
        """Press the one primary button on screen."""
        sheet = self._sheet()
        if sheet is not None:
            sheet.next_button.click()
            return
        for found in self._pages.findChildren(QPushButton):
            if (
                found.property("kind") == "primary"
                and found.isVisible()
                and found.isEnabled()
            ):
                found.click()
                return

    def escape(self) -> None:
        """Close what is open, else go back from Jobs and viewer."""
        sheet = self._sheet()
        if sheet is not None:
            sheet.reject()
            return
        pane = self._pages.pane()
        if pane is not None and hasattr(pane, "escape") and pane.escape():
            return
        if self.window.isFullScreen():
            self.window.showNormal()
        elif self._pages.module in {"jobs", "viewer"}:
            self._leave()

    def ask_pane(self, verb: str) -> None:
        """Call ``refresh`` or ``focus_filter`` of the pane in front, if it has it."""
        pane = self._pages.pane()
        if pane is not None and hasattr(pane, verb):
            getattr(pane, verb)()
        if verb == "refresh":
            self._tasks.start(self._context.jobs.refresh(), name="look now")

    def show_sheet(self, name: str) -> None:
        """Open "sign-in", "settings", "keys", "health" or "track"; returns at once."""
        from chrislib.views.shell.sheets import open_sheet

        open_sheet(
            name, self, self._context, commands=self.commands, module=self._pages.module
        )

    def show_palette(self) -> None:
        """Open the palette under its button."""
        if self._palette is None:
            self._palette = CommandPalette(self.window, self._context.theme)
        button = self._top.palette_button
        corner = button.mapTo(self.window, QPoint(0, 0))
        self._palette.open_at(QRect(corner, button.size()), self._command_entries())
        self._tasks.start(
            data_entries(self._context), name="palette", done=self._more_entries
        )

    def run_last_recipe(self) -> None:
        """Run the recipe used last on what is in the tray."""
        self._tray_verbs.run_last()

    def use_station(self) -> None:
        """Connect to the station of this computer."""
        self._tasks.start(self._context.session.use_station(), name="use station")

    def reconnect(self) -> None:
        """Try the present server again."""
        self._tasks.start(self._context.session.reconnect(), name="reconnect")

    def undo(self) -> None:
        """Take back what the newest toast offers to undo, else the pane's last step."""
        if not self._toasts.undo_last():
            self._ask_step("undo")

    def redo(self) -> None:
        """Have the pane do again what it took back."""
        self._ask_step("redo")

    def _ask_step(self, verb: str) -> None:
        step = getattr(self._pages.pane(), verb, None)
        if step is not None:
            step()

    def toggle_names(self) -> None:
        """Hide patients' names everywhere, or show them again."""
        hidden = not self._context.settings.get("hide_names")
        try:
            self._context.settings.set("hide_names", hidden)
        except ChrislibError as error:
            # it counts all the same, until the program ends
            self._context.messages.failed(error)
        if self._pages.library is not None:
            self._pages.library.tray.set_names_hidden(hidden)
        for piece in self.window.findChildren(QWidget):
            piece.update()
        self._context.messages.info(
            "Patients' names are hidden" if hidden else "Patients' names are shown",
            seconds=4,
        )

    def set_still(self, still: bool) -> None:
        """Move nothing on the screen, or as usual."""
        self._top.activity.set_still(still)

    # -- for the window ------------------------------------------------------

    def start(self) -> None:
        """Begin to listen and to ask, once the window was painted."""
        # keys reach the window before the widget: the one place to see Tab first
        if self.window.windowHandle() is not None:
            self.window.windowHandle().installEventFilter(self)
        self._status.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Fold panels with Tab in lists, pictures and graphs; else move the focus."""
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return False
        if event.key() not in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
            return False
        if event.modifiers() & ~Qt.KeyboardModifier.ShiftModifier:
            return False
        focus = self.window.focusWidget()
        said = None if focus is None else focus.property("foldsPanels")
        folds = isinstance(focus, QAbstractItemView | QGraphicsView) or bool(said)
        folds = folds and said is not False
        moves = QAccessible.isActive() or self._context.settings.get("tab_moves_focus")
        if not folds or moves or self._sheet() is not None:
            return False
        self.toggle_sides(all_panels=event.key() == Qt.Key.Key_Backtab)
        return True

    def closed(self) -> bool:
        """Keep the layout; return whether nothing runs, so that the program may end."""
        self._keep()
        return all(job.phase.terminal for job in self._context.jobs.jobs())

    def resized(self, width: int) -> None:
        """Give way: the inspector under 1320, third lines of the tray under 1240."""
        self._top.palette_button.updateGeometry()
        if width < 1320 and not self._by_size and not self._pages.folded("right"):
            self._by_size = True
            self._pages.fold("right", True)
        elif width >= 1320 and self._by_size:
            self._by_size = False
            self._pages.fold("right", False)
        if self._pages.library is not None:
            self._pages.library.tray.set_narrow(width < 1240)

    def returned(self) -> None:
        """Look at the server again: the person came back to the window."""
        self._tasks.start(self._context.jobs.refresh(), name="look on return")

    # -- inside --------------------------------------------------------------

    def _connect(self) -> None:
        context = self._context
        context.navigator.requested.connect(self.go)
        context.messages.posted.connect(self._toasts.show_message)
        top = self._top
        top.module_chosen.connect(self.choose_module)
        top.activity.clicked.connect(self._toggle_jobs)
        top.bell.clicked.connect(lambda: self.go(ShowInbox()))
        top.settings.clicked.connect(lambda: self.show_sheet("settings"))
        top.palette_button.clicked.connect(self.show_palette)
        top.chip.clicked.connect(self._account_menu)
        top.mark.clicked.connect(self._main_menu)
        self._status.sign_in_requested.connect(lambda: self.show_sheet("sign-in"))

    def _note_here(self) -> None:
        """Take note of where a module has led by itself."""
        here = getattr(self._pages.pane(), "here", None)
        if isinstance(here, ShowFeed) and self._pages.module == "feeds":
            self._here = here

    def _show(self, place: Place) -> None:
        self._pages.show_place(place)
        self._front(module_of(place))

    def _front(self, module: str) -> None:
        """Bring a module to the front as it was left."""
        self._pages.show_module(module)
        self._top.show_module(module)
        # what is at the foot is another: a toast must not lie over it
        self._toasts.arrange()
        self._context.layout.put("shell.module", module)

    def _toggle_jobs(self) -> None:
        if self._pages.module == "jobs":
            self._leave()
        else:
            self.go(ShowJobs())

    def _leave(self) -> None:
        """Go back to the last place that is neither Jobs nor the viewer."""
        while self._past:
            place = self._past.pop()
            if module_of(place) not in {"jobs", "viewer"}:
                self._here = place
                self._front(module_of(place))
                return
        self._here = ShowLibrary()
        self._show(self._here)

    def _page_made(self, module: str, page: QWidget) -> None:
        pane = self._pages.panes[-1]
        if hasattr(pane, "back_requested"):
            pane.back_requested.connect(self._leave)
        for one in self._pages.panes:
            if module == "jobs" and hasattr(one, "sheet_requested"):
                one.sheet_requested.connect(self.show_sheet)
        restore_page(page, self._context.layout, module=module)
        if isinstance(page, LibraryPage):
            hidden = bool(self._context.settings.get("hide_names"))
            page.tray.set_names_hidden(hidden)
            self._status.set_library(page)
            page.places.chosen.connect(lambda name: self.go(ShowLibrary(name)))
            self._tray_verbs.follow(page.tray)

    def _allowed(self, command: Command) -> bool:
        if self._sheet() is not None:
            return command.in_sheet
        return True

    def _sheet(self) -> Sheet | None:
        open_ = [s for s in self.window.findChildren(Sheet) if s.isVisible()]
        return open_[-1] if open_ else None

    def _free_foot(self) -> int:
        sheet = self._sheet()
        if sheet is not None:
            # its buttons are what one is about to press
            top = sheet.next_button.mapTo(self.window, QPoint(0, 0)).y()
            return max(0, self.window.height() - top)
        page = self._pages.library
        if page is not None and self._pages.module == "library":
            return page.tray.height()
        # the inspector's buttons are at the foot of Feeds
        return 64 if self._pages.module == "feeds" else 0

    def _main_menu(self) -> None:
        menu = make_menu(
            self.window, self._context.theme, self.commands, actions=self._actions
        )
        pop_up_under(menu, self._top.mark)

    def _account_menu(self) -> None:
        menu = account_menu(self.window, self._context.session, self._actions)
        pop_up_under(menu, self._top.chip)

    def _more_entries(self, entries: list[Entry]) -> None:
        if self._palette is not None and self._palette.isVisible():
            self._palette.set_entries([*entries, *self._command_entries()])

    def _command_entries(self) -> list[Entry]:
        of_shell = command_entries(self.commands)
        known = {entry.text for entry in of_shell}
        of_pane = self._pane_commands.entries(self._pages.pane())
        return [*(one for one in of_pane if one.text not in known), *of_shell]

    def _to_front(self) -> None:
        self.window.setWindowState(
            self.window.windowState() & ~Qt.WindowState.WindowMinimized
        )
        self.window.show()
        if self.window.windowHandle() is not None:
            self.window.windowHandle().raise_()
        self.window.activateWindow()

    def _keep(self) -> None:
        keep(
            self.window,
            self._pages,
            layout=self._context.layout,
            folded_by_size=self._by_size,
        )
