"""Programs of this computer as a service: a queue on disk, a supervisor for each.

A job is a folder named after its key. The key makes handing it over harmless to
repeat, the folder outlives chrislib, and the supervisor in it outlives both.
"""

import asyncio
import getpass
import os
import shutil
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import chrislib.desktop
from chrislib.desktop.processes import ProcessMark, signal_group, start_detached
from chrislib.jobs.backends import local_record as record
from chrislib.jobs.backends.local_record import CLAIM_SECONDS, Folder, Verdict
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import Phase, ProgramIntent
from chrislib.jobs.protocols import (
    Artifact,
    JobStatus,
    Manner,
    Order,
    Place,
    PurgeTicket,
    ServiceRefused,
    UnknownToken,
)

GRACE = 10.0
_STARTS = 3
_BLOCK = 1024 * 1024


class LocalPrograms:
    """The programs of this user on this computer.

    Parameters
    ----------
    folder : Path
        Parent of the jobs' folders.
    clock : Clock
    at_once : int, optional
        Programs that run together; one less than there are processors otherwise.
    grace : float
        Seconds a program has to end when it is asked to, before it is killed.
    """

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        *,
        at_once: int | None = None,
        grace: float = GRACE,
    ) -> None:
        self._root = folder
        self._clock = clock
        self._at_once = at_once or max(1, (os.cpu_count() or 1) - 1)
        self._grace = grace
        self._starts: dict[str, int] = {}
        self._ended_ones: set[str] = set()
        self._spawned: dict[str, float] = {}
        self._lock = asyncio.Lock()

    @property
    def name(self) -> str:
        """What its jobs are filed under."""
        return "local"

    @property
    def place(self) -> Place:
        """Where and as whom: here."""
        return Place("program:", _user())

    @property
    def manner(self) -> Manner:
        """Cheap to ask: it is only this disk."""
        return Manner(batch=500, at_once=1, period=2.0, ours=True)

    async def submit(self, order: Order) -> JobStatus:
        """Put a program into the queue (disk, processes).

        Raises
        ------
        ServiceRefused
            Its program or its folder is not there.
        """
        intent = order.intent
        if not isinstance(intent, ProgramIntent):
            raise ServiceRefused("This is no program of this computer.")
        async with self._lock:
            return await asyncio.to_thread(self._submit, order.key, intent)

    async def find(self, order: Order) -> Sequence[JobStatus]:
        """Return the job of this key, if it was put into the queue (disk)."""
        found = await self.observe([order.key])
        return [status for status in found.values() if status is not None]

    async def observe(self, tokens: Sequence[str]) -> Mapping[str, JobStatus | None]:
        """Return how programs are, and start those whose turn it is (disk)."""
        async with self._lock:
            return await asyncio.to_thread(self._observe, tuple(tokens))

    async def list_jobs(self) -> AsyncIterator[JobStatus]:
        """Return every program in the folder, oldest first (disk)."""
        tokens = await asyncio.to_thread(self._tokens)
        for status in (await self.observe(tokens)).values():
            if status is not None:
                yield status

    async def cancel(self, token: str) -> Sequence[str]:
        """Stop a program: ask it, and end its group after 10 s (disk, processes)."""
        async with self._lock:
            orphan = await asyncio.to_thread(self._cancel, self._folder(token))
        if orphan is not None:
            await self._end(orphan)
        return [token]

    async def purge(self, token: str) -> PurgeTicket:
        """Delete the record and the log of a program; its own files stay (disk)."""
        folder = self._folder(token)
        async with self._lock:
            status = await asyncio.to_thread(self._status, folder)
            if not status.phase.terminal:
                raise ServiceRefused(
                    "The program still runs.",
                    "Nothing was deleted.",
                    hint="Cancel it first.",
                )
            await asyncio.to_thread(shutil.rmtree, folder.path)
            self._ended_ones.discard(token)
        return PurgeTicket(done=True)

    async def artifacts(self, token: str) -> AsyncIterator[Artifact]:
        """Return the files the program wrote into its working folder (disk)."""
        folder = self._folder(token)
        for artifact in await asyncio.to_thread(record.written, folder):
            yield artifact

    async def read(self, token: str, artifact: Artifact) -> AsyncIterator[bytes]:
        """Return the content of a file in blocks (disk)."""
        spec = self._folder(token).read("spec.json") or {}
        path = Path(str(spec.get("cwd", ""))) / artifact.path
        with await asyncio.to_thread(path.open, "rb") as file:
            while block := await asyncio.to_thread(file.read, _BLOCK):
                yield block

    async def log(self, token: str) -> str:
        """Return the end of what the program printed (disk)."""
        return await asyncio.to_thread(
            record.tail, self._folder(token).path / "log.txt"
        )

    # Inside; all of it on a thread.

    def _submit(self, key: str, intent: ProgramIntent) -> JobStatus:
        folder = Folder(self._root / key)
        if folder.read("spec.json") is None:
            record.check(intent)
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.path.mkdir(exist_ok=True, mode=0o700)
            folder.write(
                "spec.json",
                {
                    "argv": list(intent.argv),
                    "cwd": str(Path(intent.folder).absolute()),
                    "inputs": list(intent.inputs),
                    "timeout": intent.timeout,
                    "grace": self._grace,
                    "title": intent.title,
                    "queued_at": self._clock.time(),
                },
            )
        self._pump()
        return self._status(folder)

    def _observe(self, tokens: tuple[str, ...]) -> dict[str, JobStatus | None]:
        self._pump()
        found: dict[str, JobStatus | None] = {}
        for token in tokens:
            try:
                found[token] = self._status(self._folder(token))
            except UnknownToken:
                found[token] = None
        return found

    def _pump(self) -> None:
        """Start what waits as long as there is room."""
        running, waiting = 0, []
        for token in self._tokens():
            folder = Folder(self._root / token)
            if token in self._ended_ones:
                continue  # what has ended stays so, and there may be thousands
            if not folder.has("claim"):
                waiting.append(token)
            elif self._status(folder).phase.terminal:
                self._ended_ones.add(token)
            else:
                running += 1
        for token in waiting[: max(0, self._at_once - running)]:
            self._start(token)

    def _start(self, token: str) -> None:
        now = self._clock.monotonic()
        if now - self._spawned.get(token, -CLAIM_SECONDS) < CLAIM_SECONDS:
            return  # its supervisor is on its way
        folder = Folder(self._root / token)
        if self._starts.get(token, 0) >= _STARTS:
            if folder.claim():
                self._ended(folder, "not_started", "Its supervisor does not start.")
            return
        self._starts[token] = self._starts.get(token, 0) + 1
        self._spawned[token] = now
        script = Path(next(iter(chrislib.desktop.__path__))) / "supervisor.py"
        # Isolated and without site-packages: it starts in some 30 ms.
        command = [sys.executable, "-I", "-S", str(script), str(folder.path)]
        try:
            start_detached(command, log=folder.path / "supervisor.log", cwd=folder.path)
        except OSError as error:
            if folder.claim():
                self._ended(folder, "not_started", str(error))

    def _status(self, folder: Folder) -> JobStatus:
        """Say how a job is, from its files and from the processes they name."""
        spec = folder.read("spec.json")
        if spec is None:
            raise UnknownToken("There is no such program.")
        verdict = self._verdict(folder)
        return JobStatus(
            token=folder.path.name,
            phase=verdict.phase,
            status=verdict.phase.value.lower(),
            detail=verdict.detail,
            hint=verdict.hint,
            error_code=verdict.code,
            title=str(spec.get("title", "")),
            key=folder.path.name,
            submitted_at=spec.get("queued_at"),
            intent=record.intent_of(spec),
        )

    def _verdict(self, folder: Folder) -> Verdict:
        if not folder.has("claim"):
            return Verdict(Phase.QUEUED, "", "It waits until a processor is free.")
        known = folder.read("status.json")
        known = known or record.of_claim(folder, self._clock.time())
        if known is None:
            return Verdict(Phase.QUEUED, "", "It is being started.")
        if known.get("state") != "ended" and record.runs(known):
            if known.get("program") is None:
                return Verdict(Phase.QUEUED, "", "It is being started.")
            return Verdict(Phase.RUNNING, "", record.watched(known))
        # It may have ended between reading its status and asking for its processes.
        known = folder.read("status.json") or known
        if known.get("state") != "ended":
            return record.vanished(known, cancelled=folder.has("cancel"))
        return record.end_of(known)

    def _cancel(self, folder: Folder) -> ProcessMark | None:
        """Ask for the end; returns the program if nobody watches it any more."""
        status = self._status(folder)
        if status.phase.terminal:
            return None
        if folder.claim():
            self._ended(folder, "cancelled", "")
            return None
        (folder.path / "cancel").touch(mode=0o600)
        known = folder.read("status.json") or {}
        supervisor = record.mark(known, "supervisor")
        program = record.mark(known, "program")
        if supervisor is not None and supervisor.alive:
            return None
        return program if program is not None and program.alive else None

    async def _end(self, program: ProcessMark) -> None:
        await asyncio.to_thread(signal_group, program.pid, force=False)
        waited = 0.0
        while waited < self._grace and await asyncio.to_thread(lambda: program.alive):
            await self._clock.sleep(0.25)
            waited += 0.25
        if await asyncio.to_thread(lambda: program.alive):
            await asyncio.to_thread(signal_group, program.pid, force=True)

    def _ended(self, folder: Folder, reason: str, detail: str) -> None:
        record.ended(folder, reason, detail=detail, now=self._clock.time())

    def _tokens(self) -> list[str]:
        try:
            names = sorted(entry.name for entry in os.scandir(self._root))
        except FileNotFoundError:
            return []
        known = self._ended_ones
        return [
            name
            for name in names
            if name in known or (self._root / name / "spec.json").exists()
        ]

    def _folder(self, token: str) -> Folder:
        if not token or Path(token).name != token or token in (".", ".."):
            raise UnknownToken("There is no such program.")
        return Folder(self._root / token)


def _user() -> str:
    """Return who runs us; a container may have numbers without names."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "user"
