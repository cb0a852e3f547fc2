"""Before the first question: saved searches, work lists, and what was asked lately."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QHeaderView,
    QMenu,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from chrislib.library import criteria as asked
from chrislib.library.dates import show_day
from chrislib.library.model import EntryKind, HistoryEntry
from chrislib.library.words import count, join
from chrislib.library.worklist.model import RunState
from chrislib.pacs.types import Criteria, pacs_words
from chrislib.views.context import ViewContext
from chrislib.views.library.rowview import ACT, RowDelegate, RowView
from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paint import (
    button_width,
    draw_button,
    draw_glyph,
    draw_row,
    draw_text,
)
from chrislib.views.widgets.state_view import StateView

_ENTRY = Qt.ItemDataRole.UserRole + 1
_RECENT = 6


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: `kind` is "search", "list" or "recent"."""

    kind: str
    key: str
    icon: str
    title: str
    detail: str
    verb: str
    criteria: Criteria | None = None


class _Delegate(RowDelegate):
    """Heads of 34, rows of 48."""

    wide = 80

    def tall(self, index: Index) -> int:
        """Return the height of a row at text size 1, px."""
        head = index.data(_ENTRY) is None
        return 36 if head else 48

    def zone(self, index: Index, rect: QRect, at: QPoint) -> str:
        entry = index.data(_ENTRY)
        if not isinstance(entry, Entry):
            return ""
        return ACT if self.button(entry, rect).contains(at) else ""

    def button(self, entry: Entry, rect: QRect) -> QRect:
        """Return where the button of a row is."""
        width, height = button_width(self.theme, entry.verb), self.theme.px(24)
        left = rect.right() - 16 - width
        return QRect(left, rect.top() + (rect.height() - height) // 2, width, height)

    def paint_cell(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        theme, rect, entry = self.theme, option.rect, index.data(_ENTRY)
        if not isinstance(entry, Entry):
            words = rect.adjusted(20, 10, -8, 0)
            draw_text(
                painter,
                words,
                theme,
                text=str(index.data()),
                style="group",
                token="text.secondary",
            )
            return
        draw_row(painter, option, theme)
        top = rect.top() + (rect.height() - 16) // 2
        draw_glyph(painter, QPoint(rect.left() + 20, top), theme, icon=entry.icon)
        box = self.button(entry, rect)
        left, width = rect.left() + 48, box.left() - rect.left() - 64
        half = rect.height() // 2
        upper = QRect(left, rect.top() + 6, width, half - 5)
        lower = QRect(left, rect.top() + half + 1, width, half - 7)
        draw_text(painter, upper, theme, text=entry.title)
        draw_text(
            painter,
            lower,
            theme,
            text=entry.detail,
            style="caption",
            token="text.muted",
        )
        hovered = self.hovers(option, box)
        draw_button(painter, box, theme, text=entry.verb, hovered=hovered)


class LookupStart(QWidget):
    """What a person sees in PACS Lookup before asking.

    Signals
    -------
    asked : Criteria
        Ask this again.
    saved_asked : str
        Ask a saved search again: its id.
    list_asked : str
        Show a work list: its id.
    forgotten : (str, str)
        Kind and key of what is to be forgotten.
    """

    asked = Signal(object)
    saved_asked = Signal(str)
    list_asked = Signal(str)
    forgotten = Signal(str, str)

    def __init__(self, ctx: ViewContext) -> None:
        super().__init__()
        self._ctx = ctx
        theme = ctx.theme
        self._words = StateView(
            theme,
            "search",
            "Who or what are you looking for?",
            "Type a patient ID, a name or an accession number. Several values at once "
            "are fine; a star stands for anything.",
        )
        self._list = _List(theme)
        self._list.opened.connect(self._open)
        self._list.acted.connect(self._open)
        self._list.key_pressed.connect(self._key)
        self._list.forget_asked.connect(self._forget)
        self._list.customContextMenuRequested.connect(self._menu)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._words, 1)
        column.addWidget(self._list, 3)

    def show_entries(self, history: Sequence[HistoryEntry]) -> None:
        """Show what there is to be asked again."""
        groups = (
            ("Saved searches", self._saved()),
            ("Work lists", self._lists()),
            ("Asked lately", self._recent(history)),
        )
        self._list.show_groups([group for group in groups if group[1]])
        self._list.setVisible(any(entries for _, entries in groups))

    def _saved(self) -> list[Entry]:
        return [
            Entry(
                "search",
                one.search_id,
                "star",
                one.title,
                join(
                    ", ".join(part.words for part in asked.split(one.criteria)),
                    one.criteria.where,
                    f"asked {count(one.uses, 'time')}" if one.uses else "",
                ),
                "Search",
                one.criteria,
            )
            for one in self._ctx.library.searches.all()
        ]

    def _lists(self) -> list[Entry]:
        states = {
            RunState.ASKING: "being asked",
            RunState.ASKED: "every row has its answer",
            RunState.PAUSED: "paused",
        }
        lists = self._ctx.library.work_lists
        return [
            Entry(
                "list",
                head.list_id,
                "file-spreadsheet",
                head.title,
                join(
                    lists.settled(head.list_id),
                    states[head.state],
                    pacs_words(head.pacs),
                    show_day(head.made_at, now=self._ctx.now()),
                ),
                "Continue" if head.state is RunState.PAUSED else "Open",
            )
            for head in lists.heads()
        ]

    def _recent(self, history: Sequence[HistoryEntry]) -> list[Entry]:
        found: dict[str, Entry] = {}
        for entry in history:
            if entry.kind is not EntryKind.LOOKUP or len(found) >= _RECENT:
                continue
            criteria = asked.from_request(entry.request)
            if not any(criteria.values.values()):
                continue
            title = asked.title_of(criteria)
            if self._ctx.settings.get("hide_names"):
                title = "A lookup"
            key = f"{sorted(criteria.values.items())}{criteria.pacs}"
            if key in found:
                continue
            day = show_day(entry.at, now=self._ctx.now())
            found[key] = Entry(
                "recent",
                entry.entry_id,
                "history",
                title,
                join(asked.fields_of(criteria), day),
                "Search",
                criteria,
            )
        return list(found.values())

    def _open(self, index: QModelIndex) -> None:
        entry = index.data(_ENTRY)
        if not isinstance(entry, Entry):
            return
        if entry.kind == "list":
            self.list_asked.emit(entry.key)
        elif entry.kind == "search":
            self.saved_asked.emit(entry.key)
        elif entry.criteria is not None:
            self.asked.emit(entry.criteria)

    def _key(self, key: str) -> None:
        if key == " ":
            self._open(self._list.currentIndex())

    def _forget(self) -> None:
        entry = self._list.currentIndex().data(_ENTRY)
        if isinstance(entry, Entry) and entry.kind != "recent":
            self.forgotten.emit(entry.kind, entry.key)

    def _menu(self, at: QPoint) -> None:
        index = self._list.indexAt(at)
        entry = index.data(_ENTRY)
        if not isinstance(entry, Entry):
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        shown = menu.addAction(f"{entry.verb}\tReturn")
        shown.triggered.connect(lambda: self._open(self._list.currentIndex()))
        if entry.kind != "recent":
            menu.addAction("Forget …\tDel").triggered.connect(self._forget)
        menu.popup(self._list.viewport().mapToGlobal(at))


class _List(RowView):
    """Groups of entries, always open."""

    forget_asked = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, name="pacs.start", label="Asked before")
        self._facts = QStandardItemModel(0, 1, self)
        self.setModel(self._facts)
        self.setItemDelegate(_Delegate(theme, self))
        self.setHeaderHidden(True)
        self.header().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)

    def show_groups(self, groups: Sequence[tuple[str, Sequence[Entry]]]) -> None:
        """Show other entries."""
        self._facts.clear()
        for words, entries in groups:
            head = QStandardItem(words)
            head.setFlags(Qt.ItemFlag.ItemIsEnabled)
            for entry in entries:
                row = QStandardItem(entry.title)
                row.setEditable(False)
                row.setData(entry, _ENTRY)
                row.setData(
                    f"{entry.title}, {entry.detail}, {entry.verb}",
                    Qt.ItemDataRole.AccessibleTextRole,
                )
                head.appendRow(row)
            self._facts.appendRow(head)
        self.expandAll()

    def entries(self) -> list[Entry]:
        """Return what is shown."""
        found = []
        for at in range(self._facts.rowCount()):
            head = self._facts.item(at)
            found += [head.child(row).data(_ENTRY) for row in range(head.rowCount())]
        return found

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Forget with Del; else as every list."""
        if event.key() == Qt.Key.Key_Delete:
            self.forget_asked.emit()
            return
        super().keyPressEvent(event)
