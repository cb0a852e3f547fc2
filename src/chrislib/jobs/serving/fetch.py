"""Saves the result of a service's job: checked, whole, never outside the folder."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from chrislib.errors import ChrislibError
from chrislib.jobs.clock import Clock
from chrislib.jobs.model import Job, Progress
from chrislib.jobs.outputs.local_names import claim_free, fitting, inside, legal_path
from chrislib.jobs.outputs.saving import check_space, save, sha256_of
from chrislib.jobs.protocols import (
    Artifact,
    Backend,
    FetchedFile,
    FetchedSet,
    Payload,
    ResultFetcher,
)
from chrislib.jobs.serving.calls import PluginFault, gathered, guarded

_BLOCK = 1024 * 1024
_VALUES = "result.json"

Read = Callable[[Artifact], AsyncIterator[bytes]]


async def fetch_result(
    job: Job,
    folder: Path,
    *,
    backend: object,
    answer: Payload | None,
    clock: Clock,
    moved: Callable[[Progress], None],
) -> FetchedSet:
    """Save every file of a result (network, disk).

    Files that were saved before an error stay, each of them whole.

    Parameters
    ----------
    answer : Payload or None
        A result that came with the answer; the service is not asked then.
    moved : callable
        Gets how far it is.

    Raises
    ------
    ChrislibError
        The service does not hand it out, or this disk does not take it.
    """
    name = job.backend
    try:
        if answer is not None:
            artifacts, read = _of_answer(answer)
        elif isinstance(backend, ResultFetcher):
            limit = backend.manner.timeout if isinstance(backend, Backend) else 30.0
            artifacts = await guarded(
                _listed(backend, job.token), clock=clock, limit=limit, name=name
            )
            read = _reader(backend, job.token, clock=clock, limit=limit)
        else:
            raise ChrislibError(
                "This service hands no files out.", "There is nothing to save."
            )
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        return await _save_all(artifacts, folder, read=read, moved=moved)
    except PluginFault as fault:
        raise ChrislibError(
            f"The plug-in {name} does not work.",
            f"{fault}. The result is still with the service.",
            hint="Update the plug-in, then get it again.",
        ) from fault
    except OSError as error:
        raise ChrislibError(
            "This computer's disk refused.",
            f"{error.strerror or type(error).__name__}. The result is kept.",
            hint="Check the folder and its free space, then get it again.",
            retryable=True,
        ) from error


async def _save_all(
    artifacts: list[Artifact],
    folder: Path,
    *,
    read: Read,
    moved: Callable[[Progress], None],
) -> FetchedSet:
    total = sum(artifact.size or 0 for artifact in artifacts)
    await asyncio.to_thread(check_space, folder, total)
    taken: set[str] = set()
    files: list[FetchedFile] = []
    done = 0
    for number, artifact in enumerate(artifacts):
        before = done

        def told(count: int, before: int = before, number: int = number) -> None:
            bytes_total = total if total else None
            moved(
                Progress(number, len(artifacts), "files", before + count, bytes_total)
            )

        file = await _save_one(artifact, folder, taken=taken, read=read, moved=told)
        files.append(file)
        done += file.size
    moved(Progress(len(artifacts), len(artifacts), "files", done, total or None))
    return FetchedSet(folder, tuple(files))


async def _save_one(
    artifact: Artifact,
    folder: Path,
    *,
    taken: set[str],
    read: Read,
    moved: Callable[[int], None],
) -> FetchedFile:
    parts = fitting(folder, legal_path(artifact.path))
    wanted = inside(folder, parts)
    await asyncio.to_thread(wanted.parent.mkdir, parents=True, exist_ok=True)
    wanted = inside(folder, parts)
    if await asyncio.to_thread(_is_there, wanted, artifact.sha256):
        # An earlier attempt got so far.
        taken.add(str(wanted).casefold())
        size = wanted.stat().st_size
        return FetchedFile(wanted, artifact.path, size, artifact.sha256)
    target = claim_free(wanted, taken)

    @asynccontextmanager
    async def opened(
        _start: int,
    ) -> AsyncGenerator[tuple[int, AsyncIterator[bytes]]]:
        yield 0, read(artifact)

    saved = await save(opened, target, size=artifact.size, moved=moved)
    if artifact.sha256 and saved.sha256 != artifact.sha256:
        await asyncio.to_thread(saved.path.unlink)
        raise ChrislibError(
            "A file arrived damaged.",
            "Its checksum is not the one the service named. It was not saved.",
            hint="Get it again.",
            retryable=True,
        )
    return FetchedFile(saved.path, artifact.path, saved.size, saved.sha256)


def _is_there(path: Path, sha256: str) -> bool:
    if not sha256:
        return False
    try:
        return path.is_file() and sha256_of(path) == sha256
    except OSError:
        return False


async def _listed(backend: ResultFetcher, token: str) -> list[Artifact]:
    found = await gathered(backend.artifacts(token))
    for artifact in found:
        if not isinstance(artifact, Artifact) or not isinstance(artifact.path, str):
            raise PluginFault(f"it listed {type(artifact).__name__} as a file")
    return found


def _reader(backend: ResultFetcher, token: str, *, clock: Clock, limit: float) -> Read:
    async def read(artifact: Artifact) -> AsyncIterator[bytes]:
        blocks = backend.read(token, artifact)
        while True:
            block = await guarded(
                _next(blocks), clock=clock, limit=limit, name="read a result"
            )
            if block is None:
                return
            yield block

    return read


async def _next(blocks: AsyncIterator[bytes]) -> bytes | None:
    block = await anext(blocks, None)
    if block is not None and not isinstance(block, bytes):
        raise PluginFault(f"it read {type(block).__name__}")
    return block


def _of_answer(answer: Payload) -> tuple[list[Artifact], Read]:
    """Return the files of a result that came with the answer, and how to read them."""
    values = json.dumps(dict(answer.values), ensure_ascii=False, indent=2).encode()
    places: dict[str, Path] = {}
    artifacts = []
    for number, file in enumerate(answer.files):
        path = Path(file.path)
        name = path.name if path.name not in places else f"{number}-{path.name}"
        places[name] = path
        artifacts.append(Artifact(name, file.size, file.sha256))
    if answer.values or not artifacts:
        artifacts.append(Artifact(_VALUES, len(values)))

    async def read(artifact: Artifact) -> AsyncIterator[bytes]:
        path = places.get(artifact.path)
        if path is None:
            yield values
            return
        with await asyncio.to_thread(path.open, "rb") as source:
            while block := await asyncio.to_thread(source.read, _BLOCK):
                yield block

    return artifacts, read
