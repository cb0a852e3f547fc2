"""What can be wrong with an image file, in words for the person who opened it."""

from chrislib.errors import ChrislibError


class DicomError(ChrislibError):
    """A file cannot be shown or read; nothing was changed in it."""


class NotDicom(DicomError):
    """The file is something else than DICOM."""

    def __init__(self, detail: str = "") -> None:
        super().__init__("This is not a DICOM file.", detail)


class BrokenDicom(DicomError):
    """The file is DICOM, or says so, but part of it is missing or damaged."""

    def __init__(self, detail: str = "", *, title: str = "") -> None:
        super().__init__(
            title or "This DICOM file is damaged.",
            detail or "It could not be read to its end.",
            hint="Fetch it again from where it came.",
        )


class NoPicture(DicomError):
    """The file is a good DICOM file without a picture: a report, a plan, a list."""

    def __init__(self, what: str = "") -> None:
        super().__init__(
            "There is no picture in this file.",
            f"It holds {what}." if what else "It holds other data.",
        )


class CannotDecode(DicomError):
    """The picture is stored in a way this program cannot unpack."""

    def __init__(self, storage: str) -> None:
        super().__init__(
            "This picture cannot be unpacked here.",
            f"It is stored as {storage}. The file itself is complete.",
            hint="Open it with another program.",
        )


class NotAVolume(DicomError):
    """A NIfTI file, or what claims to be one, cannot be shown."""
