"""Small pictures: against the way one would write first, and a screenful from disk.

The files are slices of 512 × 512 with 16 bits, in the page cache, ways in turn. Before
anything is measured the pictures of both ways are compared: they must look alike.
"""

import asyncio
import io
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.pixels.processing import apply_modality_lut
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless

from chrislib.catalog.thumbnails import Kept, Spot, ThumbnailCache
from chrislib.dicom.thumbnail import read_thumbnail
from tests.bench.harness import Result, paired

FILES = 24
SCREENFUL = 60
SIDE = 128
FRAME = 1 / 60
"""Seconds between two pictures of a screen."""
_ALIKE = 3.0
"""Mean difference of two pictures in grey levels of 256."""
_WAVELET = 12.0
"""The same where one is a wavelet's own average."""


def measure(rounds: int = 7) -> list[Result]:
    """Measure all ways in turn over the same files."""
    with tempfile.TemporaryDirectory() as folder:
        plain = [_write(Path(folder), number) for number in range(FILES)]
        packed = [_write(Path(folder), number, packed=True) for number in range(4)]
        for path in (*plain, *packed):
            _compare(path, _WAVELET if path in packed else _ALIKE)
        return [
            _against("thumbnail_vs_naive", plain, rounds=rounds, goal=0.6),
            _against("thumbnail_j2k_vs_naive", packed, rounds=rounds, goal=0.2),
            asyncio.run(_screenful(Path(folder), plain, rounds)),
        ]


def _against(name: str, paths: Sequence[Path], *, rounds: int, goal: float) -> Result:
    ours, theirs = [], []
    for _ in range(rounds):
        theirs.append(_took(naive, paths))
        ours.append(_took(quick, paths))
    return paired(name, ours, theirs, unit="ms", goal=goal)


def _took(make: Callable[[Path], bytes], paths: Sequence[Path]) -> float:
    """Return the median of the times for each file, in milliseconds."""
    found = []
    for path in paths:
        start = time.perf_counter()
        make(path)
        found.append(1000 * (time.perf_counter() - start))
    return statistics.median(found)


def quick(path: Path) -> bytes:
    """Make a small picture as the program does."""
    return read_thumbnail(path, side=SIDE).jpeg


def naive(path: Path) -> bytes:
    """Make it by the book: all of it decoded, windowed, and made small."""
    dataset = dcmread(path)
    values = apply_modality_lut(dataset.pixel_array, dataset)
    low = float(dataset.WindowCenter) - float(dataset.WindowWidth) / 2
    level = np.clip((values - low) / float(dataset.WindowWidth), 0, 1)
    image = Image.fromarray((level * 255).astype(np.uint8))
    image.thumbnail((SIDE, SIDE))
    sink = io.BytesIO()
    image.save(sink, "JPEG", quality=87)
    return sink.getvalue()


def _compare(path: Path, limit: float) -> None:
    mine, theirs = (
        np.asarray(Image.open(io.BytesIO(make(path))), dtype=float)
        for make in (quick, naive)
    )
    if mine.shape != theirs.shape or np.abs(mine - theirs).mean() > limit:
        raise RuntimeError("the pictures are not alike")


async def _screenful(folder: Path, paths: Sequence[Path], rounds: int) -> Result:
    """Fetch a screenful from the cache and unpack it for the screen."""
    from PySide6.QtGui import QImage

    cache = ThumbnailCache(folder / "thumbnails.db")
    await cache.open()
    pictures = [quick(path) for path in paths]
    spots = [Spot(f"s{number}", 50, SIDE) for number in range(2000)]
    await cache.put(
        {
            spot: Kept("1", pictures[number % len(pictures)])
            for number, spot in enumerate(spots)
        }
    )
    took = []
    for start in range(0, rounds * SCREENFUL, SCREENFUL):
        begin = time.perf_counter()
        found = await cache.get(spots[start : start + SCREENFUL])
        images = [QImage.fromData(one.jpeg) for one in found.values()]
        took.append(1000 * (time.perf_counter() - begin))
        if len(images) != SCREENFUL or any(image.isNull() for image in images):
            raise RuntimeError("pictures are missing")
    await cache.close()
    frame = [1000 * FRAME] * rounds
    return paired("thumbnails_60_kept_vs_frame", took, frame, unit="ms", goal=1.0)


def _write(folder: Path, number: int, *, packed: bool = False) -> Path:
    """Write one slice: a head of noise in a skull of bone."""
    rng = np.random.default_rng(number)
    y, x = np.mgrid[:512, :512]
    away = np.hypot((x - 256) / 0.8, y - 256 - number)
    values = np.full((512, 512), -1000.0)
    values[away < 220] = 1100
    values[away < 200] = 35
    values[np.hypot(x - 216, y - 240) < 40 + number] = 8
    values += rng.normal(0, 12, values.shape)
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    syntax = JPEG2000Lossless if packed else ExplicitVRLittleEndian
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    dataset.SOPInstanceUID = f"1.2.3.{number}"
    dataset.Modality, dataset.PatientName = "CT", "Nobody^Known"
    dataset.Rows = dataset.Columns = 512
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    dataset.PixelRepresentation = 0
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, -1024
    dataset.WindowCenter, dataset.WindowWidth = 40, 400
    stored = np.clip(values + 1024, 0, 65535).astype("<u2")
    if packed:
        sink = io.BytesIO()
        Image.fromarray(stored).save(sink, "JPEG2000", no_jp2=True)
        from pydicom.encaps import encapsulate

        dataset.PixelData = encapsulate([sink.getvalue()])
        dataset["PixelData"].VR = "OB"
        dataset["PixelData"].is_undefined_length = True
    else:
        dataset.PixelData = stored.tobytes()
    path = folder / f"{'packed' if packed else 'plain'}-{number}.dcm"
    dcmwrite(path, dataset, enforce_file_format=True)
    return path
