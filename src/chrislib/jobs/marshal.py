"""What goes to a service and what comes back with its answer: small values and files.

Images are never carried in memory or in the catalog: a payload names files, and who
needs their content reads it in blocks.
"""

import asyncio
import hashlib
import json
import logging
import mimetypes
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chrislib.errors import ChrislibError
from chrislib.jobs.model import JobKey, ServiceIntent
from chrislib.jobs.protocols import FileRef, Marshaller, Payload

_log = logging.getLogger(__name__)

VALUES_LIMIT = 256 * 1024
"""Bytes of the small values of one payload; what is larger belongs into a file."""
_FILES = "files"
_VALUES = "values"


class NotMarshalled(ChrislibError):
    """What was chosen cannot be given to the service."""


def to_json(payload: Payload) -> dict[str, Any]:
    """Return a payload as plain data, small enough to be journaled.

    Raises
    ------
    NotMarshalled
        Its values are no JSON, or too large.
    """
    files = [
        {
            "path": file.path,
            "media_type": file.media_type,
            "size": file.size,
            "sha256": file.sha256,
        }
        for file in payload.files
    ]
    try:
        values = json.loads(json.dumps(dict(payload.values), allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise _refused("They are not plain values.") from error
    data = {_VALUES: values, _FILES: files}
    if len(json.dumps(data)) > VALUES_LIMIT:
        raise _refused("They are too large; large values belong into a file.")
    return data


def from_json(data: Mapping[str, Any]) -> Payload:
    """Return the payload `to_json` wrote; what is not understood is left out."""
    files = []
    listed = data.get(_FILES)
    for file in listed if isinstance(listed, list | tuple) else ():
        if not isinstance(file, Mapping) or not isinstance(file.get("path"), str):
            continue
        size = file.get("size")
        files.append(
            FileRef(
                file["path"],
                media_type=str(file.get("media_type", "")),
                size=size if isinstance(size, int) else None,
                sha256=str(file.get("sha256", "")),
            )
        )
    values = data.get(_VALUES, {})
    return Payload(values if isinstance(values, Mapping) else {}, tuple(files))


def payload_of(intent: ServiceIntent) -> Payload:
    """Return what an intent carries, for the plug-in that sends it."""
    return from_json(intent.payload)


class PlainMarshaller:
    """Takes mappings of plain values, files and folders: enough for most services."""

    def accepts(self, operation: str, subject: object) -> int:
        """Return 1 for what it can take."""
        del operation
        known = isinstance(subject, Payload | Mapping | Path)
        return int(known or _are_paths(subject))

    async def marshal(self, operation: str, subject: object) -> Payload:
        """Return the payload (disk: files are looked at, not read)."""
        del operation
        if isinstance(subject, Payload):
            return subject
        if isinstance(subject, Mapping):
            return Payload(values=dict(subject))
        paths = [subject] if isinstance(subject, Path) else list(subject)  # type: ignore[call-overload]
        return Payload(files=await asyncio.to_thread(_references, paths))


class Marshallers:
    """Finds who turns what a user chose into a payload.

    Parameters
    ----------
    registered : callable
        The marshallers of plug-ins by name; one named like a backend is asked for
        that backend only.
    """

    def __init__(self, registered: Any) -> None:
        self._registered = registered
        self._plain = PlainMarshaller()

    async def intent(
        self, backend: str, operation: str, *, subject: object, title: str = ""
    ) -> ServiceIntent:
        """Return the intent that gives `subject` to a service (disk).

        Raises
        ------
        NotMarshalled
            Nobody can turn it into something the service takes.
        """
        best, maker = 0, None
        candidates: dict[str, Marshaller] = {"": self._plain, **self._registered()}
        for name, candidate in candidates.items():
            try:
                score = int(candidate.accepts(operation, subject))
            except Exception:  # noqa: BLE001 - one plug-in must not hide the rest
                _log.warning("marshaller %s failed", name)
                continue
            score = score * 2 + (name == backend) if score > 0 else 0
            if score > best:
                best, maker = score, candidate
        if maker is None:
            raise _refused("Nothing here knows how to send it.")
        try:
            payload = await maker.marshal(operation, subject)
        except ChrislibError:
            raise
        except Exception as error:
            raise _refused(f"Preparing it failed ({type(error).__name__}).") from error
        return ServiceIntent(backend, operation, to_json(payload), title)


class Answers:
    """Results that came with the answer itself, until they are fetched.

    Parameters
    ----------
    folder : Path
        Made when the first answer comes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def keep(self, key: JobKey, payload: Payload) -> None:
        """Put an answer where a power cut does not reach it (disk).

        Raises
        ------
        OSError
            The disk refuses.
        NotMarshalled
            The answer is no payload.
        """
        data = to_json(payload)
        await asyncio.to_thread(self._write, key, data)

    async def get(self, key: JobKey) -> Payload | None:
        """Return the answer of a job, None when none was kept (disk)."""
        data = await asyncio.to_thread(self._read, key)
        return from_json(data) if data is not None else None

    async def forget(self, key: JobKey) -> None:
        """Delete the answer of a job (disk)."""
        await asyncio.to_thread(self._path(key).unlink, missing_ok=True)

    def _write(self, key: JobKey, data: Mapping[str, Any]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._path(key)
        temporary = path.with_suffix(".part")
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(data, file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)

    def _read(self, key: JobKey) -> dict[str, Any] | None:
        try:
            data = json.loads(self._path(key).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return data if isinstance(data, dict) else None

    def _path(self, key: JobKey) -> Path:
        # Keys are UUIDs of our own making; a digest keeps it so whatever comes.
        name = key if key.replace("-", "").isalnum() else _digest(key)
        return self._folder / f"{name}.json"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _are_paths(subject: object) -> bool:
    listed = isinstance(subject, list | tuple) and bool(subject)
    return listed and all(isinstance(one, Path) for one in subject)  # type: ignore[attr-defined]


def _references(paths: list[Path]) -> tuple[FileRef, ...]:
    found = []
    for path in paths:
        files = sorted(p for p in path.rglob("*") if p.is_file())
        for file in [path] if path.is_file() else files:
            kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            found.append(FileRef(str(file), kind, file.stat().st_size))
    if not found:
        raise _refused("There are no files in it.")
    return tuple(found)


def _refused(why: str) -> NotMarshalled:
    return NotMarshalled(
        "This cannot be given to the service.", f"{why} Nothing was sent."
    )
