"""Who else may see and change a feed, and what that opens in the storage tree.

A permission on a feed gives the right to write to its folder and all below it, and to
what links below it lead to where that is the feed owner's own (cube-api.md §8).
"""

from typing import Any

from chrislib.station import sharing
from chrislib.station.auth import User
from chrislib.station.http import Call, forbidden, missing
from chrislib.station.store import Row, Store
from chrislib.station.tree import below, publish

TABLES = """
CREATE TABLE IF NOT EXISTS feed_permissions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    feed_id INTEGER NOT NULL REFERENCES feeds(id) ON DELETE CASCADE,
    user_id INTEGER REFERENCES users(id) ON DELETE CASCADE,
    group_id INTEGER REFERENCES groups(id) ON DELETE CASCADE,
    UNIQUE (feed_id, user_id),
    UNIQUE (feed_id, group_id)
);
"""

_HELD = (
    "EXISTS (SELECT 1 FROM feed_permissions s WHERE s.feed_id = {feed} AND "
    "(s.user_id = ? OR s.group_id IN "
    "(SELECT group_id FROM memberships WHERE user_id = ?)))"
)


def is_shared(store: Store, user: User, feed: int) -> bool:
    """Return whether a feed is shared with `user` (reads the database)."""
    query = f"SELECT {_HELD.format(feed='?')}"
    return bool(store.value(query, feed, user.id, user.id))


def may_write(store: Store, user: User, feed: Row) -> bool:
    """Return whether `user` owns a feed or was given it (reads the database)."""
    if user.is_admin or feed["owner_id"] == user.id:
        return True
    return is_shared(store, user, feed["id"])


def find_feed(
    call: Call, *, write: bool = False, kind: str = "Feed", ident: int | None = None
) -> Row:
    """Return the feed of the path's id, if the user may read (or change) it."""
    row = call.store.row(
        "SELECT x.*, u.username AS owner_username FROM feeds x "
        "JOIN users u ON u.id = x.owner_id WHERE x.id = ?",
        call.ids["id"] if ident is None else ident,
    )
    if row is None:
        raise missing(kind)
    if row["public"] and not write:
        return row
    if not may_write(call.store, call.me, row):
        raise forbidden()
    return row


def mine(user: User) -> tuple[str, list[Any]]:
    """Return the condition on feeds ``x`` that are `user`'s or shared, its values."""
    condition = f"(x.owner_id = ? OR {_HELD.format(feed='x.id')})"
    return condition, [user.id, user.id, user.id]


def times(store: Store, feed: int) -> int:
    """Return how often lists count what a feed holds (reads the database).

    Lists of a CUBE join users and groups a feed is shared with (trap 7).
    """
    row = store.row(
        "SELECT COUNT(user_id) AS users, COUNT(group_id) AS groups "
        "FROM feed_permissions WHERE feed_id = ?",
        feed,
    )
    assert row is not None
    return int(max(1, row["users"]) * max(1, row["groups"]))


def grant(store: Store, feed: Row, whom: str, *, ident: int) -> int:
    """Give a feed to somebody with all that it holds; return the permission's id.

    Parameters
    ----------
    whom : str
        ``user_id`` or ``group_id``.
    """
    with store.transaction():
        values = {"feed_id": feed["id"], whom: ident}
        made = int(store.insert("feed_permissions", **values))
        folder = _folder(store, feed)
        sharing.grant(store, folder, whom, ident=ident, permission="w")
        for row in _linked(store, feed):
            sharing.open_to(store, row, whom, ident=ident, permission="w")
    return made


def revoke(store: Store, permission: Row, feed: Row) -> None:
    """Take a feed back from somebody, with all that it holds."""
    whom = "user_id" if permission["user_id"] is not None else "group_id"
    ident = permission[whom]
    with store.transaction():
        store.execute("DELETE FROM feed_permissions WHERE id = ?", permission["id"])
        for row in (_folder(store, feed), *_linked(store, feed)):
            sharing.close_to(store, row, whom, ident=ident, permission="w")
        sharing.drop_link(store, _folder(store, feed), whom, ident=ident)


def open_output(store: Store, instance: Row) -> None:
    """Give what a run wrote to everybody its feed is open to."""
    feed = store.row("SELECT * FROM feeds WHERE id = ?", instance["feed_id"])
    above = instance["output_path"].removesuffix("/data")
    folder = store.row("SELECT * FROM folders WHERE path = ?", above)
    if feed is None or folder is None:
        return
    held = store.rows("SELECT * FROM feed_permissions WHERE feed_id = ?", feed["id"])
    with store.transaction():
        for row in held:
            whom = "user_id" if row["user_id"] is not None else "group_id"
            sharing.open_to(store, folder, whom, ident=row[whom], permission="w")
        if feed["public"]:
            publish(store, folder["id"], public=True)


def _folder(store: Store, feed: Row) -> Row:
    row = store.row("SELECT * FROM folders WHERE id = ?", feed["folder_id"])
    assert row is not None
    return row


def _linked(store: Store, feed: Row) -> list[Row]:
    """Return the feed owner's own things that links below the feed lead to."""
    links = "SELECT path FROM linkfiles WHERE fname >= ? AND fname < ?"
    ends = below(feed["folder_path"])
    found: list[Row] = []
    for kind, table in sharing.KIND_TABLES.items():
        found += store.rows(
            f"SELECT * FROM {table} WHERE {sharing.PATHS[kind]} IN ({links}) "
            "AND owner_id = ?",
            *ends,
            feed["owner_id"],
        )
    return found
