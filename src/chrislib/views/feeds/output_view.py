"""What a node left behind: a tree, and a look at the highlighted entry."""

from collections.abc import Sequence

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QMenu,
    QSplitter,
    QStackedWidget,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from chrislib.feeds.model import Node, OutputEntry
from chrislib.feeds.outputs import totals
from chrislib.feeds.states import ACTIVE, SENTENCES, WORDS
from chrislib.views.context import ViewContext
from chrislib.views.feeds.output_model import ENTRY_ROLE, OutputModel
from chrislib.views.feeds.output_preview import OutputPreview
from chrislib.views.feeds.words import files_words
from chrislib.views.theme.theme import Theme
from chrislib.views.theme.tokens import STATES
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.paint import draw_glyph, draw_row, draw_text
from chrislib.views.widgets.skeleton import Skeleton
from chrislib.views.widgets.state_view import StateView
from chrislib.views.widgets.text import ElidedLabel, Label

_Index = QModelIndex | QPersistentModelIndex

_ICONS = {
    "folder": "folder",
    "dicom": "image",
    "nifti": "image",
    "image": "image",
    "table": "table",
    "json": "braces",
    "text": "file-text",
    "pdf": "file-text",
    "gone": "file-symlink",
}


class _OutputDelegate(QStyledItemDelegate):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme

    def sizeHint(self, _option: QStyleOptionViewItem, _index: _Index) -> QSize:
        return QSize(60, self._theme.px(28))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: _Index
    ) -> None:
        entry = index.data(ENTRY_ROLE)
        if not isinstance(entry, OutputEntry):
            return
        theme, column = self._theme, index.column()
        rect: QRect = option.rect
        draw_row(
            painter, option, theme, hairline=False, first=column == 0, last=column == 3
        )
        inner = rect.adjusted(8, 0, -8, 0)
        middle = rect.top() + (rect.height() - 16) // 2
        gone = entry.kind == "gone"
        if column == 3:
            key = "gone" if gone else "ready"
            if not entry.is_folder:
                spot = QPoint(rect.center().x() - 7, middle + 1)
                icon = STATES[key].glyph
                draw_glyph(
                    painter, spot, theme, icon=icon, token=f"state.{key}", size=14
                )
            return
        if column == 0:
            icon = _ICONS.get(entry.kind, "file")
            draw_glyph(painter, QPoint(inner.left(), middle), theme, icon=icon)
            inner = inner.adjusted(24, 0, 0, 0)
        token = "text.muted" if gone else "text.primary"
        draw_text(
            painter,
            inner,
            theme,
            text=str(index.data()),
            style="body" if column == 0 else "small",
            token=token if column == 0 else "text.secondary",
            align=Qt.AlignmentFlag.AlignRight
            if column == 2
            else Qt.AlignmentFlag.AlignLeft,
            elide=Qt.TextElideMode.ElideMiddle,
        )


