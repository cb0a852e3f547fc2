"""Tags as words: whatever a file holds, one line each, and persons are marked."""

from pathlib import Path

import pydicom.data
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from chrislib.dicom.errors import DicomError
from chrislib.dicom.tags import read_tags


def test_every_test_file_of_pydicom_is_words_or_a_clear_error() -> None:
    folder = Path(pydicom.data.__file__).parent / "test_files"
    lines = refused = 0
    for file in sorted(folder.glob("*.dcm")):
        try:
            found = read_tags(file)
        except DicomError:
            refused += 1
            continue
        lines += len(found)
        assert all(len(line.value) <= 400 for line in found)
        assert all(line.value.isprintable() for line in found)
    assert lines > 5_000
    assert refused < 15


def test_persons_are_marked_wherever_they_stand(tmp_path: Path) -> None:
    inner = Dataset()
    inner.PersonName = "Reader^Rita"
    inner.CodeValue = "1"
    dataset = Dataset()
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    dataset.SOPInstanceUID = "1.2.3"
    dataset.Modality = "CT"
    dataset.PatientID = "P\x071"
    dataset.ContentCreatorName = "Maker^Max"
    dataset.ContentSequence = [inner]
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    path = tmp_path / "one.dcm"
    dataset.save_as(path, enforce_file_format=True)
    found = {line.name: line for line in read_tags(path)}
    assert found["Patient ID"].personal
    assert found["Patient ID"].value == "P 1"
    assert found["Patient ID"].number == "(0010,0020)"
    assert found["Content Creator's Name"].personal
    assert found["Person Name"].personal
    assert found["Person Name"].depth == 1
    assert not found["Modality"].personal
    assert found["Content Sequence"].value == "1 item"
