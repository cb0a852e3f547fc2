"""READMEs of plugins that were read, in the catalog."""

import sqlite3
from dataclasses import dataclass

from chrislib.catalog import sql
from chrislib.catalog.database import Database

MOST_KEPT = 100
MOST_CHARACTERS = 8_000_000

README_TABLES = (
    """CREATE TABLE plugin_readme (
      plugin TEXT NOT NULL, version TEXT NOT NULL, place TEXT NOT NULL,
      file TEXT NOT NULL, text TEXT NOT NULL, read_at REAL NOT NULL,
      PRIMARY KEY(plugin, version, place)) STRICT""",
)
_KEY = "plugin, version, place"
_TRIM = f"""DELETE FROM plugin_readme WHERE ({_KEY}) IN (
  SELECT {_KEY} FROM (
    SELECT {_KEY}, row_number() OVER latest AS number,
           sum(length(text)) OVER latest AS characters
    FROM plugin_readme
    WINDOW latest AS (ORDER BY read_at DESC, {_KEY} ROWS UNBOUNDED PRECEDING))
  WHERE number > ? OR characters > ?)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadmeRow:
    """Table ``plugin_readme``: what was in a repository at a time.

    Attributes
    ----------
    place : str
        Host and path of the repository.
    file : str
        Its name there.
    """

    plugin: str
    version: str
    place: str
    file: str
    text: str
    read_at: float


class ReadmeTable:
    """The READMEs read last; each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def put(
        self,
        readme: ReadmeRow,
        *,
        most: int = MOST_KEPT,
        characters: int = MOST_CHARACTERS,
    ) -> None:
        """Keep a README; those read longest ago make room for it (disk)."""
        query = sql.insert("plugin_readme", ReadmeRow, _KEY)

        def work(db: sqlite3.Connection) -> None:
            db.execute(query, sql.values(readme))
            db.execute(_TRIM, (most, characters))

        await self._db.write(work)

    async def get(self, plugin: str, version: str, place: str) -> ReadmeRow | None:
        """Return a plugin's README, of another version if need be (disk)."""
        query = (
            f"{sql.select('plugin_readme', ReadmeRow)} WHERE plugin=? AND place=? "
            "ORDER BY version=? DESC, read_at DESC LIMIT 1"
        )
        found = await self._db.read(
            lambda db: sql.rows(ReadmeRow, db.execute(query, (plugin, place, version)))
        )
        return found[0] if found else None
