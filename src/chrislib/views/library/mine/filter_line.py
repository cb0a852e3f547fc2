"""The line below the toolbar: what is shown, and how many are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from chrislib.library.mine import model
from chrislib.library.mine.model import Facets, Filters, Flag, Level
from chrislib.views.library.mine.filters import (
    FLAGS,
    FilterChip,
    LabelFilter,
    StarFilter,
)
from chrislib.views.library.mine.words import unit
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.text import ElidedLabel, Label

_KEYWORDS_IN_MENU = 40
_Value = TypeVar("_Value", Flag, str)


class FilterLine(QWidget):
    """Chips for modality, flag and keyword, stars, labels; counts at the right.

    Signals
    -------
    changed
        Another filter is wanted: `wanted`.
    """

    changed = Signal()
    place_left = Signal()
    """The cross of the chip that names a part of the place was pressed."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._wanted = Filters()
        self._facets = Facets()
        self.setObjectName("mine.filters")
        self._show = Label(theme, "Show", style="small", token="text.muted")
        self._place = FilterChip(theme, "Place", name="mine.filter.place")
        self._place.hide()
        self._modality = FilterChip(theme, "Modality", name="mine.filter.modality")
        self._flag = FilterChip(theme, "Flag", name="mine.filter.flag")
        self._keyword = FilterChip(theme, "Keyword", name="mine.filter.keyword")
        self._stars = StarFilter(theme)
        self._labels = LabelFilter(theme)
        self._clear = button(
            theme, "Clear", kind="quiet", name="mine.filter.clear", small=True
        )
        self._clear.setToolTip("Show everything of this place")
        self._counts = ElidedLabel(
            theme, style="small", token="text.secondary", name="mine.counts"
        )
        self._counts.setAlignment(Qt.AlignmentFlag.AlignRight)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 4, 16, 4)
        row.setSpacing(8)
        row.addWidget(self._show)
        for piece in (
            self._place,
            self._modality,
            self._flag,
            self._keyword,
            self._stars,
            self._labels,
            self._clear,
        ):
            row.addWidget(piece)
        row.addWidget(self._counts, 1)
        theme.changed.connect(self._resize)
        self._resize()
        self._place.clicked.connect(self.place_left)
        self._place.cleared.connect(self.place_left)
        self._modality.clicked.connect(self._choose_modality)
        self._modality.cleared.connect(lambda: self._want(modalities=frozenset()))
        self._flag.clicked.connect(self._choose_flag)
        self._flag.cleared.connect(lambda: self._want(flags=frozenset()))
        self._keyword.clicked.connect(self._choose_keyword)
        self._keyword.cleared.connect(lambda: self._want(keywords=frozenset()))
        self._stars.changed.connect(lambda stars: self._want(stars=stars))
        self._labels.changed.connect(
            lambda found: self._want(
                labels=frozenset(model.Label(one) for one in found)
            )
        )
        self._clear.clicked.connect(self.clear)
        self._dress()

    @property
    def wanted(self) -> Filters:
        """What is asked for."""
        return self._wanted

    def show_filter(self, wanted: Filters) -> None:
        """Show another filter without telling of it."""
        self._wanted = wanted
        self._dress()

    def clear(self) -> None:
        """Let everything through."""
        if self._wanted != Filters():
            self._wanted = Filters()
            self._dress()
            self.changed.emit()

    def show_place(self, words: str) -> None:
        """Say which part of a place is shown; "" for all of it."""
        self._place.show_value(words)
        self._place.setVisible(bool(words))

    def show_facets(self, facets: Facets) -> None:
        """Take over what the place holds: the choices of the menus."""
        self._facets = facets
        self._labels.show_counts({int(one): n for one, n in facets.labels.items()})

    def show_counts(self, words: str) -> None:
        """Show how many are shown, highlighted and ticked."""
        self._counts.setText(words)
        self._counts.setAccessibleName(words)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the word "Show" out where there is little room."""
        super().resizeEvent(event)
        self._show.setVisible(event.size().width() > self._theme.px(820))

    def _resize(self) -> None:
        self.setFixedHeight(self._theme.px(36))

    def _want(self, **changes: object) -> None:
        wanted = replace(self._wanted, **changes)  # type: ignore[arg-type]
        if wanted != self._wanted:
            self._wanted = wanted
            self._dress()
            self.changed.emit()

    def _dress(self) -> None:
        wanted = self._wanted
        self._modality.show_value(", ".join(sorted(wanted.modalities)))
        self._flag.show_value(
            " or ".join(FLAGS[flag] for flag in FLAGS if flag in wanted.flags)
        )
        self._keyword.show_value(" or ".join(sorted(wanted.keywords)))
        self._stars.show_stars(wanted.stars)
        self._labels.show_labels(frozenset(int(one) for one in wanted.labels))
        self._clear.setVisible(wanted != Filters())

    def _choose_modality(self) -> None:
        counts = self._facets.modalities
        chosen = self._wanted.modalities
        values = sorted(
            set(counts) | chosen, key=lambda one: (-counts.get(one, 0), one)
        )
        self._menu(
            self._modality,
            [(one or "No modality", one) for one in values],
            chosen=chosen,
            counts=counts,
            take=lambda found: self._want(modalities=found),
        )

    def _choose_flag(self) -> None:
        self._menu(
            self._flag,
            [(word, flag) for flag, word in FLAGS.items()],
            chosen=self._wanted.flags,
            counts=self._facets.flags,
            take=lambda found: self._want(flags=found),
        )

    def _choose_keyword(self) -> None:
        counts = self._facets.keywords
        chosen = self._wanted.keywords
        often = sorted(counts, key=lambda one: (-counts[one], one.casefold()))
        values = [*dict.fromkeys([*sorted(chosen), *often[:_KEYWORDS_IN_MENU]])]
        self._menu(
            self._keyword,
            [(one, one) for one in values],
            chosen=chosen,
            counts=counts,
            take=lambda found: self._want(keywords=found),
        )

    def _menu(
        self,
        chip: FilterChip,
        values: Sequence[tuple[str, _Value]],
        *,
        chosen: frozenset[_Value],
        counts: Mapping[_Value, int],
        take: Callable[[frozenset[_Value]], None],
    ) -> None:
        """Open a menu of boxes; a tick counts at once."""

        def pick(value: _Value, on: bool) -> None:
            take(chosen | {value} if on else chosen - {value})

        def answer(action: QAction, value: _Value) -> None:
            action.triggered.connect(lambda on: pick(value, on))

        menu = QMenu(self)
        menu.setObjectName(f"{chip.objectName()}.menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if not values:
            menu.addAction("Nothing here has one").setEnabled(False)
        for words, value in values:
            number = counts.get(value, 0)
            action = menu.addAction(f"{words.replace('&', '&&')}\t{number:,}")
            action.setCheckable(True)
            action.setChecked(value in chosen)
            answer(action, value)
        menu.popup(chip.mapToGlobal(QPoint(0, chip.height() + 2)))


def counts_words(
    level: Level, *, shown: int, of: int, highlighted: int, ticked: int
) -> str:
    """Return "12 of 4,812 series · 1 highlighted · 4 ticked".

    Parameters
    ----------
    shown, of : int
        How many there are, with and without filter and search.
    """
    words = unit(level, max(shown, of))
    parts = [words if shown >= of else f"{shown:,} of {words}"]
    if highlighted:
        parts.append(f"{highlighted:,} highlighted")
    if ticked:
        parts.append(f"{ticked:,} ticked")
    return " · ".join(parts)
