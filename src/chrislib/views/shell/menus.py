"""The menus behind the mark and behind the connection chip."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

if TYPE_CHECKING:
    from chrislib.accounts.session import Session


def pop_up_under(menu: QMenu, button: QWidget) -> None:
    """Show a menu under its button, once; returns at once."""
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.popup(button.mapToGlobal(QPoint(0, button.height() + 2)))


def account_menu(
    parent: QWidget, session: "Session", actions: Mapping[str, QAction]
) -> QMenu:
    """Return the menu of the present connection."""
    menu = QMenu(parent)
    menu.setObjectName("menu.accounts")
    if session.host:
        words = f"{session.host}  {session.username}".strip()
        menu.addAction(words).setEnabled(False)
        menu.addSeparator()
    for name in ("sign-in", "station", "reconnect", "health"):
        menu.addAction(actions[name])
    return menu
