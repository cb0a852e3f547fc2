"""Starting programs that live on without us."""

import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path


def start_detached(
    command: Sequence[str],
    *,
    log: Path | None = None,
    env: Mapping[str, str] | None = None,
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
        if sys.platform == "win32":
            flags = (
                subprocess.CREATE_NEW_PROCESS_GROUP
                | subprocess.DETACHED_PROCESS
                | subprocess.CREATE_BREAKAWAY_FROM_JOB
            )
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output or subprocess.DEVNULL,
                stderr=subprocess.STDOUT,
                env=env,
                creationflags=flags,
            )
        else:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output or subprocess.DEVNULL,
                stderr=subprocess.STDOUT,
                env=env,
                start_new_session=True,
            )
    finally:
        if output is not None:
            output.close()
    # Takes its exit code when it ends before us, so that no zombie is left.
    threading.Thread(target=process.wait, name="reaper", daemon=True).start()
    return process
