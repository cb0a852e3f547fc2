"""The first step of a new feed: what was run before, another plugin, or nothing."""

from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QItemSelectionModel,
    QModelIndex,
    QRect,
    QRectF,
    Qt,
    Signal,
)
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import (
    QListView,
    QStyle,
    QStyleOptionViewItem,
    QWidget,
)

from chrislib.feeds.recipes import Recipe
from chrislib.library.dates import show_day, show_time
from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.delegates import SizedDelegate, draw_two_lines, two_lines
from chrislib.views.widgets.paint import draw_row, draw_text

RECIPE_ROLE = Qt.ItemDataRole.UserRole + 1
ROW = 48
_MOST_SHOWN = 6
NOTHING = Recipe(
    key="", title="None for now", detail="only the data; add nodes later", steps=()
)


def used_words(recipe: Recipe, now: float) -> str:
    """Return "used 6 times, yesterday"; "" where it never was."""
    if not recipe.uses:
        return ""
    day = show_day(recipe.last_at, now=now)
    when = show_time(recipe.last_at) if day == "Today" else day
    times = "once" if recipe.uses == 1 else f"{recipe.uses:,} times"
    return f"used {times}, {when.lower() if when == 'Yesterday' else when}"


def usual_words(recipe: Recipe) -> str:
    """Return "usually 38 to 52 min"; "" where too little is known."""
    if recipe.usual is None:
        return ""
    low, high = (max(1, round(seconds / 60)) for seconds in recipe.usual)
    if high < 2:
        return "usually under 2 min"
    if high >= 180:
        first, last = max(1, round(low / 60)), round(high / 60)
        return f"usually {first} to {last} h" if first < last else f"usually {last} h"
    return f"usually {low} to {high} min" if low < high else f"usually {high} min"


class RecipeModel(QAbstractListModel):
    """Recipes, and nothing at the end."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Recipe] = [NOTHING]
        self.now = 0.0

    @property
    def rows(self) -> Sequence[Recipe]:
        """What is offered, "None for now" last."""
        return self._rows

    def set_recipes(self, recipes: Sequence[Recipe]) -> None:
        """Offer other recipes."""
        self.beginResetModel()
        self._rows = [*recipes, NOTHING]
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return how many choices there are."""
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a choice's words, or the recipe itself."""
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        recipe = self._rows[index.row()]
        if role == RECIPE_ROLE:
            return recipe
        if role == Qt.ItemDataRole.DisplayRole:
            return recipe.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            parts = (recipe.title, recipe.detail, used_words(recipe, self.now))
            return ", ".join(part for part in (*parts, usual_words(recipe)) if part)
        return None


class _Delegate(SizedDelegate):
    """A circle, two lines, and at the right how often and how long."""

    wide, high = 240, ROW

    def __init__(self, theme: Theme, model: RecipeModel, parent: QWidget) -> None:
        super().__init__(theme, parent)
        self._model = model

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        recipe = index.data(RECIPE_ROLE)
        if not isinstance(recipe, Recipe):
            return
        theme, rect = self.theme, option.rect
        draw_row(painter, option, theme)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        disc = QRectF(rect.left() + 12.5, rect.center().y() - 7.5, 15, 15)
        painter.setPen(QPen(theme.color("border.control"), 1))
        if chosen:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent.fill"))
        painter.drawEllipse(disc)
        if chosen:
            painter.setBrush(theme.color("text.on-accent"))
            painter.drawEllipse(disc.adjusted(5, 5, -5, -5))
        painter.restore()
        notes = (used_words(recipe, self._model.now), usual_words(recipe))
        wide = max((theme.width("caption", note) for note in notes if note), default=0)
        left = rect.left() + 40
        high = rect.height()
        inner = QRect(left, rect.top(), rect.right() - left - wide - 24, high)
        draw_two_lines(painter, inner, theme, title=recipe.title, below=recipe.detail)
        beside = QRect(rect.right() - wide - 12, rect.top(), wide + 2, high)
        for line, note in zip(two_lines(beside, theme), notes, strict=True):
            draw_text(
                painter,
                line,
                theme,
                text=note,
                style="caption",
                token="text.secondary",
                align=Qt.AlignmentFlag.AlignRight,
            )


class FirstStepList(QListView):
    """One of the recipes, or none; the highlighted row is the choice."""

    changed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.choices = RecipeModel()
        self._own: Recipe | None = None
        self._known: tuple[Recipe, ...] = ()
        self.offers_first = False
        """Whether the recipe used last is chosen as soon as it is known."""
        self.setObjectName("create.first")
        self.setAccessibleName("First step")
        self.setModel(self.choices)
        self.setItemDelegate(_Delegate(theme, self.choices, self))
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setProperty("boxed", True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.selectionModel().currentChanged.connect(lambda *_: self.changed.emit())
        theme.changed.connect(self._fit)
        self._show("")

    @property
    def chosen(self) -> Recipe | None:
        """What is to be run; None for nothing."""
        recipe = self.currentIndex().data(RECIPE_ROLE)
        return recipe if isinstance(recipe, Recipe) and recipe.steps else None

    def set_recipes(self, recipes: Sequence[Recipe], now: float) -> None:
        """Offer what was run before; what is chosen stays so."""
        self.choices.now = now
        self._known = tuple(recipes)
        key = self.chosen.key if self.chosen is not None else ""
        if self.offers_first and not key and recipes:
            self.offers_first = False
            key = recipes[0].key
        self._show(key)

    def take(self, recipe: Recipe) -> None:
        """Offer a recipe that was put together just now, and choose it."""
        self._own = recipe
        self._show(recipe.key)

    def _show(self, key: str) -> None:
        own = [self._own] if self._own is not None else []
        known = [one for one in self._known if not own or one.key != own[0].key]
        self.choices.set_recipes([*own, *known])
        rows = self.choices.rows
        at = next((n for n, row in enumerate(rows) if row.key == key), len(rows) - 1)
        self.selectionModel().setCurrentIndex(
            self.choices.index(at), QItemSelectionModel.SelectionFlag.ClearAndSelect
        )
        self._fit()

    def _fit(self) -> None:
        shown = min(_MOST_SHOWN, len(self.choices.rows))
        self.setFixedHeight(shown * self._theme.px(ROW) + 2)
        self.viewport().update()
