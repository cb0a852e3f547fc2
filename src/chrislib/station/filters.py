"""Search parameters: known ones are ANDed, unknown ones are not looked at."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chrislib.station.context import stamp
from chrislib.station.http import invalid

_LAST = chr(0x10FFFF)  # sorts after every other character


class Filters:
    """The search of one kind of object.

    Parameters
    ----------
    conditions : mapping
        SQL condition with one mark, by parameter. Parameters that end in ``_date``
        are times.
    words : mapping, optional
        Conditions that every word of the value must fulfil.
    prefixes : mapping, optional
        Parameters that ask for the beginning of a column: the column.
    numbers : tuple of str, optional
        Parameters that are numbers besides ``id`` and those ending in ``_id``.
    choices : mapping, optional
        The values a parameter may have; anything else is 400.
    """

    def __init__(
        self,
        conditions: Mapping[str, str],
        *,
        words: Mapping[str, str] | None = None,
        prefixes: Mapping[str, str] | None = None,
        numbers: tuple[str, ...] = (),
        choices: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self._conditions = dict(conditions)
        self._words = dict(words or {})
        self._prefixes = dict(prefixes or {})
        self._numbers = frozenset(numbers)
        self._choices = dict(choices or {})

    def of(self, query: Mapping[str, str]) -> tuple[str, list[Any]]:
        """Return the SQL condition and its values for a query.

        Raises
        ------
        ApiError
            400 for a value of the wrong kind.
        """
        parts, values = ["1"], list[Any]()
        for name, given in query.items():
            if given == "":
                continue
            if name in self._prefixes:
                column = self._prefixes[name]
                parts.append(f"{column} >= ? AND {column} < ?")
                values += [given, given + _LAST]
            elif name in self._words:
                for word in given.split():
                    parts.append(self._words[name])
                    values.append(word)
            elif name in self._conditions:
                parts.append(self._conditions[name])
                values.append(self._value(name, given))
        return " AND ".join(parts), values

    def _value(self, name: str, given: str) -> Any:
        if name in self._choices and given not in self._choices[name]:
            text = f"{given} is not one of the available choices."
            raise invalid(name, f"Select a valid choice. {text}")
        if name.endswith("_date"):
            try:
                return stamp(datetime.fromisoformat(given))
            except ValueError:
                raise invalid(name, "Enter a valid date/time.") from None
        if name == "id" or name.endswith(("_id", "_nslashes")) or name in self._numbers:
            try:
                return int(given)
            except ValueError:
                raise invalid(name, "Enter a number.") from None
        return given
