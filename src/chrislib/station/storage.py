"""What a program is given to read, and what becomes of what it wrote.

Failures carry the error code that a CUBE gives them.
"""

import errno
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chrislib.station.access import PathError, input_path
from chrislib.station.auth import User, as_user
from chrislib.station.context import StationContext
from chrislib.station.store import Row, Store
from chrislib.station.tree import below

_DEPTH = 16


class RunFailed(Exception):
    """A run that the station gives up; carries the code and a line for the log."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Source:
    """One stored file and where it belongs below an input folder."""

    file: Row
    relative: str


def owner_of(store: Store, instance: Row) -> User:
    """Return the owner of an instance."""
    row = store.row("SELECT * FROM users WHERE id = ?", instance["owner_id"])
    assert row is not None
    return as_user(row)


def sources_below(
    context: StationContext,
    path: str,
    *,
    owner: User,
    output: str,
    _relative: str = "",
    _seen: frozenset[str] = frozenset(),
) -> Iterator[Source]:
    """Yield all files below `path`, link files followed (reads the database).

    What a link file points to appears where the link file is, in a folder named
    after the target with ``/`` as ``_``.

    Raises
    ------
    RunFailed
        CODE17 when a link leads to the run's own output or to what the owner may
        not read.
    """
    if path in _seen or len(_seen) > _DEPTH:
        return
    seen = _seen | {path}
    store = context.store
    ends = below(path)
    for row in store.rows(
        "SELECT * FROM files WHERE fname >= ? AND fname < ? ORDER BY fname", *ends
    ):
        yield Source(row, _relative + row["fname"][len(path) + 1 :])
    for link in store.rows(
        "SELECT * FROM linkfiles WHERE fname >= ? AND fname < ? ORDER BY fname", *ends
    ):
        target = str(link["path"]).rstrip("/")
        at = link["fname"][len(path) + 1 :].rpartition("/")[0]
        place = f"{_relative}{at}/" if at else _relative
        _allow(context, target, owner=owner, output=output)
        file = store.row("SELECT * FROM files WHERE fname = ?", target)
        name = target.replace("/", "_")
        if file is not None:
            yield Source(file, place + name)
            continue
        yield from sources_below(
            context,
            target,
            owner=owner,
            output=output,
            _relative=f"{place}{name}/",
            _seen=seen,
        )


def _allow(context: StationContext, target: str, *, owner: User, output: str) -> None:
    if f"{output}/".startswith(f"{target}/"):
        text = f"Found invalid input path {target}, which holds the output"
        raise RunFailed("CODE17", text)
    try:
        input_path(context.store, owner, target)
    except PathError as error:
        raise RunFailed("CODE17", str(error)) from None


def copy_inputs(
    context: StationContext, sources: Iterator[Source], folder: Path
) -> int:
    """Copy stored files into an input folder on disk; return how many.

    Raises
    ------
    RunFailed
        CODE07 when the disk is full, CODE08 when a stored file cannot be read.
    """
    count = 0
    for source in sources:
        target = folder / safe_relative(source.relative)
        size = int(source.file["fsize"])
        try:
            if context.disk.limited:
                context.disk.charge(size)
                context.disk.release(size)  # inputs are taken away after the run
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(context.disk.locate(source.file["disk"]), target)
        except OSError as error:
            raise _failed(error, "CODE08", "an input file could not be read") from error
        count += 1
    return count


def safe_relative(relative: str) -> Path:
    """Return a stored name as a path of this system, never leaving its folder."""
    parts = [part for part in relative.split("/") if part not in ("", ".", "..")]
    if os.name == "nt":
        parts = [re.sub(r'[<>:"|?*\\\x00-\x1f]', "_", p).rstrip(". ") for p in parts]
    return Path(*parts)


def _failed(error: OSError, code: str, text: str) -> RunFailed:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return RunFailed("CODE07", "No space left on the disk of the station")
    return RunFailed(code, f"{text}: {error.strerror}")


def keep_outputs(context: StationContext, instance: Row, folder: Path) -> int:
    """Enter what a program left in its output folder; return the bytes.

    The storage gets a second name of each file, then the rows follow in one
    transaction; the output folder goes with the folder of the run. A station that is
    killed in between finds everything as it was and begins anew.

    Raises
    ------
    RunFailed
        CODE07 when the disk is full.
    """
    store, disk = context.store, context.disk
    owner = owner_of(store, instance).username
    found = [
        (path, f"{instance['output_path']}/{name}", path.stat().st_size)
        for path, name in _written(folder)
    ]
    known = "SELECT 1 FROM files WHERE fname = ?"
    fresh = [one for one in found if store.value(known, one[1]) is None]
    charged = 0
    made: list[Path] = []
    try:
        for _path, _name, size in fresh:
            disk.charge(size)
            charged += size
        with store.transaction():
            for path, name, size in fresh:
                blob = disk.blob()
                made.append(blob)
                _second_name(path, blob)
                store.register_file(name, size, disk.name_of(blob), owner=owner)
    except BaseException as error:
        for blob in made:
            blob.unlink(missing_ok=True)
        disk.release(charged)
        if isinstance(error, OSError):
            raise _failed(error, "CODE07", "outputs could not be stored") from error
        raise
    return sum(size for _path, _name, size in found)


def _second_name(path: Path, blob: Path) -> None:
    try:
        os.link(path, blob)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        shutil.copyfile(path, blob)  # this file system has no second names


def _written(folder: Path) -> Iterator[tuple[Path, str]]:
    for parent, _folders, names in os.walk(folder):
        for name in sorted(names):
            path = Path(parent, name)
            # What a link points to may be anything of this computer: not taken.
            if path.is_symlink() or not path.is_file():
                continue
            relative = os.fsencode(path.relative_to(folder).as_posix())
            yield path, relative.decode("utf-8", "replace")


def make_links(context: StationContext, instance: Row, paths: list[str]) -> int:
    """Enter a link file for each path in the output; return their bytes.

    Raises
    ------
    RunFailed
        CODE17 for a path that may not be linked to.
    """
    owner = owner_of(context.store, instance)
    output, total = instance["output_path"], 0
    with context.store.transaction():
        for path in paths:
            total += link(context, path, folder=output, owner=owner, output=output)
    return total


def link(
    context: StationContext, path: str, *, folder: str, owner: User, output: str
) -> int:
    """Enter one link file to `path` in `folder`, if it is not there; return bytes."""
    target = path.rstrip("/")
    _allow(context, target, owner=owner, output=output)
    name = f"{folder}/{target.replace('/', '_')}.chrislink"
    if context.store.value("SELECT 1 FROM linkfiles WHERE fname = ?", name) is None:
        context.store.register_link(name, target, owner=owner.username)
    return len(target.encode())


def gather(context: StationContext, instance: Row) -> int:
    """Copy and link what a ts plugin asks for from several parents; return bytes.

    Raises
    ------
    RunFailed
        CODE05 when a parent is gone, CODE09 when a copy fails, CODE17 as above.
    """
    asked = values_of(context.store, instance)
    idents = [part for part in str(asked.get("plugininstances", "")).split(",") if part]
    filters = str(asked.get("filter", "")).split(",")
    grouped = bool(asked.get("groupByInstance", False))
    output, total = instance["output_path"], 0
    for position, ident in enumerate(idents):
        parent = context.store.row("SELECT * FROM instances WHERE id = ?", int(ident))
        if parent is None:
            raise RunFailed("CODE05", f"Plugin instance {ident} is not there any more")
        pattern = filters[position] if position < len(filters) else ""
        try:
            wanted = re.compile(pattern)
        except re.error as error:
            text = f"The filter {pattern!r} is no regular expression: {error}"
            raise RunFailed("CODE09", text) from None
        place = f"{output}/{ident}" if grouped else output
        total += _gather_one(context, instance, parent, wanted=wanted, place=place)
    return total


def _gather_one(
    context: StationContext,
    instance: Row,
    parent: Row,
    *,
    wanted: re.Pattern[str],
    place: str,
) -> int:
    store, start, total = context.store, parent["output_path"], 0
    owner, output = owner_of(store, instance), instance["output_path"]
    with store.transaction():
        for row in store.rows(
            "SELECT * FROM linkfiles WHERE fname >= ? AND fname < ?", *below(start)
        ):
            if not wanted.search(row["fname"]):
                continue
            inside = row["fname"][len(start) + 1 :].rpartition("/")[0]
            folder = f"{place}/{inside}" if inside else place
            total += link(
                context, row["path"], folder=folder, owner=owner, output=output
            )
    for source in sources_below(context, start, owner=owner, output=output):
        name = source.file["fname"]
        if not wanted.search(name):
            continue
        inside = name[len(start) + 1 :] if name.startswith(f"{start}/") else name
        total += _copy(context, source.file, f"{place}/{inside}", owner=owner)
    return total


def _copy(context: StationContext, file: Row, path: str, *, owner: User) -> int:
    if context.store.value("SELECT 1 FROM files WHERE fname = ?", path):
        return 0
    size = int(file["fsize"])
    blob = context.disk.blob()
    try:
        context.disk.charge(size)
        shutil.copyfile(context.disk.locate(file["disk"]), blob)
    except OSError as error:
        blob.unlink(missing_ok=True)
        raise _failed(error, "CODE09", "a file could not be copied") from error
    name = context.disk.name_of(blob)
    context.store.register_file(path, size, name, owner=owner.username)
    return size


def values_of(store: Store, instance: Row) -> dict[str, object]:
    """Return the parameters an instance was given, by name."""
    found = store.rows(
        "SELECT q.name, v.value_json FROM instance_values v "
        "JOIN parameters q ON q.id = v.parameter_id WHERE v.instance_id = ?",
        instance["id"],
    )
    return {row["name"]: json.loads(row["value_json"]) for row in found}
