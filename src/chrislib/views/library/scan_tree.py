"""The scan of an upload on screen."""

from PySide6.QtCore import QPoint, QRect, Qt, Signal
from PySide6.QtGui import QPainter, QResizeEvent
from PySide6.QtWidgets import QHeaderView, QStyleOptionViewItem, QTreeView

from chrislib.views.library.conflict_bar import HEIGHT, ConflictBar
from chrislib.views.library.rowview import (
    FOLD,
    TICK,
    RowDelegate,
    RowView,
    draw_thumb,
)
from chrislib.views.library.scan_facts import Facts
from chrislib.views.library.scan_model import (
    CHECK,
    IMAGES,
    NAME,
    SIZE,
    FactsRole,
    PictureRole,
    ScanModel,
)
from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paint import (
    draw_check,
    draw_glyph,
    draw_row,
    draw_state,
    draw_text,
)

_HEIGHTS = {"patient": 36, "conflict": HEIGHT, "study": 36, "series": 48, "group": 36}
_FILE = 28
_WIDTHS = {IMAGES: 72, SIZE: 80, CHECK: 260}
_STEP = 20
_UNFOLDED = 60
_FOLDS = {"patient", "study", "group"}


class _Delegate(RowDelegate):
    """Rows by kind: patients and studies 36, series 48, files 28."""

    wide = 40

    def tall(self, index: Index) -> int:
        """Return the height of a row at text size 1, px."""
        facts = _facts(index)
        return _HEIGHTS.get(facts.kind, _FILE) if facts is not None else _FILE

    def zone(self, index: Index, rect: QRect, at: QPoint) -> str:
        facts = _facts(index)
        if facts is None or index.column() != NAME:
            return ""
        left = rect.left() + 20 + facts.level * _STEP
        if facts.can_tick and left - 4 <= at.x() <= left + 20:
            return TICK
        if facts.kind in _FOLDS and left + 20 < at.x() <= left + 46:
            return FOLD
        return ""

    def paint_cell(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        facts, rect, theme = _facts(index), option.rect, self.theme
        if facts is None or facts.kind == "conflict":
            return
        column = index.column()
        draw_row(
            painter,
            option,
            theme,
            surface="bg.panel" if facts.kind in {"patient", "group"} else "",
            first=column == NAME,
            last=column == CHECK,
        )
        if column == NAME:
            self._name(painter, option, index, facts)
        elif column == CHECK:
            self._check(painter, rect.adjusted(16, 0, -16, 0), facts)
        else:
            draw_text(
                painter,
                rect.adjusted(8, 0, -8, 0),
                theme,
                text=str(index.data() or ""),
                style="small",
                token="text.muted" if column == SIZE else "text.primary",
                align=Qt.AlignmentFlag.AlignRight,
            )

    def _name(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: Index,
        facts: Facts,
    ) -> None:
        theme, rect = self.theme, option.rect
        left = rect.left() + 20 + facts.level * _STEP
        if facts.can_tick:
            raw = index.data(Qt.ItemDataRole.CheckStateRole)
            box = QRect(left, rect.top(), 16, rect.height())
            draw_check(painter, box, theme, state=Qt.CheckState(raw))
        left += 26
        middle = rect.top() + (rect.height() - 16) // 2
        if facts.kind in _FOLDS:
            tree = option.widget
            open_ = isinstance(tree, QTreeView) and tree.isExpanded(
                tree.model().index(index.row(), NAME, index.parent())
            )
            icon = "chevron-down" if open_ else "chevron-right"
            draw_glyph(painter, QPoint(left, middle), theme, icon=icon)
            left += 24
        if facts.kind == "series":
            side = min(40, rect.height() - 6)
            box = QRect(left, rect.top() + (rect.height() - side) // 2, side, side)
            picture = index.sibling(index.row(), NAME).data(PictureRole)
            draw_thumb(painter, box, theme, picture=picture)
            left = box.right() + 13
            half = rect.height() // 2
            width = rect.right() - left - 8
            upper = QRect(left, rect.top() + 6, width, half - 5)
            lower = QRect(left, rect.top() + half + 1, width, half - 7)
            draw_text(painter, upper, theme, text=facts.title)
            draw_text(
                painter,
                lower,
                theme,
                text=facts.detail,
                style="caption",
                token="text.muted",
            )
            return
        draw_glyph(painter, QPoint(left, middle), theme, icon=facts.icon)
        text = QRect(left + 26, rect.top(), rect.right() - left - 34, rect.height())
        strong = facts.kind in {"patient", "group"}
        small = facts.kind in {"file", "unreadable"}
        style = "strong" if strong else "small" if small else "body"
        used = draw_text(
            painter,
            text,
            theme,
            text=facts.title,
            style=style,
            elide=Qt.TextElideMode.ElideMiddle,
        )
        text.setLeft(text.left() + used + 12)
        if text.width() > 40:
            draw_text(
                painter,
                text,
                theme,
                text=facts.detail,
                style="small",
                token="text.secondary",
            )

    def _check(self, painter: QPainter, rect: QRect, facts: Facts) -> None:
        if not facts.state:
            return
        if facts.more:
            upper = QRect(rect.left(), rect.top() + 4, rect.width(), 22)
            lower = QRect(rect.left() + 20, rect.top() + 24, rect.width() - 20, 18)
            draw_state(painter, upper, self.theme, facts.state, facts.words)
            draw_text(
                painter,
                lower,
                self.theme,
                text=facts.more,
                style="caption",
                token="text.muted",
            )
            return
        draw_state(painter, rect, self.theme, facts.state, facts.words)


class ScanTree(RowView):
    """The tree of a scan; boxes say what is sent.

    Signals
    -------
    decided : str, str
        Key of a conflict and the choice, "" when it is taken back.
    """

    decided = Signal(str, str)

    def __init__(self, theme: Theme, model: ScanModel) -> None:
        super().__init__(theme, name="upload.scan", label="What was found")
        self._scan = model
        self._bars: dict[str, ConflictBar] = {}
        self.setModel(model)
        self.setItemDelegate(_Delegate(theme, self))
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionsClickable(False)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        )
        for column in _WIDTHS:
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
        self.ticked.connect(model.toggle)
        self.opened.connect(self._fold)
        self.key_pressed.connect(self._key)
        theme.changed.connect(self._dress)
        self._dress()

    def unfold(self) -> None:
        """Unfold everything when it is little, else the patients only."""
        model = self._scan
        scan = model.scan
        number = len(scan.series) + len(scan.others) if scan is not None else 0
        if number <= _UNFOLDED:
            self.expandAll()
        else:
            self.expandToDepth(0)
        self._bars = {}
        for conflict, index in model.conflict_rows():
            self.setFirstColumnSpanned(index.row(), index.parent(), True)
            bar = ConflictBar(self.theme, conflict)
            bar.decided.connect(self.decided)
            self.setIndexWidget(index, bar)
            self._bars[conflict.key] = bar
        self.setCurrentIndex(model.index(0, 0))

    def ask(self, key: str) -> None:
        """Go to a conflict and put the focus where it is decided."""
        for conflict, index in self._scan.conflict_rows():
            if conflict.key == key:
                self.expand(index.parent())
                self.scrollTo(index, QTreeView.ScrollHint.PositionAtCenter)
                self.setCurrentIndex(index)
                self._bars[key].ask()

    def _fold(self, index: Index) -> None:
        first = self._scan.index(index.row(), NAME, index.parent())
        facts = _facts(first)
        if facts is not None and facts.kind == "conflict":
            self._bars[str(facts.key)].ask()
            return
        self.setExpanded(first, not self.isExpanded(first))

    def _key(self, key: str) -> None:
        if key in ("T", " "):
            self._scan.toggle_all(self.highlighted())

    def _dress(self) -> None:
        self.header().setFont(self.theme.font("caption"))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Hide the columns there is no room for."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        self.fit_columns(_WIDTHS, first=320, giving_way=(SIZE, IMAGES))


def _facts(index: Index) -> Facts | None:
    found = index.sibling(index.row(), NAME).data(FactsRole)
    return found if isinstance(found, Facts) else None
