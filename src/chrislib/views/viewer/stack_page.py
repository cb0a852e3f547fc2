"""A stack of pictures: a DICOM series, or picture files, one at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QImage, QPainter

from chrislib.dicom.decode import presets, read_picture
from chrislib.dicom.errors import DicomError
from chrislib.dicom.render import AUTOMATIC, Picture, Window
from chrislib.dicom.volume import Stack
from chrislib.views.context import ViewContext
from chrislib.views.viewer import overlay
from chrislib.views.viewer.pages import PicturePage, dragged
from chrislib.views.widgets.canvas import Canvas
from chrislib.views.widgets.documents import FileTrouble, read_image
from chrislib.views.widgets.frames import (
    CallSource,
    Failure,
    FrameStream,
    PictureSource,
    Shown,
)
from chrislib.views.widgets.writing import Corners

_MIDDLE_FROM = 8
"""Stacks of at least this many pictures open in the middle: ends are often black."""


@dataclass(frozen=True, slots=True)
class _Pile:
    """What is leafed through."""

    source: PictureSource
    title: str
    stack: Stack | None = None
    names: tuple[str, ...] = ()


def read_picture_file(path: Path) -> Picture:
    """Read a PNG, JPEG, GIF or WebP from disk as a color picture on black."""
    import numpy as np

    try:
        image = read_image(path)
    except FileTrouble as error:
        raise DicomError(error.title, error.detail, hint=error.hint) from error
    flat = QImage(image.size(), QImage.Format.Format_RGB888)
    flat.fill(0)
    painter = QPainter(flat)
    painter.drawImage(0, 0, image)
    painter.end()
    wide, high = flat.width(), flat.height()
    raw = np.frombuffer(flat.constBits(), np.uint8).reshape(high, flat.bytesPerLine())
    values = raw[:, : wide * 3].reshape(high, wide, 3).copy()
    across, down = image.dotsPerMeterX(), image.dotsPerMeterY()
    aspect = across / down if across > 0 and down > 0 else 1.0
    return Picture(values, (), aspect=aspect if 0.2 < aspect < 5 else 1.0)


class StackPage(PicturePage):
    """One canvas that leafs through a stack.

    Signals
    -------
    moved
        Another picture is shown.
    windowed : Window or None
        The person chose another window, or the one of the file.
    decoded
        More, or fewer, pictures are decoded.
    """

    moved = Signal()
    windowed = Signal(object)
    decoded = Signal()

    def __init__(self, ctx: ViewContext) -> None:
        super().__init__(ctx)
        self._pile: _Pile | None = None
        self._index = 0
        self._window: Window | None = None
        self._automatic: Window | None = None
        self._invert = False
        self._shown: Shown | None = None
        self._cursor = self._note = ""
        self._brief = False
        self.canvas = Canvas(ctx.theme, name="viewer.canvas", label="Picture")
        self.canvas.set_active(True)
        self.canvas.stepped.connect(self.step)
        self.canvas.window_dragged.connect(self._drag_window)
        self.canvas.cursor_moved.connect(self._point)
        self.canvas.view_changed.connect(self._write)
        self.canvas.menu_requested.connect(self.menu_requested)
        self._stream = FrameStream(self._tasks)
        self._stream.shown.connect(self._show)
        self._stream.failed.connect(self._fail)
        self._stream.decoded.connect(lambda _n: self._mark_decoded())
        self._stream.decoded.connect(lambda _n: self.decoded.emit())
        self._column.addWidget(self.canvas, 1)
        self._column.addWidget(self.foot)

    @property
    def index(self) -> int:
        """The picture shown, from 0."""
        return self._index

    @property
    def count(self) -> int:
        """Number of pictures."""
        return self._pile.source.count if self._pile is not None else 0

    @property
    def stack(self) -> Stack | None:
        """The DICOM series shown, None for other pictures."""
        return self._pile.stack if self._pile is not None else None

    @property
    def modality(self) -> str:
        """Of the series shown."""
        return self.stack.header.modality if self.stack is not None else ""

    @property
    def decoded_indexes(self) -> frozenset[int]:
        """The pictures that can be shown without waiting."""
        return self._stream.decoded_indexes

    @property
    def window_used(self) -> Window | None:
        """The window the picture is shown with."""
        if self._window is not None or self._shown is None:
            return self._window
        windows = self._shown.picture.windows
        if windows and windows[0].name == AUTOMATIC:
            return self._automatic or windows[0]
        return windows[0] if windows else None

    def open_stack(self, stack: Stack) -> None:
        """Leaf through a DICOM series; files are decoded in threads."""
        slices = stack.slices

        def read(index: int) -> Picture:
            return read_picture(slices[index].path, slices[index].frame)

        header = stack.header
        title = header.series_description or header.modality or "Series"
        self._presets = presets(header.modality)
        self._open(_Pile(CallSource(len(slices), read), title, stack))

    def open_files(self, paths: Sequence[Path], title: str) -> None:
        """Leaf through picture files, in the order given."""
        files = tuple(paths)
        self._presets = ()
        source = CallSource(len(files), lambda index: read_picture_file(files[index]))
        names = (title,) if len(files) == 1 else tuple(path.name for path in files)
        self._open(_Pile(source, title, names=names))

    def close_stack(self) -> None:
        """Show nothing, and drop what was decoded."""
        self._pile = self._shown = None
        self._stream.use(None)

    def limit_cache(self, size: int) -> None:
        """Keep so many bytes of decoded pictures."""
        self._stream.set_limit(size)

    def set_note(self, words: str) -> None:
        """Add a line to the lower left corner, "" for none."""
        if words != self._note:
            self._note = words
            self._write()

    def set_brief(self, brief: bool) -> None:
        """Leave room to the picture: small texts, and few of them."""
        self._brief = brief
        self.canvas.set_small(brief)

    def _open(self, pile: _Pile) -> None:
        self._pile, self._index, self._cursor = pile, 0, ""
        self._shown = self._window = self._automatic = None
        self._invert = False
        self._stream.use(pile.source)
        self.canvas.reset_view()
        self.foot.set_title(pile.title)
        self.foot.show_decoded(frozenset())
        self.presets_changed.emit()
        count = pile.source.count
        start = count // 2 if count >= _MIDDLE_FROM and pile.stack else 0
        self.go(start)

    def go(self, index: int) -> None:
        """Show another picture of the stack."""
        if self._pile is None or not 0 <= index < self.count:
            return
        self._index = index
        self.foot.show_place(index, self.count)
        self._ask()
        self._write()
        self.moved.emit()

    def _ask(self) -> None:
        window = self._window or self._automatic
        self._stream.want(self._index, window, invert=self._invert)

    def _show(self, shown: Shown) -> None:
        windows = shown.picture.windows
        if self._automatic is None and windows and windows[0].name == AUTOMATIC:
            # one window for the whole stack, else every picture looks different
            self._automatic = windows[0]
        self._shown = shown
        self.canvas.show_image(
            shown.image, aspect=shown.picture.aspect, letters=shown.picture.letters
        )
        self._write()

    def _fail(self, failure: Failure) -> None:
        if failure.index != self._index:
            return
        self._shown = None
        error = failure.error
        words = " ".join(part for part in (error.detail, error.hint) if part)
        self.canvas.show_words(error.title, words)
        self._write()

    def _mark_decoded(self) -> None:
        self.foot.show_decoded(self._stream.decoded_indexes)

    def _write(self) -> None:
        """Put the corner texts in order."""
        if self._pile is None:
            return
        picture = self._shown.picture if self._shown is not None else None
        top_left: tuple[str, ...] = ()
        top_right: tuple[str, ...] = ()
        slice_ = None
        if self._pile.stack is not None:
            slice_ = self._pile.stack.slices[self._index]
            hidden = self._names_hidden()
            top_left = overlay.patient_lines(slice_.header, hidden=hidden)
            top_right = overlay.series_lines(slice_.header, picture)
        elif self._pile.names:
            top_left = (self._pile.names[self._index],)
            if picture is not None:
                top_right = (f"{picture.columns:,} × {picture.rows:,}",)
        place = overlay.place_lines(
            self._index,
            self.count,
            slice_=slice_,
            magnification=self.canvas.magnification,
        )
        if self._brief:
            # who and when, what, where
            ends = top_left[:1] + top_left[-1:] if len(top_left) > 1 else top_left
            self.canvas.set_corners(Corners(ends, top_right[:1], place[:1]))
            return
        window = overlay.window_lines(
            picture,
            self._window or self._automatic,
            cursor=self._cursor,
            inverted=self._invert,
        )
        note = (self._note,) if self._note else ()
        self.canvas.set_corners(Corners(top_left, top_right, place + note, window))

    # --- tools ---------------------------------------------------------------

    def set_tool(self, tool: str) -> None:
        """Choose what a left drag does."""
        self.canvas.tool = tool

    def set_window(self, window: Window | None) -> None:
        """Show by `window`, or as the file says."""
        self._window = window
        self._ask()
        self._write()
        self.windowed.emit(window)

    def _drag_window(self, dx: float, dy: float) -> None:
        used = self.window_used
        if used is None or self._shown is None or self._shown.picture.is_color:
            return
        base = self._shown.picture.windows[0]
        self.set_window(dragged(used, base, dx=dx, dy=dy))

    def _point(self, pixel: tuple[int, int] | None) -> None:
        self._cursor = ""
        if pixel is not None and self._shown is not None:
            column, row = pixel
            found = self._shown.picture.values[row, column]
            value = (
                " ".join(str(int(part)) for part in found)
                if self._shown.picture.is_color
                else overlay.number(float(found))
            )
            self._cursor = f"{column}, {row} = {value}"
        self._write()

    def toggle_invert(self) -> None:
        """Swap black and white."""
        self._invert = not self._invert
        self._ask()
        self._write()

    def set_texts_shown(self, shown: bool) -> None:
        """Show or hide the corner texts."""
        self.canvas.set_texts_shown(shown)

    def reset(self) -> None:
        """Fit, and show as the file says."""
        self._window = None
        self._invert = False
        self.canvas.reset_view()
        self._ask()

    def refresh_names(self) -> None:
        """Read again whether names are hidden."""
        self._write()

    def shutdown(self) -> None:
        """Stop decoding."""
        self._stream.stop()
        super().shutdown()
