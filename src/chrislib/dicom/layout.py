"""Headers that are laid out alike: only their values differ.

The images of a series have the same elements of the same lengths at the same places.
Where one was walked, the next is compared with it in a few steps for the whole header:
if all but the values is equal, walking it would find the values where they were.
"""

from collections.abc import Sequence

from chrislib.dicom.conversion import Memo, Value

Kept = tuple[int, int, int, Memo]
"""A wanted value: its first byte and the first one after it, where it belongs in
``Facts``, what it means."""


class Layout:
    """How one header was laid out.

    Parameters
    ----------
    first : bytes
        What the file began with.
    end : int
        Where the header ends: at the first byte of the pixels, or of nothing.
    kept : sequence of Kept
        The wanted values, in the order of the file.
    heads : sequence of (int, int)
        Places and lengths of all that must be the same.
    constants : list
        ``Facts`` as they are before the wanted values are filled in.
    """

    def __init__(
        self,
        first: bytes,
        end: int,
        *,
        kept: Sequence[Kept],
        heads: Sequence[tuple[int, int]],
        constants: list[Value],
    ) -> None:
        mask = bytearray(end)
        for place, length in heads:
            mask[place : place + length] = b"\xff" * length
        self._end = end
        self._mask = int.from_bytes(mask, "little")
        self._same = int.from_bytes(first[:end], "little") & self._mask
        self._kept = kept
        self._constants = constants

    def read(self, first: bytes) -> list[Value] | None:
        """Return the facts of a file that begins so, None if it is laid out otherwise.

        Raises
        ------
        Unusual
            pydicom should look at a value.
        """
        head = first[: self._end]
        if len(head) != self._end:
            return None
        if int.from_bytes(head, "little") & self._mask != self._same:
            return None
        facts = self._constants.copy()
        for begin, stop, at, memo in self._kept:
            facts[at] = memo[head[begin:stop]]
        return facts
