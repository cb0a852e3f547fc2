"""Words and requests of History entries."""

from collections.abc import Sequence
from pathlib import Path

from chrislib.errors import ChrislibError
from chrislib.library import words
from chrislib.library.model import HistoryEntry, LocalScan

NO_MATCH = ("nomatch", "No match")


def paths_of(entry: HistoryEntry) -> list[Path]:
    """Return the files and folders an upload was made of."""
    raw = entry.request.get("paths")
    return [Path(str(path)) for path in raw] if isinstance(raw, (list, tuple)) else []


def unreachable(names: Sequence[str]) -> ChrislibError:
    """Return the words for a lookup that nobody answered."""
    which = ", ".join(names)
    return ChrislibError(
        f"No answer from {which}.",
        "This is not “nothing found”: the PACS was not reached. Nothing was changed.",
        hint="Check that the PACS is running, then try again.",
        retryable=True,
    )


def scan_words(found: LocalScan) -> str:
    """Return the second line of an upload in History."""
    files = sum(len(one.files) for one in found.series) + len(found.others)
    patients = {(one.patient_id, one.patient_name) for one in found.series}
    dicom = (
        f"{words.count(len(patients), 'patient')}, {words.series(len(found.series))}"
        if found.series
        else ""
    )
    missing = sum(bool(one.missing) for one in found.series)
    gaps = f"{words.series(missing)} with gaps" if missing else ""
    return words.join("Upload", dicom, words.count(files, "file"), gaps)
