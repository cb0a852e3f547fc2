"""A screen reader asks for parts of an area that scrolls; one goes between two asks.

In a process of its own: where it goes wrong, the process ends.
"""

import subprocess
import sys

import pytest

_SCRIPT = """
import gc
from PySide6.QtCore import QTimer
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication, QScrollArea, QWidget

from chrislib.views.shell.readers import mend_areas

class Panel(QScrollArea):
    def slot(self):
        pass

app = QApplication([])
mend_areas()
window = QWidget()
area = KIND(window)
timer = QTimer()
if KIND is Panel:
    QAccessible.queryAccessibleInterface(area)
    timer.timeout.connect(area.slot)  # makes another kind of object of it for Qt
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
del parts, first
gc.collect()
parts = QAccessible.queryAccessibleInterface(area)
print(sum(parts.child(place) is not None for place in range(30)))
del parts
window.deleteLater()
app.sendPostedEvents(None, 52)  # what is to be deleted
gc.collect()
print("well")
"""


@pytest.mark.parametrize("kind", ["QScrollArea", "Panel"])
def test_parts_stay_while_a_scroll_bar_comes_and_goes(kind: str) -> None:
    process = subprocess.run(
        [sys.executable, "-c", _SCRIPT.replace("KIND", kind)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (process.returncode, process.stdout) == (0, "3\n3\nwell\n"), process.stderr
