"""A trunk, a spine, a knee and a chest made of formulas."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chrislib.station.samples.stack import Floats, Noise, Stack, inside, smoothed

Point = tuple[Floats, Floats, Floats]
Labels = NDArray[np.uint8]

AIR, SKIN, FAT, MUSCLE, BONE, MARROW, LUNG, BLOOD, LIVER, KIDNEY, FLUID, DISC, CORD = (
    range(13)
)
CARTILAGE, GUT, LIGAMENT = 13, 14, 15

_HU = (
    *(-1000, 35, -95, 55, 720, 210, -830, 42),
    *(58, 34, 8, 75, 38, 90, 25, 95),
)
_HU_CONTRAST = (
    *(-1000, 40, -95, 62, 720, 215, -820, 235),
    *(112, 190, 9, 80, 42, 95, 40, 95),
)
_MR: dict[str, tuple[float, ...]] = {
    "t1": (0, 320, 860, 300, 45, 560, 20, 90, 420, 300, 130, 280, 330, 390, 260, 45),
    "t2": (0, 260, 620, 190, 35, 330, 20, 60, 260, 560, 980, 540, 420, 560, 420, 35),
    "stir": (0, 120, 40, 230, 20, 90, 15, 60, 210, 560, 960, 500, 440, 520, 400, 20),
    "pd": (0, 330, 420, 340, 35, 300, 20, 80, 300, 420, 820, 380, 400, 640, 320, 35),
}


@dataclass(frozen=True, slots=True)
class Trunk:
    """Chest and abdomen; z = 0 is the dome of the liver."""

    size: float = 1.0

    def labels(self, point: Point) -> Labels:
        """Return the tissue of each point (mm, LPS)."""
        x, y, z = (values / np.float32(self.size) for values in point)
        p = (x, y, z)
        rim = np.sqrt((x / 168) ** 2 + (y / 116) ** 2) + 0 * z
        out = np.zeros(rim.shape, dtype=np.uint8)
        out[rim < 1.0] = SKIN
        out[rim < 0.985] = FAT
        out[rim < 0.89] = MUSCLE
        chest = z > -60
        ribs = (rim < 0.875) & (rim > 0.815) & (np.sin(0.24 * z + 0.028 * y) > 0.35)
        out[ribs & chest] = BONE
        out[(rim < 0.80) & ~chest] = FAT
        self._organs(out, p)
        self._spine(out, p)
        return out

    def _organs(self, out: Labels, p: Point) -> None:
        x, y, z = p
        for side in (-1.0, 1.0):
            lung = inside(p, (side * 72, 0, 70), (60, 84, 130))
            dome = z > 4 - 0.004 * ((x - side * 72) ** 2 + y * y)
            out[lung & dome] = LUNG
            branches = np.sin(0.21 * x + 0.11 * z) * np.sin(0.19 * y - 0.13 * z)
            out[lung & dome & (branches > 0.93)] = BLOOD
        out[inside(p, (22, -28, 45), (56, 46, 50))] = BLOOD
        below = z < 6
        liver = inside(p, (-62, -12, -40), (86, 78, 74)) & below
        out[liver] = LIVER
        vessels = np.abs(np.sin(0.09 * x + 0.05 * y + 0.6 * np.sin(0.05 * z))) < 0.05
        out[liver & vessels] = BLOOD
        out[inside(p, (92, 38, -35), (34, 42, 48))] = KIDNEY
        out[inside(p, (60, -45, -45), (44, 32, 40)) & below] = GUT
        out[inside(p, (58, -58, -40), (26, 14, 24)) & below] = AIR
        for side in (-1.0, 1.0):
            out[inside(p, (side * 62, 52, -110), (28, 25, 54))] = KIDNEY
            out[inside(p, (side * 56, 48, -110), (10, 9, 26))] = FLUID
        loops = np.sin(0.1 * x) * np.sin(0.1 * y + 0.03 * z) > 0.35
        belly = inside(p, (0, -38, -170), (112, 52, 100)) & (z < -95)
        out[belly & loops] = GUT

    def _spine(self, out: Labels, p: Point) -> None:
        x, y, z = p
        column = ((x / 23) ** 2 + ((y - 66) / 19) ** 2 < 1) & (z < 1e9)
        phase = np.mod(z, 32.0)
        out[column] = MARROW
        out[column & ((x / 20) ** 2 + ((y - 66) / 16) ** 2 > 1)] = BONE
        out[column & (phase < 7)] = DISC
        arch = ((x / 17) ** 2 + ((y - 95) / 13) ** 2 < 1) & (phase > 9)
        out[arch] = BONE
        out[((x / 9) ** 2 + ((y - 92) / 8) ** 2 < 1) & (z < 1e9)] = CORD
        out[((x - 12) / 12) ** 2 + ((y - 38) / 12) ** 2 + 0 * z < 1] = BLOOD
        out[(((x + 20) / 13) ** 2 + ((y - 34) / 10) ** 2 + 0 * z < 1) & (z < 20)] = (
            BLOOD
        )


@dataclass(frozen=True, slots=True)
class Spine:
    """A lumbar or neck spine; the discs in ``dry`` have lost their water."""

    dry: tuple[int, ...] = (4,)
    period: float = 33.0

    def labels(self, point: Point) -> Labels:
        """Return the tissue of each point (mm, LPS)."""
        x, y, z = point
        curve = 11 * np.sin(z / 62) + 0.05 * z
        depth = y - curve
        wide = np.abs(x) + 0 * y + 0 * z
        out = np.full(wide.shape, MUSCLE, dtype=np.uint8)
        belly = (depth < -26) & (wide < 60)
        out[belly | (wide > 74)] = FAT
        loops = np.sin(0.075 * y + 0.9 * np.sin(0.045 * z)) * np.sin(
            0.07 * z + 0.05 * x
        )
        out[belly & (loops > 0.12)] = GUT
        out[(depth < -24) & (depth > -40) & (np.abs(x - 12) < 11)] = BLOOD
        level = np.floor((z + 132) / self.period)
        phase = np.mod(z + 132, self.period) / self.period
        body = ((x / 24) ** 2 + (depth / 17) ** 2) < 1
        out[body] = MARROW
        out[body & ((x / 22.5) ** 2 + (depth / 15.8) ** 2 > 1)] = BONE
        out[body & (phase < 0.26)] = BONE
        nucleus = (((x / 17) ** 2 + (depth / 12.5) ** 2) < 1) & (phase < 0.23)
        dry = np.isin(level, np.asarray(self.dry))
        out[nucleus & (phase > 0.03)] = DISC
        out[nucleus & (phase > 0.03) & dry] = MUSCLE
        bulge = ((x / 11) ** 2 + ((depth - 14) / 8) ** 2 < 1) & (phase < 0.22) & dry
        canal = (x / 12) ** 2 + ((depth - 27) / 9) ** 2 < 1
        out[canal] = FLUID
        out[((x / 5.5) ** 2 + ((depth - 27) / 4.5) ** 2 < 1) & (z > -25)] = CORD
        out[(np.abs(np.sin(x * 1.4)) < 0.35) & canal & (z <= -25)] = CORD
        out[bulge] = MUSCLE
        process = (wide < 4.5) & (depth > 38) & (depth < 66) & (phase > 0.35)
        out[process] = MARROW
        out[(depth > 74) & (wide < 1e9)] = FAT
        out[y + 0 * x + 0 * z > 104] = SKIN
        out[y + 0 * x + 0 * z > 107] = AIR
        return out


@dataclass(frozen=True, slots=True)
class Knee:
    """A knee; ``effusion`` puts fluid behind the kneecap."""

    effusion: bool = False

    def labels(self, point: Point) -> Labels:
        """Return the tissue of each point (mm, LPS)."""
        x, y, z = point
        rim = np.sqrt((x / 62) ** 2 + (y / (64 - 0.06 * z)) ** 2) + 0 * z
        out = np.zeros(rim.shape, dtype=np.uint8)
        out[rim < 1] = SKIN
        out[rim < 0.97] = FAT
        out[rim < 0.84] = MUSCLE
        out[inside(point, (0, -16, -2), (34, 26, 30))] = FAT
        if self.effusion:
            out[inside(point, (0, -28, 26), (26, 11, 30))] = FLUID
        shaft = ((x / 16) ** 2 + ((y - 2) / 15) ** 2 < 1) & (z > 10)
        core = ((x / 12) ** 2 + ((y - 2) / 11) ** 2 < 1) & (z > 10)
        cond: list[NDArray[np.bool_]] = []
        for scale, label in ((1.1, CARTILAGE), (1.0, BONE), (0.93, MARROW)):
            for side in (-1.0, 1.0):
                size = (21 * scale, 27 * scale, 24 * scale)
                ball = inside(point, (side * 20, 4, 22), size)
                out[ball] = label
                cond.append(ball)
        out[shaft & ~cond[-1] & ~cond[-2]] = BONE
        out[core] = MARROW
        self._below(out, point)
        for scale, label in ((1.0, BONE), (0.88, MARROW)):
            size = (21 * scale, 9 * scale, 19 * scale)
            out[inside(point, (0, -43, 20), size)] = label
        tendon = (np.abs(x) < 10) & (np.abs(y + 43 - 0.12 * (z - 2)) < 3) & (z < 2)
        out[tendon & (z > -42)] = LIGAMENT
        return out

    def _below(self, out: Labels, point: Point) -> None:
        x, y, z = point
        for side in (-1.0, 1.0):
            ring = (((x - side * 20) / 20) ** 2 + ((y - 4) / 24) ** 2) + 0 * z
            wedge = np.abs(z + 5) < 2.0 + 3.5 * np.clip(ring - 0.3, 0, 1)
            out[wedge & (ring < 1) & (ring > 0.3)] = LIGAMENT
        plateau = inside(point, (0, 4, -26), (42, 27, 20)) & (z < -8)
        inner = inside(point, (0, 4, -26), (39, 24, 17)) & (z < -10.5)
        out[plateau] = BONE
        tibia = ((x / 17) ** 2 + ((y - 2) / 18) ** 2 < 1) & (z < -30)
        out[tibia & ~inner] = BONE
        out[inner | (((x / 13) ** 2 + ((y - 2) / 14) ** 2 < 1) & (z < -30))] = MARROW
        fibula = ((x - 36) / 8) ** 2 + ((y - 24) / 8) ** 2 + 0 * z
        out[(fibula < 1) & (z < -22)] = BONE
        out[(fibula < 0.5) & (z < -24)] = MARROW
        for shift in (-5.0, 5.0):
            cord = np.abs(x - shift - 0.25 * z) + np.abs(y - 6 - shift * 0.6 * z * 0.1)
            out[(cord < 4.2) & (np.abs(z) < 16)] = LIGAMENT


Anatomy = Trunk | Spine | Knee


def ct_image(
    anatomy: Anatomy, stack: Stack, index: int, *, noise: Noise, contrast: bool
) -> Floats:
    """Return one CT slice in HU."""
    table = np.asarray(_HU_CONTRAST if contrast else _HU, dtype=np.float32)
    image = smoothed(table[anatomy.labels(stack.coordinates(index))])
    return image + 11.0 * noise.at(index)


def mr_image(
    anatomy: Anatomy, stack: Stack, index: int, *, noise: Noise, contrast: str
) -> Floats:
    """Return one MR slice in scanner units."""
    point = stack.coordinates(index)
    table = np.asarray(_MR[contrast], dtype=np.float32)
    image = smoothed(table[anatomy.labels(point)])
    # A surface coil behind or around the part sees what is near it better.
    shading = 1.05 + 0.0016 * point[1] - 0.000012 * point[2] * point[2]
    image = image * np.clip(shading, 0.35, 1.6).astype(np.float32)
    real = image + 13.0 * noise.at(index)
    magnitude = np.hypot(real, 13.0 * noise.at(index + 29))
    return np.asarray(magnitude, dtype=np.float32)


def radiograph(anatomy: Anatomy, stack: Stack, *, depth: float, step: float) -> Floats:
    """Return the sum of attenuation along a stack's normal, as an X-ray film sees it.

    Parameters
    ----------
    anatomy : Trunk, Spine or Knee
        What stands in the beam.
    stack : Stack
        One slice that gives plane and size of the picture.
    depth, step : float
        How far before and behind that plane to add up, and in which steps, mm.

    Returns
    -------
    array of float32
        Path length in mm of water.
    """
    table = (np.asarray(_HU, dtype=np.float32) + 1000) / 1000
    # A knee is filmed with softer rays than a chest: bone shows more.
    table[BONE], table[MARROW] = (3.4, 1.7) if isinstance(anatomy, Knee) else (1.9, 1.2)
    table[SKIN : MUSCLE + 1] *= 0.75
    table[AIR] = 0
    normal = stack.axes[2]
    total = np.zeros((stack.rows, stack.columns), dtype=np.float32)
    base = stack.coordinates(0)
    jitter = step * np.random.default_rng(3).random(total.shape, dtype=np.float32)
    for offset in np.arange(-depth, depth, step, dtype=np.float32):
        # Each ray starts a little elsewhere, else the steps show as rings.
        x, y, z = (
            values + np.float32(part) * (offset + jitter) if part else values
            for values, part in zip(base, normal, strict=True)
        )
        total += table[anatomy.labels((x, y, z))] * np.float32(step)
    return smoothed(smoothed(total))
