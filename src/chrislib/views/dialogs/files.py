"""Choosing files and folders, and confirming: awaited, without a nested loop."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QDialog, QFileDialog, QWidget

from chrislib.views.dialogs.confirm import ConfirmSheet
from chrislib.views.theme.theme import Theme


class QtDialogs:
    """The `Dialogs` port with real windows.

    Parameters
    ----------
    window : callable
        Returns the window the dialogs belong to.
    """

    def __init__(self, theme: Theme, window: Callable[[], QWidget]) -> None:
        self._theme = theme
        self._window = window

    async def open_files(self, title: str, start: Path) -> tuple[Path, ...]:
        """Return the chosen files, none when it was cancelled."""
        dialog = self._file_dialog(title, start)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        return await _chosen(dialog)

    async def open_folder(self, title: str, start: Path) -> Path | None:
        """Return the chosen folder, None when it was cancelled."""
        dialog = self._file_dialog(title, start)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        found = await _chosen(dialog)
        return found[0] if found else None

    async def confirm(
        self, title: str, text: str, *, action: str, danger: bool = False
    ) -> bool:
        """Return whether the person chose `action`."""
        sheet = ConfirmSheet(
            self._window(), self._theme, title, text, action=action, danger=danger
        )
        return await _finished(sheet) == QDialog.DialogCode.Accepted

    def _file_dialog(self, title: str, start: Path) -> QFileDialog:
        folder = start
        while not folder.is_dir() and folder != folder.parent:
            folder = folder.parent
        dialog = QFileDialog(self._window(), title, str(folder))
        # the system's own dialogs run a loop of their own, which qasync cannot take
        dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
        dialog.setObjectName("file-dialog")
        return dialog


async def _finished(dialog: QDialog) -> int:
    """Open `dialog` and wait until it was closed."""
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def closed(result: int) -> None:
        if not future.done():
            future.set_result(result)

    dialog.finished.connect(closed)
    dialog.open()
    try:
        return await future
    except asyncio.CancelledError:
        dialog.reject()
        raise


async def _chosen(dialog: QFileDialog) -> tuple[Path, ...]:
    result = await _finished(dialog)
    paths = tuple(Path(name) for name in dialog.selectedFiles())
    dialog.deleteLater()
    return paths if result == QDialog.DialogCode.Accepted else ()
