"""Values of plugin parameters: checked by type, in words that name the parameter."""

import math
import re

from chrislib.cube.types import PluginParameter

Value = str | int | float | bool

STRING_LIMIT = 600
PATH_LIMIT = 16_000
PATH_ROOTS = ("home", "SERVICES", "PIPELINES")
PATH_TYPES = frozenset({"path", "unextpath"})
KNOWN_TYPES = frozenset({"string", "integer", "float", "boolean"}) | PATH_TYPES
"""Values of any other type are taken and sent as text."""
WHOLE_LIMIT = 2_147_483_647
"""Servers keep whole numbers in 32 bits."""

_WHOLE = re.compile(r"[+-]?\d{1,20}", re.ASCII)
_ON = frozenset({"true", "1", "yes", "on"})
OFF_WORDS = frozenset({"false", "0", "no", "off"})
"""What stands for "off" in a switch."""


def is_on_word(text: str) -> bool:
    """Whether a text stands for "on"."""
    return text.strip().lower() in _ON


def check(parameter: PluginParameter, text: str) -> str:
    """Return what is wrong with a typed value and what is allowed; "" if nothing."""
    flag = parameter.flag or parameter.name
    if not text.strip() and not (parameter.optional and parameter.type == "string"):
        if parameter.optional:
            return f"{flag} is empty. Enter a value or take it out."
        return f"{flag} is required. Enter a value."
    if parameter.type in PATH_TYPES:
        return _check_paths(flag, text)
    return _CHECKS.get(parameter.type, _check_string)(flag, text)


def type_note(parameter: PluginParameter) -> str:
    """Return what to know of a parameter of a type that is not known; else ""."""
    if parameter.type in KNOWN_TYPES:
        return ""
    kind = f"type “{_short(parameter.type)}”" if parameter.type else "a type"
    return f"chrislib does not know {kind}: what is typed is sent as text."


def show_value(value: Value | None) -> str:
    """Return a value as it is typed."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def to_value(parameter: PluginParameter, text: str) -> Value:
    """Return the typed value of a checked text.

    Raises
    ------
    ValueError
        When the text is not a value of the parameter's type.
    """
    message = check(parameter, text)
    if message:
        raise ValueError(message)
    if parameter.type == "integer":
        return int(text.strip())
    if parameter.type == "float":
        return float(text.strip())
    if parameter.type == "boolean":
        return is_on_word(text)
    if parameter.type in PATH_TYPES:
        return ",".join(clean_path(part) for part in text.split(","))
    return text


def clean_path(path: str) -> str:
    """Return a storage path without blanks and slashes around it."""
    return path.strip().strip("/")


def path_problem(path: str) -> str:
    """Return why a storage path cannot be an input, "" when it can."""
    cleaned = clean_path(path)
    parts = cleaned.split("/")
    if not cleaned:
        return "A path is empty."
    if ".." in parts or "." in parts or "" in parts:
        return f"“{path.strip()}” is not a plain path. Leave out “.” and “..”."
    if parts[0] not in PATH_ROOTS:
        return (
            f"“{path.strip()}” is not in the server's storage. "
            f"Begin with {', '.join(PATH_ROOTS)}."
        )
    if len(parts) < 2 or (
        parts[0] == "home" and (len(parts) == 2 or parts[2:] == ["feeds"])
    ):
        return f"“{path.strip()}” is too much. Choose a folder inside it."
    return ""


def _check_string(flag: str, text: str) -> str:
    if len(text) > STRING_LIMIT:
        return f"{flag} has {len(text):,} characters. Up to {STRING_LIMIT} are allowed."
    return ""


def _check_integer(flag: str, text: str) -> str:
    # int() alone takes "1_000" and digits of any script
    if not _WHOLE.fullmatch(text.strip()):
        return f"{flag} takes a whole number. “{_short(text)}” is none."
    if not -WHOLE_LIMIT - 1 <= int(text) <= WHOLE_LIMIT:
        return f"{flag} is too large. Enter −{WHOLE_LIMIT + 1:,} to {WHOLE_LIMIT:,}."
    return ""


def _check_float(flag: str, text: str) -> str:
    try:
        number = float(text.strip())
    except ValueError:
        return f"{flag} takes a number. “{_short(text)}” is none."
    if "_" in text or not text.isascii():
        return f"{flag} takes a number. “{_short(text)}” is none."
    if not math.isfinite(number):
        return f"{flag} takes a finite number."
    return ""


def _check_boolean(flag: str, text: str) -> str:
    if text.strip().lower() in _ON | OFF_WORDS:
        return ""
    return f"{flag} is a switch. Enter true or false."


def _check_paths(flag: str, text: str) -> str:
    if len(text) > PATH_LIMIT:
        return f"{flag} has {len(text):,} characters. Up to {PATH_LIMIT:,} are allowed."
    for part in text.split(","):
        problem = path_problem(part)
        if problem:
            return f"{flag}: {problem}"
    return ""


def _short(text: str) -> str:
    text = text.strip()
    return text if len(text) <= 24 else text[:23] + "…"


_CHECKS = {
    "string": _check_string,
    "integer": _check_integer,
    "float": _check_float,
    "boolean": _check_boolean,
}
