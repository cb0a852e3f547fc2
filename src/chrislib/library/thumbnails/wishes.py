"""Which pictures are wished for now, by whom, and which comes next."""

from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest

from chrislib.library.thumbnails.model import Wanted


class Wishes:
    """Open wishes of several owners; an owner's new wishes replace its old ones.

    What is seen comes before its neighbors, and every owner gets its turn.
    """

    def __init__(self) -> None:
        self._seen: dict[object, dict[Wanted, None]] = {}
        self._near: dict[object, dict[Wanted, None]] = {}

    def replace(
        self, owner: object, seen: Sequence[Wanted], near: Sequence[Wanted] = ()
    ) -> None:
        """Let an owner wish for these, and for nothing else."""
        self._seen[owner] = dict.fromkeys(seen)
        self._near[owner] = dict.fromkeys(near)
        if not seen and not near:
            del self._seen[owner], self._near[owner]

    def settle(self, wanted: Wanted) -> None:
        """Take out a wish that was answered."""
        for lists in (self._seen, self._near):
            for wishes in lists.values():
                wishes.pop(wanted, None)

    def __contains__(self, wanted: object) -> bool:
        """Whether somebody wishes for it."""
        return any(
            wanted in wishes
            for lists in (self._seen, self._near)
            for wishes in lists.values()
        )

    def __iter__(self) -> Iterator[Wanted]:
        """Go through the wishes, each once, the most urgent first."""
        told: set[Wanted] = set()
        for lists in (self._seen, self._near):
            for turn in zip_longest(*(tuple(wishes) for wishes in lists.values())):
                for wanted in turn:
                    if wanted is not None and wanted not in told:
                        told.add(wanted)
                        yield wanted

    def next(self, fits: Callable[[Wanted], bool]) -> Wanted | None:
        """Return the most urgent wish that fits, None without any."""
        return next((wanted for wanted in self if fits(wanted)), None)
