"""Why SQLite did not do it, in people's words."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from chrislib.catalog.condition import DAMAGED, DISK, LOCKED, Trouble
from chrislib.errors import ChrislibError

_T = TypeVar("_T")

BUSY_SECONDS = 30.0
"""How long a write waits for another program (a backup) that holds the file."""

_TROUBLES = {
    sqlite3.SQLITE_FULL: DISK,
    sqlite3.SQLITE_IOERR: DISK,
    sqlite3.SQLITE_READONLY: DISK,
    sqlite3.SQLITE_CANTOPEN: DISK,
    sqlite3.SQLITE_PERM: DISK,
    sqlite3.SQLITE_BUSY: LOCKED,
    sqlite3.SQLITE_LOCKED: LOCKED,
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
}


class CatalogError(ChrislibError):
    """The catalog cannot be opened or written."""


class CatalogReadOnly(CatalogError):
    """The catalog is shown, never changed: it is newer, or another one's just now."""


def patiently(work: Callable[[], _T]) -> _T:
    """Repeat while another program holds the file; each attempt waits by itself."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            return work()
        except sqlite3.OperationalError as error:
            if trouble_of(error) is not LOCKED or time.monotonic() > deadline:
                raise


def roll_back(connection: sqlite3.Connection) -> None:
    """Take back what the connection has not committed."""
    if connection.in_transaction:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")


def trouble_of(error: Exception) -> Trouble | None:
    """Return the trouble an error of SQLite stands for, None for a bug of ours."""
    code = getattr(error, "sqlite_errorcode", None)
    return _TROUBLES.get(code & 0xFF) if isinstance(code, int) else None


def refusal(error: sqlite3.Error) -> CatalogError:
    """Return an error of SQLite in people's words."""
    trouble = trouble_of(error) or DISK
    return CatalogError(
        trouble.title,
        trouble.detail,
        hint=trouble.hint,
        retryable=trouble in (DISK, LOCKED),
        context={"reason": str(error), "kind": trouble.kind},
    )
