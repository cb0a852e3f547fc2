"""The keys of each context (Everywhere comes from the commands), for F1."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QGridLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from chrislib.views.shell.commands import Command, native
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.text import Label

Keys = tuple[tuple[str, str], ...]

CONTEXTS: Mapping[str, Keys] = MappingProxyType(
    {
        "Lists, grids and trees": (
            ("Up", "previous"),
            ("Down", "next"),
            ("Left", "fold"),
            ("Right", "unfold"),
            ("Home", "first"),
            ("End", "last"),
            ("Return", "open"),
            ("Space", "preview, again closes"),
            ("T", "tick: into or out of the tray"),
            ("Shift+T", "tick all shown"),
            ("G", "grid"),
            ("J", "list"),
            ("E", "open in viewer"),
            ("C", "compare two"),
            ("N", "survey all highlighted"),
            ("P", "flag: pick"),
            ("X", "flag: reject"),
            ("U", "no flag"),
            ("0 to 5", "stars"),
            ("6 to 9", "red, yellow, green, blue"),
            ("K", "keywords"),
            ("B", "into or out of the quick collection"),
            ("A", "add (pull) the highlighted"),
            ("D", "Get files"),
            ("Del", "remove …"),
            ("Tab", "fold or show side panels"),
            ("Shift+Tab", "fold or show all panels"),
        ),
        "History and references": (
            ("R", "again, or retry what failed"),
            ("F", "the feeds that used it"),
        ),
        "Viewer": (
            ("Up", "previous image"),
            ("Down", "next image"),
            ("PgUp", "10 back"),
            ("PgDown", "10 on"),
            ("Home", "first"),
            ("End", "last"),
            ("W", "window tool"),
            ("M", "pan tool"),
            ("Z", "zoom tool"),
            ("I", "invert"),
            ("R", "reset view"),
        ),
        "Feed graph": (
            ("Up", "parent"),
            ("Down", "first child"),
            ("Left", "sibling before"),
            ("Right", "sibling after"),
            ("Return", "open outputs"),
            ("A", "Add node"),
            ("R", "Run again …"),
            ("Del", "delete the node …"),
            ("E", "open output in viewer"),
            ("D", "Get files"),
            ("T", "the node's outputs: into or out of the tray"),
            ("Y", "copy command"),
            ("H", "log"),
            ("1", "color by state"),
            ("2", "color by run time"),
            ("3", "color by plugin"),
            ("O", "grow down or to the right"),
            ("W", "show all of it"),
            ("B", "fold or open the branch"),
            ("F", "fold finished branches"),
            ("Shift+F", "open all branches"),
            ("Ctrl+=", "zoom in"),
            ("Ctrl+-", "zoom out"),
            ("Ctrl+0", "fit"),
        ),
        "Outputs": (
            ("Right", "unfold, or the first inside"),
            ("Left", "fold, or the folder around"),
            ("Return", "open in viewer"),
            ("Shift+E", "open with another program"),
            ("D", "Get what is highlighted"),
            ("T", "into or out of the tray"),
        ),
        "Browse Files": (
            ("Backspace", "the folder above"),
            ("/", "type a path"),
            ("F2", "rename …"),
            ("Ctrl+X", "cut, to be moved"),
            ("Ctrl+V", "move here what was cut"),
            ("Ctrl+Shift+N", "new folder …"),
            ("Del", "delete on server …"),
        ),
        "Jobs, inbox": (
            ("Up", "previous"),
            ("Down", "next"),
            ("Return", "show"),
            ("D", "Get"),
            ("L", "Later"),
            ("Del", "Discard"),
            ("R", "Retry, Run again"),
            ("X", "Cancel …"),
            ("M", "read, unread"),
        ),
    }
)

_OF_MODULE = {
    "library": ("Lists, grids and trees", "Browse Files", "History and references"),
    "feeds": ("Feed graph", "Outputs", "Lists, grids and trees"),
    "jobs": ("Jobs, inbox",),
    "viewer": ("Viewer",),
}


def key_sheet(
    window: QWidget, theme: Theme, commands: Sequence[Command], *, module: str
) -> Sheet:
    """Return the sheet that F1 opens: keys of this screen, then those of everywhere."""
    sheet = Sheet(window, theme, "Keys", "Of this screen first", width=760, height=640)
    sheet.setObjectName("keys.sheet")
    sheet.cancel_button.hide()
    sheet.next_button.setText("Close")
    sheet.next_pressed.connect(sheet.accept)
    page = QWidget()
    grid = QGridLayout(page)
    grid.setContentsMargins(24, 16, 24, 16)
    grid.setHorizontalSpacing(24)
    grid.setVerticalSpacing(4)
    row = 0
    everywhere = tuple(
        (native(command.keys[0]), command.text) for command in commands if command.keys
    )
    groups: list[tuple[str, Keys]] = [
        (name, CONTEXTS[name]) for name in _OF_MODULE.get(module, ())
    ]
    groups.append(("Everywhere", everywhere))
    for title, keys in groups:
        head = Label(theme, title, style="section")
        head.setContentsMargins(0, 12 if row else 0, 0, 4)
        grid.addWidget(head, row, 0, 1, 2)
        row += 1
        for key, words in keys:
            cap = Label(theme, key, style="mono", token="text.secondary")
            grid.addWidget(cap, row, 0)
            grid.addWidget(Label(theme, words, style="small"), row, 1)
            row += 1
    grid.setColumnStretch(1, 1)
    area = QScrollArea()
    area.setObjectName("keys.list")
    area.setAccessibleName("Keys")
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(page)
    page.setAutoFillBackground(False)
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(area)
    sheet.body.addWidget(holder)
    return sheet
