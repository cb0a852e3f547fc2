"""Pieces of the inspector: the picture, marks to click, keywords, tags."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, QStringListModel, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import (
    QAbstractButton,
    QCompleter,
    QHeaderView,
    QSizePolicy,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from chrislib.dicom.tags import TagLine
from chrislib.views.library.mine import paint
from chrislib.views.library.mine.keys import keeps_escape
from chrislib.views.library.mine.words import HIDDEN
from chrislib.views.models.headed import HeadedTable
from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import Field
from chrislib.views.widgets.paint import draw_glyph, draw_text, fit
from chrislib.views.widgets.pills import Flow
from chrislib.views.widgets.text import Label, plain_tooltip


class PictureBox(QWidget):
    """One picture on black, fitted."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._picture: QPixmap | None = None
        self._icon = "image"
        self._high = 172
        self.setObjectName("mine.inspector.picture")
        self.setAccessibleName("Picture")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_picture(self, picture: QPixmap | None, icon: str) -> None:
        """Show a picture, or a glyph where there is none."""
        self._picture, self._icon = picture, icon
        self.update()

    def sizeHint(self) -> QSize:
        """Return the height of the picture's place."""
        return QSize(240, self._theme.px(self._high))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("bg.image"))
        if self._picture is None:
            spot = self.rect().center() - QPoint(11, 11)
            draw_glyph(
                painter,
                spot,
                self._theme,
                icon=self._icon,
                token="text.disabled",
                size=22,
            )
        else:
            size = self._picture.deviceIndependentSize().toSize()
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            place = fit(size.width(), size.height(), self.rect())
            painter.drawPixmap(place, self._picture)
        painter.end()


