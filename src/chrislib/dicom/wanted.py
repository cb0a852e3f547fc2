"""The one list of what is read from the header of a DICOM file."""

from typing import NamedTuple

NO_PIXELS, WHOLE, CUT_SHORT, UNCHECKED = range(4)
"""What is known of the pixel data: none, all there, part of it missing, not known."""


class Facts(NamedTuple):
    """What a file says about itself; what is missing is "" or None.

    A plain tuple of texts and numbers, so that thousands of them pass cheaply from
    process to process. Dates and times stay as they are stored. The names of the
    fields are those of ``WANTED``; the last two are about the file.
    """

    character_set: str = ""
    image_type: str = ""
    sop_class: str = ""
    sop_uid: str = ""
    study_date: str = ""
    series_date: str = ""
    acquisition_date: str = ""
    study_time: str = ""
    series_time: str = ""
    acquisition_time: str = ""
    content_time: str = ""
    accession_number: str = ""
    modality: str = ""
    manufacturer: str = ""
    institution: str = ""
    referring_physician: str = ""
    station_name: str = ""
    study_description: str = ""
    series_description: str = ""
    model: str = ""
    patient_name: str = ""
    patient_id: str = ""
    issuer: str = ""
    birth_date: str = ""
    sex: str = ""
    age: str = ""
    body_part: str = ""
    slice_thickness: float | None = None
    repetition_time: float | None = None
    echo_time: float | None = None
    inversion_time: float | None = None
    echo_number: int | None = None
    field_strength: float | None = None
    slice_spacing: float | None = None
    protocol: str = ""
    trigger_time: float | None = None
    study_uid: str = ""
    series_uid: str = ""
    study_id: str = ""
    series_number: int | None = None
    acquisition_number: int | None = None
    instance_number: int | None = None
    position: tuple[float, ...] | None = None
    orientation: tuple[float, ...] | None = None
    frame_of_reference: str = ""
    laterality: str = ""
    temporal_position: int | None = None
    slice_location: float | None = None
    photometric: str = ""
    frames: int | None = None
    rows: int | None = None
    columns: int | None = None
    pixel_spacing: tuple[float, ...] | None = None
    burned_in: str = ""
    media_class: str = ""
    transfer_syntax: str = ""
    pixels: int = UNCHECKED
    size: int = 0


class Wanted(NamedTuple):
    """One attribute: its keyword and tag, and how its value is understood.

    `kind` is TEXT (in the data set's character set), CODE (ASCII), NAME (of a person),
    INTEGER, or NUMBERS (`several` of them; 0 for the first one, whatever follows).
    """

    keyword: str
    tag: int
    vr: bytes
    kind: str
    field: str
    several: int = 0


