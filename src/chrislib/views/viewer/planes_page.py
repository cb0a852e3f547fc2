"""Three planes of a volume with a common point, and facts with its histogram."""

import asyncio
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QGridLayout,
    QWidget,
)

from chrislib.dicom.nifti import PLANES, Plane, Volume, read_volume
from chrislib.dicom.render import Window
from chrislib.views.context import ViewContext
from chrislib.views.viewer import overlay
from chrislib.views.viewer.facts_panel import FactsPanel, histogram_of
from chrislib.views.viewer.pages import PicturePage, dragged
from chrislib.views.widgets.canvas import Canvas, Guide
from chrislib.views.widgets.frames import CallSource, FrameStream, Shown
from chrislib.views.widgets.writing import Corners

_AXIS: dict[Plane, int] = {"sagittal": 0, "coronal": 1, "axial": 2}


class PlanesPage(PicturePage):
    """Sagittal, coronal and axial slices through one point."""

    loaded = Signal()
    failed = Signal(object)

    def __init__(self, ctx: ViewContext) -> None:
        super().__init__(ctx)
        self._volume: Volume | None = None
        self._title = ""
        self._path: Path | None = None
        self._at = 0
        self._point = [0, 0, 0]
        self._window: Window | None = None
        self._invert = False
        self._guides_shown = True
        self._active: Plane = "axial"
        self._single = False
        self._shown: dict[Plane, Shown] = {}
        self.canvases: dict[Plane, Canvas] = {}
        self._streams: dict[Plane, FrameStream] = {}
        for plane in PLANES:
            self._make_plane(plane)
        self.facts = FactsPanel(ctx.theme)
        self.facts.window_chosen.connect(self.set_window)
        self.facts.reset_asked.connect(self.reset)
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(2)
        cells: tuple[QWidget, ...] = (
            *(self.canvases[plane] for plane in PLANES),
            self.facts,
        )
        for number, cell in enumerate(cells):
            grid.addWidget(cell, number // 2, number % 2)
        for half in (0, 1):
            grid.setRowStretch(half, 1)
            grid.setColumnStretch(half, 1)
        self._column.addLayout(grid, 1)
        self._column.addWidget(self.foot)

    def _make_plane(self, plane: Plane) -> None:
        words = plane.capitalize()
        canvas = Canvas(self._theme, name=f"viewer.{plane}", label=words)
        canvas.activated.connect(lambda: self.activate(plane))
        canvas.stepped.connect(lambda by: self._wheel(plane, by))
        canvas.window_dragged.connect(self._drag_window)
        canvas.guide_dragged.connect(
            lambda number, place: self._drag_guide(plane, number, place)
        )
        canvas.view_changed.connect(lambda: self._write(plane))
        canvas.menu_requested.connect(self.menu_requested)
        stream = FrameStream(self._tasks, limit=60_000_000, ahead=4)
        stream.shown.connect(lambda shown: self._show(plane, shown))
        self.canvases[plane] = canvas
        self._streams[plane] = stream

    # --- opening -------------------------------------------------------------

    @property
    def volume(self) -> Volume | None:
        """The volume shown."""
        return self._volume

    @property
    def point(self) -> tuple[int, int, int]:
        """The common point in voxels."""
        return self._point[0], self._point[1], self._point[2]

    def open_path(self, path: Path, title: str) -> None:
        """Read a volume in a thread, then show it; `failed` tells when it cannot be."""
        self._tasks.cancel_all()
        self._volume = None
        self._path, self._title, self._at = path, title, 0
        for canvas in self.canvases.values():
            canvas.show_words("")
            canvas.set_corners(Corners())
        self._tasks.start(self._read(path), name="volume", failed=self._failed)

    def _failed(self, error: BaseException) -> None:
        self.failed.emit(error)

    def turn(self, by: int) -> bool:
        """Show another volume of a series of volumes; point and window stay."""
        if self._volume is None or self._path is None:
            return False
        at = self._at + by
        if not 0 <= at < self._volume.points:
            return False
        self._at = at
        self._tasks.start(
            self._read(self._path, again=True), name="volume", failed=self._failed
        )
        return True

    async def _read(self, path: Path, *, again: bool = False) -> None:
        at = self._at
        volume = await asyncio.to_thread(read_volume, path, at)
        if (path, at) != (self._path, self._at):
            return  # something else was asked for meanwhile
        self._volume = volume
        if not again:
            self._window = None
            self._invert = False
            self._point = [size // 2 for size in volume.shape]
            self._shown.clear()
        for plane in PLANES:
            self._streams[plane].use(self._source(volume, plane))
            if not again:
                self.canvases[plane].reset_view()
        self.facts.show_volume(self._title, volume)
        self.facts.show_window(self._window or volume.window)
        self.activate(self._active)
        self._ask_all()
        self.loaded.emit()
        counts, low, high = await asyncio.to_thread(histogram_of, volume)
        self.facts.histogram.show_counts(counts, low, high)

    @staticmethod
    def _source(volume: Volume, plane: Plane) -> CallSource:
        return CallSource(
            volume.count(plane), lambda index: volume.picture(plane, index)
        )

    # --- the common point ----------------------------------------------------

    @property
    def index(self) -> int:
        """The slice of the active plane, from 0."""
        return self._point[_AXIS[self._active]]

    @property
    def count(self) -> int:
        """Slices of the active plane."""
        return self._volume.count(self._active) if self._volume is not None else 0

    def go(self, index: int) -> None:
        """Show another slice of the active plane."""
        self._move(_AXIS[self._active], index)

    def activate(self, plane: Plane) -> None:
        """Let keys and the foot act on `plane`."""
        self._active = plane
        for name, canvas in self.canvases.items():
            canvas.set_active(name == plane)
        if self._single:
            self.set_single(True)
        if self._volume is not None:
            self.foot.set_title(f"{plane.capitalize()} · {self._title}")
            self.foot.show_place(self.index, self.count)
            self.foot.show_decoded(frozenset(range(self.count)))

    def _wheel(self, plane: Plane, by: int) -> None:
        self.activate(plane)
        self.step(by)

    def _move(self, axis: int, index: int) -> None:
        if self._volume is None:
            return
        self._point[axis] = min(max(index, 0), self._volume.shape[axis] - 1)
        self._ask_all()
        self.foot.show_place(self.index, self.count)

    def _ask_all(self) -> None:
        if self._volume is None:
            return
        for plane in PLANES:
            self._streams[plane].want(
                self._point[_AXIS[plane]], self._window, invert=self._invert
            )
            self._write(plane)
        x, y, z = self.point
        found = self._volume.values[x, y, z]
        value = (
            " ".join(str(int(part)) for part in found)
            if self._volume.values.ndim == 4
            else overlay.number(float(found))
        )
        where = ", ".join(
            overlay.number(round(w, 1)) for w in self._volume.world(x, y, z)
        )
        self.facts.show_point(f"{where} mm · voxel {x}, {y}, {z}", value)

    def _show(self, plane: Plane, shown: Shown) -> None:
        self._shown[plane] = shown
        picture = shown.picture
        self.canvases[plane].show_image(
            shown.image, aspect=picture.aspect, letters=picture.letters
        )
        self._write(plane)

    def _write(self, plane: Plane) -> None:
        if self._volume is None:
            return
        axis = _AXIS[plane]
        window = self._window or self._volume.window
        plain = not self._volume.labels and self._volume.values.ndim == 3
        words = (overlay.window_words(window),) if plain else ()
        at = f"{self._point[axis] + 1} of {self._volume.shape[axis]}"
        points = self._volume.points
        part = (f"Volume {self._at + 1} of {points}",) if points > 1 else ()
        self.canvases[plane].set_corners(
            Corners((plane.capitalize(),), part, (at,), words),
            square=f"plane.{plane}",
        )
        self.canvases[plane].set_guides(
            self._guides(plane) if self._guides_shown else ()
        )

    def _guides(self, plane: Plane) -> tuple[Guide, ...]:
        """Return where the two other planes cut this one, in its picture's pixels."""
        if self._volume is None:
            return ()
        x, y, z = self._point
        wide, deep, high = self._volume.shape
        from_right, from_front = wide - x - 0.5, deep - y - 0.5
        axial = Guide("plane.axial", False, high - z - 0.5)
        if plane == "sagittal":
            return Guide("plane.coronal", True, y + 0.5), axial
        if plane == "coronal":
            return Guide("plane.sagittal", True, from_right), axial
        return (
            Guide("plane.sagittal", True, from_right),
            Guide("plane.coronal", False, from_front),
        )

    def _drag_guide(self, plane: Plane, number: int, place: float) -> None:
        if self._volume is None:
            return
        wide, deep, high = self._volume.shape
        token = self._guides(plane)[number].token
        if token == "plane.sagittal":
            self._move(0, int(wide - place))
        elif token == "plane.coronal":
            self._move(1, int(place if plane == "sagittal" else deep - place))
        else:
            self._move(2, int(high - place))

    # --- tools ---------------------------------------------------------------

    def set_tool(self, tool: str) -> None:
        """Choose what a left drag does."""
        for canvas in self.canvases.values():
            canvas.tool = tool

    def set_window(self, window: Window | None) -> None:
        """Show by `window`, or by the usual range of the values."""
        if self._volume is None:
            return
        self._window = window
        self.facts.show_window(window or self._volume.window)
        self._ask_all()

    def _drag_window(self, dx: float, dy: float) -> None:
        if self._volume is None:
            return
        base = self._volume.window
        self.set_window(dragged(self._window or base, base, dx=dx, dy=dy))

    def toggle_invert(self) -> None:
        """Swap black and white."""
        self._invert = not self._invert
        self._ask_all()

    def set_texts_shown(self, shown: bool) -> None:
        """Show or hide the corner texts."""
        for canvas in self.canvases.values():
            canvas.set_texts_shown(shown)

    def set_overlay_shown(self, shown: bool) -> None:
        """Show or hide the lines of the other planes."""
        self._guides_shown = shown
        for plane in PLANES:
            self._write(plane)

    def set_single(self, single: bool) -> None:
        """Show the active plane only, or all three and the facts."""
        self._single = single
        # hiding the canvas with the focus would take the keys away from the page
        self.canvases[self._active].show()
        self.canvases[self._active].setFocus()
        for plane, canvas in self.canvases.items():
            canvas.setVisible(not single or plane == self._active)
        self.facts.setVisible(not single)

    def reset(self) -> None:
        """Fit, go to the middle window, keep the point."""
        self._invert = False
        for canvas in self.canvases.values():
            canvas.reset_view()
        self.set_window(None)

    def shutdown(self) -> None:
        """Stop reading."""
        for stream in self._streams.values():
            stream.stop()
        super().shutdown()
