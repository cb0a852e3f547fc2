"""The receiver: takes images that a PACS sends, stores them, then registers them."""

import hashlib
import logging
import re
import threading
import time
import unicodedata
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from chrislib.station.context import ADMIN, StationContext
from chrislib.station.pacs_archive import Archive, Series, Study
from chrislib.station.pacs_faults import Faults
from chrislib.station.pacs_progress import Counter, ProgressHub

log = logging.getLogger(__name__)

ROOT = "SERVICES/PACS"
_LONGEST_NAME = 40
_REGISTER_SECONDS = 0.3
_YEAR_DAYS = 365.2421897
_AGE_DAYS = {"D": 1.0, "W": 7.0, "M": _YEAR_DAYS / 12, "Y": _YEAR_DAYS}


@dataclass(frozen=True, slots=True)
class _Stored:
    path: str
    disk: str
    size: int


class Receiver:
    """Stores the images of retrieves and registers what came.

    Parameters
    ----------
    context : StationContext
        Store, disk and pace.
    hub : ProgressHub
        Hears of every image.
    stop : Event
        Set when the station ends; a transfer is given up then.
    """

    def __init__(
        self, context: StationContext, hub: ProgressHub, *, stop: threading.Event
    ) -> None:
        self._context = context
        self._hub = hub
        self._stop = stop

    def receive(
        self,
        pacs: str,
        archive: Archive,
        *,
        study: Study,
        series: Series,
        faults: Faults,
    ) -> None:
        """Take one series, at the pace of the station (disk, database; blocks).

        The count of images is told as they come, then the end; a little later all
        of them are registered at once. A transfer that stops half-way is neither
        told nor registered, and may be asked for again.
        """
        counter = Counter(lambda news: self._hub.publish(pacs, series.uid, news))
        known = self._is_registered(pacs, series.uid)
        folder = series_folder(pacs, study, series)
        place = hashlib.sha256(f"{pacs}/{series.uid}".encode()).hexdigest()[:24]
        stored: list[_Stored] = []
        pace = self._context.config.pace
        due = time.monotonic()
        complete = True
        for number, (sop_uid, content) in enumerate(archive.images(series.uid), 1):
            if faults.stop_after is not None and number > faults.stop_after:
                log.warning("a transfer stops half-way, as it was told to")
                return
            if pace > 0:
                due = max(due + pace, time.monotonic() - pace)
            if self._stop.wait(max(due - time.monotonic(), 0) if pace > 0 else 0):
                return
            if faults.error_at == number:
                counter.failed("The image could not be stored")
                continue
            # What is registered already is sent again and changes nothing.
            if not known:
                path = f"{folder}/{number:04d}-{_uid_name(sop_uid)}.dcm"
                try:
                    disk = self._write(f"{place}/{number:05d}", content)
                except OSError as error:
                    complete = False
                    log.warning("an image could not be stored: %s", error.strerror)
                    counter.failed(error.strerror or "The image could not be stored")
                    continue
                stored.append(_Stored(path, disk, len(content)))
            counter.one_more()
        counter.done()
        if known or not stored:
            return
        if not complete:
            # A part of a series that looks whole is worse than none: it can be
            # asked for again once there is room.
            self._discard(stored)
            return
        self._stop.wait(_REGISTER_SECONDS if pace > 0 else _REGISTER_SECONDS / 6)
        self._register(pacs, study, series=series, folder=folder, stored=stored)

    def _write(self, place: str, content: bytes) -> str:
        """Store one image on disk; return the name for the database.

        The place depends on the series and on the number alone, so a transfer that
        stopped leaves nothing behind once the series is asked for again.
        """
        disk = self._context.disk
        target = disk.root / "pacs" / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            disk.release(target.stat().st_size)
        disk.charge(len(content))
        try:
            target.write_bytes(content)
        except OSError:
            disk.release(len(content))
            target.unlink(missing_ok=True)
            raise
        return disk.name_of(target)

    def _discard(self, stored: list[_Stored]) -> None:
        self._context.disk.remove((item.disk, item.size) for item in stored)

    def _is_registered(self, pacs: str, series_uid: str) -> bool:
        found = self._context.store.value(
            "SELECT 1 FROM pacs_series s JOIN pacs p ON p.id = s.pacs_id "
            "WHERE p.identifier = ? AND s.SeriesInstanceUID = ?",
            pacs,
            series_uid,
        )
        return found is not None

    def _register(
        self,
        pacs: str,
        study: Study,
        *,
        series: Series,
        folder: str,
        stored: list[_Stored],
    ) -> None:
        """Enter a series and its files, all or nothing (database)."""
        store = self._context.store
        with store.transaction():
            # Two retrieves of one series may have run side by side.
            if self._is_registered(pacs, series.uid):
                return
            folder_id = store.ensure_folder(folder, ADMIN)
            pacs_id = store.value("SELECT id FROM pacs WHERE identifier = ?", pacs)
            for item in stored:
                store.register_file(item.path, item.size, item.disk, owner=ADMIN)
            tags: Mapping[str, str] = {**study.tags, **series.tags}
            store.insert(
                "pacs_series",
                creation_date=store.now(),
                folder_id=folder_id,
                pacs_id=pacs_id,
                PatientID=tags.get("PatientID", ""),
                PatientName=tags.get("PatientName", ""),
                PatientBirthDate=iso_date(tags.get("PatientBirthDate", "")),
                PatientAge=age_in_days(tags.get("PatientAge", "")),
                PatientSex=_sex(tags.get("PatientSex", "")),
                StudyDate=iso_date(tags.get("StudyDate", "")),
                AccessionNumber=tags.get("AccessionNumber", ""),
                Modality=tags.get("Modality", ""),
                ProtocolName=tags.get("ProtocolName", ""),
                StudyInstanceUID=study.uid,
                StudyDescription=tags.get("StudyDescription", ""),
                SeriesInstanceUID=series.uid,
                SeriesDescription=tags.get("SeriesDescription", ""),
            )
        log.info("a series of %d images is registered", len(stored))


