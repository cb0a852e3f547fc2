"""What the file browser of a CUBE lists, as plain data."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from chrislib.cube.types import StoragePath

ThingKind = Literal["folder", "file", "link"]
Right = Literal["r", "w"]
Part = Literal["children", "files", "linkfiles"]
PARTS: tuple[Part, ...] = ("children", "linkfiles", "files")
"""The three lists of a folder, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Thing:
    """A folder, file or link file of ``filebrowser/``.

    Attributes
    ----------
    size : int or None
        Bytes of a file; None for folders and links.
    target : str
        What a link stands for, else "".
    target_kind : {"", "folder", "file"}
        What the target is; "" when it is gone (and for what is no link).
    target_id : int or None
        Id of the target. It may be set for what is not open to us (cube-api.md §10).
    deleting : bool
        A folder that the server has noted for deletion (trap 20).
    deletion_error : str
        Why the last deletion of a folder failed, "" when none did.
    """

    kind: ThingKind
    id: int
    path: StoragePath
    owner: str
    public: bool
    created: datetime | None
    size: int | None = None
    target: str = ""
    target_kind: Literal["", "folder", "file"] = ""
    target_id: int | None = None
    deleting: bool = False
    deletion_error: str = ""

    @property
    def name(self) -> str:
        """Last part of the path. Server text: no local path, no markup."""
        return self.path.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class Grant:
    """One row of ``…/userpermissions/`` or ``…/grouppermissions/``."""

    id: int
    name: str
    """User or group."""
    is_group: bool
    right: Right
