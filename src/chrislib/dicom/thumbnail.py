"""Small pictures of files, as JPEG: fast for what most files are.

Uncompressed values are read, windowed and averaged without a decoder, JPEG 2000 is
decoded at a part of its resolution and JPEG by whole blocks. Everything else is decoded
as the viewer does it.
"""

import io
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from chrislib.dicom.decode import (
    geometry_of,
    is_inverted,
    lookup_of,
    modality_values,
    read_picture,
    rescale_of,
    windows_of,
)
from chrislib.dicom.errors import BrokenDicom, DicomError, NoPicture
from chrislib.dicom.glance import TAGS, Glance, glance
from chrislib.dicom.nifti import is_volume, read_volume
from chrislib.dicom.reading import integer, quiet, read_stream, text, value
from chrislib.dicom.render import Picture, Window, full_range, render

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

VERSION = 1
"""Rises when the same file would give another picture."""

_NATIVE = {
    "1.2.840.10008.1.2": "<",
    "1.2.840.10008.1.2.1": "<",
    "1.2.840.10008.1.2.2": ">",
}
_JPEG_2000 = ("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91")
_JPEG = ("1.2.840.10008.1.2.4.50",)
_UNDEFINED = 0xFFFFFFFF
_LARGEST_FRAME = 1 << 28
_LARGEST_CODED = 1 << 26
"""Bytes of one compressed frame."""
_LARGEST_FILE_IMAGE = 1 << 27
"""Pixels of a PNG, JPEG and the like."""
_SAMPLED = 128
"""Values along a side from which a window is made where none is stated."""
_QUALITY = 87


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small picture: JPEG, at most as large as asked for, pixels square."""

    jpeg: bytes
    width: int
    height: int


def read_thumbnail(path: Path, *, side: int, share: float = 0.5) -> Thumbnail:
    """Make a small picture of a file (disk).

    Parameters
    ----------
    path : Path
        DICOM, NIfTI and the like, or a picture file; told apart by the name.
    side : int
        Pixels of the longer side at most; small pictures are not enlarged.
    share : float
        Which frame or slice, from 0 (first) to 1 (last).

    Raises
    ------
    DicomError
        There is no picture to be had of it.
    """
    try:
        with quiet():
            return _encoded(_small(path, side, share))
    except DicomError:
        raise
    except MemoryError as error:
        raise BrokenDicom("It asks for more memory than there is.") from error
    except Exception as error:
        raise BrokenDicom("No small picture could be made of it.") from error


def _small(path: Path, side: int, share: float) -> "Image":
    if is_volume(path):
        volume = read_volume(path)
        picture = volume.picture("axial", _at(share, volume.count("axial")))
        return _of_picture(picture, side)
    if path.suffix.lower() in (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp"):
        return _of_file(path, side)
    frame, found = 0, None
    try:
        with path.open("rb") as stream:
            dataset: Any = glance(stream)
            if dataset is None:
                stream.seek(0)
                dataset = read_stream(stream, stop_before_pixels=True, tags=TAGS)
            frame = _at(share, max(integer(dataset, "NumberOfFrames") or 1, 1))
            with suppress(Exception):  # then it is decoded as the viewer does
                found = _quickly(dataset, stream, frame, side)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BrokenDicom(f"{reason}.", title="This file cannot be read.") from error
    return found or _of_picture(read_picture(path, frame), side)


def _at(share: float, count: int) -> int:
    return min(max(int(share * count), 0), count - 1)


def _quickly(dataset: Any, stream: BinaryIO, frame: int, side: int) -> "Image | None":
    """Return the small picture of what is stored simply, None for all else."""
    syntax = str(text(getattr(dataset, "file_meta", None), "TransferSyntaxUID"))
    size = (integer(dataset, "Columns") or 0, integer(dataset, "Rows") or 0)
    samples = integer(dataset, "SamplesPerPixel") or 1
    grey = samples == 1 and text(dataset, "PhotometricInterpretation").startswith(
        "MONOCHROME"
    )
    if not min(size) or size[0] * size[1] * samples > _LARGEST_FRAME:
        return None
    if syntax in _NATIVE:
        order = _NATIVE[syntax]
        if grey:
            return _native_grey(dataset, stream, frame, side=side, order=order)
        if text(dataset, "PhotometricInterpretation") == "RGB" and samples == 3:
            return _native_color(dataset, stream, frame, side=side, order=order)
    elif syntax in _JPEG_2000 and grey:
        coded = _coded(dataset, stream, frame)
        return _jpeg_2000(dataset, coded, frame, side=side) if coded else None
    elif syntax in _JPEG and (grey or _is_ycc(dataset)):
        coded = _coded(dataset, stream, frame)
        return _jpeg(dataset, coded, frame, side=side) if coded else None
    return None


# Uncompressed.


def _pixel_data(
    dataset: Any, stream: BinaryIO, order: str = "<"
) -> tuple[int, int] | None:
    """Return where pixel data begins, and its length; None for other data (disk)."""
    if isinstance(dataset, Glance):
        return dataset.at, dataset.length
    # pydicom stopped where the element begins
    begin = stream.tell()
    head = stream.read(12)
    if len(head) < 12 or struct.unpack_from(f"{order}HH", head) != (0x7FE0, 0x0010):
        return None
    long = 0 if dataset.original_encoding[0] else 4
    (length,) = struct.unpack_from(f"{order}I", head, 4 + long)
    return begin + 8 + long, length


def _native(
    dataset: Any, stream: BinaryIO, frame: int, *, count: int, order: str
) -> bytes | None:
    """Return the bytes of one frame; None when they are not all there (disk)."""
    found = _pixel_data(dataset, stream, order)
    if found is None or found[1] == _UNDEFINED or (frame + 1) * count > found[1]:
        return None
    stream.seek(found[0] + frame * count)
    raw = stream.read(count)
    return raw if len(raw) == count else None


def _native_grey(
    dataset: Any, stream: BinaryIO, frame: int, *, side: int, order: str
) -> "Image | None":
    import numpy as np

    rows, columns = integer(dataset, "Rows") or 0, integer(dataset, "Columns") or 0
    bits = integer(dataset, "BitsAllocated")
    stored = integer(dataset, "BitsStored") or bits
    if bits not in (8, 16) or stored is None or not 1 <= stored <= bits:
        return None
    if bits == 8 and order == ">":
        return None  # swapped in pairs, or not: the decoder knows
    if value(dataset, "ModalityLUTSequence") is not None:
        return None
    count = rows * columns * bits // 8
    raw = _native(dataset, stream, frame, count=count, order=order)
    if raw is None:
        return None
    kind = "i" if integer(dataset, "PixelRepresentation") else "u"
    pixels = np.frombuffer(raw, f"{order}{kind}{bits // 8}").reshape(rows, columns)
    if stored < bits:
        spare = bits - stored
        pixels = (pixels << spare) >> spare
    return _of_pixels(pixels, dataset, frame, side=side)


def _native_color(
    dataset: Any, stream: BinaryIO, frame: int, *, side: int, order: str
) -> "Image | None":
    from PIL import Image

    rows, columns = integer(dataset, "Rows") or 0, integer(dataset, "Columns") or 0
    plain = not integer(dataset, "PlanarConfiguration") and order == "<"
    if not plain or (integer(dataset, "BitsAllocated"), _stored(dataset)) != (8, 8):
        return None
    count = rows * columns * 3
    raw = _native(dataset, stream, frame, count=count, order=order)
    if raw is None:
        return None
    image = Image.frombuffer("RGB", (columns, rows), raw, "raw", "RGB", 0, 1)
    return shrunk(image, side, aspect=_aspect(dataset, frame))


# Compressed.


def _coded(dataset: Any, stream: BinaryIO, frame: int) -> bytes | None:
    """Return one compressed frame of an encapsulated element (disk)."""
    from pydicom.encaps import get_frame

    if dataset.original_encoding != (False, True):
        return None
    place = _pixel_data(dataset, stream)
    if place is None or place[1] != _UNDEFINED:
        return None
    stream.seek(place[0])
    frames = max(integer(dataset, "NumberOfFrames") or 1, 1)
    found = get_frame(stream, frame, number_of_frames=frames)
    return found if 0 < len(found) <= _LARGEST_CODED else None


def _jpeg_2000(dataset: Any, coded: bytes, frame: int, *, side: int) -> "Image | None":
    """Decode JPEG 2000 at the resolution that is next to what is needed."""
    import numpy as np
    from PIL import Image

    begin = coded.find(b"\xff\x4f\xff\x51")
    style = coded.find(b"\xff\x52", begin)
    if begin < 0 or style < 0 or len(coded) < max(begin + 43, style + 10):
        return None
    depth = coded[begin + 42]
    bits, signed = (depth & 0x7F) + 1, bool(depth >> 7)
    if bits > 16 or signed != bool(integer(dataset, "PixelRepresentation")):
        return None
    image: Any = Image.open(io.BytesIO(coded), formats=("JPEG2000",))
    wide, high = image.size
    if (high, wide) != (integer(dataset, "Rows"), integer(dataset, "Columns")):
        return None
    fits = _fitted(wide, high, side, aspect=_aspect(dataset, frame))
    levels = coded[style + 9]
    image.reduce = min(levels, _halvings(wide / fits[0], high / fits[1]))
    pixels = np.asarray(image)
    if pixels.dtype not in (np.uint8, np.uint16) or pixels.ndim != 2:
        return None
    # Pillow gives every depth the range of 8 or 16 bits, the sign taken away.
    values = pixels.astype(np.int32) >> (pixels.dtype.itemsize * 8 - bits)
    if signed:
        values -= 1 << (bits - 1)
    return _of_pixels(values, dataset, frame, side=side, fits=fits)


def _halvings(*ratios: float) -> int:
    return max(int(min(ratios)).bit_length() - 1, 0)


def _jpeg(dataset: Any, coded: bytes, frame: int, *, side: int) -> "Image | None":
    """Decode JPEG of 8 bits, by blocks where that is enough."""
    import numpy as np
    from PIL import Image

    image = Image.open(io.BytesIO(coded), formats=("JPEG",))
    wide, high = image.size
    if (high, wide) != (integer(dataset, "Rows"), integer(dataset, "Columns")):
        return None
    fits = _fitted(wide, high, side, aspect=_aspect(dataset, frame))
    wanted = "RGB" if _is_ycc(dataset) else "L"
    if image.mode != wanted or "adobe_transform" in image.info:
        return None  # the header and the picture differ about colors
    image.draft(wanted, fits)
    if wanted == "L":
        if integer(dataset, "PixelRepresentation"):
            return None
        return _of_pixels(np.asarray(image), dataset, frame, side=side, fits=fits)
    return _resized(image, fits)


def _is_ycc(dataset: Any) -> bool:
    return text(dataset, "PhotometricInterpretation") in ("YBR_FULL_422", "YBR_FULL")


# From values to a small picture.


def _of_pixels(
    pixels: "NDArray[Any]",
    dataset: Any,
    frame: int,
    *,
    side: int,
    fits: tuple[int, int] | None = None,
) -> "Image":
    """Window stored values as the viewer does, then average."""
    import numpy as np
    from PIL import Image

    rows, columns = pixels.shape
    if fits is None:
        fits = _fitted(columns, rows, side, aspect=_aspect(dataset, frame))
    some = pixels[:: max(rows // _SAMPLED, 1), :: max(columns // _SAMPLED, 1)]
    windows = windows_of(modality_values(some, dataset, frame), dataset, frame)
    window = windows[0]
    lookup = lookup_of(dataset)
    inverted = is_inverted(dataset)
    if lookup is not None or window.function == "SIGMOID" or window.width <= 1:
        values = modality_values(pixels, dataset, frame)
        shown = render(Picture(values, windows, inverted=inverted, lookup=lookup))
    else:
        shown = _levels(pixels, window, rescale_of(dataset, frame), inverted=inverted)
    return _resized(Image.fromarray(np.ascontiguousarray(shown)), fits)


def _levels(
    pixels: "NDArray[Any]",
    window: Window,
    rescale: tuple[float, float],
    *,
    inverted: bool,
) -> "NDArray[np.uint8]":
    """Rescale and window in one go: both are linear (C.11.1, C.11.2.1.2)."""
    import numpy as np

    center, width = window.center, window.width
    if window.function == "LINEAR":
        center, width = center - 0.5, width - 1
    slope, intercept = rescale
    factor = slope / width * 255
    offset = ((intercept - center) / width + 0.5) * 255
    if inverted:
        factor, offset = -factor, 255 - offset
    level = pixels.astype(np.float32)
    level *= np.float32(factor)
    level += np.float32(offset + 0.5)
    np.clip(level, 0, 255, out=level)
    return level.astype(np.uint8)


def _of_picture(picture: Picture, side: int) -> "Image":
    from PIL import Image

    image = Image.fromarray(render(picture))
    return shrunk(image, side, aspect=picture.aspect)


def _of_file(path: Path, side: int) -> "Image":
    """Make it of a picture file (disk)."""
    import numpy as np
    from PIL import Image

    image: Image.Image
    with Image.open(path) as image:
        if image.width * image.height > _LARGEST_FILE_IMAGE:
            raise NoPicture("a picture that is too large")
        fits = _fitted(*image.size, side, aspect=1.0)
        image.draft("RGB", fits)
        if image.mode in ("I", "F", "I;16", "I;16B", "I;16L"):
            values = np.asarray(image, dtype=np.float32)
            made = Image.fromarray(render(Picture(values, (full_range(values),))))
        elif image.mode in ("L", "RGB"):
            made = image.copy()
        else:
            made = Image.new("RGB", image.size)
            clear = image.convert("RGBA")
            made.paste(clear, mask=clear)
    return _resized(made, fits)


def shrunk(image: "Image", side: int, *, aspect: float = 1.0) -> "Image":
    """Return a picture with square pixels that fits in a square; never enlarged."""
    return _resized(image, _fitted(image.width, image.height, side, aspect=aspect))


def _fitted(wide: int, high: int, side: int, *, aspect: float) -> tuple[int, int]:
    """Return the size in pixels; `aspect` is the height of a pixel over its width."""
    across, down = (wide / aspect, high) if aspect < 1 else (wide, high * aspect)
    scale = min(1.0, side / across, side / down)
    return max(round(across * scale), 1), max(round(down * scale), 1)


def _resized(image: "Image", fits: tuple[int, int]) -> "Image":
    from PIL import Image

    (wide, high), (across, down) = image.size, fits
    if wide % across == 0 and high % down == 0:
        # an average of whole pixels, by far the fastest way
        return image.reduce((wide // across, high // down))
    return image.resize(fits, Image.Resampling.BICUBIC, reducing_gap=2.0)


def _encoded(image: "Image") -> Thumbnail:
    sink = io.BytesIO()
    image.save(sink, "JPEG", quality=_QUALITY, subsampling=0)
    return Thumbnail(sink.getvalue(), image.width, image.height)


def _aspect(dataset: Any, frame: int) -> float:
    return geometry_of(dataset, frame)[3]


def _stored(dataset: Any) -> int:
    return integer(dataset, "BitsStored") or integer(dataset, "BitsAllocated") or 0
