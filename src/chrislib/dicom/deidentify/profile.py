"""The Basic Application Level Confidentiality Profile and the options there are."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

VERSION = "1"
"""Of the way files are changed. Another number means: other bytes come out."""
STANDARD = "DICOM PS3.15 2026c"


class Option(Enum):
    """An option of PS3.15 section E.3; its value is the word in the table's column."""

    PATIENT = "patient"
    DATES = "dates"
    DESCRIPTORS = "descriptors"
    SAFE_PRIVATE = "private"
    DEVICE = "device"
    INSTITUTION = "institution"
    UIDS = "uids"


@dataclass(frozen=True, slots=True)
class Wording:
    """An option in people's words, and its code of PS3.16 CID 7050."""

    words: str
    help: str
    code: str
    meaning: str


BASIC_CODE = ("113100", "Basic Application Confidentiality Profile")

WORDINGS = {
    Option.PATIENT: Wording(
        "Keep sex, age, size and weight",
        "Ages over 89 become 90. Birth dates are always taken out.",
        "113108",
        "Retain Patient Characteristics Option",
    ),
    Option.DATES: Wording(
        "Keep dates, moved",
        "All dates of a patient move back by the same number of days; "
        "times of day stay.",
        "113107",
        "Retain Longitudinal Temporal Information Modified Dates Option",
    ),
    Option.DESCRIPTORS: Wording(
        "Clean descriptions",
        "Of descriptions only words of imaging are kept, such as T1 or axial.",
        "113105",
        "Clean Descriptors Option",
    ),
    Option.SAFE_PRIVATE: Wording(
        "Keep safe private tags",
        "Private tags the standard lists as safe stay, such as b-values.",
        "113111",
        "Retain Safe Private Option",
    ),
    Option.DEVICE: Wording(
        "Keep device and station",
        "Serial numbers and station names stay.",
        "113109",
        "Retain Device Identity Option",
    ),
    Option.INSTITUTION: Wording(
        "Keep institution",
        "Name and address of the hospital stay.",
        "113112",
        "Retain Institution Identity Option",
    ),
    Option.UIDS: Wording(
        "Keep UIDs",
        "With the PACS at hand, whose images these are can be looked up.",
        "113110",
        "Retain UIDs Option",
    ),
}

USUAL = frozenset({Option.PATIENT, Option.DATES, Option.DESCRIPTORS})
"""What a new project starts with."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The Basic Profile with some options."""

    options: frozenset[Option] = USUAL

    def __contains__(self, option: Option) -> bool:
        return option in self.options

    @property
    def codes(self) -> tuple[tuple[str, str], ...]:
        """Codes and meanings for De-identification Method Code Sequence."""
        chosen = [WORDINGS[option] for option in Option if option in self.options]
        return (BASIC_CODE, *((one.code, one.meaning) for one in chosen))

    @property
    def names(self) -> tuple[str, ...]:
        """The options as they are kept, in the order of `Option`."""
        return tuple(option.value for option in Option if option in self.options)

    @classmethod
    def of(cls, names: Iterable[str]) -> "Profile":
        """Return a profile of kept option names; unknown ones are left out."""
        known = {option.value: option for option in Option}
        return cls(frozenset(known[name] for name in names if name in known))
