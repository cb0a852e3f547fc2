"""Every command of the shell: one table behind keys, menu, palette and F1."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from chrislib.views.theme.theme import Theme


@dataclass(frozen=True, slots=True)
class Command:
    """Something the person can do from anywhere.

    Attributes
    ----------
    keys : tuple of str
        Shortcuts in Qt's portable form; the first one is shown.
    group : str
        Heading in the menu and in the list of keys.
    in_sheet : bool
        Whether it also acts while a sheet is open.
    hidden : bool
        Keys only, not in menu and palette.
    """

    name: str
    text: str
    group: str
    keys: tuple[str, ...]
    run: Callable[[], object]
    icon: str = ""
    in_sheet: bool = False
    hidden: bool = False


def native(keys: str) -> str:
    """Return a shortcut as this system writes it."""
    return QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)


def make_actions(
    window: QWidget,
    commands: Sequence[Command],
    *,
    allowed: Callable[[Command], bool],
) -> dict[str, QAction]:
    """Return a `QAction` with text and keys for each command, added to `window`.

    Parameters
    ----------
    allowed : callable
        Asked each time a command is about to run.
    """
    made: dict[str, QAction] = {}
    for command in commands:
        action = QAction(command.text, window)
        action.setObjectName(f"action.{command.name}")
        action.setShortcuts([QKeySequence(keys) for keys in command.keys])
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.setAutoRepeat(False)

        def run(_on: bool = False, command: Command = command) -> None:
            if allowed(command):
                command.run()

        action.triggered.connect(run)
        window.addAction(action)
        made[command.name] = action
    return made


def make_menu(
    parent: QWidget,
    theme: Theme,
    commands: Sequence[Command],
    *,
    actions: dict[str, QAction],
) -> QMenu:
    """Return the menu with every command that is not for keys only, by group."""
    menu = QMenu(parent)
    menu.setObjectName("menu.all")
    menus: dict[str, QMenu] = {}
    for command in commands:
        if command.hidden:
            continue
        if command.group not in menus:
            menus[command.group] = menu.addMenu(command.group)
            menus[command.group].setObjectName(f"menu.{command.group}")
        action = actions[command.name]
        if command.icon:
            action.setIcon(theme.icon(command.icon))
        menus[command.group].addAction(action)
    return menu
