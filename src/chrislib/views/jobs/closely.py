"""What is done with one job after a closer look: remove from the server, export."""

import asyncio
import json
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Any

from chrislib.errors import ChrislibError
from chrislib.jobs.model import Job
from chrislib.library.words import count as counted
from chrislib.views.context import ViewContext

Deed = Awaitable[Any]


async def purge(context: ViewContext, job: Job) -> None:
    """Delete a run on the server, once it was said what goes with it (network).

    Raises
    ------
    ChrislibError
        The server cannot say what would go, or does not take it.
    """
    results = context.jobs.results
    plan = await results.purge_plan(job.key)
    nodes = counted(plan.nodes, "node")
    words = "Their files are" if plan.nodes > 1 else "Its files are"
    text = f"{words} deleted on the server and cannot be brought back. "
    if plan.running:
        runs = "1 of them runs" if plan.running == 1 else f"{plan.running:,} run"
        text += f"{runs} now and is stopped. "
    text += "What was downloaded stays on this computer."
    sure = await context.dialogs.confirm(
        f"Remove {nodes} from the server?",
        text,
        action=f"Remove {nodes}",
        danger=True,
    )
    if sure:
        await results.purge(job.key, plan.token)


async def export(context: ViewContext, jobs: Sequence[Job]) -> None:
    """Write where jobs come from into a file of a chosen folder (disk).

    Raises
    ------
    ChrislibError
        The file cannot be written.
    """
    folder = await context.dialogs.open_folder(
        "Where shall the provenance go?", context.paths.downloads
    )
    if folder is None:
        return
    found = await context.jobs.results.provenance([job.key for job in jobs])
    try:
        path = await asyncio.to_thread(_write, folder, jobs, dict(found))
    except OSError as error:
        raise ChrislibError(
            "The provenance was not written.",
            f"{folder.name} does not take a file: {error.strerror or error}.",
            hint="Choose another folder.",
        ) from error
    context.messages.success(
        f"Provenance is in {path.name}.",
        "Names and texts that may name a patient are left out.",
    )


def _write(folder: Path, jobs: Sequence[Job], found: dict[str, Any]) -> Path:
    """Write JSON under a name that is free (disk)."""
    first = jobs[0]
    stem = "provenance"
    if len(jobs) == 1:
        number = first.remote_id if first.remote_id is not None else first.key[:8]
        stem = f"provenance-{first.kind.value}-{number}"
    path = folder / f"{stem}.json"
    count = 1
    while path.exists():
        count += 1
        path = folder / f"{stem}-{count}.json"
    text = json.dumps(found, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
    return path
