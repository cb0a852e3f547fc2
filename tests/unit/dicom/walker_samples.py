"""Data sets written the four ways of PS3.5 annex A, for tests of reading them."""

import io
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset

from chrislib.dicom.reading import quiet

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"


def write(dataset: Dataset, syntax: str, path: Path) -> bytes:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.UID(syntax)
    dataset.file_meta.MediaStorageSOPClassUID = pydicom.uid.CTImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.UID("1.2.3.4")
    stream = io.BytesIO()
    with quiet():
        pydicom.dcmwrite(stream, dataset, enforce_file_format=True)
    path.write_bytes(stream.getvalue())
    return stream.getvalue()


def picture(count: int = 64) -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    dataset.Modality = "OT"
    if count:
        dataset.add_new(0x7FE00010, "OW", bytes(count))
    return dataset
