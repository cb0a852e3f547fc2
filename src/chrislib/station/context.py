"""What every part of the station is given: its options, its places and its store."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chrislib.paths import Paths
from chrislib.station.disk import Disk
from chrislib.station.store import Store

OWNER = "local"
ADMIN = "chris"


@dataclass(frozen=True, slots=True)
class StationConfig:
    """The options of one station process.

    Attributes
    ----------
    generation : int
        6 or 7: which CUBE it answers as.
    poll : float
        Seconds between two looks at the runs.
    pace : float
        Seconds for one image of a pull.
    pacs_folder : Path or None
        The user's own DICOM files in place of the built-in PACS.
    quota : int or None
        Bytes the storage may hold, to see what a full disk does.
    max_seconds : int
        Longest run of one plugin; -1 for no limit.
    slots : int
        Programs that run at the same time.
    """

    generation: int = 7
    poll: float = 1.0
    pace: float = 0.03
    pacs_folder: Path | None = None
    quota: int | None = None
    max_seconds: int = 86_400
    slots: int = 2


@dataclass(slots=True)
class StationContext:
    """The one object that is handed to every route module.

    Attributes
    ----------
    start : callable
        ``start(name, coroutine_function)`` keeps a background loop alive from the
        start of the server to its end (set by the application).
    shared : dict
        Objects one module offers to others, by name.
    """

    store: Store
    disk: Disk
    config: StationConfig
    paths: Paths
    tasks: list[tuple[str, Callable[[], Awaitable[None]]]] = field(default_factory=list)
    shared: dict[str, Any] = field(default_factory=dict)

    def background(self, name: str, loop: Callable[[], Awaitable[None]]) -> None:
        """Run `loop` from the start of the server until it is cancelled at its end."""
        self.tasks.append((name, loop))

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """Return `moment` as the store keeps it: UTC, fixed width, sortable."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def shown(kept: str | None) -> str | None:
    """Return a kept time as the API shows it: this machine's zone, microseconds."""
    if kept is None:
        return None
    local = datetime.fromisoformat(kept).astimezone()
    return local.isoformat(timespec="microseconds")
