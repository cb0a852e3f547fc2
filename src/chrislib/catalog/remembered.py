"""Small things that are read at once and written behind: layout and preferences."""

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Protocol

from chrislib.aio import spawn

_log = logging.getLogger(__name__)


class KeyValues(Protocol):
    """The part of the catalog's key-value table this needs."""

    async def with_prefix(self, prefix: str) -> Mapping[str, str]:
        """Return every key that begins with `prefix`, and its text."""

    async def set(self, key: str, value: str) -> None:
        """Keep a text."""


class Remembered:
    """A dictionary that the next start finds again.

    Values are JSON-able. Reading never waits; writing happens behind the caller, in
    order. What cannot be read (an older format, a damaged text) counts as absent.

    Parameters
    ----------
    store : KeyValues
        The catalog's key-value table.
    prefix : str
        Begins every key of this dictionary in the table.
    defaults : mapping, optional
        Answers for keys that were never put.
    """

    def __init__(
        self,
        store: KeyValues,
        prefix: str,
        *,
        defaults: Mapping[str, object] | None = None,
    ) -> None:
        self._store = store
        self._prefix = prefix
        self._defaults = dict(defaults or {})
        self._values: dict[str, object] = {}
        self._dirty: set[str] = set()
        self._writing: asyncio.Task[None] | None = None

    async def load(self) -> None:
        """Read everything (catalog); call once before the first `get`."""
        for key, text in (await self._store.with_prefix(self._prefix)).items():
            try:
                self._values[key.removeprefix(self._prefix)] = json.loads(text)
            except ValueError:
                _log.warning("what was kept under %s cannot be read", key)

    def get(self, key: str) -> object | None:
        """Return what was put under `key`, else its default, else None."""
        if key in self._values:
            return self._values[key]
        return self._defaults.get(key)

    def put(self, key: str, value: object) -> None:
        """Keep `value` under `key`; returns at once."""
        self._values[key] = value
        self._dirty.add(key)
        if self._writing is None or self._writing.done():
            self._writing = spawn(self._write(), name=f"remember {self._prefix}")

    def set(self, name: str, value: object) -> None:
        """Keep a preference; the same as `put`."""
        self.put(name, value)

    async def close(self) -> None:
        """Write the rest (catalog)."""
        if self._writing is not None:
            await self._writing
        await self._write()

    async def _write(self) -> None:
        while self._dirty:
            key = self._dirty.pop()
            await self._store.set(self._prefix + key, json.dumps(self._values[key]))
