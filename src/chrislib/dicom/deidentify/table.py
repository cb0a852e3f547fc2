"""What PS3.15 table E.1-1 says of an attribute."""

from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib import resources

from chrislib.dicom.deidentify.profile import Option, Profile

_PACKAGE = "chrislib.dicom.deidentify"


class Action(Enum):
    """An action code of PS3.15 section E.1.1."""

    DUMMY = "D"
    EMPTY = "Z"
    REMOVE = "X"
    KEEP = "K"
    CLEAN = "C"
    UID = "U"
    INSIDE = "U*"
    """Keep a sequence of references; what is in its items is dealt with."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: the profile's action, and what each option makes of it."""

    basic: str
    options: tuple[tuple[Option, Action], ...]

    def action(self, profile: Profile, *, strict: bool) -> tuple[Action, Option | None]:
        """Return what to do, and the option that says so.

        Parameters
        ----------
        profile : Profile
        strict : bool
            Take the variant that keeps Type 1 attributes filled: needed for objects
            such as enhanced multi-frame, where more attributes are of Type 1.
        """
        chosen = {o: action for o, action in self.options if o in profile}
        # A date the device option keeps would tell the true day: it moves as well.
        for option in (Option.DATES, *Option):
            if option in chosen:
                return chosen[option], option
        return _variant(self.basic, strict=strict), None


def _variant(code: str, *, strict: bool) -> Action:
    parts = code.split("/")
    if len(parts) == 1 or parts[-1] == "U*":
        return Action(parts[-1])
    if strict or parts == ["X", "Z"]:
        return Action(parts[-1])
    return Action("Z" if "Z" in parts else parts[0])


@cache
def rules() -> dict[int, Rule]:
    """Return all rows by tag (disk, once)."""
    found: dict[int, Rule] = {}
    words = {option.value: option for option in Option}
    for fields in _rows("table_e1_1.tsv"):
        tag, basic, options = fields[:3]
        pairs = (part.split("=") for part in options.split() if "=" in part)
        changed = tuple((words[word], Action(code)) for word, code in pairs)
        found[int(tag, 16)] = Rule(basic, changed)
    return found


@cache
def safe_private() -> frozenset[tuple[str, int, int]]:
    """Return the safe private attributes (disk, once).

    Each is private creator, group and the low byte of the element (PS3.15 table
    E.3.10-1).
    """
    return frozenset(
        (fields[0], int(fields[1], 16), int(fields[2], 16))
        for fields in _rows("safe_private.tsv")
    )


@cache
def imaging_words() -> frozenset[str]:
    """Return the words a cleaned description may keep (disk, once)."""
    return frozenset(
        word for fields in _rows("imaging_words.txt") for word in fields[0].split()
    )


def _rows(name: str) -> list[list[str]]:
    text = resources.files(_PACKAGE).joinpath(name).read_text(encoding="utf-8")
    return [
        line.split("\t")
        for line in text.splitlines()
        if line and not line.startswith("#")
    ]
