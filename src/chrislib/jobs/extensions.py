"""Plug-ins: found by entry points, loaded behind a guard, set aside when broken.

A plug-in that cannot be imported, made or used costs its own jobs their follower and
nothing else: they stay in the catalog with their tokens and are followed again when
it works again.
"""

import asyncio
import importlib
import logging
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chrislib.jobs.clock import Clock
from chrislib.jobs.model import Job
from chrislib.jobs.protocols import (
    Backend,
    JobCarrier,
    Manner,
    Marshaller,
    NotificationSink,
    Place,
    Policy,
    ResultHandler,
)

if TYPE_CHECKING:
    from chrislib.catalog.deidentify import DeidentifyTable
    from chrislib.catalog.jobs import JobTable
    from chrislib.cube.client import CubeClient
    from chrislib.jobs.backends.pull import PullService
    from chrislib.jobs.backends.slots import Slots

_log = logging.getLogger(__name__)

BACKENDS = "chrislib.jobs.backends"
MARSHALLERS = "chrislib.jobs.marshallers"
HANDLERS = "chrislib.jobs.result_handlers"
SINKS = "chrislib.jobs.sinks"
POLICIES = "chrislib.jobs.outputs.policies"

_PROTOCOL: Mapping[str, type[Any]] = {
    BACKENDS: Backend,
    MARSHALLERS: Marshaller,
    HANDLERS: ResultHandler,
    SINKS: NotificationSink,
    POLICIES: Policy,
}
_OURS = "chrislib"
_SECONDS = 20.0
"""An import that takes longer is given up; its thread cannot be ended."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A plug-in that was set aside, and why."""

    name: str
    group: str
    reason: str
    distribution: str = ""


@dataclass(frozen=True, slots=True)
class Connection:
    """What chrislib's own backends need of the present connection."""

    client: Callable[[], "CubeClient | None"]
    pacs: Callable[[], "PullService | None"]
    table: "JobTable"
    slots: "Slots"
    stall_seconds: float = 60.0
    deidentify: "DeidentifyTable | None" = None


@dataclass(frozen=True, slots=True)
class PluginContext:
    """What a plug-in is made with.

    Attributes
    ----------
    folder : Path
        A private folder of its own; it need not exist yet.
    options : mapping of str to str
        What was set for it, by name (``url``, ``user`` …).
    secret : callable
        Awaitable: the password or token of an account ``address|user`` from the
        system's keyring, or None. It is never kept anywhere else.
    clock : Clock
        Where it gets every time and every pause from.
    connection : Connection
        The present CUBE.
    """

    folder: Path
    options: Mapping[str, str]
    secret: Callable[[str], Awaitable[str | None]]
    clock: Clock
    connection: Connection


@dataclass(frozen=True, slots=True)
class _Found:
    """An entry point, and what it loaded or why it did not."""

    group: str
    name: str
    distribution: str
    made: Any = None
    reason: str = ""


