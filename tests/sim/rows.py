"""Rows of a station's database, put in and moved by hand."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from chrislib.station.store import Store

ENDED = ("finishedSuccessfully", "finishedWithError", "cancelled")
_STARTS = ("copying", "scheduled", "started")


class Rows:
    """Feeds and runs of one station.

    Parameters
    ----------
    store : Store
        Of a station that was started once; its programs must not be running.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._owner = store.user_id("local")
        self._compute = int(store.value("SELECT id FROM compute_resources"))
        self._plugins: dict[str, int] = {}

    def now(self) -> datetime:
        """Return the time by the server's clock."""
        return datetime.now(UTC)

    def plugin_id(self, name: str = "pl-simpledsapp") -> int:
        """Return the id of a plugin of the station."""
        return int(
            self.store.value(
                "SELECT p.id FROM plugins p JOIN metas m ON m.id = p.meta_id "
                "WHERE m.name = ? ORDER BY p.id DESC",
                name,
            )
        )

    def user(self, username: str) -> int:
        """Return the id of a user, who is made if need be."""
        known = self.store.value("SELECT id FROM users WHERE username = ?", username)
        if known is not None:
            return int(known)
        return self.store.insert(
            "users",
            username=username,
            email=f"{username}@localhost",
            password="",
            token=f"token-of-{username}",
        )

    def add_feed(
        self, name: str = "feed", *, owner: str = "local", born: float | None = None
    ) -> int:
        """Enter a feed without runs; returns its id."""
        created = self._stamp(born)
        feed = self.store.insert(
            "feeds",
            creation_date=created,
            modification_date=created,
            name=name,
            owner_id=self.user(owner),
            folder_id=0,
            folder_path="",
        )
        path = f"home/{owner}/feeds/feed_{feed}"
        self.store.update("feeds", feed, folder_path=path)
        return feed

    def add_run(
        self,
        feed_id: int,
        *,
        status: str = "scheduled",
        previous_id: int | None = None,
        plugin: str = "pl-simpledsapp",
        title: str = "",
        error_code: str = "",
        started: float | None = None,
        ended: float | None = None,
        owner: str = "local",
        folders: bool = False,
    ) -> int:
        """Enter a run; returns its id.

        Parameters
        ----------
        started, ended : float, optional
            Seconds before now, by the server's clock.
        folders : bool
            Make its output folder too (slower).
        """
        start = self._stamp(started)
        ident = self.store.insert(
            "instances",
            title=title,
            previous_id=previous_id,
            feed_id=feed_id,
            plugin_id=self._plugin(plugin),
            compute_resource_id=self._compute,
            owner_id=self._owner if owner == "local" else self.user(owner),
            start_date=start,
            end_date=start if ended is None else self._stamp(ended),
            output_path="",
            output_folder_id=0,
            status=status,
            error_code=error_code,
            cpu_limit=1000,
            memory_limit=200,
            number_of_workers=1,
            gpu_limit=0,
        )
        output = f"home/{owner}/feeds/feed_{feed_id}/{plugin}_{ident}/data"
        folder = self.store.ensure_folder(output, owner) if folders else 0
        self.store.update(
            "instances", ident, output_path=output, output_folder_id=folder
        )
        return ident

    def set(self, run_id: int, status: str, **columns: Any) -> None:
        """Move a run; dates move as a CUBE moves them.

        ``start_date`` moves with each hand-over, ``end_date`` along with it until
        computing ends; neither registering the files nor a cancel moves it.
        `columns` are set as they are (``error_code``, ``summary``, ``raw``,
        ``deletion_status``, ``end_date`` …).
        """
        now = self._stamp(None)
        if status in _STARTS:
            columns = {"start_date": now, "end_date": now, **columns}
        elif status == "registeringFiles":
            columns = {"end_date": now, **columns}
        self.store.update("instances", run_id, status=status, **columns)

    def run(self, run_id: int) -> Mapping[str, Any]:
        """Return the row of a run."""
        found = self.store.row("SELECT * FROM instances WHERE id = ?", run_id)
        if found is None:
            raise KeyError(run_id)
        return dict(found)

    def delete_run(self, run_id: int) -> None:
        """Take a run (and all below it) away at once."""
        self.store.execute("DELETE FROM instances WHERE id = ?", run_id)

    def delete_feed(self, feed_id: int) -> None:
        """Take a feed and its runs away at once."""
        self.store.execute("DELETE FROM feeds WHERE id = ?", feed_id)

    # Inside.

    def _plugin(self, name: str) -> int:
        known = self._plugins.get(name)
        if known is None:
            known = self._plugins[name] = self.plugin_id(name)
        return known

    def _stamp(self, ago: float | None) -> str:
        at = self.now().timestamp() - (ago or 0.0)
        return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")
