"""One frame of a DICOM file as values that can be windowed."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from chrislib.dicom.errors import BrokenDicom, CannotDecode, DicomError, NoPicture
from chrislib.dicom.reading import integer, numbers, quiet, read_dataset, text, value
from chrislib.dicom.render import (
    AUTOMATIC,
    Function,
    LookUp,
    Picture,
    Window,
    between,
    letters_of,
    usual_range,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_LARGE_FILE = 64_000_000
"""Bytes above which only the frame asked for is read."""
_LARGEST_FRAME = 1 << 28
"""Samples above which a header is taken to be damaged."""
_NO_DECODER = ("missing dependencies", "only supports", "does not support")
"""How pydicom says that a decoder is missing, or that the one there is too simple."""
_OTHER_DATA = {
    "RTSTRUCT": "contours",
    "RTPLAN": "a treatment plan",
    "SR": "a report",
    "ECG": "an ECG recording",
    "PR": "a presentation state",
    "KO": "a list of chosen images",
    "DOC": "a document",
    "REG": "a registration",
}
_PRESETS = {
    "CT": (
        Window(40, 400, "LINEAR", "Soft tissue"),
        Window(-600, 1500, "LINEAR", "Lung"),
        Window(300, 1500, "LINEAR", "Bone"),
        Window(40, 80, "LINEAR", "Brain"),
        Window(60, 160, "LINEAR", "Liver"),
    )
}


def presets(modality: str) -> tuple[Window, ...]:
    """Return the usual windows of a modality; only CT values have fixed units."""
    return _PRESETS.get(modality, ())


def read_picture(path: Path, frame: int = 0) -> Picture:
    """Read and decode one frame from disk.

    Parameters
    ----------
    path : Path
        A DICOM file.
    frame : int
        Which frame, from 0.

    Raises
    ------
    NotDicom, BrokenDicom
        The file cannot be read.
    NoPicture
        It holds no pixels.
    CannotDecode
        Its pixels are compressed in a way no installed decoder knows.
    """
    try:
        large = path.stat().st_size > _LARGE_FILE
    except OSError:
        large = False  # reading it says what is wrong
    dataset = read_dataset(path, stop_before_pixels=large)
    with quiet():
        try:
            return _picture(dataset, path if large else None, frame)
        except DicomError:
            raise
        except MemoryError as error:
            raise BrokenDicom("It asks for more memory than there is.") from error
        except Exception as error:
            raise reason_of(dataset, error) from error


def reason_of(dataset: Any, error: Exception) -> DicomError:
    """Tell a missing decoder from damaged data; `error` is what decoding raised."""
    syntax = getattr(getattr(dataset, "file_meta", None), "TransferSyntaxUID", None)
    known = str(getattr(syntax, "name", "") or "")
    if isinstance(error, NotImplementedError) or (
        isinstance(error, RuntimeError)
        and any(words in str(error) for words in _NO_DECODER)
    ):
        return CannotDecode(known or "an unknown compression")
    return BrokenDicom("Its header and its pixels do not fit together.")


def _picture(dataset: Any, path: Path | None, frame: int) -> Picture:
    if path is None and not any(name in dataset for name in _PIXELS):
        raise NoPicture(_OTHER_DATA.get(text(dataset, "Modality"), ""))
    if not value(dataset, "Rows") or not value(dataset, "Columns"):
        raise BrokenDicom("It does not say how large its picture is.")
    pixels = _pixels(dataset, path, frame)
    orientation, patient, spacing, aspect = geometry_of(dataset, frame)
    letters = letters_of(orientation, patient)
    if pixels.ndim == 3:
        return Picture(
            _eight_bits(pixels, dataset),
            (),
            aspect=aspect,
            spacing=spacing,
            letters=letters,
        )
    values = modality_values(pixels, dataset, frame)
    return Picture(
        values,
        windows_of(values, dataset, frame),
        inverted=is_inverted(dataset),
        aspect=aspect,
        spacing=spacing,
        letters=letters,
        lookup=lookup_of(dataset),
    )


def _pixels(dataset: Any, path: Path | None, frame: int) -> "NDArray[Any]":
    """Decode one frame: (rows, columns), or (rows, columns, 3) red, green, blue."""
    from pydicom.pixels.processing import apply_color_lut
    from pydicom.pixels.utils import pixel_array

    rows, columns = integer(dataset, "Rows") or 0, integer(dataset, "Columns") or 0
    samples = integer(dataset, "SamplesPerPixel") or 1
    frames = max(integer(dataset, "NumberOfFrames") or 1, 1)
    if rows * columns * samples > _LARGEST_FRAME or frame >= frames:
        raise BrokenDicom("It claims a picture that cannot be right.")
    if path is not None:
        array = pixel_array(path, index=frame)
    else:
        _complete_meta(dataset)
        array = pixel_array(dataset, index=frame)
    if text(dataset, "PhotometricInterpretation") == "PALETTE COLOR":
        return apply_color_lut(array, dataset)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim == 3 and array.shape[2] > 3:
        array = array[..., :3]
    if array.ndim not in (2, 3) or array.shape[:2] != (rows, columns):
        raise BrokenDicom("Its header and its pixels do not fit together.")
    return array


def _complete_meta(dataset: Any) -> None:
    """Give a data set without file meta information the syntax it was read with."""
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import (
        ExplicitVRBigEndian,
        ExplicitVRLittleEndian,
        ImplicitVRLittleEndian,
    )

    meta = getattr(dataset, "file_meta", None)
    if meta is not None and "TransferSyntaxUID" in meta:
        return
    implicit, little = dataset.original_encoding
    if meta is None:
        dataset.file_meta = meta = FileMetaDataset()
    explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
    meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else explicit


def _eight_bits(pixels: "NDArray[Any]", dataset: Any) -> "NDArray[np.uint8]":
    import numpy as np

    if pixels.dtype == np.uint8:
        return cast("NDArray[np.uint8]", pixels)
    if text(dataset, "PhotometricInterpretation") == "PALETTE COLOR":
        top = float(np.iinfo(pixels.dtype).max)
    else:
        bits = integer(dataset, "BitsStored") or pixels.dtype.itemsize * 8
        top = float((1 << bits) - 1)
    scaled = pixels.astype(np.float64) * (255.0 / top) + 0.5
    return np.clip(scaled, 0, 255).astype(np.uint8)


def _group(dataset: Any, frame: int, name: str) -> Any:
    """Return the functional group of a frame (PS3.3 C.7.6.16), else the data set."""
    per_frame = value(dataset, "PerFrameFunctionalGroupsSequence")
    shared = value(dataset, "SharedFunctionalGroupsSequence")
    candidates = []
    if per_frame is not None and frame < len(per_frame):
        candidates.append(per_frame[frame])
    if shared is not None and len(shared):
        candidates.append(shared[0])
    for candidate in candidates:
        inner = value(candidate, name)
        if inner is not None and len(inner):
            return inner[0]
    return dataset


def modality_values(
    pixels: "NDArray[Any]", dataset: Any, frame: int
) -> "NDArray[np.float32]":
    """Apply the modality transformation (PS3.3 C.11.1)."""
    import numpy as np

    if value(dataset, "ModalityLUTSequence") is not None:
        from pydicom.pixels.processing import apply_modality_lut

        return np.asarray(apply_modality_lut(pixels, dataset), dtype=np.float32)
    slope, intercept = rescale_of(dataset, frame)
    values = pixels.astype(np.float32)
    if slope != 1.0:
        values *= np.float32(slope)
    if intercept:
        values += np.float32(intercept)
    return values


def rescale_of(dataset: Any, frame: int) -> tuple[float, float]:
    """Return slope and intercept of a frame's values."""
    group = _group(dataset, frame, "PixelValueTransformationSequence")
    slope = (numbers(group, "RescaleSlope") or (1.0,))[0] or 1.0
    return slope, (numbers(group, "RescaleIntercept") or (0.0,))[0]


