"""The peer of the cold start: nothing but a QMainWindow; prints when it painted."""

import sys

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication, QMainWindow


class FirstPaint(QObject):
    """Says once that the window was painted."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            QTimer.singleShot(0, self.painted)
        return False

    def painted(self) -> None:
        sys.stdout.write("painted\n")
        sys.stdout.flush()
        QApplication.quit()


app = QApplication([])
window = QMainWindow()
window.resize(1440, 900)
watcher = FirstPaint()
window.installEventFilter(watcher)
window.show()
app.exec()
