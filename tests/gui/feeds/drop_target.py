"""Another program: a small window that says which files were dropped on it.

Usage: ``drop_target.py``. It prints JSON, a line for each drop: the path of each file
below what was dropped, and its bytes by their SHA-256. Before, how often a drag moved
over it. Ends with its input.
"""

import hashlib
import json
import sys
import threading
from pathlib import Path

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLabel


class Target(QLabel):
    """Takes files, as a file manager does."""

    ended = Signal()

    def __init__(self) -> None:
        super().__init__("Drop here")
        self.setAcceptDrops(True)
        self.setGeometry(920, 0, 300, 300)
        self._moves = 0

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files only."""
        self._moves = 0
        if event.mimeData().hasUrls() or event.mimeData().hasFormat("text/uri-list"):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Take them wherever they are."""
        event.acceptProposedAction()
        self._moves += 1
        say({"over": self._moves})

    def dropEvent(self, event: QDropEvent) -> None:
        """Say what was dropped."""
        event.acceptProposedAction()
        say(digests(event.mimeData().urls()))


def digests(urls: list[QUrl]) -> dict[str, str]:
    """Read every file."""
    found: dict[str, str] = {}
    for url in urls:
        top = Path(url.toLocalFile())
        files = sorted(top.rglob("*")) if top.is_dir() else [top]
        for path in files:
            if path.is_file():
                name = path.relative_to(top.parent).as_posix()
                found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def say(what: object) -> None:
    """Print a line."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main() -> int:
    """Show the window until the input ends."""
    application = QApplication(sys.argv[:1])
    target = Target()
    target.ended.connect(application.quit)

    def wait() -> None:
        sys.stdin.read()
        target.ended.emit()

    threading.Thread(target=wait, daemon=True).start()
    target.show()
    say({"shown": True})
    return application.exec()


if __name__ == "__main__":
    sys.exit(main())