def windows_of(
    values: "NDArray[np.float32]", dataset: Any, frame: int
) -> tuple[Window, ...]:
    """Return the windows a frame proposes, else one that suits its values.

    `values` are after the modality transformation; a part of them will do.
    """
    group = _group(dataset, frame, "FrameVOILUTSequence")
    centers = numbers(group, "WindowCenter") or ()
    widths = numbers(group, "WindowWidth") or ()
    named = text(group, "WindowCenterWidthExplanation").split("\\")
    stated = text(group, "VOILUTFunction").upper()
    function = cast(
        Function, stated if stated in ("LINEAR_EXACT", "SIGMOID") else "LINEAR"
    )
    found = tuple(
        Window(center, width, function, named[index] if index < len(named) else "")
        for index, (center, width) in enumerate(zip(centers, widths, strict=False))
        if width > 0
    )
    if found:
        return found
    usual = _default_window(values, dataset)
    return (Window(usual.center, usual.width, usual.function, AUTOMATIC),)


def _default_window(values: "NDArray[np.float32]", dataset: Any) -> Window:
    """Return the full range of a byte picture, else the usual range of its values."""
    bits = integer(dataset, "BitsStored") or 16
    plain = not (
        numbers(dataset, "RescaleSlope") or value(dataset, "ModalityLUTSequence")
    )
    if bits <= 8 and plain and not integer(dataset, "PixelRepresentation"):
        return between(0.0, float((1 << bits) - 1))
    padding = numbers(dataset, "PixelPaddingValue")
    if padding is None:
        return usual_range(values)
    limit = numbers(dataset, "PixelPaddingRangeLimit") or padding
    slope = (numbers(dataset, "RescaleSlope") or (1.0,))[0] or 1.0
    intercept = (numbers(dataset, "RescaleIntercept") or (0.0,))[0]
    edges = sorted((padding[0] * slope + intercept, limit[0] * slope + intercept))
    return usual_range(values, padding=(edges[0], edges[1]))


