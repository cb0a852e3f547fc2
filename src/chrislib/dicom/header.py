"""What a DICOM file says about itself, without its pixels."""

from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Any

from chrislib.dicom.errors import BrokenDicom
from chrislib.dicom.reading import (
    integer,
    is_directory,
    numbers,
    quiet,
    read_dataset,
    text,
)

Vector = tuple[float, float, float]

# fmt: off
_WORDS = (
    "SpecificCharacterSet", "ImageType", "SOPClassUID", "SOPInstanceUID", "StudyDate",
    "SeriesDate", "StudyTime", "SeriesTime", "AccessionNumber", "Modality",
    "StationName", "StudyDescription", "SeriesDescription", "PatientName",
    "PatientID", "PatientBirthDate", "PatientSex", "PatientAge", "BodyPartExamined",
    "SliceThickness", "RepetitionTime", "EchoTime", "InversionTime",
    "MagneticFieldStrength", "ProtocolName", "StudyInstanceUID", "SeriesInstanceUID",
    "SeriesNumber", "AcquisitionNumber", "InstanceNumber", "ImagePositionPatient",
    "ImageOrientationPatient", "SliceLocation", "NumberOfFrames", "Rows", "Columns",
    "PixelSpacing",
)
# fmt: on


@dataclass(frozen=True, slots=True, kw_only=True)
class DicomHeader:
    """The facts of one DICOM file; what is missing or unreadable is empty or None.

    Attributes
    ----------
    path : Path
        The file.
    size : int
        Bytes on disk.
    patient_name : str
        As stored, components with ``^``, groups with ``=`` (PS3.5 section 6.2.1).
    birth_date, study_date, series_date : date or None
        None also for partial dates; the text stays in ``*_text``.
    orientation : six floats or None
        Direction of a row and of a column in patient space (PS3.3 C.7.6.2.1.1).
    position : three floats or None
        Center of the first pixel in millimeters, patient space.
    pixel_spacing : two floats or None
        Millimeters between rows, and between columns.
    frames : int
        Number of frames, at least 1.
    """

    path: Path
    size: int
    patient_id: str
    patient_name: str
    birth_date: date | None
    birth_date_text: str
    sex: str
    age: str
    study_uid: str
    series_uid: str
    sop_uid: str
    sop_class: str
    study_date: date | None
    study_date_text: str
    study_time: time | None
    series_date: date | None
    study_description: str
    series_description: str
    modality: str
    accession_number: str
    body_part: str
    station_name: str
    protocol: str
    image_type: tuple[str, ...]
    series_number: int | None
    acquisition_number: int | None
    instance_number: int | None
    orientation: tuple[float, float, float, float, float, float] | None
    position: Vector | None
    pixel_spacing: tuple[float, float] | None
    slice_thickness: float | None
    repetition_time: float | None
    echo_time: float | None
    inversion_time: float | None
    field_strength: float | None
    rows: int
    columns: int
    frames: int
    transfer_syntax: str

    @property
    def is_directory(self) -> bool:
        """Whether this is a DICOMDIR, which lists files and holds no image."""
        return is_directory(self.sop_class)

    @property
    def has_image(self) -> bool:
        """Whether the header describes a picture."""
        return self.rows > 0 and self.columns > 0


def read_header(path: Path) -> DicomHeader:
    """Read the header of a DICOM file from disk.

    Parameters
    ----------
    path : Path
        The file; a preamble is not required when the rest is plausible.

    Raises
    ------
    NotDicom
        It is another kind of file.
    BrokenDicom
        It is DICOM and cannot be read.
    """
    dataset = read_dataset(path, stop_before_pixels=True, tags=_tags())
    header = header_of(dataset, path=path, size=path.stat().st_size)
    if not (header.sop_class or header.study_uid or header.modality or header.rows):
        raise BrokenDicom("It ends before it says what it is.")
    return header