WANTED: tuple[Wanted, ...] = (
    Wanted("SpecificCharacterSet", 0x00080005, b"CS", "CODE", "character_set"),
    Wanted("ImageType", 0x00080008, b"CS", "CODE", "image_type"),
    Wanted("SOPClassUID", 0x00080016, b"UI", "CODE", "sop_class"),
    Wanted("SOPInstanceUID", 0x00080018, b"UI", "CODE", "sop_uid"),
    Wanted("StudyDate", 0x00080020, b"DA", "CODE", "study_date"),
    Wanted("SeriesDate", 0x00080021, b"DA", "CODE", "series_date"),
    Wanted("AcquisitionDate", 0x00080022, b"DA", "CODE", "acquisition_date"),
    Wanted("StudyTime", 0x00080030, b"TM", "CODE", "study_time"),
    Wanted("SeriesTime", 0x00080031, b"TM", "CODE", "series_time"),
    Wanted("AcquisitionTime", 0x00080032, b"TM", "CODE", "acquisition_time"),
    Wanted("ContentTime", 0x00080033, b"TM", "CODE", "content_time"),
    Wanted("AccessionNumber", 0x00080050, b"SH", "TEXT", "accession_number"),
    Wanted("Modality", 0x00080060, b"CS", "CODE", "modality"),
    Wanted("Manufacturer", 0x00080070, b"LO", "TEXT", "manufacturer"),
    Wanted("InstitutionName", 0x00080080, b"LO", "TEXT", "institution"),
    Wanted("ReferringPhysicianName", 0x00080090, b"PN", "NAME", "referring_physician"),
    Wanted("StationName", 0x00081010, b"SH", "TEXT", "station_name"),
    Wanted("StudyDescription", 0x00081030, b"LO", "TEXT", "study_description"),
    Wanted("SeriesDescription", 0x0008103E, b"LO", "TEXT", "series_description"),
    Wanted("ManufacturerModelName", 0x00081090, b"LO", "TEXT", "model"),
    Wanted("PatientName", 0x00100010, b"PN", "NAME", "patient_name"),
    Wanted("PatientID", 0x00100020, b"LO", "TEXT", "patient_id"),
    Wanted("IssuerOfPatientID", 0x00100021, b"LO", "TEXT", "issuer"),
    Wanted("PatientBirthDate", 0x00100030, b"DA", "CODE", "birth_date"),
    Wanted("PatientSex", 0x00100040, b"CS", "CODE", "sex"),
    Wanted("PatientAge", 0x00101010, b"AS", "CODE", "age"),
    Wanted("BodyPartExamined", 0x00180015, b"CS", "CODE", "body_part"),
    Wanted("SliceThickness", 0x00180050, b"DS", "NUMBERS", "slice_thickness"),
    Wanted("RepetitionTime", 0x00180080, b"DS", "NUMBERS", "repetition_time"),
    Wanted("EchoTime", 0x00180081, b"DS", "NUMBERS", "echo_time"),
    Wanted("InversionTime", 0x00180082, b"DS", "NUMBERS", "inversion_time"),
    Wanted("EchoNumbers", 0x00180086, b"IS", "INTEGER", "echo_number"),
    Wanted("MagneticFieldStrength", 0x00180087, b"DS", "NUMBERS", "field_strength"),
    Wanted("SpacingBetweenSlices", 0x00180088, b"DS", "NUMBERS", "slice_spacing"),
    Wanted("ProtocolName", 0x00181030, b"LO", "TEXT", "protocol"),
    Wanted("TriggerTime", 0x00181060, b"DS", "NUMBERS", "trigger_time"),
    Wanted("StudyInstanceUID", 0x0020000D, b"UI", "CODE", "study_uid"),
    Wanted("SeriesInstanceUID", 0x0020000E, b"UI", "CODE", "series_uid"),
    Wanted("StudyID", 0x00200010, b"SH", "TEXT", "study_id"),
    Wanted("SeriesNumber", 0x00200011, b"IS", "INTEGER", "series_number"),
    Wanted("AcquisitionNumber", 0x00200012, b"IS", "INTEGER", "acquisition_number"),
    Wanted("InstanceNumber", 0x00200013, b"IS", "INTEGER", "instance_number"),
    Wanted("ImagePositionPatient", 0x00200032, b"DS", "NUMBERS", "position", 3),
    Wanted("ImageOrientationPatient", 0x00200037, b"DS", "NUMBERS", "orientation", 6),
    Wanted("FrameOfReferenceUID", 0x00200052, b"UI", "CODE", "frame_of_reference"),
    Wanted("Laterality", 0x00200060, b"CS", "CODE", "laterality"),
    Wanted(
        "TemporalPositionIdentifier", 0x00200100, b"IS", "INTEGER", "temporal_position"
    ),
    Wanted("SliceLocation", 0x00201041, b"DS", "NUMBERS", "slice_location"),
    Wanted("PhotometricInterpretation", 0x00280004, b"CS", "CODE", "photometric"),
    Wanted("NumberOfFrames", 0x00280008, b"IS", "INTEGER", "frames"),
    Wanted("Rows", 0x00280010, b"US", "INTEGER", "rows"),
    Wanted("Columns", 0x00280011, b"US", "INTEGER", "columns"),
    Wanted("PixelSpacing", 0x00280030, b"DS", "NUMBERS", "pixel_spacing", 2),
    Wanted("BurnedInAnnotation", 0x00280301, b"CS", "CODE", "burned_in"),
)
"""In the order of the fields of ``Facts`` (PS3.6)."""

META: tuple[Wanted, ...] = (
    Wanted("MediaStorageSOPClassUID", 0x00020002, b"UI", "CODE", "media_class"),
    Wanted("TransferSyntaxUID", 0x00020010, b"UI", "CODE", "transfer_syntax"),
)
"""What is read of the file meta information (PS3.10 section 7.1)."""

PIXEL_TAGS = (0x7FE00008, 0x7FE00009, 0x7FE00010)
"""Float, double float and integer pixel data, PS3.3 C.7.6.3 and C.7.6.24."""


def says_what_it_is(facts: Facts) -> bool:
    """Whether the header went far enough to tell what kind of object this is."""
    return bool(
        facts.sop_class
        or facts.media_class
        or facts.study_uid
        or facts.modality
        or (facts.rows or 0) > 0
    )
