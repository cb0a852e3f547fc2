"""The menu of entries, the same in tree and table."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QWidget

from chrislib.library.storage import rules
from chrislib.library.storage.model import Entry, Leads
from chrislib.views.library.files.acts import FileActs

Verb = Callable[[], object]


def entry_menu(
    parent: QWidget,
    acts: FileActs,
    entries: Sequence[Entry],
    *,
    username: str,
    share_problem: Callable[[Entry], str],
    open_: Callable[[Entry], object],
    cut: Callable[[Sequence[Entry]], object],
) -> QMenu:
    """Return the menu of highlighted entries; it deletes itself when it closes."""
    menu = _menu(parent, "files.menu")
    one = entries[0] if len(entries) == 1 else None
    fixed = rules.refusal(entries[0], username) if one else ""
    if one is not None:
        if one.leads is Leads.FOLDER:
            _add(menu, "Open\tReturn", lambda: open_(one))
        _add(menu, "View\tE", lambda: acts.view(one), off=_closed(one))
    _add(menu, "Tick or untick\tT", lambda: acts.tick(entries))
    _add(menu, "Get …\tD", lambda: acts.get(entries))
    menu.addSeparator()
    if one is not None:
        _add(menu, "Rename …\tF2", lambda: acts.rename(one), off=fixed)
    _add(menu, "Move …", lambda: acts.move(entries), off=fixed)
    _add(menu, "Cut\tCtrl+X", lambda: cut(entries), off=fixed)
    _add(menu, "Copy path\tCtrl+C", lambda: acts.copy_paths(entries))
    if one is not None:
        _add(menu, "Share …", lambda: acts.share(one), off=share_problem(one))
    menu.addSeparator()
    _add(menu, "Delete on server …\tDel", lambda: acts.delete(entries), off=fixed)
    return menu


def place_menu(
    parent: QWidget,
    *,
    new_folder: Verb,
    paste: Verb | None,
    upload: Verb,
    upload_folder: Verb,
    go_to: Verb,
    refresh: Verb,
    problem: str,
) -> QMenu:
    """Return the menu of the folder that is shown."""
    menu = _menu(parent, "files.place.menu")
    _add(menu, "New folder …\tCtrl+Shift+N", new_folder, off=problem)
    if paste is not None:
        _add(menu, "Move here what was cut\tCtrl+V", paste, off=problem)
    _add(menu, "Send files here …", upload, off=problem)
    _add(menu, "Send a folder here …", upload_folder, off=problem)
    menu.addSeparator()
    _add(menu, "Go to path …\t/", go_to)
    _add(menu, "Look again\tF5", refresh)
    return menu


def _menu(parent: QWidget, name: str) -> QMenu:
    menu = QMenu(parent)
    menu.setObjectName(name)
    menu.setToolTipsVisible(True)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return menu


def _add(menu: QMenu, text: str, verb: Verb, *, off: str = "") -> None:
    action = menu.addAction(text)
    action.triggered.connect(lambda _on=False: verb())
    action.setEnabled(not off)
    if off:
        action.setToolTip(off)


def _closed(entry: Entry) -> str:
    if entry.leads is Leads.NOWHERE:
        return "What it stands for is gone from the server."
    return "What it stands for is not open to you." if entry.closed else ""
