"""What a run may use of a computer: processors, memory, GPUs, workers. Pure.

A plugin says the least and the most of each; a run that names none gets the least.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from chrislib.cube.types import Plugin

UNLIMITED = 2_147_483_647
"""What CUBE says for "no maximum"."""
LABELS = {
    "cpu_limit": "CPU",
    "memory_limit": "Memory",
    "gpu_limit": "GPUs",
    "number_of_workers": "Workers",
}
"""What limits are called on screen."""
_CPU = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*(m?)", re.ASCII)
_MEMORY = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)\s*(m|g|mi|gi|mb|gb|mib|gib|)", re.ASCII)
_WHOLE = re.compile(r"\d{1,9}", re.ASCII)
_MEGA = 1_000_000 / (1 << 20)
_UNITS = {"g": 1024.0, "gi": 1024.0, "gib": 1024.0, "mb": _MEGA, "gb": 1000 * _MEGA}


@dataclass(frozen=True, slots=True)
class Bound:
    """One limit and between what it may be; `high` None is no maximum.

    Values are millicores, MiB, or numbers, as CUBE takes them.
    """

    name: str
    label: str
    low: int
    high: int | None

    @property
    def open(self) -> bool:
        """Whether there is anything to choose."""
        return self.high is None or self.high > self.low

    def show(self, value: int) -> str:
        """Return a value in words: "0.5", "1.5 GiB", "2"."""
        if self.name == "cpu_limit":
            return f"{value / 1000:g}"
        if self.name == "memory_limit":
            return memory_words(value)
        return f"{value:,}"

    @property
    def words(self) -> str:
        """What is allowed: "1 to 4", "200 MiB or more"."""
        if self.high is None:
            return f"{self.show(self.low)} or more"
        if self.high == self.low:
            return f"always {self.show(self.low)}"
        return f"{self.show(self.low)} to {self.show(self.high)}"

    def read(self, text: str) -> int | None:
        """Return a typed value, None where it is none."""
        text = text.strip().replace(",", "").lower()
        if self.name == "cpu_limit":
            match = _CPU.fullmatch(text)
            if match is None:
                return None
            number = float(match.group(1))
            return round(number if match.group(2) else number * 1000)
        if self.name == "memory_limit":
            match = _MEMORY.fullmatch(text)
            if match is None:
                return None
            return round(float(match.group(1)) * _UNITS.get(match.group(2), 1.0))
        return int(text) if _WHOLE.fullmatch(text) else None

    def check(self, text: str, *, who: str) -> str:
        """Return what is wrong with a typed value and what is allowed; "" if nothing.

        Nothing typed takes the least.
        """
        if not text.strip():
            return ""
        value = self.read(text)
        if value is None:
            example = {"cpu_limit": "0.5 or 2", "memory_limit": "300 MiB or 2 GiB"}
            what = example.get(self.name, "a whole number")
            return f"{self.label}: “{text.strip()[:24]}” is none. Enter {what}."
        if value < self.low:
            return f"{self.show(value)} is too little. {who} takes {self.words}."
        if self.high is not None and value > self.high:
            return f"{self.show(value)} is too much. {who} takes {self.words}."
        return ""


def memory_words(mebibytes: int) -> str:
    """Return an amount of memory as it is entered: "200 MiB", "1.5 GiB"."""
    whole = mebibytes >= 1024 and mebibytes * 10 % 1024 == 0
    return f"{mebibytes / 1024:g} GiB" if whole else f"{mebibytes:,} MiB"


def bounds_of(plugin: Plugin) -> tuple[Bound, ...]:
    """Return the limits of a plugin."""
    rows = (
        ("cpu_limit", plugin.min_cpu_limit, plugin.max_cpu_limit),
        ("memory_limit", plugin.min_memory_limit, plugin.max_memory_limit),
        ("gpu_limit", plugin.min_gpu_limit, plugin.max_gpu_limit),
        (
            "number_of_workers",
            plugin.min_number_of_workers,
            plugin.max_number_of_workers,
        ),
    )
    return tuple(
        Bound(name, LABELS[name], low, None if high >= UNLIMITED else max(low, high))
        for name, low, high in rows
    )


class Limits:
    """What was typed for the limits of one run, kept as text.

    Parameters
    ----------
    preset : mapping of str to int, optional
        Values to begin with.
    taken : bool
        Whether the server takes limits at all: CUBE 6 ignores those of the nodes of a
        pipeline without a word (cube-api 14.1), so there are none to choose.
    """

    def __init__(
        self,
        plugin: Plugin,
        preset: Mapping[str, int] | None = None,
        *,
        taken: bool = True,
    ) -> None:
        self.plugin = plugin
        self.taken = taken
        self.bounds = bounds_of(plugin) if taken else ()
        self._texts: dict[str, str] = {}
        self._server: dict[str, str] = {}
        self.adopt(preset or {})

    def adopt(self, values: Mapping[str, int]) -> None:
        """Take values over, where they are not the least anyway."""
        for bound in self.bounds:
            value = values.get(bound.name)
            if value is not None and value != bound.low and bound.open:
                self._texts[bound.name] = bound.show(value)

    def take(self, values: Mapping[str, object]) -> None:
        """Have exactly these values, of the limits they name."""
        for bound in self.bounds:
            value = values.get(bound.name)
            if isinstance(value, int) and bound.open:
                least = value == bound.low
                self.set(bound.name, "" if least else bound.show(value))

    def text(self, name: str) -> str:
        """Return what was typed, "" where nothing was."""
        return self._texts.get(name, "")

    def set(self, name: str, text: str) -> None:
        """Take what was typed into a field."""
        self._texts[name] = text
        self._server.pop(name, None)

    def errors(self) -> dict[str, str]:
        """Return what is wrong, by the name of the limit."""
        who = f"{self.plugin.name} {self.plugin.version}"
        found = {}
        for bound in self.bounds:
            problem = bound.check(self.text(bound.name), who=who)
            if problem or bound.name in self._server:
                found[bound.name] = problem or self._server[bound.name]
        return found

    def refuse(self, fields: Mapping[str, str]) -> dict[str, str]:
        """Take a server's refusal; return what belongs to no limit."""
        names = {bound.name for bound in self.bounds}
        self._server |= {k: v for k, v in fields.items() if k in names}
        return {k: v for k, v in fields.items() if k not in names}

    @property
    def values(self) -> dict[str, int]:
        """What is sent: only what was typed."""
        found = {}
        for bound in self.bounds:
            value = bound.read(self.text(bound.name))
            if value is not None and bound.open:
                found[bound.name] = value
        return found

    @property
    def words(self) -> str:
        """Return "CPU 2 · Memory 4 GiB", "" where all is the least."""
        shown = {bound.name: bound for bound in self.bounds}
        return " · ".join(
            f"{shown[name].label} {shown[name].show(value)}"
            for name, value in self.values.items()
        )
