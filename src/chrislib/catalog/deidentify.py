"""De-identification projects: their keys, whom they name, and what was done.

Keys and the list of patients never leave this file by themselves (ADR 0009).
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from chrislib.catalog import sql
from chrislib.catalog.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectRow:
    """Table ``deid_project``."""

    project_id: str
    title: str
    code: str
    secret: str
    """The key, 32 bytes in hexadecimal digits."""
    options: str
    """Names of the options used last, separated by spaces."""
    created_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectRow:
    """Table ``deid_subject``: a patient of a project."""

    project_id: str
    pseudonym: str
    patient_id: str
    patient_name: str
    birth_date: str
    days: int
    first_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRow:
    """Table ``deid_record``: how the files of one upload were changed."""

    job_key: str
    project_id: str
    at: float
    body: str
    """JSON without anything about a patient."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """Table ``deid_file``: what was done in one file, and the hash of its copy."""

    job_key: str
    remote_path: str
    size: int
    sha256: str
    pseudonym: str
    counts: str
    """JSON: how often each thing was done."""


class DeidentifyTable:
    """Projects, subjects and records; each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def projects(self) -> list[ProjectRow]:
        """Return every project, by title (disk)."""
        query = sql.select("deid_project", ProjectRow)
        return await self._db.read(
            lambda db: sql.rows(
                ProjectRow,
                db.execute(f"{query} ORDER BY title COLLATE NOCASE, project_id"),
            )
        )

    async def project(self, project_id: str) -> ProjectRow | None:
        """Return one project (disk)."""
        query = sql.select("deid_project", ProjectRow) + " WHERE project_id=?"
        found = await self._db.read(
            lambda db: sql.rows(ProjectRow, db.execute(query, (project_id,)))
        )
        return found[0] if found else None

    async def save_project(self, project: ProjectRow) -> None:
        """Add a project or replace its title and options; its key stays (disk)."""
        query = sql.insert("deid_project", ProjectRow) + (
            " ON CONFLICT(project_id) DO UPDATE SET "
            "title=excluded.title, options=excluded.options"
        )
        await self._db.write(lambda db: db.execute(query, sql.values(project)))

    async def add_subjects(self, subjects: Sequence[SubjectRow]) -> None:
        """Note patients of a project; those known already stay (disk)."""
        query = sql.insert("deid_subject", SubjectRow) + " ON CONFLICT DO NOTHING"
        values = [sql.values(subject) for subject in subjects]
        await self._db.write(lambda db: db.executemany(query, values))

    async def subjects(self, project_id: str) -> list[SubjectRow]:
        """Return the patients of a project, oldest first (disk)."""
        query = sql.select("deid_subject", SubjectRow)
        return await self._db.read(
            lambda db: sql.rows(
                SubjectRow,
                db.execute(
                    f"{query} WHERE project_id=? ORDER BY first_at, pseudonym",
                    (project_id,),
                ),
            )
        )

    async def count_subjects(self) -> dict[str, int]:
        """Return how many patients each project has (disk)."""
        return await self._db.read(
            lambda db: {
                str(row[0]): int(row[1])
                for row in db.execute(
                    "SELECT project_id, count(*) FROM deid_subject GROUP BY project_id"
                )
            }
        )

    async def begin_record(self, record: RecordRow) -> None:
        """Note that an upload's files are being changed; once per upload (disk)."""
        query = sql.insert("deid_record", RecordRow) + " ON CONFLICT DO NOTHING"
        await self._db.write(lambda db: db.execute(query, sql.values(record)))

    async def record(self, job_key: str) -> RecordRow | None:
        """Return the record of an upload (disk)."""
        query = sql.select("deid_record", RecordRow) + " WHERE job_key=?"
        found = await self._db.read(
            lambda db: sql.rows(RecordRow, db.execute(query, (job_key,)))
        )
        return found[0] if found else None

    async def save_files(self, files: Sequence[FileRow]) -> None:
        """Note what was done in files (disk)."""
        query = sql.insert("deid_file", FileRow, "job_key, remote_path")
        values = [sql.values(file) for file in files]
        await self._db.write(lambda db: db.executemany(query, values))

    async def files(self, job_key: str) -> list[FileRow]:
        """Return what was done in the files of an upload (disk)."""
        query = sql.select("deid_file", FileRow)

        def work(db: sqlite3.Connection) -> list[FileRow]:
            found = db.execute(
                f"{query} WHERE job_key=? ORDER BY remote_path", (job_key,)
            )
            return sql.rows(FileRow, found)

        return await self._db.read(work)

    async def records(self) -> frozenset[str]:
        """Return the jobs there is a record of (disk)."""
        return await self._db.read(
            lambda db: frozenset(
                str(row[0]) for row in db.execute("SELECT job_key FROM deid_record")
            )
        )
