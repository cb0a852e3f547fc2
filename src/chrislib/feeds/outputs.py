"""What a node left behind, as a tree: folders, files, and links followed."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Protocol, TypeVar

from chrislib.cube.errors import CubeError
from chrislib.cube.types import Folder, LinkFile, StoredFile
from chrislib.feeds.model import OutputEntry

_Row = TypeVar("_Row")

MAX_ENTRIES = 20_000
"""More than this is not shown as a tree (and not asked for)."""

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


class FilesLike(Protocol):
    """The part of the client that lists storage."""

    async def folder(self, path: str) -> Folder | None:
        """Return the folder at `path`, None where there is none (network)."""

    def children(self, folder: Folder) -> AsyncIterator[Folder]:
        """Iterate over the folders in a folder (network)."""

    def files(self, folder: Folder) -> AsyncIterator[StoredFile]:
        """Iterate over the files in a folder (network)."""

    def links(self, folder: Folder) -> AsyncIterator[LinkFile]:
        """Iterate over the link files in a folder (network)."""


def kind_of(name: str) -> str:
    """Return the kind of a file by its name: dicom, nifti, image, table, ..."""
    lowered = name.lower()
    for kind, suffixes in _SUFFIXES.items():
        if lowered.endswith(suffixes):
            return kind
    return "file"


async def output_tree(files: FilesLike, root: str) -> list[OutputEntry]:
    """List everything below a node's output folder (network).

    Links are followed: an entry's `path` is that of the file itself, `relative` what
    is shown. A link into a folder that is being listed already is shown as a folder
    without content, so that circles end.
    """
    folder = await files.folder(root)
    if folder is None:
        return []
    walk = _Walk(files)
    return list(await walk.folder(folder, "", trail=frozenset({folder.path})))


class _Walk:
    """One listing; counts entries so that it always ends."""

    def __init__(self, files: FilesLike) -> None:
        self._files = files
        self._left = MAX_ENTRIES
        self._listed: dict[str, dict[str, StoredFile]] = {}

    async def folder(
        self, folder: Folder, relative: str, *, trail: frozenset[str]
    ) -> tuple[OutputEntry, ...]:
        subfolders, files, links = await asyncio.gather(
            _all(self._files.children(folder)),
            _all(self._files.files(folder)),
            _all(self._files.links(folder)),
        )
        entries: list[OutputEntry] = []
        for child in subfolders:
            name = _join(relative, _last(child.path))
            entries.append(await self._folder_entry(child, name, "", trail=trail))
        for file in files:
            if self._take():
                entries.append(_file_entry(file, _join(relative, file.name), ""))
        used = {_last(entry.relative) for entry in entries}
        for link in links:
            name = _unused(_link_name(link), used)
            used.add(name)
            entries.append(await self._link(link, _join(relative, name), trail=trail))
        return tuple(sorted(entries, key=_order))

    async def _folder_entry(
        self, folder: Folder, relative: str, target: str, *, trail: frozenset[str]
    ) -> OutputEntry:
        inside: tuple[OutputEntry, ...] = ()
        if self._take() and folder.path not in trail:
            inside = await self.folder(folder, relative, trail=trail | {folder.path})
        return OutputEntry(
            path=folder.path,
            relative=relative,
            is_folder=True,
            size=None,
            file_id=None,
            kind="folder",
            link_target=target,
            children=inside,
        )

    async def _link(
        self, link: LinkFile, name: str, *, trail: frozenset[str]
    ) -> OutputEntry:
        gone = OutputEntry(
            path=link.target,
            relative=name,
            is_folder=False,
            size=None,
            file_id=None,
            kind="gone",
            link_target=link.target,
        )
        if link.is_folder is None or not self._take():
            return gone
        try:
            if link.is_folder:
                folder = await self._files.folder(link.target)
                if folder is None:
                    return gone
                return await self._folder_entry(folder, name, link.target, trail=trail)
            file = await self._file_at(link.target)
        except CubeError:
            # the link may be seen where its target may not be opened
            return gone
        return gone if file is None else _file_entry(file, name, link.target)

    async def _file_at(self, path: str) -> StoredFile | None:
        """Return a file by path; a folder is listed once however many link into it."""
        parent, _, _ = path.rpartition("/")
        if parent not in self._listed:
            folder = await self._files.folder(parent)
            found = [] if folder is None else await _all(self._files.files(folder))
            self._listed[parent] = {file.path: file for file in found}
        return self._listed[parent].get(path)

    def _take(self) -> bool:
        self._left -= 1
        return self._left >= 0


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


def _file_entry(file: StoredFile, relative: str, target: str) -> OutputEntry:
    return OutputEntry(
        path=file.path,
        relative=relative,
        is_folder=False,
        size=file.size,
        file_id=file.id,
        kind=kind_of(file.name),
        link_target=target,
    )


def _link_name(link: LinkFile) -> str:
    """Return what a link is called: its target, for a node's output the node."""
    parts = link.target.strip("/").split("/")
    if parts[-1] == "data" and len(parts) > 2 and "feeds" in parts:
        return parts[-2]
    return parts[-1] or _last(link.path)


def _unused(name: str, used: set[str]) -> str:
    """Return the name, with a number behind it where it is taken."""
    if name not in used:
        return name
    number = 2
    while f"{name} ({number})" in used:
        number += 1
    return f"{name} ({number})"


def _order(entry: OutputEntry) -> tuple[bool, str]:
    return (not entry.is_folder, _last(entry.relative).lower())


def _last(path: str) -> str:
    return path.rstrip("/").rsplit("/", 1)[-1]


def _join(head: str, tail: str) -> str:
    return f"{head}/{tail}" if head else tail


async def _all(rows: AsyncIterator[_Row]) -> list[_Row]:
    return [row async for row in rows]
