"""Headers that are laid out alike: only their values differ.

The images of a series have the same elements of the same lengths at the same places.
Where one was walked, the next is compared with it in a few steps for the whole header:
if all but the values is equal, walking it would find the values where they were. Once
a second one was found alike, values that both share are compared along with the rest.
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
        All that must be the same; the last one is the farthest from the beginning.
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
        self._shared: _Pieces | None = None
        self._shared_are: Sequence[bytes] = ()
        self._values: list[Value] = []
        self._own: list[Kept] = []

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
            facts, kept = self._values.copy(), self._own
        elif self._alike(first) == self._same:
            facts, kept = self._constants.copy(), list(self._kept)
        else:
            return None
        for begin, stop, at, memo in kept:
            facts[at] = memo[first[begin:stop]]
        if kept is not self._own:
            self._share(first, facts)
        return facts

    def _share(self, first: bytes, facts: list[Value]) -> None:
        """Note what two headers have in common besides their layout."""
        own = [one for one in self._kept if first[one[0] : one[1]] != self._text(one)]
        mine = {one[:2] for one in own}
        common = [slice(*one[:2]) for one in self._kept if one[:2] not in mine]
        joined = _joined([*self._heads, *common])
        self._shared = _pieces(joined)
        self._shared_are = self._shared(first)
        self._values = facts.copy()
        self._own = own
        self._first = first[: self._end]

    def _text(self, one: Kept) -> bytes:
        return self._first[one[0] : one[1]]


def _pieces(places: Sequence[slice]) -> _Pieces:
    if len(places) == 1:
        only = places[0]
        return lambda data: (data[only],)
    return itemgetter(*places)


def _joined(places: list[slice]) -> list[slice]:
    """Return places in order, those that touch as one."""
    places.sort(key=lambda place: place.start)
    joined = places[:1]
    for place in places[1:]:
        if place.start == joined[-1].stop:
            joined[-1] = slice(joined[-1].start, place.stop)
        else:
            joined.append(place)
    return joined
