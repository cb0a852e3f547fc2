"""Starts one plugin program, watches its time, and writes down how it ended.

This file is run as a script with nothing but the standard library, in a session (on
Windows: a process group) of its own. It outlives the station: what it writes is all
that a station started later needs to take the run over.

Arguments: the folder of the run, which holds ``spec.json``.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def write(path: Path, content: dict[str, Any]) -> None:
    """Write JSON to disk so that a reader sees all of it or nothing."""
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(content), encoding="utf-8")
    temporary.replace(path)


def claim(folder: Path) -> bool:
    """Say on disk that this process runs the program; False if another one does."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        handle = os.open(folder / "claim", flags, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w") as file:
        json.dump({"pid": os.getpid(), "identity": identity()}, file)
    return True


def identity() -> str:
    """Return what tells this process from a later one with the same id."""
    # Loaded by its path: beside it lie modules named like some of Python's own.
    place = Path(__file__).with_name("process.py")
    spec = importlib.util.spec_from_file_location("station_process", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return str(module.identity_of(os.getpid()))


def end(folder: Path, code: int | None, *, timed_out: bool, reason: str = "") -> None:
    """Write down how the program ended."""
    fields = {"code": code, "timed_out": timed_out, "reason": reason}
    write(folder / "exit.json", fields)


def stop(program: "subprocess.Popen[bytes]") -> None:
    """End the program and what it started, but not ourselves."""
    if os.name == "nt":
        kill = ["taskkill", "/T", "/F", "/PID", str(program.pid)]
        subprocess.run(kill, capture_output=True, check=False)
    program.kill()
    program.wait()


def main(folder: Path) -> int:
    """Run the program of `folder` (starts a process, writes to disk)."""
    if not claim(folder):
        return 1
    spec_path = folder / "spec.json"
    spec = json.loads(spec_path.read_text(encoding="utf-8"))
    spec_path.unlink()  # it holds the owner's token
    limit = spec["limit"] if spec["limit"] >= 0 else None
    with (folder / "log.txt").open("ab") as log:
        try:
            program = subprocess.Popen(
                spec["argv"],
                cwd=spec["cwd"],
                env=spec["env"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        except OSError as error:
            end(folder, None, timed_out=False, reason=str(error))
            return 1
        try:
            code = program.wait(limit)
        except subprocess.TimeoutExpired:
            stop(program)
            end(folder, None, timed_out=True)
            return 1
    end(folder, code, timed_out=False)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
