"""The PACS of the station: which there are, and the work that requests start."""

import asyncio
import json
import logging
import threading
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from chrislib.errors import ChrislibError
from chrislib.paths import Paths
from chrislib.station.context import ADMIN, StationContext
from chrislib.station.pacs_answers import query_result, retrieve_result
from chrislib.station.pacs_archive import (
    Archive,
    EmptyArchive,
    LateArchive,
    Series,
    Study,
)
from chrislib.station.pacs_faults import Faults, faults_now
from chrislib.station.pacs_progress import ProgressHub
from chrislib.station.pacs_receiver import ROOT, Receiver
from chrislib.station.tree import Tree

log = logging.getLogger(__name__)

SAMPLES, FOLDER = "SAMPLES", "FOLDER"
# The lookup service lists "default" although nothing is behind it, and a hospital
# always has an archive that was switched off years ago.
BOGUS, SILENT = "default", "OLDARCHIVE"

_TABLES = """
CREATE TABLE IF NOT EXISTS pacs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    identifier TEXT NOT NULL UNIQUE,
    active INTEGER NOT NULL DEFAULT 1,
    folder_id INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS pacs_queries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    creation_date TEXT NOT NULL,
    title TEXT NOT NULL,
    query TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL DEFAULT 'created',
    execute INTEGER NOT NULL,
    result TEXT NOT NULL DEFAULT '',
    pacs_id INTEGER NOT NULL REFERENCES pacs(id) ON DELETE CASCADE,
    owner_id INTEGER NOT NULL REFERENCES users(id),
    UNIQUE (pacs_id, owner_id, title)
);
CREATE TABLE IF NOT EXISTS pacs_retrieves (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    creation_date TEXT NOT NULL,
    status TEXT NOT NULL,
    result TEXT NOT NULL DEFAULT '',
    query_id INTEGER NOT NULL REFERENCES pacs_queries(id) ON DELETE CASCADE,
    owner_id INTEGER NOT NULL REFERENCES users(id)
);
CREATE TABLE IF NOT EXISTS pacs_series (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    creation_date TEXT NOT NULL,
    folder_id INTEGER NOT NULL REFERENCES folders(id) ON DELETE CASCADE,
    pacs_id INTEGER NOT NULL REFERENCES pacs(id) ON DELETE CASCADE,
    PatientID TEXT NOT NULL,
    PatientName TEXT NOT NULL,
    PatientBirthDate TEXT,
    PatientAge INTEGER,
    PatientSex TEXT NOT NULL,
    StudyDate TEXT,
    AccessionNumber TEXT NOT NULL,
    Modality TEXT NOT NULL,
    ProtocolName TEXT NOT NULL,
    StudyInstanceUID TEXT NOT NULL,
    StudyDescription TEXT NOT NULL,
    SeriesInstanceUID TEXT NOT NULL,
    SeriesDescription TEXT NOT NULL,
    deletion_status TEXT NOT NULL DEFAULT 'inactive',
    deletion_requested_at TEXT,
    deletion_error TEXT NOT NULL DEFAULT '',
    UNIQUE (pacs_id, SeriesInstanceUID)
);
CREATE INDEX IF NOT EXISTS pacs_series_uid ON pacs_series(SeriesInstanceUID);
"""


