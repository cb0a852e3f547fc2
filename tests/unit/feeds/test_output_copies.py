"""Copies of outputs by their own names."""

from dataclasses import replace
from pathlib import Path

import pytest

from chrislib.cube.types import StoragePath
from chrislib.errors import ChrislibError
from chrislib.feeds.model import OutputEntry
from chrislib.feeds.output_copies import MOST_FILES, OutputCopies


def entry(relative: str, number: int = 1) -> OutputEntry:
    return OutputEntry(
        path=StoragePath(f"out/{relative}"),
        relative=relative,
        is_folder=False,
        size=4,
        file_id=number,
        kind="text",
    )


FOLDER = replace(entry("d"), is_folder=True, size=None, file_id=None, kind="folder")


async def test_copies_have_their_names_and_none_is_lost(tmp_path: Path) -> None:
    fetched: list[str] = []

    async def fetch(one: OutputEntry) -> Path:
        fetched.append(one.relative)
        path = tmp_path / f"cache-{one.file_id}"
        path.write_text(f"content {one.file_id}")
        return path

    copies = OutputCopies(tmp_path / "copies", fetch)
    assert copies.local(entry("a b.txt")) is None
    path = await copies.bring(entry("a b.txt"))
    assert path.name == "a b.txt"
    # a program may write into the copy: what is looked at here stays
    path.write_text("changed")
    assert (tmp_path / "cache-1").read_text() == "content 1"
    assert await copies.bring(entry("a b.txt")) == path
    assert fetched == ["a b.txt"]
    names = ["d/x.txt", "d/X.txt", "d/../up.txt", "d/e/CON", "d/e/a:b"]
    inside = [entry(name, number) for number, name in enumerate(names, 10)]
    folder = await copies.bring(FOLDER, inside)
    assert folder.name == "d"
    found = [one for one in folder.rglob("*") if one.is_file()]
    assert sorted(one.read_text() for one in found) == [
        f"content {number}" for number in range(10, 15)
    ]
    spelled = {str(one.relative_to(folder)).casefold() for one in found}
    assert spelled == {"x.txt", "x (2).txt", "up.txt", "e/_con", "e/a_b"}
    copies.forget()
    assert copies.local(FOLDER) is None


async def test_too_much_is_refused_before_anything_is_fetched(tmp_path: Path) -> None:
    async def fetch(_one: OutputEntry) -> Path:
        raise AssertionError

    copies = OutputCopies(tmp_path / "copies", fetch)
    many = [entry(f"d/{number}", number) for number in range(MOST_FILES + 1)]
    with pytest.raises(ChrislibError, match="too many"):
        await copies.bring(FOLDER, many)
    large = [replace(entry("d/a"), size=10**12)]
    with pytest.raises(ChrislibError, match="too large"):
        await copies.bring(FOLDER, large)
