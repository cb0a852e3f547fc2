"""Files that others made to be hard to read, and what pydicom makes of them."""

import os
import random
from pathlib import Path

import pydicom.data

from chrislib.dicom.errors import DicomError
from chrislib.dicom.facts import FactReader, by_pydicom
from chrislib.dicom.wanted import UNCHECKED, Facts, says_what_it_is


def known_files() -> list[Path]:
    """Return all test files of pydicom, and those of the package pydicom-data."""
    import data_store

    assert data_store.__file__ is not None
    folders = [
        Path(name).parent for name in (pydicom.data.__file__, data_store.__file__)
    ]
    return sorted(
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"}
    )


def lengths(size: int, rng: random.Random, count: int) -> list[int]:
    """Return where to cut a file: anywhere, often within its header, and at its end."""
    some = [rng.randrange(size + 1) for _ in range(count // 2)]
    some += [rng.randrange(min(size, 4000) + 1) for _ in range(count - len(some))]
    return sorted({*some, max(0, size - 1)})


def outcome(reader: FactReader, path: Path) -> Facts | str:
    """Return what we make of a file: its facts, or the name of the error."""
    try:
        return reader.read(path)._replace(pixels=UNCHECKED)
    except DicomError as error:
        return type(error).__name__


def expected(path: Path) -> Facts | str:
    """Return what pydicom alone makes of a file."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        facts = by_pydicom(descriptor, path.stat().st_size)
        if not says_what_it_is(facts):
            return "BrokenDicom"
        return facts._replace(pixels=UNCHECKED)
    except DicomError as error:
        return type(error).__name__
    finally:
        os.close(descriptor)


def differences(one: Facts | str, other: Facts | str) -> list[object]:
    """Return the fields that differ, with both values."""
    if isinstance(one, str) or isinstance(other, str):
        return [] if one == other else [one, other]
    return [
        (name, mine, theirs)
        for name, mine, theirs in zip(Facts._fields, one, other, strict=True)
        if mine != theirs
    ]