class PacsDesk:
    """Runs lookups and transfers of one station in threads of its own.

    Parameters
    ----------
    context : StationContext
        The station.
    """

    def __init__(self, context: StationContext) -> None:
        self._context = context
        self._stop = threading.Event()
        self.hub = ProgressHub()
        self._receiver = Receiver(context, self.hub, stop=self._stop)
        # Lookups have threads of their own: they must not wait for transfers.
        self._lookups = ThreadPoolExecutor(2, thread_name_prefix="pacs-lookup")
        self._transfers = ThreadPoolExecutor(4, thread_name_prefix="pacs-transfer")
        self._archives = self._make_archives()
        context.store.add_schema(_TABLES)
        self._enter_archives()
        context.background("pacs", self._life)

    def faults(self) -> Faults:
        """Return what goes wrong now, on purpose (reads disk)."""
        return faults_now(self._context.paths.station)

    def pause(self) -> None:
        """Wait as long as five tries at a lookup service that is down take."""
        self._stop.wait(0.3)

    def start_query(self, query_id: int) -> None:
        """Send a query that was entered, in the background."""
        self._lookups.submit(self._guarded, self._run_query, query_id)

    def start_transfers(self, retrieve_id: int) -> None:
        """Let the images of a retrieve be sent, in the background."""
        self._lookups.submit(self._guarded, self._run_retrieve, retrieve_id)

    def delete_series(self, series_id: int) -> None:
        """Delete a series and its files, in the background."""
        self._lookups.submit(self._guarded, self._run_deletion, series_id)

    def retrieve_result(self, query: str, *, identifier: str) -> str:
        """Return what a lookup service says when it is asked to retrieve."""
        job = f"job-{uuid.uuid4().hex}"
        return retrieve_result(wanted(query), identifier=identifier, job=job)

    def _make_archives(self) -> Mapping[str, Archive]:
        folder = self._context.config.pacs_folder
        empty = {BOGUS: EmptyArchive(), SILENT: EmptyArchive()}
        if folder is not None:
            return {**empty, FOLDER: LateArchive(lambda: _folder_archive(folder))}
        paths = self._context.paths
        return {**empty, SAMPLES: LateArchive(lambda: _sample_archive(paths))}

    def _enter_archives(self) -> None:
        store = self._context.store
        with store.transaction():
            store.execute("UPDATE pacs SET active = 0")
            for identifier in sorted(self._archives, key=lambda name: name != BOGUS):
                folder = store.ensure_folder(f"{ROOT}/{identifier}", ADMIN)
                store.execute(
                    "INSERT INTO pacs (identifier, folder_id) VALUES (?, ?) "
                    "ON CONFLICT (identifier) DO UPDATE SET active = 1",
                    identifier,
                    folder,
                )

    async def _life(self) -> None:
        """Finish what a station that was killed left, and tidy up at the end."""
        store = self._context.store
        for row in store.rows(
            "SELECT id FROM pacs_queries "
            "WHERE execute AND status IN ('created', 'sent')"
        ):
            self.start_query(row["id"])
        for row in store.rows(
            "SELECT id FROM pacs_series WHERE deletion_status = 'pending'"
        ):
            self.delete_series(row["id"])
        self._transfers.submit(self._guarded, self._warm_up, 0)
        try:
            await asyncio.Event().wait()
        finally:
            self._stop.set()
            for pool in (self._lookups, self._transfers):
                pool.shutdown(wait=False, cancel_futures=True)

    def _warm_up(self, _number: int) -> None:
        """Make the archive before it is asked, and fetch real images if need be."""
        for archive in self._archives.values():
            archive.find({"PatientID": "nobody"})
        if SAMPLES not in self._archives:
            return
        from chrislib.station.samples.environment import sample_data

        try:
            sample_data(self._context.paths, stop=self._stop)
        except ChrislibError as error:
            log.warning("%s (%s)", error, error.context.get("pip", ""))

    def _guarded(self, work: Any, number: int) -> None:
        try:
            work(number)
        except Exception:
            if not self._stop.is_set():  # at the end the database goes away under it
                log.exception("work for a PACS request failed")

    def _run_query(self, query_id: int) -> None:
        store = self._context.store
        row = store.row(
            "SELECT q.query, p.identifier FROM pacs_queries q "
            "JOIN pacs p ON p.id = q.pacs_id WHERE q.id = ?",
            query_id,
        )
        if row is None:
            return
        store.update("pacs_queries", query_id, status="sent")
        if self.faults().lookup_down:
            self.pause()
            store.update("pacs_queries", query_id, status="errored")
            return
        identifier = row["identifier"]
        try:
            studies = self._find(identifier, row["query"])
            result = query_result(studies, identifier=identifier)
        except Exception:
            store.update("pacs_queries", query_id, status="errored")
            raise
        store.update("pacs_queries", query_id, status="succeeded", result=result)

    def _find(self, identifier: str, query: str) -> list[Study]:
        archive = self._archives.get(identifier)
        if archive is None or not isinstance(json.loads(query), dict):
            return []
        return archive.find(wanted(query))

    def _run_retrieve(self, retrieve_id: int) -> None:
        store = self._context.store
        row = store.row(
            "SELECT q.query, p.identifier FROM pacs_retrieves r "
            "JOIN pacs_queries q ON q.id = r.query_id "
            "JOIN pacs p ON p.id = q.pacs_id WHERE r.id = ?",
            retrieve_id,
        )
        if row is None:
            return
        identifier = row["identifier"]
        archive = self._archives.get(identifier)
        if archive is None:
            return
        faults = self.faults()
        for study in self._find(identifier, row["query"]):
            for series in study.series:

                def transfer(
                    _: int, study: Study = study, series: Series = series
                ) -> None:
                    self._receiver.receive(
                        identifier, archive, study=study, series=series, faults=faults
                    )

                self._transfers.submit(self._guarded, transfer, 0)

    def _run_deletion(self, series_id: int) -> None:
        store = self._context.store
        row = store.row(
            "SELECT f.path FROM pacs_series s JOIN folders f ON f.id = s.folder_id "
            "WHERE s.id = ?",
            series_id,
        )
        if row is None:
            return
        tree: Tree = self._context.shared["tree"]
        try:
            tree.delete_folder(row["path"])  # its row takes that of the series along
        except OSError as error:
            store.update(
                "pacs_series",
                series_id,
                deletion_status="failed",
                deletion_error=type(error).__name__,
            )
            raise


def _sample_archive(paths: Paths) -> Archive:
    from chrislib.station.samples.archive import SampleArchive
    from chrislib.station.samples.environment import find_sample_data

    return SampleArchive(lambda: find_sample_data(paths))


def _folder_archive(folder: Path) -> Archive:
    from chrislib.station.pacs_folder import FolderArchive

    return FolderArchive(folder)


def wanted(query: str) -> dict[str, str]:
    """Return the directive of a query as texts; what is not one is left out."""
    try:
        given = json.loads(query)
    except ValueError:
        return {}
    if not isinstance(given, dict):
        return {}
    return {
        str(key): str(value)
        for key, value in given.items()
        if isinstance(value, str | int | float) and not isinstance(value, bool)
    }
