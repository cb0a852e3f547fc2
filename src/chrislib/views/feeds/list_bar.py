"""The line above the list of feeds: its order, and what is left out."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QActionGroup, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from chrislib.feeds.arranging import DATES, KINDS, MINE, ORDERS, Arranging
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button, icon_button
from chrislib.views.widgets.text import ElidedLabel

_NARROW = 220
_NAMES = 30
"""More names than these make no menu; words find them."""
_COUNTED = (
    "A server's list counts the nodes of shared feeds more than once; rows in sight "
    "are counted anew."
)
_TAGS = {"known": "", "asked": " so far", "failed": " without tags"}


class ListBar(QWidget):
    """Order at the left, filters at the right, and how many feeds are shown."""

    wished = Signal(str, object)
    """A wish by the names of `Arranging`, and its value; "days" is one of DATES."""
    between_wanted = Signal()
    files_wanted = Signal()
    all_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._now = Arranging()
        self._tags: Sequence[str] = ()
        self._owners: Callable[[], Sequence[str]] = tuple
        self._days = ""
        self._words = False
        self._order = button(
            theme,
            "Newest first",
            kind="quiet",
            icon="arrow-up-down",
            name="feeds.order",
            tooltip="In which order feeds stand",
            small=True,
        )
        self._order.clicked.connect(lambda: self._pop(self._order, self.order_menu))
        self._count = ElidedLabel(
            theme, style="caption", token="text.muted", name="feeds.list.count"
        )
        self._filter = icon_button(
            theme,
            "sliders-horizontal",
            name="feeds.filter",
            tooltip="Which feeds are shown",
        )
        self._filter.clicked.connect(lambda: self._pop(self._filter, self.filter_menu))
        self._clear = icon_button(
            theme, "x", name="feeds.filter.clear", tooltip="Show all feeds"
        )
        self._clear.clicked.connect(self.all_wanted)
        self._clear.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 2, 8, 2)
        row.setSpacing(2)
        row.addWidget(self._order)
        row.addWidget(self._count, 1)
        row.addWidget(self._clear)
        row.addWidget(self._filter)

    def show_state(
        self, now: Arranging, *, shown: int, total: int, days: str, tags: str
    ) -> None:
        """Show order and filters, and how many feeds that leaves.

        Parameters
        ----------
        tags : str
            Whether tags were read for the words: "known", "asked" or "failed".
        """
        self._now, self._days = now, days
        self._say_order()
        words = f"{shown:,} of {total:,}{_TAGS[tags]}"
        self._count.setText(words if now.narrows else "")
        self._clear.setVisible(now.filters)
        token = "accent.glyph" if now.filters else "text.secondary"
        self._filter.set_icon("sliders-horizontal", token)
        words = "Which feeds are shown"
        parts = self._filters()
        tip = f"{words}: {', '.join(parts)}" if parts else words
        self._filter.setToolTip(tip)
        self._filter.setAccessibleName(tip)

    def offer_tags(self, tags: Sequence[str]) -> None:
        """Offer feeds with one of these tags."""
        self._tags = tags

    def offer_owners(self, owners: Callable[[], Sequence[str]]) -> None:
        """Ask for the people whose feeds there are when the menu opens."""
        self._owners = owners

    def offer_files(self, words: bool) -> None:
        """Say whether there are words that names of files could hold."""
        self._words = words

    def order_menu(self) -> QMenu:
        """Return in which order feeds can stand."""
        menu = self._menu("feeds.order.menu")
        self._choice(menu, "order", ORDERS, self._now.order)
        return menu

    def filter_menu(self) -> QMenu:
        """Return which feeds can be left out."""
        menu = self._menu("feeds.filter.menu")
        self._choice(menu, "kind", KINDS, self._now.kind)
        menu.addSeparator()
        self._choice(menu, "marked", MINE, self._now.marked)
        menu.addSeparator()
        self._choice(menu, "days", DATES, self._days)
        between = menu.addAction("Between two days …")
        between.setCheckable(True)
        between.setChecked(self._days == "between")
        between.triggered.connect(lambda _on=False: self.between_wanted.emit())
        menu.addSeparator()
        self._names(menu, "owner", self._now.owner, self._owners())
        self._names(menu, "tag", self._now.tag, self._tags)
        files = menu.addAction("Search file names")
        files.setEnabled(self._words)
        files.triggered.connect(lambda _on=False: self.files_wanted.emit())
        return menu

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave only the glyph of the order where there is no room for its words."""
        super().resizeEvent(event)
        self._say_order()

    # Inside.

    def _say_order(self) -> None:
        words = dict(ORDERS)[self._now.order]
        self._order.setText(words if self.width() >= _NARROW else "")
        self._order.setAccessibleName(words)
        tip = f"In which order feeds stand: {words.lower()}"
        self._order.setToolTip(f"{tip}. {_COUNTED}" if self._now.counts else tip)

    def _names(self, menu: QMenu, wish: str, chosen: str, names: Sequence[str]) -> None:
        """Add a menu of names, one of which may be chosen."""
        below = menu.addMenu(wish.capitalize())
        below.setObjectName(f"feeds.filter.{wish}")
        below.setAccessibleName(wish.capitalize())
        rows = [("", f"Any {wish}"), *((name, name) for name in names[:_NAMES])]
        # the one that is chosen is always there
        if chosen and chosen not in dict(rows):
            rows.append((chosen, chosen))
        self._choice(below, wish, rows, chosen)

    def _filters(self) -> list[str]:
        now = self._now
        parts = [] if now.kind == "all" else [dict(KINDS)[now.kind].lower()]
        parts += [dict(MINE)[now.marked].lower()] if now.marked else []
        if now.since or now.until:
            parts.append(
                dict(DATES)[self._days].lower()
                if self._days in dict(DATES)
                else f"{now.since or '…'} to {now.until or '…'}"
            )
        parts += [f"of {now.owner}"] if now.owner else []
        parts += [f"tag {now.tag}"] if now.tag else []
        parts += ["names of files"] if now.only is not None else []
        return parts

    def _choice(
        self, menu: QMenu, wish: str, rows: Sequence[tuple[str, str]], chosen: str
    ) -> None:
        group = QActionGroup(menu)
        for key, word in rows:
            action = menu.addAction(word.replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(key == chosen)
            group.addAction(action)
            action.triggered.connect(
                lambda _on=False, key=key: self.wished.emit(wish, key)
            )

    def _menu(self, name: str) -> QMenu:
        menu = QMenu(self)
        menu.setObjectName(name)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return menu

    def _pop(self, place: QWidget, make: Callable[[], QMenu]) -> None:
        make().popup(place.mapToGlobal(place.rect().bottomLeft()))
