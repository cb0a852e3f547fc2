"""A tiny file manager: one tile that can be dragged and holds the files given.

Usage: ``drag_source.py X Y FILE …``. It stands in for the file manager a person would
drag from; the drop on the program is a real one, over the X server.
"""

import sys
from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, QTimer, QUrl
from PySide6.QtGui import QDrag, QMouseEvent, QPixmap
from PySide6.QtWidgets import QApplication, QLabel


class Tile(QLabel):
    """Files as one tile; pressing and moving drags them."""

    def __init__(self, files: list[Path]) -> None:
        super().__init__(f"{len(files)} files")
        self._files = files
        self.setWindowTitle("Files")
        self.setWindowFlags(Qt.WindowType.Dialog | Qt.WindowType.WindowStaysOnTopHint)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setStyleSheet(
            "background: #2b5c86; color: white; border: 1px solid #cfe6f7;"
        )
        self.resize(150, 56)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Begin the drag."""
        if not event.buttons() & Qt.MouseButton.LeftButton:
            return
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path)) for path in self._files])
        drag = QDrag(self)
        drag.setMimeData(data)
        picture = QPixmap(self.size())
        self.render(picture)
        drag.setPixmap(picture.scaledToWidth(90))
        done = drag.exec(Qt.DropAction.CopyAction)
        if done != Qt.DropAction.IgnoreAction:
            # Qt returns before the target has asked for the data: stay to answer
            self.hide()
            QTimer.singleShot(8000, QApplication.quit)


def main() -> int:
    """Show the tile until its files were dropped."""
    application = QApplication(sys.argv[:1])
    application.setQuitOnLastWindowClosed(False)
    tile = Tile([Path(name).resolve() for name in sys.argv[3:]])
    tile.move(int(sys.argv[1]), int(sys.argv[2]))
    tile.show()
    return application.exec()


if __name__ == "__main__":
    sys.exit(main())
