"""From values to grey levels: window and level, inversion, orientation letters.

Arrays are (rows, columns) for grey and (rows, columns, 3) for color pictures; row 0 is
the top of the picture, column 0 its left edge.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Function = Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"]

AUTOMATIC = "Automatic"
"""Name of a window that was made from the values, not stated by the file."""

_SIDES = (("L", "R"), ("P", "A"), ("S", "I"))
"""Letter of the positive and the negative end of the patient's x, y and z axis."""

_NOTICEABLE = 0.2
"""Share of a unit direction (about 12 degrees) from which a letter is worth naming."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which values become black and which white (PS3.3 C.11.2.1.2).

    Attributes
    ----------
    center, width : float
        In the units of the values (for CT Hounsfield units).
    function : str
        The VOI LUT function; LINEAR is DICOM's own formula with its half steps.
    name : str
        What the file calls it, or what we call a preset.
    """

    center: float
    width: float
    function: Function = "LINEAR_EXACT"
    name: str = ""

    def moved(self, center: float, width: float) -> "Window":
        """Return this window at another place, the width kept above zero."""
        least = 1.0 if self.function == "LINEAR" else 1e-6
        return Window(center, max(width, least), self.function)


@dataclass(frozen=True, slots=True)
class LookUp:
    """A VOI look-up table of `bits` bits: `table[value - first]` (C.11.2.1.1)."""

    first: int
    table: "NDArray[np.uint16]"
    bits: int


