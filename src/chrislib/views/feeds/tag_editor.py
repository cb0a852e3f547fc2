"""Name and color of a tag, and eight colors to choose from."""

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from chrislib.feeds.markdown import clean
from chrislib.feeds.tags import Tag
from chrislib.views.feeds.tag_colors import PALETTE, tag_color
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import Field, button
from chrislib.views.widgets.paint import draw_glyph
from chrislib.views.widgets.text import Label

_SIDE = 28


class _Swatch(QAbstractButton):
    """A color that can be chosen; a tick says which is."""

    def __init__(self, theme: Theme, code: str, word: str) -> None:
        super().__init__()
        self._theme = theme
        self.code = code
        self.setCheckable(True)
        self.setObjectName(f"tags.color.{word.lower()}")
        self.setAccessibleName(word)
        self.setToolTip(word)
        self.setFixedSize(_SIDE, _SIDE)

    def sizeHint(self) -> QSize:
        return QSize(_SIDE, _SIDE)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self.code))
        painter.drawEllipse(self.rect().adjusted(4, 4, -4, -4))
        if self.isChecked():
            spot = QPoint((_SIDE - 12) // 2, (_SIDE - 12) // 2)
            token = "text.on-label"
            draw_glyph(painter, spot, self._theme, icon="check", token=token, size=12)
        if self.isChecked() or self.hasFocus():
            focus = "border.focus" if self.hasFocus() else "border.control"
            painter.setPen(QPen(self._theme.color(focus), 2 if self.hasFocus() else 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(self.rect().adjusted(1, 1, -2, -2))
        painter.end()


class TagEditor(QWidget):
    """The panel beside the list: a new tag, or the highlighted one.

    Signals
    -------
    made : (str, str)
        Name and color of a new tag.
    changed : (Tag, str, str)
        An own tag and what its name and color are to be.
    deleted : (Tag)
        An own tag that is to go.
    """

    made = Signal(str, str)
    changed = Signal(object, str, str)
    deleted = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._tag: Tag | None = None
        self.setObjectName("tags.editor")
        self._title = Label(theme, "New tag", style="section", name="tags.editor.title")
        self._about = Label(
            theme, style="small", token="text.secondary", wrap=True, name="tags.about"
        )
        self.name = Field(theme, "Name", name="tags.name", label="Name of the tag")
        self.name.setMaxLength(100)
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self._colors = QWidget()
        row = QHBoxLayout(self._colors)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for code, word in PALETTE:
            swatch = _Swatch(theme, code, word)
            self._group.addButton(swatch)
            row.addWidget(swatch)
        row.addStretch(1)
        self.save = button(theme, "Create tag", name="tags.save", small=True)
        self.delete = button(
            theme, "Delete …", kind="danger", name="tags.delete", small=True
        )
        self.fresh = button(
            theme, "New tag", kind="quiet", icon="plus", name="tags.new", small=True
        )
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.save)
        buttons.addWidget(self.delete)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 24, 16)
        column.setSpacing(12)
        column.addWidget(self._title)
        column.addWidget(self._about)
        column.addWidget(self.name)
        column.addWidget(self._colors)
        column.addLayout(buttons)
        column.addStretch(1)
        column.addWidget(self.fresh, 0, Qt.AlignmentFlag.AlignLeft)
        self.save.clicked.connect(self._press)
        self.name.returnPressed.connect(self._press)
        self.delete.clicked.connect(lambda: self.deleted.emit(self._tag))
        self.show_tag(None)

    @property
    def tag(self) -> Tag | None:
        """The tag that is edited, None for a new one."""
        return self._tag

    def show_tag(self, tag: Tag | None) -> None:
        """Edit another tag, or begin a new one."""
        self._tag = tag
        mine = tag is None or tag.mine
        self._title.setText("New tag" if tag is None else clean(tag.label))
        self._about.setVisible(not mine)
        if tag is not None and not mine:
            self._about.setText(
                f"{clean(tag.owner)} made this tag. You can put it on feeds; only "
                f"{clean(tag.owner)} can rename or delete it."
            )
        for piece in (self.name, self._colors, self.save):
            piece.setVisible(mine)
        self.delete.setVisible(tag is not None and mine)
        self.fresh.setVisible(tag is not None)
        self.save.setText("Create tag" if tag is None else "Save tag")
        self.name.setText("" if tag is None else clean(tag.name))
        self.name.set_refused(False)
        self._choose("" if tag is None else tag.color)

    def _choose(self, color: str) -> None:
        wanted = tag_color(color).name() if color else PALETTE[5][0]
        self._group.setExclusive(False)
        for one in self._group.buttons():
            one.setChecked(isinstance(one, _Swatch) and one.code == wanted)
        self._group.setExclusive(True)

    @property
    def _color(self) -> str:
        chosen = self._group.checkedButton()
        if isinstance(chosen, _Swatch):
            return chosen.code
        # one that is not ours stays as it is until another is chosen
        return self._tag.color if self._tag is not None else PALETTE[5][0]

    def _press(self) -> None:
        name = self.name.text().strip()
        if self._tag is None:
            self.made.emit(name, self._color)
        elif self._tag.mine:
            self.changed.emit(self._tag, name, self._color)
