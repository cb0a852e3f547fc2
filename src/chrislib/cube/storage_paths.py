"""Rules for paths in a CUBE's storage. Pure text, no I/O."""

import re

from chrislib.cube.errors import Refused
from chrislib.cube.types import StoragePath

LONGEST = 1024
"""Longest ``upload_path`` CUBE takes, in characters."""


def storage_path(text: str) -> StoragePath:
    """Return a path read from the server or a row of ours, without outer slashes."""
    return StoragePath(text.strip("/"))


def upload_path(text: str) -> StoragePath:
    """Check a path before anything is stored under it.

    The server answers 500 to ``..`` and leaves a bogus folder behind (trap 16), and
    it refuses commas; so such a path is never sent.

    Raises
    ------
    Refused
        The path cannot be used; `fields` has ``upload_path``.
    """
    reason = _reason_against(text)
    if reason:
        raise Refused(
            "This name cannot be used on the server.",
            "Nothing was sent.",
            hint=reason,
            fields={"upload_path": reason},
        )
    return StoragePath(text)


def usable_name(name: str) -> str:
    """Return `name` changed as little as needed to be one part of a storage path."""
    kept = "".join(
        "_" if char in ",/\\" or not char.isprintable() else char for char in name
    ).strip()
    if kept.strip(".") == "":
        kept = kept.replace(".", "_")
    if kept.endswith(".chrislink"):
        kept += "_"
    return kept or "_"


def path_as_stored(path: str) -> StoragePath:
    """Return where a server puts an upload to `path` when the place is free.

    It cleans the file's name and leaves those of its folders alone (trap 15). So an
    upload whose answer was lost can be found again.
    """
    folder, slash, name = path.rpartition("/")
    cleaned = re.sub(r"[^-\w.]", "", name.strip().replace(" ", "_"))
    return StoragePath(folder + slash + cleaned)


def _reason_against(text: str) -> str:
    parts = text.split("/")
    if not text or "" in parts:
        return "Give a path without a slash at either end and no empty part."
    if any(part in (".", "..") for part in parts):
        return 'A path must not contain "." or "..".'
    if "," in text:
        return "A path must not contain a comma."
    if not all(char.isprintable() for char in text):
        return "A path must not contain control characters."
    if len(text) > LONGEST:
        return f"A path may have {LONGEST} characters at most."
    if text.endswith(".chrislink"):
        return 'A name must not end in ".chrislink".'
    return ""