def is_inverted(dataset: Any) -> bool:
    """Whether low values are white (PS3.3 C.7.6.3.1.2, C.11.6.1.2)."""
    return (
        text(dataset, "PhotometricInterpretation") == "MONOCHROME1"
        or text(dataset, "PresentationLUTShape") == "INVERSE"
    )


def lookup_of(dataset: Any) -> LookUp | None:
    """Return the first VOI look-up table, which goes before a window."""
    import numpy as np

    sequence = value(dataset, "VOILUTSequence")
    if sequence is None or not len(sequence):
        return None
    described = numbers(sequence[0], "LUTDescriptor", 3)
    data = value(sequence[0], "LUTData")
    if described is None or data is None:
        return None
    entries = int(described[0]) or 65536
    if isinstance(data, bytes):
        table = np.frombuffer(data, "<u2" if len(data) >= entries * 2 else "u1")
    else:
        table = np.asarray(data, dtype=np.uint16)
    if table.size < entries or not 1 <= int(described[2]) <= 16:
        return None
    first = int(described[1])
    signed = integer(dataset, "PixelRepresentation")
    if signed and first > 32767:
        first -= 65536
    return LookUp(first, table[:entries].astype(np.uint16), int(described[2]))


def geometry_of(
    dataset: Any, frame: int
) -> tuple[
    tuple[float, ...] | None, tuple[str, ...], tuple[float, float] | None, float
]:
    """Return orientation, patient orientation, spacing and pixel aspect of a frame."""
    plane = _group(dataset, frame, "PlaneOrientationSequence")
    orientation = numbers(plane, "ImageOrientationPatient", 6)
    patient = tuple(text(dataset, "PatientOrientation").split("\\"))
    measures = _group(dataset, frame, "PixelMeasuresSequence")
    for holder, name in (
        (measures, "PixelSpacing"),
        (dataset, "ImagerPixelSpacing"),
        (dataset, "NominalScannedPixelSpacing"),
    ):
        spacing = numbers(holder, name, 2)
        if spacing is not None and min(spacing) > 0:
            return orientation, patient, (spacing[0], spacing[1]), _sane(spacing)
    ratio = numbers(dataset, "PixelAspectRatio", 2)
    aspect = _sane(ratio) if ratio is not None and min(ratio) > 0 else 1.0
    return orientation, patient, None, aspect


def _sane(pair: tuple[float, ...]) -> float:
    aspect = pair[0] / pair[1]
    return aspect if 0.01 <= aspect <= 100 else 1.0
