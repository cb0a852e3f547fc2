"""Bringing a catalog file into use: private, sound, of this version."""

import json
import logging
import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path

_log = logging.getLogger(__name__)

APPLICATION_ID = 0x43485249
""""CHRI": tells a catalog from any other SQLite file."""

_NETWORK_FILE_SYSTEMS = frozenset(
    {
        "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "vfat",
        "exfat", "msdos", "afs", "ceph", "glusterfs", "lustre", "afpfs", "webdav",
    }
)  # fmt: skip

_CHECKED_ALWAYS = 32 * 1024 * 1024
"""Bytes; checking a file of this size takes some 0.1 s. Larger ones are checked only
when the last process did not close them."""

Migration = Callable[[sqlite3.Connection], None]


def journal_mode_for(path: Path, mounts: str | None = None) -> str:
    """Return "WAL" on a local disk and "DELETE" on a network one (reads /proc).

    Write-ahead logging needs memory shared by everyone who opens the file, which a
    network file system cannot give.
    """
    if mounts is None:
        try:
            mounts = Path("/proc/mounts").read_text(encoding="utf-8")
        except OSError:
            return "WAL"
    real = str(path.resolve())
    best, kind = "", ""
    for line in mounts.splitlines():
        parts = line.split(" ")
        if len(parts) < 3:
            continue
        point = parts[1].replace("\\040", " ")
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, parts[2]
    return "DELETE" if kind in _NETWORK_FILE_SYSTEMS else "WAL"


def make_private(path: Path) -> bool:
    """Make folder and file, private from their first byte on; True if it is new."""
    folder = path.parent
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = not path.exists()
    if fresh:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    if sys.platform != "win32":
        with suppress(OSError):
            folder.chmod(0o700)
            path.chmod(0o600)
    return fresh


def connect(path: Path) -> sqlite3.Connection:
    """Open a connection as every one of ours is."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA busy_timeout=5000")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA trusted_schema=OFF")
    return connection


def version_of(connection: sqlite3.Connection) -> int:
    """Return the version of the schema, 0 for an empty file."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def prepare_to_write(path: Path, connection: sqlite3.Connection) -> None:
    """Set how the writer keeps what it is told."""
    mode = journal_mode_for(path).lower()
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != mode:
        connection.execute(f"PRAGMA journal_mode={mode}")
    # A committed token must survive a power cut; the cost is a few ms.
    connection.execute("PRAGMA synchronous=FULL")
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")


# Migrations.


def migrate(
    path: Path, connection: sqlite3.Connection, migrations: Sequence[Migration]
) -> None:
    """Take the file to this version, step by step, each in a transaction.

    A file that holds something is copied first. Whatever interrupts the way, the next
    start finds the copy and begins from it (`restore_interrupted`).
    """
    version = version_of(connection)
    if version >= len(migrations):
        return
    note = _note(path)
    if version > 0:
        copy = _back_up(path, connection, version)
        _write_note(note, {"from": version, "to": len(migrations), "copy": copy.name})
    for number in range(version, len(migrations)):
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Another process may have been quicker.
            if version_of(connection) <= number:
                migrations[number](connection)
                connection.execute(f"PRAGMA user_version={number + 1}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    note.unlink(missing_ok=True)


def restore_interrupted(path: Path, known: int) -> str:
    """Put the copy back if a migration began and did not end (disk).

    Parameters
    ----------
    known : int
        The version this program works with.

    Returns
    -------
    str
        What the user should be told, "" when there was nothing to do.
    """
    note = _note(path)
    try:
        told = json.loads(note.read_text(encoding="utf-8"))
        start, end = int(told["from"]), int(told["to"])
        copy = path.with_name(Path(str(told["copy"])).name)
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, KeyError, TypeError):
        _log.warning("the note of a migration cannot be read")
        return ""
    problem = damage(path) if path.exists() else "not there"
    version = 0
    if not problem:
        with closing(sqlite3.connect(path)) as connection:
            version = version_of(connection)
    if not problem and (version >= end or version <= start):
        # Done but for the note, or the step that was cut off took itself back.
        note.unlink(missing_ok=True)
        return ""
    if not copy.exists() or damage(copy) or start > known:
        return ""
    _put_back(copy, path)
    note.unlink(missing_ok=True)
    _log.warning("a migration was cut off: version %d restored from its copy", start)
    return (
        "Bringing the catalog to a new version was cut off. It was restored as it was "
        "before; nothing is lost."
    )


def _put_back(copy: Path, path: Path) -> None:
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    temporary = path.with_name(path.name + ".restoring")
    shutil.copyfile(copy, temporary)
    temporary.chmod(0o600)
    _sync(temporary)
    for suffix in ("-wal", "-shm", "-journal"):
        Path(str(path) + suffix).unlink(missing_ok=True)
    os.replace(temporary, path)
    _sync_folder(path.parent)


def _back_up(path: Path, connection: sqlite3.Connection, version: int) -> Path:
    target = path.with_name(f"{path.stem}.v{version}.backup.db")
    temporary = target.with_name(target.name + ".new")
    temporary.unlink(missing_ok=True)
    os.close(os.open(temporary, os.O_CREAT | os.O_RDWR, 0o600))
    with closing(sqlite3.connect(temporary)) as copy:
        connection.backup(copy)
    _sync(temporary)
    os.replace(temporary, target)
    _log.info("catalog backed up before migrating from version %d", version)
    return target


def _note(path: Path) -> Path:
    return path.with_name(path.name + ".migrating")


def _write_note(note: Path, content: dict[str, object]) -> None:
    temporary = note.with_name(note.name + ".new")
    temporary.write_text(json.dumps(content), encoding="utf-8")
    _sync(temporary)
    os.replace(temporary, note)
    _sync_folder(note.parent)


def _sync(path: Path) -> None:
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# Damage.


def set_damaged_aside(path: Path, *, clean: bool) -> str:
    """Rename a damaged file and its journals (disk).

    Parameters
    ----------
    clean : bool
        The last process closed the file itself.

    Returns
    -------
    str
        What the user should be told, "" when the file is sound.
    """
    if not path.exists() or path.stat().st_size == 0:
        return ""
    if clean and path.stat().st_size > _CHECKED_ALWAYS:
        return ""
    problem = damage(path)
    if not problem:
        return ""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    aside = path.with_name(f"{path.stem}.damaged-{stamp}.db")
    for suffix in ("", "-wal", "-shm", "-journal"):
        part = Path(str(path) + suffix)
        if part.exists():
            shutil.move(part, str(aside) + suffix)
    _log.error("catalog damaged (%s), kept as %s", problem, aside.name)
    return (
        "The catalog file was damaged and a new one was begun. Runs and data on "
        "the server are not touched and are found again; notes, history, read marks "
        "and what was not sent yet of this computer cannot be rebuilt: they are in "
        f"{aside.name} in the same folder."
    )


def damage(path: Path) -> str:
    """Return what is wrong with the file, or "" when it is sound (reads it)."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()
            if found is None or found[0] != "ok":
                return str(found[0] if found else "no answer")
            app = int(connection.execute("PRAGMA application_id").fetchone()[0])
            tables = connection.execute("SELECT count(*) FROM sqlite_schema")
            if app != APPLICATION_ID and int(tables.fetchone()[0]) > 0:
                return "not a chrislib catalog"
    except sqlite3.OperationalError as error:
        # Locked or unreadable is not damaged: opening it will say so properly.
        _log.warning("catalog could not be checked: %s", error)
        return ""
    except sqlite3.DatabaseError as error:
        return str(error)
    return ""