def header_of(dataset: Any, *, path: Path, size: int) -> DicomHeader:
    """Return the header of a data set that has been read already."""
    with quiet():
        return _header_of(dataset, path=path, size=size)


def _header_of(dataset: Any, *, path: Path, size: int) -> DicomHeader:
    meta = getattr(dataset, "file_meta", None)

    def one(name: str) -> float | None:
        found = numbers(dataset, name)
        return found[0] if found else None

    orientation = numbers(dataset, "ImageOrientationPatient", 6)
    position = numbers(dataset, "ImagePositionPatient", 3)
    spacing = numbers(dataset, "PixelSpacing", 2)
    image_type = text(dataset, "ImageType")
    return DicomHeader(
        path=path,
        size=size,
        patient_id=text(dataset, "PatientID"),
        patient_name=text(dataset, "PatientName"),
        birth_date=dicom_date(text(dataset, "PatientBirthDate")),
        birth_date_text=text(dataset, "PatientBirthDate"),
        sex=text(dataset, "PatientSex"),
        age=text(dataset, "PatientAge"),
        study_uid=text(dataset, "StudyInstanceUID"),
        series_uid=text(dataset, "SeriesInstanceUID"),
        sop_uid=text(dataset, "SOPInstanceUID"),
        sop_class=text(dataset, "SOPClassUID") or text(meta, "MediaStorageSOPClassUID"),
        study_date=dicom_date(text(dataset, "StudyDate")),
        study_date_text=text(dataset, "StudyDate"),
        study_time=dicom_time(text(dataset, "StudyTime")),
        series_date=dicom_date(text(dataset, "SeriesDate")),
        study_description=text(dataset, "StudyDescription"),
        series_description=text(dataset, "SeriesDescription"),
        modality=text(dataset, "Modality"),
        accession_number=text(dataset, "AccessionNumber"),
        body_part=text(dataset, "BodyPartExamined"),
        station_name=text(dataset, "StationName"),
        protocol=text(dataset, "ProtocolName"),
        image_type=tuple(image_type.split("\\")) if image_type else (),
        series_number=integer(dataset, "SeriesNumber"),
        acquisition_number=integer(dataset, "AcquisitionNumber"),
        instance_number=integer(dataset, "InstanceNumber"),
        orientation=orientation,  # type: ignore[arg-type] # six were asked for
        position=position,  # type: ignore[arg-type] # three were asked for
        pixel_spacing=spacing,  # type: ignore[arg-type] # two were asked for
        slice_thickness=one("SliceThickness"),
        repetition_time=one("RepetitionTime"),
        echo_time=one("EchoTime"),
        inversion_time=one("InversionTime"),
        field_strength=one("MagneticFieldStrength"),
        rows=max(integer(dataset, "Rows") or 0, 0),
        columns=max(integer(dataset, "Columns") or 0, 0),
        frames=max(integer(dataset, "NumberOfFrames") or 1, 1),
        transfer_syntax=text(meta, "TransferSyntaxUID"),
    )


def dicom_date(stored: str) -> date | None:
    """Return a DA value (PS3.5 section 6.2) as a date, None if it is not a whole one.

    The old form with dots, ``2004.01.19``, is understood too.
    """
    digits = stored.replace(".", "").strip()
    if len(digits) != 8 or not (digits.isascii() and digits.isdigit()):
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def dicom_time(stored: str) -> time | None:
    """Return a TM value (PS3.5 section 6.2) as a time of day, to the second."""
    digits = stored.replace(":", "").split(".")[0].strip()
    if len(digits) not in (2, 4, 6) or not (digits.isascii() and digits.isdigit()):
        return None
    padded = digits.ljust(6, "0")
    try:
        return time(int(padded[:2]), int(padded[2:4]), min(int(padded[4:]), 59))
    except ValueError:
        return None


def _tags() -> list[int]:
    from pydicom.datadict import tag_for_keyword

    found = (tag_for_keyword(word) for word in _WORDS)
    return [tag for tag in found if tag is not None]
