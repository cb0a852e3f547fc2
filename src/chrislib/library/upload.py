"""Local files to the server: where each one goes, and the items they become."""

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from uuid import uuid4

from chrislib.errors import ChrislibError
from chrislib.jobs.model import UploadFile, UploadIntent
from chrislib.library.model import Item, ItemId, ItemState, LocalScan, Source
from chrislib.library.names import clean

_UNSAFE = re.compile(r"[^\w.\-]+")


@dataclass(frozen=True, slots=True)
class UploadPlan:
    """What one upload sends: the job's intent and the items it brings."""

    intent: UploadIntent
    items: tuple[Item, ...]


def size_of(local: str) -> int:
    """Return the bytes of a file (disk).

    0 for one that went away since it was looked at: sending it says so, and the others
    are sent.
    """
    try:
        return Path(local).stat().st_size
    except OSError:
        return 0


def plan(found: LocalScan, *, folder: str) -> UploadPlan:
    """Return where the files of a scan go below `folder` (disk: sizes).

    Every series gets a folder of its own and becomes an item; other files keep their
    places below one folder and become one item. Names are cleaned as the server
    would, so that what is asked for is what is stored.

    Raises
    ------
    ChrislibError
        There is nothing to send.
    """
    if not found.series and not found.others:
        raise ChrislibError(
            "There is nothing to send.",
            "No readable file was found. Nothing was sent.",
            hint="Choose other files or folders.",
        )
    files: list[UploadFile] = []
    items: list[Item] = []
    for number, series in enumerate(found.series, start=1):
        words = safe_name(series.description or series.modality or "series")
        place = f"{folder}/{number:03d}-{words}"[:200].rstrip("-_.")
        names = _unique(
            safe_name(PurePosixPath(path.replace("\\", "/")).name, ending=".dcm")
            for path in series.files
        )
        files += [
            UploadFile(local=local, remote=f"{place}/{name}", size=size_of(local))
            for local, name in zip(series.files, names, strict=True)
        ]
        items.append(
            Item(
                item_id=ItemId(uuid4().hex),
                source=Source.UPLOAD,
                title=clean(series.description) or f"{series.modality or 'DICOM'}",
                state=ItemState.ON_THE_WAY,
                path=place,
                patient_id=series.patient_id,
                patient_name=series.patient_name,
                birth_date=series.birth_date,
                sex=series.sex,
                study_uid=series.study_uid,
                study_date=series.study_date,
                study_description=series.study_description,
                accession_number=series.accession_number,
                modality=series.modality,
                series_uid=series.series_uid,
                series_description=series.description,
                images=len(series.files),
                size=series.size,
                added_at=time.time(),
            )
        )
    if found.others:
        place = f"{folder}/other-files" if found.series else folder
        names = _unique(_safe_path(relative) for _, relative, _ in found.others)
        files += [
            UploadFile(local=local, remote=f"{place}/{name}", size=size)
            for (local, _, size), name in zip(found.others, names, strict=True)
        ]
        title = f"{found.title}, other files" if found.series else found.title
        items.append(
            Item(
                item_id=ItemId(uuid4().hex),
                source=Source.UPLOAD,
                title=title,
                state=ItemState.ON_THE_WAY,
                path=place,
                images=len(found.others),
                size=sum(size for _, _, size in found.others),
                added_at=time.time(),
            )
        )
    return UploadPlan(
        intent=UploadIntent(
            folder=folder,
            files=tuple(files),
            title=found.title,
            item_ids=tuple(item.item_id for item in items),
            archives=found.archives,
        ),
        items=tuple(items),
    )


def folder_for(title: str, *, username: str, on: date) -> str:
    """Return the server folder of an upload: ``home/USER/uploads/DATE-TITLE``."""
    return f"home/{username}/uploads/{on.isoformat()}-{safe_name(title)[:80]}"


def safe_name(text: str, *, ending: str = "") -> str:
    """Return a name every server and system takes: letters, digits and ``-_.``.

    Letters of any script stay. ``..``, commas and slashes are refused by CUBE
    (cube-api.md, traps 15 and 16), so they never get there.
    """
    name = _UNSAFE.sub("_", clean(text)).strip("_.")
    name = re.sub(r"\.{2,}", ".", name)
    if ending and "." not in name:
        name += ending
    return name or f"file{ending}"


def _safe_path(relative: str) -> str:
    parts = PurePosixPath(relative.replace("\\", "/")).parts
    return "/".join(safe_name(part) for part in parts if part not in {"/", "..", "."})


def _unique(names: Iterable[str]) -> list[str]:
    """Give names that meet a number, whatever their case."""
    seen: set[str] = set()
    kept: list[str] = []
    for name in names:
        path = PurePosixPath(name)
        candidate, number = name, 1
        while candidate.lower() in seen:
            number += 1
            candidate = str(path.with_name(f"{path.stem}-{number}{path.suffix}"))
        seen.add(candidate.lower())
        kept.append(candidate)
    return kept
