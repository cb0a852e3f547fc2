"""Every setting of chrislib in one table; what is not here cannot be set."""

import json
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from chrislib.errors import ChrislibError

_log = logging.getLogger(__name__)

Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Setting:
    """One declared setting.

    Attributes
    ----------
    kind : type
        bool, int, float or str.
    unit : str
        Shown after the value; "" for none.
    low, high : float or None
        Smallest and largest value of numbers.
    choices : tuple of str
        All allowed texts; empty allows any.
    """

    name: str
    kind: type[bool] | type[int] | type[float] | type[str]
    default: Value
    help: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    def checked(self, value: object) -> Value:
        """Return `value` in this setting's type.

        Raises
        ------
        ChrislibError
            It is of another type or outside the range.
        """
        if self.kind is float and type(value) is int:
            value = float(value)
        if type(value) is not self.kind:
            raise self._refusal(f"{self.kind.__name__} is expected")
        if isinstance(value, int | float) and not isinstance(value, bool):
            if self.low is not None and value < self.low:
                raise self._refusal(f"at least {self.low:g} {self.unit}".strip())
            if self.high is not None and value > self.high:
                raise self._refusal(f"at most {self.high:g} {self.unit}".strip())
        if self.choices and value not in self.choices:
            raise self._refusal("one of " + ", ".join(self.choices))
        assert isinstance(value, str | int | float | bool)
        return value

    def _refusal(self, reason: str) -> ChrislibError:
        return ChrislibError(
            f"“{self.name}” cannot have this value.",
            "The setting stays as it was.",
            hint=f"Allowed: {reason}.",
        )


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "theme",
        str,
        "dark",
        "Colors of the window",
        choices=("dark", "light", "system"),
    ),
    Setting("text_size", float, 1.0, "Size of all texts", "times", 0.8, 2.0),
    Setting("reduced_motion", bool, default=False, help="Show changes without motion"),
    Setting(
        "tab_moves_focus", bool, default=False, help="Tab moves focus, never a view"
    ),
    Setting("hide_names", bool, default=False, help="Hide patients' names on images"),
    Setting(
        "notifications",
        str,
        "all",
        "Which outcomes are shown on the desktop",
        choices=("all", "problems", "off"),
    ),
    Setting(
        "poll_seconds",
        float,
        15.0,
        "Time between two looks at the server while nothing special happens",
        "s",
        0.2,
        300.0,
    ),
    Setting(
        "pull_stall_seconds",
        float,
        60.0,
        "Without news for so long, a pull counts as stopped",
        "s",
        2.0,
        3600.0,
    ),
    Setting(
        "deidentified_only",
        str,
        "",
        "Servers that only get de-identified files: their addresses with spaces "
        "between; * for every server",
    ),
    Setting(
        "plugin_readmes",
        bool,
        default=True,
        help="READMEs of plugins may be read from the internet, when asked for",
    ),
    Setting("download_folder", str, "", "Folder offered first; empty: the usual one"),
)
"""The table. A setting that is no longer in it is dropped from the file."""


class Settings:
    """The values a person chose, over the table's defaults.

    Parameters
    ----------
    path : Path
        A JSON file; read at once (disk), a damaged one counts as empty.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._table: Mapping[str, Setting] = {s.name: s for s in SETTINGS}
        self._values: dict[str, Value] = {}
        self._listeners: list[Callable[[str], None]] = []
        self._load()

    def get(self, name: str) -> Value:
        """Return the value of a declared setting."""
        return self._values.get(name, self._table[name].default)

    def number(self, name: str) -> float:
        """Return the value of a declared number."""
        return float(self.get(name))

    def set(self, name: str, value: object) -> None:
        """Keep a value (disk).

        Raises
        ------
        ChrislibError
            It is not allowed, or the file cannot be written.
        """
        checked = self._table[name].checked(value)
        if self.get(name) == checked:
            return
        self._values[name] = checked
        self._save()
        for listener in tuple(self._listeners):
            listener(name)

    def subscribe(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Call `listener` with the name after each change; returns how to stop."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _load(self) -> None:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return
        except (OSError, ValueError):
            _log.warning("the settings file cannot be read; defaults are used")
            return
        for name, value in found.items() if isinstance(found, dict) else ():
            if name not in self._table:
                continue
            try:
                self._values[name] = self._table[name].checked(value)
            except ChrislibError:
                _log.warning("setting %s has a value that is not allowed", name)

    def _save(self) -> None:
        text = json.dumps(self._values, indent=1, sort_keys=True)
        fresh = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            fresh.replace(self._path)
        except OSError as error:
            raise ChrislibError(
                "The setting could not be saved.",
                "It counts until chrislib is closed.",
                hint="Check that the disk is not full.",
                context={"reason": str(error)},
            ) from error
