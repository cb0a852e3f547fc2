"""Series side by side: their files gathered, then the viewer with a view for each."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from chrislib.errors import ChrislibError
from chrislib.library.mine.model import Level, Row
from chrislib.library.mine.service import MyLibrary
from chrislib.library.model import ItemState
from chrislib.library.words import count, series
from chrislib.views.context import ViewContext
from chrislib.views.navigation import OpenViewer
from chrislib.views.viewer_content import Layout, ViewContent

_MOST = 24
"""Series whose files are gathered; the viewer shows half of them at once."""
_KINDS = frozenset({"dicom", "image"})


class SideBySide(QObject):
    """Compares series (C, two of them) and surveys them (N, all).

    Signals
    -------
    progressed : str
        Words about files that are on their way from a server, "" when there are none.
    """

    progressed = Signal(str)

    def __init__(self, ctx: ViewContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._mine = ctx.my_library
        self._tasks = ctx.tasks("side by side")

    def show(self, rows: Sequence[Row], layout: Layout) -> None:
        """Gather the files of series and show them (disk, network).

        One series alone is compared with the earlier one of its kind. What was asked
        for before is dropped.
        """
        self.stop()
        self._tasks.start(self._show(list(rows), layout), name="gather files")

    def stop(self) -> bool:
        """Stop what is on its way; False when nothing is. What arrived is kept."""
        if not self._tasks.pending:
            return False
        self._tasks.cancel_all()
        self.progressed.emit("")
        return True

    def shutdown(self) -> None:
        """Cancel what runs."""
        self._tasks.cancel_all()

    async def _show(self, rows: list[Row], layout: Layout) -> None:
        if len(rows) == 1 and layout == "compare":
            earlier = await earlier_like(self._mine, rows[0])
            rows += [earlier] if earlier is not None else []
        wanted = 2 if layout == "compare" else _MOST
        paths: list[Path] = []
        kinds: set[str] = set()
        shown, left_out = 0, 0
        for number, row in enumerate(rows, 1):
            if shown == wanted:
                break
            try:
                kind, found = await self._files(row, self._teller(number, len(rows)))
            except ChrislibError as error:
                self._ctx.messages.failed(error)
                kind, found = "", ()
            if found and kind in _KINDS:
                kinds.add(kind)
                paths += found
                shown += 1
            else:
                left_out += 1
        self.progressed.emit("")
        alone = layout == "compare" and len(rows) < 2
        self._tell_of(left_out, alone=alone)
        if shown > 1 or (shown and layout == "survey"):
            kind = "dicom" if "dicom" in kinds else "image"
            title = series(shown)
            content = ViewContent(kind, title, tuple(paths), layout)
            self._ctx.navigator.go(OpenViewer(content))

    def _tell_of(self, left_out: int, *, alone: bool) -> None:
        if alone:
            self._ctx.messages.info(
                "There is nothing to compare it with",
                "No earlier series of this patient is of the same kind.",
                hint="Highlight two series, then compare.",
            )
        elif left_out:
            self._ctx.messages.info(
                f"{count(left_out, 'series', 'series')} could not be put beside others",
                "Their files are not there yet, or they are no stack of pictures.",
            )

    async def _files(
        self, row: Row, tell: Callable[[int, int], None]
    ) -> tuple[str, tuple[Path, ...]]:
        """Return kind and local files of a series (disk, network)."""
        if row.series_key is not None:
            files = await self._mine.files(row.row_id)
            if files:
                return "dicom", tuple(file.path for file in files)
        if row.item is None or row.item.state is not ItemState.READY:
            return "", ()
        opened = await self._ctx.library.open_item(
            row.item, cache=self._ctx.paths.cache, progress=tell
        )
        return opened.kind, opened.paths

    def _teller(self, number: int, total: int) -> Callable[[int, int], None]:
        def tell(done: int, files: int) -> None:
            words = f"{done:,} of {count(files, 'file')}"
            said = f"Getting series {number} of {total}: {words} · Esc stops"
            self.progressed.emit(said)

        return tell


async def earlier_like(mine: MyLibrary, row: Row) -> Row | None:
    """Return the series of the same kind in the patient's study before (disk).

    The same modality, and of those the one with the same name if there is one; a study
    that has none of its kind is passed over.
    """
    if row.patient is None or row.study is None:
        return None
    studies = await mine.children(Level.PATIENT, row.patient)
    if row.study not in studies:
        return None
    for study in studies[studies.index(row.study) + 1 :]:
        below = await mine.children(Level.STUDY, study)
        rows = await mine.rows(below)
        alike = [
            rows[one]
            for one in below
            if one in rows and rows[one].modality == row.modality
        ]
        if alike:
            return max(alike, key=lambda one: _likeness(one, row))
    return None


def _likeness(one: Row, other: Row) -> tuple[bool, bool, int]:
    same_title = one.title.casefold() == other.title.casefold()
    return same_title, one.body_part == other.body_part, one.images or 0
