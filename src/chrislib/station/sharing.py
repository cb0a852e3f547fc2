"""Who else may see or change what is in the storage tree.

A permission on a folder is written to everything below it, as on a CUBE: what is
asked for one file is then one row. Links in ``SHARED`` and ``PUBLIC`` lead others to
what was opened to them.
"""

from chrislib.station.auth import User
from chrislib.station.context import ADMIN
from chrislib.station.store import Row, Store
from chrislib.station.tree import below

TABLES = """
CREATE TABLE IF NOT EXISTS permissions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('folder', 'file', 'link')),
    thing_id INTEGER NOT NULL,
    user_id INTEGER REFERENCES users(id) ON DELETE CASCADE,
    group_id INTEGER REFERENCES groups(id) ON DELETE CASCADE,
    permission TEXT NOT NULL,
    UNIQUE (kind, thing_id, user_id),
    UNIQUE (kind, thing_id, group_id)
);
CREATE TRIGGER IF NOT EXISTS folder_permissions AFTER DELETE ON folders BEGIN
    DELETE FROM permissions WHERE kind = 'folder' AND thing_id = old.id;
END;
CREATE TRIGGER IF NOT EXISTS file_permissions AFTER DELETE ON files BEGIN
    DELETE FROM permissions WHERE kind = 'file' AND thing_id = old.id;
END;
CREATE TRIGGER IF NOT EXISTS link_permissions AFTER DELETE ON linkfiles BEGIN
    DELETE FROM permissions WHERE kind = 'link' AND thing_id = old.id;
END;
"""
KIND_TABLES = {"folder": "folders", "file": "files", "link": "linkfiles"}
PATHS = {"folder": "path", "file": "fname", "link": "fname"}

_MINE = (
    "(p.user_id = ? OR p.group_id IN "
    "(SELECT group_id FROM memberships WHERE user_id = ?))"
)


def kind_of(row: Row) -> str:
    """Return "folder", "file" or "link"."""
    keys = row.keys()
    if "fname" not in keys:
        return "folder"
    return "file" if "disk" in keys else "link"


def is_granted(store: Store, user: User, row: Row, *, right: str = "") -> bool:
    """Return whether `user` was given a permission (reads the database)."""
    query = (
        "SELECT 1 FROM permissions p WHERE p.kind = ? AND p.thing_id = ? "
        f"AND {_MINE} AND (? = '' OR p.permission = ?)"
    )
    values = (kind_of(row), row["id"], user.id, user.id, right, right)
    return store.value(query, *values) is not None


def visible(kind: str, user: User | None, *, pacs: bool) -> tuple[str, list[object]]:
    """Return the condition on rows ``x`` that `user` finds in lists, and its values.

    Parameters
    ----------
    pacs : bool
        Whether the user sees what came from a PACS.
    """
    if user is None:
        return "x.public", []
    if user.is_admin:
        return "1", []
    path = f"x.{PATHS[kind]}"
    parts = [
        "x.public",
        "x.owner_id = ?",
        f"{path} IN ('home', 'SHARED', 'SERVICES', 'PUBLIC', 'PIPELINES')",
        f"EXISTS (SELECT 1 FROM permissions p WHERE p.kind = '{kind}' "
        f"AND p.thing_id = x.id AND {_MINE})",
    ]
    if pacs:
        parts.append(f"{path} = 'SERVICES/PACS'")
        parts.append(f"({path} >= 'SERVICES/PACS/' AND {path} < 'SERVICES/PACS0')")
    return "(" + " OR ".join(parts) + ")", [user.id, user.id, user.id]


def grant(store: Store, row: Row, whom: str, *, ident: int, permission: str) -> int:
    """Write a permission for a thing and all below it; return the thing's own.

    Parameters
    ----------
    whom : str
        ``user_id`` or ``group_id``.
    """
    with store.transaction():
        open_to(store, row, whom, ident=ident, permission=permission)
        _point_to(store, row, "SHARED", public=False)
        _grant_link(store, row, whom, ident=ident)
        found = "SELECT id FROM permissions WHERE kind = ? AND thing_id = ?"
        kind = kind_of(row)
        return int(store.value(f"{found} AND {whom} = ?", kind, row["id"], ident))


def open_to(store: Store, row: Row, whom: str, *, ident: int, permission: str) -> None:
    """Write a permission for a thing and all below it, without a link to it."""
    kind = kind_of(row)
    sql = (
        f"INSERT INTO permissions (kind, thing_id, {whom}, permission) {{source}} "
        f"ON CONFLICT (kind, thing_id, {whom}) DO UPDATE "
        "SET permission = excluded.permission"
    )
    with store.transaction():
        store.execute(
            sql.format(source="VALUES (?, ?, ?, ?)"),
            kind,
            row["id"],
            ident,
            permission,
        )
        if kind == "folder":
            for inner, table in KIND_TABLES.items():
                column = PATHS[inner]
                source = (
                    f"SELECT '{inner}', id, ?, ? FROM {table} "
                    f"WHERE {column} >= ? AND {column} < ?"
                )
                store.execute(
                    sql.format(source=source), ident, permission, *below(row["path"])
                )


