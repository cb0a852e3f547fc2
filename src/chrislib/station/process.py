"""Processes that outlive us: starting them, knowing them again, ending them.

A process id alone says little, ids are used again: it counts only together with the
time the process was started and the boot of the machine.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Process:
    """A process that may be another one's by now.

    Attributes
    ----------
    pid : int
        Process id; also the id of its process group.
    identity : str
        What tells it from a later process with the same id.
    """

    pid: int
    identity: str

    @property
    def alive(self) -> bool:
        """Whether this very process still runs (asks the system)."""
        return bool(self.identity) and identity_of(self.pid) == self.identity

    def save(self, path: Path) -> None:
        """Write it to disk, in one piece."""
        temporary = path.with_suffix(".new")
        content = {"pid": self.pid, "identity": self.identity}
        temporary.write_text(json.dumps(content), encoding="utf-8")
        os.replace(temporary, path)

    @classmethod
    def load(cls, path: Path) -> "Process | None":
        """Read one from disk; None when there is none."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return cls(int(content["pid"]), str(content["identity"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None


def start(
    argv: Sequence[str], *, cwd: Path, env: dict[str, str]
) -> "subprocess.Popen[bytes]":
    """Start a process that is not ended together with us.

    On POSIX systems it leads a session and a process group of its own; on Windows a
    process group without a console.
    """
    quiet = subprocess.DEVNULL
    if sys.platform == "win32":  # pragma: no cover
        own = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        away = subprocess.CREATE_BREAKAWAY_FROM_JOB
        for flags in (own | away, own):
            try:
                return subprocess.Popen(
                    argv,
                    cwd=cwd,
                    env=env,
                    stdin=quiet,
                    stdout=quiet,
                    stderr=quiet,
                    creationflags=flags,
                )
            except PermissionError:
                # The job we are in lets nothing out; then it stays in.
                if flags == own:
                    raise
    return subprocess.Popen(
        argv,
        cwd=cwd,
        env=env,
        stdin=quiet,
        stdout=quiet,
        stderr=quiet,
        start_new_session=True,
    )


def kill(process: Process) -> None:
    """End a process and all of its group, if it still is the one we know."""
    if not process.alive:
        return
    if sys.platform == "win32":  # pragma: no cover
        command = ["taskkill", "/T", "/F", "/PID", str(process.pid)]
        subprocess.run(command, capture_output=True, check=False)
        return
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


if sys.platform == "linux":

    def identity_of(pid: int) -> str:
        """Return what tells a running process from others; empty without one."""
        try:
            stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
            boot = _BOOT.read_text("ascii").strip()
        except OSError:
            return ""
        # The name, in brackets, may hold anything; what follows the last one is ours.
        fields = stat.rpartition(")")[2].split()
        state, started = fields[0], fields[19]
        return "" if state in "ZX" else f"{boot}/{started}"

elif sys.platform == "win32":  # pragma: no cover
    import ctypes
    from ctypes import wintypes

    def identity_of(pid: int) -> str:
        """Return what tells a running process from others; empty without one."""
        kernel = ctypes.windll.kernel32
        handle = kernel.OpenProcess(0x1000, False, pid)
        if not handle:
            return ""
        times = [wintypes.FILETIME() for _ in range(4)]
        code = wintypes.DWORD()
        try:
            kernel.GetExitCodeProcess(handle, ctypes.byref(code))
            found = kernel.GetProcessTimes(handle, *(ctypes.byref(t) for t in times))
        finally:
            kernel.CloseHandle(handle)
        if not found or code.value != 259:
            return ""
        return f"{times[0].dwHighDateTime}/{times[0].dwLowDateTime}"

else:  # pragma: no cover

    def identity_of(pid: int) -> str:
        """Return what tells a running process from others; empty without one."""
        answer = subprocess.run(
            ["ps", "-o", "lstart=,stat=", "-p", str(pid)],
            capture_output=True,
            text=True,
            check=False,
            env={"LC_ALL": "C", "PATH": os.defpath},
        )
        words = answer.stdout.split()
        return "" if not words or words[-1].startswith("Z") else " ".join(words[:-1])