class Extensions:
    """Every plug-in of this installation.

    Parameters
    ----------
    connection : Connection
    clock : Clock
    folder : Path
        Parent of the plug-ins' own folders.
    options : callable
        Awaitable: what was set for all plug-ins, ``<name>.<option>`` to text.
    set_option : callable
        Awaitable: keeps one of them.
    secret : callable
        See `PluginContext`.
    """

    def __init__(
        self,
        *,
        connection: Connection,
        clock: Clock,
        folder: Path,
        options: Callable[[], Awaitable[Mapping[str, str]]],
        set_option: Callable[[str, str], Awaitable[None]],
        secret: Callable[[str], Awaitable[str | None]],
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._folder = folder
        self._options = options
        self._set_option = set_option
        self._secret = secret
        self._made: dict[tuple[str, str], Any] = {}
        self._broken: dict[tuple[str, str], Broken] = {}
        self._listeners: list[Callable[[], None]] = []
        self._loading = asyncio.Lock()
        self.loaded = False
        """Whether `load` has been through once: what is missing then is missing."""

    async def load(self) -> None:
        """Find and load plug-ins (disk, threads); those that work already stay.

        Called again it finds what was installed meanwhile, drops what was removed,
        and gives broken ones another chance.
        """
        async with self._loading:
            options = await self._options()
            entries = await asyncio.to_thread(_entries)
            present = {(entry.group, entry.name) for entry in entries}
            for key in frozenset(self._made) - present:
                del self._made[key]
            self._broken.clear()
            if not _count_of_ours(entries):
                _log.warning("chrislib is not installed whole: install it again")
            # Ours first: transfers must not wait for somebody's slow import.
            for part in (entries[: _count_of_ours(entries)], entries):
                known = frozenset(self._made) | frozenset(self._broken)
                for one in await asyncio.to_thread(_scan, part, known):
                    self._take(one, options)
                self._tell()
            self.loaded = True
        self._tell()

    def backend(self, name: str) -> Backend | None:
        """Return a working backend."""
        made: Backend | None = self._made.get((BACKENDS, name))
        return made

    def carrier(self, name: str) -> JobCarrier | None:
        """Return a backend whose work this computer drives, if it can work now."""
        made: Any = self._made.get((BACKENDS, name))
        return made if isinstance(made, JobCarrier) and made.ready() else None

    @property
    def backends(self) -> Mapping[str, Backend]:
        """Working backends by name."""
        return {name: made for (g, name), made in self._made.items() if g == BACKENDS}

    @property
    def marshallers(self) -> Mapping[str, Marshaller]:
        """Working marshallers by name."""
        group = MARSHALLERS
        return {name: made for (g, name), made in self._made.items() if g == group}

    @property
    def sinks(self) -> Mapping[str, NotificationSink]:
        """Notification sinks of plug-ins by name."""
        return {name: made for (g, name), made in self._made.items() if g == SINKS}

    @property
    def policies(self) -> tuple[Policy, ...]:
        """Policies of plug-ins."""
        return tuple(made for (g, _), made in self._made.items() if g == POLICIES)

    def handlers(self, job: Job) -> tuple[ResultHandler, ...]:
        """Return the handlers that accept a job's result, best first."""
        accepting: list[tuple[int, str, ResultHandler]] = []
        for (group, name), made in tuple(self._made.items()):
            if group != HANDLERS:
                continue
            try:
                priority = int(made.accepts(job))
            except Exception as error:  # noqa: BLE001 - one handler must not hide the rest
                self.quarantine(HANDLERS, name, reason=_said(error))
                continue
            if priority > 0:
                accepting.append((-priority, name, made))
        return tuple(made for _, _, made in sorted(accepting, key=lambda a: a[:2]))

    @property
    def broken(self) -> tuple[Broken, ...]:
        """Plug-ins that were set aside, for their rows in the window."""
        return tuple(self._broken.values())

    def quarantine(self, group: str, name: str, *, reason: str) -> None:
        """Set a plug-in aside that fails in use; `load` gives it another chance."""
        if self._made.pop((group, name), None) is None:
            return
        _log.warning("plug-in %s was set aside: %s", name, reason)
        self._broken[group, name] = Broken(name, group, reason)
        self._tell()

    async def options_of(self, name: str) -> Mapping[str, str]:
        """Return what was set of a plug-in (disk)."""
        prefix = f"{name}."
        found = await self._options()
        return {
            key.removeprefix(prefix): value
            for key, value in found.items()
            if key.startswith(prefix)
        }

    async def configure(self, name: str, options: Mapping[str, str]) -> None:
        """Set options of a plug-in and make it anew with them (disk, threads)."""
        for option, value in options.items():
            await self._set_option(f"{name}.{option}", value)
        for key in [key for key in self._made if key[1] == name]:
            del self._made[key]
        await self.load()

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` when plug-ins came or went; returns how to stop that."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    # Inside.

    def _take(self, one: _Found, options: Mapping[str, str]) -> None:
        key = one.group, one.name
        reason = one.reason
        if not reason and key in self._made:
            return
        made = None
        if not reason:
            try:
                made = one.made(self._context(one.name, options))
                reason = _objection(one, made)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - it is not ours
                reason = _said(error)
        if reason:
            _log.warning("plug-in %s does not load: %s", one.name, reason)
            self._broken[key] = Broken(one.name, one.group, reason, one.distribution)
            return
        self._made[key] = made

    def _context(self, name: str, options: Mapping[str, str]) -> PluginContext:
        prefix = f"{name}."
        return PluginContext(
            folder=self._folder / name,
            options={
                key.removeprefix(prefix): value
                for key, value in options.items()
                if key.startswith(prefix)
            },
            secret=self._secret,
            clock=self._clock,
            connection=self._connection,
        )

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()


def _scan(
    entries: Sequence[metadata.EntryPoint], known: frozenset[tuple[str, str]]
) -> list[_Found]:
    """Load entry points that were not yet (disk, threads)."""
    found = []
    for entry in entries:
        if (entry.group, entry.name) not in known:
            distribution = entry.dist.name if entry.dist is not None else ""
            made, reason = _loaded(entry, ours=_is_ours(entry))
            found.append(_Found(entry.group, entry.name, distribution, made, reason))
    return found


def _entries() -> list[metadata.EntryPoint]:
    """Return the entry points of our groups, our own first, each name once (disk)."""
    importlib.invalidate_caches()
    found = [
        entry
        for group in _PROTOCOL
        for entry in dict.fromkeys(metadata.entry_points(group=group))
    ]
    found.sort(key=lambda entry: (not _is_ours(entry), entry.group, entry.name))
    once: dict[tuple[str, str], metadata.EntryPoint] = {}
    for entry in found:
        if once.setdefault((entry.group, entry.name), entry) is not entry:
            _log.warning(
                "a plug-in named %s is left out: its name is taken", entry.name
            )
    return list(once.values())


def _is_ours(entry: metadata.EntryPoint) -> bool:
    return entry.dist is not None and entry.dist.name == _OURS


def _count_of_ours(entries: Sequence[metadata.EntryPoint]) -> int:
    return sum(1 for entry in entries if _is_ours(entry))


def _loaded(entry: metadata.EntryPoint, *, ours: bool) -> tuple[Any, str]:
    """Import an entry point; returns it, or why that failed (disk, a thread)."""
    outcome: list[tuple[Any, str]] = []

    def load() -> None:
        try:
            made = entry.load()
            outcome.append((made, "" if callable(made) else "It cannot be called."))
        except BaseException as error:  # noqa: BLE001 - an import can do anything
            outcome.append((None, _said(error)))

    if ours:
        load()
        return outcome[0]
    # A thread nobody waits for: one that hangs must not keep chrislib from ending.
    thread = threading.Thread(target=load, name=f"plug-in {entry.name}", daemon=True)
    thread.start()
    thread.join(_SECONDS)
    return outcome[0] if outcome else (None, f"No answer for {_SECONDS:.0f} s.")


def _objection(one: _Found, made: Any) -> str:
    """Return why a plug-in cannot be used, "" if it can."""
    protocol = _PROTOCOL[one.group]
    if not isinstance(made, protocol):
        return f"It is no {protocol.__name__}."
    if one.group == BACKENDS:
        if made.name != one.name:
            # Jobs are filed under the name: it must be the one it is found by.
            return f"It calls itself “{made.name}”."
        if not isinstance(made.place, Place) or not isinstance(made.manner, Manner):
            return "It does not say where it is and how it likes to be asked."
    return ""


def _said(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0][:200]}" if text else type(error).__name__
