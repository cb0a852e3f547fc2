"""Where the files of a download go on this computer, and what is there already."""

import asyncio
import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from chrislib.catalog.rows import ArtifactRow
from chrislib.jobs.outputs import local_names, saving

_log = logging.getLogger(__name__)


async def drop_parts(rows: Iterable[ArtifactRow]) -> None:
    """Take away what was begun of files that will not be gone on with (disk)."""
    paths = [Path(row.local_path) for row in rows if row.local_path]
    await asyncio.to_thread(_drop_parts, paths)


def _drop_parts(paths: list[Path]) -> None:
    for path in paths:
        try:
            local_names.part_of(path).unlink(missing_ok=True)
        except OSError as error:
            _log.info("a part could not be removed: %s", type(error).__name__)


def named(
    found: Iterable[tuple[ArtifactRow, str]], folder: Path
) -> tuple[list[tuple[ArtifactRow, Path]], set[str]]:
    """Return where files would go by their names on the server (disk).

    Parameters
    ----------
    found : iterable of tuple
        Files, with their paths below the chosen folder.

    Returns
    -------
    tuple
        The files with their paths here, and names that are not free for `placed`.
    """
    root = folder.resolve()
    wanted = []
    folders: set[tuple[str, ...]] = set()
    for row, relative in found:
        parts = local_names.fitting(root, local_names.legal_path(relative))
        wanted.append((row, root.joinpath(*parts)))
        folders.update(parts[:depth] for depth in range(1, len(parts)))
    # A file must not have the name of a folder that others go into.
    return wanted, {str(root.joinpath(*parts)).casefold() for parts in folders}


def placed(
    found: Sequence[tuple[ArtifactRow, Path]],
    taken: set[str],
    before: Mapping[str, ArtifactRow],
) -> list[ArtifactRow]:
    """Give files their local paths; those are done that we saved just there (disk).

    Parameters
    ----------
    taken : set of str
        Names that are not free, by `str.casefold`; more are added.
    before : mapping
        What was saved earlier, by its local path.
    """
    rows = []
    for row, target in found:
        known = before.get(str(target))
        if (
            known is not None
            and known.remote_path == row.remote_path
            and known.remote_id == row.remote_id
            and known.sha256
            and str(target).casefold() not in taken
            and _same_size(target, row.size)
            and saving.sha256_of(target) == known.sha256
        ):
            taken.add(str(target).casefold())
            rows.append(
                replace(
                    row,
                    local_path=str(target),
                    state="DONE",
                    sha256=known.sha256,
                    bytes_done=row.size or 0,
                )
            )
            continue
        free = local_names.claim_free(target, taken)
        rows.append(replace(row, local_path=str(free)))
    return rows


def checked(rows: Sequence[ArtifactRow]) -> list[ArtifactRow]:
    """Return rows as their local files show them: gone or short means again (disk).

    A name was free when it was chosen, so a whole file there is ours even if we were
    killed before that was noted.
    """
    found = []
    for row in rows:
        path = Path(row.local_path or "")
        if not row.local_path or not _same_size(path, row.size):
            kept = 0 if row.state == "DONE" else row.bytes_done
            found.append(replace(row, state="WAITING", bytes_done=kept))
        elif row.state == "DONE":
            found.append(row)
        else:
            # Killed between giving it its name and taking the part's name away.
            _drop_parts([path])
            digest = saving.sha256_of(path)
            done = replace(row, state="DONE", sha256=digest, bytes_done=row.size or 0)
            found.append(done)
    return found


def renamed(rows: Iterable[ArtifactRow], root: Path) -> list[tuple[str, str]]:
    """Return the files that are called otherwise here: as there, and as here.

    Parameters
    ----------
    root : Path
        The chosen folder, its links resolved.
    """
    found = []
    below = len(os.path.join(root, ""))
    for row in rows:
        if row.state != "DONE" or not row.local_path:
            continue
        # as text: paths of thousands of files take a while
        parts = row.local_path[below:].split(os.sep)
        there = row.remote_path.split("/")[-len(parts) :]
        kept = all(local_names.legal_name(part) == part for part in there[:-1])
        if parts[-1] != there[-1] or not kept:
            found.append(("/".join(there), "/".join(parts)))
    return found


def told(others: Sequence[tuple[str, str]]) -> str:
    """Say that files are called otherwise here, with an example."""
    if not others:
        return ""
    there, here = others[0]
    files = "1 file has" if len(others) == 1 else f"{len(others):,} files have"
    return (
        f"{files} another name here, because theirs was taken or cannot be used on "
        f"this disk: “{there}” is “{here}”."
    )


def _same_size(path: Path, size: int | None) -> bool:
    try:
        return path.is_file() and path.stat().st_size == size
    except OSError:
        return False
