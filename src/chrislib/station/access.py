"""Who may see and change what is in the storage tree."""

from chrislib.station import sharing
from chrislib.station.auth import Doorman, User
from chrislib.station.store import Row, Store

_TOP = frozenset({"", "home", "SHARED", "SERVICES", "PUBLIC", "PIPELINES"})
_PACS = "SERVICES/PACS"


class PathError(Exception):
    """A path a plugin may not be given; the words of the API."""


def path_of(row: Row) -> str:
    """Return the storage path of a folder, file or link file."""
    return str(row["fname"] if "fname" in row.keys() else row["path"])  # noqa: SIM118


def may_read(store: Store, user: User | None, row: Row) -> bool:
    """Return whether `user` may read a folder, file or link file."""
    if row["public"]:
        return True
    if user is None:
        return False
    if user.is_admin or row["owner_id"] == user.id:
        return True
    path = path_of(row)
    if path == _PACS or path.startswith(_PACS + "/"):
        return Doorman(store).may_use_pacs(user)
    return path in _TOP or sharing.is_granted(store, user, row)


def may_write(store: Store, user: User, row: Row) -> bool:
    """Return whether `user` may change a folder, file or link file."""
    mine = user.is_admin or bool(row["owner_id"] == user.id)
    return mine or sharing.is_granted(store, user, row, right="w")


def may_fill(store: Store, user: User, row: Row) -> bool:
    """Return whether `user` may put something into a folder: public ones, too."""
    return bool(row["public"]) or may_write(store, user, row)


def input_path(store: Store, user: User, path: str) -> str:
    """Return `path` as it is kept, if a plugin of `user` may be given it.

    Raises
    ------
    PathError
        Why not, in the words of the API.
    """
    path = path.strip().strip("/")
    parts = path.split("/")
    field = "This field may not reference"
    if len(parts) < 2:
        raise PathError(f"{field} a top-level folder path '{path}'.")
    if parts[0] not in ("home", "SERVICES", "PIPELINES"):
        raise PathError(f"{field} an invalid path '{path}'.")
    if parts[0] == "home" and len(parts) == 2:
        raise PathError(f"{field} a home folder path '{path}'.")
    if parts[0] == "home" and len(parts) == 3 and parts[2] == "feeds":
        raise PathError(f"{field} a home's feeds folder path '{path}'.")
    row = find(store, path)
    if row is None:
        raise PathError(f"{field} an invalid path '{path}'.")
    if not may_read(store, user, row):
        raise PathError(f"User does not have permission to access path '{path}'.")
    return path


def find(store: Store, path: str) -> Row | None:
    """Return the folder, file or link file at `path` (reads the database)."""
    for table, column in (
        ("folders", "path"),
        ("files", "fname"),
        ("linkfiles", "fname"),
    ):
        row = store.row(f"SELECT * FROM {table} WHERE {column} = ?", path)
        if row is not None:
            return row
    return None
