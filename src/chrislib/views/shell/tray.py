"""The tray: everything that was ticked, across all sources, at the foot."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QListView,
    QMenu,
    QSpacerItem,
    QVBoxLayout,
    QWidget,
)

from chrislib.feeds.recipes import Recipe
from chrislib.library.model import Item, ItemState
from chrislib.views.shell.tray_view import (
    ITEM_WIDTH,
    PictureOf,
    TrayDelegate,
    TrayModel,
    TrayView,
    amount,
)
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button, icon_button
from chrislib.views.widgets.dragging import ITEMS, dragged_items
from chrislib.views.widgets.text import ElidedLabel, Label, plain_tooltip

OPEN, FOLDED = 116, 32


def _here(_item: Item) -> str:
    return ""


class TrayPanel(QFrame):
    """Head line, items, Create feed; folds to a bar of 32 px."""

    create_requested = Signal()
    run_requested = Signal(object)
    """A recipe, to be run on what is in the tray."""
    many_requested = Signal(object)
    """The same recipe on each; None leaves the recipe open."""
    clear_requested = Signal()
    remove_requested = Signal(list)
    dropped = Signal(list, int)
    """Ids of items, and the place they were put."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._folded = False
        self.setObjectName("tray")
        self.setProperty("surface", "panel")
        self._model = TrayModel(self)
        self.view = TrayView()
        self._delegate = TrayDelegate(theme, self.view)
        self._title = Label(theme, "Tray", style="small-strong", name="tray.title")
        self._head = ElidedLabel(
            theme, style="caption", token="text.secondary", name="tray.summary"
        )
        self._clear = button(
            theme, "Clear", kind="quiet", name="tray.clear", small=True
        )
        self._create = button(
            theme,
            "Create feed",
            kind="primary",
            icon="workflow",
            name="tray.create",
            shortcut="Ctrl+Return",
        )
        self._small = button(
            theme, "Create feed", icon="workflow", name="tray.create.folded", small=True
        )
        self._recipes: tuple[Recipe, ...] = ()
        self._busy = False
        self._run = button(theme, "", icon="play", name="tray.run")
        self._others = icon_button(
            theme,
            "chevron-down",
            name="tray.recipes",
            tooltip="Other recipes, and the same recipe on many",
            size=32,
        )
        self._more = button(theme, "+1", name="tray.more", small=True)
        self._more.hide()
        self._empty = Label(
            theme,
            "Tick series, uploads or references to gather them here for a feed.",
            style="small",
            token="text.muted",
            name="tray.empty",
        )
        self._build()
        self.show_items(())
        theme.changed.connect(self._refresh)

    @property
    def folded(self) -> bool:
        """Whether only the bar is shown."""
        return self._folded

    def set_folded(self, folded: bool) -> None:
        """Fold to the bar, or show the items."""
        self._folded = folded
        self.setFixedHeight(self._theme.px(FOLDED if folded else OPEN))
        empty = not self._model.items
        self._body.setVisible(not folded)
        self._small.setVisible(folded)
        self._clear.setVisible(not folded and not empty)

    def set_pictures(self, picture: PictureOf) -> None:
        """Ask `picture` for each item's picture, None while there is none."""
        self._delegate.picture = picture
        self.view.viewport().update()

    def set_names_hidden(self, hidden: bool) -> None:
        """Show nothing of patients' names, or show them again."""
        self._delegate.hidden = self._model.hidden = hidden
        self.view.viewport().update()

    def set_narrow(self, narrow: bool) -> None:
        """Leave the third line out in a narrow window."""
        self._delegate.lines = 2 if narrow else 3
        self.view.viewport().update()

    def show_items(
        self, items: Sequence[Item], elsewhere: Callable[[Item], str] = _here
    ) -> None:
        """Show what is in the tray.

        Parameters
        ----------
        elsewhere : callable
            Names the server an item is on, "" for the present one.
        """
        self._model.show(tuple(items))
        empty = not items
        self.view.setVisible(not empty)
        self._count_hidden()
        self._empty.setVisible(empty)
        self._clear.setVisible(not empty and not self._folded)
        places = list(dict.fromkeys(map(elsewhere, items)))
        self._head.setText(_summary(items, places))
        words = _create_words(items, places)
        for piece in (self._create, self._small):
            piece.setEnabled(not empty)
            piece.setToolTip(words)
            piece.setAccessibleDescription(words)
        self._show_ways()

    def _build(self) -> None:
        self.view.setObjectName("tray.items")
        self.view.setAccessibleName("Tray")
        self.view.setModel(self._model)
        self.view.setItemDelegate(self._delegate)
        self.view.setFlow(QListView.Flow.LeftToRight)
        self.view.setWrapping(False)
        self.view.setMouseTracking(True)
        self.view.setUniformItemSizes(True)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.view.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # the wheel and "+n" lead to what has no room; a bar would cut the items
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.customContextMenuRequested.connect(self._menu)
        self.view.removed.connect(self.remove_requested)
        self.view.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.view.setDefaultDropAction(Qt.DropAction.CopyAction)
        self.view.setDropIndicatorShown(True)
        self._model.dropped.connect(self.dropped)
        self.setAcceptDrops(True)
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        # the row keeps its height when Clear comes and goes
        head.setSpacing(0)
        head.addSpacerItem(QSpacerItem(0, self._theme.px(24)))
        head.addWidget(self._title)
        head.addSpacing(12)
        head.addWidget(self._head, 1)
        head.addWidget(self._clear)
        head.addWidget(self._small)
        self._body = QWidget()
        row = QHBoxLayout(self._body)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(16)
        row.addWidget(self.view, 1)
        row.addWidget(self._more)
        row.addWidget(self._empty, 1)
        row.addWidget(self._ways())
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 4, 16, 8)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self._body, 1)
        self._create.clicked.connect(self.create_requested)
        self._run.clicked.connect(self.run_last)
        self._others.clicked.connect(self._offer)
        self._small.clicked.connect(self.create_requested)
        self._clear.clicked.connect(self.clear_requested)
        self._more.clicked.connect(self._show_all)
        self.setFixedHeight(self._theme.px(OPEN))
        self._small.hide()

    def _ways(self) -> QWidget:
        """Return what is made of the tray: a feed, or a recipe run on it at once."""
        self._side = QWidget()
        lower = QHBoxLayout()
        lower.setSpacing(4)
        lower.addWidget(self._run, 1)
        lower.addWidget(self._others)
        column = QVBoxLayout(self._side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self._create)
        column.addLayout(lower)
        column.addStretch(1)
        return self._side

    def set_recipes(self, recipes: Sequence[Recipe]) -> None:
        """Offer what was run before, the one used last by itself."""
        self._recipes = tuple(recipes)
        self._show_ways()

    def set_busy(self, busy: bool) -> None:
        """Say that a recipe is being started, and take no second press meanwhile."""
        self._busy = busy
        self._show_ways()

    def run_last(self) -> None:
        """Run the recipe used last on what is in the tray."""
        if not self._model.items or self._busy:
            return
        if self._recipes:
            self.run_requested.emit(self._recipes[0])
        else:
            self.many_requested.emit(None)

    def _show_ways(self) -> None:
        last = self._recipes[0] if self._recipes else None
        words = f"Run {_short(last.title)}" if last is not None else "Run on each …"
        if self._busy:
            words = "Starting …"
        self._run.setText(words)
        tip = "The same recipe on each item of the tray, a feed each"
        if last is not None:
            tip = (
                f"Make a feed of the tray and run {last.title} on it, with the values "
                f"it had last: {last.detail} (Ctrl+Shift+Return)"
            )
        able = bool(self._model.items) and not self._busy
        for piece in (self._run, self._others):
            piece.setEnabled(able)
        self._run.setToolTip(plain_tooltip(tip))
        self._run.setAccessibleDescription(tip)
        self._count_hidden()

    def _offer(self) -> None:
        """Offer the other recipes, and the same one on many."""
        menu = QMenu(self)
        menu.setObjectName("tray.recipes.menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for recipe in self._recipes:
            words = f"Run {recipe.title}  ({recipe.detail})".replace("&", "&&")
            action = menu.addAction(words)
            action.triggered.connect(
                lambda _on=False, recipe=recipe: self.run_requested.emit(recipe)
            )
        if self._recipes:
            menu.addSeparator()
        many = menu.addAction("Same recipe on many …")
        many.triggered.connect(lambda: self.many_requested.emit(None))
        corner = self._others.mapToGlobal(QPoint(0, -menu.sizeHint().height() - 4))
        menu.popup(corner)

    def _menu(self, spot: QPoint) -> None:
        chosen = self.view.highlighted()
        if not chosen:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        action = menu.addAction("Take out of the tray\tT")
        action.triggered.connect(lambda: self.remove_requested.emit(chosen))
        menu.popup(self.view.viewport().mapToGlobal(spot))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take items also where nothing is yet."""
        if event.mimeData().hasFormat(ITEMS):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Put what was dropped at the end."""
        ids = dragged_items(event.mimeData())
        if ids:
            self.dropped.emit(ids, len(self._model.items))
            event.acceptProposedAction()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Count anew what has no room."""
        super().resizeEvent(event)
        self._count_hidden()

    def _count_hidden(self) -> None:
        items = self._model.items
        room = self._body.width() - self._side.sizeHint().width() - 16
        wide = ITEM_WIDTH + 8
        if len(items) * wide > room:
            room -= 64
        hidden = max(0, len(items) - max(1, room // wide))
        self._more.setVisible(hidden > 0)
        if hidden:
            self._more.setText(f"+{hidden}")
            self._more.setAccessibleName(f"{hidden} more in the tray")
            self._more.setToolTip("Show all items of the tray")

    def _show_all(self) -> None:
        menu = QMenu(self)
        menu.setObjectName("tray.all")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for row, item in enumerate(self._model.items):
            action = menu.addAction(item.title.replace("&", "&&"))
            action.triggered.connect(lambda _on=False, row=row: self._reveal(row))
        corner = self._more.mapToGlobal(QPoint(0, -menu.sizeHint().height() - 4))
        menu.popup(corner)

    def _reveal(self, row: int) -> None:
        index = self._model.index(row)
        self.view.setCurrentIndex(index)
        self.view.scrollTo(index)
        self.view.setFocus()

    def _refresh(self) -> None:
        self.set_folded(self._folded)
        self.view.doItemsLayout()
        self._count_hidden()


def _short(title: str) -> str:
    """Return a recipe's title as a button has room for it."""
    return title if len(title) <= 20 else title[:19].rstrip() + "…"


def _summary(items: Sequence[Item], places: Sequence[str]) -> str:
    """Return "4 items · 1 patient · 226 MB · 1 ready, 3 on the way"."""
    if not items:
        return "empty"
    words = [f"{len(items):,} item" + ("s" if len(items) > 1 else "")]
    patients = {(i.patient_id, i.patient_name) for i in items if i.patient_name}
    sources = {item.source for item in items}
    if len(sources) > 1:
        words.append(f"{len(sources)} sources")
    if patients:
        words.append(f"{len(patients)} patient" + "s" * (len(patients) > 1))
    size = sum(item.size or 0 for item in items)
    if size:
        words.append(amount(size))
    ready = sum(1 for item in items if item.state is ItemState.READY)
    if ready < len(items):
        words.append(_states(items, ready))
    if len(places) > 1 or any(places):
        others = [place for place in places if place]
        words.append(f"also on {' and '.join(others)}")
    return " · ".join(words)


def _states(items: Sequence[Item], ready: int) -> str:
    moving = {ItemState.ON_THE_WAY, ItemState.REGISTERING}
    counts = (
        (ready, "ready"),
        (sum(1 for i in items if i.state in moving), "on the way"),
        (sum(1 for i in items if i.state is ItemState.WANTED), "only ticked"),
    )
    lost = len(items) - sum(number for number, _ in counts)
    return ", ".join(
        f"{number:,} {word}"
        for number, word in (*counts, (lost, "not arrived"))
        if number
    )


def _create_words(items: Sequence[Item], places: Sequence[str]) -> str:
    """Return what Create feed will do, for its tooltip."""
    if not items:
        return "The tray is empty: tick something first"
    if any(places):
        return "Make a feed of what is on this server; asks about the rest"
    away = sum(1 for item in items if item.state is not ItemState.READY)
    if away:
        more = "1 more is" if away == 1 else f"{away:,} more are"
        return f"Make a feed: starts when {more} here"
    return "Make a feed of what is in the tray (Ctrl+Return)"
