"""The outputs in a window of their own, to be dragged from by a real mouse.

Usage: ``python -m tests.gui.feeds.drag_program FOLDER``. It prints JSON, a line at a
time: where the rows are on the screen, then what is on this computer. Ends with its
input.
"""

import asyncio
import json
import os
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import qasync
from PySide6.QtCore import QPoint, QTimer
from PySide6.QtWidgets import QApplication

from chrislib.feeds.model import OutputEntry
from chrislib.feeds.output_copies import OutputCopies
from chrislib.paths import resources
from chrislib.views.feeds.output_hand import OutputHand
from chrislib.views.feeds.output_view import OutputView
from chrislib.views.messages import Messages
from chrislib.views.ports import MemoryStore
from chrislib.views.tasks import PaneTasks
from chrislib.views.theme.theme import Theme
from tests.gui.feeds.conftest import MemoryWalk, make_node, sample_outputs


def content(entry: OutputEntry) -> bytes:
    """Return what is in a file: as many bytes as it says, its own."""
    size = entry.size or 0
    return (f"{entry.file_id}:{entry.relative}\n".encode() * size)[:size]


class Window:
    """The outputs of a node, and the hand that carries them."""

    def __init__(self, application: QApplication, folder: Path) -> None:
        self._folder = folder
        self._told: set[str] = set()
        self.copies = OutputCopies(folder / "copies", self._fetch)
        storage = SimpleNamespace(
            offer=self._nothing, withdraw=self._nothing, item_of=lambda _entry: None
        )
        walk = SimpleNamespace(of=self._outputs)
        messages = Messages()
        theme = Theme(resources())
        theme.apply(application)
        context: Any = SimpleNamespace(
            theme=theme,
            now=lambda: 0.0,
            layout=MemoryStore(),
            messages=messages,
            settings=MemoryStore(),
            storage=storage,
            feeds=SimpleNamespace(
                outputs=SimpleNamespace(
                    copies=self.copies,
                    fetch=self._fetch,
                    walk=lambda roots: MemoryWalk(walk, roots),  # type: ignore[arg-type]
                )
            ),
            tasks=lambda name: PaneTasks(messages, name),
        )
        self.view = OutputView(context)
        self.hand = OutputHand(context, PaneTasks(messages, "drag"), view=self.view)
        self.hand._item = lambda entry: SimpleNamespace(item_id=entry.relative)  # type: ignore[assignment,return-value]
        self.view.setGeometry(0, 0, 900, 500)
        self.view.show()
        self.view.look(make_node(3, "pl-bet", "1.0.4"))
        self._watch = QTimer(self.view)
        self._watch.setInterval(50)
        self._watch.timeout.connect(self._tell)
        self._watch.start()

    def _tell(self) -> None:
        model, table = self.view.model, self.view.view
        if not self.view.loader.complete or not table.isVisible():
            return
        if not self._told:
            self._told.add("rows")
            rows = {}
            for number in range(model.count()):
                rect = table.visualRect(model.index(number, 0))
                spot = table.viewport().mapToGlobal(rect.center() - QPoint(40, 0))
                rows[str(model.index(number, 0).data())] = (spot.x(), spot.y())
            _say({"rows": rows})
        for entry in self.view.top:
            if (
                self.copies.local(entry) is not None
                and entry.relative not in self._told
            ):
                self._told.add(entry.relative)
                _say({"here": entry.relative})

    async def _fetch(self, entry: OutputEntry, **_: Any) -> Path:
        await asyncio.sleep(0)
        path = self._folder / f"{entry.file_id}.bin"
        path.write_bytes(content(entry))
        return path

    async def _outputs(self, _node: object) -> list[OutputEntry]:
        return sample_outputs()

    async def _nothing(self, _entries: object) -> None:
        """The tray is not what is tried."""


def _say(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Show the window until the input ends."""
    os.environ["QT_QPA_PLATFORM"] = "xcb"
    application = QApplication(sys.argv[:1])
    loop = qasync.QEventLoop(application)
    asyncio.set_event_loop(loop)
    ended = asyncio.Event()

    def wait() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=wait, daemon=True).start()

    async def show() -> None:
        window = Window(application, Path(sys.argv[1]))
        await ended.wait()
        window.hand.shutdown()
        window.view.close()

    with loop:
        loop.run_until_complete(show())


if __name__ == "__main__":
    main()
