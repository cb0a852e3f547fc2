"""What views need from outside, as protocols that `bootstrap` fills."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol


class LayoutStore(Protocol):
    """Remembers sizes, folds, columns and the last place; never blocks.

    Values are JSON-able. `put` returns at once; the writing happens behind it.
    """

    def get(self, key: str) -> object | None:
        """Return what was kept, None when nothing was."""

    def put(self, key: str, value: object) -> None:
        """Keep `value` under `key`."""


class Preferences(Protocol):
    """The settings a person chooses in the window."""

    def get(self, name: str) -> object:
        """Return the value of a declared setting."""

    def set(self, name: str, value: object) -> None:
        """Keep a value; returns at once."""


class Dialogs(Protocol):
    """Choosing files and folders; never a nested loop."""

    async def open_files(self, title: str, start: Path) -> tuple[Path, ...]:
        """Return the chosen files, none when it was cancelled."""

    async def open_folder(self, title: str, start: Path) -> Path | None:
        """Return the chosen folder, None when it was cancelled."""

    async def confirm(
        self, title: str, text: str, *, action: str, danger: bool = False
    ) -> bool:
        """Return whether the person chose `action`."""


class MemoryStore:
    """A `LayoutStore` and `Preferences` that lasts as long as the process."""

    def __init__(self, values: Mapping[str, object] | None = None) -> None:
        self._values: dict[str, object] = dict(values or {})

    def get(self, key: str) -> object | None:
        """Return what was kept, None when nothing was."""
        return self._values.get(key)

    def put(self, key: str, value: object) -> None:
        """Keep `value` under `key`."""
        self._values[key] = value

    def set(self, name: str, value: object) -> None:
        """Keep `value` under `name`."""
        self._values[name] = value