class OutputView(QWidget):
    """Outputs of the highlighted node."""

    highlighted = Signal(object)
    open_entry = Signal(object)
    get_entries = Signal(object)
    get_all = Signal()
    retry = Signal()

    def __init__(self, context: ViewContext) -> None:
        super().__init__()
        theme = context.theme
        self._theme = theme
        self._node: Node | None = None
        self._open: dict[int, set[str]] = {}
        self._chosen: dict[int, str] = {}
        self._quiet = False
        self.setObjectName("feeds.outputs.panel")
        self.setProperty("surface", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.model = OutputModel()
        self.view = QTreeView()
        self.preview = OutputPreview(context)
        self._summary = ElidedLabel(
            theme, style="small", token="text.muted", name="feeds.outputs.summary"
        )
        self.get_button = button(
            theme,
            "Get all",
            icon="download",
            name="feeds.outputs.get",
            tooltip="Save all outputs of this node in a folder (D)",
            small=True,
        )
        self._skeleton = Skeleton(theme, row_height=28)
        self._state = StateView(theme, "folder-open", "No outputs", primary=False)
        self._stack = QStackedWidget()
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._build(theme)
        self.get_button.clicked.connect(self.get_all)
        self.preview.open_pressed.connect(self._open_current)
        self.view.selectionModel().currentChanged.connect(self._current)
        self.view.doubleClicked.connect(self._activated)
        self.view.customContextMenuRequested.connect(self._menu)
        theme.changed.connect(self.view.viewport().update)

    @property
    def entries(self) -> tuple[OutputEntry, ...]:
        """What is shown."""
        return self.model.entries

    @property
    def current(self) -> OutputEntry | None:
        """The highlighted entry."""
        return self.model.entry(self.view.currentIndex())

    @property
    def selected(self) -> list[OutputEntry]:
        """All highlighted entries."""
        rows = self.view.selectionModel().selectedRows(0)
        found = (self.model.entry(index) for index in rows)
        return [entry for entry in found if entry is not None]

    def show_node(self, node: Node | None) -> None:
        """Begin with a node: nothing is known of its outputs yet."""
        self._remember()
        self._node = node
        self._quiet = True
        self.model.set_entries(())
        self._quiet = False
        self.preview.clear()
        self._summary.setText("")
        self.get_button.setEnabled(False)
        if node is None:
            self._say("folder-open", "No node highlighted", "Click one in the graph.")
        else:
            self._wait(node)

    def show_state(self, node: Node) -> None:
        """Show a fresher look at the node, while it has no outputs."""
        self._node = node
        if not self.model.entries:
            self._wait(node)

    def start_loading(self) -> None:
        """Show placeholders, unless something is there to be looked at."""
        if not self.model.entries:
            self._skeleton.start("Listing outputs")
            self._stack.setCurrentWidget(self._skeleton)

    def set_entries(self, entries: Sequence[OutputEntry]) -> None:
        """Show a listing; what was unfolded and highlighted stays so."""
        if tuple(entries) == self.model.entries and entries:
            return
        self._remember()
        self._quiet = True
        self.model.set_entries(entries)
        self._restore()
        self._quiet = False
        count, size = totals(entries)
        self._summary.setText(files_words(count, size) if count else "")
        self.get_button.setEnabled(count > 0)
        self._skeleton.stop(self._show_page)

    def show_failure(self, error: BaseException) -> None:
        """Show an error page, unless there is an older listing."""
        if self.model.entries:
            return
        self._state.show_error(error, self.retry.emit)
        self._skeleton.stop(lambda: self._stack.setCurrentWidget(self._state))

    def go_in(self) -> None:
        """Take the focus, and highlight the first file where none is."""
        self.view.setFocus(Qt.FocusReason.ShortcutFocusReason)
        if not self.view.currentIndex().isValid():
            self.view.setCurrentIndex(self.model.index(0, 0))

    def reveal(self, relative: str) -> bool:
        """Highlight an entry by its path; False where there is none."""
        index = self.model.find(relative)
        if index.isValid():
            self.view.setCurrentIndex(index)
            self.view.scrollTo(index)
        return index.isValid()

    def turn(self, entry: OutputEntry) -> None:
        """Unfold or fold a folder."""
        index = self.model.find(entry.relative)
        self.view.setExpanded(index, not self.view.isExpanded(index))

    def set_narrow(self, narrow: bool) -> None:
        """Hide the preview where there is no room for it."""
        self.preview.setHidden(narrow)

    # -- inside ----------------------------------------------------------------

    def _wait(self, node: Node) -> None:
        if node.state in ACTIVE:
            icon = STATES[node.state].glyph
            self._say(icon, WORDS[node.state], "Outputs appear here when it is ready.")
        else:
            self._say("folder-open", "No outputs", _none_words(node))

    def _say(self, icon: str, title: str, text: str) -> None:
        self._state.show_state(icon, title, text)
        self._stack.setCurrentWidget(self._state)

    def _show_page(self) -> None:
        if self.model.entries:
            self._stack.setCurrentWidget(self.view)
        elif self._node is not None:
            self._wait(self._node)

    def _remember(self) -> None:
        if self._node is None or not self.model.entries:
            return
        self._open[self._node.id] = {
            entry.relative
            for index in self._folders()
            if self.view.isExpanded(index)
            and (entry := self.model.entry(index)) is not None
        }
        current = self.current
        if current is not None:
            self._chosen[self._node.id] = current.relative

    def _restore(self) -> None:
        if self._node is None:
            return
        unfolded = self._open.get(self._node.id)
        for index in self._folders():
            entry = self.model.entry(index)
            if entry is None:
                continue
            # a lone folder is in the way, many are a table of contents
            first = unfolded is None and len(self.model.entries) == 1
            if first or (unfolded is not None and entry.relative in unfolded):
                self.view.expand(index)
        chosen = self._chosen.get(self._node.id)
        if chosen is not None:
            index = self.model.find(chosen)
            if index.isValid():
                self.view.setCurrentIndex(index)

    def _folders(self) -> list[QModelIndex]:
        found: list[QModelIndex] = []
        waiting = [QModelIndex()]
        while waiting:
            parent = waiting.pop()
            for row in range(self.model.rowCount(parent)):
                index = self.model.index(row, 0, parent)
                if self.model.rowCount(index):
                    found.append(index)
                    waiting.append(index)
        return found

    def _current(self, index: _Index, _before: object = None) -> None:
        entry = self.model.entry(index)
        if entry is not None and not self._quiet:
            self.highlighted.emit(entry)

    def _activated(self, index: _Index) -> None:
        entry = self.model.entry(index)
        if entry is not None and not entry.is_folder:
            self.open_entry.emit(entry)

    def _open_current(self) -> None:
        entry = self.current
        if entry is not None:
            self.open_entry.emit(entry)

    def _menu(self, at: QPoint) -> None:
        entry = self.model.entry(self.view.indexAt(at))
        if entry is None:
            return
        menu = QMenu(self)
        menu.setObjectName("feeds.outputs.menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        show = menu.addAction("Open in viewer\tE")
        show.triggered.connect(lambda: self.open_entry.emit(entry))
        get = menu.addAction("Get …\tD")
        get.triggered.connect(lambda: self.get_entries.emit(self.selected or [entry]))
        menu.popup(self.view.viewport().mapToGlobal(at))

    def _build(self, theme: Theme) -> None:
        view = self.view
        view.setObjectName("feeds.outputs")
        view.setAccessibleName("Outputs")
        view.setModel(self.model)
        delegate = _OutputDelegate(theme)
        delegate.setParent(view)
        view.setItemDelegate(delegate)
        view.setUniformRowHeights(True)
        view.setIndentation(16)
        view.setMouseTracking(True)
        view.setAllColumnsShowFocus(True)
        view.setSelectionMode(QTreeView.SelectionMode.ExtendedSelection)
        view.setVerticalScrollMode(QTreeView.ScrollMode.ScrollPerPixel)
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header = view.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for section, width in ((1, 84), (2, 84), (3, 40)):
            header.setSectionResizeMode(section, QHeaderView.ResizeMode.Fixed)
            header.resizeSection(section, width)
        head = QHBoxLayout()
        head.setContentsMargins(16, 8, 12, 8)
        head.setSpacing(8)
        title = Label(theme, "Outputs", style="section", name="feeds.outputs.title")
        head.addWidget(title)
        head.addWidget(self._summary, 1)
        head.addWidget(self.get_button)
        for page in (view, self._skeleton, self._state):
            self._stack.addWidget(page)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self._stack, 1)
        self._splitter.addWidget(left)
        self._splitter.addWidget(self.preview)
        self._splitter.setStretchFactor(0, 1)
        self._splitter.setStretchFactor(1, 0)
        self._splitter.setSizes([500, 376])
        self._splitter.setChildrenCollapsible(False)
        self._splitter.setHandleWidth(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._splitter)


def _none_words(node: Node) -> str:
    if node.state in {"ready", "errors"}:
        return "This node left no files."
    return SENTENCES[node.state]
