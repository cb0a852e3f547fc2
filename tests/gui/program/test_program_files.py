"""Browse Files in the whole program on a real station."""

import os
import secrets
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QPlainTextEdit, QWidget

from chrislib.views.library.files.page import FilesPage
from chrislib.views.navigation import ShowLibrary
from tests.gui.program.person import Person

# sheets and menus on the offscreen platform
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

_W = TypeVar("_W", bound=QWidget)
PICTURES = os.environ.get("FILES_PICTURES", "")


def upload(station: Any, path: str, content: bytes = b"hello world\n") -> None:
    """Store a file on the station."""
    answer = httpx.post(
        f"{station.url}userfiles/",
        data={"upload_path": path},
        files={"fname": (path.rpartition("/")[2], content)},
        headers={"Authorization": f"Token {station.token}"},
        timeout=30,
    )
    assert answer.status_code == 201, answer.text


def picture(program: Any, name: str) -> None:
    """Grab the window for people to look at."""
    if PICTURES:
        program.qtbot.wait(400)
        folder = Path(PICTURES)
        folder.mkdir(parents=True, exist_ok=True)
        program.window.grab().save(str(folder / f"{name}.png"))


def find(parent: QWidget, kind: type[_W], name: str = "") -> _W:
    """Return a widget below another, which must be there."""
    found = parent.findChild(kind, name) if name else parent.findChild(kind)
    assert isinstance(found, kind)
    return found


class Browser:
    """Browse Files under the hands of a person."""

    def __init__(self, program: Any, path: str) -> None:
        self.program = program
        self.person = Person(program)
        if PICTURES:
            program.window.resize(1440, 900)
        program.context.navigator.go(ShowLibrary("files", path))
        self.page = find(program.window, FilesPage, "library.files")
        self.there(path)

    def there(self, path: str) -> None:
        """Wait until a folder is shown, all of it."""
        page = self.page

        def shown() -> bool:
            folder = page.folder
            return folder is not None and folder.path == path and page.complete

        self.person.wait(shown, path)

    def names(self) -> list[str]:
        """Return what the rows are called."""
        return [entry.label for entry in self.page.model.shown]

    def rows(self, *names: str) -> None:
        """Wait until the table has these names, in any order."""
        wanted = sorted(names)
        self.person.wait(lambda: sorted(self.names()) == wanted, str(names))

    def highlight(self, *names: str) -> None:
        """Highlight rows by their names."""
        table, model = self.page.table, self.page.model
        table.clearSelection()
        for number, name in enumerate(names):
            spot = table.visualRect(model.find(name)).center()
            control = Qt.KeyboardModifier.ControlModifier
            none = Qt.KeyboardModifier.NoModifier
            QTest.mouseClick(
                table.viewport(), Qt.MouseButton.LeftButton,
                control if number else none, QPoint(200, spot.y()),
            )  # fmt: skip
        assert [entry.name for entry in self.page.highlighted()] == list(names)

    def key(self, key: Qt.Key, modifier: Any = Qt.KeyboardModifier.NoModifier) -> None:
        """Press a key in the table."""
        QTest.keyClick(self.page.table, key, modifier)

    def type_into_sheet(self, text: str) -> None:
        """Fill the field of the small sheet and press its button."""
        sheet = self.person.sheet("files.text")
        field = find(sheet, QLineEdit, "files.text.field")
        field.selectAll()
        QTest.keyClicks(field, text)
        QTest.keyClick(field, Qt.Key.Key_Return)

    def wrong(self) -> str:
        """Return what the small sheet says is wrong."""
        sheet = self.person.sheet("files.text")
        label = find(sheet, QLabel, "files.text.wrong")
        return str(label.text())


