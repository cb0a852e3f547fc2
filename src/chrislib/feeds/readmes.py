"""READMEs of plugins: kept on this disk, read from the internet only when wanted."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from chrislib.catalog.readmes import ReadmeRow
from chrislib.cube.forges import FORGES, Forge, Repository, repository_of
from chrislib.cube.types import Plugin
from chrislib.errors import ChrislibError

_log = logging.getLogger(__name__)

Told = Callable[[int, int | None], None]


class KeptReadmes(Protocol):
    """The part of the catalog that READMEs are kept in."""

    async def get(self, plugin: str, version: str, place: str) -> ReadmeRow | None:
        """Return what is kept, of another version if need be (disk)."""

    async def put(self, readme: ReadmeRow) -> None:
        """Keep one (disk)."""


class PluginReadmes:
    """What a plugin's authors say about it, at hand offline once it was read.

    Parameters
    ----------
    shelf : KeptReadmes, optional
        Where they are kept.
    forges : sequence of Forge
        The only sites that are ever asked.
    now : callable
        Seconds since the epoch.
    """

    def __init__(
        self,
        shelf: KeptReadmes | None,
        *,
        forges: Sequence[Forge] = FORGES,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._shelf = shelf
        self._forges = forges
        self._now = now

    def source(self, plugin: Plugin) -> Repository | None:
        """Return where a plugin's README would be read, None for nowhere."""
        for address in (plugin.public_repo, plugin.documentation):
            found = repository_of(address, self._forges)
            if found is not None:
                return found
        return None

    async def kept(self, plugin: Plugin) -> ReadmeRow | None:
        """Return the README that was read earlier; nothing is asked (disk)."""
        source = self.source(plugin)
        if source is None or self._shelf is None:
            return None
        return await self._shelf.get(plugin.name, plugin.version, source.place)

    async def read(self, plugin: Plugin, told: Told | None = None) -> ReadmeRow:
        """Read a README from the internet and keep it (network, disk).

        Only its repository is named there: neither the server, nor the account, nor
        the version.

        Parameters
        ----------
        told : callable, optional
            Progress: bytes that are here, and bytes in all where that is said.

        Raises
        ------
        ChrislibError
            See `chrislib.cube.readme.read_readme`; what was kept before stays.
        """
        # the HTTP library is half of the start-up time
        from chrislib.cube.readme import read_readme

        source = self.source(plugin)
        if source is None:
            raise ChrislibError(
                "This plugin does not say where its README is.",
                "Only known sites are asked; its address is none of theirs.",
            )
        found = await read_readme(source, told)
        readme = ReadmeRow(
            plugin=plugin.name,
            version=plugin.version,
            place=source.place,
            file=found.name,
            text=found.text,
            read_at=self._now(),
        )
        if self._shelf is not None:
            try:
                await self._shelf.put(readme)
            except ChrislibError:
                # a full disk or a second window: it can be read all the same
                _log.info("a README could not be kept")
        return readme


def is_markdown(readme: ReadmeRow) -> bool:
    """Say whether a README is Markdown: all else is shown as it was typed."""
    return readme.file.lower().endswith((".md", ".markdown"))
