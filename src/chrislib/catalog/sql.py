"""Dataclass rows to SQL and back, so that no statement lists columns twice."""

import sqlite3
from collections.abc import Hashable
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar, cast

_Row = TypeVar("_Row")


def columns(kind: type[Any]) -> tuple[str, ...]:
    """Return the column names of a row dataclass."""
    return _names(kind, "")


def insert(table: str, kind: type[Any], key: str = "") -> str:
    """Return an INSERT; with `key` an upsert on that column (or columns)."""
    names = columns(kind)
    marks = ",".join("?" for _ in names)
    text = f"INSERT INTO {table} ({','.join(names)}) VALUES ({marks})"
    if key:
        taken = {part.strip() for part in key.split(",")}
        sets = ",".join(f"{n}=excluded.{n}" for n in names if n not in taken)
        text += f" ON CONFLICT({key}) DO UPDATE SET {sets}"
    return text


def update(table: str, kind: type[Any], *, leave: str = "") -> str:
    """Return an UPDATE of all columns but `leave`, without its WHERE."""
    sets = ",".join(f"{name}=?" for name in _names(kind, leave))
    return f"UPDATE {table} SET {sets}"


def select(table: str, kind: type[Any]) -> str:
    """Return a SELECT of exactly the columns of a row dataclass."""
    return f"SELECT {','.join(columns(kind))} FROM {table}"


def values(row: object, *, leave: str = "") -> tuple[Any, ...]:
    """Return a row's values in the order of its columns, without `leave`."""
    found: tuple[Any, ...] = _getter(type(row), leave)(row)
    return found


def rows(kind: type[_Row], cursor: sqlite3.Cursor) -> list[_Row]:
    """Return everything a `select` found as dataclasses."""
    names = columns(kind)
    return [kind(**dict(zip(names, row, strict=True))) for row in cursor]


# Thousands of rows are written at once: what is known of a class is found out once.


def _names(kind: type[Any], leave: str) -> tuple[str, ...]:
    return _names_of(cast(Hashable, kind), leave)


def _getter(kind: type[Any], leave: str) -> "attrgetter[Any]":
    return _getter_of(cast(Hashable, kind), leave)


@cache
def _names_of(kind: Any, leave: str) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind) if field.name != leave)


@cache
def _getter_of(kind: Any, leave: str) -> "attrgetter[Any]":
    return attrgetter(*_names(kind, leave))
