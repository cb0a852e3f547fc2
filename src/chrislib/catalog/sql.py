"""Dataclass rows to SQL and back, so that no statement lists columns twice."""

import sqlite3
from dataclasses import fields
from typing import Any, TypeVar

_Row = TypeVar("_Row")


def columns(kind: type[Any]) -> tuple[str, ...]:
    """Return the column names of a row dataclass."""
    return tuple(field.name for field in fields(kind))


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


def select(table: str, kind: type[Any]) -> str:
    """Return a SELECT of exactly the columns of a row dataclass."""
    return f"SELECT {','.join(columns(kind))} FROM {table}"


def values(row: object) -> tuple[Any, ...]:
    """Return a row's values in the order of its columns."""
    return tuple(getattr(row, name) for name in columns(type(row)))


def rows(kind: type[_Row], cursor: sqlite3.Cursor) -> list[_Row]:
    """Return everything a `select` found as dataclasses."""
    return [kind(**dict(zip(columns(kind), row, strict=True))) for row in cursor]
