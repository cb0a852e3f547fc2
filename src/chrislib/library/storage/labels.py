"""What feeds and their nodes are called, for folders that only have numbers."""

import logging
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from chrislib.cube.errors import CubeError
from chrislib.library.names import clean

if TYPE_CHECKING:
    from chrislib.cube.client import CubeClient

_log = logging.getLogger(__name__)
_FEEDS = re.compile(r"home/[^/]+/feeds")
_FEED = re.compile(r"home/[^/]+/feeds/feed_(\d+)(/.*)?")
_NODE = re.compile(r"[^/]+_(\d+)")


class Labels:
    """Paths of feed and node folders to their names; asked once for each place.

    Parameters
    ----------
    fixed : mapping
        Names that do not depend on a server.
    """

    def __init__(self, fixed: Mapping[str, str]) -> None:
        self._fixed = fixed
        self.known: dict[str, str] = dict(fixed)
        self._asked: set[str] = set()

    def forget(self) -> None:
        """Drop everything: another server, another account, or look again."""
        self.known = dict(self._fixed)
        self._asked.clear()

    async def learn(self, client: "CubeClient", path: str) -> bool:
        """Learn the names of what is in the folder `path` (network).

        Returns
        -------
        bool
            Whether anything new is known.
        """
        before = len(self.known)
        try:
            if _FEEDS.fullmatch(path):
                await self._feeds(client, path)
            elif (found := _FEED.fullmatch(path)) is not None:
                await self._nodes(client, path, int(found[1]))
        except CubeError as error:
            # numbers serve as well
            _log.info("names of feeds are not known: %s", type(error).__name__)
        return len(self.known) != before

    async def _feeds(self, client: "CubeClient", path: str) -> None:
        if path in self._asked:
            return
        async for feed in client.feeds.list():
            if feed.folder_path.startswith(path + "/"):
                self._name(feed.folder_path, feed.name)
        # only now: who was interrupted has not asked
        self._asked.add(path)

    async def _nodes(self, client: "CubeClient", path: str, feed_id: int) -> None:
        top = "/".join(path.split("/")[:4])
        if top in self._asked:
            return
        if top not in self.known:
            feed = await client.feeds.get(feed_id)
            self._name(top, feed.name)
        async for node in client.instances.of_feed(feed_id):
            folder, _, last = node.output_path.rpartition("/")
            number = _NODE.fullmatch(folder.rpartition("/")[2])
            if last == "data" and number and int(number[1]) == node.id:
                self._name(folder, f"{node.plugin_name} {node.plugin_version}")
        self._asked.add(top)

    def _name(self, path: str, name: str) -> None:
        shown = clean(name)
        if shown:
            self.known[path] = shown
