"""Programs that live on without us: starting them, knowing them again, ending them.

A process id alone says little, ids are used again: it counts only together with the
time the process was started and the boot of the machine. Nothing but the standard
library is used here: the supervisor of local programs loads this file by its path.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ProcessMark:
    """What tells one process from every other one, before and after.

    Attributes
    ----------
    pid : int
    started : str
        When it was started, in the system's own terms.
    boot : str
        Which start of the machine that was.
    """

    pid: int
    started: str
    boot: str

    @property
    def rebooted(self) -> bool:
        """Whether the machine was started anew since (asks the system)."""
        return self.boot != boot_id()

    @property
    def alive(self) -> bool:
        """Whether this very process still runs (asks the system)."""
        if not self.started or self.rebooted:
            return False
        return started_at(self.pid) == self.started

    @property
    def replaced(self) -> bool:
        """Whether another program has its number by now (asks the system)."""
        return started_at(self.pid) not in ("", self.started)

    @classmethod
    def of(cls, pid: int) -> "ProcessMark":
        """Return the mark of a running process (asks the system)."""
        return cls(pid, started_at(pid), boot_id())


def start_detached(
    command: Sequence[str],
    *,
    log: Path | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> "subprocess.Popen[bytes]":
    """Start a program in a session of its own (process); it outlives us.

    Parameters
    ----------
    log : Path, optional
        File that gets what it prints.

    Raises
    ------
    OSError
        It cannot be started.
    """
    output = log.open("ab") if log is not None else None
    try:
        process = _started(command, output or subprocess.DEVNULL, env, cwd=cwd)
    finally:
        if output is not None:
            output.close()
    # Takes its exit code when it ends before us, so that no zombie is left.
    threading.Thread(target=process.wait, name="reaper", daemon=True).start()
    return process


def signal_group(pid: int, *, force: bool) -> None:
    """Ask the process group of `pid` to end, or end it (process).

    The caller has made sure that `pid` is still the process it means.
    """
    if sys.platform == "win32":
        command = ["taskkill", "/T", "/PID", str(pid), *(["/F"] if force else [])]
        subprocess.run(command, capture_output=True, check=False)
        return
    try:
        os.killpg(pid, signal.SIGKILL if force else signal.SIGTERM)
    except (ProcessLookupError, PermissionError):
        return


def group_exists(pid: int) -> bool:
    """Whether anything is left of the process group of `pid` (asks the system)."""
    if sys.platform == "win32":
        return False  # there a group is not more than its processes
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if sys.platform == "win32":
    import ctypes
    import winreg
    from ctypes import wintypes

    _STILL_ACTIVE = 259
    _QUERY = 0x1000
    _BOOTS = (
        r"SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management"
        r"\PrefetchParameters"
    )

    def started_at(pid: int) -> str:
        """Return when a running process was started, "" without one."""
        kernel = ctypes.windll.kernel32
        handle = kernel.OpenProcess(_QUERY, False, pid)
        if not handle:
            return ""
        times = [wintypes.FILETIME() for _ in range(4)]
        code = wintypes.DWORD()
        try:
            kernel.GetExitCodeProcess(handle, ctypes.byref(code))
            found = kernel.GetProcessTimes(handle, *(ctypes.byref(t) for t in times))
        finally:
            kernel.CloseHandle(handle)
        if not found or code.value != _STILL_ACTIVE:
            return ""
        return f"{times[0].dwHighDateTime}/{times[0].dwLowDateTime}"

    def boot_id() -> str:
        """Return what tells this start of the machine from others."""
        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _BOOTS) as key:
                return str(winreg.QueryValueEx(key, "BootId")[0])
        except OSError:
            return ""  # start times are dates there: they tell enough

    def _started(
        command: Sequence[str],
        output: object,
        env: Mapping[str, str] | None,
        *,
        cwd: Path | None,
    ) -> "subprocess.Popen[bytes]":
        own = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS
        away = subprocess.CREATE_BREAKAWAY_FROM_JOB
        for flags in (own | away, own):
            try:
                return subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=env,
                    cwd=cwd,
                    creationflags=flags,
                )
            except PermissionError:
                # The job object we are in lets nothing out; then it stays in.
                if flags == own:
                    raise
        raise AssertionError

else:
    from typing import IO

    def _started(
        command: Sequence[str],
        output: "IO[bytes] | int",
        env: Mapping[str, str] | None,
        *,
        cwd: Path | None,
    ) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=cwd,
            start_new_session=True,
        )


if sys.platform == "linux":

    def started_at(pid: int) -> str:
        """Return when a running process was started, "" without one."""
        try:
            stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
        except OSError:
            return ""
        # The name, in brackets, may hold anything; what follows the last one is ours.
        fields = stat.rpartition(")")[2].split()
        return "" if fields[0] in "ZX" else fields[19]

    def boot_id() -> str:
        """Return what tells this start of the machine from others."""
        try:
            return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        except OSError:
            return ""

elif sys.platform != "win32":

    def started_at(pid: int) -> str:
        """Return when a running process was started, "" without one."""
        words = _said(["ps", "-o", "stat=,lstart=", "-p", str(pid)]).split()
        return "" if not words or words[0][0] in "ZX" else " ".join(words[1:])

    def boot_id() -> str:
        """Return what tells this start of the machine from others."""
        return _said(["sysctl", "-n", "kern.bootsessionuuid"]).strip() or (
            _said(["sysctl", "-n", "kern.boottime"]).strip()
        )

    def _said(command: list[str]) -> str:
        env = {"LC_ALL": "C", "PATH": "/bin:/usr/bin:/sbin:/usr/sbin"}
        try:
            answer = subprocess.run(
                command, capture_output=True, text=True, check=False, env=env
            )
        except OSError:
            return ""
        return answer.stdout