@dataclass(frozen=True, slots=True)
class Letters:
    """What lies at the edges of a picture; empty where it is unknown."""

    left: str = ""
    right: str = ""
    top: str = ""
    bottom: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One decoded picture.

    Attributes
    ----------
    values : array
        float32 (rows, columns) after the modality transformation, or uint8
        (rows, columns, 3) red, green, blue.
    windows : tuple of Window
        What the file proposes, else one from the values; empty for color.
    inverted : bool
        Low values are white (MONOCHROME1).
    aspect : float
        Height of a pixel over its width.
    spacing : two floats or None
        Millimeters between rows and between columns.
    """

    values: "NDArray[np.float32] | NDArray[np.uint8]"
    windows: tuple[Window, ...]
    inverted: bool = False
    aspect: float = 1.0
    spacing: tuple[float, float] | None = None
    letters: Letters = Letters()
    lookup: LookUp | None = None

    @property
    def is_color(self) -> bool:
        """Whether the values are colors, which have no window."""
        return self.values.ndim == 3

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.values.shape[0])

    @property
    def columns(self) -> int:
        """Number of columns."""
        return int(self.values.shape[1])


def render(
    picture: Picture, window: Window | None = None, *, invert: bool = False
) -> "NDArray[np.uint8]":
    """Return what is shown of a picture, C-contiguous.

    Parameters
    ----------
    picture : Picture
        What was decoded.
    window : Window, optional
        Without one the file's look-up table or its first window is used.
    invert : bool
        Swap black and white of what would be shown otherwise.

    Returns
    -------
    uint8 array
        (rows, columns) or (rows, columns, 3).
    """
    import numpy as np

    if picture.is_color:
        shown = picture.values.astype(np.uint8, copy=False)
        return np.ascontiguousarray(255 - shown if invert else shown)
    if window is None and picture.lookup is not None:
        level = _looked_up(picture.values, picture.lookup)
    else:
        used = window or (picture.windows[0] if picture.windows else None)
        level = windowed(picture.values, used or full_range(picture.values))
    grey = (level * np.float32(255) + np.float32(0.5)).astype(np.uint8)
    if picture.inverted != invert:
        grey = np.uint8(255) - grey
    return np.ascontiguousarray(grey)


def windowed(
    values: "NDArray[np.float32] | NDArray[np.uint8]", window: Window
) -> "NDArray[np.float32]":
    """Map values to 0 … 1 by the formulas of PS3.3 C.11.2.1.2.1 and C.11.2.1.3."""
    import numpy as np

    x = values.astype(np.float32, copy=False)
    center, width = np.float32(window.center), np.float32(window.width)
    if window.function == "SIGMOID":
        with np.errstate(over="ignore"):
            power = np.exp(-4 * (x - center) / max(width, np.float32(1e-6)))
            return np.asarray(1 / (1 + power), dtype=np.float32)
    if window.function == "LINEAR":
        center, width = center - np.float32(0.5), width - np.float32(1)
    if width <= 0:
        return (x > center).astype(np.float32)
    level = (x - center) / width + np.float32(0.5)
    return np.asarray(np.clip(level, 0, 1), dtype=np.float32)


def label_colors(values: "NDArray[np.float32]") -> "NDArray[np.uint8]":
    """Return regions as colors: one per whole number, 0 is black.

    Hues go round by the golden angle, so that neighbors in number differ in color.
    """
    import numpy as np

    labels = np.rint(values).astype(np.int64)
    hue = (labels * 0.61803398875) % 1.0 * 6.0
    light = 0.86 - 0.22 * ((labels * 7) % 3) / 2
    parts = [
        np.clip(np.abs((hue + shift) % 6.0 - 3.0) - 1.0, 0, 1) for shift in (0, 4, 2)
    ]
    color = np.stack([(0.28 + 0.72 * part) * light for part in parts], axis=-1)
    color[labels == 0] = 0
    return np.asarray(color * 255, dtype=np.uint8)


def _looked_up(
    values: "NDArray[np.float32] | NDArray[np.uint8]", lookup: LookUp
) -> "NDArray[np.float32]":
    import numpy as np

    last = len(lookup.table) - 1
    index = np.clip(np.rint(values).astype(np.int64) - lookup.first, 0, last)
    top = np.float32((1 << lookup.bits) - 1)
    level = lookup.table[index].astype(np.float32) / top
    return np.asarray(np.clip(level, 0, 1), dtype=np.float32)


def full_range(values: "NDArray[np.float32] | NDArray[np.uint8]") -> Window:
    """Return the window from the lowest to the highest finite value."""
    import numpy as np

    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return Window(0.5, 1.0)
    return between(float(finite.min()), float(finite.max()))


def usual_range(
    values: "NDArray[np.float32] | NDArray[np.uint8]",
    *,
    padding: tuple[float, float] | None = None,
) -> Window:
    """Return a window that ignores the rarest values at both ends.

    Parameters
    ----------
    values : array
        Anything; not-a-number and infinity are left out.
    padding : two floats, optional
        The lowest and highest value that only fill the frame; left out as well.
    """
    import numpy as np

    step = max(1, int((values.size / 200_000) ** 0.5))
    some = values[(slice(None, None, step),) * values.ndim] if step > 1 else values
    kept = some[np.isfinite(some)]
    if padding is not None:
        kept = kept[(kept < padding[0]) | (kept > padding[1])]
    if kept.size == 0:
        return full_range(values)
    low, high = (float(edge) for edge in np.percentile(kept, (1, 99)))
    if high <= low:
        low, high = float(kept.min()), float(kept.max())
    return between(low, high)


def between(low: float, high: float) -> Window:
    """Return the window that shows `low` as black and `high` as white."""
    return Window((low + high) / 2, high - low if high > low else 1.0)


def letters_of(
    orientation: Sequence[float] | None, patient_orientation: Sequence[str] = ()
) -> Letters:
    """Return the letters at the edges of a picture.

    Parameters
    ----------
    orientation : six floats, optional
        Direction cosines of a row and a column (PS3.3 C.7.6.2.1.1).
    patient_orientation : two strings, optional
        Where a row and a column lead to (PS3.3 C.7.6.1.1.1), used without the former.
    """
    if orientation is not None and len(orientation) == 6:
        right, bottom = _toward(orientation[:3]), _toward(orientation[3:])
    elif len(patient_orientation) == 2:
        right, bottom = (_upright(part) for part in patient_orientation)
    else:
        return Letters()
    return Letters(
        left=opposite(right), right=right, top=opposite(bottom), bottom=bottom
    )


def _toward(direction: Sequence[float]) -> str:
    size = sum(part * part for part in direction) ** 0.5
    if size < 1e-6:
        return ""
    parts = sorted(
        ((abs(part) / size, axis, part) for axis, part in enumerate(direction)),
        key=lambda entry: (-entry[0], entry[1]),
    )
    return "".join(
        _SIDES[axis][0 if part > 0 else 1]
        for share, axis, part in parts
        if share >= _NOTICEABLE
    )


def _upright(letters: str) -> str:
    """Return a PatientOrientation value in our letters: head is S, feet is I."""
    known = letters.strip().upper().replace("H", "S").replace("F", "I")
    return known if known and set(known) <= set("LRPASI") else ""


def opposite(letters: str) -> str:
    """Return the letters of the other end."""
    swap = {a: b for pair in _SIDES for a, b in (pair, pair[::-1])}
    return "".join(swap[letter] for letter in letters)