def series_folder(pacs: str, study: Study, series: Series) -> str:
    """Return the storage path of a series."""
    tags = study.tags
    patient = _joined(
        *(tags.get(key, "") for key in ("PatientID", "PatientName", "PatientBirthDate"))
    )
    exam = _joined(
        *(tags.get(key, "") for key in ("StudyDescription", "AccessionNumber")),
        tags.get("StudyDate", ""),
    )
    if not tags.get("AccessionNumber") or not tags.get("StudyDate"):
        # Without them two studies of a patient could share a folder.
        exam = _joined(exam, f"{zlib.crc32(study.uid.encode()):08x}")
    number = series.tags.get("SeriesNumber", "")
    leaf = _joined(
        f"{int(number) if number.isdigit() else 0:05d}",
        series.tags.get("SeriesDescription", ""),
        f"{zlib.crc32(series.uid.encode()):08x}",
    )
    return str(PurePosixPath(ROOT, clean(pacs), patient or "unknown", exam, leaf))


def clean(text: str) -> str:
    """Return a text as part of a path: letters of any script, digits and ``^.-_``.

    No separator, no comma (plugins take lists of paths separated by commas), no dot
    at either end, and no more than 40 characters.
    """
    plain = unicodedata.normalize("NFC", text)
    kept = re.sub(r"[^\w^.\-]", "_", plain)[:_LONGEST_NAME]
    return kept.strip(".") or ("_" if kept else "")


def iso_date(text: str) -> str | None:
    """Return a whole DICOM date as ``YYYY-MM-DD``, None for any other."""
    if not re.fullmatch(r"\d{8}", text):
        return None
    year, month, day = text[:4], text[4:6], text[6:]
    valid = "01" <= month <= "12" and "01" <= day <= "31" and year > "0000"
    return f"{year}-{month}-{day}" if valid else None


def age_in_days(text: str) -> int | None:
    """Return a DICOM age (``045Y``) in days, None if there is none."""
    found = re.fullmatch(r"(\d{1,3})([DWMY])", text.strip())
    if found is None:
        return None
    return int(int(found[1]) * _AGE_DAYS[found[2]])


def _sex(text: str) -> str:
    return text if text in {"M", "F", "O"} else ""


def _uid_name(uid: str) -> str:
    return re.sub(r"[^0-9.]", "", uid)[:64] or f"{zlib.crc32(uid.encode()):08x}"


def _joined(*parts: str) -> str:
    return "-".join(filter(None, map(clean, parts)))
