"""What the palette offers: commands at once, library items and feeds when known."""

from collections.abc import Callable, Sequence

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from chrislib.errors import ChrislibError
from chrislib.views.context import ViewContext
from chrislib.views.navigation import Place, ShowFeed, ShowLibrary
from chrislib.views.shell.commands import Command, native
from chrislib.views.shell.palette import Entry
from chrislib.views.shell.tray_view import second_line


def command_entries(commands: Sequence[Command]) -> list[Entry]:
    """Return the commands that are not for keys only."""
    return [
        Entry(
            "Commands",
            command.text,
            native(command.keys[0]) if command.keys else "",
            command.icon,
            command.run,
        )
        for command in commands
        if not command.hidden
    ]


class PaneCommands:
    """What the pane in front offers, beside the commands of the shell."""

    def __init__(self) -> None:
        self._actions: dict[QWidget, list[QAction]] = {}

    def entries(self, pane: QWidget | None) -> list[Entry]:
        """Return a pane's commands that can be used now; those of a key only not."""
        if pane is None or not hasattr(pane, "commands"):
            return []
        if pane not in self._actions:
            self._actions[pane] = [
                action
                for action in pane.commands()
                if action.objectName() and action.text()
            ]
        return [
            Entry(
                "Commands",
                action.text(),
                action.shortcut().toString(QKeySequence.SequenceFormat.NativeText),
                "",
                action.trigger,
            )
            for action in self._actions[pane]
            if action.isEnabled()
        ]


async def data_entries(context: ViewContext) -> list[Entry]:
    """Return library items and feeds (asks the server for the feeds)."""

    def leads_to(place: Place) -> Callable[[], None]:
        return lambda: context.navigator.go(place)

    hidden = bool(context.settings.get("hide_names"))
    entries = [
        Entry(
            "Library",
            item.title,
            second_line(item, hidden=hidden),
            "layers",
            leads_to(ShowLibrary("all", item.item_id)),
        )
        for item in await context.library.items()
    ]
    try:
        rows = await context.feeds.lists.of("mine")
    except ChrislibError:
        # without a server the palette offers what is known here
        return entries
    return entries + [
        Entry(
            "Feeds",
            row.title,
            f"Feed {row.id}",
            "workflow",
            leads_to(ShowFeed(row.id)),
        )
        for row in rows
    ]
