"""Runs one local program, watches it, and writes down how it goes and how it ended.

Run as a script with nothing but the standard library, in a session of its own (on
Windows: a process group). It outlives chrislib: what it writes into its folder is all
that a chrislib started later needs to know the program again.

Argument: the folder of the job, which holds ``spec.json``. Files in it:

claim
    Made before anything else, by one process only: a program is never run twice.
status.json
    Replaced whole: marks of both processes, heartbeat, how it ended.
log.txt
    What the program printed.
cancel
    Made by chrislib when the program is to be stopped.
"""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

BEAT = 5.0
"""Seconds between two heartbeats."""
LOOK = 0.5
"""Seconds between two looks for a wish to stop."""
GRACE = 10.0
"""Seconds a program has to end when it is asked to."""


def neighbour(name: str) -> Any:
    """Load a module beside this one by its path: chrislib is not imported here."""
    place = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"supervisor_{name}", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


class Supervisor:
    """One program from its start to its end.

    Parameters
    ----------
    folder : str
        See above.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._processes = neighbour("processes")
        self._ended = threading.Event()
        self._stopped_by_system = False
        self._program: subprocess.Popen[bytes] | None = None
        self._status: dict[str, Any] = {
            "state": "starting",
            "supervisor": self._mark(os.getpid()),
            "program": None,
            "started_at": time.time(),
            "heartbeat": time.time(),
            "ended_at": None,
            "exit_code": None,
            "reason": "",
            "detail": "",
            "log": os.path.join(folder, "log.txt"),
        }

    def run(self) -> int:
        """Run the program to its end (processes, disk)."""
        signal.signal(signal.SIGTERM, self._asked_by_system)
        if not self._claim():
            return 1
        self._write()
        try:
            with open(self._path("spec.json"), encoding="utf-8") as file:
                spec = json.load(file)
            program = self._start(spec)
        except (OSError, ValueError, KeyError, TypeError) as error:
            self._end("not_started", None, str(error))
            return 1
        self._program = program
        self._write(state="running", program=self._mark(program.pid))
        threading.Thread(target=self._await, args=(program,), daemon=True).start()
        reason = self._watch(spec.get("timeout"), spec.get("grace", GRACE))
        self._end(reason or "exit", program.wait(), "")
        return 0

    def _claim(self) -> bool:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        try:
            handle = os.open(self._path("claim"), flags, 0o600)
        except OSError:
            return False
        with os.fdopen(handle, "w") as file:
            json.dump(self._status["supervisor"], file)
        return True

    def _start(self, spec: dict[str, Any]) -> "subprocess.Popen[bytes]":
        own: dict[str, Any] = {"process_group": 0}
        if sys.platform == "win32":
            own = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        with open(self._path("log.txt"), "ab") as log:
            return subprocess.Popen(
                [str(word) for word in spec["argv"]],
                cwd=spec["cwd"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **own,
            )

    def _await(self, program: "subprocess.Popen[bytes]") -> None:
        program.wait()
        self._ended.set()

    def _watch(self, limit: float | None, grace: float) -> str:
        """Return why the program was stopped, "" if it ended by itself."""
        begun = beat = time.monotonic()
        while not self._ended.wait(LOOK):
            now = time.monotonic()
            if self._stopped_by_system:
                return self._stop("system", grace)
            if os.path.exists(self._path("cancel")):
                return self._stop("cancelled", grace)
            if limit is not None and now - begun > limit:
                return self._stop("timeout", grace)
            if now - beat >= BEAT:
                beat = now
                self._write()
        return ""

    def _stop(self, reason: str, grace: float) -> str:
        assert self._program is not None
        self._write(state="stopping", reason=reason)
        pid = self._program.pid
        self._processes.signal_group(pid, force=False)
        last = time.monotonic() + grace
        # What the program started may outlast it; the group is empty when all ended.
        while time.monotonic() < last:
            if self._ended.wait(0.05) and not self._processes.group_exists(pid):
                return reason
            time.sleep(0.05)
        self._processes.signal_group(pid, force=True)
        return reason

    def _end(self, reason: str, code: int | None, detail: str) -> None:
        self._status.update(
            state="ended",
            reason=reason,
            exit_code=code,
            detail=detail,
            ended_at=time.time(),
        )
        # This must not be lost to a disk that is full for a while.
        while not self._write() and os.path.isdir(self._folder):
            time.sleep(BEAT)

    def _asked_by_system(self, _number: int, _frame: object) -> None:
        self._stopped_by_system = True

    def _mark(self, pid: int) -> dict[str, Any]:
        mark = self._processes.ProcessMark.of(pid)
        return {"pid": mark.pid, "started": mark.started, "boot": mark.boot}

    def _write(self, **changes: Any) -> bool:
        """Replace the status so that a reader sees all of it or what was before.

        A disk that refuses must not end the program: the next heartbeat tries again.
        """
        self._status.update(changes, heartbeat=time.time())
        temporary = self._path("status.new")
        try:
            with open(temporary, "w", encoding="utf-8") as file:
                json.dump(self._status, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self._path("status.json"))
        except OSError:
            return False
        return True

    def _path(self, name: str) -> str:
        return os.path.join(self._folder, name)


if __name__ == "__main__":
    sys.exit(Supervisor(sys.argv[1]).run())
