"""What files turn out to be: series, sets of pictures, volumes, documents."""

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtGui import QImage

from chrislib.dicom.decode import read_picture
from chrislib.dicom.errors import DicomError
from chrislib.dicom.volume import Opened, Stack, open_stacks
from chrislib.views.viewer.stack_page import read_picture_file
from chrislib.views.viewer_content import ViewContent
from chrislib.views.widgets.documents import kind_of
from chrislib.views.widgets.frames import fitted, to_image

THUMB = 72
"""Pixels of a picture in the strip."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that can be looked at: a series, a set of pictures, or a file."""

    kind: str
    title: str
    detail: str
    paths: tuple[Path, ...]
    stack: Stack | None = None

    @property
    def leafs(self) -> bool:
        """Whether it is a stack of pictures, which can stand beside others."""
        return self.stack is not None or self.kind == "image"


def gather(content: ViewContent) -> tuple[tuple[Entry, ...], Opened | None]:
    """Sort the files of a content by what they are (reads headers from disk)."""
    kinds = {path: kind_of(path, content.kind) for path in content.paths}
    entries: list[Entry] = []
    opened: Opened | None = None
    dicom = [path for path, kind in kinds.items() if kind == "dicom"]
    if dicom:
        opened = open_stacks(dicom)
        entries += [_of_stack(stack) for stack in opened.stacks]
    pictures = tuple(path for path, kind in kinds.items() if kind == "image")
    if pictures:
        words = f"{len(pictures):,} pictures" if len(pictures) > 1 else ""
        alone = len(content.paths) == 1 or len(pictures) > 1
        title = content.title if alone else pictures[0].name
        entries.append(Entry("image", title, words, pictures))
    entries += [
        # a file alone bears the name the person chose it by, not that of its copy
        Entry(kind, content.title if len(kinds) == 1 else path.name, "", (path,))
        for path, kind in kinds.items()
        if kind not in ("dicom", "image")
    ]
    if content.layout != "single":
        # what is put side by side stands in the order it was chosen in
        at = {path: number for number, path in enumerate(content.paths)}
        entries.sort(key=lambda entry: min(at[path] for path in _paths_of(entry)))
    return tuple(entries), opened


def _paths_of(entry: Entry) -> tuple[Path, ...]:
    if entry.stack is None:
        return entry.paths
    return tuple(one.path for one in entry.stack.slices)


def _of_stack(stack: Stack) -> Entry:
    header = stack.header
    count = len(stack.slices)
    words = f"{count:,} images" if count != 1 else "1 image"
    if stack.series.missing:
        words += f" · {len(stack.series.missing)} missing"
    title = header.series_description or header.modality or "Series"
    return Entry("dicom", title, words, (), stack)


def thumbnail(entry: Entry) -> QImage | None:
    """Return the middle picture of an entry, fitted into black; runs in a thread."""
    try:
        if entry.stack is not None:
            middle = entry.stack.slices[len(entry.stack.slices) // 2]
            picture = read_picture(middle.path, middle.frame)
        elif entry.kind == "image":
            picture = read_picture_file(entry.paths[len(entry.paths) // 2])
        else:
            return None
        return fitted(to_image(picture), THUMB, aspect=picture.aspect)
    except DicomError:
        return None
