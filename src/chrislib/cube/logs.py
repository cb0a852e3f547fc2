"""A plugin's program log out of what CUBE stores about its job. Pure, no I/O."""

import re
from collections.abc import Iterator

from chrislib.cube.reading import json_object, unpack

_TOKEN = re.compile(r"(CHRIS_USER_TOKEN.{0,40}?)\b[0-9a-fA-F]{40}\b", re.DOTALL)
_NAMED = re.compile(r"(?i)CHRIS_(?:USER_)?TOKEN|Authorization|auth[_-]?token")
_BARE = re.compile(r"\b[0-9a-fA-F]{40}\b")
_REMOVED = "[token removed]"
_PIECE = 128 * 1024
_NAME = "CHRIS_USER_TOKEN"
_REACH = 120
"""Characters after its name in which a token may stand, over a line's end too."""
_HOUSEKEEPING_CMD = re.compile(
    r"\bpfcon\.\w*worker\b|\bpfcon\.\w*(?:delete|copy|upload)"
)
_HOUSEKEEPING_LOG = re.compile(
    r"\A\s*\[[^\]]*\] \[INFO\] Starting (?:data deletion|file fetch|file upload)\b"
)


def program_log(*, summary: str, raw: str) -> str:
    """Return the log of the plugin's own program, with tokens taken out.

    `raw` holds up to 1000 lines, `summary` only the last 1800 characters, so `raw`
    is preferred. CUBE 7 runs jobs of its own around the program (copying inputs,
    cleaning up half a second after the end) and stores their logs in the same place
    (trap 2): those are not the program's, and are left out.

    Parameters
    ----------
    summary, raw : str
        As in `chrislib.cube.types.PluginInstance`.

    Returns
    -------
    str
        "" when there is no log of the program (yet, or any more).
    """
    unpacked = unpack(raw)
    compute = unpacked.get("compute") if isinstance(unpacked, dict) else None
    if isinstance(compute, dict):
        command = compute.get("cmd")
        if isinstance(command, str) and _HOUSEKEEPING_CMD.search(command):
            return ""
        logs = compute.get("logs")
        if isinstance(logs, str) and logs:
            return "" if _HOUSEKEEPING_LOG.match(logs) else redact(logs)
    returned = json_object(summary).get("compute")
    returned = returned.get("return") if isinstance(returned, dict) else None
    logs = returned.get("job_logs") if isinstance(returned, dict) else None
    if not isinstance(logs, str) or _HOUSEKEEPING_LOG.match(logs):
        return ""
    return redact(logs)


def program_command(raw: str) -> str:
    """Return the command line CUBE ran, "" when it is not known."""
    unpacked = unpack(raw)
    compute = unpacked.get("compute") if isinstance(unpacked, dict) else None
    command = compute.get("cmd") if isinstance(compute, dict) else None
    if not isinstance(command, str) or _HOUSEKEEPING_CMD.search(command):
        return ""
    return redact(command)


def program_image(raw: str) -> str:
    """Return the container image CUBE ran, "" when it is not known."""
    unpacked = unpack(raw)
    compute = unpacked.get("compute") if isinstance(unpacked, dict) else None
    image = compute.get("image") if isinstance(compute, dict) else None
    if not isinstance(image, str) or not program_command(raw):
        return ""
    return image


def waits_on_compute(*, summary: str, raw: str) -> bool:
    """Whether a started job still waits in the queue of its compute resource.

    The status of the run says ``started`` from the hand-over on; only the job's own
    (``notStarted``, ``notstarted`` in 6) tells a queue from a running program.
    """
    unpacked = unpack(raw)
    compute = unpacked.get("compute") if isinstance(unpacked, dict) else None
    status = compute.get("status") if isinstance(compute, dict) else None
    if not isinstance(status, str):
        returned = json_object(summary).get("compute")
        returned = returned.get("return") if isinstance(returned, dict) else None
        status = returned.get("job_status") if isinstance(returned, dict) else None
    return isinstance(status, str) and status.lower() == "notstarted"


def redact(text: str) -> str:
    """Return `text` without API tokens.

    Every job gets its owner's token in its environment, and some plugins print their
    environment (trap 3). What follows the variable's name goes, also on the next
    line; on a line that names a token in any way, every word that looks like one.
    """
    if len(text) > _PIECE:
        # piece by piece: one search through 50 MB would hold every thread for seconds
        return "".join(_redact(text[start:end]) for start, end in pieces(text))
    return _redact(text)


def pieces(text: str, size: int = _PIECE) -> Iterator[tuple[int, int]]:
    """Cut a text at ends of lines, never between a token's name and the token."""
    start = 0
    while start < len(text):
        end = start + size
        place = text.find("\n", end) if end < len(text) else -1
        while place >= 0 and _NAME in text[max(start, place - _REACH) : place + 1]:
            place = text.find("\n", place + _REACH)
        end = len(text) if place < 0 else place + 1
        yield start, end
        start = end


def _redact(text: str) -> str:
    text = _TOKEN.sub(rf"\1{_REMOVED}", text)
    if not _NAMED.search(text):
        return text
    return "\n".join(
        _BARE.sub(_REMOVED, line) if _NAMED.search(line) else line
        for line in text.split("\n")
    )
