"""Browse Files in the whole program on a real station."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QWidget

from chrislib.views.library.files.page import FilesPage
from chrislib.views.navigation import ShowLibrary
from tests.gui.program.person import Person

# sheets and menus on the offscreen platform
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

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


def page_of(program: Any) -> FilesPage:
    """Return the page, shown."""
    found = program.window.findChild(FilesPage, "library.files")
    assert isinstance(found, FilesPage)
    return found


def picture(program: Any, name: str) -> None:
    """Grab the window for people to look at."""
    if PICTURES:
        program.qtbot.wait(400)
        folder = Path(PICTURES)
        folder.mkdir(parents=True, exist_ok=True)
        program.window.grab().save(str(folder / f"{name}.png"))


def test_a_person_works_in_the_storage(
    program_factory: Callable[..., Any], station: Any
) -> None:
    top = f"home/local/uploads/pilot-{secrets.token_hex(3)}"
    for name, content in (
        ("stats/aseg.csv", b"region,volume\nleft,12\nright,13\n"),
        ("notes.txt", b"a note"),
        ("<b>bold<i>.json", b'{"a": 1}'),
        ("run2.log", b"x" * 3000),
        ("run10.log", b"y" * 2000),
    ):
        upload(station, f"{top}/{name}", content)
    program = program_factory(station)
    if PICTURES:
        program.window.resize(1440, 900)
    program.context.navigator.go(ShowLibrary("files", top))
    program.wait_to_read("notes.txt")
    page = page_of(program)
    picture(program, "files-1")
    index = page.model.find("stats")
    page.table.setCurrentIndex(page.model.find("notes.txt"))
    picture(program, "files-2")
    assert index.isValid()
