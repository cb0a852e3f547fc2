"""What is remembered of reference data: overrides, sizes, what a plugin needs."""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Protocol

_log = logging.getLogger(__name__)

_FACTS = "references.facts."
_SERVER = "references.server."

Key = tuple[str, str]
"""Name and version of a plugin."""


class KeyValues(Protocol):
    """The part of the catalog's key-value table this needs."""

    async def with_prefix(self, prefix: str) -> Mapping[str, str]:
        """Return every key that begins with `prefix`, and its text."""

    async def get(self, key: str) -> str | None:
        """Return a text."""

    async def set(self, key: str, value: str) -> None:
        """Keep a text."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a fetch turned out to hold. A descriptor says nothing of it."""

    files: int
    size: int
    """Bytes."""


class ReferenceMemory:
    """Kept in the catalog. Overrides and needs belong to a server, facts to a plugin.

    Parameters
    ----------
    server : callable
        Identifies the present server, "" for none.
    """

    def __init__(self, kept: KeyValues, *, server: Callable[[], str]) -> None:
        self._kept = kept
        self._server = server
        self._loaded: str | None = None
        self._facts: dict[Key, Facts] = {}
        self._shown: dict[str, bool] = {}
        self._needs: dict[str, bool] = {}
        self._dropped: set[int] = set()

    async def load(self) -> None:
        """Read what is kept of the present server (disk), unless that was done."""
        server = self._server()
        if self._loaded == server:
            return
        self._loaded = server
        for name, text in (await self._kept.with_prefix(_FACTS)).items():
            plugin, _, version = name.removeprefix(_FACTS).rpartition("|")
            found = _read(text)
            files, size = found.get("files"), found.get("size")
            if isinstance(files, int) and isinstance(size, int):
                self._facts[(plugin, version)] = Facts(files, size)
        found = _read(await self._kept.get(f"{_SERVER}{server}") or "{}")
        self._shown = _flags(found.get("shown"))
        self._needs = _flags(found.get("needs"))
        dropped = found.get("dropped")
        self._dropped = {
            one
            for one in (dropped if isinstance(dropped, list) else [])
            if isinstance(one, int)
        }

    def facts(self, key: Key) -> Facts | None:
        """Return what an earlier fetch of this version held."""
        return self._facts.get(key)

    async def set_facts(self, key: Key, facts: Facts) -> None:
        """Remember what a fetch held (disk)."""
        if self._facts.get(key) != facts:
            self._facts[key] = facts
            name = f"{_FACTS}{key[0]}|{key[1]}"
            await self._kept.set(name, json.dumps(asdict(facts)))

    def shown(self, plugin: str) -> bool | None:
        """Return whether somebody said that a plugin is reference data, or not."""
        return self._shown.get(plugin)

    async def show(self, plugin: str, shown: bool | None) -> None:
        """Keep what somebody says of a plugin; None goes back to the rule (disk)."""
        await self.load()
        if shown is None:
            self._shown.pop(plugin, None)
        else:
            self._shown[plugin] = shown
        await self._save()

    def needs_values(self, plugin_id: int) -> bool | None:
        """Return whether a plugin has required parameters, None if not known."""
        return self._needs.get(str(plugin_id))

    async def set_needs(self, needs: Mapping[int, bool]) -> None:
        """Remember which plugins have required parameters (disk); it never changes."""
        if needs:
            await self.load()
            self._needs.update({str(one): value for one, value in needs.items()})
            await self._save()

    def is_dropped(self, instance: int | None) -> bool:
        """Whether a finished fetch was taken out of the library by hand."""
        return instance in self._dropped

    async def drop(self, instance: int, dropped: bool) -> None:
        """Keep that a finished fetch is not offered among one's own (disk)."""
        await self.load()
        if dropped:
            self._dropped.add(instance)
        else:
            self._dropped.discard(instance)
        await self._save()

    async def _save(self) -> None:
        kept = {
            "shown": self._shown,
            "needs": self._needs,
            "dropped": sorted(self._dropped),
        }
        await self._kept.set(f"{_SERVER}{self._server()}", json.dumps(kept))


def _read(text: str) -> dict[str, object]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _flags(value: object) -> dict[str, bool]:
    if not isinstance(value, dict):
        return {}
    return {str(key): flag for key, flag in value.items() if isinstance(flag, bool)}
