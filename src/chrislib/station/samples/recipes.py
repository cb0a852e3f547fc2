"""How the images of a sample series are made: one recipe per kind of series."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from chrislib.station.samples.body import Anatomy, ct_image, mr_image, radiograph
from chrislib.station.samples.dicomfile import decimal
from chrislib.station.samples.head import Head, HeadLook
from chrislib.station.samples.shapes import Fan, VesselRun
from chrislib.station.samples.stack import Floats, Noise, Stack

Pixels = NDArray[np.generic]
Tags = Mapping[str, object]

CT, MR, US, XA, DX, CR = (
    "1.2.840.10008.5.1.4.1.1.2",
    "1.2.840.10008.5.1.4.1.1.4",
    "1.2.840.10008.5.1.4.1.1.6.1",
    "1.2.840.10008.5.1.4.1.1.12.1",
    "1.2.840.10008.5.1.4.1.1.1.1",
    "1.2.840.10008.5.1.4.1.1.1",
)
_CLASSES = {"CT": CT, "MR": MR, "US": US, "XA": XA, "DX": DX, "CR": CR}


@dataclass(frozen=True, slots=True)
class Frame:
    """One image: its pixels and what is its own."""

    pixels: Pixels
    tags: Mapping[str, str] = field(default_factory=dict)


class Recipe(Protocol):
    """Makes the images of one series, the same ones each time."""

    @property
    def modality(self) -> str:
        """DICOM modality."""

    @property
    def count(self) -> int:
        """How many images there will be."""

    @property
    def tags(self) -> Tags:
        """What all images share."""

    @property
    def varying(self) -> tuple[str, ...]:
        """Keywords of what is each image's own, beside number and UID."""

    def frames(self, seed: int) -> Iterator[Frame]:
        """Yield the images in the order of their numbers."""


def sop_class(modality: str) -> str:
    """Return the SOP class of a modality's single images."""
    return _CLASSES[modality]


def grayscale(*, bits: int, signed: bool, rows: int, columns: int) -> dict[str, object]:
    """Return the image pixel module of a grayscale picture."""
    allocated = 8 if bits <= 8 else 16
    return {
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": rows,
        "Columns": columns,
        "BitsAllocated": allocated,
        "BitsStored": bits,
        "HighBit": bits - 1,
        "PixelRepresentation": int(signed),
    }


def _window(center: float, width: float) -> dict[str, object]:
    return {"WindowCenter": decimal(center), "WindowWidth": decimal(width)}


_MR_TIMES: dict[str, tuple[str, str, str, str]] = {
    "t1": ("450", "12", "", "SE"),
    "t2": ("4200", "96", "", "SE"),
    "flair": ("9000", "120", "2500", "IR"),
    "t1gd": ("500", "12", "", "SE"),
    "swi": ("28", "20", "", "GR"),
    "adc": ("4800", "88", "", "EP"),
    "stir": ("5200", "60", "160", "IR"),
    "pd": ("2600", "28", "", "SE"),
}
_MR_WINDOW: dict[str, tuple[float, float]] = {
    "t1": (380, 800),
    "t2": (480, 1000),
    "flair": (420, 900),
    "t1gd": (420, 950),
    "swi": (330, 700),
    "adc": (400, 900),
    "stir": (360, 850),
    "pd": (330, 720),
}


def mr_tags(stack: Stack, contrast: str) -> dict[str, object]:
    """Return what the images of one MR contrast share."""
    repetition, echo, inversion, sequence = _MR_TIMES[contrast]
    tags: dict[str, object] = {
        **grayscale(bits=12, signed=False, rows=stack.rows, columns=stack.columns),
        **stack.constant_tags(),
        **_window(*_MR_WINDOW[contrast]),
        "ImageType": ["ORIGINAL", "PRIMARY", "M", "ND"],
        "ScanningSequence": sequence,
        "SequenceVariant": "SK",
        "ScanOptions": "",
        "MRAcquisitionType": "2D",
        "RepetitionTime": repetition,
        "EchoTime": echo,
        "EchoTrainLength": "1",
        "MagneticFieldStrength": "3",
        "FlipAngle": "90",
    }
    if inversion:
        tags["InversionTime"] = inversion
    if contrast == "t1gd":
        tags["ContrastBolusAgent"] = "GADOLINIUM"
    return tags


