"""What every page of pictures can do; the viewer's keys and tools act on this."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from chrislib.dicom.render import Window
from chrislib.views.context import ViewContext
from chrislib.views.viewer.foot import Foot

PLAY_MS = 100


class PicturePage(QWidget):
    """A page with one or more canvases over a foot."""

    presets_changed = Signal()
    menu_requested = Signal(QPoint)

    def __init__(self, ctx: ViewContext) -> None:
        super().__init__()
        self._ctx = ctx
        self._theme = ctx.theme
        self._tasks = ctx.tasks("viewer")
        self.foot = Foot(ctx.theme)
        self.foot.moved.connect(self.go)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._presets: tuple[Window, ...] = ()

    @property
    def index(self) -> int:
        """The picture shown, from 0."""
        return 0

    @property
    def count(self) -> int:
        """Number of pictures."""
        return 0

    @property
    def presets(self) -> Sequence[Window]:
        """The windows offered besides that of the file."""
        return self._presets

    def go(self, index: int) -> None:
        """Show another picture."""

    def step(self, by: int) -> None:
        """Leaf on (or back, if negative), stopping at the ends."""
        if self.count:
            self.go(min(max(self.index + by, 0), self.count - 1))

    def turn(self, by: int) -> bool:
        """Show the next part of the same file; False when there is none."""
        return False

    def set_tool(self, tool: str) -> None:
        """Choose what a left drag does."""

    def set_window(self, window: Window | None) -> None:
        """Show by `window`, or as the file says."""

    def toggle_invert(self) -> None:
        """Swap black and white."""

    def set_texts_shown(self, shown: bool) -> None:
        """Show or hide the corner texts."""

    def set_overlay_shown(self, shown: bool) -> None:
        """Show or hide guides and colors laid over the picture."""

    def reset(self) -> None:
        """Fit, and show as the file says."""

    def refresh_names(self) -> None:
        """Read again whether names are hidden."""

    def set_single(self, single: bool) -> None:
        """Show one plane only, or all."""

    @property
    def pending(self) -> int:
        """Number of tasks that have not ended."""
        return self._tasks.pending

    def shutdown(self) -> None:
        """Stop decoding."""
        self._tasks.cancel_all()

    def _names_hidden(self) -> bool:
        return bool(self._ctx.settings.get("hide_names"))


def dragged(window: Window, base: Window, *, dx: float, dy: float) -> Window:
    """Return a window after a drag by shares of the view.

    Right widens, down raises the level (darker); a drag across the whole view is
    twice the first window's width.
    """
    reach = max(base.width, 1e-6) * 2
    return window.moved(window.center + dy * reach, window.width + dx * reach)
