"""Every attribute of a file's header as words, for people who look at tags."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from chrislib.dicom.reading import quiet, read_dataset, words

_LONGEST = 400
_DEEPEST = 8
_MOST = 5000
_BINARY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_PATIENT = 0x0010


@dataclass(frozen=True, slots=True)
class TagLine:
    """One attribute.

    Attributes
    ----------
    tag : int
        Group and element.
    value : str
        One line; what is long is cut, bytes are only counted.
    depth : int
        How many sequences it lies in.
    personal : bool
        It may name a person: the patient's group, and every person's name.
    """

    tag: int
    name: str
    value: str
    depth: int = 0
    personal: bool = False

    @property
    def number(self) -> str:
        """The tag as "(0010,0020)"."""
        return f"({self.tag >> 16:04X},{self.tag & 0xFFFF:04X})"


def read_tags(path: Path) -> tuple[TagLine, ...]:
    """Return the attributes of a DICOM file before its pixels (disk).

    Raises
    ------
    NotDicom, BrokenDicom
        It cannot be read.
    """
    dataset = read_dataset(path, stop_before_pixels=True)
    with quiet():
        lines = chain.from_iterable(
            _lines(one, 0, inherited=False)
            for one in (getattr(dataset, "file_meta", None), dataset)
            if one is not None
        )
        return tuple(islice(lines, _MOST))


def _lines(dataset: Any, depth: int, *, inherited: bool) -> Iterator[TagLine]:
    for tag in sorted(dataset.keys()):
        try:
            element = dataset[tag]
            value = element.value
        except Exception:  # noqa: BLE001 - pydicom converts lazily; any type may come
            yield TagLine(int(tag), "Cannot be read", "", depth, inherited)
            continue
        vr = str(element.VR)
        personal = inherited or int(tag) >> 16 == _PATIENT or vr == "PN"
        name = str(element.name)
        if vr != "SQ":
            yield TagLine(int(tag), name, _shown(value, vr), depth, personal)
            continue
        items = list(value or ())
        said = "1 item" if len(items) == 1 else f"{len(items):,} items"
        yield TagLine(int(tag), name, said, depth, personal)
        if depth < _DEEPEST:
            for item in items:
                yield from _lines(item, depth + 1, inherited=personal)


def _shown(value: Any, vr: str) -> str:
    if value is None:
        return ""
    if vr in _BINARY or isinstance(value, bytes | bytearray):
        size = len(value) if hasattr(value, "__len__") else 0
        return f"{size:,} bytes"
    text = words(value)
    kept = "".join(char if char.isprintable() else " " for char in text[: _LONGEST + 1])
    return kept if len(kept) <= _LONGEST else kept[: _LONGEST - 1] + "…"