def test_a_person_works_in_the_storage(
    program_factory: Callable[..., Any], station: Any, tmp_path: Path
) -> None:
    top = f"home/local/uploads/pilot-{secrets.token_hex(3)}"
    for name, content in (
        ("stats/aseg.csv", b"region,volume\nleft,12\nright,13\n"),
        ("notes.txt", b"a note"),
        ("<b>bold/a.json", b'{"a": 1}'),
        ("run2.log", b"x" * 3000),
        ("run10.log", b"y" * 2000),
    ):
        upload(station, f"{top}/{name}", content)
    program = program_factory(station)
    browser = Browser(program, top)
    person, page = browser.person, browser.page
    # folders first, numbers as people count
    assert browser.names() == ["<b>bold", "stats", "notes.txt", "run2.log", "run10.log"]
    browser.highlight("notes.txt")
    program.wait_to_read("local, who owns it")
    text = find(page.inspector.preview, QPlainTextEdit, "preview.text")
    person.wait(lambda: text.isVisible() and text.toPlainText() == "a note", "preview")
    picture(program, "files-preview")
    # a name that is refused stays in the field, with the reason under it
    browser.key(Qt.Key.Key_F2)
    browser.type_into_sheet("a/b")
    assert "slash" in browser.wrong()
    browser.type_into_sheet("run2.log")
    person.wait(lambda: "there already" in browser.wrong(), "the name is taken")
    picture(program, "files-rename")
    browser.type_into_sheet("report.txt")
    person.no_sheet("files.text")
    browser.rows("<b>bold", "stats", "report.txt", "run2.log", "run10.log")
    program.wait_to_read("Renamed “report.txt”", "Undo")
    shown = find(program.window, QLabel, "files.side.name")
    person.wait(lambda: shown.text() == "report.txt", "the inspector has the name")
    picture(program, "files-renamed")
    # Ctrl+Z takes it back
    program.window.shell.undo()
    browser.rows("<b>bold", "stats", "notes.txt", "run2.log", "run10.log")
    # a new folder, and two files cut and pasted into it
    person.press("New folder")
    browser.type_into_sheet("old runs")
    browser.rows("<b>bold", "stats", "old runs", "notes.txt", "run2.log", "run10.log")
    browser.highlight("run2.log", "run10.log")
    browser.key(Qt.Key.Key_X, Qt.KeyboardModifier.ControlModifier)
    browser.highlight("old runs")
    browser.key(Qt.Key.Key_Return)
    browser.there(f"{top}/old runs")
    person.wait(lambda: program.reads("This folder is empty"), "an empty folder")
    picture(program, "files-empty")
    page.table.setFocus()
    page.desk.paste()
    browser.rows("run2.log", "run10.log")
    # it moved in the tree and in the trail as well
    picture(program, "files-moved")
    # ticks: the file here, its folder from above, then the tray makes a feed of it
    browser.highlight("run2.log")
    browser.key(Qt.Key.Key_T)
    tray = program.services.library.tray
    person.wait(lambda: len(tray) == 1, "the tray")
    assert tray.items()[0].path == f"{top}/old runs/run2.log"
    browser.key(Qt.Key.Key_Backspace)
    browser.there(top)
    boxes = page.model.find("old runs")
    assert boxes.data(Qt.ItemDataRole.CheckStateRole) == _PARTLY
    picture(program, "files-ticked")
    browser.highlight("stats")
    browser.key(Qt.Key.Key_T)
    person.wait(lambda: len(tray) == 2, "the tray holds the folder")
    item = tray.items()[1]
    person.wait(
        lambda: program.services.library.item(item.item_id).images == 1, "count"
    )
    # what goes with a deletion is said, then it goes; the tray forgets it
    browser.highlight("old runs", "notes.txt")
    browser.key(Qt.Key.Key_Delete)
    sheet = person.sheet("confirm")
    program.wait_to_read("3 files", "1 folder", "cannot be undone")
    picture(program, "files-delete")
    person.press("Delete on server", within=sheet)
    browser.rows("<b>bold", "stats")
    assert (
        program.run(program.services.session.client.folders.at(f"{top}/old runs"))
        is None
    )
    # to this computer
    target = tmp_path / "chosen"
    key = program.run(program.services.storage.download(list(page.model.shown), target))
    person.wait(lambda: program.services.jobs.get(key).phase.terminal, "the download")
    found = sorted(path.name for path in target.rglob("*") if path.is_file())
    assert found == ["a.json", "aseg.csv"]
    # and from it, dropped on a folder of the table
    local = tmp_path / "new names, here.txt"
    local.write_text("fresh")
    page.dragging.files_dropped.emit(
        [local], page.model.entry(page.model.find("stats"))
    )
    browser.highlight("stats")
    browser.key(Qt.Key.Key_Return)
    browser.there(f"{top}/stats")
    browser.rows("aseg.csv", "new_names_here.txt")


