"""Speaks to a textworks service for chrislib: by tokens, or for an answer at once.

Everything a service outside chrislib needs: two backends, a marshaller that turns
texts and files into what the service takes, and a handler for its results. chrislib
keeps tokens, repeats looks, saves files and tells the user; this only talks.
"""

import asyncio
import hashlib
import http.client
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from chrislib.jobs.extensions import PluginContext
from chrislib.jobs.marshal import payload_of
from chrislib.jobs.model import Job, Phase, ServiceIntent
from chrislib.jobs.protocols import (
    Artifact,
    CredentialsNeeded,
    FetchedSet,
    FileRef,
    JobStatus,
    Manner,
    MergeOutcome,
    Order,
    Payload,
    Place,
    PurgeTicket,
    ServiceRefused,
    ServiceUnreachable,
    UnknownToken,
)

PHASES = {
    "queued": Phase.QUEUED,
    "running": Phase.RUNNING,
    "done": Phase.FINISHED,
    "failed": Phase.FAILED,
    "stopped": Phase.CANCELLED,
}
BLOCK = 65536


class Wire:
    """Requests to the service; each blocks a thread of its own."""

    def __init__(self, context: PluginContext) -> None:
        self.address = context.options.get("url", "")
        self.user = context.options.get("user", "")
        self._context = context

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        """Return the answer's JSON (network)."""
        data = None if body is None else json.dumps(body).encode()
        status, content = await self.send(method, path, data)
        answer = json.loads(content) if content else {}
        said = str(answer.get("error", "")) if status >= 400 else ""
        if status == 401:
            raise CredentialsNeeded("The text service does not know you.", said)
        if status == 404:
            raise UnknownToken("The text service has no such job.", said)
        if status >= 500:
            raise ServiceUnreachable("The text service failed.", said)
        if status >= 400:
            fields = {k: str(v) for k, v in answer.items() if k != "error"}
            raise ServiceRefused("The text service refused.", said, fields=fields)
        return answer

    async def send(
        self, method: str, path: str, data: bytes | Path | None
    ) -> tuple[int, bytes]:
        """Return status and content of an answer (network)."""
        secret = await self._context.secret(f"{self.address}|{self.user}")
        headers = {"Authorization": f"Bearer {secret or ''}"}
        return await asyncio.to_thread(self._send, method, path, data, headers)

    def _send(
        self,
        method: str,
        path: str,
        data: bytes | Path | None,
        headers: dict[str, str],
    ) -> tuple[int, bytes]:
        parts = urlsplit(self.address)
        connection = http.client.HTTPConnection(
            parts.hostname or "", parts.port, timeout=20
        )
        try:
            try:
                connection.connect()
            except OSError as error:
                raise ServiceUnreachable(
                    "The text service is not reached.", str(error), sent=False
                ) from error
            try:
                if isinstance(data, Path):
                    headers["Content-Length"] = str(data.stat().st_size)
                    with data.open("rb") as file:
                        connection.request(method, path, file, headers)
                else:
                    connection.request(method, path, data, headers)
                answer = connection.getresponse()
                return answer.status, answer.read()
            except (OSError, http.client.HTTPException) as error:
                raise ServiceUnreachable(
                    "The text service broke off.", type(error).__name__
                ) from error
        finally:
            connection.close()


class TextBackend:
    """What both manners share."""

    def __init__(self, name: str, context: PluginContext) -> None:
        self.name = name
        self.wire = Wire(context)

    @property
    def place(self) -> Place:
        """Where the service is."""
        return Place(self.wire.address, self.wire.user)

    @property
    def manner(self) -> Manner:
        """Takes many tokens in one question."""
        return Manner(batch=50, at_once=4, timeout=25.0, answer_timeout=60.0)

    async def body(self, order: Order) -> dict[str, Any]:
        """Return the body of a submission, its files sent before (network)."""
        intent = order.intent
        if not isinstance(intent, ServiceIntent):
            raise ServiceRefused("This is no job for the text service.")
        payload = payload_of(intent)
        digests = [await self._sent(file) for file in payload.files]
        return {
            "operation": intent.operation,
            "title": intent.title,
            "values": dict(payload.values),
            "files": digests,
        }

    async def _sent(self, file: FileRef) -> str:
        path = Path(file.path)
        digest = await asyncio.to_thread(_digest, path)
        status, _ = await self.wire.send("PUT", f"/files/{digest}", path)
        if status != 201:
            raise ServiceRefused("The text service did not take a file.")
        return digest


