"""A screen reader asks for parts of an area that scrolls; one goes between two asks.

In a process of its own: where it goes wrong, the process ends.
"""

import subprocess
import sys

_SCRIPT = """
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication, QWidget

from chrislib.views.widgets.scroll_area import ScrollArea, _told

app = QApplication([])
window = QWidget()
area = ScrollArea(window)
inner = QWidget()
inner.setFixedSize(1000, 1000)
area.setWidget(inner)
area.resize(200, 200)
window.resize(300, 300)
window.show()
app.processEvents()
parts = QAccessible.queryAccessibleInterface(area)
first = parts.child(0)
assert first.object() is area.viewport()
assert parts.indexOfChild(first) == 0
assert first.parent().object() is area
assert first.child(0).object() is inner
print(parts.childCount())
inner.setFixedSize(10, 10)
app.processEvents()
print(sum(parts.child(place) is not None for place in range(30)))
del parts, first
assert _told
window.deleteLater()
app.sendPostedEvents(None, 52)  # what is to be deleted
print(len(_told))
"""


def test_parts_stay_while_a_scroll_bar_comes_and_goes() -> None:
    process = subprocess.run(
        [sys.executable, "-c", _SCRIPT],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (process.returncode, process.stdout) == (0, "3\n3\n0\n"), process.stderr
