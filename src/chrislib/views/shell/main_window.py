"""The window itself. It can be on screen before anything that fills it is loaded.

This module imports Qt and the color table only: what it draws first is the ground of
the areas, and that is there some hundred milliseconds before the rest.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QColor,
    QHideEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QMainWindow

from chrislib.views.shell.quiet import Quiet
from chrislib.views.theme.colors import DARK

if TYPE_CHECKING:
    from chrislib.views.context import ViewContext
    from chrislib.views.shell.assembly import Shell
    from chrislib.views.shell.panes import PaneFactories

_BAR, _PANEL, _TRAY = 48, 224, 116


class MainWindow(QMainWindow):
    """The one window: shown empty, then furnished; closing hides it.

    Parameters
    ----------
    context, panes
        Given both, the window is furnished at once.
    colors : mapping
        Token to ``#rrggbb`` for the first paint, before there is a theme.

    Attributes
    ----------
    first_painted : Signal
        Once, after the first paint.
    closing : Signal
        The person closed the window; it is hidden already.
    quit_requested : Signal
        Ctrl+Q, or the window was closed while nothing runs.
    attention_changed : Signal
        Gets whether the window has the focus, and whether it can be seen.
    """

    first_painted = Signal()
    closing = Signal()
    quit_requested = Signal()
    attention_changed = Signal(bool, bool)

    def __init__(
        self,
        context: "ViewContext | None" = None,
        panes: "PaneFactories | None" = None,
        *,
        colors: Mapping[str, str] = DARK,
    ) -> None:
        super().__init__()
        self._colors = colors
        self._painted = False
        self._attention = (True, True)
        self._shell: Shell | None = None
        self._quiet = Quiet(self)
        self.setObjectName("main-window")
        self.setWindowTitle("chrislib")
        self.setMinimumSize(1200, 760)
        self.resize(1440, 900)
        if context is not None and panes is not None:
            self.furnish(context, panes)

    @property
    def shell(self) -> "Shell":
        """What fills the window; only after `furnish`."""
        if self._shell is None:
            raise RuntimeError("the window is not furnished yet")
        return self._shell

    def furnish(self, context: "ViewContext", panes: "PaneFactories") -> None:
        """Fill the window; the theme is applied already."""
        from chrislib.views.shell.assembly import Shell

        self._shell = Shell(self, context, panes)
        if self._painted:
            QTimer.singleShot(0, self._shell, self._shell.start)

    def open_link(self, link: str) -> None:
        """Come to the front, and go where a deep link of a notification leads."""
        self.shell.open_link(link)

    def is_showing(self, link: str) -> bool:
        """Return whether the person looks at what a deep link leads to."""
        return self._shell is not None and self._shell.is_showing(link)

    async def shutdown(self) -> None:
        """Keep the layout and end every pane's tasks."""
        self._quiet.stop()
        if self._shell is not None:
            await self._shell.shutdown()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Hide; jobs go on. The program ends only when nothing runs."""
        event.ignore()
        idle = self._shell is None or self._shell.closed()
        self.hide()
        self.closing.emit()
        if idle:
            self.quit_requested.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ground of the areas until the window is furnished."""
        if self._shell is None:
            self._draw_ground()
        else:
            super().paintEvent(event)
        if not self._painted:
            self._painted = True
            # The window as context: one that is gone by then is not told.
            QTimer.singleShot(0, self, self._after_first_paint)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Let what fills the window give way."""
        super().resizeEvent(event)
        if self._shell is not None:
            self._shell.resized(event.size().width())

    def changeEvent(self, event: QEvent) -> None:
        """Tell when the person comes back to the window, or leaves it."""
        super().changeEvent(event)
        if event.type() in (
            QEvent.Type.ActivationChange,
            QEvent.Type.WindowStateChange,
        ):
            self._tell_attention()
        if (
            self._shell is not None
            and self._painted
            and event.type() == QEvent.Type.ActivationChange
            and self.isActiveWindow()
        ):
            self._shell.returned()

    def showEvent(self, event: QShowEvent) -> None:
        """Tell that the window can be seen."""
        super().showEvent(event)
        self._tell_attention()

    def hideEvent(self, event: QHideEvent) -> None:
        """Tell that nobody can see the window."""
        super().hideEvent(event)
        self._tell_attention()

    def _tell_attention(self) -> None:
        visible = self.isVisible() and not self.isMinimized()
        found = (visible and self.isActiveWindow(), visible)
        if found != self._attention:
            self._attention = found
            self.attention_changed.emit(*found)

    def _after_first_paint(self) -> None:
        self._quiet.start()
        self.first_painted.emit()
        if self._shell is not None:
            self._shell.start()

    def _draw_ground(self) -> None:
        painter = QPainter(self)
        width, height = self.width(), self.height()
        panel, line = QColor(self._colors["bg.panel"]), self._colors["border.subtle"]
        painter.fillRect(0, 0, width, height, QColor(self._colors["bg.window"]))
        painter.fillRect(0, 0, width, _BAR, panel)
        painter.fillRect(0, 0, _PANEL, height, panel)
        foot = height - _TRAY
        painter.fillRect(_PANEL, foot, width - _PANEL, _TRAY, panel)
        hair = QColor(line)
        painter.fillRect(0, _BAR - 1, width, 1, hair)
        painter.fillRect(_PANEL, _BAR, 1, height - _BAR, hair)
        painter.fillRect(_PANEL, foot - 1, width - _PANEL, 1, hair)
        painter.end()
