"""Outputs that were listed so far: unfolded, narrowed and in order. No net."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from heapq import merge

from chrislib.aio import Breather
from chrislib.feeds.model import OutputEntry
from chrislib.feeds.outputs import KIND_WORDS

NAME, KIND, SIZE, DATE = range(4)
TOP = -1
"""The number of what holds the outermost entries."""
_DIGITS = re.compile(r"\d+")
_CHUNK = 250
"""Entries that are sorted or looked through in one go: under 1 ms."""


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What a person wants to see of outputs.

    Attributes
    ----------
    words : str
        All of them must be in the path below the outputs' folder.
    kind : str
        A kind of entries, "" for all.
    """

    words: str = ""
    kind: str = ""

    @property
    def narrows(self) -> bool:
        """Whether files may be left out."""
        return bool(self.words.strip()) or bool(self.kind)


class OutputBook:
    """Entries by number, in the order they were heard of.

    A number stays with its entry for good; what is on screen is the list of numbers
    `rows`, which `arrange` makes anew.
    """

    def __init__(self) -> None:
        self.entries: list[OutputEntry] = []
        self.parents: list[int] = []
        self.depths: list[int] = []
        self.files: list[int] = []
        """Files below each entry (1 for a file itself)."""
        self.sizes: list[int] = []
        """Bytes of them."""
        self.rows: list[int] = []
        self.file_count = 0
        self.size = 0
        self.found_count = 0
        """Files that fit the narrowing."""
        self.found_size = 0
        self.opened: set[str] = set()
        """Folders that are unfolded, by what they are shown as."""
        self.complete: set[int] = set()
        """Folders that were read to their end."""
        self.narrowing = Narrowing()
        self.flat = False
        """Whether files stand in one list, without folders."""
        self.order = (NAME, False)
        self.changed = 0
        """Goes up when an arrangement that is under way is of no use any more."""
        self._numbers: dict[str, int] = {}
        self._folders: dict[int, list[int]] = {TOP: []}
        self._leaves: dict[int, list[int]] = {TOP: []}
        self._folded: list[str] = []
        self._kinds: set[str] | None = set()

    # --- what is known ------------------------------------------------------------

    def number(self, relative: str) -> int | None:
        """Return the number of the entry shown at a path."""
        return self._numbers.get(relative)

    def add(self, parent: str, entries: Iterable[OutputEntry]) -> None:
        """Take entries of a folder; those known are replaced."""
        above = self._numbers.get(parent, TOP) if parent else TOP
        if parent and above == TOP:
            return  # the folder itself is gone meanwhile
        depth = 0 if above == TOP else self.depths[above] + 1
        folders, leaves = self._folders[above], self._leaves[above]
        count = size = 0
        for entry in entries:
            known = self._numbers.get(entry.relative)
            if known is not None:
                self._replace(known, entry)
                continue
            number = len(self.entries)
            self._numbers[entry.relative] = number
            self.entries.append(entry)
            self.parents.append(above)
            self.depths.append(depth)
            self._folded.append((entry.title or entry.relative).casefold())
            is_file = entry.file_id is not None
            self.files.append(1 if is_file else 0)
            self.sizes.append(entry.size or 0)
            count += is_file
            if is_file and self._kinds is not None:
                self._kinds.add(entry.kind)
            size += entry.size or 0
            if entry.is_folder:
                folders.append(number)
                self._folders[number], self._leaves[number] = [], []
            else:
                leaves.append(number)
        self._weigh(above, count, size)

    def finish(self, parent: str) -> None:
        """Note that a folder was read to its end."""
        self.complete.add(self._numbers.get(parent, TOP) if parent else TOP)

    def below(self, number: int) -> list[int]:
        """Return all files below an entry, or the entry itself."""
        if number != TOP and not self.entries[number].is_folder:
            return [number]
        found = list(self._leaves[number])
        for folder in self._folders[number]:
            found += self.below(folder)
        return found

    def inside(self, number: int) -> Sequence[int]:
        """Return what is directly in a folder, folders first."""
        return [*self._folders[number], *self._leaves[number]]

    def above(self, number: int) -> int:
        """Return the folder of an entry, `TOP` for an outermost one."""
        return self.parents[number]

    def kinds(self) -> list[str]:
        """Return the kinds of files there are, in the order of their words."""
        if self._kinds is None:
            files = (one for one in self.entries if one.file_id is not None)
            self._kinds = {entry.kind for entry in files}
        return sorted(self._kinds, key=lambda kind: KIND_WORDS.get(kind, kind))

    def is_open(self, number: int) -> bool:
        """Whether a folder's content is among the rows."""
        entry = self.entries[number]
        return entry.is_folder and (
            self.narrowing.narrows or entry.relative in self.opened
        )

    def name(self, number: int) -> str:
        """Return what an entry is called: in a flat list with its folders."""
        entry = self.entries[number]
        if self.flat:
            return entry.relative
        return entry.title or entry.relative.rsplit("/", 1)[-1]

    # --- what is shown --------------------------------------------------------------

    def tell_rows(self) -> list[int]:
        """Return the rows as they are now, unsorted what came since `arrange`."""
        if self.narrowing.narrows or self.flat:
            return self.rows
        rows: list[int] = []
        self._unfold(TOP, rows)
        return rows

    async def arrange(self) -> bool:
        """Put everything in order and narrow it, in steps; the rows are made anew.

        Returns
        -------
        bool
            False when something changed meanwhile: nothing was done then.
        """
        changed = self.changed
        column, downwards = self.order
        key = _KEYS[column]
        breather = Breather()
        wanted = await self._wanted(breather)
        if self.flat:
            files = self.below(TOP) if wanted is None else wanted
            rows = await self._sorted(
                files, key, downwards=downwards, breather=breather
            )
            if changed != self.changed:
                return False
        else:
            for numbers in (*self._folders.values(), *self._leaves.values()):
                if len(numbers) > 1:
                    ordered = await self._sorted(
                        list(numbers), key, downwards=downwards, breather=breather
                    )
                    if changed != self.changed:
                        return False
                    # what came meanwhile stands behind
                    numbers[:] = ordered + numbers[len(ordered) :]
                else:
                    await breather.rest()
            # what follows is done in one turn
            await breather.rest()
            if changed != self.changed:
                return False
            rows = []
            if wanted is None:
                self._unfold(TOP, rows)
            else:
                self._unfold_only(set(wanted), rows)
        self.rows = rows
        if wanted is None:
            self.found_count, self.found_size = self.file_count, self.size
        else:
            self.found_count = len(wanted)
            self.found_size = sum(self.sizes[number] for number in wanted)
        return True

    # --- inside ---------------------------------------------------------------------

    async def _wanted(self, breather: Breather) -> list[int] | None:
        """Return the files that fit the narrowing, None for all."""
        if not self.narrowing.narrows:
            return None
        words, kind = self.narrowing.words.casefold().split(), self.narrowing.kind
        found: list[int] = []
        entries, folded = self.entries, self._folded
        for start in range(0, len(entries), _CHUNK):
            await breather.rest()
            for number in range(start, min(start + _CHUNK, len(entries))):
                entry = entries[number]
                if entry.is_folder or (kind and entry.kind != kind):
                    continue
                text = folded[number]
                if all(word in text for word in words):
                    found.append(number)
        return found

    async def _sorted(
        self,
        numbers: Sequence[int],
        key: Callable[["OutputBook", int], tuple[object, ...]],
        *,
        downwards: bool,
        breather: Breather,
    ) -> list[int]:
        """Return numbers in order; thousands are sorted in steps."""
        pieces = []
        for start in range(0, len(numbers), _CHUNK):
            await breather.rest()
            keyed = [(key(self, one), one) for one in numbers[start : start + _CHUNK]]
            keyed.sort(key=_first, reverse=downwards)
            pieces.append(keyed)
        if len(pieces) == 1:
            return [number for _, number in pieces[0]]
        found: list[int] = []
        for count, (_, number) in enumerate(
            merge(*pieces, key=_first, reverse=downwards)
        ):
            found.append(number)
            if count % _CHUNK == 0:
                await breather.rest()
        return found

    def _unfold(self, number: int, rows: list[int]) -> None:
        for folder in self._folders[number]:
            rows.append(folder)
            if self.entries[folder].relative in self.opened:
                self._unfold(folder, rows)
        rows.extend(self._leaves[number])

    def _unfold_only(self, wanted: set[int], rows: list[int]) -> None:
        """Show files that are wanted, and the folders they are in."""
        needed: set[int] = set()
        for number in wanted:
            above = self.parents[number]
            while above != TOP and above not in needed:
                needed.add(above)
                above = self.parents[above]

        def unfold(number: int) -> None:
            for folder in self._folders[number]:
                if folder in needed:
                    rows.append(folder)
                    unfold(folder)
            rows.extend(one for one in self._leaves[number] if one in wanted)

        unfold(TOP)

    def _replace(self, number: int, entry: OutputEntry) -> None:
        self._kinds = None
        before = self.entries[number]
        self.entries[number] = entry
        if before.is_folder or entry.is_folder:
            # a folder that turned out to be gone or closed has nothing below it
            if before.is_folder and not entry.is_folder:
                above = self.parents[number]
                self._folders[above].remove(number)
                self._leaves[above].append(number)
                self.changed += 1
            return
        is_file = entry.file_id is not None
        count = is_file - self.files[number]
        size = (entry.size or 0) - self.sizes[number]
        self.files[number], self.sizes[number] = int(is_file), entry.size or 0
        self._weigh(self.parents[number], count, size)

    def _weigh(self, number: int, count: int, size: int) -> None:
        while number != TOP:
            self.files[number] += count
            self.sizes[number] += size
            number = self.parents[number]
        self.file_count += count
        self.size += size


def natural(text: str) -> str:
    """Return what names are sorted by: "img2.txt" stands before "img10.txt"."""
    if text.isalpha():
        return text
    return _DIGITS.sub(lambda found: found[0].zfill(12), text)


def _by_name(book: OutputBook, number: int) -> tuple[object, ...]:
    return (natural(book._folded[number]),)


def _by_kind(book: OutputBook, number: int) -> tuple[object, ...]:
    return (book.entries[number].kind, natural(book._folded[number]))


def _by_size(book: OutputBook, number: int) -> tuple[object, ...]:
    return (book.sizes[number], book._folded[number])


def _by_date(book: OutputBook, number: int) -> tuple[object, ...]:
    return (book.entries[number].created, book._folded[number])


def _first(row: tuple[tuple[object, ...], int]) -> tuple[object, ...]:
    return row[0]


_KEYS: dict[int, Callable[[OutputBook, int], tuple[object, ...]]] = {
    NAME: _by_name,
    KIND: _by_kind,
    SIZE: _by_size,
    DATE: _by_date,
}
