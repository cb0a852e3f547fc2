"""Areas of a picture made black before it is sent: only where every byte is known.

Native pixel data (PS3.5 section 8.1) is changed in place while it is copied. Packed
pictures would have to be packed anew, which can change what doctors see: they are
refused in words.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chrislib.dicom.deidentify.burnt_in import has_spare_bits
from chrislib.dicom.errors import DicomError
from chrislib.dicom.reading import text

CODE = ("113101", "Clean Pixel Data Option")
_NATIVE = frozenset(
    {
        "1.2.840.10008.1.2",
        "1.2.840.10008.1.2.1",
        "1.2.840.10008.1.2.1.99",
    }
)
_COLORS: Mapping[str, tuple[int, ...]] = {
    "RGB": (0, 0, 0),
    "YBR_FULL": (0, 128, 128),
}
_MOST_AREAS = 100


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of a picture, in pixels from its upper left corner."""

    left: int
    top: int
    width: int
    height: int


class CannotBlackOut(DicomError):
    """A picture whose bytes cannot be changed safely; it is not sent."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            "This picture cannot be blacked out here.",
            f"{reason} It was not sent.",
            hint="Leave the series out, or have it blacked out where it was made.",
        )


@dataclass(frozen=True, slots=True)
class Blackout:
    """The bytes of native pixel data that become black, in ascending order."""

    spans: tuple[tuple[int, int, bytes], ...]
    """Start, end and the bytes of one pixel (or sample) of black."""
    step: int
    """Bytes from one frame to the next."""
    frames: int

    def cover(self, piece: bytearray, at: int) -> None:
        """Make black what of a piece of the pixel data is to be.

        Parameters
        ----------
        piece : bytearray
        at : int
            Where in the pixel data it begins, bytes.
        """
        first = max(0, at // self.step - 1)
        last = min(self.frames - 1, (at + len(piece)) // self.step)
        for frame in range(first, last + 1):
            base = frame * self.step
            for start, end, black in self.spans:
                low, high = max(base + start, at), min(base + end, at + len(piece))
                if low < high:
                    skip = (low - base - start) % len(black)
                    filled = black * ((high - low) // len(black) + 2)
                    piece[low - at : high - at] = filled[skip : skip + high - low]


def blackout_of(header: Any, areas: Sequence[Area]) -> Blackout:
    """Return what becomes black in a file; call it inside `reading.quiet`.

    Raises
    ------
    CannotBlackOut
        The picture is packed, or of a kind whose black is not known.
    """
    _refuse(header)
    rows, columns = _number(header, "Rows"), _number(header, "Columns")
    samples = _number(header, "SamplesPerPixel", 1)
    bits = _number(header, "BitsAllocated")
    planar = samples > 1 and _number(header, "PlanarConfiguration", 0) == 1
    frames = max(1, _number(header, "NumberOfFrames", 1))
    if not rows or not columns or bits not in (8, 16, 32):
        raise CannotBlackOut("Its size or depth is not of a usual kind.")
    black = _black(header, samples=samples, size=bits // 8)
    whole = b"".join(black)
    planes = [(n * rows * columns, one) for n, one in enumerate(black)]
    spans: list[tuple[int, int, bytes]] = []
    for area in areas[:_MOST_AREAS]:
        left, right = max(0, area.left), min(columns, area.left + area.width)
        for row in range(max(0, area.top), min(rows, area.top + area.height)):
            start, end = row * columns + left, row * columns + right
            if left >= right:
                break
            if planar:
                size = bits // 8
                spans += [
                    ((base + start) * size, (base + end) * size, one)
                    for base, one in planes
                ]
            else:
                spans.append((start * len(whole), end * len(whole), whole))
    return Blackout(
        spans=tuple(sorted(spans)),
        step=rows * columns * len(whole),
        frames=frames,
    )


def areas_of(raw: Iterable[Sequence[int]]) -> tuple[Area, ...]:
    """Return areas of rows of four numbers, as they are kept."""
    return tuple(Area(*map(int, one[:4])) for one in raw)


def _refuse(header: Any) -> None:
    syntax = text(getattr(header, "file_meta", None), "TransferSyntaxUID")
    _, little = header.original_encoding
    if not little:
        raise CannotBlackOut("Its bytes are in an order that is rare by now.")
    if syntax not in _NATIVE and syntax:
        raise CannotBlackOut("It is compressed.")
    if has_spare_bits(header):
        raise CannotBlackOut("A drawing is kept in spare bits of the picture.")


def _black(header: Any, *, samples: int, size: int) -> tuple[bytes, ...]:
    """Return the bytes of each sample of a black pixel (PS3.3 section C.7.6.3.1.2)."""
    kind = text(header, "PhotometricInterpretation")
    if samples == 1 and kind in ("MONOCHROME1", "MONOCHROME2"):
        stored = _number(header, "BitsStored", size * 8) or size * 8
        signed = _number(header, "PixelRepresentation", 0) == 1
        lowest = -(1 << (stored - 1)) if signed else 0
        highest = (1 << (stored - 1)) - 1 if signed else (1 << stored) - 1
        value = highest if kind == "MONOCHROME1" else lowest
        return (value.to_bytes(size, "little", signed=signed),)
    known = _COLORS.get(kind)
    if known is None or samples != 3 or size != 1:
        raise CannotBlackOut("Its colors are kept in a way that has no plain black.")
    return tuple(bytes([value]) for value in known)


def _number(header: Any, name: str, default: int = 0) -> int:
    try:
        return int(text(header, name) or default)
    except ValueError:
        return default