def ct_tags(stack: Stack, *, center: float, width: float) -> dict[str, object]:
    """Return what the images of one CT series share."""
    return {
        **grayscale(bits=16, signed=True, rows=stack.rows, columns=stack.columns),
        **stack.constant_tags(),
        **_window(center, width),
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "RescaleSlope": "1",
        "RescaleIntercept": "-1024",
        "RescaleType": "HU",
        "KVP": "120",
        "XRayTubeCurrent": "240",
        "ExposureTime": "1000",
        "ConvolutionKernel": "STANDARD",
        "PatientPosition": "HFS",
        # A tilted stack is a reformatted one here; the gantry stood upright.
        "GantryDetectorTilt": "0",
    }


_SLICE_KEYS = ("ImagePositionPatient", "SliceLocation")


@dataclass(frozen=True, slots=True)
class HeadSeries:
    """Slices of a head, by CT or MR."""

    head: Head
    stack: Stack
    look: HeadLook
    window: tuple[float, float] = (40, 90)
    varying: tuple[str, ...] = _SLICE_KEYS

    @property
    def modality(self) -> str:
        """CT for the look of a CT, else MR."""
        return "CT" if self.look.contrast == "ct" else "MR"

    @property
    def count(self) -> int:
        """One image per slice."""
        return self.stack.count

    @property
    def tags(self) -> Tags:
        """Geometry, window and acquisition."""
        if self.modality == "MR":
            return mr_tags(self.stack, self.look.contrast)
        kernel = "BONE" if self.look.sharp else "STANDARD"
        center, width = self.window
        tags = ct_tags(self.stack, center=center, width=width)
        return {**tags, "ConvolutionKernel": kernel}

    def frames(self, seed: int) -> Iterator[Frame]:
        """Yield the slices."""
        noise = Noise(seed, self.stack.rows, self.stack.columns)
        for index in range(self.stack.count):
            image = self.look.image(self.head, self.stack, index, noise=noise)
            yield Frame(_stored(image, self.modality), self.stack.slice_tags(index))


@dataclass(frozen=True, slots=True)
class BodySeries:
    """Slices of a trunk, a spine or a knee; ``contrast`` "ct", "ctc" or of MR."""

    anatomy: Anatomy
    stack: Stack
    contrast: str
    window: tuple[float, float] = (40, 400)
    varying: tuple[str, ...] = _SLICE_KEYS

    @property
    def modality(self) -> str:
        """CT or MR."""
        return "CT" if self.contrast.startswith("ct") else "MR"

    @property
    def count(self) -> int:
        """One image per slice."""
        return self.stack.count

    @property
    def tags(self) -> Tags:
        """Geometry, window and acquisition."""
        if self.modality == "MR":
            return mr_tags(self.stack, self.contrast)
        tags = ct_tags(self.stack, center=self.window[0], width=self.window[1])
        if self.contrast == "ctc":
            tags["ContrastBolusAgent"] = "IODINE"
        return tags

    def frames(self, seed: int) -> Iterator[Frame]:
        """Yield the slices."""
        noise = Noise(seed, self.stack.rows, self.stack.columns)
        for index in range(self.stack.count):
            if self.modality == "CT":
                image = ct_image(
                    self.anatomy,
                    self.stack,
                    index,
                    noise=noise,
                    contrast=self.contrast == "ctc",
                )
            else:
                image = mr_image(
                    self.anatomy, self.stack, index, noise=noise, contrast=self.contrast
                )
            yield Frame(_stored(image, self.modality), self.stack.slice_tags(index))