def revoke(store: Store, permission: Row, row: Row) -> None:
    """Take a permission back, for everything below the thing as well."""
    whom = "user_id" if permission["user_id"] is not None else "group_id"
    ident, right = permission[whom], permission["permission"]
    with store.transaction():
        close_to(store, row, whom, ident=ident, permission=right)
        drop_link(store, row, whom, ident=ident)


def close_to(store: Store, row: Row, whom: str, *, ident: int, permission: str) -> None:
    """Take a right back, for everything below a thing as well; links to it stay."""
    kind = kind_of(row)
    one = (
        f"DELETE FROM permissions WHERE kind = ? AND {whom} = ? AND permission = ? "
        "AND thing_id"
    )
    with store.transaction():
        store.execute(f"{one} = ?", kind, ident, permission, row["id"])
        if kind == "folder":
            for inner, table in KIND_TABLES.items():
                column = PATHS[inner]
                store.execute(
                    f"{one} IN (SELECT id FROM {table} "
                    f"WHERE {column} >= ? AND {column} < ?)",
                    inner,
                    ident,
                    permission,
                    *below(row["path"]),
                )


def drop_link(store: Store, row: Row, whom: str, *, ident: int) -> None:
    """Close the link in ``SHARED`` to somebody; nobody's link goes."""
    link = _link(store, row, "SHARED")
    if link is None:
        return
    with store.transaction():
        store.execute(
            "DELETE FROM permissions WHERE kind = 'link' AND thing_id = ? "
            f"AND {whom} = ?",
            link["id"],
            ident,
        )
        left = "SELECT 1 FROM permissions WHERE kind = 'link' AND thing_id = ?"
        if store.value(left, link["id"]) is None:
            store.execute("DELETE FROM linkfiles WHERE id = ?", link["id"])


def nearest(store: Store, path: str) -> Row:
    """Return the nearest folder above `path` that is there (reads the database)."""
    above = path.rpartition("/")[0]
    while above and store.folder_id(above) is None:
        above = above.rpartition("/")[0]
    row = store.row("SELECT * FROM folders WHERE path = ?", above)
    assert row is not None
    return row


def inherit_below(store: Store, above: Row, path: str, *, kind: str) -> None:
    """Give what was made at `path`, and its new folders, the permissions of `above`."""
    with store.transaction():
        while path != above["path"]:
            table, column = KIND_TABLES[kind], PATHS[kind]
            row = store.row(f"SELECT * FROM {table} WHERE {column} = ?", path)
            if row is None:
                return
            inherit(store, row, above)
            kind, path = "folder", path.rpartition("/")[0]


def inherit(store: Store, row: Row, ancestor: Row) -> None:
    """Give what is new in a folder the permissions of that folder."""
    kind = kind_of(row)
    with store.transaction():
        for column in ("user_id", "group_id"):
            store.execute(
                f"INSERT OR IGNORE INTO permissions (kind, thing_id, {column}, "
                f"permission) SELECT ?, ?, {column}, permission FROM permissions "
                f"WHERE kind = 'folder' AND thing_id = ? AND {column} IS NOT NULL",
                kind,
                row["id"],
                ancestor["id"],
            )
        if ancestor["owner_id"] != row["owner_id"]:
            store.execute(
                "INSERT OR IGNORE INTO permissions (kind, thing_id, user_id, "
                "permission) VALUES (?, ?, ?, 'w')",
                kind,
                row["id"],
                ancestor["owner_id"],
            )
        if ancestor["public"]:
            store.update(KIND_TABLES[kind], row["id"], public=1)


def publish_link(store: Store, row: Row, *, public: bool) -> None:
    """Make or take away the link in ``PUBLIC`` that leads to a thing."""
    if public:
        _point_to(store, row, "PUBLIC", public=True)
        return
    link = _link(store, row, "PUBLIC")
    if link is not None:
        store.execute("DELETE FROM linkfiles WHERE id = ?", link["id"])


def _path(row: Row) -> str:
    return str(row[PATHS[kind_of(row)]])


def _name(row: Row, place: str) -> str:
    return f"{place}/{_path(row).replace('/', '_')}.chrislink"


def _link(store: Store, row: Row, place: str) -> Row | None:
    return store.row("SELECT * FROM linkfiles WHERE fname = ?", _name(row, place))


def _point_to(store: Store, row: Row, place: str, *, public: bool) -> None:
    if _link(store, row, place) is not None:
        return
    owner = store.value("SELECT username FROM users WHERE id = ?", row["owner_id"])
    made = store.register_link(_name(row, place), _path(row), owner=owner or ADMIN)
    store.update("linkfiles", made, public=int(public))


def _grant_link(store: Store, row: Row, whom: str, *, ident: int) -> None:
    link = _link(store, row, "SHARED")
    if link is not None:
        store.execute(
            f"INSERT OR IGNORE INTO permissions (kind, thing_id, {whom}, permission) "
            "VALUES ('link', ?, ?, 'r')",
            link["id"],
            ident,
        )
