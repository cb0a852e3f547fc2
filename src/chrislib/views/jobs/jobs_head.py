"""The head of the job list: kinds, filter, states with counts, what many can do."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from chrislib.views.jobs.arrange import BY_BATCH, BY_FEED, NO_GROUPS, Wanted
from chrislib.views.jobs.bulk import Offer
from chrislib.views.jobs.words import STATE_WORDS
from chrislib.views.theme.theme import Theme
from chrislib.views.theme.tokens import STATES
from chrislib.views.widgets.buttons import Field, Segments, button, icon_button
from chrislib.views.widgets.chips import Chips
from chrislib.views.widgets.text import Label, line

_KINDS = (
    ("all", "All"),
    ("pull", "Pulls"),
    ("upload", "Uploads"),
    ("run", "Runs"),
    ("download", "Downloads"),
)
_GROUPINGS = (
    (NO_GROUPS, "No groups", "list"),
    (BY_FEED, "By feed", "workflow"),
    (BY_BATCH, "By batch", "layers"),
)
_NARROW = 900
_GROUPS_WIDE, _GROUPS_NARROW = 320, 130
_MANY = ("get", "retry", "cancel", "discard", "untrack", "compare")


class JobsHead(QWidget):
    """Two lines over the list; the second one gives way to what many jobs offer."""

    wanted_changed = Signal()
    track_asked = Signal()
    health_asked = Signal()
    left = Signal()
    """The filter was left for the list."""
    many_asked = Signal(str)
    """A verb for all highlighted jobs."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setObjectName("jobs.head")
        self._glyph = QLabel()
        self._checked = Label(theme, style="small", name="jobs.checked")
        self._look = ("", "")
        self.kinds = Segments(
            theme, [(key, word, "") for key, word in _KINDS], name="jobs.kinds"
        )
        self.filter = Field(
            theme,
            "Filter jobs",
            name="jobs.filter",
            icon="search",
            small=True,
            label="Filter jobs by title, plugin, feed or state",
        )
        self.filter.setToolTip("Words of title, plugin, feed number or state (Ctrl+F)")
        self.filter.setClearButtonEnabled(True)
        self.filter.installEventFilter(self)
        self._menu_button = icon_button(
            theme, "ellipsis", name="jobs.more", tooltip="More"
        )
        self._menu_button.clicked.connect(self._open_menu)
        self.states = Chips(
            theme,
            [
                (key, word, STATES[key].glyph, f"state.{key}")
                for key, word in STATE_WORDS.items()
            ],
            name="jobs.states",
        )
        self.groups = Segments(theme, list(_GROUPINGS), name="jobs.groups")
        self._second = QStackedWidget()
        self._second.setFixedHeight(theme.px(36))
        self._selected = Label(theme, style="small-strong", name="jobs.selected")
        self._buttons = {
            name: button(theme, name, name=f"jobs.many.{name}", small=True)
            for name in _MANY
        }
        self._untracked = False
        self.batch = ""
        """Key of the batch that is looked into, "" for none."""
        self._build()
        self.kinds.chosen.connect(lambda _key: self.wanted_changed.emit())
        self.groups.chosen.connect(lambda _key: self.wanted_changed.emit())
        self.states.changed.connect(self.wanted_changed)
        self.filter.textChanged.connect(lambda _text: self.wanted_changed.emit())
        for name, made in self._buttons.items():
            made.clicked.connect(
                lambda _on=False, name=name: self.many_asked.emit(name)
            )
        theme.changed.connect(self._dress)

    # -- what is wanted ------------------------------------------------------

    def wanted(self) -> Wanted:
        """Return what the person has chosen to see."""
        by = self.groups.current
        return Wanted(
            self.kinds.current,
            tuple(self.filter.text().casefold().split()),
            self.states.chosen,
            # one head over everything says nothing
            NO_GROUPS if self.batch and by == BY_BATCH else by,
            self._untracked,
            self.batch,
        )

    def clear(self) -> None:
        """Leave nothing out."""
        self.kinds.choose("all")
        self.states.clear()
        self.filter.clear()

    def choose_group(self, by: str) -> None:
        """Group by "none", "feed" or "batch" from now on."""
        if by in {key for key, _, _ in _GROUPINGS}:
            self.groups.choose(by)

    # -- what is told --------------------------------------------------------

    def show_checked(self, icon: str, token: str, words: str) -> None:
        """Say how good the last look was."""
        if words == self._checked.text() and self._look == (icon, token):
            return
        self._look = (icon, token)
        self._checked.setText(words)
        self._dress()

    def show_counts(self, total: int, states: Mapping[str, int]) -> None:
        """Show how many jobs there are, and of which states."""
        self.kinds.set_label("all", f"All   {total:,}" if total else "All")
        self.states.show_counts(dict(states))
        self._fit()

    def show_selected(self, count: int, offers: Sequence[Offer]) -> None:
        """Offer what many highlighted jobs can do; under two, show the states."""
        if count < 2:
            self._second.setCurrentIndex(0)
            return
        self._selected.setText(f"{count:,} highlighted")
        words = {offer.name: offer.words for offer in offers}
        for name, made in self._buttons.items():
            made.setVisible(name in words)
            if name in words:
                made.setText(words[name])
        self._second.setCurrentIndex(1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give up words where there is no room for them."""
        super().resizeEvent(event)
        self.filter.setFixedWidth(140 if self.width() < _NARROW else 200)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Leave the filter downwards."""
        if (
            watched is self.filter
            and isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter)
        ):
            self.left.emit()
            return True
        return super().eventFilter(watched, event)

    def _fit(self) -> None:
        """Leave out first the words of the groupings, then those of the states."""
        room = self.width() - 24 - 16 - 24
        chips = self.states.full_width
        wordy = chips + _GROUPS_WIDE <= room
        self.states.set_compact(chips + _GROUPS_NARROW > room)
        for key, word, _icon in _GROUPINGS:
            piece = self.groups.findChild(QWidget, f"jobs.groups.{key}")
            if isinstance(piece, QWidget):
                self.groups.set_label(key, word if wordy else "")
                piece.setToolTip("" if wordy else word)
                piece.setAccessibleName(word)

    # -- inside --------------------------------------------------------------

    def _build(self) -> None:
        theme = self._theme
        first = QHBoxLayout()
        first.setContentsMargins(24, 0, 12, 0)
        first.setSpacing(8)
        first.addWidget(Label(theme, "Jobs", style="page", name="jobs.title"))
        first.addSpacing(4)
        first.addWidget(self._glyph)
        first.addWidget(self._checked)
        first.addStretch(1)
        first.addWidget(self.kinds)
        first.addSpacing(4)
        first.addWidget(self.filter)
        first.addWidget(self._menu_button)
        bar = QWidget()
        bar.setFixedHeight(theme.px(55))
        bar.setLayout(first)
        facets = QWidget()
        row = QHBoxLayout(facets)
        row.setContentsMargins(24, 0, 16, 0)
        row.setSpacing(8)
        row.addWidget(self.states)
        row.addStretch(1)
        row.addWidget(self.groups)
        many = QWidget()
        many.setObjectName("jobs.many")
        row = QHBoxLayout(many)
        row.setContentsMargins(24, 0, 16, 0)
        row.setSpacing(8)
        row.addWidget(self._selected)
        row.addSpacing(8)
        for made in self._buttons.values():
            row.addWidget(made)
        row.addStretch(1)
        for page in (facets, many):
            # words give way; the list decides how wide all this is
            page.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._second.addWidget(facets)
        self._second.addWidget(many)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(bar)
        whole.addWidget(self._second)
        whole.addWidget(line())

    def _open_menu(self) -> None:
        menu = QMenu(self)
        menu.setObjectName("jobs.more.menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Track a run by address …").triggered.connect(self.track_asked)
        shadow = menu.addAction("Show what is not tracked")
        shadow.setCheckable(True)
        shadow.setChecked(self._untracked)
        shadow.toggled.connect(self._show_untracked)
        menu.addSeparator()
        menu.addAction("Accounts and health …").triggered.connect(self.health_asked)
        at = QPoint(0, self._menu_button.height() + 2)
        menu.popup(self._menu_button.mapToGlobal(at))

    def _show_untracked(self, on: bool) -> None:
        self._untracked = on
        self.wanted_changed.emit()

    def _dress(self) -> None:
        self._second.setFixedHeight(self._theme.px(36))
        icon, token = self._look
        if icon:
            self._checked.set_token(token)
            ratio = self.devicePixelRatioF()
            self._glyph.setPixmap(self._theme.pixmap(icon, token, size=14, dpr=ratio))
