"""Outputs as a tree of entries: kinds, totals, ways to find one."""

from collections.abc import Iterable, Iterator

from chrislib.feeds.model import OutputEntry

_SUFFIXES = {
    "dicom": (".dcm", ".dicom", ".ima"),
    "nifti": (".nii", ".nii.gz"),
    "image": (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp"),
    "table": (".csv", ".tsv"),
    "json": (".json",),
    "pdf": (".pdf",),
    "text": (
        ".txt",
        ".log",
        ".md",
        ".bval",
        ".bvec",
        ".yml",
        ".yaml",
        ".xml",
        ".html",
        ".htm",
        ".ini",
        ".toml",
        ".mat",
        ".err",
        ".out",
    ),
}

KIND_WORDS = {
    "folder": "Folder",
    "dicom": "DICOM",
    "nifti": "NIfTI",
    "image": "Picture",
    "table": "Table",
    "json": "JSON",
    "pdf": "PDF",
    "text": "Text",
    "file": "File",
}
"""Kind to the word in the Type column."""


def kind_of(name: str) -> str:
    """Return the kind of a file by its name: dicom, nifti, image, table, ..."""
    lowered = name.lower()
    for kind, suffixes in _SUFFIXES.items():
        if lowered.endswith(suffixes):
            return kind
    return "file"


def walk(entries: Iterable[OutputEntry]) -> Iterator[OutputEntry]:
    """Iterate over all files (not folders, not dead links) below some entries."""
    for entry in entries:
        if entry.is_folder:
            yield from walk(entry.children)
        elif entry.file_id is not None:
            yield entry


def totals(entries: Iterable[OutputEntry]) -> tuple[int, int]:
    """Return how many files there are and how many bytes they take."""
    count = size = 0
    for entry in walk(entries):
        count += 1
        size += entry.size or 0
    return count, size


def find(entries: Iterable[OutputEntry], relative: str) -> OutputEntry | None:
    """Return the entry shown at `relative`, None where there is none."""
    for entry in entries:
        if entry.relative == relative:
            return entry
        if entry.is_folder and relative.startswith(entry.relative + "/"):
            found = find(entry.children, relative)
            if found is not None:
                return found
    return None
