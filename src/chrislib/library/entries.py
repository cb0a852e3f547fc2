"""Words and requests of History entries."""

from collections.abc import Mapping
from pathlib import Path

from chrislib.library import criteria as asked
from chrislib.library import words
from chrislib.library.model import HistoryEntry, LocalScan
from chrislib.library.names import show_name
from chrislib.pacs.types import Criteria, LookupResult


def outcome(result: LookupResult) -> tuple[str, str, str, str]:
    """Return title, state, words and second line of a lookup that was answered."""
    criteria = result.criteria
    studies = [study for patient in result.patients for study in patient.studies]
    series = sum(len(study.series) for study in studies)
    silent = ""
    if result.unreachable:
        silent = f"no answer from {', '.join(result.unreachable)}"
    if studies:
        counts = f"{words.studies(len(studies))}, {words.series(series)} found"
        state, text = "found", "Nothing pulled yet"
    else:
        counts = "nothing found"
        state, text = "nomatch", "No match"
    if silent:
        state, text = "errors", "Partly answered"
    title = asked.title_of(criteria)
    if len(result.patients) == 1:
        others = {k: v for k, v in criteria.values.items() if k != asked.NAME}
        rest = asked.title_of(Criteria(values=others))
        name = show_name(result.patients[0].name)
        title = f"{name} — {rest}" if rest else name
    detail = words.join(asked.fields_of(criteria), counts, silent)
    return title, state, text, detail


def paths_of(entry: HistoryEntry) -> list[Path]:
    """Return the files and folders an upload was made of."""
    raw = entry.request.get("paths")
    return [Path(str(path)) for path in raw] if isinstance(raw, (list, tuple)) else []


def decisions_of(entry: HistoryEntry) -> dict[str, str]:
    """Return what was decided about the conflicts of an upload."""
    raw = entry.request.get("decisions")
    if not isinstance(raw, Mapping):
        return {}
    return {str(key): str(choice) for key, choice in raw.items()}


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