@dataclass(frozen=True, slots=True)
class Localizer:
    """Three stacks at right angles in one series, as every MR study begins."""

    head: Head
    each: int = 5
    varying: tuple[str, ...] = (*_SLICE_KEYS, "ImageOrientationPatient")
    modality: str = "MR"

    @property
    def _stacks(self) -> tuple[Stack, ...]:
        return tuple(
            Stack(plane, self.each, 15, 128, 128, 2.0, center=(3, 0, 5), thickness=8)
            for plane in ("axial", "sagittal", "coronal")
        )

    @property
    def count(self) -> int:
        """As many images of each plane."""
        return self.each * 3

    @property
    def tags(self) -> Tags:
        """Geometry without the orientation, which changes within the series."""
        tags = mr_tags(self._stacks[0], "t1")
        del tags["ImageOrientationPatient"]
        return {**tags, "ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}

    def frames(self, seed: int) -> Iterator[Frame]:
        """Yield the three stacks one after the other."""
        noise = Noise(seed, 128, 128)
        for stack in self._stacks:
            orientation = str(stack.constant_tags()["ImageOrientationPatient"])
            for index in range(stack.count):
                image = HeadLook("t1").image(self.head, stack, index, noise=noise)
                tags = stack.slice_tags(index)
                tags["ImageOrientationPatient"] = orientation
                yield Frame(_stored(image, "MR"), tags)


@dataclass(frozen=True, slots=True)
class Diffusion:
    """Diffusion weighting: one volume without, then one per gradient direction."""

    head: Head
    stack: Stack
    directions: tuple[tuple[float, float, float], ...]
    b: int = 1000
    varying: tuple[str, ...] = (
        *_SLICE_KEYS,
        "DiffusionBValue",
        "DiffusionGradientOrientation",
        "AcquisitionNumber",
    )
    modality: str = "MR"

    @property
    def count(self) -> int:
        """Slices times volumes."""
        return self.stack.count * (len(self.directions) + 1)

    @property
    def tags(self) -> Tags:
        """As a T2 of an echo-planar sequence."""
        tags = mr_tags(self.stack, "adc")
        kind = ["ORIGINAL", "PRIMARY", "DIFFUSION", "NONE"]
        return {**tags, **_window(220, 460), "ImageType": kind}

    def frames(self, seed: int) -> Iterator[Frame]:
        """Yield volume after volume."""
        noise = Noise(seed, self.stack.rows, self.stack.columns)
        look = HeadLook("t2", noise=9)
        plain = [
            look.image(self.head, self.stack, index, noise=noise)
            for index in range(self.stack.count)
        ]
        for volume in range(len(self.directions) + 1):
            vector = self.directions[volume - 1] if volume else (0.0, 0.0, 0.0)
            for index, unweighted in enumerate(plain):
                image = unweighted
                if volume:
                    image = self._weighted(image, index, vector)
                    image += 9 * noise.at(index + 31 * volume)
                tags = self.stack.slice_tags(index)
                tags["DiffusionBValue"] = str(self.b if volume else 0)
                tags["DiffusionGradientOrientation"] = decimal(*vector)
                tags["AcquisitionNumber"] = str(volume + 1)
                yield Frame(_stored(np.abs(image), "MR"), tags)

    def _weighted(
        self, image: Floats, index: int, vector: tuple[float, float, float]
    ) -> Floats:
        """Return the signal that is left: water moves freely, along fibres more."""
        x, y, z = self.stack.coordinates(index)
        # Fibres fan out from the middle: sideways in the middle, upward outside.
        up = np.clip(np.abs(x) / 45, 0, 1)
        along = (1 - up) * vector[0] + up * vector[2] + 0.2 * np.sin(0.05 * y)
        free = np.clip(image / 980, 0, 1) ** 2
        rate = 0.0006 + 0.0021 * free + 0.0007 * along * along + 0 * z
        return np.asarray(image * np.exp(-self.b * rate), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Radiograph:
    """X-ray pictures of an anatomy, one per view."""

    anatomy: Anatomy
    views: tuple[Stack, ...]
    depth: float
    varying: tuple[str, ...] = ("ViewPosition",)
    modality: str = "DX"

    @property
    def count(self) -> int:
        """One image per view."""
        return len(self.views)

    @property
    def tags(self) -> Tags:
        """Detector and display."""
        first = self.views[0]
        return {
            **grayscale(bits=12, signed=False, rows=first.rows, columns=first.columns),
            **_window(1750, 3300),
            "ImageType": ["ORIGINAL", "PRIMARY"],
            "ImagerPixelSpacing": decimal(first.spacing, first.spacing),
            "PixelSpacing": decimal(first.spacing, first.spacing),
            "PresentationIntentType": "FOR PRESENTATION",
            "PresentationLUTShape": "IDENTITY",
            "PixelIntensityRelationship": "LOG",
            "PixelIntensityRelationshipSign": -1,
            "BurnedInAnnotation": "NO",
            "LossyImageCompression": "00",
            "KVP": "66",
            "RescaleSlope": "1",
            "RescaleIntercept": "0",
            "RescaleType": "US",
            "PatientOrientation": ["L", "F"],
        }

    def frames(self, seed: int) -> Iterator[Frame]:
        """Yield the views."""
        for number, view in enumerate(self.views):
            path = radiograph(
                self.anatomy, view, depth=self.depth, step=self.depth / 12
            )
            noise = Noise(seed + number, view.rows, view.columns).at(0)
            top = float(np.percentile(path, 99.7)) or 1.0
            image = 3600 * np.clip(path / top, 0, 1.1) ** 1.25 + 14 * noise
            position = "AP" if view.plane == "coronal" else "LL"
            yield Frame(_stored(image, "DX"), {"ViewPosition": position})


@dataclass(frozen=True, slots=True)
class Ultrasound:
    """A sweep of ultrasound pictures."""

    fan: Fan
    count: int = 8
    varying: tuple[str, ...] = ()
    modality: str = "US"

    @property
    def tags(self) -> Tags:
        """A single-frame grayscale picture."""
        fan = self.fan
        return {
            **grayscale(bits=8, signed=False, rows=fan.rows, columns=fan.columns),
            **_window(128, 256),
            "ImageType": ["ORIGINAL", "PRIMARY", "ABDOMINAL"],
        }

    def frames(self, seed: int) -> Iterator[Frame]:
        """Yield the pictures."""
        for index in range(self.count):
            yield Frame(self.fan.image(index, seed=seed))


@dataclass(frozen=True, slots=True)
class Angiography:
    """One run of an angiography, a file for each picture."""

    run: VesselRun
    varying: tuple[str, ...] = ()
    modality: str = "XA"

    @property
    def count(self) -> int:
        """One image per time point."""
        return self.run.frames

    @property
    def tags(self) -> Tags:
        """Detector and display."""
        size = self.run.size
        return {
            **grayscale(bits=10, signed=False, rows=size, columns=size),
            **_window(512, 900),
            "ImageType": ["ORIGINAL", "PRIMARY", "SINGLE PLANE"],
            "ImagerPixelSpacing": decimal(0.6, 0.6),
            "PixelIntensityRelationship": "LIN",
            "KVP": "78",
            "RadiationSetting": "GR",
            "CineRate": "12",
            "FrameTime": "83.3",
        }

    def frames(self, seed: int) -> Iterator[Frame]:
        """Yield the run, contrast medium coming and washing out."""
        run = self.run
        background = run.background()
        thick, when = run.arrival()
        noise = Noise(seed, run.size, run.size)
        for index in range(run.frames):
            age = index - when * (run.frames / 30)
            filled = np.clip(age, 0, 1) * np.exp(-np.clip(age - 6, 0, None) / 6)
            image = background * np.exp(-0.085 * thick * filled)
            yield Frame(_stored(image + 9 * noise.at(index), "XA"))


def _stored(image: Floats, modality: str) -> Pixels:
    """Return numbers as the pixels that a modality stores."""
    if modality == "CT":
        return np.clip(image + 1024, 0, 4095).astype("<i2")
    top = 1023 if modality == "XA" else 4095
    return np.clip(image, 0, top).astype("<u2")
