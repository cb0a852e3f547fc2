"""Which pictures may show a name in their pixels, by rule (PS3.3 section C.7.6.1.1.3).

No rule can see the text itself; this one errs on the side of asking.
"""

from dataclasses import dataclass
from typing import Any

from chrislib.dicom.errors import DicomError
from chrislib.dicom.reading import text

_MODALITIES = frozenset({"US", "XA", "RF", "SC", "ES", "OT", "GM", "XC", "IVUS", "DOC"})
"""Where scanners and cameras write into the picture."""
_CAPTURES = (
    "1.2.840.10008.5.1.4.1.1.7",  # Secondary Capture and its multi-frame forms
    "1.2.840.10008.5.1.4.1.1.77.1.1",  # visible light endoscopy, microscopy, photo
    "1.2.840.10008.5.1.4.1.1.77.1.2",
    "1.2.840.10008.5.1.4.1.1.77.1.4",
    "1.2.840.10008.5.1.4.1.1.104",  # encapsulated PDF, CDA and others
)
_WORDS = frozenset(
    {"SCREEN SAVE", "SCREENSAVE", "SCREEN", "CAPTURE", "SECONDARY", "REPORT", "DOSE"}
)


_OVERLAYS = tuple(range(0x6000, 0x6020, 2))
LOOKED_AT = (
    0x00080008,  # Image Type
    0x00080016,  # SOP Class UID
    0x00080060,  # Modality
    0x0008103E,  # Series Description
    0x00280301,  # Burned In Annotation
    *((group << 16) | element for group in _OVERLAYS for element in (0x0102, 0x3000)),
)
"""The attributes the rule needs."""


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """What the rule looks at."""

    modality: str
    sop_class: str
    image_type: tuple[str, ...]
    burnt_in: str
    """Burned In Annotation: YES, NO or "" where it does not say."""
    description: str = ""
    spare_bits: bool = False
    """Overlays are kept in bits of the pixels that are not used for the picture."""


def may_show_text(facts: PictureFacts) -> str:
    """Return why a picture may show text, "" when nothing speaks for it."""
    if facts.burnt_in.upper() == "YES":
        return "The file says that there is text in the picture."
    if any(_is(facts.sop_class, one) for one in _CAPTURES[4:]):
        return "It is a document: what it holds is taken out."
    if facts.spare_bits:
        return "A drawing is kept in spare bits of the picture."
    if facts.burnt_in.upper() == "NO":
        return ""
    if any(_is(facts.sop_class, one) for one in _CAPTURES[:4]):
        return "It is a picture of a screen or of a camera."
    words = {part.upper() for part in facts.image_type}
    if words & _WORDS and "PRIMARY" not in words:
        saved = facts.description.upper()
        if words & (_WORDS - {"SECONDARY"}) or "SAVE" in saved or "CAPTURE" in saved:
            return "It is a saved screen."
    if facts.modality.upper() in _MODALITIES:
        return f"{facts.modality.upper()} pictures often have text written into them."
    return ""


def reason_in(dataset: Any) -> str:
    """Return why the picture of a data set may show text, or ""; inside `quiet`."""
    image_type = text(dataset, "ImageType")
    return may_show_text(
        PictureFacts(
            modality=text(dataset, "Modality"),
            sop_class=text(dataset, "SOPClassUID"),
            image_type=tuple(image_type.split("\\")) if image_type else (),
            burnt_in=text(dataset, "BurnedInAnnotation"),
            description=text(dataset, "SeriesDescription"),
            spare_bits=has_spare_bits(dataset),
        )
    )


def has_spare_bits(dataset: Any) -> bool:
    """Whether a drawing is kept in bits the picture leaves free; inside `quiet`."""
    # an overlay without data of its own lies there
    return any(
        (group << 16) | 0x0102 in dataset and (group << 16) | 0x3000 not in dataset
        for group in _OVERLAYS
        if str(_value(dataset, (group << 16) | 0x0102)) not in ("", "0", "None")
    )


def _value(dataset: Any, tag: int) -> object:
    return dataset[tag].value if tag in dataset else None


class TextInPicture(DicomError):
    """Nobody has agreed to send a picture that may show text."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            "There may be text in the picture.",
            f"{reason} It was not sent.",
            hint="Look at it, then agree to send such pictures, or leave it out.",
        )


def _is(sop_class: str, root: str) -> bool:
    return sop_class == root or sop_class.startswith(f"{root}.")
