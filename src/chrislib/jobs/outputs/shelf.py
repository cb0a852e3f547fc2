"""Small files are put in place together, by one thread at a time."""

import asyncio
import hashlib
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from chrislib.jobs.outputs import parts
from chrislib.jobs.outputs.local_names import part_of
from chrislib.jobs.outputs.parts import Saved

_THREADS = 2
"""Threads at once; one alone waits for the interpreter at each of its calls."""


class Shelf:
    """Takes files that have come whole, and writes all that wait in one thread.

    A thread for each file would take the interpreter from the event loop at every
    call: with eight at once that cost more than the files. Their bytes are written
    first and made sure of after, so that a disk does the most of it in one go.
    """

    def __init__(self) -> None:
        self._waiting: list[_File] = []
        self._threads = 0

    async def put(
        self,
        data: bytes,
        target: Path,
        *,
        make: Callable[[Path], Path] | None = None,
    ) -> Saved:
        """Write a file beside its place and give it its name (disk).

        Whoever is called off while it waits leaves a whole file or none.

        Parameters
        ----------
        make : callable, optional
            Makes the folder of `target` and returns where that really is.

        Raises
        ------
        OSError
            Of this file alone; its part is removed.
        """
        file = _File(data, target, make)
        self._waiting.append(file)
        if self._threads < _THREADS:
            self._go()
        return await file.saved

    def _go(self) -> None:
        files, self._waiting = self._waiting, []
        self._threads += 1
        # not awaited: the thread also serves those who are not called off
        ended = asyncio.get_running_loop().run_in_executor(None, _put_all, files)
        ended.add_done_callback(partial(self._ended, files))

    def _ended(
        self,
        files: Sequence["_File"],
        results: "asyncio.Future[list[Saved | Exception]]",
    ) -> None:
        self._threads -= 1
        failure = results.exception() if not results.cancelled() else None
        for number, file in enumerate(files):
            if file.saved.done():
                continue
            if results.cancelled():
                file.saved.cancel()
                continue
            result = failure or results.result()[number]
            if isinstance(result, Saved):
                file.saved.set_result(result)
            else:
                file.saved.set_exception(result)
        if self._waiting:
            self._go()


class _File:
    """One file on its way; what is done with it in the thread, a step each."""

    def __init__(
        self, data: bytes, target: Path, make: Callable[[Path], Path] | None
    ) -> None:
        self.saved: asyncio.Future[Saved] = asyncio.get_running_loop().create_future()
        self._data = data
        self._target = target
        self._make = make
        self._begun = False
        self._part: int | None = None

    def write(self, made: dict[Path, Path]) -> None:
        folder = self._target.parent
        if self._make is not None:
            if folder not in made:
                made[folder] = self._make(self._target).parent
            self._target = made[folder] / self._target.name
        # a file object would wait for the interpreter three times more
        self._part = parts.new_part(part_of(self._target))
        self._begun = True
        parts.fill(self._part, self._data)

    def settle(self) -> None:
        assert self._part is not None
        parts.settle(self._part)
        self._close()

    def place(self) -> Saved:
        placed = parts.put_in_place(part_of(self._target), self._target)
        digest = hashlib.sha256(self._data).hexdigest()
        return Saved(placed, len(self._data), digest)

    def give_up(self) -> None:
        with suppress(OSError):
            self._close()
        if self._begun:
            part_of(self._target).unlink(missing_ok=True)

    def _close(self) -> None:
        part, self._part = self._part, None
        if part is not None:
            os.close(part)


def _put_all(files: Sequence[_File]) -> list[Saved | Exception]:
    """Put files in place, each with its own fate (disk)."""
    failed: dict[_File, Exception] = {}

    def step(file: _File, work: Callable[[], Saved | None]) -> Saved | None:
        if file in failed:
            return None
        try:
            return work()
        except Exception as error:  # noqa: BLE001 - told to whoever waits for the file
            failed[file] = error
            file.give_up()
            return None

    made: dict[Path, Path] = {}
    for file in files:
        step(file, partial(file.write, made))
    for file in files:
        step(file, file.settle)
    placed = [step(file, file.place) for file in files]
    return [saved or failed[file] for saved, file in zip(placed, files, strict=True)]
