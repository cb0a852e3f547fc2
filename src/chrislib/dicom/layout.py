"""Headers that are laid out alike: only their values differ.

The images of a series have the same elements of the same lengths at the same places.
Where one was walked, the next is compared with it in a few steps for the whole header:
if all but the values is equal, walking it would find the values where they were.
"""

import struct
from collections.abc import Sequence
from typing import NamedTuple

from chrislib.dicom.conversion import Memo, Value


class Kept(NamedTuple):
    """A wanted value: where it is, where it belongs in ``Facts``, what it means."""

    place: int
    length: int
    at: int
    memo: Memo


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
    varies : sequence of (int, int)
        Places and lengths of other values that may differ.
    constants : list
        ``Facts`` as they are before the wanted values are filled in.
    """

    def __init__(
        self,
        first: bytes,
        end: int,
        *,
        kept: Sequence[Kept],
        varies: Sequence[tuple[int, int]],
        constants: list[Value],
    ) -> None:
        mask = bytearray(b"\xff" * end)
        for place, length in (*varies, *((one.place, one.length) for one in kept)):
            mask[place : place + length] = bytes(length)
        self._end = end
        self._mask = int.from_bytes(mask, "little")
        self._same = int.from_bytes(first[:end], "little") & self._mask
        form, at = "<", 0
        for one in kept:
            form += f"{one.place - at}x{one.length}s"
            at = one.place + one.length
        self._values = struct.Struct(form).unpack_from
        self._kept = [(one.at, one.memo) for one in kept]
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
        for (at, memo), raw in zip(self._kept, self._values(head), strict=True):
            facts[at] = memo[raw]
        return facts