def test_what_is_shared_and_what_leads_nowhere(
    program_factory: Callable[..., Any], station: Any
) -> None:
    token = secrets.token_hex(3)
    top, other = f"home/local/uploads/links-{token}", f"alice{token}"
    upload(station, f"{top}/real/file.txt")
    upload(station, f"{top}/plain.txt")
    with closing(sqlite3.connect(station.folder / "station.db", timeout=30)) as db, db:
        db.execute("INSERT INTO users (username, password, token) VALUES (?, '', ?)",
                   (other, token))  # fmt: skip
        folder = db.execute("SELECT id, owner_id FROM folders WHERE path = ?", (top,))
        ident, owner = folder.fetchone()
        for name, target in (
            ("gone", f"{top}/nothing.txt"),
            ("round", top),
            ("there", f"{top}/real/file.txt"),
        ):
            db.execute(
                "INSERT INTO linkfiles (creation_date, path, fname, folder_id, "
                "owner_id) VALUES ('2026-11-01T10:00:00+00:00', ?, ?, ?, ?)",
                (target, f"{top}/{name}.chrislink", ident, owner),
            )
    program = program_factory(station)
    browser = Browser(program, top)
    person, page = browser.person, browser.page
    browser.rows("gone", "plain.txt", "real", "round", "there")
    model = page.model

    def told(name: str, column: int) -> str:
        return str(model.index(model.find(name).row(), column).data())

    assert told("gone", 1) == "Link, target gone"
    person.wait(
        lambda: told("there", 2) == "12 B", "the size of what a link stands for"
    )
    # a link that leads back: the tree does not unfold it again
    tree = page.tree.tree

    def nodes(path: str) -> list[Any]:
        return [
            one for one in tree.nodes() if one.entry and one.entry.thing.path == path
        ]

    person.wait(lambda: nodes(top), "the folder in the tree")
    page.tree.setExpanded(tree.index_of(nodes(top)[0]), True)
    back = f"{top}/round.chrislink"
    person.wait(lambda: nodes(back), "the link that leads back")
    assert nodes(back)[0].loops
    assert not tree.hasChildren(tree.index_of(nodes(back)[0]))
    picture(program, "files-links")
    # sharing, refusal and revoking in the sheet
    browser.highlight("real")
    person.press("Share …", within=page.inspector)
    sheet = person.sheet("files.share")
    assert sheet.title.text() == "Share “real”"
    field = find(sheet, QLineEdit, "files.share.name")
    QTest.keyClicks(field, "nobody-here")
    person.press("Share", within=sheet)
    program.wait_to_read("no person called “nobody-here”")
    field.selectAll()
    QTest.keyClicks(field, other)
    person.press("Share", within=sheet)
    program.wait_to_read(f"{other} can open it now", "May read")
    picture(program, "files-share")
    person.press("Revoke", within=sheet)
    program.wait_to_read(f"{other} cannot open it any more")
    person.press("Close", within=sheet)
    person.no_sheet("files.share")
    # the file that was looked at can be dragged out under its own name
    browser.highlight("plain.txt")
    plain = page.highlighted()

    def dragged() -> list[str]:
        urls = page.model.mimeData([page.table.currentIndex()]).urls()
        return [Path(url.toLocalFile()).name for url in urls]

    person.wait(lambda: dragged() == ["plain.txt"], "the file is here")
    assert plain[0].thing.path == f"{top}/plain.txt"
    # a path typed that leads nowhere leaves what is shown
    page.go(f"{top}/not there/at all")
    program.wait_to_read("nothing at this path")
    assert page.folder is not None
    # one that leads to a file highlights it
    page.go(f"/{top}/real/file.txt")
    browser.there(f"{top}/real")
    person.wait(page.highlighted, "the file is highlighted")


_PARTLY = Qt.CheckState.PartiallyChecked
