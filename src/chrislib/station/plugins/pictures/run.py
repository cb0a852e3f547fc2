"""pl-pictures: PNG or JPEG pictures of DICOM series and NIfTI volumes, and a report.

A file that cannot be read is named in the report and does not stop the others; the exit
code is 1 only when there was nothing to make a picture of.
"""

import json
import re
import sys
import warnings
from argparse import ArgumentParser, Namespace
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
from chris_plugin import chris_plugin
from nibabel.filebasedimages import ImageFileError
from numpy.typing import NDArray
from PIL import Image
from pydicom.errors import InvalidDicomError
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut

Picture = NDArray[np.uint8]
_NIFTI = (".nii", ".nii.gz")
# Of a volume turned to right-anterior-superior: the axis that is looked along, and the
# directions of rows and columns of the picture as a radiologist expects them.
_PLANES = {"sagittal": 0, "coronal": 1, "axial": 2}

parser = ArgumentParser(description="Makes pictures of medical images.")
parser.add_argument("-p", "--plane", default="auto", choices=("auto", *_PLANES))
parser.add_argument("-n", "--count", type=int, default=12)
parser.add_argument("-f", "--format", default="png", choices=("png", "jpg"))
parser.add_argument("-s", "--size", type=int, default=512)
parser.add_argument("--low", type=float, default=1.0)
parser.add_argument("--high", type=float, default=99.0)
parser.add_argument("--report", default="report.json")


def spread(length: int, count: int) -> list[int]:
    """Return `count` places in `length`, evenly spread, ends left out."""
    if length <= count:
        return list(range(length))
    return [int((i + 0.5) * length / count) for i in range(count)]


def to_bytes(values: NDArray[Any], low: float, high: float) -> Picture:
    """Return grey values: `low` and less is black, `high` and more is white."""
    width = max(high - low, 1e-6)
    scaled = (np.nan_to_num(values.astype(np.float64)) - low) / width * 255
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)


def limits(values: NDArray[Any], options: Namespace) -> tuple[float, float]:
    """Return the values that are black and white, of what is not background."""
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return 0.0, 1.0
    inside = finite[finite > finite.min()]
    used = inside if inside.size else finite
    low, high = np.percentile(used, (options.low, options.high))
    return float(low), float(high)


def save(picture: Picture, path: Path, options: Namespace, aspect: float) -> None:
    """Write a picture to disk in the size asked for; `aspect` = height of a pixel."""
    image = Image.fromarray(picture)
    width, height = image.width, image.height * aspect
    scale = options.size / max(width, height)
    new = (max(1, round(width * scale)), max(1, round(height * scale)))
    path.parent.mkdir(parents=True, exist_ok=True)
    image.resize(new, Image.Resampling.LANCZOS).save(path)


def usable(text: str) -> str:
    """Return `text` as a part of a file name."""
    return re.sub(r"[^\w.-]+", "_", text).strip("_.") or "unnamed"


def nifti(path: Path, where: Path, options: Namespace) -> dict[str, Any]:
    """Make the pictures of one NIfTI volume."""
    loaded: Any = nibabel.load(path)
    canonical: Any = nibabel.as_closest_canonical
    turned = canonical(loaded)
    data = np.asanyarray(turned.dataobj)
    while data.ndim > 3:
        data = data[..., 0]
    if data.ndim < 3 or data.dtype.kind not in "iuf":
        raise ValueError("not a volume of plain numbers")
    spacing = [float(abs(v)) or 1.0 for v in turned.header.get_zooms()[:3]]
    plane = options.plane
    if plane == "auto":
        plane = list(_PLANES)[int(np.argmax(spacing))] if _uneven(spacing) else "axial"
    axis = _PLANES[plane]
    low, high = limits(data, options)
    written = []
    rows, columns = [i for i in (2, 1, 0) if i != axis]
    for index in spread(data.shape[axis], options.count):
        piece = np.take(data, index, axis=axis)
        picture = to_bytes(piece.T[::-1], low, high)
        if plane != "sagittal":
            picture = picture[:, ::-1]  # the patient's right is at the left
        name = where / f"{plane}_{index + 1:04d}.{options.format}"
        save(picture, name, options, spacing[rows] / spacing[columns])
        written.append(name)
    return {
        "kind": "nifti",
        "shape": list(loaded.shape),
        "spacing_mm": [round(v, 4) for v in spacing],
        "plane": plane,
        "black": low,
        "white": high,
        "pictures": written,
    }


def _uneven(spacing: list[float]) -> bool:
    return max(spacing) > 1.2 * min(spacing)


def frames(image: pydicom.Dataset) -> Iterator[NDArray[Any]]:
    """Yield the frames of a DICOM image: grey or colour."""
    pixels = image.pixel_array
    colour = int(image.get("SamplesPerPixel", 1)) == 3
    single = 3 if colour else 2
    yield from [pixels] if pixels.ndim == single else pixels


def grey(image: pydicom.Dataset, frame: NDArray[Any], options: Namespace) -> Picture:
    """Return one frame as bytes, with the window the image brings, if it does."""
    if frame.ndim == 3:
        return to_bytes(frame, 0, float(np.iinfo(frame.dtype).max))
    values = apply_modality_lut(frame, image)
    if "WindowWidth" in image or "VOILUTSequence" in image:
        shown = apply_voi_lut(values, image)
        low, high = float(shown.min()), float(shown.max())
    else:
        shown, (low, high) = values, limits(values, options)
    picture = to_bytes(shown, low, high)
    inverted = image.get("PhotometricInterpretation") == "MONOCHROME1"
    return np.invert(picture) if inverted else picture


