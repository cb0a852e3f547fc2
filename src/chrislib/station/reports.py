"""What an instance's ``summary`` and ``raw`` say at each step of its life.

Two generations, two habits. 7: a JSON text from the start; half a second after the end
the log of a clean-up takes the place of the program's. 6: nothing until the job was
handed over; the program's log stays.
"""

import base64
import json
import shlex
import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_SUMMARY_CHARACTERS = 1_800
_LINES = 1_000
_TAIL_BYTES = 512 << 10


def packed(content: dict[str, Any]) -> str:
    """Return JSON as ``raw`` holds it: compressed, in base64."""
    return base64.b64encode(zlib.compress(json.dumps(content).encode())).decode()


def read_log(run: Path, names: Mapping[str, str]) -> str:
    """Read the last lines of a program's log from disk.

    The folders of the run are shown under the names a container would have: no path
    of this computer gets out.

    Parameters
    ----------
    run : Path
        Folder of the run.
    names : mapping of str to str
        Folders of this computer and the names they are shown under.
    """
    path = run / "log.txt"
    try:
        with path.open("rb") as handle:
            size = path.stat().st_size
            handle.seek(max(0, size - _TAIL_BYTES))
            text = handle.read().decode("utf-8", "replace")
    except OSError:
        return ""
    lines = text.splitlines(keepends=True)[-_LINES:]
    shown = "".join(lines).replace("\0", "")
    for folder, name in {str(run): "/share", **names}.items():
        shown = shown.replace(folder, name)
    return shown


class Reporter:
    """Writes the two fields in the manner of one generation."""

    def __init__(self, generation: int) -> None:
        self._seven = generation >= 7

    def created(self) -> str:
        """Return the summary of a new instance."""
        return self._summary() if self._seven else ""

    def refused(self, reason: str) -> str:
        """Return the summary of a job that never ran: why, where its log would be."""
        return self._summary(log=reason)

    def copying(self, instance: int, done: bool = False) -> str:
        """Return the summary while inputs are made ready (7 only)."""
        if not done:
            return self._summary(status=True, job="notStarted")
        log = _log_of_service(instance, "Input files are in place")
        return self._summary(push=True, status=True, job=_OK, log=log)

    def launched(
        self, instance: int, image: str, *, command: Sequence[str]
    ) -> tuple[str, str]:
        """Return summary and raw of a job that was handed over."""
        raw = {
            "compute": _compute(
                instance, image, command, status="notStarted", message="created"
            )
        }
        if self._seven:
            log = _log_of_service(instance, "Input files are in place")
            summary = self._summary(push=True, status=True, job=_OK, log=log)
            return summary, packed({"data": {}, **raw})
        raw["compute"]["status"] = "notstarted"
        data = {
            "jid": f"chris-jid-{instance}",
            "nfiles": 0,
            "timestamp": datetime.now(UTC).isoformat(sep=" "),
            "path": "/share/incoming",
        }
        summary = self._summary(push=True, submit=True)
        return summary, packed({"data": data, **raw})

    def running(
        self, instance: int, image: str, *, command: Sequence[str], log: str
    ) -> tuple[str, str]:
        """Return summary and raw of a job that runs."""
        compute = _compute(
            instance, image, command, status="started", message="running", log=log
        )
        summary = self._summary(
            push=True, submit=not self._seven, status=True, job="started", log=log
        )
        return summary, packed({"compute": compute})

    def ended(
        self,
        instance: int,
        image: str,
        *,
        command: Sequence[str],
        log: str,
        status: str,
        pulled: bool,
    ) -> tuple[str, str]:
        """Return summary and raw of a job whose program has ended."""
        compute = _compute(
            instance, image, command, status=status, message="exited", log=log
        )
        summary = self._summary(
            push=True,
            pull=pulled,
            submit=not self._seven,
            status=True,
            job=status,
            log=log,
        )
        return summary, packed({"compute": compute})

    def emptied(self, instance: int) -> tuple[str, str]:
        """Return what is there when the clean-up has been asked for (7 only)."""
        compute = _compute(
            instance, _SERVICE, _DELETE, status="notStarted", message="created"
        )
        summary = self._summary(push=True, pull=True, status=True, job="notStarted")
        return summary, packed({"compute": compute})

    def cleaned(self, instance: int) -> tuple[str, str]:
        """Return what is there when the clean-up is done (7 only)."""
        log = _log_of_service(instance, "Data deletion completed")
        compute = _compute(
            instance, _SERVICE, _DELETE, status=_OK, message="exited", log=log
        )
        summary = self._summary(push=True, pull=True, status=True, job=_OK, log=log)
        return summary, packed({"compute": compute})

    def _summary(
        self,
        *,
        push: bool = False,
        pull: bool = False,
        submit: bool = False,
        status: bool = False,
        job: str = "",
        log: str = "",
    ) -> str:
        result = {
            "status": status,
            "job_status": job,
            "job_logs": log[-_SUMMARY_CHARACTERS:],
        }
        compute = {"submit": {"status": submit}, "return": result}
        return json.dumps(
            {
                "pushPath": {"status": push},
                "pullPath": {"status": pull},
                "compute": compute,
            }
        )


_OK = "finishedSuccessfully"
_SERVICE = "localhost/station"
_DELETE = ("python", "-m", "pfcon.delete_worker", "/share/outgoing")


def _compute(
    instance: int,
    image: str,
    command: Sequence[str],
    *,
    status: str,
    message: str,
    log: str = "",
) -> dict[str, Any]:
    started = message != "created"
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
    return {
        "jid": f"chris-jid-{instance}",
        "image": image,
        "cmd": shlex.join(command),
        "status": status,
        "message": message,
        "timestamp": now if started else "0001-01-01T00:00:00Z",
        "logs": log,
    }


def _log_of_service(instance: int, what: str) -> str:
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S,%f")[:-3]
    return f"[{now}] [INFO] {what} for job chris-jid-{instance}\n"
