"""What was changed in the files of an upload, and saving that."""

import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHeaderView, QVBoxLayout, QWidget

from chrislib.dicom.deidentify.profile import WORDINGS, Option
from chrislib.library.words import count, join, size
from chrislib.views.context import ViewContext
from chrislib.views.widgets.documents import TableFile, TableModel
from chrislib.views.widgets.preview import table_view
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.text import Label

_HEADS = ("File", "Called", "Size", "Attributes changed", "SHA-256 of what was sent")
_WIDTHS = (300, 130, 80, 250)


class RecordSheet(Sheet):
    """Profile, options and files of one upload; nothing in it names a patient."""

    def __init__(
        self,
        window: QWidget,
        ctx: ViewContext,
        *,
        job_key: str,
        record: Mapping[str, Any],
    ) -> None:
        super().__init__(
            window,
            ctx.theme,
            "What was changed",
            join(str(record.get("standard", "")), str(record.get("begun", ""))),
        )
        self.setObjectName("record.sheet")
        self._ctx, self._job_key, self._record = ctx, job_key, record
        self._tasks = self.own(ctx.tasks("record of an upload"))
        self.cancel_button.setText("Close")
        self.next_button.setText("Save …")
        self.next_pressed.connect(lambda: self._tasks.start(self._save(), name="save"))
        self.body.addWidget(self._page())
        self.set_note("The saved file names no patient and no file of this computer.")

    def _page(self) -> QWidget:
        theme = self._theme
        files = cast("list[Mapping[str, Any]]", self._record.get("files", []))
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 16, 24, 0)
        column.setSpacing(6)
        for number, words in enumerate(summary(self._record)):
            label = Label(
                theme,
                words,
                style="body" if number == 0 else "small",
                token="text.primary" if number == 0 else "text.secondary",
                wrap=True,
                name=f"record.line.{number}",
            )
            column.addWidget(label)
        rows = tuple(
            (
                str(one["path"]).partition("/uploads/")[2] or str(one["path"]),
                str(one["subject"]),
                size(int(one["bytes"])),
                told(one["attributes"]),
                str(one["sha256"]),
            )
            for one in files
        )
        table = table_view(theme, name="record.files", label="Files")
        table.setModel(TableModel(TableFile(_HEADS, rows), self))
        table.verticalHeader().hide()
        table.setShowGrid(False)
        table.setSelectionBehavior(table.SelectionBehavior.SelectRows)
        header = table.horizontalHeader()
        header.setDefaultAlignment(
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        )
        for at, width in enumerate(_WIDTHS):
            header.resizeSection(at, theme.px(width))
        header.setSectionResizeMode(len(_WIDTHS), QHeaderView.ResizeMode.Stretch)
        column.addWidget(table, 1)
        return page

    async def _save(self) -> None:
        start = self._ctx.paths.downloads
        folder = await self._ctx.dialogs.open_folder("Where the record is saved", start)
        if folder is None:
            return
        day = str(self._record.get("begun", ""))[:10] or time.strftime("%Y-%m-%d")
        name = f"de-identification-{self._record.get('project', '')}-{day}.json"
        file = Path(folder) / name
        await self._ctx.library.deidentification.save_record(self._job_key, file)
        self._ctx.messages.success("The record is saved.", str(file))


async def show_record(window: QWidget, ctx: ViewContext, job_key: str) -> None:
    """Open the record of an upload over a window (disk)."""
    record = await ctx.library.deidentification.record(job_key)
    if record is None:
        ctx.messages.info(
            "There is no record of this upload on this computer.",
            "It was sent as it is, it has not begun, or it was sent from elsewhere.",
        )
        return
    RecordSheet(window, ctx, job_key=job_key, record=record).open()


def summary(record: Mapping[str, Any]) -> list[str]:
    """Return profile, options and sums in sentences."""
    files = cast("list[Mapping[str, Any]]", record.get("files", []))
    known = {option.value: WORDINGS[option].words for option in Option}
    options = [known.get(str(name), str(name)) for name in record.get("options", [])]
    subjects = {str(one["subject"]) for one in files}
    sums: Counter[str] = Counter()
    for one in files:
        sums.update(one["attributes"])
    plain = int(record.get("files_unchanged", 0))
    return [
        join(
            count(len(files), "file"),
            f"{count(plain, 'other file')} unchanged" if plain else "",
            count(len(subjects), "patient"),
            f"pseudonyms {record.get('project', '')}-…",
        ),
        f"{record.get('profile', '')}. {record.get('tool', '')}.",
        f"Options: {'; '.join(options) or 'none'}.",
        f"Attributes: {told(sums)}.",
    ]


def told(counts: Mapping[str, int]) -> str:
    """Return how often each thing was done, in words."""
    return ", ".join(f"{number:,} {what}" for what, number in sorted(counts.items()))
