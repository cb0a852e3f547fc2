"""The one large series, made so fast that pulling it measures the transfer."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chrislib.station.samples.recipes import Frame, Tags, ct_tags
from chrislib.station.samples.stack import Noise, Stack

_LEVELS = 1024


@dataclass(frozen=True, slots=True)
class LargeSeries:
    """Many slices of a head by CT, 512 x 512.

    Each slice is one table look-up: the distance of every pixel from the middle
    is computed once, and a table per slice says which tissue that distance means
    at that height.
    """

    count: int = 300
    size: int = 512
    varying: tuple[str, ...] = ("ImagePositionPatient", "SliceLocation")
    modality: str = "CT"

    @property
    def _stack(self) -> Stack:
        return Stack("axial", self.count, 0.625, self.size, self.size, 0.45)

    @property
    def tags(self) -> Tags:
        """Geometry, window and acquisition."""
        return ct_tags(self._stack, center=40, width=90)

    def frames(self, seed: int) -> Iterator[Frame]:
        """Yield the slices."""
        stack = self._stack
        distance, inner = self._fields()
        noise = [
            (9 * Noise(seed + part, self.size, self.size).at(part)).astype("<i2")
            for part in range(3)
        ]
        core = slice(self.size // 3, self.size - self.size // 3)
        for index in range(self.count):
            height = (index - (self.count - 1) / 2) / (self.count / 2)
            image = _tissue_table(height)[distance]
            if abs(height) < 0.45:
                # The ventricles lie in the middle; the rest need not be looked at.
                middle = image[core, core]
                table = _ventricle_table(height)
                np.minimum(middle, table[inner[core, core]], out=middle)
            image = image + noise[index % 3]
            np.maximum(image, 0, out=image)
            yield Frame(image, stack.slice_tags(index))

    def _fields(self) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
        axis = np.linspace(-1, 1, self.size, dtype=np.float32)
        x, y = axis[None, :], axis[:, None]
        wave = 0.012 * np.sin(9 * np.arctan2(y, x)) * (np.abs(x) < 0.5)
        whole = np.hypot(x / 0.68, y / 0.86) + wave
        horn = np.hypot((np.abs(x) - 0.075 - 0.05 * (y + 0.1) ** 2) / 0.05, y / 0.3)
        return (
            np.clip(whole * 700, 0, _LEVELS - 1).astype(np.uint16),
            np.clip(horn * 400, 0, _LEVELS - 1).astype(np.uint16),
        )


def _tissue_table(height: float) -> NDArray[np.int16]:
    """Return stored pixels by distance, for a slice at a height from -1 to 1."""
    scale = float(np.sqrt(max(1 - height * height, 0.02)))
    radius = np.arange(_LEVELS, dtype=np.float32) / 700 / scale
    table = np.full(_LEVELS, -1000, dtype=np.int16)
    for edge, value in (
        *((1.0, 40), (0.975, -85), (0.94, 1150), (0.915, 420), (0.885, 1150)),
        *((0.86, 8), (0.835, 39), (0.775, 30), (0.36, 37), (0.2, 30)),
    ):
        table[radius < edge] = value
    return (table + 1024).astype("<i2")


def _ventricle_table(height: float) -> NDArray[np.int16]:
    """Return the most that a pixel may have by distance from the ventricles."""
    edge = 400 * np.sqrt(1 - (height / 0.45) ** 2)
    table = np.full(_LEVELS, 4095, dtype=np.int16)
    table[: int(edge)] = 1024 + 7
    return table.astype("<i2")
