"""Small pictures that are kept on this computer, and how to be rid of them."""

from typing import Protocol

from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from chrislib.library.words import size
from chrislib.views.tasks import PaneTasks
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.text import Label


class KeptPictures(Protocol):
    """Who keeps them: `chrislib.library.thumbnails.service.Thumbnails`."""

    async def size(self) -> int:
        """Return the bytes of all pictures (disk)."""

    async def clear(self) -> None:
        """Remove every picture (disk)."""


class PicturesKept(QWidget):
    """One line of the settings: how much they take, and a button that removes them.

    They are made again where they are looked at, so nothing is asked first.
    """

    def __init__(self, theme: Theme, kept: KeptPictures, *, tasks: PaneTasks) -> None:
        super().__init__()
        self._kept = kept
        self._tasks = tasks
        self._words = Label(theme, token="text.secondary", name="settings.pictures")
        self._clear = button(
            theme, "Remove", icon="trash-2", name="settings.pictures.clear", small=True
        )
        self._clear.setToolTip(
            "They are made again when they are looked at; your data stays"
        )
        self._clear.setAccessibleName("Remove small pictures")
        self._clear.setEnabled(False)
        self._clear.clicked.connect(self._remove)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self._words)
        row.addWidget(self._clear)
        row.addStretch(1)

    def showEvent(self, event: QShowEvent) -> None:
        """Look how much it is now."""
        super().showEvent(event)
        self._look()

    def hideEvent(self, event: QHideEvent) -> None:
        """Ask no more; what is being removed goes on behind."""
        super().hideEvent(event)
        self._tasks.cancel_all()

    def _look(self) -> None:
        self._tasks.start(
            self._kept.size(), name="size of pictures", done=self._show_size
        )

    def _show_size(self, number: int) -> None:
        self._clear.setEnabled(number > 0)
        self._words.setText(
            f"Small pictures of series take {size(number)} on this computer."
            if number
            else "No small pictures of series are kept on this computer."
        )

    def _remove(self) -> None:
        self._clear.setEnabled(False)
        self._words.setText("Removing them …")
        self._tasks.start(
            self._kept.clear(),
            name="remove pictures",
            done=lambda _none: self._look(),
            failed=self._failed,
        )

    def _failed(self, error: BaseException) -> None:
        title = getattr(error, "title", "They could not be removed.")
        self._words.setText(f"{title} The pictures are still there.")
        self._clear.setEnabled(True)
