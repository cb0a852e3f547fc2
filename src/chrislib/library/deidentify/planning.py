"""Where de-identified files go, and the items they become: no names on the server."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import uuid4

from chrislib.dicom.deidentify.engine import Engine
from chrislib.dicom.deidentify.files import Preview, blackout_reason, preview, text_in
from chrislib.dicom.deidentify.table import imaging_words
from chrislib.dicom.deidentify.wording import Identifiers
from chrislib.dicom.errors import DicomError
from chrislib.dicom.header import read_header
from chrislib.dicom.reading import PREAMBLE, quiet, text
from chrislib.errors import ChrislibError
from chrislib.jobs.model import Deidentify, UploadFile, UploadIntent
from chrislib.library.deidentify.model import Choice, RoomForBlack, TextWarning
from chrislib.library.model import (
    Item,
    ItemId,
    ItemState,
    LocalScan,
    LocalSeries,
    Source,
)
from chrislib.library.names import clean
from chrislib.library.upload import UploadPlan, size_of

_MODALITY = re.compile(r"[A-Z]{2,4}\Z")
_KNOWN = (
    "nii gz mgz mgh json csv tsv txt pdf png jpg jpeg tif tiff bval bvec xml html doc "
    "docx xls xlsx zip tar mat npy npz stl obj vtk nrrd mha mhd raw img hdr mp4 avi md"
)
_ENDINGS = frozenset(f".{ending}" for ending in _KNOWN.split())
_LOOKED_AT = 3
_TOLD = (
    "Modality",
    "PatientSex",
    "StudyInstanceUID",
    "StudyDate",
    "StudyDescription",
    "SeriesInstanceUID",
    "SeriesDescription",
)


@dataclass(frozen=True, slots=True)
class Named:
    """A patient of the upload and what they are called in the project."""

    pseudonym: str
    days: int
    patient_id: str
    patient_name: str
    birth_date: str


@dataclass(frozen=True, slots=True)
class CleanPlan:
    """What a de-identified upload sends, and whom it names how."""

    upload: UploadPlan
    named: tuple[Named, ...]
    left_out: int
    """Files that are not sent because they could not be de-identified."""


def plan_clean(
    found: LocalScan, *, folder: str, engine: Engine, choice: Choice
) -> CleanPlan:
    """Return where the files of a scan go below `folder` (disk; in a thread).

    Folders are called by pseudonym and number, files by number: nothing of the names
    on this computer is left.

    Raises
    ------
    ChrislibError
        There is nothing to send.
    """
    files: list[UploadFile] = []
    items: list[Item] = []
    named: dict[str, Named] = {}
    for number, series in enumerate(found.series, start=1):
        shown = _shown(series, engine)
        named.setdefault(shown.pseudonym, _named(series, shown))
        item = _item(series, shown, f"{folder}/{shown.pseudonym}/{number:03d}")
        files += [
            UploadFile(
                local=local,
                remote=f"{item.path}/{place:05d}.dcm",
                size=size_of(local),
            )
            for place, local in enumerate(series.files, start=1)
        ]
        items.append(item)
    plain = [one for one in found.others if choice.others and not _is_dicom(one[0])]
    left_out = len(found.others) - len(plain)
    if plain:
        place = f"{folder}/other-files"
        files += [
            UploadFile(local, f"{place}/{n:04d}{_ending(local)}", size, as_it_is=True)
            for n, (local, _, size) in enumerate(plain, start=1)
        ]
        items.append(_others_item(found, plain, place))
    if not files:
        raise ChrislibError(
            "There is nothing to send.",
            "No DICOM image is ticked. Other files are left out when an upload is "
            "de-identified. Nothing was sent.",
            hint="Tick a series, or agree to send other files unchanged.",
        )
    intent = UploadIntent(
        folder=folder,
        files=tuple(files),
        title=found.title,
        item_ids=tuple(item.item_id for item in items),
        deidentify=Deidentify(
            choice.project_id,
            choice.options,
            choice.text_agreed,
            choice.apart,
            choice.black,
        ),
        archives=found.archives,
    )
    upload = UploadPlan(intent=intent, items=tuple(items))
    return CleanPlan(upload, tuple(named.values()), left_out)


def texts_in_pictures(found: LocalScan) -> tuple[TextWarning, ...]:
    """Return the series whose pictures may show text (disk; in a thread).

    The first, middle and last file of each series are looked at; every file is again
    when it is sent.
    """
    warnings = []
    for at, series in enumerate(found.series):
        reason = _text_in(series)
        if reason:
            title = clean(series.description) or series.modality or "Series"
            warnings.append(TextWarning(at, title, len(series.files), reason))
    return tuple(warnings)


def room_for_black(files: Sequence[str]) -> RoomForBlack:
    """Return how the pictures of a series can be blacked out (disk; in a thread)."""
    sizes: set[tuple[int, int]] = set()
    for local in _sample(files):
        try:
            reason = blackout_reason(Path(local))
            header = read_header(Path(local))
        except DicomError as error:
            return RoomForBlack(0, 0, error.title)
        except OSError:
            return RoomForBlack(0, 0, "A file of it is not there any more.")
        if reason:
            return RoomForBlack(header.columns, header.rows, reason)
        sizes.add((header.columns, header.rows))
    if len(sizes) != 1:
        return RoomForBlack(0, 0, "Its pictures are not all of the same size.")
    return RoomForBlack(*sizes.pop())


def check_title(title: str, found: LocalScan) -> None:
    """Check that the name of an upload names no patient of it.

    Raises
    ------
    ChrislibError
        It does; the folder on the server would.
    """
    known = Identifiers(
        (one.patient_name for one in found.series),
        (one.patient_id for one in found.series),
        common=imaging_words(),
    )
    if known.names_somebody(title):
        raise ChrislibError(
            "The name of the upload names a patient.",
            "It would be the name of a folder on the server. Nothing was sent.",
            hint="Give it another name.",
        )


def _text_in(series: LocalSeries) -> str:
    for local in _sample(series.files):
        try:
            reason = text_in(Path(local))
        except DicomError:
            continue
        if reason:
            return reason
    return ""


def _sample(files: Sequence[str]) -> list[str]:
    if len(files) <= _LOOKED_AT:
        return list(files)
    return [files[0], files[len(files) // 2], files[-1]]


def _shown(series: LocalSeries, engine: Engine) -> Preview:
    """Return the de-identified header that speaks for a series."""
    problem: DicomError | None = None
    for local in _sample(series.files):
        try:
            return preview(Path(local), engine, trace=False)
        except DicomError as error:
            problem = error
    raise ChrislibError(
        "A series cannot be de-identified.",
        f"{problem.title if problem else 'It has no files.'} Nothing was sent.",
        hint="Leave it out, then send the others.",
    )


def _named(series: LocalSeries, shown: Preview) -> Named:
    return Named(
        pseudonym=shown.pseudonym,
        days=shown.days,
        patient_id=series.patient_id,
        patient_name=series.patient_name,
        birth_date=series.birth_date.isoformat() if series.birth_date else "",
    )


def _item(series: LocalSeries, shown: Preview, place: str) -> Item:
    """Return the item as the server will know it: by the pseudonym."""
    with quiet():
        told = {name: text(shown.header, name) for name in _TOLD}
    modality = told["Modality"] if _MODALITY.match(told["Modality"]) else ""
    return Item(
        item_id=ItemId(uuid4().hex),
        source=Source.UPLOAD,
        title=clean(told["SeriesDescription"]) or modality or "DICOM",
        state=ItemState.ON_THE_WAY,
        path=f"{place}-{modality}" if modality else place,
        patient_id=shown.pseudonym,
        patient_name=shown.pseudonym,
        sex=told["PatientSex"],
        study_uid=told["StudyInstanceUID"],
        study_date=_day(told["StudyDate"]),
        study_description=told["StudyDescription"],
        modality=modality,
        series_uid=told["SeriesInstanceUID"],
        series_description=told["SeriesDescription"],
        images=len(series.files),
        size=series.size,
        added_at=time.time(),
    )


def _day(text_: str) -> date | None:
    try:
        return date(int(text_[:4]), int(text_[4:6]), int(text_[6:8]))
    except ValueError:
        return None


def _others_item(
    found: LocalScan, plain: Sequence[tuple[str, str, int]], place: str
) -> Item:
    return Item(
        item_id=ItemId(uuid4().hex),
        source=Source.UPLOAD,
        title=f"{found.title}, other files",
        state=ItemState.ON_THE_WAY,
        path=place,
        images=len(plain),
        size=sum(size for _, _, size in plain),
        added_at=time.time(),
    )


def _ending(local: str) -> str:
    """Return a file's ending, when it is one that says only what kind it is."""
    endings = [ending.lower() for ending in Path(local).suffixes[-2:]]
    if endings and endings[-1] in _ENDINGS:
        before = endings[-2] if len(endings) == 2 else ""
        return (before if before in {".nii", ".tar"} else "") + endings[-1]
    return ""


def _is_dicom(local: str) -> bool:
    """Whether a file beside the series is DICOM all the same: a DICOMDIR, a remnant."""
    try:
        with Path(local).open("rb") as file:
            return file.read(PREAMBLE + 4)[PREAMBLE:] == b"DICM"
    except OSError:
        return False
