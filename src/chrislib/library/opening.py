"""Files of an item on this computer, for the viewer."""

import asyncio
import hashlib
import os
from collections import Counter
from contextlib import aclosing
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from uuid import uuid4

from chrislib.aio import Progress, several
from chrislib.cube.types import FileId, StoredFile
from chrislib.errors import ChrislibError
from chrislib.library.model import Item, ItemState, OpenedItem
from chrislib.library.upload import safe_name

if TYPE_CHECKING:
    # The HTTP library is half of the start-up time: it waits for the first paint.
    from chrislib.cube.client import CubeClient

_AT_ONCE = 4
_LOOKED_AT = 400
"""Files of an item that are listed to find its middle."""
_SAMPLE_BYTES = 24_000_000
_KINDS = {
    ".dcm": "dicom",
    ".ima": "dicom",
    ".nii": "nifti",
    ".gz": "nifti",
    ".mgz": "nifti",
    ".png": "image",
    ".jpg": "image",
    ".jpeg": "image",
    ".txt": "text",
    ".json": "text",
    ".csv": "text",
    ".tsv": "text",
    ".md": "text",
    ".log": "text",
    ".bval": "text",
    ".bvec": "text",
}


async def fetch_files(
    client: "CubeClient",
    item: Item,
    *,
    folder: Path,
    progress: Progress | None = None,
) -> OpenedItem:
    """Bring an item's files into `folder` (network, disk); those there are kept.

    Parameters
    ----------
    client : CubeClient
        Where the item lives.
    item : Item
        A ready item.
    folder : Path
        Cache folder; the files go into a folder of their own below it.
    progress : callable, optional
        Gets files here and files in all.

    Raises
    ------
    ChrislibError
        The item is not ready, or holds no files.
    CubeError
        The server does not answer; what arrived stays and is used the next time.
    """
    if item.state is not ItemState.READY or not item.path:
        raise ChrislibError(
            f"“{item.title}” cannot be opened yet.",
            "Its files are not all on the server.",
            hint="It opens as soon as it says Ready.",
        )
    files = [file async for file in client.files.tree(item.path)]
    if not files:
        raise ChrislibError(
            f"“{item.title}” holds no files.",
            "The server lists none in its folder.",
            hint="Fetch it again if it should hold some.",
        )
    files.sort(key=lambda file: file.path)
    name = _name_of(client, item.path)
    place = folder / "items" / name
    await asyncio.to_thread(place.mkdir, parents=True, exist_ok=True)

    async def one(numbered: tuple[int, StoredFile]) -> Path:
        number, file = numbered
        target = place / f"{number:05d}-{safe_name(file.name)}"
        await _fetch(client, file, target)
        return target

    numbered = list(enumerate(files))
    paths = tuple(await several(numbered, one, at_once=_AT_ONCE, progress=progress))
    kind = kind_of(paths)
    shown = tuple(path for path in paths if kind_of((path,)) == kind)
    return OpenedItem(title=item.title, kind=kind, paths=shown)


async def fetch_sample(
    client: "CubeClient", item: Item, *, folder: Path
) -> Path | None:
    """Bring one file that speaks for an item into `folder` (network, disk).

    The middle one of the files a picture can be made of; None when there is none, or
    it is too large for a thumbnail. The caller deletes it.
    """
    if item.state is not ItemState.READY or not item.path:
        return None
    file = await _middle_of_series(client, item) if item.series_uid else None
    file = file or await _middle_of_all(client, item)
    if file is None or file.size > _SAMPLE_BYTES:
        return None
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    # a name of its own: two panes may want the same file, and each deletes its copy
    target = folder / f"{uuid4().hex}-{safe_name(file.name)}"
    await _fetch(client, file, target)
    return target


async def _middle_of_series(client: "CubeClient", item: Item) -> StoredFile | None:
    """Return the middle file of a series by its place in the list (network).

    The list itself is not read: a server takes a while for a thousand rows. None when
    that file holds no picture, or the series is no folder.
    """
    folder = await client.folders.at(item.path)
    if folder is None:
        return None
    guess = (item.images or 0) // 2
    page = await client.folders.page(folder.id, "files", offset=guess, limit=1)
    middle = (page.total or 0) // 2
    if abs(middle - guess) > middle // 4:
        page = await client.folders.page(folder.id, "files", offset=middle, limit=1)
    if not page.rows or not _may_be_picture(page.rows[0].path):
        return None
    row = page.rows[0]
    return StoredFile(FileId(row.id), row.path, row.size or 0, row.owner, row.created)


async def _middle_of_all(client: "CubeClient", item: Item) -> StoredFile | None:
    """Return the middle one of the files that a picture can be made of (network)."""
    found: list[StoredFile] = []
    async with aclosing(client.files.walk(item.path)) as entries:
        async for entry in entries:
            if _may_be_picture(entry.file.path):
                found.append(entry.file)
            if len(found) >= _LOOKED_AT:
                break
    found.sort(key=lambda file: file.path)
    return found[len(found) // 2] if found else None


def _may_be_picture(path: str) -> bool:
    ending = PurePosixPath(path.lower()).suffix
    return _KINDS.get(ending) in {"dicom", "nifti", "image"}


def _name_of(client: "CubeClient", path: str) -> str:
    """Return a folder name for a storage path; the station's port changes each time."""
    server = client.server.uuid if client.server is not None else client.base_url
    return hashlib.sha256(f"{server}\n{path}".encode()).hexdigest()[:24]


async def _fetch(client: "CubeClient", file: StoredFile, target: Path) -> None:
    if target.exists() and target.stat().st_size == file.size:
        return
    part = target.with_name(target.name + ".part")
    try:
        with part.open("wb") as out:
            async for block in client.files.stream(file):
                out.write(block)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def kind_of(paths: tuple[Path, ...]) -> str:
    """Return what most files are, by their names; a picture wins over text."""
    endings = (PurePosixPath(path.name.lower()).suffix for path in paths)
    kinds = Counter(_KINDS.get(ending, "other") for ending in endings)
    for kind in ("dicom", "nifti", "image", "text"):
        if kinds[kind]:
            return kind
    return "other"
