"""A head made of formulas: one anatomy, seen by CT and by several MR contrasts."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from chrislib.station.samples.stack import (
    Floats,
    Noise,
    Stack,
    Vector,
    inside,
    smoothed,
)

Labels = NDArray[np.uint8]


class Tissue(IntEnum):
    """What a point of the head is made of."""

    AIR = 0
    SKIN = 1
    FAT = 2
    BONE = 3
    MARROW = 4
    CSF = 5
    GRAY = 6
    WHITE = 7
    DEEP = 8
    EYE = 9
    LESION = 10
    MUSCLE = 11


# Hounsfield units, and signal of MR contrasts, by tissue in the order above.
_SIGNALS: dict[str, tuple[float, ...]] = {
    "ct": (-1000, 40, -85, 1150, 420, 6, 39, 30, 37, 8, 68, 55),
    "t1": (0, 330, 880, 40, 520, 130, 420, 640, 520, 110, 300, 340),
    "t2": (0, 260, 560, 30, 330, 980, 520, 340, 430, 940, 800, 210),
    "flair": (0, 260, 520, 30, 300, 60, 560, 420, 480, 80, 930, 240),
    "t1gd": (0, 400, 900, 40, 540, 140, 440, 650, 530, 120, 980, 380),
    "swi": (0, 300, 420, 15, 140, 620, 560, 500, 330, 500, 90, 300),
    "adc": (0, 120, 60, 10, 40, 960, 270, 250, 250, 900, 140, 170),
}


@dataclass(frozen=True, slots=True)
class Lesion:
    """A ball of changed tissue: center and radius in mm (LPS)."""

    center: Vector
    radius: float


@dataclass(frozen=True, slots=True)
class Head:
    """The head of one sample patient.

    Attributes
    ----------
    size : float
        1 for an adult, about 0.65 for a newborn.
    ventricles : float
        Width of the ventricles, 1 for a young adult, above for the old.
    lesions : tuple of Lesion
        What the study was ordered for.
    fold : float
        Phase of the brain's folds, so that no two brains are the same.
    """

    size: float = 1.0
    ventricles: float = 1.0
    lesions: tuple[Lesion, ...] = ()
    fold: float = 0.0

    def labels(self, point: tuple[Floats, Floats, Floats]) -> Labels:
        """Return the tissue of each point (coordinates in mm, LPS)."""
        x, y, z = (values / np.float32(self.size) for values in point)
        shape = np.broadcast_shapes(x.shape, y.shape, z.shape)
        out = np.zeros(shape, dtype=np.uint8)
        shell = np.sqrt((x / 76) ** 2 + ((y + 2) / 97) ** 2 + ((z - 4) / 96) ** 2)
        self._neck_and_face(out, (x, y, z))
        out[shell < 1.0] = Tissue.SKIN
        out[shell < 0.975] = Tissue.FAT
        out[shell < 0.945] = Tissue.BONE
        out[shell < 0.925] = Tissue.MARROW
        out[shell < 0.90] = Tissue.BONE
        out[shell < 0.875] = Tissue.CSF
        self._cerebrum(out, (x, y, z), shell)
        self._hindbrain(out, (x, y, z))
        self._core(out, (x, y, z))
        self._sinuses_and_eyes(out, (x, y, z))
        brain = (out >= Tissue.GRAY) & (out <= Tissue.DEEP)
        for lesion in self.lesions:
            ball = inside(
                (x, y, z), lesion.center, (lesion.radius,) * 2 + (lesion.radius * 0.9,)
            )
            out[ball & brain] = Tissue.LESION
        return out

    def _cerebrum(
        self, out: Labels, point: tuple[Floats, Floats, Floats], shell: Floats
    ) -> None:
        x, y, z = point
        f = np.float32(self.fold)
        wave = (
            np.sin(0.155 * x + 0.9 * np.sin(0.085 * y + 0.05 * z + f))
            + np.sin(0.15 * y + 1.1 * np.sin(0.08 * z + 0.06 * x))
            + np.sin(0.16 * z + 0.8 * np.sin(0.1 * x + f) + 0.5)
        )
        fine = np.sin(0.31 * x + 1.7 * np.sin(0.13 * y + f)) * np.sin(
            0.27 * y - 0.21 * z + 0.9 * np.sin(0.12 * x)
        )
        furrow = np.maximum(
            np.exp(-((wave / 0.30) ** 2)), 0.55 * np.exp(-((fine / 0.22) ** 2))
        )
        depth = (0.866 - shell) - 0.16 * furrow * (shell > 0.55)
        floor = -30 - 0.20 * y - 10 * np.abs(np.sin(0.034 * x))
        upper = (z > floor) & (shell < 0.875)
        # Under the brain: the bone of the skull's base, then the throat's muscles.
        under = ~upper & (shell < 0.9) & (y < 24)
        out[under] = Tissue.MUSCLE
        out[under & (z > floor - 9)] = Tissue.MARROW
        out[under & (z > floor - 4)] = Tissue.BONE
        out[upper & (depth > 0)] = Tissue.GRAY
        out[upper & (depth > 0.05)] = Tissue.WHITE
        # Thin, so that a slice beside the middle still shows a brain.
        fissure = (np.abs(x) < 0.75 + 0 * y) & (shell > 0.5) & (z > -5) & upper
        out[fissure] = Tissue.CSF

    def _hindbrain(self, out: Labels, point: tuple[Floats, Floats, Floats]) -> None:
        x, y, z = point
        cerebellum = inside(point, (0, 44, -40), (50, 32, 25))
        out[cerebellum] = Tissue.GRAY
        leaves = np.sin(0.75 * z + 0.16 * y + 0.02 * np.abs(x) * 1.0) > 0.25
        core = inside(point, (0, 42, -40), (44, 26, 20))
        out[core & leaves] = Tissue.WHITE
        out[inside(point, (0, 36, -40), (24, 13, 9))] = Tissue.WHITE
        out[inside(point, (0, 12, -48), (15, 15, 44))] = Tissue.WHITE
        out[inside(point, (0, 5, -34), (19, 13, 15))] = Tissue.WHITE
        out[inside(point, (0, 28, -36), (7, 5, 12))] = Tissue.CSF

    def _core(self, out: Labels, point: tuple[Floats, Floats, Floats]) -> None:
        width = self.ventricles
        for side in (-1.0, 1.0):
            out[inside(point, (side * 11, 4, 2), (8, 14, 10))] = Tissue.DEEP
            out[inside(point, (side * 26, -9, 2), (6, 18, 11))] = Tissue.DEEP
            out[inside(point, (side * 14, -24, 9), (6, 11, 9))] = Tissue.DEEP
            horn = (4.5 + 2.5 * width, 34, 5 + 4 * width)
            out[inside(point, (side * 10, 0, 18), horn)] = Tissue.CSF
            back = (5.5 * width, 15, 9)
            out[inside(point, (side * 22, 30, 10), back)] = Tissue.CSF
        out[inside(point, (0, 2, 3), (1.6 + width, 13, 9))] = Tissue.CSF
        out[inside(point, (0, -1, 25), (13, 30, 3.2))] = Tissue.WHITE

    def _sinuses_and_eyes(
        self, out: Labels, point: tuple[Floats, Floats, Floats]
    ) -> None:
        out[inside(point, (0, -82, -22), (15, 9, 13))] = Tissue.AIR
        out[inside(point, (0, -60, -40), (13, 22, 20))] = Tissue.AIR
        for side in (-1.0, 1.0):
            out[inside(point, (side * 30, -60, -30), (19, 22, 17))] = Tissue.FAT
            out[inside(point, (side * 31, -72, -30), (12, 12, 12))] = Tissue.EYE
            out[inside(point, (side * 48, 22, -46), (9, 14, 13))] = Tissue.BONE
            out[inside(point, (side * 52, 25, -48), (4, 6, 7))] = Tissue.AIR

    def _neck_and_face(self, out: Labels, point: tuple[Floats, Floats, Floats]) -> None:
        x, y, z = point
        below = z < -30
        neck = (x / 62) ** 2 + ((y - 14) / 66) ** 2
        out[(neck < 1) & below] = Tissue.FAT
        out[(neck < 0.86) & below] = Tissue.MUSCLE
        face = inside(point, (0, -38, -62), (58, 56, 60))
        out[face & below] = Tissue.MUSCLE
        bodies = (x / 17) ** 2 + ((y - 22) / 16) ** 2 < 1
        out[bodies & (z < -86)] = Tissue.MARROW
        out[((x / 7) ** 2 + ((y - 46) / 7) ** 2 < 1) & (z < -80)] = Tissue.CSF
        out[((x / 10) ** 2 + ((y + 22) / 11) ** 2 < 1) & (z < -78)] = Tissue.AIR
        jaw = inside(point, (0, -62, -78), (40, 30, 12))
        out[jaw & ~inside(point, (0, -58, -78), (33, 26, 13))] = Tissue.BONE


@dataclass(frozen=True, slots=True)
class HeadLook:
    """How a scanner shows the head: contrast, noise and coil shading.

    Attributes
    ----------
    contrast : str
        A key of the signal table: ct, t1, t2, flair, t1gd, swi, adc.
    noise : float
        Standard deviation in units of the pixels.
    sharp : bool
        A bone kernel: no blur, three times the noise.
    """

    contrast: str = "t1"
    noise: float = 14.0
    sharp: bool = False

    def image(self, head: Head, stack: Stack, index: int, *, noise: Noise) -> Floats:
        """Return one slice as numbers, HU for CT."""
        point = stack.coordinates(index)
        signal = np.asarray(_SIGNALS[self.contrast], dtype=np.float32)
        image = signal[head.labels(point)]
        if self.contrast == "ct":
            if not self.sharp:
                image = smoothed(image)
            return image + noise.at(index) * (self.noise * (3 if self.sharp else 1))
        x, y, z = point
        shading = 1.0 - 0.0011 * y + 0.0007 * x - 0.0000105 * (x * x + z * z)
        image = smoothed(image) * shading.astype(np.float32)
        other = noise.at(index + 17)
        noisy = np.hypot(image + noise.at(index) * self.noise, other * self.noise)
        return np.asarray(noisy, dtype=np.float32)
