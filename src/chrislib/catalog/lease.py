"""The lease of the catalog: at most one process writes, and every write checks it.

The holder writes a sign of life every 30 s. Another process takes the lease when the
holder gave it back, when its process or its boot has ended, or when it has shown no
life for 120 s. That age is measured here, by watching the sign of life not change:
clocks of two computers never agree. Even a lease that was taken wrongly does no harm,
since each write compares the holder within its own transaction.
"""

import os
import platform
import secrets
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chrislib.locks import is_held, take_lock

_LONG_DEAD = 3600.0
"""Seconds; no two clocks are so far apart that a living holder looks this old."""

_LOOKS = 20
"""Attempts to lock the own file: where there are no locks, none of them succeeds."""

_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Identity:
    """The computer and its boot: no process outlives either."""

    host: str
    boot_id: str

    @classmethod
    def here(cls) -> "Identity":
        """Return this computer's (reads /proc)."""
        try:
            boot = _BOOT.read_text(encoding="ascii").strip()
        except OSError:
            # Elsewhere than on Linux: when it was switched on, to the minute.
            boot = f"{(time.time() - time.monotonic()) / 60:.0f}"
        return cls(platform.node() or "localhost", boot)


@dataclass(frozen=True, slots=True)
class LeaseTimes:
    """Seconds between signs of life, until they are missed, between attempts."""

    beat: float = 30.0
    expiry: float = 120.0
    retry: float = 2.0


@dataclass(frozen=True, slots=True)
class Held:
    """The lease as its row says."""

    holder: str
    host: str
    boot_id: str
    beat_at: float

    @property
    def yields(self) -> bool:
        """Whether the holder gives way to a window that asks."""
        return self.holder.startswith("command:")


class LeaseLost(Exception):
    """The row names another holder: what this process knows may be old."""


class Lease:
    """One process's side of the lease; runs within the caller's transactions.

    Parameters
    ----------
    path : Path
        The catalog's file; locks that tell who lives stand beside it.
    yields : bool
        Give way to a window: a command of the command line.
    identity : Identity, optional
        Where this process runs.
    times : LeaseTimes
    wall, monotonic : callable
        Clocks, seconds.
    """

    def __init__(
        self,
        path: Path,
        *,
        yields: bool = False,
        identity: Identity | None = None,
        times: LeaseTimes | None = None,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.times = times or LeaseTimes()
        self.yields = yields
        self.identity = identity or Identity.here()
        self.holder = f"{'command' if yields else 'window'}:{secrets.token_hex(8)}"
        self.held = False
        self._path = path
        self._wall = wall
        self._monotonic = monotonic
        self._lock: int | None = None
        self._seen: tuple[Held, float] | None = None

    # Files beside the catalog.

    def live(self) -> None:
        """Show other processes of this computer that this one lives (disk)."""
        for _ in range(_LOOKS):
            if self._lock is None:
                self._lock = take_lock(self._life(self.holder))
            if self._lock is not None:
                return
            time.sleep(0.001)  # the name is ours: somebody was just looking at it

    def end(self) -> None:
        """Take the sign of life away (disk)."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
            with suppress(OSError):
                self._life(self.holder).unlink(missing_ok=True)

    def others_live(self) -> bool:
        """Whether another process of this computer has the catalog open (disk)."""
        own = self._life(self.holder)
        return any(is_held(path) for path in self._lives() if path != own)

    def ask(self) -> None:
        """Ask a holder that gives way to do so (disk)."""
        with suppress(OSError):
            self._wanted().touch(mode=0o600)

    @property
    def asked(self) -> bool:
        """Whether this process is asked to give way (disk)."""
        return self.yields and self.held and self._wanted().exists()

    def gives_way(self) -> bool:
        """Whether a process that asked has not taken the lease yet (disk).

        Whoever gave way would otherwise be the first to find the lease free.
        """
        return self.yields and self._wanted().exists() and self.others_live()

    # Within a transaction of the catalog.

    def look(self, db: sqlite3.Connection) -> Held | None:
        """Return the lease as it stands, None when nobody has it."""
        row = db.execute(
            "SELECT holder, host, boot_id, beat_at FROM lease WHERE id=1"
        ).fetchone()
        found = Held(*row) if row is not None else None
        if found is not None and (self._seen is None or self._seen[0] != found):
            self._seen = (found, self._monotonic())
        return found

    def free(self, found: Held | None) -> bool:
        """Whether this process may take the lease that `look` found."""
        if found is None or found.holder == self.holder:
            return True
        if found.host == self.identity.host:
            if found.boot_id != self.identity.boot_id:
                return True
            if not is_held(self._life(found.holder)):
                return True
        assert self._seen is not None
        unchanged = self._monotonic() - self._seen[1]
        return (
            unchanged >= self.times.expiry
            or self._wall() - found.beat_at >= _LONG_DEAD + self.times.expiry
        )

    def take(self, db: sqlite3.Connection) -> bool:
        """Take the lease if it is free; False when another process has it."""
        found = self.look(db)
        if not self.free(found):
            self.held = False
            return False
        db.execute(
            "INSERT INTO lease (id, holder, host, boot_id, beat_at) "
            "VALUES (1,?,?,?,?) ON CONFLICT(id) DO UPDATE SET "
            "holder=excluded.holder, host=excluded.host, boot_id=excluded.boot_id, "
            "beat_at=excluded.beat_at",
            (self.holder, self.identity.host, self.identity.boot_id, self._wall()),
        )
        if found is not None and found.holder != self.holder:
            self._clear(found.holder)
        self.held = True
        with suppress(OSError):
            self._wanted().unlink(missing_ok=True)
        return True

    def confirm(self, db: sqlite3.Connection) -> None:
        """Check in a write's own transaction that the lease is still ours.

        Raises
        ------
        LeaseLost
            It is not, and nothing may be written.
        """
        row = db.execute("SELECT holder FROM lease WHERE id=1").fetchone()
        if row is None or row[0] != self.holder:
            self.held = False
            raise LeaseLost

    def beat(self, db: sqlite3.Connection) -> None:
        """Write the sign of life.

        Raises
        ------
        LeaseLost
            Another process has the lease.
        """
        self.confirm(db)
        db.execute("UPDATE lease SET beat_at=? WHERE id=1", (self._wall(),))

    def give_back(self, db: sqlite3.Connection) -> None:
        """Let another process take the lease at once."""
        db.execute("DELETE FROM lease WHERE id=1 AND holder=?", (self.holder,))
        self.held = False

    # Inside.

    def _life(self, holder: str) -> Path:
        mark = holder.partition(":")[2]
        return self._path.with_name(f"{self._path.name}.{mark}.lives")

    def _lives(self) -> list[Path]:
        return list(self._path.parent.glob(f"{self._path.name}.*.lives"))

    def _wanted(self) -> Path:
        return self._path.with_name(self._path.name + ".wanted")

    def _clear(self, holder: str) -> None:
        path = self._life(holder)
        if not is_held(path):
            with suppress(OSError):
                path.unlink(missing_ok=True)
