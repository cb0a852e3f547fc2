"""The list of tags: a box, a dot, a name, whose it is."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPoint,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import QListView, QStyleOptionViewItem, QWidget

from chrislib.feeds.markdown import clean
from chrislib.feeds.tags import Tag
from chrislib.views.feeds.tag_colors import color_word, draw_dot
from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.delegates import SizedDelegate
from chrislib.views.widgets.paint import draw_check, draw_row, draw_text
from chrislib.views.widgets.parts import PartsView

TAG_ROLE = Qt.ItemDataRole.UserRole + 1
_STATES = {"all": "on", "some": "on some", "none": "not on"}
_BOX = 36
_OWNER = 120


class TagModel(QAbstractListModel):
    """Tags that fit a search, and on how many of the feeds each of them is."""

    def __init__(self) -> None:
        super().__init__()
        self._tags: tuple[Tag, ...] = ()
        self._shown: tuple[Tag, ...] = ()
        self._held: dict[int, str] = {}
        self._words = ""

    def show_tags(self, tags: Sequence[Tag], held: Mapping[int, str]) -> None:
        """Show other tags; `held` says "all" or "some" of those that are on feeds."""
        self._tags = tuple(tags)
        self._held = dict(held)
        self._sift()

    def search(self, words: str) -> None:
        """Show only tags whose name or owner has all the words."""
        self._words = words
        self._sift()

    def hold(self, tag_id: int, state: str) -> None:
        """Change on how many feeds a tag is."""
        self._held[tag_id] = state
        for number, tag in enumerate(self._shown):
            if tag.id == tag_id:
                at = self.index(number)
                self.dataChanged.emit(at, at)

    def held(self, tag_id: int) -> str:
        """Return "all", "some" or "none"."""
        return self._held.get(tag_id, "none")

    @property
    def total(self) -> int:
        """How many tags there are, whatever is searched."""
        return len(self._tags)

    def tag(self, index: Index) -> Tag | None:
        """Return the tag of a row."""
        return self._shown[index.row()] if index.isValid() else None

    def place(self, tag_id: int) -> QModelIndex:
        """Return where a tag stands, an invalid index where it does not."""
        for number, tag in enumerate(self._shown):
            if tag.id == tag_id:
                return self.index(number)
        return QModelIndex()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own
        """Return how many are shown."""
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a tag, or its words."""
        tag = self.tag(index)
        if tag is None:
            return None
        if role == TAG_ROLE:
            return tag
        name = clean(tag.label)
        if role == Qt.ItemDataRole.DisplayRole:
            return name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            whose = "yours" if tag.mine else f"of {clean(tag.owner)}"
            state = _STATES[self.held(tag.id)]
            return f"{name}, {color_word(tag.color)}, {whose}, {state}"
        return None

    def _sift(self) -> None:
        words = self._words.casefold().split()
        self.beginResetModel()
        self._shown = tuple(
            tag
            for tag in self._tags
            if all(word in f"{tag.name} {tag.owner}".casefold() for word in words)
        )
        self.endResetModel()


class _Delegate(SizedDelegate):
    wide, high = 200, 36

    def __init__(self, theme: Theme, model: TagModel, parent: QWidget) -> None:
        super().__init__(theme, parent)
        self._model = model

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        tag = self._model.tag(index)
        if tag is None:
            return
        theme, rect = self.theme, option.rect
        draw_row(painter, option, theme)
        checks = {
            "all": Qt.CheckState.Checked,
            "some": Qt.CheckState.PartiallyChecked,
            "none": Qt.CheckState.Unchecked,
        }
        box = QRect(rect.left() + 4, rect.top(), _BOX - 4, rect.height())
        draw_check(painter, box, theme, state=checks[self._model.held(tag.id)])
        dot = QRect(rect.left() + _BOX, rect.top(), 20, rect.height())
        draw_dot(painter, dot, theme, color=tag.color)
        name = rect.adjusted(_BOX + 28, 0, -_OWNER - 16, 0)
        draw_text(painter, name, theme, text=clean(tag.label))
        owner = QRect(rect.right() - _OWNER - 8, rect.top(), _OWNER, rect.height())
        draw_text(
            painter,
            owner,
            theme,
            text="yours" if tag.mine else clean(tag.owner),
            style="small",
            token="text.muted",
            align=Qt.AlignmentFlag.AlignRight,
        )


class TagView(PartsView, QListView):
    """Tags to be ticked (box, Space) and highlighted."""

    ticked = Signal(object)
    """The tag whose box was pressed."""
    highlighted = Signal(object)
    """The tag that is highlighted now, None for none."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.tags = TagModel()
        self.setObjectName("tags.list")
        self.setAccessibleName("Tags")
        self.setModel(self.tags)
        self.setItemDelegate(_Delegate(theme, self.tags, self))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.selectionModel().currentChanged.connect(
            lambda now, _before: self.highlighted.emit(self.tags.tag(now))
        )

    def part_at(self, at: QPoint) -> tuple[QModelIndex, object]:
        """Return the row at a point and whether its box is there."""
        index = self.indexAt(at)
        inside = index.isValid() and at.x() - self.visualRect(index).left() < _BOX
        return index, "box" if inside else ""

    def answer_part(self, index: QModelIndex, _part: object, *, at: QPoint) -> None:
        """Tick a tag."""
        tag = self.tags.tag(index)
        if tag is not None:
            self.ticked.emit(tag)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Tick with Space or Return; walk as usual."""
        tag = self.tags.tag(self.currentIndex())
        wanted = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if tag is not None and event.key() in wanted and not event.modifiers():
            self.ticked.emit(tag)
            return
        super().keyPressEvent(event)
