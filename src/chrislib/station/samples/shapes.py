"""Pictures that are not slices of a body: ultrasound and vessel runs."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chrislib.station.samples.stack import Floats, smoothed

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Fan:
    """A curved-array ultrasound picture.

    Attributes
    ----------
    rows, columns : int
        Size of the picture.
    organ : str
        ``liver``, ``kidney`` or ``neonate``: what lies under the probe.
    """

    rows: int = 320
    columns: int = 384
    organ: str = "liver"

    def image(self, index: int, *, seed: int) -> Bytes:
        """Return one picture, 8 bit, the probe moved on a little per index."""
        down = np.arange(self.rows, dtype=np.float32)[:, None]
        across = np.arange(self.columns, dtype=np.float32)[None, :]
        x = across - (self.columns - 1) / 2
        y = down + 46.0
        radius = np.hypot(x, y)
        angle = np.arctan2(x, y)
        deep = (radius - 56.0) / (self.rows - 30.0)
        fan = (deep > 0) & (deep < 0.97) & (np.abs(angle) < 0.62)
        wide = np.asarray(x / 160, dtype=np.float32)
        echo = self._echo(wide, deep, index * 0.035)
        speckle = self._speckle(seed + index, deep, angle)
        gain = np.exp(-0.55 * np.clip(deep, 0, 1)) * 1.25
        picture = 58 * np.log1p(12 * echo * speckle * gain)
        picture[deep < 0.03] = 210
        picture[~fan] = 0
        return np.asarray(np.clip(picture, 0, 255), dtype=np.uint8)

    def _echo(self, x: Floats, deep: Floats, shift: float) -> Floats:
        tissue = np.full(np.broadcast_shapes(x.shape, deep.shape), 0.42, np.float32)
        tissue[deep < 0.11] = 0.65
        tissue[(deep > 0.105) & (deep < 0.125)] = 1.7
        if self.organ == "kidney":
            ball = ((x - 0.05) / 0.62) ** 2 + ((deep - 0.46 - shift * 0.4) / 0.2) ** 2
            tissue[ball < 1] = 0.22
            tissue[ball < 0.3] = 0.95
            tissue[(ball > 0.97) & (ball < 1.08)] = 1.4
        elif self.organ == "neonate":
            skull = (x / 0.95) ** 2 + ((deep - 0.5) / 0.46) ** 2
            tissue[skull < 1] = 0.34
            tissue[(skull > 0.95) & (skull < 1.06)] = 2.1
            for side in (-1.0, 1.0):
                horn = ((x - side * 0.14) / 0.1) ** 2 + ((deep - 0.42) / 0.07) ** 2
                tissue[horn < 1] = 0.02
            tissue[np.abs(x) + 0 * deep < 0.012] = 1.2
        else:
            gall = ((x + 0.18) / 0.24) ** 2 + ((deep - 0.36 - shift * 0.5) / 0.11) ** 2
            tissue[gall < 1] = 0.015
            tissue[(gall > 0.96) & (gall < 1.1)] = 1.3
            behind = (np.abs(x + 0.18) < 0.18) & (deep > 0.5)
            tissue[behind] *= 1.7
            line = np.abs(deep - 0.78 - 0.16 * x * x - shift * 0.3)
            tissue[line < 0.012] = 2.4
            vein = np.abs(x * 0.5 + deep - 0.72 + shift)
            tissue[vein < 0.022] = 0.05
        return tissue

    def _speckle(self, seed: int, deep: Floats, angle: Floats) -> Floats:
        """Return Rayleigh speckle, fine along the beam and broad across it."""
        generator = np.random.default_rng(seed)
        lines, samples = 150, 330
        parts = generator.standard_normal((2, samples, lines), dtype=np.float32)
        polar = smoothed(np.hypot(parts[0], parts[1]).astype(np.float32))
        row = np.clip(deep * samples, 0, samples - 1).astype(np.intp)
        column = np.clip((angle / 1.24 + 0.5) * lines, 0, lines - 1).astype(np.intp)
        return np.asarray(polar[row, column], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class VesselRun:
    """An angiography run: contrast medium flows through a tree of vessels."""

    size: int = 256
    frames: int = 24
    seed: int = 7

    def background(self) -> Floats:
        """Return what is in the beam without contrast medium."""
        axis = np.linspace(-1, 1, self.size, dtype=np.float32)
        x, y = axis[None, :], axis[:, None]
        spine = 230 * np.exp(-((x / 0.17) ** 2)) * (0.8 + 0.2 * np.sin(22 * y))
        lung = 260 * np.exp(-(((x - 0.62) / 0.3) ** 2) - ((y + 0.25) / 0.7) ** 2)
        heart = 180 * np.exp(-(((x + 0.2) / 0.5) ** 2) - ((y - 0.2) / 0.5) ** 2)
        return np.asarray(620 - spine + lung - heart, dtype=np.float32)

    def arrival(self) -> tuple[Floats, Floats]:
        """Return vessel thickness and the frame at which contrast gets there."""
        thick = np.zeros((self.size, self.size), dtype=np.float32)
        when = np.full((self.size, self.size), 1e6, dtype=np.float32)
        generator = np.random.default_rng(self.seed)
        start = (self.size * 0.5, self.size * 0.1, math.pi / 2 - 0.1, 5.4, 1.0)
        todo = [start]
        while todo:
            x, y, heading, width, time = todo.pop()
            steps = int(generator.integers(16, 30))
            for _ in range(steps):
                heading += float(generator.normal(0, 0.085))
                x += math.cos(heading) * 1.5
                y += math.sin(heading) * 1.5
                time += 0.1
                _stamp(thick, when, (x, y, width, time))
            if width > 1.1:
                for turn in (-0.55, 0.5):
                    bend = heading + turn + float(generator.normal(0, 0.12))
                    todo.append((x, y, bend, width * 0.78, time))
        return smoothed(thick), when


def _stamp(thick: Floats, when: Floats, at: tuple[float, float, float, float]) -> None:
    x, y, width, time = at
    reach = math.ceil(width) + 1
    left, top = int(x) - reach, int(y) - reach
    right, bottom = left + 2 * reach + 1, top + 2 * reach + 1
    size = thick.shape[0]
    if left < 0 or top < 0 or right >= size or bottom >= size:
        return
    across = np.arange(left, right, dtype=np.float32)[None, :] - x
    down = np.arange(top, bottom, dtype=np.float32)[:, None] - y
    chord = np.clip(width * width - across**2 - down**2, 0, None)
    depth = 2 * np.sqrt(chord).astype(np.float32)
    window = (slice(top, bottom), slice(left, right))
    thick[window] = np.maximum(thick[window], depth)
    when[window] = np.where(depth > 0, np.minimum(when[window], time), when[window])
