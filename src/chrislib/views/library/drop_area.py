"""Where files are dropped or chosen; folds to a bar once there are some."""

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QBoxLayout, QFrame, QLabel, QSizePolicy

from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button, icon_button
from chrislib.views.widgets.dragging import dropped_paths
from chrislib.views.widgets.text import ElidedLabel, Label


class DropArea(QFrame):
    """A dashed frame that takes files of this computer.

    Signals
    -------
    dropped : list of Path
    files_wanted, folder_wanted, cleared
        The buttons.
    """

    dropped = Signal(list)
    files_wanted = Signal()
    folder_wanted = Signal()
    cleared = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._hot = False
        self.setObjectName("upload.drop")
        self.setAccessibleName("Drop files, folders or ZIP archives here")
        self.setAcceptDrops(True)
        self._glyph = QLabel()
        self._glyph.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._title = ElidedLabel(theme, style="section", name="upload.title")
        self._text = Label(theme, style="small", token="text.muted", wrap=True)
        self._files = button(theme, "Choose files …", name="upload.choose_files")
        self._folder = button(theme, "Choose folder …", name="upload.choose_folder")
        self._close = icon_button(
            theme, "x", name="upload.clear", tooltip="Put the scan away"
        )
        self._files.clicked.connect(self.files_wanted)
        self._folder.clicked.connect(self.folder_wanted)
        self._close.clicked.connect(self.cleared)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._buttons = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._buttons.setSpacing(8)
        for part in (self._files, self._folder, self._close):
            self._buttons.addWidget(part)
        self._row.addWidget(self._glyph)
        self._row.addWidget(self._title, 1)
        self._row.addWidget(self._text, 0, Qt.AlignmentFlag.AlignCenter)
        self._row.addLayout(self._buttons)
        self.unfold()
        theme.changed.connect(self._dress)

    def unfold(self) -> None:
        """Be the whole page: nothing was chosen yet."""
        self._folded = False
        self._row.setDirection(QBoxLayout.Direction.TopToBottom)
        self._row.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._row.setContentsMargins(24, 48, 24, 48)
        self._row.setSpacing(12)
        self._title.setSizePolicy(
            QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed
        )
        self._title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._row.setAlignment(self._buttons, Qt.AlignmentFlag.AlignCenter)
        self._title.setText("Drop files, folders or ZIP archives here")
        self._text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._text.setWordWrap(True)
        self._text.setFixedWidth(self._theme.px(440))
        self._text.setMinimumHeight(self._theme.px(36))
        self._text.setText(
            "DICOM is read here first and shown as patients, studies and series. "
            "Other files go as they are. Nothing is sent before you say so."
        )
        self._files.setText("Choose files …")
        self._folder.setText("Choose folder …")
        self._close.hide()
        self.setMinimumHeight(240)
        self.setMaximumHeight(16777215)
        self._dress()

    def take_focus(self) -> None:
        """Put the focus on the first button."""
        self._files.setFocus(Qt.FocusReason.OtherFocusReason)

    def fold(self, title: str, place: str) -> None:
        """Be a bar above the scan."""
        self._folded = True
        self._row.setDirection(QBoxLayout.Direction.LeftToRight)
        self._row.setAlignment(Qt.AlignmentFlag.AlignVCenter)
        self._row.setContentsMargins(12, 3, 8, 3)
        self._row.setSpacing(12)
        self._title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._title.setAlignment(Qt.AlignmentFlag.AlignLeft)
        self._title.setText(title)
        self._title.setToolTip(place)
        self._text.setWordWrap(False)
        self._text.setMinimumSize(0, 0)
        self._text.setMaximumWidth(16777215)
        self._text.setText("Drop more here")
        self._files.setText("Add files …")
        self._folder.setText("Add folder …")
        self._close.show()
        self.setMinimumHeight(self._theme.px(40))
        self.setMaximumHeight(self._theme.px(40))
        self._dress()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the dashed edge."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        token = "accent.glyph" if self._hot else "border.control"
        pen = QPen(self._theme.color(token), 2 if self._hot else 1)
        pen.setDashPattern([4, 3])
        painter.setPen(pen)
        if self._hot:
            painter.setBrush(self._theme.color("bg.hover"))
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.drawRoundedRect(box, 4, 4)
        painter.end()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files of this computer."""
        if dropped_paths(event):
            self._hot = True
            self.update()
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Take the look back."""
        self._hot = False
        self.update()
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Hand on what was dropped."""
        self._hot = False
        self.update()
        paths = dropped_paths(event)
        if paths:
            event.acceptProposedAction()
            self.dropped.emit(paths)

    def _dress(self) -> None:
        size = 16 if self._folded else 32
        icon = "folder-open" if self._folded else "upload"
        self._glyph.setPixmap(
            self._theme.pixmap(
                icon, "accent.text", size=size, dpr=self.devicePixelRatioF()
            )
        )
        self.update()
