"""Headers that are laid out alike: only their values differ.

The images of a series have the same elements of the same lengths at the same places.
Where one was walked, the next is compared with it in a few steps for the whole header:
if all but the values is equal, walking it would find the values where they were. Once
a second one was found alike, what both share is compared along with the rest.
"""

from collections.abc import Callable, Sequence
from operator import itemgetter

from chrislib.dicom.conversion import Memo, Value

Kept = tuple[int, int, int, Memo]
"""A wanted value: its first byte and the first one after it, where it belongs in
``Facts``, what it means."""
_Pieces = Callable[[bytes], Sequence[bytes]]


class Layout:
    """How one header was laid out.

    Parameters
    ----------
    first : bytes
        What the file began with.
    end : int
        Where the header ends: at the first byte of the pixels, or of nothing.
    kept : sequence of Kept
        The wanted values.
    heads : sequence of slice
        All that must be the same, in order; between them are values.
    constants : list
        ``Facts`` as they are before the wanted values are filled in.
    """

    def __init__(
        self,
        first: bytes,
        end: int,
        *,
        kept: Sequence[Kept],
        heads: Sequence[slice],
        constants: list[Value],
    ) -> None:
        self._end = end
        self._first = first[:end]
        # A length that differs moves what follows: most others are told by their end.
        self._last = heads[-1]
        self._last_is = first[heads[-1]]
        self._heads = heads
        self._alike = _pieces(heads)
        self._same = self._alike(first)
        self._kept = kept
        self._constants = constants
        # Once two headers were seen: where they differ, and what they share.
        self._open: dict[int, int] = {}
        self._shared: _Pieces | None = None
        self._shared_are: Sequence[bytes] = ()
        self._values: list[Value] = []
        self._own: Sequence[Kept] = ()

    def read(self, first: bytes) -> list[Value] | None:
        """Return the facts of a file that begins so, None if it is laid out otherwise.

        Raises
        ------
        Unusual
            pydicom should look at a value.
        """
        if first[self._last] != self._last_is or len(first) < self._end:
            return None
        shared = self._shared
        if shared is not None and shared(first) == self._shared_are:
            facts = self._values.copy()
            for begin, stop, at, memo in self._own:
                facts[at] = memo[first[begin:stop]]
            return facts
        if self._alike(first) != self._same:
            return None
        facts = self._constants.copy()
        for begin, stop, at, memo in self._kept:
            facts[at] = memo[first[begin:stop]]
        self._share(first, facts)
        return facts

    def _share(self, first: bytes, facts: list[Value]) -> None:
        """Note where two headers differ; all the rest is compared at once from now."""
        before, differs = self._first, self._open
        begin = self._heads[0].stop
        for head in self._heads[1:]:
            stop = head.start
            if first[begin:stop] != before[begin:stop]:
                differs[begin] = stop
            begin = head.stop
        if first[begin : self._end] != before[begin:]:
            differs[begin] = self._end
        shared = []
        at = self._heads[0].start
        for begin in sorted(differs):
            shared.append(slice(at, begin))
            at = differs[begin]
        shared.append(slice(at, self._end))
        self._shared = _pieces(shared)
        self._shared_are = self._shared(first)
        self._values = facts.copy()
        self._own = [one for one in self._kept if one[0] in differs]
        self._first = first[: self._end]


def _pieces(places: Sequence[slice]) -> _Pieces:
    if len(places) == 1:
        only = places[0]
        return lambda data: (data[only],)
    return itemgetter(*places)