class MarkBox(QWidget):
    """Stars, color label and flag of what is highlighted; stars can be clicked."""

    starred = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._stars, self._flag, self._label = 0, 0, 0
        self.setObjectName("mine.inspector.marks")
        self.setToolTip("Stars: 0 to 5 · Labels: 6 to 9 · Flags: P, X, U")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_marks(self, *, stars: int, flag: int, label: int) -> None:
        """Show marks; 0 stands for none, and for different ones."""
        self._stars, self._flag, self._label = stars, flag, label
        said = paint.marks_words(stars=stars, flag=flag, label=label)
        self.setAccessibleName(f"Marks: {said or 'none'}")
        self.update()

    def sizeHint(self) -> QSize:
        """Return one line."""
        return QSize(240, self._theme.px(22))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Give so many stars; the same number again takes them away."""
        star = paint.star_at(round(event.position().x()))
        if star:
            self.starred.emit(0 if star == self._stars else star)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the marks."""
        theme = self._theme
        painter = QPainter(self)
        middle = self.height() // 2
        spot = QPoint(0, middle - paint.STAR // 2)
        paint.draw_stars(painter, spot, theme, stars=self._stars)
        left = paint.stars_width() + 10
        if self._label:
            side = paint.LABEL
            box = QRect(left, middle - side // 2, side, side)
            paint.draw_label(painter, box, theme, label=self._label)
            word = paint.LABEL_WORDS[self._label]
            words = QRect(left + side + 7, 0, 70, self.height())
            left += (
                side
                + 17
                + draw_text(
                    painter,
                    words,
                    theme,
                    text=word,
                    style="small",
                    token="text.secondary",
                )
            )
        if self._flag:
            paint.draw_flag(painter, QPoint(left, middle - 7), theme, flag=self._flag)
            token = "state.ready" if self._flag == paint.PICK else "state.failed"
            words = QRect(left + 20, 0, 100, self.height())
            said = paint.flag_words(self._flag)
            draw_text(painter, words, theme, text=said, style="small", token=token)
        painter.end()


class _Keyword(QAbstractButton):
    """One keyword with its cross; muted where only some rows have it."""

    def __init__(self, theme: Theme, text: str, *, shared: bool) -> None:
        super().__init__()
        self._theme = theme
        self._shared = shared
        self.setText(text)
        self.setObjectName(f"mine.keyword.{text}")
        self.setAccessibleName(f"Remove keyword {text}")
        some = "" if shared else " (only some have it)"
        self.setToolTip(plain_tooltip(f"{text}{some}: click to remove it"))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def sizeHint(self) -> QSize:
        words = min(self._theme.width("small", self.text()), 190)
        return QSize(words + 38, self._theme.px(24))

    def paintEvent(self, _event: QPaintEvent) -> None:
        theme = self._theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        lit = self.underMouse() or self.hasFocus()
        painter.setBrush(theme.color("bg.pressed" if lit else "bg.highlight"))
        radius = self.height() / 2
        painter.drawRoundedRect(self.rect(), radius, radius)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(theme.color("border.focus"))
            inside = self.rect().adjusted(0, 0, -1, -1)
            painter.drawRoundedRect(inside, radius, radius)
        draw_text(
            painter,
            self.rect().adjusted(11, 0, -24, 0),
            theme,
            text=self.text(),
            style="small",
            token="text.primary" if self._shared else "text.secondary",
        )
        spot = QPoint(self.width() - 21, (self.height() - 12) // 2)
        draw_glyph(painter, spot, theme, icon="x", token="text.secondary", size=12)
        painter.end()


class _KeywordField(Field):
    left = Signal()

    def event(self, event: QEvent) -> bool:
        if keeps_escape(event):
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.clear()
            self.left.emit()
            return
        super().keyPressEvent(event)


class KeywordBox(QWidget):
    """Keywords as chips, and a field that adds more; it completes known ones."""

    added = Signal(str)
    removed = Signal(str)
    left = Signal()
    """Esc was pressed in the field, or Return in the empty field."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._chips: list[_Keyword] = []
        self._shown: tuple[tuple[str, bool], ...] = ()
        self._known = QStringListModel(self)
        self.setObjectName("mine.keywords")
        self._flow = Flow(self, last_width=110)
        self._flow.setContentsMargins(0, 0, 0, 0)
        self._field = _KeywordField(
            theme, "Add keyword", name="mine.keyword.field", small=True
        )
        self._field.setMaxLength(64)
        completer = QCompleter(self._known, self._field)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self._field.setCompleter(completer)
        self._field.returnPressed.connect(self._entered)
        self._field.left.connect(self._leave)
        self._field.editingFinished.connect(self._put_away)
        self._field.hide()
        self._flow.addWidget(self._field)

    def show_keywords(self, shared: Sequence[str], some: Sequence[str]) -> None:
        """Show keywords that all rows have, and those only some have."""
        wanted = (*((one, True) for one in shared), *((one, False) for one in some))
        if wanted == self._shown:
            return
        self._shown = wanted
        for chip in self._chips:
            self._flow.removeWidget(chip)
            chip.hide()
            chip.deleteLater()
        self._chips = []
        for place, (text, of_all) in enumerate(wanted):
            chip = _Keyword(self._theme, text, shared=of_all)
            chip.clicked.connect(lambda _on=False, text=text: self.removed.emit(text))
            self._flow.insert(place, chip)
            chip.show()
            self._chips.append(chip)
        self.updateGeometry()

    def show_known(self, known: Sequence[str]) -> None:
        """Offer these while somebody types."""
        self._known.setStringList(list(known))

    def edit(self) -> None:
        """Show the field and put the cursor into it."""
        self._field.show()
        self.updateGeometry()
        self._field.setFocus()

    def _leave(self) -> None:
        self._field.hide()
        self.updateGeometry()
        self.left.emit()

    def _put_away(self) -> None:
        """Hide the empty field once the cursor has left it."""
        if not self._field.hasFocus() and not self._field.text():
            self._field.hide()
            self.updateGeometry()

    def _entered(self) -> None:
        words = [word.strip() for word in self._field.text().split(",")]
        self._field.clear()
        found = [word for word in words if word]
        for word in found:
            self.added.emit(word)
        if not found:
            self._leave()


class _TagsModel(HeadedTable):
    heads = ("Name", "Value")

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._all: tuple[TagLine, ...] = ()
        self._rows: list[TagLine] = []
        self._hidden = False
        self._wanted = ""

    def show(self, lines: Sequence[TagLine], *, hidden: bool) -> None:
        self._all, self._hidden = tuple(lines), hidden
        self.look_for(self._wanted)

    def look_for(self, text: str) -> None:
        self._wanted = text.casefold().strip()
        self.beginResetModel()
        self._rows = [
            line
            for line in self._all
            if self._wanted
            in f"{line.number} {line.name} {self._value(line)}".casefold()
        ]
        self.endResetModel()

    def count(self) -> int:
        return len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        line, first = self._rows[index.row()], index.column() == 0
        if role == Qt.ItemDataRole.DisplayRole:
            return "› " * line.depth + line.name if first else self._value(line)
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tooltip(f"{line.number} {line.name}\n{self._value(line)}")
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._theme.color("text.muted" if first else "text.primary")
        return None

    def _fits(self, line: TagLine) -> bool:
        words = f"{line.number} {line.name} {self._value(line)}"
        return self._wanted in words.casefold()

    def _value(self, line: TagLine) -> str:
        return HIDDEN if self._hidden and line.personal and line.value else line.value


class TagsBox(QWidget):
    """The tags of one image, and a field to find some of them."""

    def __init__(self, theme: Theme, *, hidden: Callable[[], bool]) -> None:
        super().__init__()
        self._hidden = hidden
        self._words = Label(
            theme, style="small", token="text.muted", name="mine.tags.words", wrap=True
        )
        self._field = Field(
            theme, "Find tag or value", name="mine.tags.find", icon="search", small=True
        )
        self._model = _TagsModel(theme, self)
        self._view = QTreeView()
        self._view.setObjectName("mine.tags")
        self._view.setAccessibleName("DICOM tags")
        self._view.setModel(self._model)
        self._view.setRootIsDecorated(False)
        self._view.setUniformRowHeights(True)
        self._view.setFont(theme.font("caption"))
        self._view.header().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self._view.header().resizeSection(0, 130)
        self._view.setFixedHeight(theme.px(300))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        for piece in (self._words, self._field, self._view):
            column.addWidget(piece)
        self._field.textChanged.connect(self._model.look_for)
        self.show_words("")

    def show_words(self, words: str) -> None:
        """Say something instead of tags."""
        self._words.setText(words)
        self._words.setVisible(bool(words))
        for piece in (self._field, self._view):
            piece.setVisible(not words)

    def show_tags(self, lines: Sequence[TagLine]) -> None:
        """Show the tags of a file."""
        self.show_words("")
        self._model.show(lines, hidden=self._hidden())
