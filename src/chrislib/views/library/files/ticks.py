"""What is ticked among paths, and what lies below or above of it."""

from collections.abc import Iterable

from PySide6.QtCore import Qt


class Ticks:
    """Boxes of entries: ticked, covered by a ticked folder, or holding something."""

    def __init__(self, paths: Iterable[str] = ()) -> None:
        self.paths = frozenset(paths)
        # thousands lie in few folders
        folders = {path.rpartition("/")[:2] for path in self.paths}
        self.above = frozenset(
            above for head, slash in folders for above in _ancestors(head + slash)
        )
        self._covered: dict[str, bool] = {}

    def covered(self, path: str) -> bool:
        """Whether a folder above is ticked, so that this goes with it."""
        head, slash, _ = path.rpartition("/")
        found = self._covered.get(head + slash)
        if found is None:
            found = any(above in self.paths for above in _ancestors(path))
            self._covered[head + slash] = found
        return found

    def state(self, path: str) -> Qt.CheckState:
        """Return how the box of a path stands."""
        if path in self.paths or self.covered(path):
            return Qt.CheckState.Checked
        if path in self.above:
            return Qt.CheckState.PartiallyChecked
        return Qt.CheckState.Unchecked


def _ancestors(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]