class TokenStyle(TextBackend):
    """Submits for a token and asks for what became of it."""

    async def submit(self, order: Order) -> JobStatus:
        """Hand a job over (network)."""
        body = await self.body(order)
        answer = await self.wire.ask("POST", "/jobs", {**body, "reference": order.key})
        return JobStatus(answer["token"], Phase.SUBMITTED, "queued", key=order.key)

    async def observe(self, tokens: Sequence[str]) -> Mapping[str, JobStatus | None]:
        """Ask for many at once (network)."""
        answer = await self.wire.ask("POST", "/status", {"tokens": list(tokens)})
        found = {row["token"]: _status(row) for row in answer}
        return {token: found.get(token) for token in tokens}

    async def list_jobs(self) -> AsyncIterator[JobStatus]:
        """Return the user's queue (network)."""
        for row in await self.wire.ask("GET", "/jobs"):
            yield _status(row)

    async def cancel(self, token: str) -> Sequence[str]:
        """Stop a job (network)."""
        await self.wire.ask("POST", f"/jobs/{token}/stop", {})
        return [token]

    async def purge(self, token: str) -> PurgeTicket:
        """Delete a job there (network)."""
        await self.wire.ask("DELETE", f"/jobs/{token}")
        return PurgeTicket(done=True)

    async def artifacts(self, token: str) -> AsyncIterator[Artifact]:
        """Return the result's files (network)."""
        for row in await self.wire.ask("GET", f"/jobs/{token}/results"):
            yield Artifact(row["name"], row["size"], row["sha256"])

    async def read(self, token: str, artifact: Artifact) -> AsyncIterator[bytes]:
        """Return a file (network)."""
        path = f"/jobs/{token}/results/{artifact.path}"
        status, content = await self.wire.send("GET", path, None)
        if status != 200:
            raise UnknownToken("The text service has no such file.")
        for start in range(0, len(content), BLOCK):
            yield content[start : start + BLOCK]

    async def log(self, token: str) -> str:
        """Return what the job printed (network)."""
        _, content = await self.wire.send("GET", f"/jobs/{token}/log", None)
        return content.decode("utf-8", errors="replace")


class AtOnce(TextBackend):
    """Waits for the answer; the service keeps nothing of it."""

    async def submit(self, order: Order) -> JobStatus:
        """Hand a job over and return with its result (network)."""
        body = await self.body(order)
        answer = await self.wire.ask("POST", "/jobs", {**body, "at_once": True})
        return JobStatus(
            "", Phase.FINISHED, "done", result=Payload(values=answer["result"])
        )


class TextMarshaller:
    """Takes a text as it is, and files by reference."""

    def __init__(self, context: PluginContext) -> None:
        del context

    def accepts(self, operation: str, subject: object) -> int:
        """Return how well it can."""
        return 5 if operation == "measure" and isinstance(subject, str) else 0

    async def marshal(self, operation: str, subject: object) -> Payload:
        """Return the payload."""
        del operation
        return Payload(values={"text": str(subject)})


class ReportHandler:
    """Checks that a report came and says what is in it."""

    def __init__(self, context: PluginContext) -> None:
        del context

    def accepts(self, job: Job) -> int:
        """Return its priority for jobs of the two backends."""
        return 10 if job.backend.startswith("textworks") else 0

    async def apply(
        self, job: Job, files: FetchedSet, base: object, *, replace: bool = False
    ) -> MergeOutcome:
        """Read the report (disk)."""
        del job, base, replace
        report = next(f for f in files.files if f.path.suffix == ".json")
        known = json.loads(await asyncio.to_thread(report.path.read_text))
        return MergeOutcome(True, f"{len(known['words'])} different words.")


def token_style(context: PluginContext) -> TokenStyle:
    """Return the backend that works by tokens."""
    return TokenStyle("textworks", context)


def at_once(context: PluginContext) -> AtOnce:
    """Return the backend that waits."""
    return AtOnce("textworks-now", context)


def _status(row: Mapping[str, Any]) -> JobStatus:
    status = str(row["status"])
    return JobStatus(
        token=str(row["token"]),
        phase=PHASES.get(status, Phase.UNKNOWN),
        status=status,
        detail=str(row["detail"]),
        title=str(row["title"]),
        key=str(row["reference"]),
        submitted_at=float(row["submitted"]),
    )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
