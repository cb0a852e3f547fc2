"""pl-phantom_ct: a computed CT phantom as a DICOM series. Nobody was scanned."""

import csv
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from chris_plugin import chris_plugin
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

_ROOT = "1.2.826.0.1.3680043.8.498."
_FIELD_MM = 240.0
_SLICE_MM = 3.0


@dataclass(frozen=True)
class Part:
    """One ellipsoid: centre and half axes as parts of the field, density in HU."""

    name: str
    centre: tuple[float, float, float]
    axes: tuple[float, float, float]
    hounsfield: float


_PARTS = (
    Part("body", (0, 0, 0), (0.86, 0.7, 0.98), 20),
    Part("shell", (0, 0, 0), (0.8, 0.64, 0.94), 45),
    Part("air, left", (-0.38, 0.05, 0), (0.2, 0.32, 0.6), -850),
    Part("air, right", (0.38, 0.05, 0), (0.2, 0.32, 0.6), -850),
    Part("bone", (0, 0.46, 0), (0.09, 0.09, 0.9), 700),
    Part("fat", (0, -0.44, 0.1), (0.3, 0.09, 0.5), -100),
    Part("contrast", (0.04, -0.05, -0.1), (0.08, 0.1, 0.5), 250),
    Part("node, 8 mm", (0.36, -0.02, 0.12), (0.034, 0.034, 0.05), 40),
    Part("node, 5 mm", (-0.4, 0.12, -0.2), (0.021, 0.021, 0.03), 40),
)

parser = ArgumentParser(description="Writes a CT phantom as a DICOM series.")
parser.add_argument("-n", "--slices", type=int, default=64)
parser.add_argument("-m", "--matrix", type=int, default=256)
parser.add_argument("--noise", type=float, default=8.0)
parser.add_argument("--seed", type=int, default=1)


def paint(
    options: Namespace, index: int, noise: np.random.Generator
) -> NDArray[np.int16]:
    """Return one slice in Hounsfield units."""
    axis = (np.arange(options.matrix) + 0.5) / options.matrix * 2 - 1
    x, y = np.meshgrid(axis, axis)
    z = (index + 0.5) / options.slices * 2 - 1
    image = np.full(x.shape, -1000.0)
    for part in _PARTS:
        (cx, cy, cz), (ax, ay, az) = part.centre, part.axes
        inside = ((x - cx) / ax) ** 2 + ((y - cy) / ay) ** 2 + ((z - cz) / az) ** 2 <= 1
        image[inside] = part.hounsfield
    image += noise.normal(0, options.noise, image.shape)
    return np.clip(np.rint(image), -1024, 3071).astype(np.int16)


def header(options: Namespace, index: int) -> Dataset:
    """Return the data set of one slice without its pixels."""
    seed = f"{options.slices}/{options.matrix}/{options.noise}/{options.seed}"
    image = Dataset()
    image.SOPClassUID = CTImageStorage
    image.SOPInstanceUID = generate_uid(_ROOT, [seed, f"image {index}"])
    image.StudyInstanceUID = generate_uid(_ROOT, [seed, "study"])
    image.SeriesInstanceUID = generate_uid(_ROOT, [seed, "series"])
    image.FrameOfReferenceUID = generate_uid(_ROOT, [seed, "frame"])
    image.PatientName = "Phantom^Computed"
    image.PatientID = "PHANTOM-CT"
    image.PatientBirthDate = ""
    image.PatientSex = "O"
    image.StudyDate = image.SeriesDate = "20200101"
    image.StudyTime = image.SeriesTime = "120000"
    image.AccessionNumber = ""
    image.StudyID = "1"
    image.ReferringPhysicianName = ""
    image.StudyDescription = "Computed phantom"
    image.SeriesDescription = "Ellipsoids axial"
    image.Modality = "CT"
    image.Manufacturer = "chrislib"
    image.SeriesNumber = 1
    image.InstanceNumber = index + 1
    image.PatientPosition = "HFS"
    image.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
    spacing = _FIELD_MM / options.matrix
    first = (spacing - _FIELD_MM) / 2
    image.ImagePositionPatient = [first, first, index * _SLICE_MM]
    image.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    image.PixelSpacing = [spacing, spacing]
    image.SliceThickness = _SLICE_MM
    image.SliceLocation = index * _SLICE_MM
    image.KVP = ""
    image.AcquisitionNumber = 1
    image.PositionReferenceIndicator = ""
    image.RescaleIntercept, image.RescaleSlope, image.RescaleType = -1024, 1, "HU"
    image.WindowCenter, image.WindowWidth = 40, 400
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.Rows = image.Columns = options.matrix
    image.BitsAllocated, image.BitsStored, image.HighBit = 16, 16, 15
    image.PixelRepresentation = 0
    return image


def main(options: Namespace, outputdir: Path) -> None:
    """Write the series and the table of what is in it."""
    if not (8 <= options.slices <= 512 and 64 <= options.matrix <= 512):
        print("--slices must be 8 to 512, --matrix 64 to 512.")
        sys.exit(2)
    noise = np.random.default_rng(options.seed)
    folder = outputdir / "CT"
    folder.mkdir()
    for index in range(options.slices):
        image = header(options, index)
        stored = paint(options, index, noise).astype(np.int32) + 1024
        image.PixelData = stored.astype("<u2").tobytes()
        image.file_meta = FileMetaDataset()
        image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        image.save_as(folder / f"{index + 1:04d}.dcm", enforce_file_format=True)
    with (outputdir / "truth.csv").open("w", newline="", encoding="utf-8") as table:
        rows = csv.writer(table)
        rows.writerow(["part", "x_mm", "y_mm", "z_mm", "rx_mm", "ry_mm", "rz_mm", "HU"])
        half, tall = _FIELD_MM / 2, options.slices * _SLICE_MM / 2
        for part in _PARTS:
            scale = (half, half, tall)
            given = (*part.centre, *part.axes)
            sizes = [v * s for v, s in zip(given, scale * 2, strict=True)]
            rows.writerow([part.name, *(round(v, 2) for v in sizes), part.hounsfield])
    print(f"Wrote {options.slices} slices of {options.matrix} x {options.matrix}.")


run = chris_plugin(parser=parser, title="CT phantom", category="Reference Data")(main)

if __name__ == "__main__":
    run()
