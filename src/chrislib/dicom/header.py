"""What a DICOM file says about itself, without its pixels."""

from dataclasses import dataclass
from datetime import date, time
from pathlib import Path

from chrislib.dicom.facts import FactReader
from chrislib.dicom.reading import is_directory
from chrislib.dicom.wanted import Facts

Vector = tuple[float, float, float]


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


def read_header(path: Path, *, reader: FactReader | None = None) -> DicomHeader:
    """Read the header of a DICOM file from disk.

    Parameters
    ----------
    path : Path
        The file; a preamble is not required when the rest is plausible.
    reader : FactReader, optional
        One for many files is faster: it remembers what their values meant.

    Raises
    ------
    NotDicom
        It is another kind of file.
    BrokenDicom
        It is DICOM and cannot be read.
    """
    return header_from((reader or FactReader()).read(path), path=path)


def header_from(facts: Facts, *, path: Path) -> DicomHeader:
    """Return the facts of a file with their dates and times understood."""
    return DicomHeader(
        path=path,
        size=facts.size,
        patient_id=facts.patient_id,
        patient_name=facts.patient_name,
        birth_date=dicom_date(facts.birth_date),
        birth_date_text=facts.birth_date,
        sex=facts.sex,
        age=facts.age,
        study_uid=facts.study_uid,
        series_uid=facts.series_uid,
        sop_uid=facts.sop_uid,
        sop_class=facts.sop_class or facts.media_class,
        study_date=dicom_date(facts.study_date),
        study_date_text=facts.study_date,
        study_time=dicom_time(facts.study_time),
        series_date=dicom_date(facts.series_date),
        study_description=facts.study_description,
        series_description=facts.series_description,
        modality=facts.modality,
        accession_number=facts.accession_number,
        body_part=facts.body_part,
        station_name=facts.station_name,
        protocol=facts.protocol,
        image_type=tuple(facts.image_type.split("\\")) if facts.image_type else (),
        series_number=facts.series_number,
        acquisition_number=facts.acquisition_number,
        instance_number=facts.instance_number,
        orientation=facts.orientation,  # type: ignore[arg-type] # six were asked for
        position=facts.position,  # type: ignore[arg-type] # three were asked for
        pixel_spacing=facts.pixel_spacing,  # type: ignore[arg-type] # two
        slice_thickness=facts.slice_thickness,
        repetition_time=facts.repetition_time,
        echo_time=facts.echo_time,
        inversion_time=facts.inversion_time,
        field_strength=facts.field_strength,
        rows=max(facts.rows or 0, 0),
        columns=max(facts.columns or 0, 0),
        frames=max(facts.frames or 1, 1),
        transfer_syntax=facts.transfer_syntax,
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
