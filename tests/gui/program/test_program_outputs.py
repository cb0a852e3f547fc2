"""Outputs in the whole program on a real station: links, names, the tray, the disk."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from chrislib.jobs.model import Phase
from chrislib.views.feeds.output_head import FEED
from chrislib.views.feeds.pane import FeedsPane
from tests.gui.program.person import LONG, Person, root_intent, submit, upload

Program = Any
Station = Any
ProgramFactory = Callable[..., Program]

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def test_linked_files_are_narrowed_ticked_dragged_and_saved(
    program_factory: ProgramFactory, station: Station, tmp_path: Path
) -> None:
    program = program_factory(station)
    person = Person(program)
    services = program.services
    folder = f"home/local/uploads/outputs-{time.monotonic_ns()}"
    # names that are one on many disks, and one that none of Windows takes
    for name in ("scan/T1.txt", "scan/t1.txt", "scan/con", "readme.md"):
        upload(program, f"{folder}/{name}", f"content of {name}")
    root = submit(program, root_intent(program, folder, "Outputs of links"))
    program.wait(lambda: services.jobs.get(root.key).phase.terminal, 90_000)
    program.window.shell.choose_module("feeds")
    pane = program.window.findChild(FeedsPane)
    pane.show_feed(root.feed_id, root.remote_id)
    outputs = pane.centre.outputs
    program.wait(lambda: outputs.loader.complete and outputs.model.count() > 2, LONG)
    program.wait_to_read("4 files", timeout=LONG)

    # the whole feed has the same files, in the folder of their node
    QTest.mouseClick(outputs.head.scopes._buttons[FEED], Qt.MouseButton.LeftButton)
    program.wait(lambda: outputs.loader.complete and len(outputs.files) == 4, LONG)
    QTest.keyClicks(outputs.head.field, "scan T1")
    program.wait(lambda: outputs.model.book.found_count == 2, LONG)
    program.wait_to_read("2 of 4 files", timeout=LONG)

    # into the tray by key, with what is known of it
    name = next(e.relative for e in outputs.files if e.path.endswith("/scan/T1.txt"))
    program.wait(lambda: outputs.reveal(name), LONG)
    path = outputs.current.path
    outputs.view.setFocus()
    QTest.keyClick(outputs.view, Qt.Key.Key_T)
    tray = services.library.tray
    program.wait(lambda: any(item.path == path for item in tray.items()), LONG)
    QTest.keyClick(outputs.view, Qt.Key.Key_T)
    program.wait(lambda: all(item.path != path for item in tray.items()), LONG)

    # dragged: under its own name as soon as it is here
    hand = pane.actions_.outputs.hand
    copies = services.feeds.outputs.copies
    entry = outputs.current
    program.wait(lambda: copies.local(entry) is not None, LONG)
    (url,) = hand.carry([entry]).urls()
    dragged = Path(url.toLocalFile())
    assert (dragged.name, dragged.read_text()) == ("T1.txt", "content of scan/T1.txt")

    # saved: nothing is lost, and what is called otherwise is told
    outputs.head.clear_filter()
    program.wait(lambda: outputs.model.book.found_count == 4, LONG)
    chosen = tmp_path / "chosen"
    chosen.mkdir()
    person.click(outputs.get_button)
    person.choose_folder(chosen)

    def got() -> Any:
        jobs = services.jobs.jobs()
        return next((j for j in jobs if str(chosen) in str(j.intent)), None)

    program.wait(lambda: got() is not None and got().phase.terminal, 90_000)
    assert got().phase is Phase.FINISHED
    assert "2 files have another name here" in got().detail
    saved = [path for path in chosen.rglob("*") if path.is_file()]
    assert sorted(path.read_text() for path in saved) == [
        "content of readme.md",
        "content of scan/T1.txt",
        "content of scan/con",
        "content of scan/t1.txt",
    ]
    assert len({str(path).casefold() for path in saved}) == 4
