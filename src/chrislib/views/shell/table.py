"""The shell's commands (the table "Everywhere" of the keys)."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from chrislib.views.navigation import (
    NewFeed,
    ShowInbox,
    ShowJobs,
    ShowLibrary,
    ShowStarted,
)
from chrislib.views.shell.commands import Command

if TYPE_CHECKING:
    from chrislib.views.shell.assembly import Shell


def shell_commands(shell: "Shell") -> tuple[Command, ...]:
    """Return every command that can be given from anywhere."""
    return (*_places(shell), *_panels(shell), *_program(shell))


def _places(shell: "Shell") -> tuple[Command, ...]:
    go = shell.go

    def section(name: str) -> Callable[[], None]:
        return lambda: go(ShowLibrary(name))

    def made(
        name: str, text: str, keys: str, *, run: Callable[[], object], icon: str
    ) -> Command:
        return Command(name, text, "Go to", (keys,) if keys else (), run, icon)

    def module(name: str) -> Callable[[], None]:
        return lambda: shell.choose_module(name)

    return (
        Command(
            "palette",
            "Search and commands",
            "Go to",
            ("Ctrl+K",),
            shell.show_palette,
            "search",
            hidden=True,
        ),
        made("library", "Library", "Ctrl+1", run=module("library"), icon="house"),
        made("feeds", "Feeds", "Ctrl+2", run=module("feeds"), icon="workflow"),
        made("jobs", "Jobs", "Ctrl+J", run=lambda: go(ShowJobs()), icon="list"),
        made("inbox", "Inbox", "Ctrl+I", run=lambda: go(ShowInbox()), icon="bell"),
        made("pacs", "PACS Lookup", "Ctrl+L", run=section("pacs"), icon="search"),
        made("upload", "Upload Data", "Ctrl+U", run=section("upload"), icon="upload"),
        made(
            "reference",
            "Reference Data",
            "Ctrl+R",
            run=section("reference"),
            icon="library",
        ),
        made("all", "My Library", "", run=section("all"), icon="images"),
        made(
            "new-feed",
            "New feed",
            "Ctrl+N",
            run=lambda: go(NewFeed()),
            icon="plus",
        ),
        made(
            "many",
            "Same recipe on many …",
            "",
            run=lambda: go(NewFeed(many=True)),
            icon="layers",
        ),
        made(
            "started",
            "Feeds started together …",
            "",
            run=lambda: go(ShowStarted()),
            icon="list",
        ),
        made(
            "run-last",
            "Run the last recipe on the tray",
            "Ctrl+Shift+Return",
            run=shell.run_last_recipe,
            icon="play",
        ),
        made("back", "Back", "Alt+Left", run=shell.back, icon="arrow-left"),
        made("forward", "Forward", "Alt+Right", run=shell.forward, icon=""),
    )


def _panels(shell: "Shell") -> tuple[Command, ...]:
    def made(name: str, text: str, keys: str, run: Callable[[], object]) -> Command:
        return Command(name, text, "Window", (keys,), run)

    return (
        made("left", "Fold left panel", "F7", lambda: shell.toggle("left")),
        made("right", "Fold right panel", "F8", lambda: shell.toggle("right")),
        made("tray", "Fold tray", "F9", lambda: shell.toggle("tray")),
        made("full", "Full screen", "F11", lambda: toggle_full_screen(shell.window)),
        made("next-pane", "Next pane", "F6", lambda: focus_pane(shell.window, 1)),
        made(
            "previous-pane",
            "Previous pane",
            "Shift+F6",
            lambda: focus_pane(shell.window, -1),
        ),
        made("hide-names", "Hide patients' names", "Ctrl+Shift+P", shell.toggle_names),
        made("refresh", "Refresh", "F5", lambda: shell.ask_pane("refresh")),
        made("filter", "Filter", "Ctrl+F", lambda: shell.ask_pane("focus_filter")),
    )


def _program(shell: "Shell") -> tuple[Command, ...]:
    def sheet(name: str) -> Callable[[], None]:
        return lambda: shell.show_sheet(name)

    def made(
        name: str,
        text: str,
        keys: tuple[str, ...],
        *,
        run: Callable[[], object],
        icon: str = "",
        hidden: bool = False,
    ) -> Command:
        return Command(
            name,
            text,
            "Program",
            keys,
            run,
            icon,
            in_sheet=name in {"primary", "escape", "quit", "close"},
            hidden=hidden,
        )

    return (
        made("sign-in", "Sign in …", (), run=sheet("sign-in"), icon="server"),
        made("station", "Use this computer", (), run=shell.use_station, icon="house"),
        made(
            "reconnect",
            "Try the server again",
            (),
            run=shell.reconnect,
            icon="rotate-cw",
        ),
        made(
            "settings", "Settings", ("Ctrl+,",), run=sheet("settings"), icon="settings"
        ),
        made("track", "Track a run by address …", (), run=sheet("track"), icon="link"),
        made(
            "health",
            "Accounts and health …",
            (),
            run=sheet("health"),
            icon="server",
        ),
        made("keys", "Keys of this screen", ("F1",), run=sheet("keys"), icon="info"),
        made("undo", "Undo", ("Ctrl+Z",), run=shell.undo, icon="rotate-ccw"),
        made("redo", "Redo", ("Ctrl+Shift+Z",), run=shell.redo, icon="rotate-cw"),
        made(
            "primary",
            "Press the primary button",
            ("Ctrl+Return", "Ctrl+Enter"),
            run=shell.press_primary,
            hidden=True,
        ),
        made("escape", "Close, go back", ("Esc",), run=shell.escape, hidden=True),
        made("close", "Close window (jobs go on)", ("Ctrl+W",), run=shell.window.close),
        made("quit", "Quit", ("Ctrl+Q",), run=shell.window.quit_requested.emit),
    )


def toggle_full_screen(window: QWidget) -> None:
    """Fill the screen, or go back."""
    if window.isFullScreen():
        window.showNormal()
    else:
        window.showFullScreen()


def focus_pane(window: QWidget, by: int) -> None:
    """Move the focus to the next (1) or previous (-1) pane.

    A pane is a piece of the window that has its own `QSplitter` place or bar: what
    lies left and right of the focus among the places that take it.
    """
    stops = [
        piece
        for piece in window.findChildren(QWidget)
        if piece.isVisible()
        and piece.isEnabled()
        and (piece.property("pane") or piece.objectName() in _STOPS)
    ]
    if not stops:
        return
    stops.sort(key=lambda p: (p.mapTo(window, p.rect().topLeft()).x(), p.y()))
    focus = window.focusWidget()
    here = next(
        (
            index
            for index, stop in enumerate(stops)
            if focus is not None and (stop is focus or stop.isAncestorOf(focus))
        ),
        -by if by > 0 else 0,
    )
    target = stops[(here + by) % len(stops)]
    target.setFocus(Qt.FocusReason.TabFocusReason)


_STOPS = frozenset(
    {"places", "tray.items", "jobs.list", "inbox.list", "palette.open"}
    | {"feeds.list", "feed.graph", "outputs", "history", "results"}
)
