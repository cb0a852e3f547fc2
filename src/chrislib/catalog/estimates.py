"""How long the stages of ended runs took, and when jobs entered their phases."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from chrislib.catalog.database import Database

Moment = tuple[str | None, str, float]
"""Phase left, phase entered, seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class DurationRow:
    """Table ``duration_sample``: one stage of one run that has ended."""

    plugin: str
    version: str
    compute: str
    stage: str
    seconds: float
    at: float


class DurationTable:
    """Durations by plugin, version, compute resource and stage."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def add(self, rows: Sequence[DurationRow], *, keep: int) -> None:
        """Add durations; of each sort only the newest `keep` stay (disk)."""

        def work(db: sqlite3.Connection) -> None:
            db.executemany(
                "INSERT INTO duration_sample "
                "(plugin, version, compute, stage, seconds, at) VALUES (?,?,?,?,?,?)",
                [
                    (r.plugin, r.version, r.compute, r.stage, r.seconds, r.at)
                    for r in rows
                ],
            )
            for sort in {(r.plugin, r.version, r.compute, r.stage) for r in rows}:
                where = "plugin=? AND version=? AND compute=? AND stage=?"
                db.execute(
                    f"DELETE FROM duration_sample WHERE {where} AND sample_id NOT IN "
                    f"(SELECT sample_id FROM duration_sample WHERE {where} "
                    "ORDER BY at DESC, sample_id DESC LIMIT ?)",
                    (*sort, *sort, keep),
                )

        await self._db.write(work)

    async def all(self) -> list[DurationRow]:
        """Return every duration, oldest first (disk)."""

        def work(db: sqlite3.Connection) -> list[DurationRow]:
            found = db.execute(
                "SELECT plugin, version, compute, stage, seconds, at "
                "FROM duration_sample ORDER BY at, sample_id"
            )
            return [DurationRow(*row) for row in found]

        return await self._db.read(work)

    async def entered(self, job_keys: Sequence[str]) -> dict[str, list[Moment]]:
        """Return when jobs entered their phases, oldest first (disk)."""
        marks = ",".join("?" * len(job_keys))

        def work(db: sqlite3.Connection) -> dict[str, list[Moment]]:
            moments: dict[str, list[Moment]] = {}
            found = db.execute(
                "SELECT job_key, from_phase, to_phase, at FROM job_event "
                f"WHERE job_key IN ({marks}) AND from_phase IS NOT to_phase "
                "ORDER BY job_key, seq",
                tuple(job_keys),
            )
            for key, left, to, at in found:
                moments.setdefault(str(key), []).append((left, str(to), float(at)))
            return moments

        return await self._db.read(work)