def aspect(image: pydicom.Dataset) -> float:
    """Return the height of a pixel in widths; 1 where the image does not say."""
    spacing = [float(v) for v in image.get("PixelSpacing") or ()]
    usable_ones = len(spacing) == 2 and min(spacing) > 0
    return spacing[0] / spacing[1] if usable_ones else 1.0


def place(image: pydicom.Dataset) -> tuple[float, float]:
    """Return what the images of a series are sorted by."""
    position, turn = image.get("ImagePositionPatient"), None
    if position is not None and len(position) == 3:
        turn = image.get("ImageOrientationPatient")
    number = float(image.get("InstanceNumber") or 0)
    if turn is None or len(turn) != 6:
        return 0.0, number
    normal = np.cross([float(v) for v in turn[:3]], [float(v) for v in turn[3:]])
    return float(np.dot(normal, [float(v) for v in position])), number


def series(
    files: list[tuple[pydicom.Dataset, Path]], where: Path, options: Namespace
) -> dict[str, Any]:
    """Make the pictures of one DICOM series."""
    files.sort(key=lambda entry: place(entry[0]))
    first = files[0][0]
    written: list[Path] = []
    problems: list[dict[str, str]] = []
    for index in spread(len(files), options.count):
        path = files[index][1]
        try:
            image = pydicom.dcmread(path)
            all_frames = list(frames(image))
            wanted = spread(len(all_frames), max(1, options.count // len(files)))
            for number in wanted:
                many = f"_{number + 1:03d}" if len(all_frames) > 1 else ""
                name = where / f"{index + 1:04d}{many}.{options.format}"
                shape = grey(image, all_frames[number], options)
                save(shape, name, options, aspect(image))
                written.append(name)
        except (ValueError, AttributeError, RuntimeError, NotImplementedError) as error:
            problems.append({"file": path.name, "problem": str(error)[:300]})
    return {
        "kind": "dicom",
        "modality": str(first.get("Modality", "")),
        "description": str(first.get("SeriesDescription", "")),
        "images": len(files),
        "rows": int(first.get("Rows", 0)),
        "columns": int(first.get("Columns", 0)),
        "pictures": written,
        "problems": problems,
    }


def find(inputdir: Path) -> tuple[list[Path], dict[str, list[Any]], list[str]]:
    """Return NIfTI files, DICOM headers by series, and the names of the rest."""
    volumes: list[Path] = []
    by_series: dict[str, list[Any]] = defaultdict(list)
    others: list[str] = []
    for path in sorted(p for p in inputdir.rglob("*") if p.is_file()):
        if path.name.endswith(_NIFTI):
            volumes.append(path)
            continue
        try:
            header = pydicom.dcmread(path, stop_before_pixels=True)
        except (InvalidDicomError, OSError, ValueError, EOFError):
            others.append(path.relative_to(inputdir).as_posix())
            continue
        if "Rows" in header:
            by_series[str(header.get("SeriesInstanceUID", path))].append((header, path))
        else:
            others.append(path.relative_to(inputdir).as_posix())
    return volumes, by_series, others


def main(options: Namespace, inputdir: Path, outputdir: Path) -> None:
    """Make the pictures and the report."""
    warnings.filterwarnings("ignore")  # of odd headers: the report says what failed
    if options.count < 1 or not 16 <= options.size <= 4096:
        print("--count must be at least 1, --size 16 to 4096.")
        sys.exit(2)
    volumes, by_series, others = find(inputdir)
    print(f"Found {len(volumes)} NIfTI volumes, {len(by_series)} DICOM series, "
          f"{len(others)} other files.", flush=True)  # fmt: skip
    made: list[dict[str, Any]] = []
    for path in volumes:
        inside = path.relative_to(inputdir)
        stem = re.sub(r"\.nii(\.gz)?$", "", inside.name)
        where = outputdir / inside.parent / usable(stem)
        try:
            entry = nifti(path, where, options)
        except (ImageFileError, ValueError, OSError, EOFError) as error:
            entry = {"kind": "nifti", "pictures": [], "problem": str(error)[:300]}
        made.append({"source": inside.as_posix(), **entry})
        print(f"{inside}: {len(entry['pictures'])} pictures", flush=True)
    for number, files in enumerate(by_series.values(), start=1):
        inside = files[0][1].relative_to(inputdir).parent
        label = usable(str(files[0][0].get("SeriesDescription", "") or "series"))
        where = outputdir / inside / f"{number:03d}_{label}"
        entry = series(files, where, options)
        made.append({"source": inside.as_posix(), **entry})
        print(f"Series {number}: {len(entry['pictures'])} pictures", flush=True)
    for entry in made:
        entry["pictures"] = [
            p.relative_to(outputdir).as_posix() for p in entry["pictures"]
        ]
    report = {"made": made, "not_images": others}
    text = json.dumps(report, indent=2, ensure_ascii=False)
    (outputdir / usable(options.report)).write_text(text, encoding="utf-8")
    if not any(entry["pictures"] for entry in made):
        print("There was nothing to make a picture of.")
        sys.exit(1)


run = chris_plugin(
    parser=parser,
    title="Pictures of DICOM and NIfTI images",
    category="Visualization",
    min_memory_limit="500Mi",
    min_cpu_limit="1000m",
)(main)

if __name__ == "__main__":
    run()
