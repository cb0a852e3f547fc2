"""What can be taken back of marks and collections, and done again."""

from typing import NamedTuple

from chrislib.catalog.mine_marks import Change, weight

_MOST_STEPS = 200
_MOST_ROWS = 500_000
"""Rows kept by all steps together; some 100 MB."""


class Step(NamedTuple):
    """A change and what it is called."""

    words: str
    change: Change


class UndoLog:
    """The last changes, the newest last; those taken back can be done again."""

    def __init__(self) -> None:
        self._done: list[Step] = []
        self._undone: list[Step] = []

    def did(self, step: Step) -> None:
        """Note a change; what was taken back before cannot be done again now."""
        self._undone.clear()
        self._done.append(step)
        rows = 0
        for kept, one in enumerate(reversed(self._done)):
            rows += weight(one.change)
            if kept >= _MOST_STEPS or (kept and rows > _MOST_ROWS):
                del self._done[: len(self._done) - kept]
                break

    @property
    def last(self) -> Step | None:
        """What would be taken back."""
        return self._done[-1] if self._done else None

    @property
    def next(self) -> Step | None:
        """What would be done again."""
        return self._undone[-1] if self._undone else None

    def undid(self) -> None:
        """Note that the last change was taken back."""
        self._undone.append(self._done.pop())

    def redid(self) -> None:
        """Note that it was done again."""
        self._done.append(self._undone.pop())

    def clear(self) -> None:
        """Forget everything: the marks belong to somebody else now."""
        self._done.clear()
        self._undone.clear()
