"""`dataclasses.replace` for frozen classes with slots, several times as fast.

A page of 500 rows makes some two thousand copies of jobs of 45 fields; the standard
one reads each field by its name and passes all of them through ``__init__`` again.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, TypeVar

_T = TypeVar("_T")
_Put = Callable[[Any, Any], None]

_kinds: dict[type[Any], tuple[Callable[[Any], Any], dict[str, _Put]]] = {}


def replace(original: _T, **changes: Any) -> _T:
    """Return a copy with some fields changed.

    Raises
    ------
    KeyError
        There is no field of that name.
    """
    kind = type(original)
    known = _kinds.get(kind)
    if known is None:
        names: tuple[str, ...] = kind.__slots__  # type: ignore[attr-defined]
        puts = {name: vars(kind)[name].__set__ for name in names}
        known = _kinds[kind] = attrgetter(*names), puts
    values, fields = known
    copy = object.__new__(kind)
    for put, value in zip(fields.values(), values(original), strict=True):
        put(copy, value)
    for name, value in changes.items():
        fields[name](copy, value)
    return copy
