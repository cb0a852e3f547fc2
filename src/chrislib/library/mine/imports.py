"""Local folders brought in in the background, one after the other."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from chrislib.aio import TaskOwner
from chrislib.desktop.archives import is_archive
from chrislib.errors import ChrislibError
from chrislib.library.indexing.indexer import Indexer
from chrislib.library.indexing.report import IndexReport
from chrislib.library.mine.model import Import, ImportState

_log = logging.getLogger(__name__)
_KEPT = 50
_OPEN = (ImportState.WAITING, ImportState.RUNNING)


class Imports:
    """The folders that are read now, wait to be, or were since the start.

    Parameters
    ----------
    indexer : Indexer
        Reads them.
    tell : callable
        Called after each change, at most ten times a second while one is read.
    """

    def __init__(self, indexer: Indexer, *, tell: Callable[[], None]) -> None:
        self._indexer = indexer
        self._tell = tell
        self._tasks = TaskOwner("bring in")
        self._all: dict[int, Import] = {}
        self._stops: dict[int, threading.Event] = {}
        self._number = 0
        self._working = False

    @property
    def all(self) -> tuple[Import, ...]:
        """Every import, newest first."""
        return tuple(reversed(self._all.values()))

    def add(self, roots: Iterable[Path]) -> list[int]:
        """Have folders or files read; returns the numbers of their imports.

        What waits already is not taken twice.
        """
        numbers: list[int] = []
        for root in roots:
            known = [
                one.number
                for one in self._all.values()
                if one.root == root and one.state is ImportState.WAITING
            ]
            if known:
                numbers += known
                continue
            self._number += 1
            self._all[self._number] = Import(self._number, root, ImportState.WAITING)
            self._stops[self._number] = threading.Event()
            numbers.append(self._number)
        ended = [one.number for one in self._all.values() if one.state not in _OPEN]
        for number in ended[: max(0, len(self._all) - _KEPT)]:
            del self._all[number]
        self._tell()
        if not self._working and numbers:
            self._working = True
            self._tasks.start(self._work(), name="read folders")
        return numbers

    def cancel(self, number: int) -> None:
        """Stop an import; what was read stays."""
        one = self._all.get(number)
        if one is None or one.state not in _OPEN:
            return
        self._stops[number].set()
        if one.state is ImportState.WAITING:
            self._put(replace(one, state=ImportState.STOPPED))

    async def close(self) -> None:
        """Stop reading and wait until it has ended (threads)."""
        for stop in self._stops.values():
            stop.set()
        await self._tasks.close()

    async def _work(self) -> None:
        try:
            while True:
                waiting = (
                    one
                    for one in self._all.values()
                    if one.state is ImportState.WAITING
                )
                one = next(waiting, None)
                if one is None:
                    return
                await self._read(one)
        finally:
            self._working = False

    async def _read(self, one: Import) -> None:
        self._put(replace(one, state=ImportState.RUNNING))
        stop = self._stops[one.number]

        def progress(report: IndexReport) -> None:
            if self._all[one.number].state is ImportState.RUNNING:
                self._put(_counted(self._all[one.number], report))

        try:
            if one.root.is_file() and await asyncio.to_thread(is_archive, one.root):
                self._put(replace(one, state=ImportState.DONE))
                return
            report = await self._indexer.bring_in(
                one.root, progress=progress, stop=stop
            )
        except ChrislibError as error:
            _log.info("a folder could not be brought in: %s", error.title)
            now = self._all[one.number]
            self._put(replace(now, state=ImportState.FAILED, reason=error.title))
            return
        ended = _counted(self._all[one.number], report)
        if report.away:
            reason = "It is not there, or empty now."
            ended = replace(ended, state=ImportState.FAILED, reason=reason)
        elif report.stopped:
            ended = replace(ended, state=ImportState.STOPPED)
        else:
            ended = replace(ended, state=ImportState.DONE)
        self._put(ended)

    def _put(self, one: Import) -> None:
        self._all[one.number] = one
        if one.state not in _OPEN:
            self._stops.pop(one.number, None)
        self._tell()


def _counted(one: Import, report: IndexReport) -> Import:
    return replace(
        one,
        seen=report.seen,
        read=report.read,
        images=report.images,
        unreadable=report.unreadable,
        removed=report.removed,
    )
