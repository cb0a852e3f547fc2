"""Where one is in storage: folders to click, or the path to type."""

from PySide6.QtCore import QEvent, QObject, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QStackedWidget, QWidget

from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import Field
from chrislib.views.widgets.paint import draw_glyph, draw_ring, draw_text

_GAP = 10
_MOST = 260


class _Trail(QWidget):
    """The folders, each a link but the last; those in the middle give way."""

    chosen = Signal(str)
    editing = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._parts: list[tuple[str, str]] = []
        self._places: list[tuple[QRect, str]] = []
        self._at = 0
        self.setObjectName("files.crumbs")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_parts(self, parts: list[tuple[str, str]]) -> None:
        """Show labels and paths from the top."""
        self._parts = parts
        self._at = max(0, len(parts) - 1)
        self.setAccessibleName("Folder " + ", ".join(label for label, _ in parts))
        self.setToolTip("Click a folder to go there, or beside it to type a path")
        self.update()

    def sizeHint(self) -> QSize:
        """Return the height of a field."""
        return QSize(200, self._theme.px(28))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the folders; the last one is where one is."""
        painter = QPainter(self)
        theme, self._places = self._theme, []
        left, middle = 0, (self.height() - 12) // 2
        for number, (label, path) in enumerate(self._fitting()):
            last = path == (self._parts[-1][1] if self._parts else "")
            if number:
                spot = QRect(left + _GAP // 2, middle, 12, 12).topLeft()
                draw_glyph(
                    painter, spot, theme, icon="chevron-right", token="text.muted",
                    size=12,
                )  # fmt: skip
                left += 12 + _GAP
            style = "small-strong" if last else "small"
            wide = min(_MOST, theme.width(style, label) + 2, self.width() - left)
            rect = QRect(left, 0, wide, self.height())
            token = "text.primary" if last else "accent.text"
            draw_text(
                painter, rect, theme, text=label, style=style, token=token,
                elide=Qt.TextElideMode.ElideMiddle,
            )  # fmt: skip
            self._places.append((rect, path))
            if self.hasFocus() and path == self._parts[self._at][1]:
                draw_ring(painter, rect.adjusted(-3, 2, 3, -2), theme)
            left += wide
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the folder that was clicked; beside them, type."""
        at = event.position().toPoint()
        for rect, path in self._places:
            if rect.contains(at) and self._parts and path != self._parts[-1][1]:
                self.chosen.emit(path)
                return
        self.editing.emit()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show what is a link."""
        at = event.position().toPoint()
        over = any(rect.contains(at) for rect, _ in self._places[:-1])
        shape = Qt.CursorShape.PointingHandCursor
        self.setCursor(shape if over else Qt.CursorShape.IBeamCursor)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk along the folders, and go to one."""
        key, last = event.key(), len(self._parts) - 1
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            step = 1 if key == Qt.Key.Key_Right else -1
            self._at = max(0, min(last, self._at + step))
            self.update()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._parts:
            self.chosen.emit(self._parts[self._at][1])
        elif key == Qt.Key.Key_F2 or event.text() == "/":
            self.editing.emit()
        else:
            super().keyPressEvent(event)

    def _fitting(self) -> list[tuple[str, str]]:
        """Leave out folders from the second on until the rest has room."""
        parts = list(self._parts)
        while len(parts) > 3 and self._wide(parts) > self.width():
            del parts[1 if parts[1][0] != "…" else 2]
            if parts[1][0] != "…":
                parts.insert(1, ("…", parts[1][1].rpartition("/")[0]))
        return parts

    def _wide(self, parts: list[tuple[str, str]]) -> int:
        words = sum(
            min(_MOST, self._theme.width("small", label) + 4) for label, _ in parts
        )
        return words + (len(parts) - 1) * (12 + _GAP)


class Breadcrumb(QWidget):
    """The trail, and in its place a field while a path is typed.

    Signals
    -------
    chosen : str
        A path to go to, clicked or typed.
    """

    chosen = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._path = ""
        self._trail = _Trail(theme)
        self._field = Field(
            theme,
            "Path, as home/you/uploads",
            name="files.path",
            label="Path of a folder or file",
            small=True,
        )
        self._stack = QStackedWidget()
        self._stack.addWidget(self._trail)
        self._stack.addWidget(self._field)
        self._stack.setFixedHeight(theme.px(28))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._stack)
        self._trail.chosen.connect(self.chosen)
        self._trail.editing.connect(self.edit)
        self._field.returnPressed.connect(self._typed)
        self._field.installEventFilter(self)

    @property
    def path(self) -> str:
        """The path that is shown."""
        return self._path

    @property
    def editing(self) -> bool:
        """Whether a path is being typed."""
        return self._stack.currentWidget() is self._field

    def show_path(self, path: str, parts: list[tuple[str, str]]) -> None:
        """Show where one is: labels and paths from the top."""
        self._path = path
        self._trail.show_parts(parts)
        self._stack.setCurrentWidget(self._trail)

    def edit(self) -> None:
        """Put the path into the field, to be changed."""
        self._field.setText(self._path)
        self._stack.setCurrentWidget(self._field)
        self._field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._field.selectAll()

    def cancel(self) -> bool:
        """Leave the field as it was; False when nothing was typed."""
        if not self.editing:
            return False
        self._stack.setCurrentWidget(self._trail)
        return True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Go back to the trail with Esc, or when the focus goes."""
        if watched is self._field:
            if event.type() == QEvent.Type.FocusOut:
                self.cancel()
            elif (
                event.type() == QEvent.Type.KeyPress
                and isinstance(event, QKeyEvent)
                and event.key() == Qt.Key.Key_Escape
            ):
                self.cancel()
                self._trail.setFocus()
                return True
        return super().eventFilter(watched, event)

    def _typed(self) -> None:
        text = self._field.text()
        self._stack.setCurrentWidget(self._trail)
        self.chosen.emit(text)
