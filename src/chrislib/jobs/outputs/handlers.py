"""The result handler for everything: files in a folder, nothing ever overwritten."""

import asyncio
import logging
import os
import re
from dataclasses import replace as changed
from pathlib import Path

from chrislib.catalog.jobs import JobTable
from chrislib.jobs.model import Job
from chrislib.jobs.outputs import saving
from chrislib.jobs.outputs.fingerprint import StateFingerprint
from chrislib.jobs.outputs.local_names import split
from chrislib.jobs.protocols import FetchedFile, FetchedSet, MergeOutcome

_log = logging.getLogger(__name__)
_NUMBER = re.compile(r" \(\d+\)$")


class SaveFiles:
    """Leaves fetched files where they were saved; offered when no plug-in fits.

    Asked to replace, it puts a file in the place of the one an earlier Get saved
    there, unless that one was changed since: then both stay.
    """

    def __init__(self, table: JobTable) -> None:
        self._table = table

    def accepts(self, _job: Job) -> int:
        """Return the lowest priority there is."""
        return 1

    async def apply(
        self,
        _job: Job,
        files: FetchedSet,
        _base: StateFingerprint | None,
        *,
        replace: bool = False,
    ) -> MergeOutcome:
        """Keep the files beside earlier ones, or in their place (disk)."""
        if not replace:
            return MergeOutcome(merged=False)
        replaced = kept = 0
        for file in files.files:
            earlier = _earlier(file.path)
            if earlier is None:
                continue
            if await self._replaced(file, earlier):
                replaced += 1
            else:
                kept += 1
        words = f"{replaced:,} earlier files were replaced."
        if kept:
            words += f" {kept:,} were changed since and stay beside the new ones."
        return MergeOutcome(merged=True, detail=words)

    async def _replaced(self, file: FetchedFile, earlier: Path) -> bool:
        before = await self._table.artifact_at(str(earlier))
        if before is None or not before.sha256:
            return False
        if await asyncio.to_thread(_digest, earlier) != before.sha256:
            return False
        now = await self._table.artifact_at(str(file.path))
        await asyncio.to_thread(os.replace, file.path, earlier)
        if now is not None:
            await self._table.save_artifacts([changed(now, local_path=str(earlier))])
        return True


def _earlier(path: Path) -> Path | None:
    """Return where the file would be, had its name been free; None if it was."""
    stem, suffix = split(path.name)
    shorter = _NUMBER.sub("", stem)
    if shorter == stem or not shorter:
        return None
    found = path.with_name(shorter + suffix)
    return found if found.is_file() and not found.is_symlink() else None


def _digest(path: Path) -> str:
    try:
        return saving.sha256_of(path)
    except OSError:
        return ""
