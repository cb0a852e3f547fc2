"""A small look at one file, beside a list of outputs."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPlainTextEdit,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from chrislib.dicom.decode import read_picture
from chrislib.dicom.header import read_header
from chrislib.dicom.nifti import Plane, read_volume
from chrislib.dicom.render import Letters, Picture
from chrislib.errors import ChrislibError
from chrislib.views.context import ViewContext
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.canvas import Canvas
from chrislib.views.widgets.documents import (
    TableFile,
    TableModel,
    TextFile,
    kind_of,
    read_beginning,
    read_image,
    read_table,
    show_size,
)
from chrislib.views.widgets.frames import to_image
from chrislib.views.widgets.state_view import StateView
from chrislib.views.widgets.text import Label
from chrislib.views.widgets.writing import Corners

_TEXT = 64_000
_LINES, _WIDTH = 400, 1000
"""Of a text: a box with more takes longer than a turn of the window."""
_ICONS = {"pdf": "file-text", "text": "file-text", "json": "braces", "table": "table"}
_PLANES: tuple[Plane, Plane] = ("coronal", "sagittal")


@dataclass(frozen=True, slots=True, eq=False)
class _Small:
    image: QImage
    aspect: float
    letters: Letters
    caption: str


@dataclass(frozen=True, slots=True, eq=False)
class _Loaded:
    pictures: tuple[_Small, ...] = ()
    text: TextFile | None = None
    table: TableFile | None = None
    facts: str = ""
    kind: str = "other"


def _small(picture: Picture, caption: str) -> _Small:
    return _Small(to_image(picture), picture.aspect, picture.letters, caption)


def _load(path: Path, hint: str) -> _Loaded:
    """Read what a preview needs from disk; runs in a thread."""
    kind = kind_of(path, hint)
    if kind == "nifti":
        volume = read_volume(path)
        middles = {plane: volume.count(plane) // 2 for plane in _PLANES}
        return _Loaded(
            tuple(_small(volume.picture(p, at), "") for p, at in middles.items()),
            kind=kind,
        )
    if kind == "dicom":
        frames = read_header(path).frames
        caption = f"Frame {frames // 2 + 1} of {frames}" if frames > 1 else ""
        return _Loaded((_small(read_picture(path, frames // 2), caption),), kind=kind)
    if kind == "image":
        image = read_image(path)
        return _Loaded((_Small(image, 1.0, Letters(), ""),), kind=kind)
    if kind == "table":
        return _Loaded(table=read_table(path, limit=_TEXT, rows=200), kind=kind)
    if kind in ("text", "json"):
        found = read_beginning(path, kind, limit=_TEXT, lines=_LINES, width=_WIDTH)
        return _Loaded(text=found, kind=kind)
    return _Loaded(facts=show_size(path.stat().st_size), kind=kind)


def plain_text_box(theme: Theme, *, name: str, label: str) -> QPlainTextEdit:
    """Return a read-only box for text of files, which is never markup."""
    box = QPlainTextEdit()
    box.setObjectName(name)
    box.setAccessibleName(label)
    box.setReadOnly(True)
    box.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
    box.setFont(theme.font("mono"))
    box.setFrameShape(QPlainTextEdit.Shape.NoFrame)
    return box


def table_view(theme: Theme, *, name: str, label: str) -> QTableView:
    """Return a table for CSV and TSV files."""
    view = QTableView()
    view.setObjectName(name)
    view.setAccessibleName(label)
    view.setFont(theme.font("small"))
    view.setEditTriggers(QTableView.EditTrigger.NoEditTriggers)
    view.setWordWrap(False)
    view.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
    view.setVerticalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
    view.verticalHeader().setDefaultSectionSize(theme.px(28))
    view.horizontalHeader().setDefaultSectionSize(120)
    return view


class Preview(QWidget):
    """Shows one file small: pictures on black, the start of text, else its facts."""

    def __init__(self, ctx: ViewContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = ctx.theme
        self._tasks = ctx.tasks("preview")
        self._task: asyncio.Task[None] | None = None
        self._path: Path | None = None
        self.setObjectName("preview")
        self.setAccessibleName("Preview")
        self._canvases = [
            Canvas(ctx.theme, name=f"preview.picture.{n}", label="Preview picture")
            for n in (1, 2)
        ]
        pair = QWidget()
        row = QHBoxLayout(pair)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for canvas in self._canvases:
            canvas.set_small(True)
            canvas.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            row.addWidget(canvas, 1)
        self._pair = pair
        self._text = plain_text_box(ctx.theme, name="preview.text", label="Text")
        self._table = table_view(ctx.theme, name="preview.table", label="Table")
        self._state = StateView(ctx.theme, "file", "", primary=False)
        self._pages = QStackedWidget()
        for page in (self._pair, self._text, self._table, self._state):
            self._pages.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._pages, 1)
        self._note = Label(
            ctx.theme, style="caption", token="text.muted", name="preview.note"
        )
        self._note.setContentsMargins(12, 4, 12, 4)
        self._note.hide()
        column.addWidget(self._note)
        self.show_message("Highlight a file to look at it here.")

    @property
    def path(self) -> Path | None:
        """The file shown or being read."""
        return self._path

    @property
    def images(self) -> list[QImage]:
        """The pictures on show."""
        if self._pages.currentWidget() is not self._pair:
            return []
        return [c.image for c in self._canvases if c.image is not None]

    @property
    def words(self) -> str:
        """What is said instead of a file's content."""
        if self._pages.currentWidget() is not self._state:
            return ""
        return self._state.accessibleName()

    def show_message(self, text: str, *, icon: str = "image", detail: str = "") -> None:
        """Show words in the preview's place."""
        self._stop()
        self._path = None
        self._say(icon, text, detail)

    def show_file(self, path: Path | None, kind: str = "", title: str = "") -> None:
        """Show a local file; it is read in a thread. None clears."""
        if path is None:
            self.show_message("Highlight a file to look at it here.")
            return
        self._stop()
        self._path = path
        self._task = self._tasks.start(
            self._read(path, kind, title or path.name), name="file"
        )

    def shutdown(self) -> None:
        """Stop reading."""
        self._tasks.cancel_all()

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _tell(self, note: str) -> None:
        """Say what is left out of a text or table."""
        self._note.setText(note)
        self._note.setVisible(bool(note))

    def _say(self, icon: str, title: str, detail: str) -> None:
        self._tell("")
        self._state.show_state(icon, title, detail)
        self._pages.setCurrentWidget(self._state)

    async def _read(self, path: Path, kind: str, title: str) -> None:
        try:
            loaded = await asyncio.to_thread(_load, path, kind)
        except ChrislibError as error:
            self._say("image", error.title, error.detail)
            return
        except OSError:
            self._say("image", "This file cannot be read.", "It may have been removed.")
            return
        if loaded.pictures:
            self._show_pictures(loaded.pictures)
        elif loaded.text is not None:
            self._text.setPlainText(loaded.text.text)
            self._pages.setCurrentWidget(self._text)
            self._tell(loaded.text.note)
        elif loaded.table is not None:
            old = self._table.model()
            self._table.setModel(TableModel(loaded.table, self))
            if old is not None:
                old.deleteLater()
            self._pages.setCurrentWidget(self._table)
            self._tell(loaded.table.note)
        else:
            icon = _ICONS.get(loaded.kind, "file")
            self._say(icon, title, f"{loaded.facts}. It has no preview here.")

    def _show_pictures(self, pictures: tuple[_Small, ...]) -> None:
        for canvas, small in zip(self._canvases, pictures, strict=False):
            canvas.show_image(small.image, aspect=small.aspect, letters=small.letters)
            lines = (small.caption,) if small.caption else ()
            canvas.set_corners(Corners(bottom_left=lines))
            canvas.reset_view()
        self._canvases[1].setVisible(len(pictures) > 1)
        if len(pictures) == 1:
            self._canvases[1].show_words("")
        self._tell("")
        self._pages.setCurrentWidget(self._pair)
