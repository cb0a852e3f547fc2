"""The book of outputs: whatever arrives in whatever order, all of it is shown once."""

import asyncio
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from chrislib.cube.types import StoragePath
from chrislib.feeds.model import OutputEntry
from chrislib.feeds.output_book import (
    DATE,
    KIND,
    NAME,
    SIZE,
    TOP,
    Narrowing,
    OutputBook,
    natural,
)
from chrislib.feeds.outputs import kind_of


def entry(relative: str, *, size: int | None = 1, folder: bool = False) -> OutputEntry:
    return OutputEntry(
        path=StoragePath(f"out/{relative}"),
        relative=relative,
        is_folder=folder,
        size=None if folder else size,
        file_id=None if folder else abs(hash(relative)),
        kind="folder" if folder else kind_of(relative),
        created=float(len(relative)),
    )


def shown(book: OutputBook) -> list[str]:
    return [book.entries[number].relative for number in book.rows]


PARTS = st.sampled_from(["a", "B", "img2.png", "img10.png", "x.csv", "Ä", "z.dcm"])
PATHS = st.lists(st.lists(PARTS, min_size=1, max_size=3), min_size=1, max_size=25)


def filled(paths: list[list[str]], book: OutputBook) -> set[str]:
    """Put files and the folders above them into a book; return the files."""
    folders = {"/".join(p[:n]) for p in paths for n in range(1, len(p))}
    files = {"/".join(path) for path in paths} - folders
    for folder in sorted(folders, key=lambda one: one.count("/")):
        book.add(folder.rpartition("/")[0], [entry(folder, folder=True)])
    for number, file in enumerate(sorted(files)):
        book.add(file.rpartition("/")[0], [entry(file, size=number)])
    book.opened = set(folders)
    return files


@settings(deadline=None, max_examples=80)
@given(PATHS, st.sampled_from([NAME, KIND, SIZE, DATE]), st.booleans(), st.booleans())
def test_every_file_is_a_row_in_the_order_asked_for(
    paths: list[list[str]], column: int, downwards: bool, flat: bool
) -> None:
    book = OutputBook()
    files = filled(paths, book)
    book.order, book.flat = (column, downwards), flat
    assert asyncio.run(book.arrange())
    rows = shown(book)
    assert len(rows) == len(set(rows))
    assert {one for one in rows if book.entries[book.number(one) or 0].file_id} == files
    assert book.file_count == book.found_count == len(files)
    assert book.size == sum(book.sizes[number] for number in book.below(TOP))
    among = [one for one in rows if one in files and (flat or "/" not in one)]
    if column == NAME:
        names = [natural(one.casefold()) for one in among]
        assert names == sorted(names, reverse=downwards)
    elif column == SIZE:
        sizes = [book.sizes[book.number(one) or 0] for one in among]
        assert sizes == sorted(sizes, reverse=downwards)
    if not flat:
        for row, number in enumerate(book.rows):
            above = book.above(number)
            assert above == TOP or above in book.rows[:row]


@settings(deadline=None, max_examples=60)
@given(PATHS, st.sampled_from(["img", "A", "dcm z", "10", "x.csv b"]))
def test_words_leave_what_has_all_of_them_and_the_folders_above(
    paths: list[list[str]], words: str
) -> None:
    book = OutputBook()
    files = filled(paths, book)
    book.narrowing = Narrowing(words)
    asyncio.run(book.arrange())
    wanted = {
        file
        for file in files
        if all(word in file.casefold() for word in words.casefold().split())
    }
    folders = {
        "/".join(file.split("/")[:depth])
        for file in wanted
        for depth in range(1, file.count("/") + 1)
    }
    assert set(shown(book)) == wanted | folders
    assert book.found_count == len(wanted)


async def test_what_arrives_while_it_is_sorted_is_not_lost() -> None:
    book = OutputBook()
    book.add("", [entry(f"f{number}.txt", size=number) for number in range(5000)])
    book.order = (SIZE, True)
    arranging = asyncio.ensure_future(book.arrange())
    while not arranging.done():
        book.add("", [entry(f"late{book.file_count}.txt", size=9)])
        await asyncio.sleep(0)
    assert await arranging
    assert book.file_count > 5000
    assert len(book.tell_rows()) == book.file_count
    assert book.entries[book.tell_rows()[0]].size == 4999


async def test_a_folder_that_is_gone_is_a_row_without_content() -> None:
    book = OutputBook()
    book.add("", [entry("d", folder=True)])
    book.add("d", [entry("d/a.txt", size=5)])
    gone = replace(entry("d", folder=True), is_folder=False, kind="gone")
    book.add("", [gone])
    await book.arrange()
    assert shown(book) == ["d"]
    assert not book.is_open(0)


def test_a_size_that_becomes_known_is_counted_in_every_folder_above() -> None:
    book = OutputBook()
    book.add("", [entry("d", folder=True)])
    book.add("d", [entry("d/a.dcm", size=None)])
    assert (book.file_count, book.size) == (1, 0)
    book.add("d", [entry("d/a.dcm", size=70)])
    assert (book.file_count, book.size, book.sizes[0]) == (1, 70, 70)
    book.add("d", [replace(entry("d/a.dcm"), file_id=None, size=None, kind="gone")])
    assert (book.file_count, book.size, book.files[0]) == (0, 0, 0)
