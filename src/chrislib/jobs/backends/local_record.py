"""What the files of a local program say, and the processes they name."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chrislib.desktop.processes import ProcessMark
from chrislib.jobs.model import Phase, ProgramIntent
from chrislib.jobs.protocols import Artifact, ServiceRefused

CLAIM_SECONDS = 30.0
"""A claim that names nobody for so long belongs to a supervisor that died."""
_LOG_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a program is: phase, code, what happened and what to do."""

    phase: Phase
    code: str = ""
    detail: str = ""
    hint: str = ""


_AGAIN = "Run it again; what it printed is kept."
_STOPPED: Mapping[str, Verdict] = {
    "cancelled": Verdict(Phase.CANCELLED, "", "Cancelled by you."),
    "timeout": Verdict(
        Phase.FAILED,
        "TIMEOUT",
        "It ran longer than it was allowed to and was ended.",
        "Give it more time, or less to do.",
    ),
    "system": Verdict(
        Phase.FAILED,
        "INTERRUPTED",
        "The system ended it, as when you sign out.",
        _AGAIN,
    ),
}
"""Why a supervisor stopped a program."""


@dataclass(frozen=True, slots=True)
class Folder:
    """The files of one job."""

    path: Path

    def read(self, name: str) -> dict[str, Any] | None:
        """Return a JSON file; None while it is not there or not whole (disk)."""
        try:
            found = json.loads((self.path / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def write(self, name: str, content: Mapping[str, Any]) -> None:
        """Write a JSON file in one piece (disk)."""
        temporary = self.path / f"{name}.part"
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(content, file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.path / name)

    def claim(self) -> bool:
        """Take the job before any supervisor does; False when one has it (disk)."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        try:
            handle = os.open(self.path / "claim", flags, 0o600)
        except FileExistsError:
            return False
        os.close(handle)
        return True

    def has(self, name: str) -> bool:
        """Whether there is such a file: ``claim``, ``cancel`` … (disk)."""
        return (self.path / name).exists()


def check(intent: ProgramIntent) -> None:
    """Refuse what cannot be started (disk)."""
    if not intent.argv or not intent.argv[0]:
        raise ServiceRefused("No program was named.", fields={"argv": "Empty."})
    place = Path(intent.folder)
    if not place.is_dir():
        raise ServiceRefused(
            "The folder of the program is not there.",
            "Nothing was started.",
            hint="Choose another folder.",
            fields={"folder": "There is no such folder."},
        )
    program = intent.argv[0]
    if shutil.which(str(place / program) if os.sep in program else program) is None:
        raise ServiceRefused(
            "The program is not on this computer.",
            "Nothing was started.",
            hint="Install it, or name it with its folder.",
            fields={"argv": "There is no such program."},
        )
    for path in intent.inputs:
        if not (place / path).exists():
            raise ServiceRefused(
                "An input of the program is not there.",
                "Nothing was started.",
                hint="Choose its inputs again.",
                fields={"inputs": "A file is missing."},
            )


def intent_of(spec: Mapping[str, Any]) -> ProgramIntent:
    """Return what was asked for, from the file the supervisor was given."""
    timeout = spec.get("timeout")
    return ProgramIntent(
        argv=tuple(str(word) for word in spec.get("argv", ())),
        folder=str(spec.get("cwd", "")),
        title=str(spec.get("title", "")),
        inputs=tuple(str(path) for path in spec.get("inputs", ())),
        timeout=timeout if isinstance(timeout, int | float) else None,
    )


def ended(folder: Folder, reason: str, *, detail: str, now: float) -> None:
    """Write down an end that came before any supervisor (disk)."""
    folder.write(
        "status.json",
        {
            "state": "ended",
            "supervisor": None,
            "program": None,
            "started_at": None,
            "heartbeat": now,
            "ended_at": now,
            "exit_code": None,
            "reason": reason,
            "detail": detail,
            "log": str(folder.path / "log.txt"),
        },
    )


def of_claim(folder: Folder, now: float) -> dict[str, Any] | None:
    """Return what a claim alone tells; None while it may still be followed up."""
    mark = folder.read("claim")
    try:
        age = now - (folder.path / "claim").stat().st_mtime
    except OSError:
        return None
    if mark is None and age < CLAIM_SECONDS:
        return None
    return {"state": "starting", "supervisor": mark, "program": None}


def mark(known: Mapping[str, Any], name: str) -> ProcessMark | None:
    """Return what a status says about one of its two processes."""
    found: Any = known.get(name)
    try:
        return ProcessMark(int(found["pid"]), str(found["started"]), str(found["boot"]))
    except (KeyError, TypeError, ValueError):
        return None


def runs(known: Mapping[str, Any]) -> bool:
    """Whether its very processes run: number, start time and boot are theirs."""
    marks = (mark(known, "supervisor"), mark(known, "program"))
    return any(mark is not None and mark.alive for mark in marks)


def watched(known: Mapping[str, Any]) -> str:
    """Return what is worth saying about a program that runs, mostly nothing."""
    if known.get("state") == "stopping":
        return "It was asked to end."
    supervisor = mark(known, "supervisor")
    if supervisor is not None and supervisor.alive:
        return ""
    return "Nobody watches it any more: how it ends will not be known."


def vanished(known: Mapping[str, Any], *, cancelled: bool) -> Verdict:
    """Say what is known of a program that is not there and told nobody why."""
    if cancelled:
        return _STOPPED["cancelled"]
    marks = [m for m in (mark(known, "supervisor"), mark(known, "program")) if m]
    if any(one.rebooted for one in marks):
        detail = "The computer was started anew while it ran."
        return Verdict(Phase.FAILED, "INTERRUPTED", detail, _AGAIN)
    if any(one.replaced for one in marks):
        detail = "It is gone: another program has its number by now."
        return Verdict(Phase.FAILED, "LOST", detail, _AGAIN)
    detail = "It is gone, and nobody knows how it ended."
    return Verdict(Phase.FAILED, "LOST", detail, _AGAIN)


def end_of(known: Mapping[str, Any]) -> Verdict:
    """Say how a program ended from what its supervisor wrote down."""
    reason, code = str(known.get("reason", "")), known.get("exit_code")
    if reason in _STOPPED:
        return _STOPPED[reason]
    if reason == "not_started":
        said = str(known.get("detail", "")).strip(" .")
        detail = f"It could not be started: {said}." if said else "It did not start."
        return Verdict(Phase.FAILED, "NOT_STARTED", detail, "Look at its log.")
    if not isinstance(code, int):
        detail = "Nobody knows how it ended."
        return Verdict(Phase.FAILED, "LOST", detail, _AGAIN)
    if code == 0:
        return Verdict(Phase.FINISHED)
    if code < 0:
        detail = f"It was ended from outside (signal {-code})."
        return Verdict(Phase.FAILED, f"SIGNAL_{-code}", detail, _AGAIN)
    detail = f"It ended with the code {code}; what it wrote is kept."
    code_word = f"EXIT_{code}"
    hint = "Look at its log."
    return Verdict(Phase.FINISHED_WITH_ERRORS, code_word, detail, hint)


def written(folder: Folder) -> list[Artifact]:
    """Return the files under the working folder that are new since the start."""
    spec = folder.read("spec.json") or {}
    known = folder.read("status.json") or {}
    begun = float(known.get("started_at") or spec.get("queued_at") or 0.0) - 2.0
    root = Path(str(spec.get("cwd", "")))
    inputs = {(root / str(path)).resolve() for path in spec.get("inputs", ())}
    found = []
    for place, _, names in os.walk(root):
        for name in sorted(names):
            path = Path(place) / name
            if path.is_symlink() or not path.is_file() or path.resolve() in inputs:
                continue
            about = path.stat()
            if about.st_mtime >= begun:
                relative = path.relative_to(root).as_posix()
                found.append(Artifact(relative, about.st_size))
    return sorted(found, key=lambda artifact: artifact.path)


def tail(path: Path) -> str:
    """Return the end of a log (disk)."""
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _LOG_BYTES))
            return file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
