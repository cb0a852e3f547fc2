"""Thousands of small DICOM files, of many patients, scanners and scripts."""

import io
import random
from collections.abc import Iterator
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence
from pydicom.uid import UID

_SETS = (
    ("", "Doe^{0}"),
    ("ISO_IR 100", "Müller^{0}"),
    ("ISO_IR 192", "Yamada^{0}=山田^太郎=やまだ^たろう"),
    ("ISO_IR 144", "Иванов^{0}"),
    ("\\ISO 2022 IR 149", "Hong^{0}=洪^吉洞=홍^길동"),
    ("GB18030", "Wang^{0}=王^小东"),
)
_SYNTAXES = ("1.2.840.10008.1.2.1",) * 3 + ("1.2.840.10008.1.2",)


def make(folder: Path, count: int, *, slices: int = 5, seed: int = 1) -> None:
    """Write `count` files below a folder, one folder a series of `slices` (disk).

    What differs from slice to slice is put into the bytes of the first one: pydicom
    would take minutes to write each anew.
    """
    rng = random.Random(seed)
    made = 0
    for number, (template, marks) in enumerate(_series(rng)):
        place = folder / f"p{number // 8:05}" / f"s{number:06}"
        place.mkdir(parents=True)
        for slice_ in range(1, min(slices, count - made) + 1):
            data = template
            for mark, form in marks:
                data = data.replace(mark, form.format(slice_).encode())
            (place / f"{slice_:04}.dcm").write_bytes(data)
        made += slices
        if made >= count:
            return


def _series(rng: random.Random) -> Iterator[tuple[bytes, list[tuple[bytes, str]]]]:
    number = 0
    while True:
        number += 1
        yield _one(rng, number)


def _one(rng: random.Random, number: int) -> tuple[bytes, list[tuple[bytes, str]]]:
    patient, study = number // 8, number // 2
    own = random.Random(patient)
    character_set, name = own.choice(_SETS)
    ct = rng.random() < 0.5
    ds = Dataset()
    if character_set:
        ds.SpecificCharacterSet = character_set.split("\\")
    root = "1.2.826.0.1.3680043.10.999"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL" if ct else "M"]
    kind = "2" if ct else "4"
    ds.SOPClassUID = UID(f"1.2.840.10008.5.1.4.1.1.{kind}")
    ds.SOPInstanceUID = UID(f"{root}.4.{number}.1000001")
    day = random.Random(study)
    ds.StudyDate = f"{day.randint(1995, 2025)}{day.randint(1, 12):02}15"
    ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = ds.StudyDate
    ds.StudyTime, ds.SeriesTime, ds.ContentTime = "081500", "082000", "082001.25"
    ds.AccessionNumber = f"ACC{study:07}"
    ds.Modality = "CT" if ct else "MR"
    ds.Manufacturer = own.choice(("SIEMENS", "GE MEDICAL SYSTEMS", "Philips"))
    ds.InstitutionName = "Hospital of the Bench"
    ds.ReferringPhysicianName = "Referrer^Ann"
    ds.StationName = f"STATION{own.randint(1, 9)}"
    ds.StudyDescription = own.choice(("Brain", "Abdomen", "Spine", "Follow up"))
    ds.SeriesDescription = rng.choice(("AX T1", "SAG T2 FLAIR", "THIN 1.0 B30f", ""))
    ds.ManufacturerModelName = "Model 7"
    if rng.random() < 0.5:
        item = Dataset()
        item.ReferencedSOPClassUID = ds.SOPClassUID
        item.ReferencedSOPInstanceUID = UID(f"{root}.9.{number}")
        ds.ReferencedImageSequence = Sequence([item, item])
        open_end = rng.random() < 0.5
        ds["ReferencedImageSequence"].is_undefined_length = open_end
    ds.PatientName = name.format(f"No{patient}")
    ds.PatientID = f"PAT{patient:06}"
    ds.PatientBirthDate = "" if patient % 9 == 0 else f"19{own.randint(30, 99)}0101"
    ds.PatientSex = own.choice("MFO")
    ds.PatientAge = f"{own.randint(1, 95):03}Y"
    ds.PatientWeight = "70"
    ds.BodyPartExamined = "HEAD"
    ds.SliceThickness = "5.0"
    if ct:
        ds.KVP, ds.ReconstructionDiameter, ds.ExposureTime = "120", "250", "500"
        ds.XRayTubeCurrent, ds.ConvolutionKernel = "200", "B30f"
    else:
        ds.RepetitionTime, ds.EchoTime, ds.EchoNumbers = "500.0", "12.0", "1"
        ds.MagneticFieldStrength, ds.FlipAngle, ds.EchoTrainLength = "3.0", "90", "1"
    ds.ProtocolName = "Routine"
    ds.PatientPosition = "HFS"
    ds.StudyInstanceUID = UID(f"{root}.2.{study}")
    ds.SeriesInstanceUID = UID(f"{root}.3.{number}")
    ds.StudyID, ds.SeriesNumber, ds.AcquisitionNumber = str(study % 97), number % 20, 1
    ds.InstanceNumber = 1000001
    ds.ImagePositionPatient = ["-125.0", "-125.0", "1000001.5"]
    ds.ImageOrientationPatient = ["1.0", "0.0", "0.0", "0.0", "1.0", "0.0"]
    ds.FrameOfReferenceUID = UID(f"{root}.5.{study}")
    ds.SliceLocation = "1000001.5"
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows = ds.Columns = 16
    ds.PixelSpacing = ["0.5", "0.5"]
    ds.BitsAllocated = ds.BitsStored = 16
    ds.HighBit, ds.PixelRepresentation = 15, 0
    ds.WindowCenter, ds.WindowWidth = "40", "400"
    if ct:
        ds.RescaleIntercept, ds.RescaleSlope = "-1024", "1"
    block = ds.private_block(0x0029, "BENCH HEADER", create=True)
    for element in range(rng.randint(0, 12)):
        block.add_new(element, "LO", f"private {element}")
    ds.PixelData = rng.randbytes(512)
    ds["PixelData"].VR = "OW"
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = UID(rng.choice(_SYNTAXES))
    stream = io.BytesIO()
    dcmwrite(stream, ds, enforce_file_format=True)
    return stream.getvalue(), [(b"1000001", "{:07}")]
