"""What is ticked among paths, and what lies below or above of it."""

from collections.abc import Iterable

from PySide6.QtCore import Qt

from chrislib.library.storage.model import Entry


class Ticks:
    """Boxes of entries: ticked, covered by a ticked folder, or holding something."""

    def __init__(self, paths: Iterable[str] = ()) -> None:
        self.paths = frozenset(paths)
        self._above = frozenset(
            above for path in self.paths for above in _ancestors(path)
        )

    def covered(self, path: str) -> bool:
        """Whether a folder above is ticked, so that this goes with it."""
        return any(above in self.paths for above in _ancestors(path))

    def state(self, path: str) -> Qt.CheckState:
        """Return how the box of a path stands."""
        if path in self.paths or self.covered(path):
            return Qt.CheckState.Checked
        if path in self._above:
            return Qt.CheckState.PartiallyChecked
        return Qt.CheckState.Unchecked

    def of_all(self, entries: Iterable[Entry]) -> Qt.CheckState:
        """Return how the box over a list stands."""
        states = {self.state(entry.path) for entry in entries}
        if states == {Qt.CheckState.Checked}:
            return Qt.CheckState.Checked
        if states <= {Qt.CheckState.Unchecked}:
            return Qt.CheckState.Unchecked
        return Qt.CheckState.PartiallyChecked


def _ancestors(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]
