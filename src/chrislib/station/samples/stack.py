"""Where the slices of a series lie in the patient (DICOM PS3.3, C.7.6.2)."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from chrislib.station.samples.dicomfile import decimal

Floats = NDArray[np.float32]
Vector = tuple[float, float, float]
Plane = Literal["axial", "sagittal", "coronal"]

_PLANES: dict[Plane, tuple[Vector, Vector]] = {
    "axial": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
    "sagittal": ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0)),
    "coronal": ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0)),
}


@dataclass(frozen=True, slots=True)
class Stack:
    """Parallel slices around a center.

    Attributes
    ----------
    plane : str
        ``axial``, ``sagittal`` or ``coronal``.
    count : int
        Number of slices.
    step : float
        Distance of slice centers, mm.
    rows, columns : int
        Size of a slice in pixels.
    spacing : float
        Edge of a pixel, mm.
    center : tuple of float
        Middle of the stack in patient coordinates (LPS), mm.
    tilt : float
        Rotation about the patient's left-right axis, degrees; axial stacks only.
    thickness : float
        Of a slice, mm; 0 means as thick as the step.
    """

    plane: Plane
    count: int
    step: float
    rows: int
    columns: int
    spacing: float
    center: Vector = (0.0, 0.0, 0.0)
    tilt: float = 0.0
    thickness: float = 0.0

    @property
    def axes(self) -> tuple[Vector, Vector, Vector]:
        """Directions of a row, of a column, and of the slices' normal."""
        row, column = _PLANES[self.plane]
        if self.tilt:
            angle = math.radians(self.tilt)
            column = (0.0, math.cos(angle), math.sin(angle))
        normal = (
            row[1] * column[2] - row[2] * column[1],
            row[2] * column[0] - row[0] * column[2],
            row[0] * column[1] - row[1] * column[0],
        )
        return row, column, normal

    def position(self, index: int) -> Vector:
        """Return the center of the first pixel of a slice, mm (LPS)."""
        row, column, normal = self.axes
        along = (index - (self.count - 1) / 2) * self.step
        right = -(self.columns - 1) / 2 * self.spacing
        down = -(self.rows - 1) / 2 * self.spacing
        x, y, z = (
            self.center[axis]
            + row[axis] * right
            + column[axis] * down
            + normal[axis] * along
            for axis in range(3)
        )
        return x, y, z

    def location(self, index: int) -> float:
        """Return the signed distance of a slice along the normal, mm."""
        normal = self.axes[2]
        return sum(a * b for a, b in zip(self.position(index), normal, strict=True))

    def coordinates(self, index: int) -> tuple[Floats, Floats, Floats]:
        """Return x, y and z of a slice's pixels, mm, shaped to broadcast."""
        row, column, _ = self.axes
        origin = self.position(index)
        across = np.arange(self.columns, dtype=np.float32)[None, :] * self.spacing
        down = np.arange(self.rows, dtype=np.float32)[:, None] * self.spacing
        found: list[Floats] = []
        for axis in range(3):
            value = np.full((1, 1), origin[axis], dtype=np.float32)
            if row[axis]:
                value = value + np.float32(row[axis]) * across
            if column[axis]:
                value = value + np.float32(column[axis]) * down
            found.append(value.astype(np.float32, copy=False))
        return found[0], found[1], found[2]

    def constant_tags(self) -> dict[str, str]:
        """Return the attributes that all slices share."""
        row, column, _ = self.axes
        return {
            "ImageOrientationPatient": decimal(*row, *column),
            "PixelSpacing": decimal(self.spacing, self.spacing),
            "SliceThickness": decimal(self.thickness or self.step),
            "SpacingBetweenSlices": decimal(self.step),
            "FrameOfReferenceUID": "",
        }

    def slice_tags(self, index: int) -> dict[str, str]:
        """Return the attributes that differ from slice to slice."""
        return {
            "ImagePositionPatient": decimal(*self.position(index)),
            "SliceLocation": decimal(self.location(index)),
        }

    def slices(self) -> Iterator[tuple[int, tuple[Floats, Floats, Floats]]]:
        """Yield each slice's index and coordinates."""
        for index in range(self.count):
            yield index, self.coordinates(index)


class Noise:
    """One field of normal noise, reused at another offset for each slice.

    Drawing new noise would cost more than everything else of a rendered slice.
    """

    _MARGIN = 61

    def __init__(self, seed: int, rows: int, columns: int) -> None:
        self._rows, self._columns = rows, columns
        generator = np.random.default_rng(seed)
        shape = (rows + self._MARGIN, columns + self._MARGIN)
        self._field = generator.standard_normal(shape, dtype=np.float32)

    def at(self, index: int) -> Floats:
        """Return the noise of one slice, mean 0, deviation 1."""
        down = index * 37 % self._MARGIN
        right = index * 23 % self._MARGIN
        return self._field[down : down + self._rows, right : right + self._columns]


def smoothed(image: Floats) -> Floats:
    """Return an image blurred a little, as a scanner's point spread does."""
    padded = np.pad(image, 1, mode="edge")
    rows = 0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:]
    blurred = 0.25 * rows[:, :-2] + 0.5 * rows[:, 1:-1] + 0.25 * rows[:, 2:]
    return np.asarray(blurred, dtype=np.float32)


def inside(
    point: tuple[Floats, Floats, Floats], center: Vector, size: Vector
) -> NDArray[np.bool_]:
    """Say which pixels lie in an ellipsoid given by center and semi-axes, mm."""
    total: Floats | float = 0.0
    for values, middle, half in zip(point, center, size, strict=True):
        total = total + ((values - middle) * (1.0 / half)) ** 2
    return np.asarray(total) < 1.0
