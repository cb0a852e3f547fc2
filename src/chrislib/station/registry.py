"""The plugins of the station: what they are called, what they take, how they start.

A plugin is a folder below ``plugins/`` with ``plugin.json`` (what a ChRIS shows of it),
``run.py`` (the program) and, when it needs more than Python, ``requirements.lock``.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chrislib.station.store import Store

_FOLDER = Path(__file__).resolve().parent / "plugins"
# The order in which they are entered: it gives them their ids.
_FIRST = ("dircopy", "topologicalcopy", "simpledsapp", "dcm2niix", "pictures")
_META = ("title", "public_repo", "license", "type", "category", "authors")
_NUMBERS = (
    "min_number_of_workers",
    "max_number_of_workers",
    "min_cpu_limit",
    "max_cpu_limit",
    "min_memory_limit",
    "max_memory_limit",
    "min_gpu_limit",
    "max_gpu_limit",
)
_PLUGIN = ("dock_image", "description", "execshell", "selfpath", "selfexec", *_NUMBERS)


@dataclass(frozen=True, slots=True)
class Descriptor:
    """One plugin as its folder describes it."""

    folder: Path
    facts: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The plugin's name, as in ``pl-dircopy``."""
        return str(self.facts["name"])

    @property
    def version(self) -> str:
        """The plugin's version."""
        return str(self.facts["version"])

    @property
    def program(self) -> Path:
        """The program that is started."""
        return self.folder / "run.py"

    @property
    def lock(self) -> Path | None:
        """The lock file of its packages, None when it needs none."""
        path = self.folder / "requirements.lock"
        return path if path.exists() else None

    @property
    def environment(self) -> str:
        """Name of the folder of its environment; changes with its lock files.

        Plugins with the same packages may share one, under a name of its own.
        """
        digest = hashlib.sha256()
        for path in sorted(self.folder.glob("*.lock")):
            digest.update(path.read_bytes())
        label = self.facts.get("environment", f"{self.name}-{self.version}")
        return f"{label}-{digest.hexdigest()[:12]}"


def descriptors() -> tuple[Descriptor, ...]:
    """Read all plugin folders from disk."""
    found = {path.parent.name: path for path in _FOLDER.glob("*/plugin.json")}
    names = [n for n in _FIRST if n in found]
    names += sorted(n for n in found if n not in _FIRST)
    return tuple(
        Descriptor(_FOLDER / name, json.loads(found[name].read_text(encoding="utf-8")))
        for name in names
    )


def _register_one(store: Store, descriptor: Descriptor) -> None:
    facts, now = descriptor.facts, store.now()
    meta = store.value("SELECT id FROM metas WHERE name = ?", descriptor.name)
    words = {key: facts[key] for key in _META}
    if meta is None:
        meta = store.insert(
            "metas",
            creation_date=now,
            modification_date=now,
            name=descriptor.name,
            documentation=facts["documentation"],
            **words,
        )
    else:
        store.update("metas", meta, **words)
    known = store.value(
        "SELECT id FROM plugins WHERE meta_id = ? AND version = ?",
        meta,
        descriptor.version,
    )
    columns = {key: facts[key] for key in _PLUGIN}
    if known is not None:
        store.update("plugins", known, **columns)
        return
    plugin = store.insert(
        "plugins",
        creation_date=now,
        meta_id=meta,
        version=descriptor.version,
        **columns,
    )
    for parameter in facts["parameters"]:
        store.insert(
            "parameters",
            plugin_id=plugin,
            name=parameter["name"],
            type=parameter["type"],
            optional=int(parameter["optional"]),
            default_json=json.dumps(parameter["default"]),
            flag=parameter["flag"],
            short_flag=parameter["short_flag"],
            action=parameter["action"],
            help=parameter["help"],
            ui_exposed=int(parameter["ui_exposed"]),
        )


class Registry:
    """The plugins of one station, read from disk once."""

    def __init__(self) -> None:
        self._known = {(one.name, one.version): one for one in descriptors()}

    def find(self, name: str, version: str) -> Descriptor | None:
        """Return the descriptor of a plugin, None when its folder is gone."""
        return self._known.get((name, version))

    def register(self, store: Store) -> None:
        """Enter all plugins that are not entered yet (writes the database)."""
        with store.transaction():
            for descriptor in self._known.values():
                _register_one(store, descriptor)
