"""The parameters of a plugin: one buffer behind the form and the command line.

`ParameterForm` keeps what was typed, as text, by parameter name. The form writes with
`set` and `unset`, the command line with `parse`; both read the same values, so an
edit in either is in the other at once. A piece that cannot be read stays as typed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from shlex import quote

from chrislib.cube.types import ComputeResource, Plugin, PluginParameter
from chrislib.feeds.tokens import Token, tokenize
from chrislib.feeds.values import (
    OFF_WORDS,
    PATH_TYPES,
    Value,
    check,
    clean_path,
    is_on_word,
    show_value,
    to_value,
)

JOIN_PARAMETER = "plugininstances"
"""The parameter in which a ts plugin gets its parents; never typed by hand."""

_SAYS_TYPE = (
    ("integer", frozenset({"integer"})),
    ("number", frozenset({"float"})),
    ("boolean", frozenset({"boolean"})),
    ("path", PATH_TYPES),
    ("character", frozenset({"string", *PATH_TYPES})),
)
"""What CUBE's refusals of values say, and which types that can be about."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A piece of the command line that cannot be read, `start` to `end` of the text."""

    start: int
    end: int
    message: str


class ParameterForm:
    """What a person fills in to run a plugin.

    Parameters
    ----------
    plugin : Plugin
        What is to be run.
    parameters : sequence of PluginParameter
        Its parameters as the server lists them.
    computes : sequence of ComputeResource
        Where it can run; the first one is the server's default.
    generation : int
        CUBE generation (6 or 7); 6 cannot run a plugin without any parameter.
    """

    def __init__(
        self,
        plugin: Plugin,
        parameters: Sequence[PluginParameter],
        *,
        computes: Sequence[ComputeResource] = (),
        generation: int = 7,
    ) -> None:
        self.plugin = plugin
        self.computes = tuple(computes)
        shown = [
            p
            for p in parameters
            if not (plugin.type == "ts" and p.name == JOIN_PARAMETER)
        ]
        self.parameters: tuple[PluginParameter, ...] = tuple(
            sorted(shown, key=lambda p: p.optional)
        )
        self._generation = generation
        self._by_name = {p.name: p for p in self.parameters}
        self._by_flag: dict[str, PluginParameter] = {}
        for parameter in self.parameters:
            for flag in (parameter.flag, parameter.short_flag):
                if flag:
                    self._by_flag.setdefault(flag, parameter)
        self._values: dict[str, str] = {}
        self._server: dict[str, str] = {}
        for parameter in self.parameters:
            if not parameter.optional:
                self._values[parameter.name] = _default_text(parameter)
        self._text: str | None = None
        self._problems: tuple[Problem, ...] = ()

    # -- the form's side -------------------------------------------------------

    def parameter(self, name: str) -> PluginParameter:
        """Return a parameter by name."""
        return self._by_name[name]

    def is_set(self, name: str) -> bool:
        """Whether the parameter is part of the command (required ones always)."""
        return name in self._values

    def text(self, name: str) -> str:
        """Return what was typed for a parameter, "" where nothing was."""
        return self._values.get(name, "")

    @property
    def given(self) -> tuple[PluginParameter, ...]:
        """Parameters that are part of the command, in the plugin's order."""
        return tuple(p for p in self.parameters if p.name in self._values)

    @property
    def addable(self) -> tuple[PluginParameter, ...]:
        """Optional parameters that are not part of the command yet."""
        return tuple(p for p in self.parameters if p.name not in self._values)

    def set(self, name: str, text: str) -> None:
        """Take what was typed into a field."""
        if self._values.get(name) == text:
            return
        parameter = self._by_name[name]
        self._values[name] = text
        self._server.pop(name, None)
        if (
            parameter.optional
            and _is_switch(parameter)
            and not _flag_on(parameter, text)
        ):
            del self._values[name]
        self._changed_by_form()

    def add(self, name: str) -> None:
        """Make an optional parameter part of the command, with its default."""
        parameter = self._by_name[name]
        if _is_switch(parameter):
            text = "true" if parameter.action != "store_false" else "false"
        else:
            text = _default_text(parameter)
        self._values.setdefault(name, text)
        self._changed_by_form()

    def unset(self, name: str) -> None:
        """Take an optional parameter out of the command; a required one is emptied."""
        if self._by_name[name].optional:
            self._values.pop(name, None)
        else:
            self._values[name] = ""
        self._server.pop(name, None)
        self._changed_by_form()

    def errors(self) -> dict[str, str]:
        """Return what is wrong, by parameter name; "" is the form as a whole."""
        found: dict[str, str] = {}
        for parameter in self.given:
            message = check(parameter, self._values[parameter.name])
            if message:
                found[parameter.name] = message
        for name, message in self._server.items():
            found.setdefault(name, message)
        if self._problems:
            found.setdefault("", self._problems[0].message)
        elif not self.parameters and self.plugin.type != "ts" and self._generation < 7:
            found[""] = (
                "This server cannot run a plugin that has no parameters. It works "
                "on a newer server."
            )
        return found

    def refuse(self, fields: Mapping[str, str]) -> dict[str, str]:
        """Take a server's refusal; return what belongs to no field of the form.

        CUBE reports a bad value under ``value``, without saying which parameter it
        was (cube-api.md trap 11): it is one of those the words can be about, and all
        of them are marked.
        """
        rest: dict[str, str] = {}
        for key, message in fields.items():
            if key in self._by_name:
                self._values.setdefault(key, "")
                self._server[key] = message
                continue
            marked = self._meant(message) if key == "value" else []
            for one in marked:
                others = [two.flag or two.name for two in marked if two is not one]
                said = f"The server refused this or {', '.join(others)}: {message}"
                self._server[one.name] = said if others else message
            if not marked:
                rest[key] = message
        return rest

    def _meant(self, message: str) -> list[PluginParameter]:
        """Return the parameters an unnamed refusal can be about."""
        given = [p for p in self.given if not _is_switch(p)]
        quoted = [
            p
            for p in given
            if p.type in PATH_TYPES
            and any(
                clean_path(part) in message
                for part in self._values[p.name].split(",")
                if clean_path(part)
            )
        ]
        words = message.lower()
        kinds = next(
            (types for said, types in _SAYS_TYPE if said in words), frozenset()
        )
        return (
            quoted
            or [p for p in given if p.type in kinds]
            or (given if len(given) == 1 else [])
        )

    # -- the command line's side -----------------------------------------------

    def command_line(self) -> str:
        """Return the command: as typed while it is being typed, else as made."""
        if self._text is not None:
            return self._text
        return self.made_command_line()

    def made_command_line(self) -> str:
        """Return the command as made from the values."""
        pieces = [self.piece(p, self._values[p.name]) for p in self.given]
        return " ".join([self.plugin.name, *(piece for piece in pieces if piece)])

    @staticmethod
    def piece(parameter: PluginParameter, text: str) -> str:
        """Return one parameter as it stands on a command line, "" for a switch off."""
        flag = parameter.flag or parameter.name
        if _is_switch(parameter):
            return flag if _flag_on(parameter, text) else ""
        if not text and not parameter.optional:
            return ""
        if text.startswith("-") and not _number(text):
            return f"{flag}={quote(text)}"
        return f"{flag} {quote(text)}"

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Pieces of the typed command line that could not be read."""
        return self._problems

    def parse(self, text: str) -> tuple[Problem, ...]:
        """Take a typed command line into the values; return what cannot be read."""
        tokens, problems = tokenize(text)
        found = [Problem(p.start, p.end, p.message) for p in problems]
        if tokens and tokens[0].text == self.plugin.name:
            tokens = tokens[1:]
        values: dict[str, str] = {}
        index = 0
        while index < len(tokens):
            index += self._take(tokens, index, values=values, problems=found)
        for parameter in self.parameters:
            if not parameter.optional:
                values.setdefault(parameter.name, _absent(parameter))
        for name in list(self._server):
            if values.get(name) != self._values.get(name):
                del self._server[name]
        self._values = values
        self._text = text
        self._problems = tuple(found)
        return self._problems

    def _take(
        self,
        tokens: Sequence[Token],
        index: int,
        *,
        values: dict[str, str],
        problems: list[Problem],
    ) -> int:
        """Read one parameter at `index`; return how many tokens it took."""
        token = tokens[index]
        flag, equals, rest = token.text.partition("=")
        parameter = self._by_flag.get(token.text)
        attached: str | None = None
        if parameter is None and equals:
            parameter, attached = self._by_flag.get(flag), rest
        if parameter is None:
            known = token.text.startswith("-")
            problems.append(
                Problem(
                    token.start,
                    token.end,
                    f"{self.plugin.name} has no parameter {flag}."
                    if known
                    else f"“{token.text}” belongs to no parameter.",
                )
            )
            return 1
        if parameter.name in values:
            problems.append(
                Problem(token.start, token.end, f"{parameter.flag} is given twice.")
            )
        if _is_switch(parameter):
            if attached is not None and not is_on_word(attached):
                problems.append(
                    Problem(
                        token.start,
                        token.end,
                        f"{parameter.flag} is a switch and takes no value.",
                    )
                )
            on = parameter.action != "store_false"
            values[parameter.name] = "true" if on else "false"
            return 1
        if attached is not None:
            values[parameter.name] = attached
            return 1
        if index + 1 < len(tokens) and tokens[index + 1].text not in self._by_flag:
            values[parameter.name] = tokens[index + 1].text
            return 2
        problems.append(
            Problem(token.start, token.end, f"{parameter.flag} needs a value.")
        )
        values.setdefault(parameter.name, "")
        return 1

    # -- what is sent ----------------------------------------------------------

    def payload(self) -> dict[str, Value]:
        """Return the values to be sent, by parameter name.

        Optional parameters that were not touched are left out, so that the program's
        own defaults apply; but at least one parameter is sent where there is one:
        some servers cannot start a run without (cube-api.md 14.2.1).

        Raises
        ------
        ValueError
            While `errors` is not empty.
        """
        sent = {p.name: to_value(p, self._values[p.name]) for p in self.given}
        if not sent and self.plugin.type != "ts":
            spare = _spare(self.parameters)
            if spare is not None:
                default = spare.default
                sent[spare.name] = default if default is not None else ""
        return sent

    def adopt(self, values: Mapping[str, str]) -> list[str]:
        """Take over what an earlier run was given, and nothing else.

        Returns names this version of the plugin does not know.
        """
        for parameter in self.parameters:
            if parameter.optional:
                self._values.pop(parameter.name, None)
            else:
                self._values[parameter.name] = _absent(parameter)
        self._server.clear()
        for name, text in values.items():
            if name in self._by_name:
                self._values[name] = ""
                self.set(name, text)
        self._changed_by_form()
        hidden = {JOIN_PARAMETER} if self.plugin.type == "ts" else set()
        return [
            name for name in values if name not in self._by_name and name not in hidden
        ]

    def preset(self, values: Mapping[str, Value | None]) -> None:
        """Begin with the values of a pipeline's node.

        What is the plugin's own default anyway is left out; None has to be given.
        """
        for parameter in self.parameters:
            if parameter.name not in values:
                continue
            value = values[parameter.name]
            text = show_value(value)
            off = _is_switch(parameter) and not _flag_on(parameter, text)
            own = value is not None and value == parameter.default
            if parameter.optional and (own or off):
                self._values.pop(parameter.name, None)
            else:
                self._values[parameter.name] = text
        self._changed_by_form()

    def _changed_by_form(self) -> None:
        self._text = None
        self._problems = ()


def _is_switch(parameter: PluginParameter) -> bool:
    return parameter.type == "boolean"


def _flag_on(parameter: PluginParameter, text: str) -> bool:
    """Whether a switch with this value puts its flag on the command line."""
    if parameter.action == "store_false":
        return text.strip().lower() in OFF_WORDS
    return is_on_word(text)


def _default_text(parameter: PluginParameter) -> str:
    default = parameter.default
    return _absent(parameter) if default is None else show_value(default)


def _absent(parameter: PluginParameter) -> str:
    """What it means that a parameter is not on the command line."""
    if not _is_switch(parameter):
        return ""
    return "true" if parameter.action == "store_false" else "false"


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _spare(parameters: Sequence[PluginParameter]) -> PluginParameter | None:
    """Return the optional parameter to send so that the run has one.

    A switch that is off adds no argument and does not help.
    """
    usable = [p for p in parameters if p.optional and not _is_switch(p)]
    for parameter in usable:
        if parameter.default is not None:
            return parameter
    return next((p for p in usable if p.type == "string"), None)
